"""What became of a promise: each verdict of turno check-receipt, from files alone.

Receipts, checkpoints, tiles and cosignatures are made by other code (notes.py), by a log that keeps its
promise and by one that does not; then a real server's receipt is held against the copy of its log, and
against a log of the same key in which a liar (forge.c) told something else."""

import json
import os
import shutil
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
# pylint: disable=wrong-import-position
import notes
import turno
from audit_log import tile_path, tiles_of

FORGE = os.path.join(turno.BUILD, "tests", "forge")
LOG = notes.Signer("log.example/one", "log")
WITNESS = notes.Signer("w.example", "witness", notes.COSIGNATURE)
PUBLISH_BY_S = 1_700_000_000
SIZE, FIRST, COUNT, AT = 700, 300, 5, 3
INDEX = FIRST + AT


def entry(number, word=0):
    return bytes([0x92, word, 0xcd]) + number.to_bytes(2, "big")


ENTRIES = [entry(i) for i in range(SIZE)]
# The same log but for the entry that was promised.
OTHERS = ENTRIES[:INDEX] + [entry(INDEX, 1)] + ENTRIES[INDEX + 1:]


def say(*arguments, expect):
    """What was said, in one line of JSON and in words: both with the same exit code."""
    done = turno.run("check-receipt", *arguments, "--json", expect=expect)
    words = turno.run("check-receipt", *arguments, expect=expect)
    assert bool(words.stdout) == bool(done.stdout), (words, done)
    return json.loads(done.stdout) if done.stdout else words.stderr, words.stdout


class Files:
    """A receipt, and what it is compared with."""

    def __init__(self, base):
        self.base = base
        text = notes.receipt(LOG, ENTRIES[FIRST:FIRST + COUNT], FIRST, AT,
                             PUBLISH_BY_S * 1_000_000 + 500_000)
        self.receipt = self.file("receipt", text + "\n")
        self.answer = self.file("answer", json.dumps({"index": INDEX, "receipt": text}))
        self.kept = self.log("kept", ENTRIES)
        self.other = self.log("other", OTHERS)

    def file(self, name, text):
        return notes.write(os.path.join(self.base, name), text.encode())

    def log(self, name, entries, *cosigners):
        return notes.write_log(os.path.join(self.base, name), LOG, entries, cosigners)

    def check(self, *more, expect, receipt=None):
        return say(receipt or self.receipt, "--key", LOG.vkey, *more, expect=expect)


def promised(files):
    for receipt in (files.receipt, files.answer):
        said, words = files.check(expect=turno.DONE, receipt=receipt)
        assert said["promise"] == "promised" and said["index"] == INDEX, said
        assert said["log"] == LOG.name and said["leaf"] == notes.leaf_hash(ENTRIES[INDEX]).hex()
        assert said["publish_by"].startswith("2023-11-14T22:13:20.5"), said
        assert len(words.splitlines()) == 1 and "kept" not in words, words


def kept(files):
    said, words = files.check("--log", files.kept, expect=turno.DONE)
    assert said["promise"] == "kept" and f"{SIZE} entries holds exactly that" in words, words
    # By the smallest log that holds it, in which every tile is partial.
    small = files.log("small", ENTRIES[:INDEX + 1])
    assert files.check("--log", small, expect=turno.DONE)[0]["promise"] == "kept"
    proof = files.file("kept.tlog-proof", notes.proof(LOG, ENTRIES, INDEX))
    assert files.check("--proof", proof, expect=turno.DONE)[0]["promise"] == "kept"


def another_entry_is_there(files):
    """Both signed, and they contradict: nothing else is needed, and no time matters."""
    said, words = files.check("--log", files.other, expect=turno.DIFFERENCE)
    assert said["promise"] == "broken" and said["leaf"] == notes.leaf_hash(ENTRIES[INDEX]).hex()
    assert "holds another entry there" in words and "keep both" in words, words
    proof = files.file("other.tlog-proof", notes.proof(LOG, OTHERS, INDEX))
    said, words = files.check("--proof", proof, expect=turno.DIFFERENCE)
    assert said["promise"] == "broken" and "holds another entry there" in words, words
    # Not broken: another entry of the log is another, as it was promised.
    changed = ENTRIES[:INDEX - 1] + [entry(INDEX - 1, 1)] + ENTRIES[INDEX:]
    elsewhere = files.log("elsewhere", changed)
    assert files.check("--log", elsewhere, expect=turno.DONE)[0]["promise"] == "kept"


def the_entry_is_not_there(files):
    """A log that stands still says nothing until somebody dates it after the promise."""
    short = ENTRIES[:INDEX]
    witnessed = ("--witness", WITNESS.vkey)
    for name, time_s, options, fate, code in (
            ("no witness asked", PUBLISH_BY_S + 60, (), "open", turno.INCOMPLETE),
            ("dated before", PUBLISH_BY_S - 60, witnessed, "open", turno.INCOMPLETE),
            # Within the second of the promise nobody can say which came first.
            ("dated in its second", PUBLISH_BY_S, witnessed, "open", turno.INCOMPLETE),
            ("dated after", PUBLISH_BY_S + 1, witnessed, "broken", turno.DIFFERENCE)):
        log = files.log(name.replace(" ", "-"), short, (WITNESS, time_s))
        said, words = files.check("--log", log, *options, expect=code)
        assert said["promise"] == fate, (name, said)
        assert (f"ends at {INDEX}" if fate == "open" else f"of {INDEX} entries after") in words, words
    # The log's own timed cosignature, which says the time of an idle log, convicts it as well.
    own = notes.Signer(LOG.name, "time", notes.COSIGNATURE)
    log = files.log("own-time", short, (own, PUBLISH_BY_S + 60))
    said, _ = files.check("--log", log, "--witness", own.vkey, expect=turno.DIFFERENCE)
    assert said["promise"] == "broken", said
    # A line by somebody who is no given witness dates nothing.
    stranger = notes.Signer("w.example", "stranger", notes.COSIGNATURE)
    log = files.log("stranger", short, (stranger, PUBLISH_BY_S + 60))
    assert files.check("--log", log, *witnessed, expect=turno.INCOMPLETE)[0]["promise"] == "open"
    # Late is not lost: the entry is there, and the receipt says no more.
    log = files.log("late", ENTRIES, (WITNESS, PUBLISH_BY_S + 60))
    assert files.check("--log", log, *witnessed, expect=turno.DONE)[0]["promise"] == "kept"


def what_proves_nothing(files):
    """No verdict from what somebody else signed, or from a copy that is not whole."""
    twin = notes.Signer(LOG.name, "another key")
    receipt = notes.receipt(twin, ENTRIES[FIRST:FIRST + COUNT], FIRST, AT, PUBLISH_BY_S)
    files.check(expect=turno.DIFFERENCE, receipt=files.file("twin-receipt", receipt))
    forged = bytearray(open(files.receipt, "rb").read())
    forged[80] ^= 1
    files.check(expect=(turno.DIFFERENCE, turno.USAGE),
                receipt=notes.write(os.path.join(files.base, "forged"), bytes(forged)))
    signed = notes.write_log(os.path.join(files.base, "twin"), twin, OTHERS)
    said, words = files.check("--log", signed, expect=turno.DIFFERENCE)
    assert words == "" and "key" in said, said
    origin = notes.write_log(os.path.join(files.base, "origin"), LOG, OTHERS)
    note = open(os.path.join(origin, "checkpoint"), encoding="utf-8").read()
    elsewhere = note.split("\n\n")[0].replace(LOG.name, "log.example/two") + "\n"
    notes.write(os.path.join(origin, "checkpoint"),
                (elsewhere + "\n" + LOG.note_line(elsewhere)).encode())
    said, _ = files.check("--log", origin, expect=turno.DIFFERENCE)
    assert "not one of" in said, said
    # Tiles of one log under the checkpoint of another, a tile that is cut, one that is missing.
    mixed = shutil.copytree(files.other, os.path.join(files.base, "mixed"))
    shutil.copy(os.path.join(files.kept, "checkpoint"), mixed)
    said, words = files.check("--log", mixed, expect=turno.INCOMPLETE)
    assert words == "" and "do not lead" in said, said
    tile = os.path.join(mixed, tile_path(0, INDEX // 256, 256))
    notes.write(tile, b"\0" * 100)
    said, _ = files.check("--log", mixed, expect=turno.INCOMPLETE)
    assert "not a tile" in said, said
    os.unlink(tile)
    said, _ = files.check("--log", mixed, expect=turno.INCOMPLETE)
    assert "No such file" in said, said
    files.check("--log", os.path.join(files.base, "nowhere"), expect=turno.ENVIRONMENT)
    proof = files.file("next.tlog-proof", notes.proof(LOG, ENTRIES, INDEX + 1))
    files.check("--proof", proof, expect=turno.USAGE)
    files.check("--proof", proof, "--log", files.kept, expect=turno.USAGE)
    files.check("--witness", "x", expect=turno.USAGE)


def copy_of_log(client, folder):
    """The resources that a checkpoint's size implies, as anybody can copy them."""
    note = turno.expect(client.get("/log/checkpoint"), 200).body
    notes.write(os.path.join(folder, "checkpoint"), note)
    count, level = int(note.split(b"\n")[1]), 0
    while count:
        for index, width in tiles_of(count):
            path = tile_path(level, index, width)
            notes.write(os.path.join(folder, path),
                        turno.expect(client.get("/log/" + path), 200).body)
        count, level = count // 256, level + 1
    return folder


def a_real_log(base):
    """Kept by the log that gave it; broken by one of the same key that holds something else."""
    directory = os.path.join(base, "ledger")
    turno.simulate(directory, 1, 0.002, 3)
    forged = os.path.join(base, "forged-ledger")
    # Beside the true one: the same key, the same number of entries, one of them another.
    turno.subprocess.run([FORGE, "refused_for_nothing", directory, forged], check=True,
                         stdout=turno.subprocess.DEVNULL)
    key = turno.run("key", directory, "--vkey").stdout.strip()
    with turno.Server(directory) as server, server.client() as client:
        made = turno.expect(client.post("/v1/registrations", turno.family(1),
                                        key=turno.new_key()), 201)
        receipt = notes.write(os.path.join(base, "real"), made.body)
        index = made.json["index"]
        turno.wait_until(lambda: turno.checkpoint(client)[0] > index, "a checkpoint")
        log = copy_of_log(client, os.path.join(base, "copied"))
        said, _ = say(receipt, "--key", key, "--log", log, expect=turno.DONE)
        assert said["promise"] == "kept" and said["index"] == index, said
        server.stop()
    with turno.Server(forged) as server, server.client() as client:
        number = 1
        while turno.checkpoint(client)[0] <= index:
            number += 1
            turno.register(client, turno.family(number))
        log = copy_of_log(client, os.path.join(base, "lied"))
        said, words = say(receipt, "--key", key, "--log", log, expect=turno.DIFFERENCE)
        assert said["promise"] == "broken" and "prove misbehaviour" in words, said
        server.stop()


def main():
    turno.need_program(FORGE)
    with turno.scratch() as base:
        files = Files(base)
        promised(files)
        kept(files)
        another_entry_is_there(files)
        the_entry_is_not_there(files)
        what_proves_nothing(files)
        a_real_log(base)
    print("promised, kept, open and broken are told apart, from files alone")


if __name__ == "__main__":
    main()
