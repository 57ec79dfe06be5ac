"""Requests and validations over HTTP beside pgbench and nginx, in turn; medians and ratios.

    peers.py TURNO SCRATCH ROUNDS

One ledger, 8,000 owners and 16 officers; every request and every validation is an event that is synced
before its answer. wrk runs one thread with 64 connections for all; pgbench 64 clients, on a Unix socket and,
as a second figure, over TCP as wrk's connections are. nginx answers the very texts that the validations
send, and, as a second figure, wrk's own bare GET; and both once more with two threads of wrk, its default,
of which there is one a core: with one thread what nginx is measured at is what that thread can ask.
"""
import contextlib
import http.client
import json
import os
import pwd
import re
import shutil
import signal
import statistics
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

turno, scratch, rounds = sys.argv[1], sys.argv[2], int(sys.argv[3])
SECONDS = 8
PORT, NGINX_PORT, POSTGRES_PORT = 18091, 18092, 18093
OWNERS = 8000
here = os.path.dirname(os.path.abspath(__file__))
# Ends what was started, as a failure does.
signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))


def run(*command, **options):
    return subprocess.run(command, check=True, capture_output=True, text=True, **options).stdout


def wait_for(process, port, path):
    for _ in range(500):
        if process.poll() is not None:
            sys.exit(f"what should answer on port {port} ended with {process.returncode}")
        try:
            client = http.client.HTTPConnection("127.0.0.1", port, timeout=1)
            client.request("GET", path)
            client.getresponse().read()
            return
        except OSError:
            time.sleep(0.02)
    sys.exit(f"nothing answers on port {port}")


@contextlib.contextmanager
def running(command, port, path):
    """A server that answers; it goes when the block ends, however that ends."""
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    try:
        wait_for(process, port, path)
        yield
    finally:
        process.terminate()
        process.wait()


def register(part):
    client = http.client.HTTPConnection("127.0.0.1", PORT)
    rows = []
    for i in range(part, OWNERS, 8):
        body = {"members": [{"given_names": f"Prueba {i}", "family_names": f"Inventada {i}",
                             "date_of_birth": "1990-02-03", "nationality": "VEN"}],
                "destination": f"Calle Ficticia {i}"}
        client.request("POST", "/v1/registrations", json.dumps(body),
                       {"Content-Type": "application/json", "Idempotency-Key": os.urandom(16).hex()})
        answer = json.loads(client.getresponse().read())
        rows.append(f"{answer['registration']} {answer['token']}\n")
    return rows


@contextlib.contextmanager
def running_turno():
    ledger = os.path.join(scratch, "http")
    run(turno, "simulate", ledger, "--days", "1", "--scale", "0.001", "--no-throttle")
    with running([turno, "serve", ledger, "--listen", f"127.0.0.1:{PORT}"], PORT, "/readyz"):
        fill(ledger)
        yield


def fill(ledger):
    """Owners, officers and a pair to be validated, in files for wrk."""
    run(turno, "simulate", ledger, "--advance", "12")  # a window is open
    with ThreadPoolExecutor(8) as pool, open(os.path.join(scratch, "owners"), "w") as file:
        for rows in pool.map(register, range(8)):
            file.writelines(rows)
    with open(os.path.join(scratch, "officers"), "w") as file:
        for i in range(16):
            token = run(turno, "officer", ledger, "add", f"officer{i}@example.org")
            file.write(token.strip().split("\n")[-1] + "\n")
    sample = json.load(open(os.path.join(ledger, "simulated.json")))["appointment"]
    with open(os.path.join(scratch, "pairs"), "w") as file:
        file.write(f"{sample['confirmation_number']} {sample['date_of_birth']}\n")


def running_nginx():
    conf = os.path.join(scratch, "nginx.conf")
    with open(conf, "w") as file:
        file.write(f"""
worker_processes 1; daemon off; pid {scratch}/nginx.pid; error_log {scratch}/nginx.log;
events {{ worker_connections 256; }}
http {{ access_log off; keepalive_requests 1000000000; server {{ listen 127.0.0.1:{NGINX_PORT};
        location / {{ return 200 "ok"; }} }} }}
""")
    return running(["nginx", "-c", conf, "-p", scratch], NGINX_PORT, "/")


class Postgres:
    """A cluster of its own in the scratch folder, as the user postgres, on a Unix socket and loopback."""

    def __init__(self):
        self.data = os.path.join(scratch, "postgres")
        self.bin = os.path.join("/usr/lib/postgresql", os.listdir("/usr/lib/postgresql")[0], "bin")
        user = pwd.getpwnam("postgres")
        os.makedirs(self.data)
        os.chmod(scratch, 0o755)
        os.chown(self.data, user.pw_uid, user.pw_gid)
        self.user = user
        self.run("initdb", "-D", self.data, "-A", "trust")
        with open(os.path.join(self.data, "postgresql.conf"), "a") as file:
            file.write(f"listen_addresses = '127.0.0.1'\nport = {POSTGRES_PORT}\n"
                       "fsync = on\nsynchronous_commit = on\n"
                       f"unix_socket_directories = '{self.data}'\nmax_connections = 100\n"
                       "shared_buffers = 256MB\nmax_wal_size = 4GB\n")
        self.script = os.path.join(self.data, "request.sql")

    def __enter__(self):
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_):
        self.stop()

    def start(self):
        self.run("pg_ctl", "-D", self.data, "-w", "-l", os.path.join(self.data, "log"), "start")
        schema = ("create table event (id bigserial primary key, registration int not null, "
                  "body bytea not null, at timestamptz not null default now());"
                  "create table state (registration int primary key, day int, ports int);"
                  "insert into state select n, 0, 0 from generate_series(1, 8000) n;")
        self.run("psql", "-h", self.data, "-d", "postgres", "-q", "-c", schema)
        with open(self.script, "w") as file:
            file.write("\\set r random(1, 8000)\n\\set p random(1, 9)\nbegin;\n"
                       "insert into event (registration, body) values (:r, "
                       "decode(repeat('ab', 98), 'hex'));\n"
                       "update state set day = 1, ports = :p where registration = :r;\ncommit;\n")
        os.chown(self.script, self.user.pw_uid, self.user.pw_gid)

    def run(self, name, *arguments):
        return subprocess.run([os.path.join(self.bin, name), *arguments], check=True,
                              capture_output=True, text=True, cwd=self.data,
                              user=self.user.pw_uid, group=self.user.pw_gid,
                              env={"PATH": os.environ["PATH"], "LANG": "C",
                                   "PGPORT": str(POSTGRES_PORT)}).stdout

    def measure(self, host):
        out = self.run("pgbench", "-h", host, "-n", "-c", "64", "-j", "2", "-M", "prepared",
                       "-T", str(SECONDS), "-f", self.script, "postgres")
        # What it wrote goes to the disk now, not while the next one is measured.
        self.run("psql", "-h", self.data, "-d", "postgres", "-q", "-c", "checkpoint")
        os.sync()
        return float(re.search(r"tps = ([0-9.]+)", out).group(1))

    def stop(self):
        if os.path.exists(os.path.join(self.data, "postmaster.pid")):
            self.run("pg_ctl", "-D", self.data, "-m", "fast", "stop")


runs = 0


def wrk(port, script, threads=1):
    global runs
    command = ["wrk", f"-t{threads}", "-c64", f"-d{SECONDS}", "--latency"]
    if script:
        command += ["-s", os.path.join(here, script)]
    out = run(*command, f"http://127.0.0.1:{port}/",
              env={**os.environ, "SCRATCH": scratch, "RUN": str(runs)})
    runs += 1 if script == "requests.lua" else 0
    if "Non-2xx" in out:
        sys.exit(f"{script}: answers other than 2xx: the figure means nothing\n{out}")
    rate = float(re.search(r"Requests/sec:\s+([0-9.]+)", out).group(1))
    p99 = re.search(r"99%\s+([0-9.]+(?:us|ms|s))", out).group(1)
    return rate, p99


def main():
    figures = {"requests": [], "pgbench": [], "pgbench, TCP": [], "validations": [], "nginx": [],
               "nginx, GET": [], "validations, -t2": [], "nginx, -t2": []}
    p99 = {"requests": [], "validations": []}
    with running_turno(), running_nginx(), Postgres() as postgres:
        for _ in range(rounds):
            for name, script in (("requests", "requests.lua"), ("validations", "validations.lua")):
                rate, slow = wrk(PORT, script)
                figures[name].append(rate)
                p99[name].append(slow)
                if name == "requests":
                    figures["pgbench"].append(postgres.measure(postgres.data))
                    figures["pgbench, TCP"].append(postgres.measure("127.0.0.1"))
                else:
                    figures["nginx"].append(wrk(NGINX_PORT, script)[0])
                    figures["nginx, GET"].append(wrk(NGINX_PORT, None)[0])
                    figures["validations, -t2"].append(wrk(PORT, script, 2)[0])
                    figures["nginx, -t2"].append(wrk(NGINX_PORT, script, 2)[0])
    shutil.rmtree(os.path.join(scratch, "postgres"), ignore_errors=True)
    middle = {name: statistics.median(values) for name, values in figures.items()}

    def ratio(a, b):
        return statistics.median(x / y for x, y in zip(figures[a], figures[b]))

    for name, values in figures.items():
        print(f"{name}: {', '.join(f'{value:.0f}' for value in values)}")
    print(f"requests over HTTP:    {middle['requests']:8.0f}/s (p99 {', '.join(p99['requests'])}), "
          f"pgbench {middle['pgbench']:8.0f}/s: {ratio('requests', 'pgbench'):.2f} x (at least 5.0); "
          f"pgbench over TCP {middle['pgbench, TCP']:8.0f}/s: "
          f"{ratio('requests', 'pgbench, TCP'):.2f} x")
    print(f"validations over HTTP: {middle['validations']:8.0f}/s (p99 "
          f"{', '.join(p99['validations'])}), nginx {middle['nginx']:8.0f}/s: "
          f"{ratio('validations', 'nginx'):.2f} x (at least 0.5); nginx, GET "
          f"{middle['nginx, GET']:8.0f}/s: {ratio('validations', 'nginx, GET'):.2f} x; -t2: "
          f"{middle['validations, -t2']:8.0f}/s, nginx {middle['nginx, -t2']:8.0f}/s: "
          f"{ratio('validations, -t2', 'nginx, -t2'):.2f} x")


if __name__ == "__main__":
    main()
