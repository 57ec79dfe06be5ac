#!/usr/bin/env python3
"""The draw in C and the draw in Python write the same bytes from the same input: for the vector made by
an independent implementation, for the committed ones, for their public forms, and for pools made here.

TURNO_BUILD names the build directory (draw_twin is looked for in it)."""
import glob
import json
import os
import subprocess
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, HERE)
import draw  # noqa: E402
import draw_make  # noqa: E402

INDEPENDENT = os.path.join(ROOT, "..", "shared", "data", "draw-vector-1.json")
COMMITTED = sorted(glob.glob(os.path.join(HERE, "draw", "*.json")))


def twin_path():
    build = os.environ.get("TURNO_BUILD", os.path.join(ROOT, "build"))
    for place in (os.path.join(build, "tests", "draw_twin"), os.path.join(build, "draw_twin")):
        if os.path.exists(place):
            return place
    raise AssertionError("draw_twin is not in " + build + ": set TURNO_BUILD")


def twin(path, *options):
    done = subprocess.run([twin_path(), path, *options], capture_output=True, check=False)
    return done.returncode, done.stdout.decode("ascii"), done.stderr.decode("ascii")


def read(path):
    with open(path, encoding="ascii") as file:
        return file.read()


class DrawTwins(unittest.TestCase):
    def agree(self, path):
        """Both rewrite the file byte for byte, and both make and rewrite the same public file."""
        text = read(path)
        transcript = json.loads(text)
        self.assertEqual(draw.dumps(draw.recompute(transcript)), text, "python, " + path)
        code, out, talk = twin(path)
        self.assertEqual((code, talk), (0, ""), path)
        self.assertEqual(out, text, "C, " + path)
        public = draw.dumps(draw.recompute(transcript, "public"))
        code, out, talk = twin(path, "--public")
        self.assertEqual((code, out, talk), (0, public, ""), "public, " + path)
        with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
            file.write(public)
            file.flush()
            self.assertEqual(draw.dumps(draw.recompute(json.loads(public))), public)
            self.assertEqual(twin(file.name), (0, public, ""), "public again, " + path)
        return transcript

    def test_independent_vector(self):
        if not os.path.exists(INDEPENDENT):
            self.skipTest("skipped: no vectors")
        self.agree(INDEPENDENT)

    def test_committed_vectors(self):
        self.assertGreaterEqual(len(COMMITTED), 15)
        for path in COMMITTED:
            with self.subTest(os.path.basename(path)):
                self.agree(path)

    def test_vectors_can_be_made_again(self):
        made = draw_make.vectors()
        self.assertEqual(sorted(made), [os.path.basename(path) for path in COMMITTED])
        for path in COMMITTED:
            self.assertEqual(made[os.path.basename(path)], read(path), path)

    def test_vectors_show_what_they_are_for(self):
        t = {os.path.basename(p)[:-5]: json.loads(read(p)) for p in COMMITTED}
        self.assertTrue(any(a["over"] > 0 for a in t["solo_day_1"]["after"]))
        self.assertTrue(any(p["pcredit"] != 0 or p["acc"] != 0 for p in t["solo_day_2"]["ports"]))
        self.assertEqual(t["credit_repaid"]["after"][0]["pcredit"], -6)
        self.assertEqual([(a["pcredit"], a["acc"]) for a in t["empty_line"]["after"]][0], (4, 123456))
        self.assertTrue(all(a["pcredit"] <= 0 for a in t["undersubscribed"]["after"]))
        self.assertEqual({g["size"] for g in t["sizes_1_to_10"]["groups"]}, set(range(1, 11)))
        held = [h["basis"] for d in (1, 2, 3) for a in t["hard_day_%d" % d]["after"] for h in a["held"]]
        self.assertIn("seniority", held)
        self.assertIn("lottery", held)
        self.assertTrue(any(p["held"] for p in t["hard_day_2"]["ports"]))
        self.assertTrue(t["hard_day_2"]["after"][1]["held"], "a held group waits while a port is empty")

    def test_input_alone_is_enough(self):
        for path in COMMITTED[:3]:
            text = read(path)
            cut = text[:text.index(',\n "root"')] + "\n}\n"
            with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
                file.write(cut)
                file.flush()
                self.assertEqual(twin(file.name), (0, text, ""))
                self.assertEqual(draw.dumps(draw.recompute(json.loads(cut))), text)

    def test_many_pools(self):
        """Forty pools of both packings that nobody has looked at."""
        numbers = draw_make.Numbers("many pools")
        with tempfile.TemporaryDirectory() as folder:
            for index in range(40):
                ports = [2504, 2301, 2402, 2305][:1 + numbers.below(4)]
                packing = ("straddle", "hard")[index % 2]
                transcript = draw_make.make(
                    20000 + index,
                    [draw_make.port(p, [(20021 + index, 480 + 60 * i, 1 + numbers.below(9))
                                        for i in range(numbers.below(6))],
                                    numbers.below(9) - 4, numbers.below(1000000),
                                    held=[] if packing == "hard" else None) for p in ports],
                    draw_make.make_groups(numbers, 20000 + index, numbers.below(80), ports,
                                          draw_make.sizes(1, 1 + numbers.below(9)), choices=4),
                    share=numbers.below(1000001), packing=packing)
                path = os.path.join(folder, "%d.json" % index)
                with open(path, "w", encoding="ascii") as file:
                    file.write(draw.dumps(transcript))
                self.agree(path)

    def test_a_changed_result_is_found(self):
        path = os.path.join(HERE, "draw", "oversubscribed.json")
        for old, new, where in (('"rank": 3,', '"rank": 4,', "rank"), ('"over": ', '"over": 1', "over"),
                                ('"basis": "lottery"', '"basis": "seniority"', "basis"),
                                ('"acc": 250000', '"acc": 250001', "acc")):
            with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
                file.write(read(path).replace(old, new, 1))
                file.flush()
                code, out, talk = twin(file.name)
                self.assertEqual((code, out), (1, ""), old)
                self.assertIn(where, talk)


if __name__ == "__main__":
    unittest.main()
