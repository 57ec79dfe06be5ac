#!/usr/bin/env python3
"""One seed is one ledger, by the program itself: entries, checkpoint and report of two plays agree."""
import json
import os
import subprocess
import sys
import tempfile

SKIPPED = 77
# What a play takes is not the ledger's.
MEASURED = ("wall_us", "events_per_s")


def run(program, *arguments):
    done = subprocess.run([program, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          check=False)
    if done.returncode != 0:
        sys.exit(f"turno {' '.join(arguments)}: {done.returncode}\n{done.stderr.decode()}")
    return done.stdout


def play(program, directory, seed, *more):
    """The report without what was measured, and every entry as `turno log` prints it."""
    report = json.loads(run(program, "simulate", directory, "--days", "3", "--scale", "0.01",
                            "--seed", str(seed), "--json", *more))
    for name in MEASURED:
        del report[name]
    return report, run(program, "log", directory)


def main():
    program = os.environ.get("TURNO")
    if not program or not os.path.exists(program):
        print("skipped: no turno program")
        return SKIPPED
    with tempfile.TemporaryDirectory() as folder:
        first, first_log = play(program, os.path.join(folder, "first"), 5)
        again, again_log = play(program, os.path.join(folder, "again"), 5, "--no-throttle")
        other, _ = play(program, os.path.join(folder, "other"), 6)
        assert first["events"] == first_log.count(b"\n") > 5000, first["events"]
        assert first == again, "two plays of one seed report different things"
        assert first_log == again_log, "two plays of one seed have different entries"
        assert first["checkpoint"] != other["checkpoint"], "another seed gave the same root"
        assert first["unexpected"] == 0, "the desk answered otherwise than its rules say"
        with open(os.path.join(folder, "first", "simulated.json"), encoding="utf-8") as file:
            sample = json.load(file)
        assert sample["checkpoint"] == first["checkpoint"]
        assert len(sample["officer"]["token"]) == 64
        refused = subprocess.run([program, "simulate", os.path.join(folder, "first"), "--days", "1"],
                                 stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
        assert refused.returncode == 4, "a ledger was played over"
    print("one seed, one ledger")
    return 0


if __name__ == "__main__":
    sys.exit(main())
