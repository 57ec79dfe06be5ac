#!/usr/bin/env python3
"""Audit a published log with code that shares nothing with the program.

    audit_log.py BASE VKEY [--token T] [--witness VKEY]... [--raw]

BASE is the prefix of a tlog-tiles log: a URL (http://127.0.0.1:8080/log) or a folder with the same
paths as files. Fetches the checkpoint, every entry bundle and every tile that its size implies;
recomputes leaves, tiles and root from the bundles and compares. Over HTTP also asks for spellings
that must not exist, for what lies beyond the published size, and looks at the headers.

--raw: the entries are any bytes (a log of somebody else); otherwise each must be a canonical msgpack
array [version, kind, time_us, [role, bin16], command, cause, body], times never going backwards.

Exit: 0 everything holds, 1 a difference, 2 usage, 5 something could not be read.
Written from RFC 6962, RFC 8032, C2SP tlog-tiles, signed-note and tlog-cosignature alone.
"""

import argparse
import base64
import hashlib
import http.client
import os
import sys
import urllib.parse

WIDTH = 256
DIFFERENCES_SHOWN = 20


class Difference(Exception):
    """What was read is not what it must be."""


class Unreadable(Exception):
    """Something could not be read, so the audit cannot say."""


# ---- Ed25519 verification, RFC 8032 5.1 ----

P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
SQRT_M1 = pow(2, (P - 1) // 4, P)


def point_add(p, q):
    """Extended coordinates (X, Y, Z, T): x = X/Z, y = Y/Z, xy = T/Z."""
    a = (p[1] - p[0]) * (q[1] - q[0]) % P
    b = (p[1] + p[0]) * (q[1] + q[0]) % P
    c = 2 * p[3] * q[3] * D % P
    d = 2 * p[2] * q[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return (e * f % P, g * h % P, f * g % P, e * h % P)


def point_multiply(scalar, p):
    q = (0, 1, 1, 0)
    while scalar > 0:
        if scalar & 1:
            q = point_add(q, p)
        p = point_add(p, p)
        scalar >>= 1
    return q


def point_equal(p, q):
    return (p[0] * q[2] - q[0] * p[2]) % P == 0 and (p[1] * q[2] - q[1] * p[2]) % P == 0


def recover_x(y, sign):
    if y >= P:
        return None
    x2 = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    if x2 == 0:
        return None if sign else 0
    x = pow(x2, (P + 3) // 8, P)
    if (x * x - x2) % P != 0:
        x = x * SQRT_M1 % P
    if (x * x - x2) % P != 0:
        return None
    return P - x if (x & 1) != sign else x


def point_decode(data):
    y = int.from_bytes(data, "little")
    sign, y = y >> 255, y & (2**255 - 1)
    x = recover_x(y, sign)
    return None if x is None else (x, y, 1, x * y % P)


BASE_Y = 4 * pow(5, P - 2, P) % P
BASE_X = recover_x(BASE_Y, 0)
BASE_POINT = (BASE_X, BASE_Y, 1, BASE_X * BASE_Y % P)


def ed25519_verify(public_key, message, signature):
    if len(public_key) != 32 or len(signature) != 64:
        return False
    a, r = point_decode(public_key), point_decode(signature[:32])
    s = int.from_bytes(signature[32:], "little")
    if a is None or r is None or s >= ORDER:
        return False
    digest = hashlib.sha512(signature[:32] + public_key + message).digest()
    h = int.from_bytes(digest, "little") % ORDER
    return point_equal(point_multiply(s, BASE_POINT), point_add(r, point_multiply(h, a)))


# ---- signed notes ----

def strict_base64(text):
    try:
        data = base64.b64decode(text, validate=True)
    except ValueError:
        raise Difference(f"not base64: {text[:60]!r}") from None
    if base64.b64encode(data).decode() != text:
        raise Difference(f"base64 is not in its one form: {text[:60]!r}")
    return data


class Verifier:
    def __init__(self, vkey):
        parts = vkey.strip().split("+", 2)
        if len(parts) != 3:
            raise ValueError("a verifier key is name+id+key")
        key = base64.b64decode(parts[2], validate=True)
        self.name, self.id = parts[0], bytes.fromhex(parts[1])
        self.type, self.key = key[0], key[1:]
        if hashlib.sha256(self.name.encode() + b"\n" + key).digest()[:4] != self.id:
            raise ValueError("the verifier key's id is not that of its key")
        if self.type not in (1, 4):
            raise ValueError(f"verifier key of type {self.type}")

    def signed(self, text, signature):
        if self.type == 1:
            return ed25519_verify(self.key, text, signature)
        if len(signature) != 72:
            return False
        time_s = int.from_bytes(signature[:8], "big")
        message = b"cosignature/v1\ntime %d\n" % time_s + text
        return ed25519_verify(self.key, message, signature[8:])


def note_open(note, verifiers):
    """The text and the verifiers that signed it."""
    try:
        note.decode()
    except UnicodeDecodeError:
        raise Difference("note is not UTF-8") from None
    if any(byte < 0x20 and byte != 0x0A for byte in note):
        raise Difference("note holds a control character")
    at = note.rfind(b"\n\n")
    if at < 0 or not note.endswith(b"\n"):
        raise Difference("note has no empty line or no last newline")
    text, lines = note[:at + 1], note[at + 2:].decode().split("\n")[:-1]
    signers = []
    if not lines:
        raise Difference("note has no signature")
    for line in lines:
        parts = line.split(" ")
        if len(parts) != 3 or parts[0] != "\u2014" or parts[1] == "" or "+" in parts[1]:
            raise Difference(f"signature line is malformed: {line[:60]!r}")
        payload = strict_base64(parts[2])
        for verifier in verifiers:
            if verifier.name == parts[1] and verifier.id == payload[:4]:
                if not verifier.signed(text, payload[4:]):
                    raise Difference(f"signature of {verifier.name} does not verify")
                signers.append(verifier)
    return text, signers


def checkpoint_open(note, verifiers):
    text, signers = note_open(note, verifiers)
    if verifiers[0] not in signers:
        raise Difference(f"checkpoint is not signed by {verifiers[0].name}")
    lines = text.decode().split("\n")[:-1]
    if len(lines) < 3:
        raise Difference("checkpoint has fewer than three lines")
    origin, size, root = lines[:3]
    if origin != verifiers[0].name:
        raise Difference(f"checkpoint's origin is {origin!r}, the key is {verifiers[0].name!r}")
    if not size.isascii() or not size.isdigit() or str(int(size)) != size or int(size) >= 2**63:
        raise Difference(f"checkpoint's size is {size!r}")
    root = strict_base64(root)
    if len(root) != 32:
        raise Difference(f"checkpoint's root has {len(root)} bytes")
    return int(size), root, signers


# ---- Merkle tree ----

def leaf_hash(data):
    return hashlib.sha256(b"\0" + data).digest()


def node_hash(left, right):
    return hashlib.sha256(b"\1" + left + right).digest()


def tree_root(hashes):
    """MTH over leaf hashes, level by level: an odd last one moves up unchanged."""
    if not hashes:
        return hashlib.sha256(b"").digest()
    while len(hashes) > 1:
        above = [node_hash(hashes[i], hashes[i + 1]) for i in range(0, len(hashes) - 1, 2)]
        if len(hashes) % 2 == 1:
            above.append(hashes[-1])
        hashes = above
    return hashes[0]


def tile_path(kind, index, width):
    groups = [f"{index % 1000:03d}"]
    index //= 1000
    while index > 0:
        groups.insert(0, f"x{index % 1000:03d}")
        index //= 1000
    partial = f".p/{width}" if width < WIDTH else ""
    return f"tile/{kind}/" + "/".join(groups) + partial


def tiles_of(count):
    """(index, width) of the tiles of a level that has `count` hashes."""
    for index in range(count // WIDTH):
        yield index, WIDTH
    if count % WIDTH:
        yield count // WIDTH, count % WIDTH


# ---- entries: canonical msgpack ----

class Unpacker:
    """Reads one item and refuses what is not in its one form."""

    def __init__(self, data):
        self.data = data
        self.at = 0

    def take(self, size):
        if len(self.data) - self.at < size:
            raise Difference("msgpack ends within an item")
        self.at += size
        return self.data[self.at - size:self.at]

    def number(self, size, least, signed=False):
        value = int.from_bytes(self.take(size), "big", signed=signed)
        if value < least if not signed else value >= least:
            raise Difference("integer or length is not in its shortest form")
        return value

    def item(self, depth=16):
        tag = self.take(1)[0]
        if tag <= 0x7F:
            return tag
        if tag <= 0x8F:
            return self.map(tag & 15, depth)
        if tag <= 0x9F:
            return self.array(tag & 15, depth)
        if tag <= 0xBF:
            return self.string(tag & 31)
        if tag >= 0xE0:
            return tag - 256
        readers = {
            0xC0: lambda: None,
            0xC4: lambda: bytes(self.take(self.number(1, 0))),
            0xC5: lambda: bytes(self.take(self.number(2, 1 << 8))),
            0xC6: lambda: bytes(self.take(self.number(4, 1 << 16))),
            0xCC: lambda: self.number(1, 128),
            0xCD: lambda: self.number(2, 1 << 8),
            0xCE: lambda: self.number(4, 1 << 16),
            0xCF: lambda: self.number(8, 1 << 32),
            0xD0: lambda: self.number(1, -32, signed=True),
            0xD1: lambda: self.number(2, -128, signed=True),
            0xD2: lambda: self.number(4, -(1 << 15), signed=True),
            0xD3: lambda: self.number(8, -(1 << 31), signed=True),
            0xD9: lambda: self.string(self.number(1, 32)),
            0xDA: lambda: self.string(self.number(2, 1 << 8)),
            0xDB: lambda: self.string(self.number(4, 1 << 16)),
            0xDC: lambda: self.array(self.number(2, 16), depth),
            0xDD: lambda: self.array(self.number(4, 1 << 16), depth),
            0xDE: lambda: self.map(self.number(2, 16), depth),
            0xDF: lambda: self.map(self.number(4, 1 << 16), depth),
        }
        if tag not in readers:
            raise Difference(f"msgpack type {tag:02x} is not used here")
        return readers[tag]()

    def string(self, size):
        data = self.take(size)
        if any(byte < 0x20 or byte > 0x7E for byte in data):
            raise Difference("str is not printable ASCII")
        return data.decode()

    def array(self, count, depth):
        if depth == 0 or count > len(self.data) - self.at:
            raise Difference("array is too deep or longer than its bytes")
        return [self.item(depth - 1) for _ in range(count)]

    def map(self, count, depth):
        if depth == 0 or 2 * count > len(self.data) - self.at:
            raise Difference("map is too deep or longer than its bytes")
        result, last = {}, -1
        for _ in range(count):
            key = self.item(depth - 1)
            if not isinstance(key, int) or key <= last:
                raise Difference("map keys are not ascending unsigned integers")
            result[key], last = self.item(depth - 1), key
        return result


def is_uint(value):
    return isinstance(value, int) and value >= 0


def is_id(value):
    return isinstance(value, bytes) and len(value) == 16


def entry_check(index, data, last_us):
    """The entry's time_us."""
    unpacker = Unpacker(data)
    fields = unpacker.item()
    if unpacker.at != len(data):
        raise Difference("bytes behind the entry")
    if not isinstance(fields, list) or len(fields) != 7:
        raise Difference("entry is not an array of seven")
    version, kind, time_us, actor, command, cause, body = fields
    if not (is_uint(version) and is_uint(kind) and is_uint(time_us)):
        raise Difference("version, kind or time_us is not a uint")
    if not (isinstance(actor, list) and len(actor) == 2 and is_uint(actor[0]) and is_id(actor[1])):
        raise Difference("actor is not [role, bin16]")
    if command is not None and not is_id(command):
        raise Difference("command is neither bin16 nor nil")
    if cause is not None and not (is_uint(cause) and cause < index):
        raise Difference("cause is neither nil nor the index of an earlier entry")
    if not isinstance(body, dict):
        raise Difference("body is not a map")
    if time_us < last_us:
        raise Difference(f"time goes backwards, from {last_us} to {time_us}")
    return time_us


# ---- where the log is read ----

class Folder:
    """Files named as the paths of the log."""

    over_http = False

    def __init__(self, base):
        self.base = base

    def read(self, path):
        try:
            with open(os.path.join(self.base, path), "rb") as file:
                return file.read()
        except FileNotFoundError:
            raise Difference(f"{path}: missing") from None
        except OSError as error:
            raise Unreadable(f"{path}: {error}") from None


class Server:
    """One kept connection; one retry when the server closed it in between."""

    over_http = True

    def __init__(self, base, token):
        parts = urllib.parse.urlsplit(base)
        kind = {"http": http.client.HTTPConnection, "https": http.client.HTTPSConnection}
        self.connection = kind[parts.scheme](parts.hostname, parts.port, timeout=30)
        self.prefix = parts.path.rstrip("/") + "/"
        self.token = token

    def get(self, path, token=True):
        headers = {"Authorization": f"Bearer {self.token}"} if token and self.token else {}
        for attempt in (1, 2):
            try:
                self.connection.request("GET", self.prefix + path, headers=headers)
                response = self.connection.getresponse()
                return response.status, response.headers, response.read()
            except (OSError, http.client.HTTPException) as error:
                self.connection.close()
                if attempt == 2:
                    raise Unreadable(f"{path}: {error!r}") from None
        raise AssertionError

    def read(self, path):
        status, headers, body = self.get(path)
        if status == 404:
            raise Difference(f"{path}: 404, but the checkpoint's size implies it")
        if status != 200:
            raise Unreadable(f"{path}: status {status}")
        # What needs a token must not come back to others from a cache that is shared.
        who = "private" if self.token and path.startswith("tile/entries/") else "public"
        want = {"checkpoint": ("text/plain; charset=utf-8", "no-store")}.get(
            path, ("application/octet-stream", f"{who}, max-age=604800, immutable"))
        got = (headers.get("Content-Type"), headers.get("Cache-Control"))
        if got != want:
            raise Difference(f"{path}: Content-Type and Cache-Control are {got}, not {want}")
        if headers.get("Access-Control-Allow-Origin") != "*":
            raise Difference(f"{path}: no Access-Control-Allow-Origin: *")
        return body


# ---- the audit ----

BAD_SPELLINGS = [
    "tile/00/000", "tile/01/000", "tile/64/000", "tile/-1/000", "tile/0/0", "tile/0/00",
    "tile/0/0000", "tile/0/x000/000", "tile/0/000.p/0", "tile/0/000.p/00", "tile/0/000.p/007",
    "tile/0/000.p/256", "tile/0/000.p/", "tile/0/000.p", "tile/0/000.p/1/", "tile/0/000/",
    "tile/0//000", "tile/0/x001/", "tile/0/x001", "tile/0/%30%30%30", "tile/entries/0",
    "tile/entries/000.p/256", "tile/entries/000.p/0", "tile/entries/x000/000", "tile/data/000",
    "tile/", "tile", "Checkpoint", "checkpoint/",
]


class Audit:
    def __init__(self, source, verifiers, raw):
        self.source = source
        self.verifiers = verifiers
        self.raw = raw
        self.differences = []
        self.unreadable = []
        self.bundles = 0
        self.tiles = 0

    def attempt(self, label, function, *arguments):
        """The result, or None after writing down what is wrong."""
        try:
            return function(*arguments)
        except Difference as difference:
            self.differences.append(f"{label}: {difference}" if label else str(difference))
        except Unreadable as unreadable:
            self.unreadable.append(str(unreadable))
        return None

    def checkpoint(self):
        return checkpoint_open(self.source.read("checkpoint"), self.verifiers)

    def bundle(self, index, width, last_us):
        """Leaf hashes of one bundle and the time of its last entry."""
        data = self.source.read(tile_path("entries", index, width))
        leaves, at = [], 0
        for i in range(width):
            size = int.from_bytes(data[at:at + 2], "big")
            if len(data) - at < 2 + size:
                raise Difference(f"bundle ends within entry {index * WIDTH + i}")
            entry = data[at + 2:at + 2 + size]
            at += 2 + size
            leaves.append(leaf_hash(entry))
            if not self.raw:
                try:
                    last_us = entry_check(index * WIDTH + i, entry, last_us)
                except Difference as difference:
                    raise Difference(f"entry {index * WIDTH + i}: {difference}") from None
        if at != len(data):
            raise Difference(f"{len(data) - at} bytes behind the last entry")
        self.bundles += 1
        return leaves, last_us

    def tile(self, level, index, want):
        data = self.source.read(tile_path(level, index, len(want)))
        if data != b"".join(want):
            place = next((i for i, hash in enumerate(want) if data[32 * i:32 * i + 32] != hash),
                         len(want))
            raise Difference(f"differs from the entries at hash {place}")
        self.tiles += 1

    def headers_and_spellings(self, size):
        """What must not be there, over HTTP alone."""
        for path in BAD_SPELLINGS:
            self.absent(path)
        if self.source.token and size > 0:
            path = tile_path("entries", 0, min(size, WIDTH))
            status, headers, _ = self.source.get(path, token=False)
            if status != 401 or headers.get("Cache-Control") != "no-store":
                raise Difference(f"{path} without a token: status {status}, not 401 with no-store")
        beyond = [tile_path(kind, size // WIDTH, size % WIDTH + 1) for kind in (0, "entries")]
        beyond += [tile_path(0, size // WIDTH + 1, WIDTH), tile_path(63, 0, 1)]
        found = [path for path in beyond if self.source.get(path)[0] != 404]
        # A log that grew meanwhile may rightly serve them by now.
        if found and self.checkpoint()[0] == size:
            raise Difference(f"served beyond the published size {size}: {found}")

    def absent(self, path):
        status, headers, _ = self.source.get(path)
        if status != 404:
            self.differences.append(f"{path}: status {status}, not 404")
        elif headers.get("Cache-Control") != "no-store":
            self.differences.append(f"{path}: 404 without Cache-Control: no-store")

    def run(self):
        """The summary line."""
        opened = self.attempt("checkpoint", self.checkpoint)
        if opened is None:
            return "no checkpoint to audit"
        size, root, signers = opened
        hashes, last_us = [], 0
        for index, width in tiles_of(size):
            got = self.attempt(tile_path("entries", index, width), self.bundle, index, width,
                               last_us)
            if got is None:
                return f"size {size}: stopped at bundle {index}"
            hashes += got[0]
            last_us = got[1]
        computed = tree_root(hashes)
        if computed != root:
            self.differences.append(f"root of {size} entries is {computed.hex()}, "
                                    f"the checkpoint says {root.hex()}")
        level = 0
        while hashes:
            for index, width in tiles_of(len(hashes)):
                want = hashes[index * WIDTH:index * WIDTH + width]
                self.attempt(tile_path(level, index, width), self.tile, level, index, want)
            hashes = [tree_root(hashes[i:i + WIDTH])
                      for i in range(0, len(hashes) - WIDTH + 1, WIDTH)]
            level += 1
        if self.source.over_http:
            self.attempt("", self.headers_and_spellings, size)
        again = self.attempt("checkpoint again", self.checkpoint)
        if again is not None and (again[0] < size or (again[0] == size and again[1] != root)):
            self.differences.append(f"checkpoint went from size {size} to {again[0]} or changed "
                                    "its root")
        return (f"size {size} root {root.hex()}: {self.bundles} bundles, {self.tiles} tiles of "
                f"{level} levels, signed by "
                + ", ".join(sorted(f"{signer.name} ({signer.id.hex()})" for signer in signers)))


def main():
    parser = argparse.ArgumentParser(description="Audit a published tlog-tiles log.")
    parser.add_argument("base", help="URL prefix or folder")
    parser.add_argument("vkey", help="the log's verifier key")
    parser.add_argument("--token", help="bearer token for entry bundles")
    parser.add_argument("--witness", action="append", default=[], metavar="VKEY",
                        help="another key whose signature is demanded")
    parser.add_argument("--raw", action="store_true", help="entries are any bytes")
    arguments = parser.parse_args()
    try:
        verifiers = [Verifier(vkey) for vkey in [arguments.vkey] + arguments.witness]
    except ValueError as error:
        parser.error(str(error))
    over_http = arguments.base.startswith(("http://", "https://"))
    source = Server(arguments.base, arguments.token) if over_http else Folder(arguments.base)
    audit = Audit(source, verifiers, arguments.raw)
    summary = audit.run()
    if not audit.differences and not audit.unreadable:
        signers = audit.checkpoint()[2]
        audit.differences += [f"{verifier.name} has not signed (key {verifier.id.hex()})"
                              for verifier in verifiers if verifier not in signers]
    for line in audit.differences[:DIFFERENCES_SHOWN] + audit.unreadable[:DIFFERENCES_SHOWN]:
        print(line, file=sys.stderr)
    if audit.differences:
        print(f"DIFFERENT ({len(audit.differences)}): {summary}")
        return 1
    if audit.unreadable:
        print(f"INCOMPLETE ({len(audit.unreadable)}): {summary}")
        return 5
    print(f"ok: {summary}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
