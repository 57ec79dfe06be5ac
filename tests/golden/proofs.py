"""A second reader of what a person takes home from a ledger: receipts, proofs of entries with openings,
proofs of sealed rows, and the list that says that they are all. Written from ledger/FORMAT.md and the
RFCs with nothing but Python's standard library (signatures and trees are those of audit_log.py)."""

import hashlib
import os
import struct
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from audit_log import (Difference, Unpacker, checkpoint_open, ed25519_verify, leaf_hash,  # noqa: E402
                       node_hash, strict_base64, tree_root)

PROJECTIONS = ["queue", "seats", "registrations", "validation", "access", "streams"]


def need(condition, words):
    if not condition:
        raise Difference(words)


def path_root(leaf, index, size, path):
    """RFC 9162 2.1.3.2, and every hash must be used."""
    need(0 <= index < size, "no such leaf")
    hashes, node, last, value = list(path), index, size - 1, leaf
    while last > 0:
        if node % 2 == 1 or node < last:
            need(hashes, "a path is too short")
            step = hashes.pop(0)
            value = node_hash(step, value) if node % 2 == 1 else node_hash(value, step)
        node, last = node // 2, last // 2
    need(not hashes, "a path is too long")
    return value


def unpack(data):
    unpacker = Unpacker(data)
    found = unpacker.item()
    need(unpacker.at == len(data), "bytes behind a value")
    return found


# ---- receipts ----

def receipt_open(text, verifier):
    data = strict_base64(text)
    need(data[:4] == b"TNR\x01", "not a receipt")
    need(data[4:8] == verifier.id, "a receipt of another log")
    first, count, position, publish_by = struct.unpack(">QIIQ", data[8:32])
    leaf, signature, rest = data[32:64], data[64:128], data[128:]
    need(len(rest) % 32 == 0, "a receipt with half a hash")
    root = path_root(leaf, position, count, [rest[i:i + 32] for i in range(0, len(rest), 32)])
    message = b"turno1.receipt" + struct.pack(">QI", first, count) + root + struct.pack(">Q",
                                                                                       publish_by)
    need(ed25519_verify(verifier.key, message, signature), "a receipt's signature is bad")
    return {"index": first + position, "leaf": leaf, "publish_by": publish_by}


# ---- .tlog-proof with what ours carry ----

def tlog_proof_open(text, verifier, entry=None):
    head, empty, note = text.partition("\n\n")
    need(empty, "no empty line")
    lines = head.split("\n")
    need(lines.pop(0) == "c2sp.org/tlog-proof@v1", "not a .tlog-proof")
    extra = strict_base64(lines.pop(0)[6:]) if lines[0].startswith("extra ") else None
    need(lines[0].startswith("index "), "no index")
    index = int(lines.pop(0)[6:])
    path = [strict_base64(line) for line in lines]
    size, root, _ = checkpoint_open(note.encode(), [verifier])
    found = extra_open(extra) if extra is not None else {"entry": entry}
    leaf = leaf_hash(found["entry"]) if found["entry"] is not None else found["leaf"]
    need(path_root(leaf, index, size, path) == root, f"entry {index} is not in the tree")
    found.update(index=index, leaf=leaf, size=size)
    for opening in found.get("openings", []):
        opening_check(found["entry"], opening)
    return found


def extra_open(extra):
    fields = unpack(extra)
    if isinstance(fields, list):
        return {"entry": extra, "openings": []}
    need(set(fields) <= {1, 2, 3} and (1 in fields) != (2 in fields), "extra is of neither form")
    openings = [{"subject": one[1], "field": one[2], "salt": one[3], "value": one[4]}
                for one in fields.get(3, [])]
    return {"entry": fields.get(1), "leaf": fields.get(2), "openings": openings}


def commitments(value):
    """Every (subject, field, hash) in a body: of members, and of a registration's destination."""
    if isinstance(value, list):
        for one in value:
            yield from commitments(one)
    if isinstance(value, dict):
        if isinstance(value.get(1), bytes) and isinstance(value.get(4), list):
            for one in value[4]:
                yield value[1], one[1], one[2]
        if isinstance(value.get(1), bytes) and isinstance(value.get(5), list) and 4 in value:
            yield value[1], 6, value[4]  # facts of a registration: its own id, its destination
        if isinstance(value.get(4), bytes) and isinstance(value.get(2), bytes) and 1 in value:
            yield value[2], 6, value[4]  # destination_declared
        for one in value.values():
            yield from commitments(one)


def opening_check(entry, opening):
    body = unpack(entry)[6]
    committed = hashlib.sha256(b"turno1.field" + opening["salt"] + opening["value"]).digest()
    need((opening["subject"], opening["field"], committed) in set(commitments(body)),
         f"field {opening['field']} does not open to that value")


# ---- sealed rows ----

def row_leaf(key, value):
    data = struct.pack(">I", len(key)) + key
    if value is None:
        return leaf_hash(data + b"\xff\xff\xff\xff")
    return leaf_hash(data + struct.pack(">I", len(value)) + value)


def dashed(text):
    return b"" if text == "-" else strict_base64(text)


def state_proof_open(text, verifier):
    head, empty, seal_text = text.partition("\n\n")
    need(empty, "no empty line")
    lines = head.split("\n")
    need(lines.pop(0) == "turno.state-proof@v1", "not a proof of sealed rows")
    projection = lines.pop(0).removeprefix("projection ")
    claim, *keys = lines.pop(0).split(" ")
    rows = []
    for line in lines:
        if line.startswith("row "):
            _, position, key, value = line.split(" ")
            rows.append([int(position), strict_base64(key),
                         None if value == "-" else strict_base64(value), []])
        else:
            rows[-1][3].append(strict_base64(line))
    place = tlog_proof_open(seal_text, verifier)
    entry = unpack(place["entry"])
    body = entry[6]
    seal = {"projection": PROJECTIONS[body.get(2, 0)], "scope": body[4], "upto": body.get(5, 0),
            "rows": body.get(6, 0), "root": body[7], "index": place["index"], "kind": entry[1]}
    need(seal["projection"] == projection and seal["upto"] < seal["index"], "another seal")
    for position, key, value, path in rows:
        need(path_root(row_leaf(key, value), position, seal["rows"], path) == seal["root"],
             f"row {position} is not under the seal")
    for (left, left_key, *_), (right, right_key, *_) in zip(rows, rows[1:]):
        need(right == left + 1 and left_key < right_key, "rows do not follow each other")
    if claim == "present":
        need(len(rows) == 1 and rows[0][1] == strict_base64(keys[0]), "another row")
        return {"seal": seal, "rows": {rows[0][1]: rows[0][2]}}
    need(claim == "range" and seal["scope"] == 2, "a range needs a full seal")
    start, end = dashed(keys[0]), dashed(keys[1])
    inside = [row for row in rows if row[1] >= start and (not end or row[1] < end)]
    before = [row for row in rows if row[1] < start]
    behind = [row for row in rows if end and row[1] >= end]
    need(len(before) == 1 or (rows and rows[0][0] == 0) or seal["rows"] == 0, "no left neighbour")
    need(len(behind) == 1 or (rows and rows[-1][0] == seal["rows"] - 1) or seal["rows"] == 0,
         "no right neighbour")
    return {"seal": seal, "rows": {row[1]: row[2] for row in inside}}


# ---- all there are ----

def complete_check(complete, stream, verifier):
    """The indices of a stream up to the seal, proven to be all."""
    found = state_proof_open(complete["proof"], verifier)
    need(found["seal"]["projection"] == "streams", "the seal is not one of lists")
    (key, value), = found["rows"].items()
    need(key == b"s" + stream, "the list of another stream")
    fields = unpack(value)
    indices = complete["indices"]
    need(indices == sorted(set(indices)) and indices[-1] <= found["seal"]["upto"], "not a list")
    need(fields[1] == len(indices) and fields[2] == indices[-1], "another number of entries")
    leaves = [leaf_hash(struct.pack(">Q", index)) for index in indices]
    peaks, at = b"", 0
    for bit in range(63, -1, -1):
        if len(leaves) >> bit & 1:
            peaks += tree_root(leaves[at:at + (1 << bit)])
            at += 1 << bit
    need(fields[3] == peaks, "the list is not the sealed one")
    return indices, found["seal"]["upto"]
