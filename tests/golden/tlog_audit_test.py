"""A growing log, served, is audited with golang.org/x/mod (sumdb/tlog and sumdb/note) over HTTP.

The program in tlog_audit/ is built without a network from Debian's golang-golang-x-mod-dev. It must
pass while the log grows, with proofs between checkpoints published at different times, and must
name what a proxy between it and the log alters. Exit 77 (skipped) where Go or that package is not
installed."""

import base64
import http.server
import os
import shutil
import subprocess
import sys
import threading
import urllib.error
import urllib.request

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))
# pylint: disable=wrong-import-position
import turno
from turno import expect

HERE = os.path.dirname(os.path.abspath(__file__))
GOPATH = "/usr/share/gocode"


def build(folder):
    go = shutil.which("go")
    if not go:
        turno.skip("no Go here (Debian package golang-go)")
    if not os.path.isdir(os.path.join(GOPATH, "src/golang.org/x/mod/sumdb/tlog")):
        turno.skip("no golang.org/x/mod here (Debian package golang-golang-x-mod-dev)")
    program = os.path.join(folder, "tlog_audit")
    env = dict(os.environ, GO111MODULE="off", GOPATH=GOPATH, GOFLAGS="", GOTOOLCHAIN="local",
               GOPROXY="off", CGO_ENABLED="0",
               # One for all presets: they build the same program.
               GOCACHE=os.path.join(os.environ.get("TURNO_BUILD", folder), "../go-cache"))
    done = subprocess.run([go, "build", "-o", program, os.path.join(HERE, "tlog_audit/main.go")],
                          env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    assert done.returncode == 0, done.stdout.decode()
    return program


def audit(program, port, vkey, older=(), sample=200):
    """(exit code, what it said)."""
    done = subprocess.run([program, f"http://127.0.0.1:{port}/log", vkey, str(sample)],
                          input="".join(text + "--\n" for text in older).encode(),
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=300, check=False)
    return done.returncode, done.stdout.decode()


# ---- somebody between the auditor and the log ----

class Proxy(http.server.ThreadingHTTPServer):
    """Passes everything on but what `alter(path, body)` gives another body for."""

    daemon_threads = True

    def __init__(self, port, alter):
        super().__init__(("127.0.0.1", 0), Handler)
        self.base = f"http://127.0.0.1:{port}"
        self.alter = alter
        self.altered = 0
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def close(self):
        self.shutdown()
        self.server_close()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self): # pylint: disable=invalid-name
        try:
            with urllib.request.urlopen(self.server.base + self.path, timeout=60) as answer:
                status, body = answer.status, answer.read()
        except urllib.error.HTTPError as error:
            status, body = error.code, error.read()
        other = self.server.alter(self.path, body)
        if other is not None and other != body:
            self.server.altered += 1
            body = other
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def flip(body, at):
    return body[:at] + bytes([body[at] ^ 1]) + body[at + 1:]


def on(prefix, change):
    """Alter the first resource of a kind."""
    return lambda path, body: change(body) if path.startswith("/log/" + prefix) else None


def resized(body):
    """The signed text says one entry less, under the old signature."""
    lines = body.decode().split("\n")
    lines[1] = str(int(lines[1]) - 1)
    return "\n".join(lines).encode()


def resigned(body):
    """One bit of the first signature."""
    head, line = body.decode().split("\n\n", 1)
    first, rest = line.split("\n", 1)
    dash, name, text = first.split(" ")
    text = base64.b64encode(flip(base64.b64decode(text), 30)).decode()
    return f"{head}\n\n{dash} {name} {text}\n{rest}".encode()


def reordered(body):
    """The first two entries of a bundle change places."""
    first = 2 + int.from_bytes(body[:2], "big")
    second = first + 2 + int.from_bytes(body[first:first + 2], "big")
    return body[first:second] + body[:first] + body[second:]


ALTERED = (
    ("a byte of an entry", on("tile/entries/000", lambda body: flip(body, 40)), "tile 0/0 "),
    ("two entries change places", on("tile/entries/001", reordered), "tile 0/1 "),
    ("an entry is cut", on("tile/entries/000", lambda body: body[:-3]), "entry"),
    ("a byte behind the last entry", on("tile/entries/000", lambda body: body + b"\0"), "entry"),
    ("a leaf hash", on("tile/0/000", lambda body: flip(body, 77)), "tile 0/0 "),
    ("a leaf hash of the growing tile", lambda path, body: flip(body, 3)
     if path.startswith("/log/tile/0/") and ".p/" in path else None, "tile 0/"),
    ("a hash of the level above", on("tile/1/", lambda body: flip(body, 5)), "tile 1/0"),
    ("a hash too many", on("tile/1/", lambda body: body + bytes(32)), "tile 1/0"),
    ("the size under the old signature", on("checkpoint", resized), "checkpoint"),
    ("a bit of the signature", on("checkpoint", resigned), "checkpoint"),
)


def negatives(program, port, vkey, older):
    for label, alter, says in ALTERED:
        proxy = Proxy(port, alter)
        code, said = audit(program, proxy.server_address[1], vkey, older)
        proxy.close()
        assert proxy.altered > 0, f"{label}: nothing was altered"
        assert code == 1 and says in said, f"{label}: exit {code}: {said}"
    # Withheld is not altered: the audit cannot say.
    proxy = Proxy(port, lambda path, body: None)
    proxy.base += "/nowhere"
    code, said = audit(program, proxy.server_address[1], vkey)
    proxy.close()
    assert code == 5, f"withheld: exit {code}: {said}"
    # An older checkpoint of another history, under a key that is not this log's.
    other = older[0].replace(older[0].split("\n")[2], base64.b64encode(bytes(32)).decode())
    code, said = audit(program, port, vkey, [other])
    assert code == 1 and "checkpoint" in said, f"another history: exit {code}: {said}"


# ---- the log ----

def text_of_checkpoint(client):
    return expect(client.get("/log/checkpoint"), 200).body.decode()


def size_of(text):
    return int(text.split("\n")[1])


class Growing(turno.Asking):
    """Somebody registers all the while."""

    number = 700000

    def step(self):
        turno.register(self.client, turno.family(self.number, 1 + self.number % 3))
        self.number += 1


def grow(client, older, times):
    """Wait for checkpoints that were published at different times."""
    for _ in range(times):
        turno.wait_until(lambda: size_of(text_of_checkpoint(client)) >= size_of(older[-1]) + 40,
                         "the log grows")
        older.append(text_of_checkpoint(client))


def play(program, directory):
    vkey = turno.run("key", directory, "--vkey").stdout.split()[0]
    with turno.Server(directory) as server, server.client() as client:
        older = [text_of_checkpoint(client)]
        growing = Growing(server)
        growing.start()
        grow(client, older, 5)
        during, said = audit(program, server.port, vkey, older)
        growing.end()
        assert during == 0, said
        turno.wait_until(lambda: size_of(text_of_checkpoint(client)) > size_of(older[-1]),
                         "the last of it")
        code, said = audit(program, server.port, vkey, older, sample=500)
        assert code == 0, said
        assert "500 records" in said and "6 older checkpoints" in said, said
        print(said.strip())
        negatives(program, server.port, vkey, older)
        server.stop()


def main():
    turno.need_program()
    with turno.scratch() as folder:
        program = build(folder)
        directory = os.path.join(folder, "ledger")
        turno.simulate(directory, 2, 0.001, 9)
        play(program, directory)
    print(f"{len(ALTERED)} alterations on the way were named")
    return 0


if __name__ == "__main__":
    sys.exit(main())
