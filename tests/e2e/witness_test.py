"""Witnesses: two ledgers that witness each other, a quorum that is not met, publication that waits for
it, a forked ledger, witnesses that crash, race, or answer nonsense.

Everything is the real program on loopback, but for the servers that answer nonsense. Cosignatures are
verified by the Python auditor's own Ed25519."""

import base64
import functools
import hashlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "golden"))
# pylint: disable=wrong-import-position
import audit_log
import turno
from turno import expect
from witness_peers import Nonsense, Tls, Witness, answer_of

AUDIT = os.path.join(turno.HERE, "..", "golden", "audit_log.py")
NEXT_FAMILY = iter(range(1, 10**6))


def make_ledger(base, name):
    directory = os.path.join(base, name)
    turno.run("init", directory, "--origin", f"{name}.example/turno", "--allow-unlocked")
    return directory


def vkey_of(directory, *more):
    return turno.run("key", directory, "--vkey", *more).stdout.strip()


def write_policy(directory, witnesses, quorum, name="policy"):
    """`witnesses`: (name, vkey, url); `quorum`: lines."""
    path = f"{directory}.{name}"
    with open(path, "w", encoding="ascii") as file:
        file.write(f"# who vouches for this log\nlog {vkey_of(directory)}\n")
        for name, vkey, url in witnesses:
            file.write(f"witness {name} {vkey} {url}\n")
        file.write(quorum)
    return path


def grow(client, count=1):
    """So many registrations; the index of the last."""
    for _ in range(count):
        index = turno.register(client, turno.family(next(NEXT_FAMILY)))[2]
    return index


def note_of(client, path="/log/checkpoint"):
    return expect(client.get(path), 200).body


def size_of(note):
    return int(note.decode().split("\n")[1])


@functools.lru_cache(maxsize=64)
def signed_by(note, verifiers):
    """One note is met many times while the next is waited for, and Ed25519 is slow in Python."""
    return audit_log.note_open(note, verifiers)[1]


def signers(note, verifiers):
    """Those of `verifiers` whose line is there, in their order and not in that of the lines; a bad
    line of one of them is an error."""
    found = signed_by(note, tuple(verifiers))
    return [verifier for verifier in verifiers if verifier in found]


def time_of(note, verifier):
    """When `verifier` cosigned."""
    for line in note.decode().split("\n\n")[1].splitlines():
        payload = base64.b64decode(line.split(" ")[2])
        if payload[:4] == verifier.id:
            return int.from_bytes(payload[4:12], "big")
    raise AssertionError("no such line")


def signed_by_all(client, verifiers, above=0, path="/log/checkpoint"):
    def check():
        note = note_of(client, path)
        return size_of(note) > above and len(signers(note, verifiers)) == len(verifiers) and note
    return turno.wait_until(check, f"{path} above {above} is signed by all")


def status(client):
    return expect(client.get("/readyz"), 200).json["witnesses"]


def metrics(directory):
    """Numbers by name, over the operator's socket."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(os.path.join(directory, "turno.sock"))
        connection.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        text = b""
        while piece := connection.recv(65536):
            text += piece
    return {line.split()[0]: int(line.split()[1]) for line in text.decode().splitlines()
            if line.startswith("turno_") and "{" not in line}


def events(directory, kind):
    lines = turno.run("log", directory, "--kind", kind).stdout.splitlines()
    return [json.loads(line) for line in lines]


def witness_id(vkey):
    return hashlib.sha256(vkey.encode()).hexdigest()[:32]


class Pair:
    """Two ledgers, and a witness of each owner that knows both."""

    def __init__(self, base):
        self.base = base
        self.ledgers = [make_ledger(base, name) for name in ("a", "b")]
        logs = [vkey_of(ledger) for ledger in self.ledgers]
        self.witnesses = [Witness(os.path.join(base, "w" + name), f"w.{name}.example", logs)
                          for name in ("a", "b")]
        listed = [(f"n{i}", witness.vkey, witness.url)
                  for i, witness in enumerate(self.witnesses)]
        self.policies = [write_policy(ledger, listed, "group both all n0 n1\nquorum both\n")
                         for ledger in self.ledgers]
        self.verifiers = [
            [audit_log.Verifier(vkey_of(ledger)), audit_log.Verifier(vkey_of(ledger, "--cosigner"))]
            + [witness.verifier for witness in self.witnesses] for ledger in self.ledgers]

    def serve(self, i, *options, directory=None):
        return turno.Server(directory or self.ledgers[i], "--allow-unlocked", "--witnesses",
                            self.policies[i], *options)


# ---- the tests ----

def each_other(pair):
    """Both ledgers gather the cosignatures of both witnesses, while they grow and when they rest."""
    for witness in pair.witnesses:
        witness.start()
    with pair.serve(0) as first, pair.serve(1) as second:
        for i, server in enumerate((first, second)):
            verifiers = pair.verifiers[i]
            with server.client() as client:
                note = signed_by_all(client, verifiers)
                for _ in range(3):
                    index = grow(client, 5)
                    note = signed_by_all(client, verifiers, above=index)
                kept = signed_by_all(client, verifiers, above=index, path="/log/cosigned-checkpoint")
                assert kept.split(b"\n\n")[0] == note.split(b"\n\n")[0]
                seen = turno.described(client, "/readyz", expect(client.get("/readyz"), 200).json)
                seen = seen["witnesses"]
                assert seen["quorum"] == "met" and not seen["fork"] and not seen["held_back"], seen
                assert seen["cosigned_size"] == size_of(note), seen
                assert [entry["id"] for entry in seen["list"]] == \
                    [witness_id(witness.vkey) for witness in pair.witnesses]
                # What monitors read from a witness is the log's checkpoint and its own word.
                for witness in pair.witnesses:
                    remembered = witness.remembered(verifiers[0].name)
                    assert size_of(remembered) == size_of(note)
                    assert signers(remembered, [verifiers[0], witness.verifier]) == \
                        [verifiers[0], witness.verifier]
        auditor = turno.run("officer", pair.ledgers[0], "add", "auditor@inm.gob.mx", "--role",
                            "auditor").stdout.split()[-1]
        with first.client() as client:
            signed_by_all(client, pair.verifiers[0], above=index)
        arguments = [sys.executable, AUDIT, f"http://127.0.0.1:{first.port}/log",
                     vkey_of(pair.ledgers[0]), "--token", auditor]
        for vkey in [vkey_of(pair.ledgers[0], "--cosigner")] + \
                [witness.vkey for witness in pair.witnesses]:
            arguments += ["--witness", vkey]
        done = subprocess.run(arguments, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              timeout=120, check=False)
        print(done.stdout.decode().strip())
        assert done.returncode == 0
        turno.run("verify", pair.ledgers[0]) # beside
        said = json.loads(turno.run("audit", pair.ledgers[0], "--policy", pair.policies[0],
                                    "--json").stdout)
        assert said["quorum"] == {"met": True, "signed": ["n0", "n1"]}, said
        first.stop()
        second.stop()
    # A log with nothing to say says the time all the same, and keeps what witnesses said.
    with turno.Server(pair.ledgers[1], "--allow-unlocked") as server, server.client() as client:
        cosigner = pair.verifiers[1][1]

        def renewed():
            fresh = note_of(client)
            return time_of(fresh, cosigner) > time_of(note, cosigner) and fresh
        fresh = turno.wait_until(renewed, "a fresh time")
        assert size_of(fresh) == size_of(note)
        assert signers(fresh, pair.verifiers[1]) == pair.verifiers[1]
        assert abs(time_of(fresh, cosigner) - time.time()) < 30
        server.stop()
    for ledger in pair.ledgers:
        turno.run("verify", ledger)
        assert not events(ledger, "fork_seen") and not events(ledger, "alarm_raised")


def without_a_quorum(pair):
    """A witness that is down is seen, publication goes on, and it comes back to where it was."""
    away = pair.witnesses[1]
    with pair.serve(0) as server, server.client() as client:
        signed_by_all(client, pair.verifiers[0])
        before = size_of(away.remembered("a.example/turno"))
        away.end(signal.SIGKILL)
        index = grow(client, 3)
        note = signed_by_all(client, pair.verifiers[0][:3], above=index)
        assert len(signers(note, pair.verifiers[0])) == 3
        turno.wait_until(lambda: status(client)["quorum"] == "unmet", "the quorum is unmet")
        assert status(client)["cosigned_size"] == before
        assert size_of(note_of(client, "/log/cosigned-checkpoint")) == before
        seen = metrics(pair.ledgers[0])
        assert seen["turno_witness_quorum_met"] == 0 and seen["turno_witness_forks"] == 0, seen
        assert seen["turno_witness_cosigned_entries"] == before, seen
        said = json.loads(turno.run("audit", pair.ledgers[0], "--policy", pair.policies[0],
                                    "--json", expect=turno.DIFFERENCE).stdout)
        assert said["quorum"] == {"met": False, "signed": ["n0"]}, said
        down = turno.wait_until(lambda: status(client)["list"][1]["failures"] and
                                status(client)["list"][1], "it failed")
        assert down["size"] == before and not down["fork"], down
        away.start()
        assert size_of(away.remembered("a.example/turno")) == before
        signed_by_all(client, pair.verifiers[0], above=index)
        turno.wait_until(lambda: status(client)["quorum"] == "met", "the quorum is met again")
        server.stop()
    assert not events(pair.ledgers[0], "fork_seen")


def held_back(pair):
    """Nothing is published until enough have signed; commands go on, and so does the log's time."""
    ledger, away = pair.ledgers[0], pair.witnesses[1]
    with pair.serve(0, "--hold-back") as server, server.client() as client:
        index = grow(client, 2)
        signed_by_all(client, pair.verifiers[0], above=index)
        away.end()
        published = size_of(note_of(client))
        index = grow(client, 3)
        turno.wait_until(lambda: status(client)["quorum"] == "unmet" and
                         status(client)["size"] > index, "the checkpoint was sent")
        time.sleep(1)
        assert size_of(note_of(client)) == published <= index
        assert status(client)["held_back"]
        token = turno.run("officer", ledger, "add", "watch@inm.gob.mx", "--role",
                          "auditor").stdout.split()[-1]
        expect(client.get(f"/v1/events?after={published}", token=token), 200)
        server.stop()
        # The operator's choice outlives the server: nobody else publishes it either.
        turno.run("officer", ledger, "add", "other@inm.gob.mx", "--role", "auditor")
        said = json.loads(turno.run("verify", ledger, "--json").stdout)
        assert said["published"] == published < said["entries"], said
    with pair.serve(0, "--hold-back") as server, server.client() as client:
        assert size_of(note_of(client)) == published
        away.start()
        note = signed_by_all(client, pair.verifiers[0], above=index)
        # From the first moment at which it can be read it has its quorum.
        for _ in range(5):
            index = grow(client)
            while size_of(note) <= index:
                note = note_of(client)
                assert len(signers(note, pair.verifiers[0])) == 4
        server.stop()
    with turno.Server(ledger, "--allow-unlocked") as server, server.client() as client:
        index = grow(client)
        turno.wait_until(lambda: size_of(note_of(client)) > index, "published without witnesses")
        assert "witnesses" not in expect(client.get("/readyz"), 200).json
        server.stop()
    assert not events(ledger, "fork_seen")


def seen_by_all(pair, ledger, code):
    """The facts of the forks that the witnesses told with `code`; none while one is missing."""
    facts = [event["body"]["facts"] for event in events(ledger, "fork_seen")]
    facts = [told for told in facts if told["status"] == code]
    return facts if len(facts) == len(pair.witnesses) else None


def forked(pair):
    """A copy that grows otherwise is refused by the same witnesses, and its own log says so."""
    original = pair.ledgers[0]
    copy = os.path.join(pair.base, "copy")
    shutil.copytree(original, copy)
    shutil.copy(original + ".root-key", copy + ".root-key")
    with pair.serve(0) as server, server.client() as client:
        index = grow(client, 8)
        signed_by_all(client, pair.verifiers[0], above=index)
        seen = size_of(pair.witnesses[0].remembered("a.example/turno"))
        with pair.serve(0, directory=copy) as liar, liar.client() as other:
            # Smaller than what was signed: the size alone tells.
            turno.wait_until(lambda: status(other)["fork"], "the fork is seen by its size")
            # Each witness is asked in its own time: all must have answered before the copy grows.
            for told in turno.wait_until(lambda: seen_by_all(pair, copy, 409), "fork_seen, 409"):
                assert told["told"] == seen and told["size"] < seen, told
            # Larger: the proof does not fit.
            grow(other, 20)
            turno.wait_until(lambda: seen_by_all(pair, copy, 422), "fork_seen, 422")
            expect(other.get("/readyz"), 200)
            assert status(other)["quorum"] == "unmet"
            assert len(signers(note_of(other), pair.verifiers[0])) == 2
            assert "ALARM: fork" in liar.talk()
            # Asked again, and said once a day. What would be said comes to the desk first.
            failures = [entry["failures"] for entry in status(other)["list"]]
            turno.wait_until(lambda: all(entry["failures"] > before for entry, before in
                                         zip(status(other)["list"], failures)),
                             "they are asked again", timeout=60)
            grow(other)
            said = events(copy, "fork_seen")
            assert sorted((event["body"]["facts"]["witness"], event["body"]["facts"]["status"])
                          for event in said) == \
                sorted((witness_id(witness.vkey), code) for witness in pair.witnesses
                       for code in (409, 422)), said
            liar.stop()
        # After a restart they are still the same day's.
        with pair.serve(0, directory=copy) as liar, liar.client() as other:
            turno.wait_until(lambda: status(other)["fork"], "the fork is seen again")
            liar.stop()
        assert len(events(copy, "fork_seen")) == len(said)
        turno.run("verify", copy)
        turno.run("audit", copy)
        # The original never notices.
        index = grow(client, 40)
        signed_by_all(client, pair.verifiers[0], above=index)
        server.stop()
    assert not events(original, "fork_seen")


def strangers(pair):
    """A witness that does not know the log: an alarm, once a day."""
    stranger = Witness(os.path.join(pair.base, "ws"), "w.stranger.example").start()
    ledger = pair.ledgers[1]
    policy = write_policy(ledger, [("s", stranger.vkey, stranger.url)], "quorum s\n", "strangers")
    for _ in range(2):
        with turno.Server(ledger, "--allow-unlocked", "--witnesses", policy) as server, \
                server.client() as client:
            grow(client)
            turno.wait_until(lambda: status(client)["list"][0]["answer"] == "answered 404", "404")
            turno.wait_until(lambda: events(ledger, "alarm_raised"), "the alarm")
            server.stop()
    said = [event["body"]["facts"] for event in events(ledger, "alarm_raised")]
    assert len(said) == 1 and said[0]["code"] == 3, said
    assert said[0]["about"] == witness_id(stranger.vkey) and said[0]["details"][0] == 404, said
    stranger.end()


def races(pair):
    """Of many first checkpoints at once exactly one passes; a crash forgets nothing."""
    ledger = pair.ledgers[1]
    notes = []
    with turno.Server(ledger, "--allow-unlocked") as server, server.client() as client:
        for _ in range(4):
            index = grow(client)
            turno.wait_until(lambda: size_of(note_of(client)) > index, "published")
            notes.append(note_of(client).decode())
        server.stop()
    for turn in range(3):
        witness = Witness(os.path.join(pair.base, f"wr{turn}"), "w.race.example",
                          [vkey_of(ledger)]).start()
        answers = []

        def post(note, witness=witness, answers=answers):
            answers.append((witness.post("old 0\n\n" + note), note))

        threads = [threading.Thread(target=post, args=(notes[i % len(notes)],)) for i in range(24)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        passed = [(answer, note) for answer, note in answers if answer[0] == 200]
        assert len(passed) == 1, [answer[0] for answer, _ in answers]
        size = size_of(passed[0][1].encode())
        for answer, _ in answers:
            assert answer[0] == 200 or answer == (409, "text/x.tlog.size", f"{size}\n"), answer
        witness.end(signal.SIGKILL)
        witness.start()
        assert size_of(witness.remembered("b.example/turno")) == size
        assert witness.post("old 0\n\n" + notes[0])[0] == 409
        again = witness.post(f"old {size}\n\n" + passed[0][1])
        assert again[0] == 200 and again[2].startswith("\u2014 w.race.example "), again
        witness.end()
    # A damaged memory is no memory: nothing is signed from it.
    path = os.path.join(witness.directory, "logs",
                        hashlib.sha256(b"b.example/turno").hexdigest())
    with open(path, "r+b") as file:
        file.seek(30)
        was = file.read(1)
        file.seek(30)
        file.write(b"8" if was == b"9" else b"9")
    turno.run("witness", witness.directory, "--listen", "127.0.0.1:0", "--log", witness.logs[0],
              expect=turno.DIFFERENCE)


def nonsense(pair):
    """Whatever a witness answers, nothing follows from it but what it signed."""
    ledger, real = pair.ledgers[0], pair.witnesses[0]
    other = Witness(os.path.join(pair.base, "wn"), "w.nonsense.example")
    line = "\u2014 w.nonsense.example " + \
        base64.b64encode(other.verifier.id + bytes(72)).decode() + "\n"
    servers = [Nonsense(answer) for answer in (
        None,                                              # slow
        b"",                                               # closes
        b"garbage\r\n\r\n",
        answer_of(200, b"garbage"),
        answer_of(200, b""),
        answer_of(200, b"x" * (1 << 20)),                  # oversized
        answer_of(200, ("\u2014 a b\n" * 3000).encode()),
        answer_of(200, line.encode()),                     # a known key's bad signature
        answer_of(409, b"007\n", "text/x.tlog.size"),
        answer_of(409, b"1", "text/x.tlog.size"),
        answer_of(409, b"busy"),
        answer_of(500, b"broken"),
        answer_of(429, b"later"),
        # To one that knows the log and would sign: whoever is asked answers, nobody else.
        b"HTTP/1.1 307 X\r\nLocation: " + pair.witnesses[1].url.encode() +
        b"/add-checkpoint\r\nContent-Length: 0\r\n\r\n",
    )]
    listed = [("real", real.vkey, real.url)]
    keys = [Witness(os.path.join(pair.base, f"wn{i}"), f"w.nonsense.example/{i}")
            for i in range(len(servers))]
    keys[7] = other
    keys[-1] = pair.witnesses[1]
    listed += [(f"n{i}", keys[i].vkey, f"http://127.0.0.1:{server.port}/")
               for i, server in enumerate(servers)]
    policy = write_policy(ledger, listed, "quorum real\n", "nonsense")
    with turno.Server(ledger, "--allow-unlocked", "--witnesses", policy) as server, \
            server.client() as client:
        for _ in range(4):
            index = grow(client, 2)
            note = signed_by_all(client, [pair.verifiers[0][0], real.verifier], above=index)
            assert signers(note, [key.verifier for key in keys]) == []
            assert len(note.decode().split("\n\n")[1].splitlines()) == 3
        turno.wait_until(lambda: all(server.asked for server in servers), "all were asked")
        turno.wait_until(lambda: status(client)["list"][1]["failures"] > 0, "the slow one gave up",
                         timeout=40)
        seen = status(client)
        assert seen["quorum"] == "met" and not seen["fork"], seen
        assert all(entry["failures"] > 0 for entry in seen["list"][1:]), seen
        # The last is a real one, which had signed before.
        assert all(entry["size"] == 0 for entry in seen["list"][1:-1]), seen
        server.stop()
    for kind in ("fork_seen", "alarm_raised"):
        assert not events(ledger, kind)
    turno.run("verify", ledger)


def over_https(pair):
    """A witness behind TLS signs for who trusts its certificate; nobody else believes it."""
    ledger, real = pair.ledgers[1], pair.witnesses[0]
    tls = Tls(pair.base, real.port)
    policy = write_policy(ledger, [("real", real.vkey, f"https://127.0.0.1:{tls.port}")],
                          "quorum real\n", "https")
    with turno.Server(ledger, "--allow-unlocked", "--witnesses", policy) as server, \
            server.client() as client:
        grow(client)
        seen = turno.wait_until(lambda: status(client)["list"][0]["failures"] and
                                status(client)["list"][0], "it is not believed")
        assert "certificate" in seen["answer"], seen
        server.stop()
    with turno.Server(ledger, "--allow-unlocked", "--witnesses", policy, "--ca-file",
                      tls.certificate) as server, server.client() as client:
        index = grow(client)
        signed_by_all(client, [pair.verifiers[1][0], real.verifier], above=index)
        server.stop()


def policies_that_are_none(pair):
    """A policy that cannot be read, or is for another log, is said at the start."""
    path = os.path.join(pair.base, "bad.policy")
    for text in ("", "quorum w\n", f"log {vkey_of(pair.ledgers[1])}\nquorum none\n"):
        with open(path, "w", encoding="ascii") as file:
            file.write(text)
        done = turno.run("serve", pair.ledgers[0], "--allow-unlocked", "--listen", "127.0.0.1:0",
                         "--witnesses", path, expect=(turno.USAGE, turno.ENVIRONMENT))
        assert "witness policy" in done.stderr, done.stderr
    turno.run("serve", pair.ledgers[0], "--hold-back", expect=turno.USAGE)


def main():
    turno.need_program()
    with turno.scratch() as base:
        pair = Pair(base)
        for test in (each_other, without_a_quorum, held_back, forked, strangers, races, nonsense,
                     over_https, policies_that_are_none):
            started = time.monotonic()
            test(pair)
            print(f"{test.__name__}: {time.monotonic() - started:.1f} s", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
