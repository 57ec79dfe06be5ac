"""Bad input everywhere: over real sockets and on the command line.

Whatever is sent, the answer is a problem document with a stable code (or a message and the right exit
code), the log does not grow, and the server lives. Nothing that was sent comes back in an answer or
in the server's talk when it could be somebody's data."""

import json
import os
import random
import socket
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
# pylint: disable=wrong-import-position
import turno
from turno import expect

HISTORY = os.path.join(turno.HERE, "..", "..", "ledger", "rules", "policies", "cbp-one.json")
SECRET = "Xanadu-Kubla-4711" # stands where personal data would; must come back nowhere


def changed(**members):
    """The example with members replaced; None takes one away."""
    body = turno.example()
    for name, value in members.items():
        target = body if name in ("members", "destination", "contact", "language") else \
            body["members"][0]
        if value is None:
            target.pop(name, None)
        else:
            target[name] = value
    return body


def bodies():
    """(label, raw body, statuses, code or None)"""
    good = json.dumps(turno.example()).encode()
    yield "empty", b"", 400, None
    yield "not JSON", b"{", 400, "malformed_json"
    yield "cut off", good[:-7], 400, "malformed_json"
    yield "two values", good + good, 400, "malformed_json"
    yield "a byte order mark", b"\xef\xbb\xbf" + good, 400, "malformed_json"
    yield "not UTF-8", good.replace(b"Ana", b"\xff\xfe\xc0"), 400, "malformed_json"
    yield "half a surrogate", good.replace(b"Ana", b"\\ud800"), 400, "malformed_json"
    yield "a control character", good.replace(b"Ana", b"A\x01a"), 400, "malformed_json"
    yield "a member twice", b'{"language":"es",' + good[1:], 400, "malformed_json"
    yield "nested deep", b"[" * 100000, 400, "malformed_json"
    yield "an array", b"[]", 400, None
    yield "a string", b'"' + SECRET.encode() + b'"', 400, None
    yield "null", b"null", 400, None
    for label, members, code in (
            ("no members", {"members": []}, "invalid_member"),
            ("members are none", {"members": None}, "invalid_member"),
            ("members of a wrong type", {"members": {"a": 1}}, "invalid_member"),
            ("a member that is no object", {"members": [SECRET]}, "invalid_member"),
            ("too many", {"members": [turno.example()["members"][0]] * 40}, "invalid_member"),
            ("no birth", {"date_of_birth": None}, "invalid_member"),
            ("birth in words", {"date_of_birth": SECRET}, "invalid_member"),
            ("birth that never was", {"date_of_birth": "2023-02-29"}, "invalid_member"),
            ("month 13", {"date_of_birth": "1990-13-01"}, "invalid_member"),
            ("birth as a number", {"date_of_birth": 19900203}, "invalid_member"),
            ("nationality of nowhere", {"nationality": "Atlantis"}, "invalid_member"),
            ("no name at all", {"family_names": "", "given_names": "  "}, "invalid_member"),
            ("a very long name", {"family_names": SECRET * 1000}, "invalid_member"),
            ("a name that is null", {"given_names": [None]}, "invalid_member"),
            ("an unknown member", {"shoe_size": 42}, "unknown_member"),
            ("a destination of a wrong type", {"destination": 7}, "invalid_member")):
        yield label, json.dumps(changed(**members)).encode(), 400, code
    yield ("an unknown member outside", json.dumps(dict(turno.example(), extra=SECRET)).encode(),
           400, "unknown_member")
    yield "a megabyte", json.dumps(changed(family_names="A" * (1 << 20))).encode(), (400, 413), None
    yield "eight megabytes", b" " * (8 << 20) + good, 413, "payload_too_large"


def problem(answer, label, statuses, code=None):
    """It is a whole problem document and gives nothing away."""
    statuses = statuses if isinstance(statuses, tuple) else (statuses,)
    assert answer.status in statuses, f"{label}: {answer}"
    assert answer.headers["Content-Type"].startswith("application/problem+json"), (label, answer)
    said = answer.json
    assert said["status"] == answer.status and said["title"] and said["code"], (label, said)
    assert said["type"] == f"/problems/{said['code']}", (label, said)
    assert code is None or said["code"] == code, (label, said)
    assert SECRET.encode() not in answer.body, (label, answer)


def registration_bodies(client):
    for label, body, statuses, code in bodies():
        try:
            answer = client.request("POST", "/v1/registrations", body)
        except (BrokenPipeError, ConnectionResetError):
            # Refused while it was still being sent; the server need not read it all.
            assert len(body) > 1 << 20, label
            continue
        problem(answer, label, statuses, code)
    good = json.dumps(turno.example()).encode()
    for kind in ("text/plain", "application/x-www-form-urlencoded", "application/jsonp", ""):
        problem(client.request("POST", "/v1/registrations", good, headers={"Content-Type": kind}),
                kind, 415, "unsupported_media_type")
    for key in ("short", "x" * 256):
        problem(client.post("/v1/registrations", turno.example(), key=key), "key " + key[:8], 400,
                "invalid_parameter")


def dates_and_whose(client, said):
    """A day that there is not is told from a text that is none, and in a group whose it is."""
    group = turno.example()
    group["members"][1]["date_of_birth"] = "1990-02-30"
    answer = client.post("/v1/registrations", group)
    problem(answer, "a birth that never was", 400, "invalid_member")
    assert "members[1]" in answer.json["detail"] and "no such day" in answer.json["detail"], answer
    group["members"][1] = dict(group["members"][1], date_of_birth="1990-02-03", shoe_size=42)
    answer = client.post("/v1/registrations", group)
    problem(answer, "an unknown member", 400, "unknown_member")
    assert "members[1]" in answer.json["detail"], answer
    for birth, words in (("2023-02-30", "no such day"), (SECRET, "YYYY-MM-DD")):
        answer = client.post("/v1/validations", turno.validation("7K3Q-F9X2-MHDY", birth),
                             token=said["officer_token"])
        assert words in answer.json["detail"], answer
    assert "no such day" in client.get("/v1/days/2024-02-30").json["detail"]
    assert "YYYY-MM-DD" in client.get("/v1/days/yesterday").json["detail"]


def requests_and_ids(client, owner):
    registration, token, _ = owner
    path = f"/v1/registrations/{registration}"
    ask = path + "/requests"
    inside = turno.INSIDE
    for label, body, code in (
            ("no ports", {"location": inside}, None),
            ("ports of a wrong type", {"ports": 2504, "location": inside}, None),
            ("ports in words", {"ports": [SECRET], "location": inside}, None),
            ("a negative port", {"ports": [-1], "location": inside}, None),
            ("a huge port", {"ports": [1 << 70], "location": inside}, None),
            ("no port at all", {"ports": [], "location": inside}, None),
            ("half a location", {"ports": [2504], "location": {"lat": 25}}, None),
            ("a location in words", {"ports": [2504], "location": {"lat": SECRET, "lon": "1"}}, None),
            ("an unknown member", {"ports": [2504], "location": inside, "extra": 1},
             "unknown_member"),
            ("an unknown member inside", {"ports": [2504], "location": dict(inside, alt=1)},
             "unknown_member")):
        problem(client.post(ask, body, token=token), label, 400, code)
    for label, raw in (("infinity", b'{"ports":[2504],"location":{"lat":1e999,"lon":0}}'),
                       ("exponents", b'{"ports":[2504],"location":{"lat":25e0,"lon":-97}}'),
                       ("latitude 91 and more", b'{"ports":[2504],"location":{"lat":9999,"lon":0}}'),
                       ("not a number", b'{"ports":[2504],"location":{"lat":NaN,"lon":0}}')):
        problem(client.request("POST", ask, raw, token=token), label, 400)
    for bad in ("0", "x" * 32, registration[:-1], registration + "0", registration.upper() + "g",
                "%00" * 8, "..", "%2e%2e"):
        for tail in ("", "/history", "/accesses"):
            answer = client.get(f"/v1/registrations/{bad}{tail}", token=token)
            problem(answer, f"id {bad}{tail}", (400, 401, 403, 404))
    unknown = "0123456789abcdef" * 2
    for method, tail, body in (("GET", "", None), ("GET", "/history", None),
                               ("POST", "/requests", {"ports": [2504], "location": inside}),
                               ("POST", "/cancel", {}), ("POST", f"/offers/{unknown}/accept", {}),
                               ("DELETE", "/requests/2024-01-01", None)):
        strange = client.request(method, f"/v1/registrations/{unknown}{tail}", body, token=token)
        problem(strange, f"{method} somebody else's {tail}", (401, 403, 404))
    for day in ("yesterday", "2024-02-30", "2024-1-1", "20240101", "99999-01-01", "0000-00-00", ""):
        problem(client.get(f"/v1/days/{day}"), f"day {day}", (400, 404))
        problem(client.get(f"/v1/days/{day}/draw"), f"draw of {day}", (400, 404))
        if day:
            problem(client.delete(f"{ask}/{day}", token=token), f"withdraw {day}", (400, 404))


def tokens(client, owner, said):
    """Nobody gets in by something like a token."""
    path = f"/v1/registrations/{owner[0]}"
    good = owner[1]
    for header in (None, "", "Bearer", "Bearer ", "Basic " + good, "Bearer " + good[:-1],
                   "Bearer " + good + "0", "Bearer " + "z" * 64, "Bearer " + "0" * 64,
                   "Bearer  " + good, good, "Bearer " + said["officer_token"] + ","):
        headers = {} if header is None else {"Authorization": header}
        problem(client.get(path, headers=headers), f"Authorization {header!r}", (400, 401))
    for who, token, method, target, body in (
            ("a registration", good, "POST", "/v1/validations",
             turno.validation("7K3Q-F9X2-MHDY", "1990-01-01")),
            ("a registration", good, "POST",
             "/v1/port-days/2504/2023-07-01/arrivals", {}),
            ("an officer", said["officer_token"], "GET", path, None),
            ("an officer", said["officer_token"], "GET", path + "/history", None),
            ("an officer", said["officer_token"], "POST",
             "/v1/port-days/2504/2023-07-01/arrivals", {}),
            ("an auditor", said["auditor_token"], "GET", path, None),
            ("an auditor", said["auditor_token"], "POST", "/v1/validations",
             turno.validation("7K3Q-F9X2-MHDY", "1990-01-01"))):
        problem(client.request(method, target, body, token=token), f"{who}: {method} {target}",
                (401, 403, 404))
    for target in ("officer-add", "resume", "status", "advance", "no-such-thing"):
        problem(client.post(f"/admin/{target}", {}, token=said["officer_token"]), target,
                (401, 403, 404))


def validations(client, said):
    token, birth = said["officer_token"], said["date_of_birth"]
    number = said["confirmation_number"]
    wrong = number[:-1] + ("0" if number[-1] != "0" else "1")
    for label, body in (
            ("a wrong check symbol", turno.validation(wrong, birth)),
            ("too short", turno.validation(number[:-1], birth)),
            ("too long", turno.validation(number + "00", birth)),
            ("a letter that is none", turno.validation("U" + number[1:], birth)),
            ("no number", turno.validation("", birth)),
            ("a number as number", {"confirmation_number": 7, "date_of_birth": birth,
                                    "purpose": "transit"}),
            ("a date that never was", turno.validation(number, "2023-02-30")),
            ("a date in words", turno.validation(number, SECRET)),
            ("a purpose of one's own", turno.validation(number, birth, "curiosity")),
            ("no purpose", {"confirmation_number": number, "date_of_birth": birth}),
            ("a list of numbers", {"confirmation_number": [number, number],
                                   "date_of_birth": birth, "purpose": "transit"}),
            ("an unknown member", dict(turno.validation(number, birth), name=SECRET))):
        problem(client.post("/v1/validations", body, token=token), label, 400)


def paths_and_parameters(client, said):
    for path in ("/", "/v1", "/v1/", "/v2/policy", "/v1/policy/", "/v1//policy", "/etc/passwd",
                 "/log/../v1/policy", "/log/%2e%2e/v1/policy", "/log/tile/0/0", "/log/tile/9/000",
                 "/v1/registrations", "/v1/Policy", "/log/tile/entries/" + "x" * 3000):
        problem(client.get(path), path[:40], (400, 404, 405, 414))
    problem(client.get("/" + "a" * 20000), "a long path", 414, "uri_too_long")
    for query in ("after=-1", "after=x", "limit=0x10", "after=1&after=2", "unknown=1", "limit=",
                  "after=99999999999999999999999", "kind=nonsense", "stream=zz"):
        answer = client.get("/v1/events?" + query, token=said["auditor_token"])
        problem(answer, query, (400, 404))
    problem(client.get("/v1/policy?version=99"), "a version that is none", 404)
    problem(client.get("/v1/policy", headers={"Min-Index": "soon"}), "Min-Index", 400)
    for method in ("PUT", "DELETE", "PATCH"):
        problem(client.request(method, "/v1/policy", {}), method, (400, 405, 501))
    for headers in ({"X-Long": "y" * 100000}, {f"X-{i}": "z" for i in range(500)}):
        problem(client.get("/healthz", headers=headers), "headers", (400, 431))


RAW = [
    b"\0" * 64, b"\xff\xfe\xfd" * 50, b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n",
    b"HELO there\r\n", b"GET /healthz HTTP/1.1\n\n", b"GET /healthz HTTP/1.1\r\n\r\n",
    b"GET /healthz HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    b"POST /v1/registrations HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
    b"POST /v1/registrations HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
    b"POST /v1/registrations HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    b"POST /v1/registrations HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n",
    b"POST /v1/registrations HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    b"POST /v1/registrations HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x55" * 200, # somebody speaks TLS
]


def talk(port, data, close_early):
    """What comes back until the server closes; b"" when it says nothing."""
    with socket.create_connection(("127.0.0.1", port), timeout=15) as peer:
        peer.sendall(data)
        if close_early:
            return b""
        answer = b""
        try:
            peer.shutdown(socket.SHUT_WR)
            while chunk := peer.recv(65536):
                answer += chunk
        except ConnectionResetError:
            pass
        return answer


def sockets(port, chance):
    for data in RAW:
        answer = talk(port, data, False)
        assert answer[:9] == b"HTTP/1.1 " and answer[9:10] in b"45", (data[:60], answer[:200])
        assert b"application/problem+json" in answer, (data[:60], answer[:400])
    good = json.dumps(turno.example()).encode()
    head = (b"POST /v1/registrations HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
            b"Content-Length: %d\r\n\r\n" % len(good))
    # A peer that goes away within its body has sent no command.
    for cut in (1, 20, len(head) - 1, len(head), len(head) + 1, len(head) + len(good) - 1):
        talk(port, (head + good)[:cut], True)
        talk(port, (head + good)[:cut], False)
    for _ in range(200):
        mangled = bytearray(head + good)
        for _ in range(chance.randrange(1, 8)):
            mangled[chance.randrange(len(head))] = chance.randrange(256)
        # The body is cut by one byte, so that no mangled head makes it a command.
        talk(port, bytes(mangled[:-1]), chance.random() < 0.3)


def command_line(base, directory):
    """Garbage files and arguments: a message on stderr, nothing on stdout, the right exit code."""
    vkey = turno.run("key", directory, "--vkey").stdout.strip()
    files = {"empty": b"", "zeros": b"\0" * 4096, "text": SECRET.encode() * 10,
             "brackets": b"[" * 200000, "object": b"{}", "lines": b"\n" * 5000,
             "noise": random.Random(1).randbytes(100000)}
    for name, content in files.items():
        path = os.path.join(base, name)
        with open(path, "wb") as file:
            file.write(content)
        for arguments in (["check-proof", path, "--key", vkey], ["draw", "--recompute", path],
                          ["policy", directory, "publish", path, "--approve", "0" * 32, "--approve",
                           "1" * 32, "--reason", "test"],
                          ["policy", directory, "capacity", path, "--approve", "0" * 32,
                           "--approve", "1" * 32, "--reason", "test"],
                          ["init", os.path.join(base, "new-" + name), "--policy", path]):
            done = turno.run(*arguments, expect=(turno.DIFFERENCE, turno.USAGE, turno.REFUSED))
            assert done.stderr.startswith("turno") and done.stdout == "", (arguments, done)
            assert len(done.stderr) < 2000, arguments
    missing = os.path.join(base, "missing")
    for arguments, code in (
            (["check-proof", missing, "--key", vkey], turno.ENVIRONMENT),
            (["draw", "--recompute", missing], turno.ENVIRONMENT),
            (["verify", missing], turno.ENVIRONMENT),
            (["serve", missing, "--listen", "127.0.0.1:0"], turno.ENVIRONMENT),
            (["log", base], turno.ENVIRONMENT),
            (["check-proof", os.path.join(base, "text"), "--key", SECRET], turno.USAGE),
            (["verify"], turno.USAGE), (["verify", directory, "more"], turno.USAGE),
            (["verify", directory, "--nonsense"], turno.USAGE),
            (["nonsense"], turno.USAGE), ([], turno.USAGE),
            (["serve", directory, "--listen", "nonsense"], turno.USAGE),
            (["serve", directory, "--listen", "127.0.0.1:99999"], turno.USAGE),
            (["serve", directory, "--listen", "0.0.0.0:0"], (turno.USAGE, turno.ENVIRONMENT,
                                                            turno.REFUSED)),
            (["log", directory, "--from", "-1"], turno.USAGE),
            (["log", directory, "--kind", "nonsense"], turno.USAGE),
            (["state", directory, "nonsense"], turno.USAGE),
            (["draw", directory, "someday", "--transcript"], turno.USAGE),
            (["prove", directory, "minus-one"], turno.USAGE),
            (["prove", directory, "99999999"], turno.ENVIRONMENT),
            (["simulate", directory, "--days", "1"], turno.ENVIRONMENT),
            (["simulate", missing, "--days", "0"], turno.USAGE),
            (["simulate", missing, "--days", "1", "--scale", "many"], turno.USAGE),
            (["init", directory], turno.ENVIRONMENT),
            (["officer", directory, "add"], turno.USAGE),
            (["officer", directory, "add", "nonsense"], (turno.USAGE, turno.REFUSED)),
            (["officer", directory, "add", "a@example.org", "--role", "king"],
             (turno.USAGE, turno.REFUSED))):
        done = turno.run(*arguments, expect=code)
        assert done.stderr and done.stdout == "", (arguments, done)
    assert not os.path.exists(missing), "something was made where nothing should be"


def options_are_named(directory):
    """Which option it was, and what is wrong with it."""
    approved = ["--approve", "0" * 32] * 9
    vkey = turno.run("key", directory, "--vkey").stdout.strip()
    files = os.path.dirname(directory)
    page, rows = os.path.join(files, "object"), os.path.join(files, "rows")
    with open(rows, "w", encoding="ascii") as file:
        file.write("turno.state-proof@v1\n")
    unheeded = "stand alone; --first-day"
    for arguments, words in (
            (["verify", directory, "--nonsense"], "--nonsense: that option is not known"),
            (["audit", directory, "--work"], "--work: that option is not known, or its value is "),
            (["bench", "--events", "many"], "--events many: "),
            (["drawd", directory, "--length", "-1"], "--length -1: "),
            (["check-proof", directory, "--nonsense"], "--nonsense: that option is not known"),
            (["policy", directory, "suspend", 2504, *approved], "at most 8 times"),
            (["draw", directory, "2024-01-01", *approved], "at most 8 times"),
            # What would not be heeded is refused.
            (["prove", directory, 1, "--at", 5], "--at is for rows"),
            (["prove", directory, 1, "--root-key", "x"], "--root-key and --allow-unlocked for openings"),
            (["prove", directory, "--row", "seats", "-", "--openings"], "--openings for an entry"),
            (["draw", directory, "2024-01-01", "--transcript", "--approve", "x"], "for --beacon"),
            (["draw", directory, "2024-01-01", "--audience", "public", "--reveal", "a=b"], "alone"),
            (["simulate", directory, "--advance", 1, "--scale", ".5"], "--advance stands alone"),
            (["bench", "--events", 0], "--events 0: "),
            (["officer", directory, "suspend", "0" * 32, "--reason", "x", "--port", 2504], "for add"),
            (["policy", directory, "resume", 2504, "--honour-before", "2024-01-01", "--reason", "x"],
             "--honour-before is for suspend"),
            (["drawd", directory + "-chain", "--create", "--first-day", "2024-01-01", "--length", 0],
             "1 to 65536 days"),
            (["policy", directory, "show", "--approve", "0" * 32], "show stands alone"),
            (["policy", directory, "show", "--reason", "x"], "show stands alone"),
            (["policy", directory, "show", 1, "--dry-run"], "show stands alone"),
            (["policy", directory, "show", "--honour-before", "2024-01-01"], "show stands alone"),
            (["policy", directory, "show", "--root-key", "x"], "show stands alone"),
            (["policy", directory, "show", "--allow-unlocked"], "show stands alone"),
            (["rebuild", directory, "--log", "--root-key", "x"], "it opens no keys"),
            (["rebuild", directory, "--log", "--allow-unlocked"], "it opens no keys"),
            (["serve", directory, "--listen", "127.0.0.1:0", "--ca-file", "x"], "for witnesses"),
            (["drawd", directory + "-chain", "--create", "--first-day", "2024-01-01", "--listen", "x"],
             unheeded),
            (["drawd", directory + "-chain", "--create", "--first-day", "2024-01-01", "--user", "x"],
             unheeded),
            (["drawd", directory + "-chain", "--create", "--first-day", "2024-01-01", "--simulated"],
             unheeded),
            (["drawd", directory + "-chain", "--create", "--first-day", "2024-01-01", "--day",
              "2024-01-01"], unheeded),
            (["drawd", directory + "-chain", "--create", "--first-day", "2024-01-01", "--root", "0"],
             unheeded),
            (["drawd", directory + "-chain", "--listen", "x", "--first-day", "2024-01-01"], unheeded),
            (["drawd", directory + "-chain", "--listen", "x", "--length", 1], unheeded),
            (["drawd", directory + "-chain", "--listen", "x", "--owner", "x"], unheeded),
            (["drawd", "--ask", "x", "--day", "2024-01-01", "--root", "00" * 32, "--create"], unheeded),
            (["drawd", "--ask", "x", "--day", "2024-01-01", "--root", "00" * 32, "--allow-unlocked"],
             unheeded),
            (["audit", directory, "--seed", 1], "--seed is for --sample"),
            (["audit", directory, "--token", "x"], "--token is for a URL"),
            (["check-proof", page, "--key", vkey, "--entry", "x"], "for the proof of one entry"),
            (["check-proof", page, "--key", vkey, "--disclose", "contact"], "proof of one entry"),
            (["check-proof", rows, "--key", vkey, "--entry", "x"], "for the proof of one entry"),
            (["check-proof", rows, "--key", vkey, "--disclose", "contact"], "proof of one entry"),
            (["witness", directory + "-chain", "--vkey", "--listen", "127.0.0.1:0"], "no --listen"),
            (["witness", directory + "-chain", "--vkey", "--log", vkey], "no --log"),
            (["bench", "draw", "more"], "more is not known to draw"),
            (["bench", "draw", "--events", 5], "for scratch ledgers"),
            (["bench", "disk", directory, "--events", 5], "for scratch ledgers"),
            (["bench", "prove", directory, "--dir", files], "for scratch ledgers"),
            (["bench", "disk"], "disk wants one directory"),
            (["prove", directory, 1, "--allow-unlocked"], "--allow-unlocked for openings"),
            (["prove", directory, "--row", "seats", "-", "--allow-unlocked"], "for openings"),
            (["draw", directory, "2024-01-01", "--transcript", "--root-key", "x"], "for --reveal"),
            (["draw", "--recompute", page, "--allow-unlocked"], "for --reveal"),
            (["draw", directory, "2024-01-01", "--beacon", "nist=x", "--approve", "0" * 32],
             "for --beacon manual"),
            (["draw", directory, "2024-01-01", "--beacon", "drand=x", "--again", "x"],
             "for --beacon manual"),
            (["init", directory + "-new", "--policy", HISTORY], "give one of its"),
            (["log", directory, "--kind", "nonsense"], "--kind cannot be nonsense"),
            (["log", directory, "--stream", "x"], "--stream cannot be x"),
            (["serve", directory, "--loops", "x"], "--loops cannot be x"),
            (["serve", directory, "--listen", "localhost:8080"], "numeric address"),
            (["witness", directory, "--listen", "localhost:8090"], "numeric address")):
        done = turno.run(*arguments, expect=turno.USAGE)
        assert words in done.stderr and done.stdout == "", (arguments, done)
    assert not os.path.exists(directory + "-chain"), "a chain was made"


def scripts_say_their_usage():
    """A value that is missing: before anything is installed or built."""
    root = os.path.join(turno.HERE, "..", "..")
    for script, option in (("tools/run", "--days"), ("tools/run", "--listen"),
                           ("tests/bench/run", "--rounds"), ("tests/bench/run", "--audit")):
        done = subprocess.run(["bash", script, option], cwd=root, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, check=False, timeout=20)
        assert done.returncode == turno.USAGE and option.encode() in done.stderr, (script, done)
        assert not done.stdout, (script, done)


def entries(directory):
    return json.loads(turno.run("verify", directory, "--json").stdout)["entries"]


def main():
    turno.need_program()
    seed = random.SystemRandom().randrange(1 << 30)
    print(f"seed {seed}")
    with turno.scratch() as base:
        directory = os.path.join(base, "ledger")
        said = turno.simulate(directory, 1, 0.0005, 5)
        with turno.Server(directory) as server, server.client() as client:
            owner = turno.register(client, turno.family(1))
            before = entries(directory)
            registration_bodies(client)
            dates_and_whose(client, said)
            requests_and_ids(client, owner)
            tokens(client, owner, said)
            validations(client, said)
            paths_and_parameters(client, said)
            sockets(server.port, random.Random(seed))
            command_line(base, directory)
            options_are_named(directory)
            scripts_say_their_usage()
            assert server.alive(), server.talk()
            expect(client.get("/healthz"), 200)
            assert SECRET not in server.talk(), "the server's talk gives away what was sent"
            # The simulated clock runs on: what falls due by itself is not what was sent.
            after = entries(directory)
            kinds = [json.loads(line)["kind"] for line in
                     turno.run("log", directory, "--from", before).stdout.splitlines()]
            unwanted = [kind for kind in kinds if kind not in ("command_refused",)]
            assert not unwanted, f"the log grew from {before} to {after}: {kinds}"
            turno.register(client, turno.family(2))
            server.stop()
        turno.run("verify", directory)
    return 0


if __name__ == "__main__":
    sys.exit(main())
