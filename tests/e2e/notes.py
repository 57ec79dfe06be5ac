"""Keys, signed notes, receipts and resources of logs, made by other code than the program's: RFC 8032,
RFC 6962 and spec/log.md in Python. For tests in which somebody else signs, or signs what is not true."""

import base64
import hashlib
import os
import struct
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "golden"))
# pylint: disable=wrong-import-position
from audit_log import (BASE_POINT, ORDER, P, WIDTH, leaf_hash, node_hash, point_multiply, tile_path,
                       tiles_of, tree_root)

ED25519, COSIGNATURE = 1, 4


def point_encode(point):
    inverse = pow(point[2], P - 2, P)
    x, y = point[0] * inverse % P, point[1] * inverse % P
    return (y | (x & 1) << 255).to_bytes(32, "little")


class Signer:
    """An Ed25519 key with a name; `kind` is the type in its key id (RFC 8032 5.1.5, 5.1.6)."""

    def __init__(self, name, seed, kind=ED25519):
        digest = hashlib.sha512(hashlib.sha256(seed.encode()).digest()).digest()
        self.name, self.kind, self.prefix = name, kind, digest[32:]
        self.scalar = int.from_bytes(digest[:32], "little") & (1 << 254) - 8 | 1 << 254
        self.key = point_encode(point_multiply(self.scalar, BASE_POINT))
        typed = bytes([kind]) + self.key
        self.id = hashlib.sha256(name.encode() + b"\n" + typed).digest()[:4]
        self.vkey = f"{name}+{self.id.hex()}+{base64.b64encode(typed).decode()}"

    def sign(self, message):
        r = int.from_bytes(hashlib.sha512(self.prefix + message).digest(), "little") % ORDER
        point = point_encode(point_multiply(r, BASE_POINT))
        k = int.from_bytes(hashlib.sha512(point + self.key + message).digest(), "little") % ORDER
        return point + ((r + k * self.scalar) % ORDER).to_bytes(32, "little")

    def line(self, payload):
        return f"\u2014 {self.name} {base64.b64encode(self.id + payload).decode()}\n"

    def note_line(self, text):
        return self.line(self.sign(text.encode()))

    def cosignature_line(self, text, time_s):
        message = f"cosignature/v1\ntime {time_s}\n{text}".encode()
        return self.line(struct.pack(">Q", time_s) + self.sign(message))


def checkpoint_text(origin, hashes):
    root = base64.b64encode(tree_root(hashes)).decode()
    return f"{origin}\n{len(hashes)}\n{root}\n"


def write_log(folder, signer, entries, cosigners=()):
    """The hash tiles and the checkpoint of a log, as files under their paths. `cosigners`: (signer,
    seconds)."""
    hashes = [leaf_hash(entry) for entry in entries]
    text = checkpoint_text(signer.name, hashes)
    note = text + "\n" + signer.note_line(text)
    for cosigner, time_s in cosigners:
        note += cosigner.cosignature_line(text, time_s)
    write(os.path.join(folder, "checkpoint"), note.encode())
    level = 0
    while hashes:
        above = []
        for index, width in tiles_of(len(hashes)):
            tile = hashes[WIDTH * index:WIDTH * index + width]
            write(os.path.join(folder, tile_path(level, index, width)), b"".join(tile))
            above += [tree_root(tile)] if width == WIDTH else []
        hashes, level = above, level + 1
    return folder


def write(path, data):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(data)
    return path


def inclusion_path(hashes, at):
    """The audit path of a leaf, deepest first (RFC 6962 2.1.1)."""
    if len(hashes) == 1:
        return []
    split = 1 << (len(hashes) - 1).bit_length() - 1
    if at < split:
        return inclusion_path(hashes[:split], at) + [tree_root(hashes[split:])]
    return inclusion_path(hashes[split:], at - split) + [tree_root(hashes[:split])]


def receipt(signer, frame, first, at, publish_by_us):
    """Of entry `first + at`, which came in a frame of these entries."""
    hashes = [leaf_hash(entry) for entry in frame]
    message = (b"turno1.receipt" + struct.pack(">QI", first, len(frame)) + tree_root(hashes)
               + struct.pack(">Q", publish_by_us))
    data = (b"TNR\x01" + signer.id + struct.pack(">QIIQ", first, len(frame), at, publish_by_us)
            + hashes[at] + signer.sign(message) + b"".join(inclusion_path(hashes, at)))
    return base64.b64encode(data).decode()


def proof(signer, entries, at):
    """A .tlog-proof of an entry that carries the entry (spec/log.md 6)."""
    hashes = [leaf_hash(entry) for entry in entries]
    text = checkpoint_text(signer.name, hashes)
    lines = ["c2sp.org/tlog-proof@v1", "extra " + base64.b64encode(entries[at]).decode(),
             f"index {at}"]
    lines += [base64.b64encode(one).decode() for one in inclusion_path(hashes, at)]
    return "\n".join(lines) + "\n\n" + text + "\n" + signer.note_line(text)
