"""Every line of spec/log.md 3 against a running server: paths, their one spelling, bodies, headers.

The expected tiles are computed here from the entries of the bundles, so a tile served under the
wrong name or width is found by its bytes. A log of its own is served twice: a simulated one, whose
bundles are open, and a real one, whose bundles need an auditor's token."""

import base64
import hashlib
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
# pylint: disable=wrong-import-position
import turno
from turno import expect

WIDTH = 256
FOR_EVER = "public, max-age=604800, immutable"
# What needs a token must not come back to others from a cache that is shared.
FOR_ONE = "private, max-age=604800, immutable"


# ---- what must be served, by the definitions of the specification ----

def leaf(entry):
    return hashlib.sha256(b"\0" + entry).digest()


def node(left, right):
    return hashlib.sha256(b"\1" + left + right).digest()


def root_of(hashes):
    """MTH over hashes of subtrees of equal height (RFC 6962)."""
    if not hashes:
        return hashlib.sha256(b"").digest()
    if len(hashes) == 1:
        return hashes[0]
    split = 1 << (len(hashes) - 1).bit_length() - 1
    return node(root_of(hashes[:split]), root_of(hashes[split:]))


def spell(number):
    """1234067 is x001/x234/067."""
    groups = []
    while True:
        groups.append(f"{number % 1000:03d}")
        number //= 1000
        if number == 0:
            break
    return "/".join([f"x{group}" for group in groups[:0:-1]] + [groups[0]])


def unpack(bundle, count):
    entries, at = [], 0
    for _ in range(count):
        size = int.from_bytes(bundle[at:at + 2], "big")
        entries.append(bundle[at + 2:at + 2 + size])
        at += 2 + size
    assert at == len(bundle), "a bundle ends with its last entry"
    return entries


def pack(entries):
    return b"".join(len(entry).to_bytes(2, "big") + entry for entry in entries)


# ---- headers ----

def check_headers(answer, content_type, caching):
    assert answer.headers["Content-Type"] == content_type, answer
    assert answer.headers.get_all("Cache-Control") == [caching], answer.headers.items()
    assert answer.headers.get_all("Access-Control-Allow-Origin") == ["*"], answer.headers.items()
    assert "Set-Cookie" not in answer.headers, answer
    assert int(answer.headers["Content-Length"]) == len(answer.body), answer


def get_tile(client, path, token=None):
    answer = expect(client.get("/log/" + path, token=token), 200)
    check_headers(answer, "application/octet-stream",
                  FOR_ONE if token and path.startswith("tile/entries/") else FOR_EVER)
    return answer.body


def refused(client, path, statuses=404, token=None, method="GET"):
    answer = client.request(method, "/log/" + path, token=token)
    assert answer.status in (statuses if isinstance(statuses, tuple) else (statuses,)), (path, answer)
    assert answer.headers.get_all("Cache-Control") == ["no-store"], (path, answer.headers.items())
    assert answer.headers["Content-Type"] == "application/problem+json", (path, answer)
    assert answer.headers.get_all("Access-Control-Allow-Origin") == ["*"], (path, answer)
    return answer


# ---- the tests ----

def checkpoint(client):
    answer = expect(client.get("/log/checkpoint"), 200)
    check_headers(answer, "text/plain; charset=utf-8", "no-store")
    text = answer.body.decode()
    lines = text.split("\n")
    assert lines[3] == "" and lines[4].startswith("\u2014 ") and text.endswith("\n"), text
    return int(lines[1]), base64.b64decode(lines[2])


def read_entries(client, size, token=None):
    entries = []
    for index in range(size // WIDTH):
        entries += unpack(get_tile(client, f"tile/entries/{spell(index)}", token), WIDTH)
    width = size % WIDTH
    if width:
        path = f"tile/entries/{spell(size // WIDTH)}.p/{width}"
        entries += unpack(get_tile(client, path, token), width)
    return entries


def every_tile_is_served(client, entries, token=None):
    """Full tiles of every level, partial ones of every published width; the tree ends in the root."""
    hashes = [leaf(entry) for entry in entries]
    level, count = 0, 0
    top = []
    while hashes:
        for index in range(len(hashes) // WIDTH):
            full = hashes[index * WIDTH:(index + 1) * WIDTH]
            assert get_tile(client, f"tile/{level}/{spell(index)}") == b"".join(full)
            count += 1
        index, width = divmod(len(hashes), WIDTH)
        growing = hashes[index * WIDTH:]
        for w in range(1, width + 1):
            path = f"{spell(index)}.p/{w}"
            assert get_tile(client, f"tile/{level}/{path}") == b"".join(growing[:w])
            if level == 0:
                first = index * WIDTH
                assert get_tile(client, f"tile/entries/{path}", token) == \
                    pack(entries[first:first + w])
            count += 1
        # Nothing beyond the published size: no wider one, no full one, no next one.
        kinds = [str(level)] + (["entries"] if level == 0 else [])
        for kind in kinds:
            for path in ([f"{spell(index)}.p/{w}" for w in range(width + 1, WIDTH)] +
                         [spell(index), spell(index + 1), f"{spell(index + 1)}.p/1"]):
                refused(client, f"tile/{kind}/{path}", token=token)
        # What was the growing tile of an earlier published size is served for ever.
        if index > 0:
            for w in (1, 17, 128, 255):
                path = f"{spell(index - 1)}.p/{w}"
                first = (index - 1) * WIDTH
                assert get_tile(client, f"tile/{level}/{path}") == \
                    b"".join(hashes[first:first + w])
                if level == 0:
                    assert get_tile(client, f"tile/entries/{path}", token) == \
                        pack(entries[first:first + w])
        top.append(growing)
        hashes = [root_of(hashes[i * WIDTH:(i + 1) * WIDTH]) for i in range(index)]
        level += 1
    for above in range(level, 64):
        refused(client, f"tile/{above}/000")
        refused(client, f"tile/{above}/000.p/1")
    return count


# Paths under /log/ that mean something to somebody and are not the one spelling.
OTHER_SPELLINGS = (
    "tile/00/000", "tile/0/0", "tile/0/00", "tile/0/0000", "tile/0/x000/000", "tile/0/x000",
    "tile/0/000/000", "tile/0/x000/x000", "tile/0/X000/000", "tile/+0/000", "tile/-1/000",
    "tile/0x0/000", "tile/64/000", "tile/064/000", "tile/256/000", "tile/18446744073709551616/000",
    "tile/0/-01", "tile/0/+01", "tile/0/0a0", "tile/0/%2000", "tile/0/999", "tile/0/x999/999",
    "tile/0/x999/x999/x999/x999/x999/999", "tile/0/x001/x234/x067/x001/x234/x067/000",
    "tile/0/000.p", "tile/0/000.p/", "tile/0/000.p/0", "tile/0/000.p/00", "tile/0/000.p/01",
    "tile/0/000.p/007", "tile/0/000.p/256", "tile/0/000.p/0256", "tile/0/000.p/257",
    "tile/0/000.p/-1", "tile/0/000.p/+1", "tile/0/000.p/1a", "tile/0/000.p/0x1", "tile/0/000.p/1/",
    "tile/0/000.p/1/2", "tile/0/000.p/99999999999999999999", "tile/0/000.P/1", "tile/0/000p/1",
    "tile/0/000.q/1", "tile/0/.p/1", "tile/0/000/", "tile/0//000", "tile//0/000", "tile/0/000.",
    "tile/0/", "tile/0", "tile/", "tile", "Tile/0/000", "TILE/0/000", "tile/0/000.bin",
    "tile/data/000", "tile/Entries/000", "tile/entries", "tile/entries/", "tile/entries/0",
    "tile/entries/0000", "tile/entries/x000/000", "tile/entries/000/", "tile/entries/000.p/0",
    "tile/entries/000.p/007", "tile/entries/000.p/256", "tile/entries/0/000",
    "tile/8/0/000", "tile/8/data/000", "tile/8/0/000.p/1",
    "tile/0/%30%30%30", "tile/%30/000", "tile/0/000%2ep/1",
    "til%65/0/000", "checkpoin%74", "%63heckpoint",
    "", "checkpoint/", "Checkpoint", "CHECKPOINT", "checkpoint.txt", "/checkpoint", "latest",
    "checkpoint/000", "entries/000", "sth", "issuer/00",
)


def every_other_spelling_is_404(client):
    for path in OTHER_SPELLINGS:
        refused(client, path)
    # Dots and escaped slashes are refused before a path is looked at, or lead nowhere.
    for path in ("tile%2f0/000", "tile/0/000.p%2f1", "./checkpoint", "../log/checkpoint", "tile/0/../0/000", "tile/./0/000"):
        refused(client, path, (400, 404))
    # The server takes no query here: one body must not lie under many names.
    for path in ("checkpoint?", "checkpoint?a=1", "tile/0/000?", "tile/0/000?a=1"):
        answer = client.get("/log/" + path)
        if path.endswith("?"):
            assert answer.status in (200, 400, 404), answer
        else:
            refused(client, path, (400, 404))


def methods(client, entries):
    """GET and HEAD are the same but for the body; nothing can be written."""
    full = "tile/0/000" if len(entries) >= WIDTH else f"tile/0/000.p/{len(entries)}"
    for path in ("checkpoint", full, full.replace("/0/", "/entries/")):
        got = expect(client.get("/log/" + path), 200)
        head = expect(client.request("HEAD", "/log/" + path), 200)
        assert head.body == b"", head
        for field in ("Content-Type", "Cache-Control", "Access-Control-Allow-Origin",
                      "Content-Length"):
            assert head.headers[field] == got.headers[field], (field, head.headers.items())
        for method in ("POST", "PUT", "DELETE", "PATCH"):
            answer = refused(client, path, (405, 501), method=method)
            if answer.status == 405:
                assert answer.headers["Allow"], answer.headers.items()
        preflight = client.request("OPTIONS", "/log/" + path)
        assert preflight.status in (200, 204, 405), preflight
        assert preflight.headers["Access-Control-Allow-Origin"] == "*", preflight.headers.items()
        assert "Access-Control-Allow-Credentials" not in preflight.headers


def bundles_of_a_real_log(client, auditor, officer):
    """401 as a problem without an auditor's token; 403 with another's; hash tiles stay open."""
    size, root = checkpoint(client)
    for path in ("tile/entries/000", "tile/entries/000.p/1", "tile/entries/999"):
        for token in (None, "0" * 64):
            answer = refused(client, path, 401, token=token)
            assert answer.headers["WWW-Authenticate"], answer.headers.items()
        refused(client, path, 403, token=officer)
    entries = read_entries(client, size, auditor)
    assert root_of([leaf(entry) for entry in entries]) == root
    every_tile_is_served(client, entries, auditor)
    refused(client, "tile/entries/0", (401, 404))


def simulated_log(folder):
    directory = os.path.join(folder, "simulated")
    turno.simulate(directory, 2, 0.001, 5)
    with turno.Server(directory) as server, server.client() as client:
        size, root = checkpoint(client)
        entries = read_entries(client, size)
        assert len(entries) == size > 3 * WIDTH, size
        assert root_of([leaf(entry) for entry in entries]) == root
        count = every_tile_is_served(client, entries)
        every_other_spelling_is_404(client)
        methods(client, entries)
        assert checkpoint(client) == (size, root), "the log stood still meanwhile"
        server.stop()
    return size, count


def real_log(folder):
    directory = os.path.join(folder, "real")
    turno.run("init", directory, "--allow-unlocked")
    auditor = turno.run("officer", directory, "add", "a@example.org", "--role",
                        "auditor").stdout.split()[-1]
    # In a domain that the first policy in force lists.
    officer = turno.run("officer", directory, "add", "b@inm.gob.mx").stdout.split()[-1]
    with turno.Server(directory, "--allow-unlocked") as server, server.client() as client:
        bundles_of_a_real_log(client, auditor, officer)
        server.stop()


def main():
    turno.need_program()
    with turno.scratch() as folder:
        size, count = simulated_log(folder)
        real_log(folder)
    print(f"{size} entries, {count} tiles and their bundles by every width, "
          f"{len(OTHER_SPELLINGS)} other spellings: 404")
    return 0


if __name__ == "__main__":
    sys.exit(main())
