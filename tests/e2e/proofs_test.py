"""What a person takes home from a real server over HTTP, judged by the second reader of proofs
(tests/golden/proofs.py) and by turno check-proof and check-receipt; and that nothing of it can be
changed."""

import base64
import hashlib
import json
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
sys.path.insert(0, os.path.join(HERE, "..", "golden"))

import proofs  # noqa: E402
import turno  # noqa: E402
from audit_log import Difference, Verifier  # noqa: E402

FIELDS = {1: "given_names", 2: "family_names", 3: "date_of_birth", 4: "nationality", 5: "document",
          6: "destination"}


def refused(call, *arguments):
    try:
        call(*arguments)
    except (Difference, ValueError, KeyError, IndexError, UnicodeError):
        return
    raise AssertionError(f"{call.__name__} took what was changed")


def changed(text):
    """A text of base64 with one bit changed, in each of some places."""
    data = bytearray(base64.b64decode(text))
    for at in range(0, len(data), max(1, len(data) // 40)):
        data[at] ^= 1
        yield base64.b64encode(bytes(data)).decode()
        data[at] ^= 1


def write(base, name, text):
    path = os.path.join(base, name)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    return path


def check_receipts(base, directory, client, key):
    verifier = Verifier(key)
    answer = turno.expect(client.post("/v1/registrations", turno.family(7, 2),
                                      key=turno.new_key()), 201)
    receipt = answer.json["receipt"]
    found = proofs.receipt_open(receipt, verifier)
    assert found["index"] == answer.json["index"], found
    for other in changed(receipt):
        refused(proofs.receipt_open, other, verifier)
    file = write(base, "answer.json", answer.body.decode())
    said = json.loads(turno.run("check-receipt", file, "--key", key, "--json").stdout)
    assert said["index"] == found["index"] and said["promise"] == "promised", said
    # Kept: the proof of that entry holds what was promised.
    token, owner = answer.json["token"], answer.json["registration"]
    for _ in range(100):
        page = turno.expect(client.get(f"/v1/registrations/{owner}/proofs", token=token), 200).json
        if page["proofs"]:
            break
    first = page["proofs"][0]
    assert first["index"] == found["index"], page
    opened = proofs.tlog_proof_open(first["proof"], verifier)
    assert opened["leaf"] == found["leaf"]
    proof = write(base, "first.tlog-proof", first["proof"])
    kept = turno.run("check-receipt", file, "--key", key, "--proof", proof, "--json")
    assert json.loads(kept.stdout)["promise"] == "kept", kept.stdout
    # A receipt for another entry is no proof of it.
    other = turno.expect(client.post("/v1/registrations", turno.family(8), key=turno.new_key()),
                         201)
    turno.run("check-receipt", write(base, "other", other.json["receipt"]), "--key", key, "--proof",
              proof, expect=turno.USAGE)
    return opened, proof, page


def check_what_is_not_there(base, proof, key):
    """What cannot be read is no verdict on the proof."""
    missing = os.path.join(base, "no-such-entry")
    turno.run("check-proof", proof, "--key", key, "--entry", missing, expect=turno.ENVIRONMENT)
    # Well formed, of a kind of key that this program does not have.
    unknown = "log.example+%08x+/w=="
    name = b"log.example\n\xff"
    unknown = unknown % int.from_bytes(hashlib.sha256(name).digest()[:4], "big")
    turno.run("check-proof", proof, "--key", unknown, expect=turno.USAGE)


def check_openings(base, opened, proof, key):
    shown = {(opening["subject"], FIELDS[opening["field"]]): opening["value"].decode()
             for opening in opened["openings"]}
    assert "7 calle inventada, ciudad ficticia" in shown.values(), shown
    assert sum(field == "given_names" for _, field in shown) == 2, shown
    assert {value for (_, field), value in shown.items() if field == "nationality"} == {"VEN"}
    said = json.loads(turno.run("check-proof", proof, "--key", key, "--json").stdout)
    assert {(one["field"], one["value"]) for one in said["openings"]} == \
        {(field, value) for (_, field), value in shown.items()}, said
    # One field alone, for somebody else.
    less = turno.run("check-proof", proof, "--key", key, "--disclose", "date_of_birth").stdout
    only = proofs.tlog_proof_open(less, Verifier(key))
    assert {FIELDS[one["field"]] for one in only["openings"]} == {"date_of_birth"}, only
    assert "7 calle" not in less and base64.b64encode(b"7 calle").decode()[:8] not in less
    for other in changed(less.split("\n")[1][6:]):
        refused(proofs.tlog_proof_open, less.replace(less.split("\n")[1][6:], other), Verifier(key))


def check_complete(base, directory, client, key):
    verifier = Verifier(key)
    owner = turno.simulated(directory)["owner"]
    answer = turno.expect(client.get(f"/v1/registrations/{owner['registration']}/proofs",
                                     token=owner["token"]), 200)
    page = turno.described(client, "/v1/registrations/{registration}/proofs", answer.json)
    stream = bytes.fromhex(owner["registration"])
    assert page["complete"], page
    indices, upto = proofs.complete_check(page["complete"], stream, verifier)
    proven = [proofs.tlog_proof_open(one["proof"], verifier)["index"] for one in page["proofs"]]
    assert [index for index in proven if index <= upto] == indices, (proven, indices)
    said = turno.run("check-proof", write(base, "page.json", answer.body.decode()), "--key", key,
                     "--json")
    said = json.loads(said.stdout)
    assert said["complete"] and said["count"] == len(indices), said
    # Given twice it is no more than it was.
    twice = turno.run("check-proof", base + "/page.json", base + "/page.json", "--key", key, "--json")
    assert json.loads(twice.stdout) == said, twice.stdout
    # One entry kept back, in the list or on the page.
    less = json.loads(answer.body)
    del less["complete"]["indices"][1]
    refused(proofs.complete_check, less["complete"], stream, verifier)
    turno.run("check-proof", write(base, "less.json", json.dumps(less)), "--key", key,
              expect=turno.DIFFERENCE)
    less = json.loads(answer.body)
    del less["proofs"][1]
    turno.run("check-proof", write(base, "less.json", json.dumps(less)), "--key", key,
              expect=turno.INCOMPLETE)
    less = json.loads(answer.body)
    less["complete"]["proof"] = less["complete"]["proof"].replace("row ", "row 1", 1)
    refused(proofs.complete_check, less["complete"], stream, verifier)
    turno.run("check-proof", write(base, "less.json", json.dumps(less)), "--key", key,
              expect=(turno.DIFFERENCE, turno.USAGE))
    return owner["registration"]


def check_rows(base, directory, registration, key):
    """Presence, absence and a range under the newest full seal."""
    verifier = Verifier(key)
    row_key = b"r" + bytes.fromhex(registration)
    text = turno.run("prove", directory, "--row", "registrations", f"registration:{registration}")
    found = proofs.state_proof_open(text.stdout, verifier)
    assert list(found["rows"]) == [row_key] and found["seal"]["scope"] == 2, found
    file = write(base, "row", text.stdout)
    said = json.loads(turno.run("check-proof", file, "--key", key, "--json").stdout)
    assert said["claim"] == "present" and said["rows"][0]["row"]["members"], said
    absent = registration[:-2] + f"{int(registration[-2:], 16) ^ 1:02x}"
    text = turno.run("prove", directory, "--row", "registrations", f"registration:{absent}").stdout
    assert proofs.state_proof_open(text, verifier)["rows"] == {}
    said = turno.run("check-proof", write(base, "row", text), "--key", key, "--json").stdout
    assert json.loads(said)["claim"] == "absent", said
    text = turno.run("prove", directory, "--range", "seats", "-", "-").stdout
    everything = proofs.state_proof_open(text, verifier)
    assert len(everything["rows"]) == everything["seal"]["rows"] > 8
    # A row left out of a range, or its paths swapped, is seen by both.
    parts = text.split("\nrow ")
    for other in ("\nrow ".join(parts[:5] + parts[6:]), "\nrow ".join(parts[:1] + parts[2:]),
                  "\nrow ".join(parts[:3] + [parts[4], parts[3]] + parts[5:])):
        refused(proofs.state_proof_open, other, verifier)
        turno.run("check-proof", write(base, "row", other), "--key", key,
                  expect=(turno.DIFFERENCE, turno.USAGE))
    turno.run("prove", directory, "--row", "streams", "stream:00", "--at", "0",
              expect=None)


def main():
    turno.need_program()
    with turno.scratch() as base:
        directory = os.path.join(base, "ledger")
        # The first of these draws is on a day whose seals are full.
        turno.simulate(directory, 3, 0.002, 1, "--start", "2023-07-22")
        key = turno.run("key", directory, "--vkey").stdout.strip()
        with turno.Server(directory) as server, server.client() as client:
            opened, proof, page = check_receipts(base, directory, client, key)
            assert page["key"] == key
            check_openings(base, opened, proof, key)
            check_what_is_not_there(base, proof, key)
            registration = check_complete(base, directory, client, key)
            check_rows(base, directory, registration, key)
        print("receipts, openings, lists and rows hold for both readers")


if __name__ == "__main__":
    main()
