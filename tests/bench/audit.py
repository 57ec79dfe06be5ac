"""Audit a ledger and print what it cost: audit.py TURNO DIR."""

import json
import os
import subprocess
import sys
import time


def main():
    turno, directory = sys.argv[1:3]
    started = time.monotonic()
    process = subprocess.Popen([turno, "audit", directory, "--json"], stdout=subprocess.PIPE)
    out = process.stdout.read()
    _, code, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(code)
    seconds = time.monotonic() - started
    if process.returncode != 0:
        sys.exit(f"audit: exit {process.returncode}: {out[-600:].decode()}")
    said = json.loads(out)
    cpu = used.ru_utime + used.ru_stime
    print(f"audit: {said['entries']} entries, {said['commands']} commands and {said['draws']} draws "
          f"decided again in {seconds:.1f} s: {said['entries'] / seconds:.0f}/s, "
          f"{cpu / said['entries'] * 1e6:.2f} us of CPU an entry, "
          f"{used.ru_maxrss / 1024:.0f} MiB resident at most")


if __name__ == "__main__":
    main()
