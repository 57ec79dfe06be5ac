#!/usr/bin/env python3
"""Full seals of a simulated season are the roots that seals.py makes of `turno state` by the pages alone, and
a row that is changed, left out or put twice makes another. Environment: TURNO."""
import json
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "e2e")]
# pylint: disable=wrong-import-position
import seals
import turno

NAMES = ["queue", "seats", "registrations", "validation", "access", "streams"]
DAYS = 31 # one of 30 is sealed whole


def main():
    turno.need_program()
    assert list(seals.TABLES) == NAMES, seals.TABLES
    tables, rows_seen = set(), 0
    with turno.scratch() as base:
        directory = os.path.join(base, "ledger")
        turno.simulate(directory, DAYS, 0.0003, 3)
        sealed = [json.loads(line)["body"] for line in
                  turno.run("log", directory, "--kind", "state_sealed").stdout.splitlines()]
        full = [body for body in sealed if body["scope"] == 2]
        assert sorted(body.get("projection", 0) for body in full) == list(range(len(NAMES))), full
        for body in full:
            name = NAMES[body.get("projection", 0)]
            lines = turno.run("state", directory, name, "--at", body["upto"]).stdout.splitlines()
            tables.update((name, json.loads(line)["table"]) for line in lines)
            rows = [seals.row(name, line) for line in lines]
            assert len(rows) == body["rows"] and seals.root(rows) == bytes.fromhex(body["root"]), name
            assert seals.root(rows[1:]) != bytes.fromhex(body["root"]), name
            assert seals.root(rows + rows[:1]) != bytes.fromhex(body["root"]), name
            rows[0] = (rows[0][0], rows[0][1] + b"\0")
            assert seals.root(rows) != bytes.fromhex(body["root"]), name
            rows_seen += len(rows)
    unseen = {(name, table) for name, of in seals.TABLES.items() for table in of} - tables
    # A simulation binds no witness's chain, and after a draw its pool is gone.
    assert unseen == {("queue", "chain"), ("queue", "pool")}, unseen
    print(f"{len(full)} full seals of {rows_seen} rows: the same roots by the pages alone")
    return 0


if __name__ == "__main__":
    sys.exit(main())
