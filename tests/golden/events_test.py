#!/usr/bin/env python3
"""The program and a reader made from EVENTS.md alone read the same: every golden entry, and changes of
them. TURNO_BUILD names the build folder (tests/events_twin is looked for in it)."""
import glob
import json
import os
import random
import subprocess
import sys
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, HERE)
import events  # noqa: E402

FILES = sorted(glob.glob(os.path.join(HERE, "events", "*.hex")))
MUTANTS = 60


def twin_path():
    build = os.environ.get("TURNO_BUILD", os.path.join(ROOT, "build"))
    for place in (os.path.join(build, "tests", "events_twin"), os.path.join(build, "events_twin")):
        if os.path.exists(place):
            return place
    raise AssertionError("events_twin is not in " + build + ": set TURNO_BUILD")


def twin(entries):
    """What the program says of each: a line of JSON, or the name of a status."""
    lines = "".join(entry.hex() + "\n" for entry in entries)
    done = subprocess.run([twin_path()], input=lines.encode(), capture_output=True, check=True)
    return done.stdout.decode("ascii").split("\n")[:-1]


def mutant(numbers, entry):
    """One or two bytes changed, left out or put in."""
    data = bytearray(entry)
    for _ in range(numbers.randint(1, 2)):
        at = numbers.randrange(len(data))
        way = numbers.randrange(4)
        if way == 0:
            data[at] = numbers.randrange(256)
        elif way == 1:
            data[at] ^= 1 << numbers.randrange(8)
        elif way == 2:
            data.insert(at, numbers.randrange(256))
        elif len(data) > 1:
            del data[at]
    return bytes(data)


class EventsTwins(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.page = events.Page()
        cls.decoder = events.Decoder(cls.page)
        cls.golden = [bytes.fromhex(line) for path in FILES for line in events.read_lines(path)]

    def agree(self, entries):
        """Both say the same of each; how many were read, unknown, refused."""
        seen = {"read": 0, "unknown": 0, "refused": 0}
        said = twin(entries)
        self.assertEqual(len(said), len(entries))
        for index, (entry, theirs) in enumerate(zip(entries, said)):
            try:
                ours = events.dumps(self.decoder.entry(entry, index))
                seen["read"] += 1
                self.assertEqual(theirs, ours, entry.hex())
            except events.Invalid:
                seen["refused"] += 1
                self.assertEqual(theirs, "invalid", entry.hex())
            except events.Unsupported:
                # Shown raw: the envelope, and the body as it stands at the end of the entry.
                seen["unknown"] += 1
                found = json.loads(theirs)
                self.assertTrue(entry.hex().endswith(found["body"]), entry.hex())
        return seen

    def test_golden_entries(self):
        self.assertGreaterEqual(len(self.golden), 3 * len(self.page.kinds))
        seen = self.agree(self.golden)
        self.assertEqual(seen["read"], len(self.golden))

    def test_every_kind_of_the_page_has_a_golden_file(self):
        named = {"%s.%d.hex" % (name, version)
                 for (_, version), (name, _) in self.page.kinds.items()}
        self.assertEqual(named, {os.path.basename(path) for path in FILES})

    def test_changed_entries(self):
        numbers = random.Random(7)
        seen = self.agree([mutant(numbers, entry) for entry in self.golden
                           for _ in range(MUTANTS)])
        self.assertGreater(seen["read"], 200)
        self.assertGreater(seen["unknown"], 20)
        self.assertGreater(seen["refused"], 2000)

    def test_json_is_json(self):
        for line in twin(self.golden):
            self.assertEqual(events.dumps(json.loads(line)), line)

    def test_page_is_complete(self):
        """What one part of the page names another part explains."""
        for _, fields in list(self.page.kinds.values()) + [(None, f) for f in
                                                           self.page.records.values()]:
            self.assertEqual(list(fields), sorted(fields))
            for _, kind, record in fields.values():
                if kind in ("RECORD", "RECORDS"):
                    self.assertIn(record, self.page.records)
                else:
                    self.assertEqual(record, "")
        for _, facts in self.page.commands.values():
            self.assertIn(facts, self.page.records)
        self.assertEqual({name for name, _ in self.page.kinds.values()}, set(self.page.streams))
        self.assertGreaterEqual(len(self.page.refusals), 50)
        self.assertEqual(list(self.page.roles), list(range(len(self.page.roles))))


if __name__ == "__main__":
    unittest.main()
