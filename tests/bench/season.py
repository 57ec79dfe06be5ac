"""A ledger at full scale: what making it costs, what a start costs, what a server holds, how fast it is
verified and rebuilt, what an event takes on disk, what a proof costs.

    season.py TURNO LEDGER [--make DAYS [--start DATE]]

Without --make the ledger is there already. Wall time is what counts; CPU time is printed beside it, so that
a run on a machine that others use can be read too.
"""
import argparse
import contextlib
import os
import random
import resource
import signal
import subprocess
import sys
import time
import urllib.request

parser = argparse.ArgumentParser()
parser.add_argument("turno")
parser.add_argument("ledger")
parser.add_argument("--make", metavar="DAYS")
parser.add_argument("--start", metavar="DATE")
parser.add_argument("--port", type=int, default=18090)
options = parser.parse_args()
base = f"http://127.0.0.1:{options.port}"
# Ends what was started, as a failure does.
signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))


def run(*arguments):
    """Its output, wall seconds, CPU seconds and most MiB resident (of this command when it is the largest)."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    begun = time.monotonic()
    done = subprocess.run([options.turno, *arguments], stdout=subprocess.PIPE, text=True)
    spent = time.monotonic() - begun
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode != 0:
        sys.exit(f"turno {arguments[0]} ended with {done.returncode}")
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return done.stdout.strip(), spent, cpu, after.ru_maxrss // 1024


def status(pid, name):
    with open(f"/proc/{pid}/status") as file:
        for line in file:
            if line.startswith(name + ":"):
                return int(line.split()[1]) // 1024
    return 0


def cpu_of(pid):
    with open(f"/proc/{pid}/stat") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def get(path):
    with urllib.request.urlopen(base + path) as answer:
        return answer.read()


def tile_path(index):
    text = f"{index % 1000:03d}"
    while index >= 1000:
        index //= 1000
        text = f"x{index % 1000:03d}/{text}"
    return text


@contextlib.contextmanager
def serve():
    """The server's pid, wall and CPU seconds until it was ready; it goes when the block ends."""
    started = time.monotonic()
    server = subprocess.Popen(
        [options.turno, "serve", options.ledger, "--listen", f"127.0.0.1:{options.port}"],
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_ready(server, started)
        yield server.pid, time.monotonic() - started, cpu_of(server.pid)
    finally:
        server.terminate()
        server.wait()


def wait_ready(server, started):
    while True:
        try:
            urllib.request.urlopen(base + "/readyz", timeout=1).read()
            return
        except OSError:
            if server.poll() is not None or time.monotonic() - started > 600:
                sys.exit("the server did not start")
            time.sleep(0.01)


def measure_server(pid, start, cpu):
    events = int(get("/log/checkpoint").split(b"\n")[1])
    print(f"start: {start:.2f} s to ready ({cpu:.2f} s of CPU) on {events} events (at most 2)", flush=True)
    fresh = status(pid, "VmRSS")
    dice = random.Random(1)
    for _ in range(2048):  # entries from anywhere, as auditors look at them
        get("/log/tile/entries/" + tile_path(dice.randrange(events // 256)))
    print(f"memory: {fresh} MiB resident after the start, {status(pid, 'VmRSS')} MiB after 2,048 bundles "
          f"from anywhere, {status(pid, 'VmHWM')} MiB at most (at most 512)", flush=True)


def made():
    arguments = ["simulate", options.ledger, "--days", options.make, "--no-throttle"]
    if options.start:
        arguments += ["--start", options.start]
    text, spent, cpu, memory = run(*arguments)
    line = next(line for line in text.split("\n") if " events in " in line)
    print(f"simulate: {options.make} days at full scale, {line} ({cpu:.0f} s of CPU, {memory} MiB at most)",
          flush=True)


if options.make:
    made()
with serve() as served:
    measure_server(*served)
for command in ("verify", "rebuild"):
    text, spent, cpu, memory = run(command, options.ledger)
    print(f"{command}: {text.split(chr(10))[-1]}; {spent:.2f} s with start and end, {cpu:.2f} s of CPU "
          "(at least 500000/s)", flush=True)
print(run("bench", "disk", options.ledger)[0], "(at most 240)", flush=True)
print(run("bench", "prove", options.ledger)[0], "(under 1000 us)", flush=True)
