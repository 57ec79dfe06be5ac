"""Commands beside a running server, and without one (DESIGN, "The program").

A command that reads opens the database beside the server and sees what is committed, while the server
is being written to. A command that writes goes to the server over its socket. Without a server both
open the ledger themselves. A ledger has one writer: a second server refuses."""

import hashlib
import json
import os
import shutil
import stat
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
# pylint: disable=wrong-import-position
import turno
from turno import expect

AUDIT = os.path.join(turno.HERE, "..", "golden", "audit_log.py")
# In a domain that the first policy in force lists.
OFFICER = "officer@inm.gob.mx"
PROJECTIONS = ("queue", "seats", "registrations", "validation", "access")


class Load(turno.Asking):
    """Registrations one after the other, so that what reads beside the server meets change."""

    def __init__(self, server, number):
        super().__init__(server)
        self.number = number
        self.count = 0

    def step(self):
        turno.register(self.client, turno.family(self.number * 100000 + self.count))
        self.count += 1
        time.sleep(0.02)


def read_commands(directory, size):
    """Each answers, agrees with what was committed before, and changes nothing."""
    indices = [json.loads(line)["index"] for line in
               turno.run("log", directory).stdout.splitlines()]
    assert indices == list(range(len(indices))) and len(indices) >= size, (size, indices[-3:])
    backwards = turno.run("log", directory, "--backwards", "--from", 3, "--to", 9).stdout
    assert [json.loads(line)["index"] for line in backwards.splitlines()] == list(range(9, 2, -1))
    created = turno.run("log", directory, "--kind", "registration_created").stdout.splitlines()
    assert created and all('"kind":"registration_created"' in line for line in created)
    stream = json.loads(created[0])["body"]["facts"]["registration"]
    assert stream in turno.run("log", directory, "--stream", stream).stdout
    for projection in PROJECTIONS:
        rows = turno.run("state", directory, projection).stdout.splitlines()
        # Nobody has an appointment yet where nothing was drawn.
        assert (rows or projection == "validation") and all(json.loads(row) for row in rows)
    early = turno.run("state", directory, "registrations", "--at", 5).stdout.splitlines()
    late = turno.run("state", directory, "registrations").stdout.splitlines()
    assert len(early) < len(late)
    entries = json.loads(turno.run("verify", directory, "--json").stdout)["entries"]
    assert entries >= size
    json.loads(turno.run("policy", directory, "show").stdout)
    assert turno.run("policy", directory, "show", 1).stdout
    return entries


def proofs(base, directory, client):
    size, _ = turno.checkpoint(client)
    vkey = turno.run("key", directory, "--vkey").stdout.strip()
    for index in (0, size // 2, size - 1):
        path = os.path.join(base, "proof")
        with open(path, "w", encoding="utf-8") as file:
            file.write(turno.run("prove", directory, index).stdout)
        turno.run("check-proof", path, "--key", vkey)
    return vkey


def approvers(directory):
    """Two who may approve: genesis enrols them."""
    lines = turno.run("log", directory, "--kind", "officer_enrolled", "--to", 2).stdout.splitlines()
    found = [json.loads(line)["body"]["facts"]["officer"] for line in lines]
    assert len(found) == 2, "genesis enrolled no two policy owners"
    return ["--approve", found[0], "--approve", found[1], "--reason", "test"]


def anchored(directory):
    return len(turno.run("log", directory, "--kind", "chain_anchored").stdout.splitlines())


def try_out(directory, approved):
    """--dry-run says what the rule would say, and writes nothing."""
    chain = directory + ".witness.json"
    with open(chain, "w", encoding="utf-8") as file:
        file.write(turno.run("drawd", directory + ".witness", "--create", "--first-day",
                             "2099-01-01", "--owner", "9f" * 16, "--allow-unlocked").stdout)
    before = anchored(directory)
    tried = json.loads(turno.run("policy", directory, "anchor-chain", chain, "--dry-run").stdout)
    assert tried["dry_run"] and tried["events"] == 1, tried
    assert anchored(directory) == before
    turno.run("policy", directory, "anchor-chain", chain, *approved, expect=turno.USAGE)
    turno.run("policy", directory, "anchor-chain", chain)
    assert anchored(directory) == before + 1
    turno.run("policy", directory, "anchor-chain", chain, "--dry-run", expect=turno.REFUSED)
    suspend = ["suspend", turno.PORT, "--honour-before", "2099-01-01", *approved, "--dry-run"]
    for _ in range(2):
        assert json.loads(turno.run("policy", directory, *suspend).stdout)["dry_run"]


def what_falls(directory):
    """A suspension that honours nothing, tried out: every appointment of the port falls."""
    tried = json.loads(turno.run("policy", directory, "suspend", turno.PORT, "--honour-before",
                                 "2023-01-01", *approvers(directory), "--dry-run").stdout)
    kinds = tried["kinds"]
    assert kinds["port_suspended"] == 1 and sum(kinds.values()) == tried["events"], tried
    assert kinds.get("offer_declined", 0) + kinds.get("appointment_cancelled", 0) > 0, tried


def write_commands(directory, email):
    """An officer who can ask at once, a port suspended and resumed, a rebuild."""
    made = turno.run("officer", directory, "add", email)
    token = made.stdout.strip().split("\n")[-1]
    assert len(token) == 64 and int(token, 16) >= 0, made
    # What is said on standard error is kept in journals: what was done, never the token.
    assert token not in made.stderr, "the token is told on standard error"
    said = dict(line.split(" ", 1) for line in made.stderr.splitlines())
    enrolled = json.loads(turno.run("log", directory, "--from", said["index"], "--to",
                                    said["index"]).stdout)
    assert enrolled["body"]["facts"]["officer"] == said["officer"], (said, enrolled)
    turno.run("officer", directory, "add", email, expect=turno.REFUSED)
    approved = approvers(directory)
    try_out(directory, approved)
    turno.run("policy", directory, "suspend", turno.OTHER_PORT, "--honour-before", "2099-01-01",
              *approved)
    turno.run("policy", directory, "suspend", turno.OTHER_PORT, "--honour-before", "2099-01-01",
              *approved, expect=turno.REFUSED)
    turno.run("policy", directory, "resume", turno.OTHER_PORT, *approved[:2], "--reason", "test",
              expect=(turno.REFUSED, turno.USAGE))
    turno.run("policy", directory, "resume", turno.OTHER_PORT, *approved)
    rebuilt = turno.run("rebuild", directory, "--json").stdout
    report = json.loads(rebuilt)
    names = [projection["name"] for projection in report["projections"]]
    # A server keeps `streams` beside the desk by itself; without one it is rebuilt with the others.
    assert names[:5] == ["queue", "seats", "registrations", "validation", "access"], rebuilt
    assert names[5:] in ([], ["streams"]), rebuilt
    assert all(projection["equal"] for projection in report["projections"]), rebuilt
    one = json.loads(turno.run("rebuild", directory, "queue", "--json").stdout)
    assert [projection["name"] for projection in one["projections"]] == ["queue"], one
    return token


def second_server(directory, server):
    done = turno.run("serve", directory, "--listen", f"127.0.0.1:{turno.free_port()}",
                     expect=turno.ENVIRONMENT, timeout=30)
    assert "another" in done.stderr or "in use" in done.stderr or "lock" in done.stderr, done.stderr
    port_taken = turno.run("serve", directory + "-other", "--listen", f"127.0.0.1:{server.port}",
                           expect=turno.ENVIRONMENT, timeout=30)
    assert port_taken.stderr, port_taken
    assert server.alive()


def simulated(base):
    """Under load."""
    directory = os.path.join(base, "ledger")
    turno.simulate(directory, 1, 0.0005, 11)
    turno.simulate(directory + "-other", 1, 0.0005, 12)
    with turno.Server(directory) as server, server.client() as client:
        mode = stat.S_IMODE(os.stat(os.path.join(directory, "turno.sock")).st_mode)
        assert mode == 0o600, f"the socket has mode {mode:o}"
        second_server(directory, server)
        loads = [Load(server, number) for number in (1, 2)]
        for load in loads:
            load.start()
        size = 0
        for _ in range(3):
            _, _, index = turno.register(client, turno.family(9000 + size))
            size = read_commands(directory, index + 1)
        what_falls(directory)
        token = write_commands(directory, OFFICER.replace("@inm.gob.mx", "@agency1.example"))
        expect(client.post("/v1/validations", turno.validation("7K3Q-F9X2-MHDY", "1990-01-01"),
                           token=token), 200)
        for load in loads:
            load.end()
        proofs(base, directory, client)
        server.stop()
    read_commands(directory, size)
    print(f"beside a server under load ({sum(load.count for load in loads)} registrations): every "
          "command agrees")


def what_is_not_opened(base, directory):
    """Nothing was compared, so nothing differs: another root key, a later program's files, no folder
    for what a reader keeps."""
    with open(directory + ".root-key", encoding="ascii") as file:
        root = file.read()
    for name, text in (("other", root[::-1].strip() + "\n"), ("malformed", root[1:])):
        path = os.path.join(base, name + ".root-key")
        with open(path, "w", encoding="ascii") as file:
            file.write(text)
        os.chmod(path, 0o400)
        done = turno.run("serve", directory, "--root-key", path, "--allow-unlocked",
                         expect=turno.ENVIRONMENT)
        assert "root key" in done.stderr, done.stderr
    for name in ("keys", "keys.2"):
        path = os.path.join(directory, name)
        shutil.copy(path, path + ".kept")
        with open(path, "r+b") as file:
            content = bytearray(file.read())
            content[8] += 1 # the version; the last 32 bytes are the hash of all others
            content[-32:] = hashlib.sha256(content[:-32]).digest()
            file.seek(0)
            file.write(content)
    done = turno.run("serve", directory, "--allow-unlocked", expect=turno.ENVIRONMENT)
    assert "version" in done.stderr, done.stderr
    for name in ("keys", "keys.2"):
        os.replace(os.path.join(directory, name + ".kept"), os.path.join(directory, name))
    for command in ("verify", "audit"):
        done = turno.run(command, directory, env={"TMPDIR": "/nonexistent"},
                         expect=turno.ENVIRONMENT)
        assert "TMPDIR" in done.stderr and not done.stdout, done
    turno.run("officer", directory, "add", "officer@elsewhere.example", expect=turno.REFUSED)


def real(base):
    """By `turno init`; an auditor reads what the public may not."""
    directory = os.path.join(base, "real")
    turno.run("init", directory, "--allow-unlocked", "--origin", "ledger.example/turno")
    root_key = os.stat(directory + ".root-key")
    assert stat.S_IMODE(root_key.st_mode) == 0o400, f"{root_key.st_mode:o}"
    token = write_commands(directory, OFFICER)
    auditor = turno.run("officer", directory, "add", "auditor@oversight.example", "--role",
                        "auditor").stdout.split()[-1]
    with turno.Server(directory, "--allow-unlocked") as server, server.client() as client:
        expect(client.post("/v1/validations", turno.validation("7K3Q-F9X2-MHDY", "1990-01-01"),
                           token=token), 200)
        turno.register(client, turno.family(1))
        size, _ = turno.checkpoint(client)
        read_commands(directory, size)
        for path in ("/v1/events", f"/log/tile/entries/000.p/{size}"):
            expect(client.get(path), 401)
            expect(client.get(path, token=token), 403)
            expect(client.get(path, token=auditor), 200)
        vkey = proofs(base, directory, client)
        assert vkey.startswith("ledger.example/turno+"), vkey
        done = subprocess.run([sys.executable, AUDIT, f"http://127.0.0.1:{server.port}/log", vkey,
                               "--token", auditor], stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=120, check=False)
        print(done.stdout.decode().strip())
        assert done.returncode == 0
        turno.run("simulate", directory, "--advance", 1, expect=(turno.REFUSED, turno.USAGE,
                                                                 turno.ENVIRONMENT))
        server.stop()
    what_is_not_opened(base, directory)
    turno.run("verify", directory)
    turno.run("audit", directory)


def keys_elsewhere(base):
    """A root key at a place of its own, on a system that locks no memory: whoever opens the keys must be
    told, and can be."""
    directory, key = os.path.join(base, "apart"), os.path.join(base, "keys-apart")
    where = ["--root-key", key, "--allow-unlocked"]
    turno.run("init", directory, *where, before=turno.lock_no_memory)
    approved = approvers(directory)
    for command, codes in (
            (["officer", directory, "add", OFFICER], turno.DONE),
            (["policy", directory, "suspend", turno.OTHER_PORT, "--honour-before", "2099-01-01",
              *approved], turno.DONE),
            (["policy", directory, "resume", turno.OTHER_PORT, *approved], turno.DONE),
            (["resume", directory], turno.REFUSED), # nothing is paused
            (["rebuild", directory], turno.DONE),
            (["draw", directory, "2024-06-03", "--reveal", "00" * 16 + "=" + "00" * 32],
             turno.REFUSED),
            (["prove", directory, 1, "--openings"], turno.DONE)):
        for less in ([], where[2:], where[:2]):
            turno.run(*command, *less, expect=turno.ENVIRONMENT, before=turno.lock_no_memory)
        done = turno.run(*command, *where, expect=codes, before=turno.lock_no_memory)
        # Only whoever opens the ledger to write says it, and once.
        assert done.stderr.count("written to swap") == (command[0] != "prove"), done.stderr
    return directory, where


def damaged_copies(directory, where):
    """A copy of a key file that is damaged or missing is made again, and that is said once."""
    for name in ("keys", "epochs.2"):
        path = os.path.join(directory, name)
        with open(path, "rb") as file:
            whole = file.read()
        for damage in (b"", whole[:-1] + bytes([whole[-1] ^ 1]), None):
            os.remove(path)
            if damage is not None:
                with open(path, "wb") as file:
                    file.write(damage)
            said = turno.run("resume", directory, *where, expect=turno.REFUSED).stderr
            assert said.count("damaged or missing") == 1 and "swap" not in said, said
            with open(path, "rb") as file:
                assert file.read() == whole
            said = turno.run("resume", directory, *where, expect=turno.REFUSED).stderr
            assert "damaged" not in said, said
    os.remove(path)
    with turno.Server(directory, *where) as server:
        assert server.talk().count("damaged or missing") == 1, server.talk()
        server.stop()


def main():
    turno.need_program()
    with turno.scratch() as base:
        if not turno.sanitized(): # keys_test meets the same damage with it, in far less time
            damaged_copies(*keys_elsewhere(base))
        simulated(base)
        real(base)
    return 0


if __name__ == "__main__":
    sys.exit(main())
