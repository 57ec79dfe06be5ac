#!/usr/bin/env python3
"""Roots of full seals, by projections/FORMAT.md and ledger/event/EVENTS.md alone: it parses the tables of both.

    turno state DIR PROJECTION --at UPTO | seals.py PROJECTION

prints the root that `state_sealed` must have for these rows. Standard library only."""
import hashlib
import json
import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))


def fields_of(text):
    """Name: (number, type, record or None), in the order of numbers."""
    found = {}
    for field in text.split(", "):
        number, name, kind, *record = field.split(" ")
        found[name] = (int(number), kind, record[0] if record else None)
    assert [number for number, _, _ in found.values()] == sorted(n for n, _, _ in found.values())
    return found


def read_pages():
    """Tables as {projection: {table: (letter, fields)}}, and records as {name: fields}."""
    with open(os.path.join(ROOT, "projections", "FORMAT.md"), encoding="utf-8") as file:
        text = file.read()
    tables, records = {}, {}
    for part in re.split(r"^## ", text, flags=re.M)[1:]:
        name = re.match(r"\w+", part)[0]
        for table, letter, value in re.findall(r"^\| (\w+) \| `(.)`[^|]* \| (\d.*) \|$", part, re.M):
            tables.setdefault(name, {})[table] = (letter.encode(), fields_of(value))
        records.update((record, fields_of(value)) for record, value in
                       re.findall(r"^\| (\w+) \| (\d.*) \|$", part, re.M))
    with open(os.path.join(ROOT, "ledger", "event", "EVENTS.md"), encoding="utf-8") as file:
        text = file.read()
    for name, part in re.findall(r"^### Record (\w+)\n(.*?)(?=^##|\Z)", text, re.M | re.S):
        rows = re.findall(r"^\| (\d+) \| (\w+) \| (\w+) \| (\w*) ?\|", part, re.M)
        records[name] = {field: (int(number), kind, record or None)
                         for number, field, kind, record in rows}
    return tables, records


TABLES, RECORDS = read_pages()


# ---- canonical msgpack ----

def head(size, short, longer):
    """`short` is (first byte, sizes below); `longer` the first bytes for 1, 2 and 4 bytes, or None."""
    if size < short[1]:
        return bytes([short[0] + size])
    for first, width in zip(longer, (1, 2, 4)):
        if first is not None and size < 1 << 8 * width:
            return bytes([first]) + size.to_bytes(width, "big")
    raise ValueError(size)


def integer(value):
    if value >= 0:
        if value < 1 << 7:
            return bytes([value])
        width = next(width for width in (1, 2, 4, 8) if value < 1 << 8 * width)
        return bytes([0xcb + width.bit_length()]) + value.to_bytes(width, "big")
    if value >= -32:
        return bytes([256 + value])
    width = next(width for width in (1, 2, 4, 8) if value >= -(1 << 8 * width - 1))
    return bytes([0xcf + width.bit_length()]) + value.to_bytes(width, "big", signed=True)


def binary(text):
    data = bytes.fromhex(text)
    return head(len(data), (0, 0), (0xc4, 0xc5, 0xc6)) + data


def array(items):
    return head(len(items), (0x90, 16), (None, 0xdc, 0xdd)) + b"".join(items)


def encode(fields, value):
    unknown = set(value) - set(fields)
    assert not unknown, f"the page has no field {unknown}"
    pairs = []
    for name, (number, kind, record) in fields.items():
        if name not in value:
            continue
        item = value[name]
        pairs.append(integer(number) + {
            "UINT": integer, "INT": integer, "ID": binary, "HASH": binary, "BYTES": binary,
            "UINTS": lambda items: array([integer(one) for one in items]),
            "IDS": lambda items: array([binary(one) for one in items]),
            "RECORDS": lambda items, of=record: array([encode(RECORDS[of], one) for one in items]),
        }[kind](item))
    return head(len(pairs), (0x80, 16), (None, 0xde, 0xdf)) + b"".join(pairs)


# ---- the tree ----

def row(projection, line):
    """Key and value of a line of `turno state`."""
    said = json.loads(line)
    letter, fields = TABLES[projection][said["table"]]
    return letter + bytes.fromhex(said["key"]), encode(fields, said["row"])


def leaf(key, value):
    data = len(key).to_bytes(4, "big") + key + len(value).to_bytes(4, "big") + value
    return hashlib.sha256(b"\0" + data).digest()


def root(rows):
    level = [leaf(key, value) for key, value in sorted(rows)]
    if not level:
        return hashlib.sha256(b"").digest()
    while len(level) > 1:
        pairs = [hashlib.sha256(b"\1" + level[i] + level[i + 1]).digest()
                 for i in range(0, len(level) - 1, 2)]
        level = pairs + level[len(pairs) * 2:]
    return level[0]


def main():
    if len(sys.argv) != 2 or sys.argv[1] not in TABLES:
        print("usage: turno state DIR PROJECTION --at UPTO | seals.py PROJECTION", file=sys.stderr)
        return 2
    print(root([row(sys.argv[1], line) for line in sys.stdin]).hex())
    return 0


if __name__ == "__main__":
    sys.exit(main())
