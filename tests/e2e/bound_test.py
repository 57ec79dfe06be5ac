"""Draws that the operator cannot steer, for real: a served ledger in mode 1 with a witness and a public
manual draw runs two days, and one with a NIST beacon's pulses; what it publishes is recomputed by the
program and, byte for byte, by the second implementation. Then the operator's chain is lost: days are void, their requests are drawn when
`turno drawd` serves its new chain, and not before."""

import calendar
import json
import os
import signal
import socket
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
# pylint: disable=wrong-import-position
import pulses
import turno
from turno import DONE, REFUSED, expect

TWIN = os.path.join(turno.HERE, "..", "golden", "draw.py")
WITNESS = "9f" * 16
NUMBERS = "3.17.21.40."
POLICY_OWNER = 6


def admin(directory, command, body):
    connection = turno.Local(os.path.join(directory, "turno.sock"))
    connection.request("POST", "/admin/" + command, body=json.dumps(body),
                       headers={"Content-Type": "application/json"})
    answer = connection.getresponse()
    text = answer.read()
    connection.close()
    assert answer.status == 200, text
    return json.loads(text)


def to(directory, instant):
    return admin(directory, "advance", {"to": instant})


def after(instant, seconds):
    at = time.mktime(time.strptime(instant[:19], "%Y-%m-%dT%H:%M:%S")) + seconds
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.localtime(at))


def write(path, text):
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    return path


def approvals(directory):
    """Two who own the policy, as the options that name them."""
    rows = map(json.loads, turno.run("state", directory, "access").stdout.splitlines())
    owners = [row["key"] for row in rows
              if row["table"] == "officer" and row["row"].get("role") in (POLICY_OWNER,
                                                                           "policy_owner")]
    assert len(owners) >= 2, owners
    return ["--approve", owners[0], "--approve", owners[1]]


def publish(base, directory, approve, now, change):
    policy = json.loads(turno.run("policy", directory, "show").stdout)
    policy["version"] += 1
    policy["effective"] = after(now, 60)
    change(policy)
    path = write(os.path.join(base, "policy.json"), json.dumps(policy))
    turno.run("policy", directory, "publish", path, "--reason", "test", *approve)


def page(client, day):
    return expect(client.get(f"/v1/days/{day}"), 200).json


def state_is(client, day, state):
    seen = turno.wait_until(lambda: page(client, day)["state"] == state and page(client, day),
                            f"{day} {state}: {page(client, day)}")
    return turno.described(client, "/v1/days/{day}", seen)


class Drawd:
    """`turno drawd` on a chain of its own."""

    def __init__(self, folder, first_day, owner=None):
        self.folder = folder
        self.socket = folder + ".sock"
        self.process = None
        more = ["--owner", owner] if owner else []
        self.chain = write(folder + ".json", turno.run(
            "drawd", folder, "--create", "--first-day", first_day, "--allow-unlocked",
            *more).stdout)
        turno.run("drawd", folder, "--create", "--first-day", first_day,
                  expect=turno.ENVIRONMENT) # never anew

    def start(self):
        self.process = subprocess.Popen([turno.PROGRAM, "drawd", self.folder, "--listen",
                                         self.socket, "--simulated", "--allow-unlocked"],
                                        stderr=subprocess.DEVNULL,
                                        preexec_fn=turno.die_with_parent)
        turno._running[self.process.pid] = self.process
        turno.wait_until(self.answers, "drawd")

    def answers(self):
        with socket.socket(socket.AF_UNIX) as probe:
            try:
                probe.connect(self.socket)
                probe.sendall(b"?\n")
                return probe.recv(100).startswith(b"refused")
            except OSError:
                return False

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def ask(self, day, root, code=DONE):
        return turno.run("drawd", "--ask", self.socket, "--day", day, "--root", root,
                         expect=code).stdout.strip()


def close_day(directory, client, day):
    """Move to a second after the close; the page of the closed day."""
    to(directory, after(page(client, day)["closes"], 1))
    return state_is(client, day, "closed")


def refused_for(done, code):
    assert code in done.stderr, (code, done.stderr)


def bind_day(base, directory, client, approve, day, witness):
    """What people and machines do between the close and the draw; each thing wrong first."""
    early = turno.run("draw", directory, day, "--reveal", f"{WITNESS}={'00' * 32}", expect=REFUSED)
    refused_for(early, "reveal_too_early")
    closed = close_day(directory, client, day)
    assert closed["mode"] == 1 and closed["awaits"] == ["witnesses", "beacon", "operator"], closed
    assert closed["witnesses"] == [{"id": WITNESS, "state": "awaited"}], closed
    wrong = turno.run("draw", directory, day, "--reveal", f"{WITNESS}={'11' * 32}", expect=REFUSED)
    refused_for(wrong, "secret_wrong")
    secret = witness.ask(day, closed["root"])
    turno.run("draw", directory, day, "--reveal", f"{WITNESS}={secret}")
    again = turno.run("draw", directory, day, "--reveal", f"{WITNESS}={secret}", expect=REFUSED)
    refused_for(again, "witness_already_revealed")
    typed = write(os.path.join(base, "typed"), NUMBERS + "\n")
    other = write(os.path.join(base, "other"), "3.17.21.\n")
    beacon = ["draw", directory, day, "--beacon", "manual=" + typed, "--again"]
    refused_for(turno.run(*beacon, typed, *approve, expect=REFUSED), "beacon_too_early")
    to(directory, after(page(client, day)["beacon"]["at_or_after"], 1))
    refused_for(turno.run(*beacon, typed, expect=REFUSED), "approvers_missing")
    refused_for(turno.run(*beacon, other, *approve, expect=REFUSED), "beacon_typed_differently")
    turno.run(*beacon, typed, *approve)
    assert page(client, day)["awaits"] == ["operator"]
    to(directory, after(closed["draw"], 1))
    return state_is(client, day, "completed")


def recompute(base, directory, client, day):
    """Auditors' and public transcripts: the program without a ledger, and the twin, byte for byte."""
    path = os.path.join(base, "transcript.json")
    for audience in ("auditor", "public"):
        printed = turno.run("draw", directory, day, "--transcript", "--audience", audience,
                            text=False).stdout
        with open(path, "wb") as file:
            file.write(printed)
        turno.run("draw", "--recompute", path)
        twin = subprocess.run([sys.executable, TWIN, path], stdout=subprocess.PIPE, check=True)
        assert twin.stdout == printed, f"{audience} transcript of {day} is another by the twin"
    assert expect(client.get(f"/v1/days/{day}/draw"), 200).body == printed
    return json.loads(printed)


def stamp_of(instant, minutes):
    """That of the first full minute at or after `instant`, and so many more."""
    seconds = calendar.timegm(time.strptime(instant[:19], "%Y-%m-%dT%H:%M:%S"))
    seconds += 1 if instant[19:].strip(".0Z") else 0
    return time.strftime("%Y-%m-%dT%H:%M:%S.000Z",
                         time.gmtime((seconds + 59) // 60 * 60 + 60 * minutes))


def bind_by_pulse(base, directory, client, beacon, day):
    """The one pulse that the rule fixed, and no other."""
    closed = close_day(directory, client, day)
    assert closed["mode"] == 1 and closed["awaits"] == ["beacon", "operator"], closed
    at = page(client, day)["beacon"]["at_or_after"]

    def record(signer, minutes, spoil=None):
        pulse, output = signer.pulse(77_000 + minutes, stamp_of(at, minutes), spoil)
        return "nist=" + write(os.path.join(base, "pulse"), pulse), output

    def refused(code, *which):
        refused_for(turno.run("draw", directory, day, "--beacon", record(*which)[0],
                              expect=REFUSED), code)

    refused("beacon_too_early", beacon, 0)
    to(directory, after(at, 1))
    refused("beacon_wrong", beacon, -1)
    refused("beacon_wrong", beacon, 1)
    refused("beacon_wrong", pulses.Beacon(base, "another"), 0)
    refused("beacon_wrong", beacon, 0, lambda pulse: pulse.update(pulseIndex=77_001))
    refused("beacon_wrong", beacon, 0, lambda pulse: pulse.update(outputValue="00" * 64))
    assert page(client, day)["awaits"] == ["beacon", "operator"]
    right, output = record(beacon, 0)
    turno.run("draw", directory, day, "--beacon", right)
    refused("beacon_not_awaited", beacon, 0)
    assert page(client, day)["awaits"] == ["operator"]
    to(directory, after(closed["draw"], 1))
    state_is(client, day, "completed")
    return output


def bound_days(base, directory, client):
    """The day that is open, the approvers and the witness are made here."""
    registration, token, _ = turno.register(client, turno.family(1))
    day = turno.ask_in_window(directory, client, registration, token).json["day"]
    approve = approvals(directory)
    witness = Drawd(os.path.join(base, "witness"), day, WITNESS)
    witness.start()
    turno.run("policy", directory, "anchor-chain", witness.chain)
    refused_for(turno.run("policy", directory, "anchor-chain", witness.chain, expect=REFUSED),
                "chain_exists")

    def bound(policy):
        policy["draw"].update(mode=1, beacon="manual", beacon_delay_minutes=15,
                              witness_wait_minutes=30, witnesses=[WITNESS])

    publish(base, directory, approve, page(client, day)["opens"], lambda policy: (
        bound(policy), policy.update(effective=after(page(client, day)["closes"], -60))))
    beacon = pulses.Beacon(base, "beacon")

    def by_pulse(policy):
        policy["draw"].update(beacon="nist", certificate=beacon.pin)
        policy["draw"].pop("witnesses")

    seeds = set()
    to(directory, after(page(client, day)["draw"], 2))
    for number in (2, 3):
        registration, token, _ = turno.register(client, turno.family(number))
        day = turno.ask_in_window(directory, client, registration, token).json["day"]
        assert page(client, day)["mode"] == 1
        if number == 3: # the day after
            publish(base, directory, approve, page(client, day)["opens"], lambda policy, day=day: (
                by_pulse(policy), policy.update(effective=after(page(client, day)["closes"], -60))))
        bind_day(base, directory, client, approve, day, witness)
        transcript = recompute(base, directory, client, day)
        assert transcript["mode"] == 1 and transcript["beacon"]["type"] == 3, transcript
        assert bytes.fromhex(transcript["beacon"]["raw"]).decode() == NUMBERS
        assert [w["id"] for w in transcript["witnesses"]] == [WITNESS]
        assert turno.open_offer(client, registration, token), "seats are many"
        seeds.add(transcript["seed"])
    registration, token, _ = turno.register(client, turno.family(4))
    day = turno.ask_in_window(directory, client, registration, token).json["day"]
    output = bind_by_pulse(base, directory, client, beacon, day)
    transcript = recompute(base, directory, client, day)
    assert transcript["beacon"] == {"type": 2, "round": 77_000, "chain_hash": "00" * 32,
                                    "raw": output}, transcript["beacon"]
    assert transcript["witnesses"] == [] and turno.open_offer(client, registration, token)
    seeds.add(transcript["seed"])
    assert len(seeds) == 3
    witness.kill()
    return day, approve


def unread_question(drawd, day, root):
    """Kill it when the root is on its disk, before anybody has read the secret."""
    path = os.path.join(drawd.folder, "revealed", str(day))
    with socket.socket(socket.AF_UNIX) as asking:
        asking.connect(drawd.socket)
        asking.sendall(f"reveal {day} {root}\n".encode())
        turno.wait_until(lambda: os.path.exists(path), "the root on the disk")
        drawd.kill()


def drawd_keeps_its_word(base):
    drawd = Drawd(os.path.join(base, "alone"), "2024-03-01")
    drawd.start()
    number = 19783 # 2024-03-01
    for bad in (b"reveal\n", b"reveal 01 " + b"0" * 64 + b"\n", b"reveal 19783 " + b"g" * 64 + b"\n",
                b"x" * 4000 + b"\n", b"reveal 99999999999 " + b"0" * 64 + b"\n"):
        with socket.socket(socket.AF_UNIX) as asking:
            asking.connect(drawd.socket)
            asking.sendall(bad)
            assert asking.recv(300).startswith(b"refused"), bad
    assert not os.listdir(os.path.join(drawd.folder, "revealed"))
    unread_question(drawd, number + 1, "ab" * 32)
    drawd.start()
    refused_for(turno.run("drawd", "--ask", drawd.socket, "--day", "2024-03-02", "--root", "cd" * 32,
                          expect=REFUSED), "another root")
    secret = drawd.ask("2024-03-02", "ab" * 32)
    assert drawd.ask("2024-03-02", "ab" * 32) == secret and len(secret) == 64
    refused_for(turno.run("drawd", "--ask", drawd.socket, "--day", "2024-03-01", "--root", "cd" * 32,
                          expect=REFUSED), "is over")
    assert drawd.ask("2024-03-03", "cd" * 32) != secret
    # One process a chain.
    second = turno.run("drawd", drawd.folder, "--listen", drawd.socket + ".2", "--allow-unlocked",
                       expect=None, timeout=20)
    assert second.returncode != DONE and "another turno drawd" in second.stderr, second.stderr
    assert os.stat(drawd.socket).st_mode & 0o777 == 0o660
    drawd.process.send_signal(signal.SIGTERM)
    assert drawd.process.wait(20) == DONE
    for mode in (0o640, 0o604, 0o620):
        os.chmod(os.path.join(drawd.folder, "chain"), mode)
        done = turno.run("drawd", drawd.folder, "--listen", drawd.socket, "--allow-unlocked",
                         expect=turno.ENVIRONMENT, timeout=20)
        assert "others have rights" in done.stderr, done.stderr
    os.chmod(os.path.join(drawd.folder, "chain"), 0o600)
    # A new ledger may bind it from the start; a witness's is not the operator's.
    made = os.path.join(base, "made")
    turno.run("init", made, "--chain", drawd.chain, "--allow-unlocked")
    with open(drawd.chain, encoding="utf-8") as file:
        anchor = json.load(file)["anchor"]
    assert anchor in turno.run("log", made, "--kind", "chain_anchored").stdout
    other = Drawd(os.path.join(base, "other-witness"), "2024-03-01", WITNESS)
    turno.run("init", made + "2", "--chain", other.chain, "--allow-unlocked",
              expect=turno.USAGE)


def lost_chain(base, directory, server, day, approve):
    """The operator's chain is replaced by one that drawd holds, eight days on."""
    with server.client() as client:
        registration, token, _ = turno.register(client, turno.family(9))
        publish(base, directory, approve, page(client, day)["draw"],
                lambda policy: (policy["draw"].update(mode=0, beacon="none", beacon_delay_minutes=0,
                                                      witness_wait_minutes=0),
                                policy["draw"].pop("certificate"),
                                policy.update(effective=after(page(client, day)["draw"], 3600))))
        to(directory, after(page(client, day)["draw"], 2 * 3600))
        void = turno.ask_in_window(directory, client, registration, token).json["day"]
        first = after(page(client, void)["opens"], 9 * 86400)[:10]
        drawd = Drawd(os.path.join(base, "operator"), first)
        turno.run("policy", directory, "replace-chain", drawd.chain, "--reason", "lost", *approve)
    server.stop()
    with turno.Server(directory, "--drawd", drawd.socket) as again, again.client() as client:
        while page(client, void)["state"] != "voided":
            turno.advance(directory, 12)
        last = void
        for _ in range(40):
            turno.advance(directory, 12)
            if client.get(f"/v1/days/{first}").status == 200:
                break
        assert page(client, last)["state"] == "voided"
        assert turno.open_offer(client, registration, token) is None
        to(directory, after(page(client, first)["draw"], 1))
        waiting = state_is(client, first, "closed")
        assert waiting["awaits"] == ["operator"], waiting
        turno.register(client, turno.family(10)) # a drawd that is down delays the draw, nothing else
        assert page(client, first)["state"] == "closed"
        drawd.start()
        state_is(client, first, "completed")
        # Who asked for a day that was void was drawn with the first that was not, under its gid.
        assert turno.open_offer(client, registration, token), "the request carried over"
        recompute(base, directory, client, first)
        again.stop()
    drawd.kill()
    turno.run("verify", directory)
    turno.run("audit", directory)


def main():
    turno.need_program()
    os.environ["TZ"] = "UTC"
    time.tzset()
    with turno.scratch() as base:
        drawd_keeps_its_word(base)
        directory = os.path.join(base, "ledger")
        turno.simulate(directory)
        server = turno.Server(directory)
        with server.client() as client:
            day, approve = bound_days(base, directory, client)
        lost_chain(base, directory, server, day, approve)
    print("ok: three bound days, a lost chain, drawd")


if __name__ == "__main__":
    main()
