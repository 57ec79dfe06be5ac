"""Audits that must pass, and lies that must be named.

A liar with the ledger's own key (forge.c) tells one lie in a copy of a simulated ledger and hashes,
folds, seals and signs it as if it were true: `turno verify` has nothing to say, `turno audit` names
the entry and the rule. Over HTTP a proxy between the audit and a real server cuts, alters, hides and
redirects; what cannot be read is never taken for sound."""

import contextlib
import http.client
import http.server
import json
import os
import shutil
import sys
import threading

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
# pylint: disable=wrong-import-position
import notes
import turno

FORGE = os.path.join(turno.BUILD, "tests", "forge")
LIES = ("winner_swapped", "draw_twice", "request_dropped", "seat_too_many", "lapsed_early",
        "refused_for_nothing", "policy_early", "seal_of_another_row", "seniority_moved",
        "capacity_late", "refusal_repeated", "command_twice", "command_again", "day_unopened")


def forge(lie, directory, to):
    """A forged copy; what an audit must find in it, or None when nothing was forged."""
    done = turno.subprocess.run([FORGE, lie, directory, to], stdout=turno.subprocess.PIPE,
                                stderr=turno.subprocess.PIPE, timeout=120, check=False)
    assert done.returncode == 0, (lie, done.stderr.decode())
    return json.loads(done.stdout) if done.stdout else None


def audit(place, *options, expect=turno.DONE):
    done = turno.run("audit", place, "--json", *options, expect=expect)
    return json.loads(done.stdout)


def vkey(directory):
    return turno.run("key", directory, "--vkey").stdout.strip()


# ---- what is sound ----

def sound_ledgers_are_found_sound(base, directory):
    said = audit(directory)
    entries = json.loads(turno.run("verify", directory, "--json").stdout)["entries"]
    assert said["outcome"] == "sound" and said["entries"] == entries, said
    assert said["commands"] > 1000 and said["refusals"] > 0 and said["draws"] == 4, said
    # In this season a port is suspended and resumed, groups merge, and a policy changes.
    kinds = turno.run("log", directory).stdout
    for kind in ("port_suspended", "port_resumed", "registration_merged", "command_refused"):
        assert f'"kind":"{kind}"' in kinds, kind
    assert kinds.count('"kind":"policy_published"') == 2
    assert said["seals"] == kinds.count('"kind":"state_sealed"') > 0, said
    assert said["seals_taken"] == 0, said
    asked = kinds.count('"kind":"appointment_requested"') + kinds.count('"kind":"request_replaced"')
    assert said["attested"]["zone_result"] >= asked, said
    assert said["attested"]["day_instants"] == kinds.count('"kind":"day_opened"')
    words = turno.run("audit", directory).stdout
    assert "zone_result" in words and "decided again" in words, words
    copied = os.path.join(base, "copied")
    assert forge("nothing", directory, copied) is None
    again = audit(copied)
    assert again["outcome"] == "sound" and again["commands"] == said["commands"], again
    return said


def a_sample_says_which_part_it_took(directory, whole):
    said = audit(directory, "--sample", "1/4", "--seed", "7")
    taken = said["commands"]
    assert said["sample"] == {"ppm": 250000, "seed": 7,
                              "left_out": whole["commands"] - taken}, said
    assert whole["commands"] / 8 < taken < whole["commands"] / 2, said
    assert said["draws"] == whole["draws"] and said["seals"] == whole["seals"], said
    assert audit(directory, "--sample", "250000", "--seed", "7")["commands"] == taken
    assert audit(directory, "--sample", "1/4", "--seed", "8")["commands"] != taken
    assert "a sample" in turno.run("audit", directory, "--sample", "1/4").stdout


# ---- lies ----

def every_lie_is_named(base, directory):
    for lie in LIES:
        forged = os.path.join(base, lie)
        told = forge(lie, directory, forged)
        turno.run("verify", forged)
        said = audit(forged, expect=turno.DIFFERENCE)
        found = said["finding"]
        assert (found["index"], found["rule"]) == (told["index"], told["rule"]), (lie, told, found)
        assert said["outcome"] == "difference" and found["words"], (lie, said)
        assert found["found"] is not None and found["found"]["index"] == told["index"], (lie, found)
        assert found["expected"] != found["found"], (lie, found)
        if lie in ("winner_swapped", "command_twice"):
            words = turno.run("audit", forged, expect=turno.DIFFERENCE).stdout
            assert words.startswith(f"DIFFERENCE at entry {told['index']}, rule {told['rule']}: ")
        print(f"  {lie}: entry {told['index']}, {told['rule']}: {found['words']}")
        if lie != "winner_swapped":
            shutil.rmtree(forged)


def a_draw_is_taken_again_in_every_sample(base):
    forged = os.path.join(base, "winner_swapped")
    said = audit(forged, "--sample", "1", "--seed", "1", expect=turno.DIFFERENCE)
    assert said["finding"]["rule"] == "draw", said


def a_tile_that_is_not_its_entries_is_named(base, directory):
    altered = os.path.join(base, "tile_altered")
    forge("tile_altered", directory, altered)
    said = audit(altered, expect=turno.DIFFERENCE)
    assert said["finding"]["rule"] in ("tile", "log"), said
    # There are no events to compare: the words say all.
    words = turno.run("audit", altered, expect=turno.DIFFERENCE).stdout
    assert words.startswith("DIFFERENCE") and "expected" not in words.split("what comes")[0], words


# ---- over HTTP ----

class Proxy:
    """Between an audit and a server: passes on what it is asked for, but for one path."""

    def __init__(self, port):
        self.behind = port
        self.path = None
        self.change = None
        self.asked = []
        proxy = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):  # pylint: disable=invalid-name
                proxy.asked.append((self.path, self.headers.get("Authorization")))
                connection = http.client.HTTPConnection("127.0.0.1", proxy.behind, timeout=30)
                token = self.headers.get("Authorization")
                connection.request("GET", self.path,
                                   headers={"Authorization": token} if token else {})
                answer = connection.getresponse()
                status, body, headers = answer.status, answer.read(), {}
                connection.close()
                if proxy.change and self.path.endswith(proxy.path):
                    status, body, headers = proxy.change(status, body)
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                with contextlib.suppress(OSError):
                    self.wfile.write(body)

            def log_message(self, *_):
                pass

        class Quiet(http.server.ThreadingHTTPServer):
            def handle_error(self, *_):
                """An audit that has seen enough hangs up."""

        self.server = Quiet(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/log"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def set(self, path, change):
        self.path, self.change = path, change
        self.asked = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


def flip(status, body):
    return status, body[:40] + bytes([body[40] ^ 1]) + body[41:], {}


def what_cannot_be_read_is_never_sound(proxy, key):
    bundle = "/log/tile/entries/002"
    for name, path, change in (
            ("an answer of 500", bundle, lambda *_: (500, b"", {})),
            ("no such bundle", bundle, lambda *_: (404, b"", {})),
            ("a bundle that was cut", bundle, lambda status, body: (status, body[:-7], {})),
            ("a bundle with more behind it", bundle, lambda status, body: (status, body + b"x", {})),
            ("a redirect", bundle, lambda *_: (302, b"", {"Location": "http://127.0.0.1:9/"})),
            ("a tile that was cut", "/log/tile/0/003",
             lambda status, body: (status, body[:-32], {})),
            ("a tile that never ends", "/log/tile/0/003",
             lambda status, body: (status, body * 50, {})),
            ("no checkpoint", "/log/checkpoint", lambda *_: (503, b"", {})),
            ("a checkpoint that is none", "/log/checkpoint", lambda *_: (200, b"hello\n", {}))):
        proxy.set(path, change)
        said = audit(proxy.url, "--key", key, expect=turno.INCOMPLETE)
        assert said["outcome"] == "incomplete" and said["unread"], (name, said)
        print(f"  {name}: {said['unread'][:100]}")
    proxy.set(bundle, lambda *_: (500, b"", {}))
    audit(proxy.url, "--key", key, expect=turno.INCOMPLETE)
    tries = [path for path, _ in proxy.asked if path.endswith(bundle)]
    assert len(tries) == 3, tries


def what_was_altered_on_the_way_is_a_difference(proxy, key, other_key):
    for name, path, change, rules in (
            ("a hash tile", "/log/tile/0/001", flip, ("tile",)),
            ("a tile of tiles", ".p/47", flip, ("tile",)),
            ("an entry", "/log/tile/entries/001", flip, None),
            ("the checkpoint's root", "/log/checkpoint",
             lambda status, body: (status, body.replace(b"\n\n", b"x\n\n", 1), {}), None)):
        proxy.set(path, change)
        said = audit(proxy.url, "--key", key, expect=(turno.DIFFERENCE, turno.INCOMPLETE))
        assert said["outcome"] != "sound", (name, said)
        if rules:
            assert said["finding"]["rule"] in rules, (name, said)
    proxy.set("", None)
    said = audit(proxy.url, "--key", other_key, expect=turno.DIFFERENCE)
    assert said["finding"]["rule"] == "checkpoint", said


def the_log_must_go_on_from_where_it_was(base, directory, server, proxy, key):
    work = os.path.join(base, "work")
    proxy.set("", None)
    first = audit(proxy.url, "--key", key, "--work", work)
    remembered = os.path.join(work, "checkpoint")
    with open(remembered, "rb") as file:
        assert int(file.read().split(b"\n")[1]) == first["entries"]
    turno.advance(directory, 24)
    with server.client() as client:
        turno.wait_until(lambda: turno.checkpoint(client)[0] > first["entries"], "a checkpoint")
    longer = audit(proxy.url, "--key", key, "--work", work)
    assert longer["entries"] > first["entries"]
    # A rewritten log of the same key, held against what was remembered of the true one.
    forged = os.path.join(base, "winner_swapped")
    said = audit(forged, "--since", remembered, expect=turno.DIFFERENCE)
    assert said["finding"]["rule"] == "draw", said
    fork = os.path.join(base, "fork")
    forge("refused_for_nothing", directory, fork)
    said = audit(fork, "--sample", "1", "--seed", "5", "--since", remembered,
                 expect=turno.DIFFERENCE)
    assert said["finding"]["rule"] in ("consistency", "validate"), said
    assert audit(directory, "--since", remembered)["outcome"] == "sound"


def cosigned_by(*signers, spoilt=()):
    """A change of a checkpoint: with cosignatures of these, and wrong ones of those."""
    def change(status, body):
        text = body.decode().split("\n\n")[0] + "\n"
        lines = [signer.cosignature_line(text, 1_700_000_000) for signer in signers]
        lines += [signer.cosignature_line(text + "x", 1_700_000_000) for signer in spoilt]
        return status, body + "".join(lines).encode(), {}
    return change


def a_quorum_of_witnesses_is_asked_for(base, directory, proxy, key, other_key):
    """By a policy file: two of three, or what it says else."""
    witnesses = [notes.Signer(f"w{i}.example", f"w{i}", notes.COSIGNATURE) for i in range(3)]
    listed = "".join(f"witness n{i} {one.vkey}\n" for i, one in enumerate(witnesses))

    def policy(lines, log=key):
        return notes.write(os.path.join(base, "witness-policy"),
                           (f"log {log}\n" + listed + lines).encode())

    two = "group two 2 n0 n1 n2\nquorum two\n"
    for name, change, lines, found, signed in (
            ("nobody signed", cosigned_by(), two, "quorum", []),
            ("one is not enough", cosigned_by(witnesses[1]), two, "quorum", ["n1"]),
            ("a stranger counts for nothing",
             cosigned_by(witnesses[1], notes.Signer("w0.example", "x", notes.COSIGNATURE)), two,
             "quorum", ["n1"]),
            ("two are", cosigned_by(witnesses[2], witnesses[0]), two, None, ["n0", "n2"]),
            ("the wrong two for this", cosigned_by(witnesses[2], witnesses[0]),
             "group all all n0 n1\nquorum all\n", "quorum", ["n0", "n2"]),
            ("a bad line of one who is known spoils all",
             cosigned_by(*witnesses[:2], spoilt=witnesses[2:]), two, "cosignature", []),
            ("none is asked for", cosigned_by(), "quorum none\n", None, [])):
        proxy.set("/log/checkpoint", change)
        said = audit(proxy.url, "--key", key, "--policy", policy(lines),
                     expect=turno.DIFFERENCE if found else turno.DONE)
        assert said["quorum"] == {"met": found is None, "signed": signed}, (name, said)
        assert found is None or said["finding"]["rule"] == found, (name, said)
    said = audit(proxy.url, "--key", key, "--policy", policy(two, other_key),
                 expect=turno.DIFFERENCE)
    assert said["finding"]["rule"] == "quorum" and "other logs" in said["finding"]["words"], said
    proxy.set("/log/checkpoint", cosigned_by(*witnesses))
    words = turno.run("audit", proxy.url, "--key", key, "--policy", policy(two)).stdout
    assert "the quorum of the witness policy is met, by: n0 n1 n2\n" in words, words
    proxy.set("/log/checkpoint", lambda *_: (503, b"", {}))
    audit(proxy.url, "--key", key, "--policy", policy(two), expect=turno.INCOMPLETE)
    proxy.set("", None)
    # The ledger's own directory has what its server gathered: nothing, here.
    said = audit(directory, "--policy", policy(two), expect=turno.DIFFERENCE)
    assert said["finding"]["rule"] == "quorum", said
    for lines in ("quorum five\n", "", "quorum none\nquorum none\n"):
        done = turno.run("audit", directory, "--policy", policy(lines), expect=turno.USAGE)
        assert "witness policy" in done.stderr, done
    turno.run("audit", directory, "--policy", base + "/no-such", expect=turno.ENVIRONMENT)


def a_real_ledger_needs_a_token(base):
    directory = os.path.join(base, "real")
    turno.run("init", directory, "--allow-unlocked")
    token = turno.run("officer", directory, "add", "auditor@example.org", "--role",
                      "auditor").stdout.strip().split("\n")[-1]
    key = vkey(directory)
    with turno.Server(directory, "--allow-unlocked") as server, Proxy(server.port) as proxy:
        said = audit(proxy.url, "--key", key, expect=turno.INCOMPLETE)
        assert "--token" in said["unread"], said
        said = audit(proxy.url, "--key", key, "--token", "nobody", expect=turno.INCOMPLETE)
        assert "the token that --token gave is nobody's" in said["unread"], said
        proxy.set("", None)
        assert audit(proxy.url, "--key", key, "--token", token)["outcome"] == "sound"
        # Nobody else than the bundles learns it.
        with_token = {path for path, sent in proxy.asked if sent}
        assert with_token and all("/tile/entries/" in path for path in with_token), with_token
        server.stop()


def wrong_usage_is_said(directory, key):
    for arguments in ((), (directory, "more"), (directory, "--nonsense"), (directory, "--key", "x"),
                      ("http://127.0.0.1:9/log",), (directory, "--sample", "0"),
                      (directory, "--sample", "1/0"), (directory, "--sample", "2000000"),
                      (directory, "--seed", "x"), (directory, "--witness", "x")):
        turno.run("audit", *arguments, expect=turno.USAGE)
    turno.run("audit", os.path.join(directory, "missing"), expect=turno.ENVIRONMENT)
    turno.run("audit", directory, "--since", "/dev/null", expect=turno.USAGE)
    said = audit(directory, "--witness", key, expect=turno.DONE)
    assert said["cosigned"] == ["localhost/turno"], said


def main():
    turno.need_program(FORGE)
    with turno.scratch() as base:
        directory = os.path.join(base, "ledger")
        turno.simulate(directory, 4, 0.01, 4, "--start", "2024-03-01")
        key = vkey(directory)
        whole = sound_ledgers_are_found_sound(base, directory)
        a_sample_says_which_part_it_took(directory, whole)
        wrong_usage_is_said(directory, key)
        every_lie_is_named(base, directory)
        a_draw_is_taken_again_in_every_sample(base)
        a_tile_that_is_not_its_entries_is_named(base, directory)
        other = os.path.join(base, "other")
        turno.simulate(other, 1, 0.001, 9)
        with turno.Server(directory) as server, Proxy(server.port) as proxy:
            assert audit(proxy.url, "--key", key)["commands"] == whole["commands"]
            what_cannot_be_read_is_never_sound(proxy, key)
            what_was_altered_on_the_way_is_a_difference(proxy, key, vkey(other))
            a_quorum_of_witnesses_is_asked_for(base, directory, proxy, key, vkey(other))
            the_log_must_go_on_from_where_it_was(base, directory, server, proxy, key)
            server.stop()
        with turno.Server(os.path.join(base, "winner_swapped")) as server:
            said = audit(f"http://127.0.0.1:{server.port}/log/", "--key", key,
                         expect=turno.DIFFERENCE)
            assert said["finding"]["rule"] == "draw", said
            server.stop()
        a_real_ledger_needs_a_token(base)
    print("sound ledgers are sound, and every lie is named")


if __name__ == "__main__":
    main()
