"""What the server's memory holds after its answers: nothing of what was typed, shown or presented.

Marked values go in and out over HTTP and over the socket for administration; then every page that the
server may write is read through /proc, once while the connection still stands idle and once after it
closed. A swapped page, a core or a debugger would see what is found here."""

import base64
import json
import os
import re
import resource
import secrets
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
# pylint: disable=wrong-import-position
import turno
from turno import expect
from witness_peers import Witness

# A sanitizer's shadow is a mapping of terabytes, and holds no byte of what is searched for.
MAPPING_BYTES_MAX = 1 << 32


def mappings(pid):
    """(start, end, name) of what is written to and in memory."""
    found = []
    with open(f"/proc/{pid}/smaps", encoding="ascii", errors="replace") as file:
        for line in file:
            head = re.match(r"([0-9a-f]+)-([0-9a-f]+) (\S+) \S+ \S+ \d+\s*(.*)", line)
            if head:
                start, end = int(head[1], 16), int(head[2], 16)
                writable = head[3].startswith("rw") and end - start < MAPPING_BYTES_MAX
                current = (start, end, head[4]) if writable else None
            elif current and line.startswith("Rss:") and int(line.split()[1]) > 0:
                found.append(current)
    return found


def search(pid, marks):
    """{what: places} of the marks that the process holds."""
    found = {}
    with open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
        for start, end, name in mappings(pid):
            memory.seek(start)
            data = b""
            while len(data) < end - start:
                try:
                    piece = memory.read(end - start - len(data))
                except OSError:
                    break # it was given back meanwhile
                if not piece:
                    break
                data += piece
            for what, mark in marks.items():
                at = data.find(mark)
                if at >= 0:
                    found.setdefault(what, []).append(f"{name or 'memory'} {start + at:x}")
    return found


def assert_forgotten(server, marks, when):
    found = search(server.process.pid, marks)
    assert not found, f"{when} the server's memory holds {found}"


class Marks(dict):
    """Values that stand nowhere else, under what they are."""

    def value(self, what):
        text = f"Zq{secrets.token_hex(12)}"
        self[what] = text.encode()
        self[what + ", folded"] = text.lower().encode()
        self[what + ", upper case"] = text.upper().encode()
        return text

    def token(self, what, text):
        self[what] = text.encode()
        self[what + ", its bytes"] = bytes.fromhex(text)
        return text

    def group(self, who, size, padding=""):
        """`padding` makes values long, so that arenas and buffers grow on the way."""
        birth = f"19{secrets.randbelow(60) + 20}-0{secrets.randbelow(9) + 1}-1{secrets.randbelow(9)}"
        self[f"{who}: birth"] = f'"{birth}"'.encode()
        people = [{"given_names": self.value(f"{who}: given names {i}") + padding,
                   "family_names": self.value(f"{who}: family names {i}") + padding,
                   "date_of_birth": birth, "nationality": "VEN",
                   "document": self.value(f"{who}: document {i}")} for i in range(size)]
        return {"members": people, "destination": self.value(f"{who}: destination") + padding,
                "contact": self.value(f"{who}: contact") + "@example.org", "language": "es"}


def register(client, marks, who, group, key):
    made = expect(client.post("/v1/registrations", group, key=key), 201).json
    marks.token(f"{who}: token", made["token"])
    again = expect(client.post("/v1/registrations", group, key=key), 201).json
    assert again["token"] == made["token"], "a retry opens it in the vault"
    return f"/v1/registrations/{made['registration']}", made["token"]


def take_home(client, marks, who, path, token):
    """The proofs show the values, opened from the vault."""
    turno.wait_until(lambda: client.get(path + "/proofs", token=token).json["proofs"], "a proof")
    page = expect(client.get(path + "/proofs", token=token), 200).json
    extra = page["proofs"][0]["proof"].split("\n")[1][len("extra "):]
    marks[f"{who}: openings"] = extra[-64:].encode() # the entry stands before them


def enrol(directory, marks):
    connection = turno.Local(os.path.join(directory, "turno.sock"))
    email = marks.value("an officer's address").lower() + "@agency1.example"
    connection.request("POST", "/admin/officer-add", json.dumps({"email": email, "role": "officer"}),
                       {"Content-Type": "application/json"})
    answer = connection.getresponse()
    made = json.loads(answer.read())
    assert answer.status == 200, made
    connection.close()
    return marks.token("an officer's token", made["token"])


def refused(client, marks, token):
    """What is turned away is forgotten like what is taken."""
    text = json.dumps(marks.group("refused", 2)).encode()
    for body in (text[:-1], text[:-1] + b',"more":1}', text[:-1] + b',"contact":""}'):
        expect(client.request("POST", "/v1/registrations", body,
                              headers={"Content-Type": "application/json"}), 400)
    expect(client.get("/v1/" + marks.value("a path")), 404)
    expect(client.get("/v1/policy", headers={"X-Name": marks.value("a header")}), 200)
    stranger = marks.token("a stranger's token", secrets.token_hex(32))
    expect(client.get("/v1/registrations/" + "0" * 32, token=stranger), 401)
    expect(client.get("/v1/registrations/" + "0" * 32, token=token), 403)


def ask(client, marks, token, appointment):
    number, birth = appointment["confirmation_number"], appointment["date_of_birth"]
    marks["a confirmation number"] = number.encode()
    marks["a birth that was asked about"] = birth.encode()
    answer = client.post("/v1/validations", turno.validation(number, birth), token=token)
    assert expect(answer, 200).json["matched"], answer


def others_ask(server):
    with server.client() as client:
        for _ in range(2):
            expect(client.get("/v1/policy"), 200)


def the_search_finds(server):
    """Where the server was told to answer, for ever: its own command line's end is in its stack."""
    marks = {"the port": f"127.0.0.1:{server.port}".encode(), "nothing": secrets.token_bytes(24)}
    assert list(search(server.process.pid, marks)) == ["the port"]


def locked(pid):
    """What stands in memory that is locked: the secrets of the process."""
    found = []
    with open(f"/proc/{pid}/smaps", encoding="ascii", errors="replace") as file, \
            open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
        for line in file:
            head = re.match(r"([0-9a-f]+)-([0-9a-f]+) ", line)
            if head:
                start, end = int(head[1], 16), int(head[2], 16)
            elif line.startswith("VmFlags:") and "lo" in line.split():
                memory.seek(start)
                found.append(memory.read(end - start))
    return found


def seeds_stand_once(server, base, key):
    """What signs for a ledger and for a witness: in locked memory, which is never written to, and
    nowhere else."""
    ring, = locked(server.process.pid)
    seeds = {"the log's seed": ring[6 * 32:7 * 32], "the cosigner's seed": ring[7 * 32:8 * 32]}
    assert all(any(seed) for seed in seeds.values())
    assert_forgotten(server, seeds, "beside the ring")
    directory = os.path.join(base, "witness")
    witness = Witness(directory, "w.example", [key]).start()
    with open(os.path.join(directory, "key"), encoding="ascii") as file:
        text = file.read().strip()
    seed = base64.b64decode(text.split("+", 4)[4])[1:]
    assert len(seed) == 32
    assert [seed in kept for kept in locked(witness.process.pid)] == [True], "the key is not locked"
    assert_forgotten(witness, {"its seed": seed, "its text": text.encode()[-40:]},
                     "beside its secret")
    witness.end()


def nobody_looks_in(base):
    """No command leaves a core or lets its own user look into it: `init`, held where it reads."""
    user = {"user": 65534} if os.geteuid() == 0 and others_may_run() else {}
    most = resource.getrlimit(resource.RLIMIT_CORE)[1]

    def begin(): # as the user that it is to be
        turno.die_with_parent()
        resource.setrlimit(resource.RLIMIT_CORE, (most, most))

    with subprocess.Popen([turno.PROGRAM, "init", os.path.join(base, "held"), "--policy", "-"],
                          stdin=subprocess.PIPE, stderr=subprocess.DEVNULL, preexec_fn=begin,
                          **user) as process:
        def held():
            with open(f"/proc/{process.pid}/limits", encoding="ascii") as file:
                return re.search(r"Max core file size +0 +0 ", file.read())
        if most == 0:
            print("skipped: nobody leaves a core here, whatever the program does")
        else:
            turno.wait_until(held, "a command that leaves no core", timeout=10)
        # The kernel gives what may not be dumped to root (proc(5)).
        if os.geteuid() == 0 and not user:
            print("skipped: only root may run the program here, and root may look into any")
        else:
            turno.wait_until(lambda: os.stat(f"/proc/{process.pid}/mem").st_uid == 0,
                             "a command that may not be dumped", timeout=10)
        process.kill()


def others_may_run():
    path = os.path.abspath(turno.PROGRAM)
    while os.stat(path).st_mode & 0o001 and path != "/":
        path = os.path.dirname(path)
    return path == "/"


def main():
    turno.need_program()
    with turno.scratch() as base:
        nobody_looks_in(base)
    if os.geteuid() != 0:
        turno.skip("only root may read the memory of a process that may not be dumped")
    with turno.scratch() as base:
        directory = os.path.join(base, "ledger")
        said = turno.simulate(directory)
        marks = Marks()
        with turno.Server(directory, "--loops", 1) as server:
            the_search_finds(server)
            with server.client() as client:
                path, token = register(client, marks, "a pair", marks.group("a pair", 2),
                                       turno.new_key())
                register(client, marks, "a large group",
                         marks.group("a large group", 8, " " + "prueba" * 100), turno.new_key())
                person = marks.group("one more", 1)["members"][0]
                expect(client.post(path + "/members", person, token=token), 201)
                take_home(client, marks, "a pair", path, token)
                ask(client, marks, enrol(directory, marks), said["appointment"])
                refused(client, marks, token)
                others_ask(server)
                assert_forgotten(server, marks, "while the connection stands")
            others_ask(server)
            assert_forgotten(server, marks, "after the connection closed")
            if not turno.sanitized():
                seeds_stand_once(server, base, said["vkey"])
            server.stop()
        print(f"{len(marks)} marked values are forgotten after their answers")
    return 0


if __name__ == "__main__":
    sys.exit(main())
