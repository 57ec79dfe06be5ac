"""A season at full scale: what a start costs, what a server holds, what an event takes on disk.

    season.py TURNO SCRATCH DAYS
"""
import os
import subprocess
import sys
import time
import urllib.request

turno, scratch, days = sys.argv[1], sys.argv[2], sys.argv[3]
ledger = os.path.join(scratch, "season")
port = 18090


def serve():
    started = time.monotonic()
    server = subprocess.Popen(
        [turno, "serve", ledger, "--listen", f"127.0.0.1:{port}"], stderr=subprocess.DEVNULL
    )
    while True:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=1).read()
            return server, time.monotonic() - started
        except OSError:
            if server.poll() is not None or time.monotonic() - started > 60:
                sys.exit("the server did not start")
            time.sleep(0.01)


def status(pid, name):
    with open(f"/proc/{pid}/status") as file:
        for line in file:
            if line.startswith(name + ":"):
                return int(line.split()[1]) // 1024
    return 0


begun = time.monotonic()
subprocess.run(
    [turno, "simulate", ledger, "--days", days, "--no-throttle"],
    check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
)
spent = time.monotonic() - begun
server, start = serve()
with urllib.request.urlopen(f"http://127.0.0.1:{port}/log/checkpoint") as answer:
    events = int(answer.read().split(b"\n")[1])
print(f"simulate: {days} days at full scale, {events} events in {spent:.0f} s: {events / spent:.0f}/s")
print(f"start: {start:.2f} s to ready on {events} events (at most 2)")
for after in range(0, 65536 * 8, 4096):  # look at old entries, as an auditor would
    urllib.request.urlopen(f"http://127.0.0.1:{port}/log/tile/entries/{after // 256:03d}"
                           if after // 256 < 1000 else
                           f"http://127.0.0.1:{port}/log/tile/entries/x{after // 256000:03d}/"
                           f"{after // 256 % 1000:03d}").read()
print(f"memory: {status(server.pid, 'VmRSS')} MiB resident, {status(server.pid, 'VmHWM')} MiB at most "
      "(at most 512)")
server.terminate()
server.wait()
done = subprocess.run([turno, "rebuild", ledger], check=True, capture_output=True, text=True)
print("rebuild:", done.stdout.strip().split("\n")[-1], "(at least 500000 events/s)")
print(subprocess.run([turno, "bench", "disk", ledger], check=True, capture_output=True,
                     text=True).stdout.strip(), "(at most 240)")
