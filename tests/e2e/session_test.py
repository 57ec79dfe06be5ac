"""The first session of a reader of the README, for real: a small simulation is served; a made-up
family registers, asks, is drawn, accepts and is validated; everything that the public and an auditor
may hold against it is checked by other means than the server itself."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
# pylint: disable=wrong-import-position
import turno
from turno import expect

AUDIT = os.path.join(turno.HERE, "..", "golden", "audit_log.py")


def register(client):
    """Retries with one key are one event (R02); the same key with another body is refused."""
    body = turno.example()
    key = turno.new_key()
    first = expect(client.post("/v1/registrations", body, key=key), 201).json
    for _ in range(3):
        again = expect(client.post("/v1/registrations", body, key=key), (200, 201))
        for member in ("registration", "token", "index"):
            assert again.json[member] == first[member], (member, first, again)
    body["language"] = "en"
    expect(client.post("/v1/registrations", body, key=key), 422, "conflicting_key")
    # The same people in a second live registration: refused by the rule, in five languages.
    texts = set()
    for language in ("en", "es", "ht", "pt", "ru"):
        refused = expect(client.post("/v1/registrations", turno.example(),
                                     headers={"Accept-Language": language}), 409,
                         "person_in_live_registration")
        texts.add(refused.json["detail"])
        assert "index" not in refused.json, refused # nobody identified: no event
    assert len(texts) == 5, texts
    counted = expect(client.get("/metrics"), 200).body.decode()
    assert "\nturno_desk_refusals_anonymous_total 5\n" in counted, counted
    return first


def read(client, made):
    registration = f"/v1/registrations/{made['registration']}"
    headers = {"Min-Index": str(made["index"])}
    seen = expect(client.get(registration, token=made["token"], headers=headers), 200)
    assert len(seen.json["members"]) == 3, seen
    expect(client.get(registration), 401)
    unknown = "/v1/registrations/" + "0123456789abcdef" * 2
    foreign = expect(client.get(unknown, token=made["token"]), (403, 404))
    assert b"Ejemplo" not in foreign.body
    return seen.json


def draw(directory, client, made):
    """Advance to the draw; the offer as its owner reads it, and the day of the request."""
    asked = turno.ask_in_window(directory, client, made["registration"], made["token"]).json
    expect(turno.ask(client, made["registration"], made["token"]), 409, "already_asked")
    replaced = expect(turno.ask(client, made["registration"], made["token"],
                                (turno.OTHER_PORT, turno.PORT)), 201).json
    assert replaced["index"] > asked["index"]
    for _ in range(60):
        offer = turno.open_offer(client, made["registration"], made["token"])
        if offer:
            return offer, asked["day"]
        turno.advance(directory, 1)
    raise AssertionError("no offer within 60 hours, though seats are many")


def accept(client, made, offer):
    path = f"/v1/registrations/{made['registration']}/offers/{offer['offer']}/accept"
    expect(client.post(path, token=made["token"][::-1]), 401)
    # Without a key the offer is the key: whoever lost the answer asks again and sees the number.
    first = expect(client.post(path, token=made["token"]), 200).json
    for again in (client.post(path, token=made["token"]),
                  client.request("POST", path, token=made["token"])):
        again = expect(again, 200).json
        assert again["confirmation_number"] == first["confirmation_number"]
        assert again["index"] == first["index"]
    for _ in range(2):
        expect(client.post(path, token=made["token"], key="session-accept"), 409, "offer_not_open")
    return first


def validate(client, token, number):
    """R17: whatever is wrong with a number or a date, the answers cannot be told apart."""
    birth = turno.example()["members"][2]["date_of_birth"]

    def ask(number, birth):
        return client.post("/v1/validations", turno.validation(number, birth), token=token)

    right = expect(ask(number, birth), (200, 201))
    assert right.json["matched"] and right.json["appointment"], right
    assert right.json["party"] == "group", right
    for form in (number.lower(), number.replace("-", ""), number.replace("-", " ")):
        assert expect(ask(form, birth), right.status).json["matched"], form
    wrong = expect(ask(number, "1999-01-01"), right.status)
    unknown = expect(ask("7K3Q-F9X2-MHDY", birth), right.status)
    for answer in (wrong, unknown):
        assert not answer.json["matched"] and not answer.json["appointment"], answer
        assert len(answer.body) == len(right.body), (right, answer)
        assert sorted(answer.headers.keys()) == sorted(right.headers.keys())
    typo = number[:-1] + ("0" if number[-1] != "0" else "1")
    expect(ask(typo, birth), 400, "invalid_member")
    for credential in (None, "0" * 64):
        expect(client.post("/v1/validations", turno.validation(number, birth), token=credential),
               401)
    return 4 # looks at somebody


def own_view(client, made, looks, indices):
    """The person sees who asked (R19) and the own events, up to and with the acceptance."""
    path = f"/v1/registrations/{made['registration']}"
    accesses = expect(client.get(path + "/accesses", token=made["token"]), 200).json["events"]
    assert len(accesses) == looks, accesses
    for access in accesses:
        assert access["purpose"] == "transit" and access["organisation"], access
    history = expect(client.get(path + "/history", token=made["token"]), 200).json["events"]
    seen = {event["index"] for event in history}
    assert set(indices) <= seen, (indices, seen)
    kinds = [event["kind"] for event in history]
    for kind in ("registration_created", "appointment_requested", "request_replaced",
                 "appointment_offered", "appointment_confirmed"):
        assert kind in kinds, (kind, kinds)
    for endpoint in ("", "/accesses", "/history"):
        expect(client.get(path + endpoint), 401)


def recompute(base, directory, client, day):
    """The public transcript as served, recomputed with no ledger; a changed one is a difference."""
    answer = expect(client.get(f"/v1/days/{day}/draw"), 200)
    path = os.path.join(base, "transcript.json")
    with open(path, "wb") as file:
        file.write(answer.body)
    turno.run("draw", "--recompute", path)
    printed = turno.run("draw", directory, day, "--transcript", "--audience", "public", text=False)
    assert printed.stdout == answer.body, "the program and the server tell different transcripts"
    for_auditor = os.path.join(base, "auditor.json")
    with open(for_auditor, "wb") as file:
        file.write(turno.run("draw", directory, day, "--transcript", text=False).stdout)
    turno.run("draw", "--recompute", for_auditor)
    with open(path, "r+b") as file:
        text = file.read()
        at = text.index(b'"rank": ') + len(b'"rank": ')
        file.seek(at)
        file.write(b"9" if text[at:at + 1] != b"9" else b"8")
    turno.run("draw", "--recompute", path, expect=turno.DIFFERENCE)


def prove(base, directory, client, index):
    """A proof that needs nothing but the key; and no other key will do."""
    turno.wait_until(lambda: turno.checkpoint(client)[0] > index, "the checkpoint")
    vkey = turno.run("key", directory, "--vkey").stdout.strip()
    path = os.path.join(base, "accepted.tlog-proof")
    with open(path, "w", encoding="utf-8") as file:
        file.write(turno.run("prove", directory, index).stdout)
    checked = turno.run("check-proof", path, "--key", vkey)
    assert "appointment_confirmed" in checked.stdout or "offer_accepted" in checked.stdout, checked
    other = os.path.join(base, "other")
    turno.simulate(other, 1, 0.001, 99)
    foreign = turno.run("key", other, "--vkey").stdout.strip()
    assert foreign != vkey
    turno.run("check-proof", path, "--key", foreign, expect=turno.DIFFERENCE)
    with open(path, "r+b") as file:
        text = file.read()
        at = text.index(b"extra ") + 20
        file.seek(at)
        file.write(b"A" if text[at:at + 1] != b"A" else b"B")
    turno.run("check-proof", path, "--key", vkey, expect=turno.DIFFERENCE)
    return vkey


def audit(server, vkey):
    """Everything that is published, by code that shares nothing with the program. The entries of a
    simulation are open; beside_test.py audits a real ledger with an auditor's token."""
    done = subprocess.run([sys.executable, AUDIT, f"http://127.0.0.1:{server.port}/log", vkey],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120,
                          check=False)
    print(done.stdout.decode().strip()[-600:])
    assert done.returncode == 0, done.returncode
    print(turno.run("audit", f"http://127.0.0.1:{server.port}/log", "--key", vkey).stdout)


def begun(server, body):
    """A request whose head the server has read, and whose body is still to come."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    connection.putrequest("POST", "/v1/registrations")
    for name, value in (("Content-Type", "application/json"), ("Expect", "100-continue"),
                        ("Content-Length", str(len(body)))):
        connection.putheader(name, value)
    connection.endheaders()
    go_on = b"HTTP/1.1 100 Continue\r\n\r\n"
    assert connection.sock.recv(len(go_on), socket.MSG_WAITALL) == go_on
    return connection


class Caller(turno.Asking):
    """Asks one request after the other until the server hangs up."""

    def __init__(self, server, first):
        super().__init__(server)
        self.number = first
        self.sent = 0
        self.answers = []

    def step(self):
        self.sent += 1
        try:
            self.answers.append(self.client.post("/v1/registrations",
                                                 turno.family(self.number + self.sent)).status)
        except (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError):
            self.stopping.set() # not a byte of an answer: closed between two requests
        except ConnectionRefusedError:
            self.sent -= 1 # the last answer closed the connection, and there is no other
            self.stopping.set()


def registrations(server):
    return len(turno.run("log", server.directory, "--kind",
                         "registration_created").stdout.splitlines())


def refuses_connections(server):
    try:
        socket.create_connection(("127.0.0.1", server.port), timeout=5).close()
    except ConnectionRefusedError:
        return True
    return False


def drain(server):
    """Requests under way at SIGTERM are answered, nothing is done that is not, a clean exit."""
    before = registrations(server)
    bodies = [json.dumps(turno.family(800 + number)).encode() for number in range(4)]
    callers = [Caller(server, 1000 * number) for number in range(1, 5)]
    for caller in callers:
        caller.start()
    turno.wait_until(lambda: all(len(caller.answers) > 5 or caller.failure for caller in callers),
                     "answers before the drain")
    # A body that does not come is waited for five seconds: these are begun last.
    halves = [begun(server, body) for body in bodies]
    server.signal(signal.SIGTERM)
    turno.wait_until(lambda: refuses_connections(server), "the drain")
    done = 0
    for half, body in zip(halves, bodies):
        half.send(body)
        response = half.getresponse()
        assert response.status == 201 and response.headers["Connection"] == "close", response.status
        assert json.loads(response.read())["index"] > 0
        half.close()
        done += 1
    code = server.wait()
    assert code == 0, f"exit {code} after SIGTERM\n{server.talk()}"
    for caller in callers:
        caller.join()
        caller.look()
        assert set(caller.answers) == {201}, caller.answers
        assert caller.sent - len(caller.answers) <= 1, (caller.sent, len(caller.answers))
        done += len(caller.answers)
    made = registrations(server) - before
    assert made == done, f"{made} registrations are in the log, {done} were answered"


def main():
    turno.need_program()
    with turno.scratch() as base:
        directory = os.path.join(base, "ledger")
        tokens = turno.simulate(directory, 2, 0.001, 7)
        with turno.Server(directory) as server, server.client() as client:
            sample = client.post("/v1/validations", turno.validation(
                tokens["confirmation_number"], tokens["date_of_birth"]),
                token=tokens["officer_token"])
            assert expect(sample, (200, 201)).json["appointment"], sample
            made = register(client)
            read(client, made)
            offer, day = draw(directory, client, made)
            accepted = accept(client, made, offer)
            looks = validate(client, tokens["officer_token"], accepted["confirmation_number"])
            own_view(client, made, looks, [made["index"], accepted["index"]])
            recompute(base, directory, client, day)
            vkey = prove(base, directory, client, accepted["index"])
            audit(server, vkey)
            drain(server)
        verified = turno.run("verify", directory).stdout
        turno.run("audit", directory)
        rebuilt = turno.run("rebuild", directory).stdout
        assert rebuilt.count("equal") == 6 and "DIFFERENT" not in rebuilt, rebuilt
        print(verified.split("\n")[0])
        print(rebuilt.strip().split("\n")[-1])
    return 0


if __name__ == "__main__":
    sys.exit(main())
