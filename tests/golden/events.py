#!/usr/bin/env python3
"""A second reader of the log's entries, by ledger/event/EVENTS.md alone: it parses that page's tables.

    events.py FILE.hex...      one entry in hexadecimal a line; prints each as a line of JSON
    events.py                  the same for every file of tests/golden/events

Exit 1 when an entry is not canonical or not known. Standard library only."""
import glob
import json
import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
PAGE = os.path.join(ROOT, "ledger", "event", "EVENTS.md")
DEPTH_MAX = 16
ENTRY_MAX = 65535
LIST_MAX = 65536


class Invalid(Exception):
    """Not canonical."""


class Unsupported(Exception):
    """Canonical, but with something the page does not list."""


# ---- msgpack, canonical only: values are int, bytes, str, None, list, and dict for maps ----

class Reader:
    """Every item is read as a whole; whatever has a shorter or another form is refused."""

    LONG = {  # first byte: (type, bytes of the number, least number that needs them)
        0xc4: ("bin", 1, 0), 0xc5: ("bin", 2, 1 << 8), 0xc6: ("bin", 4, 1 << 16),
        0xcc: ("uint", 1, 1 << 7), 0xcd: ("uint", 2, 1 << 8), 0xce: ("uint", 4, 1 << 16),
        0xcf: ("uint", 8, 1 << 32), 0xd9: ("str", 1, 32), 0xda: ("str", 2, 1 << 8),
        0xdb: ("str", 4, 1 << 16), 0xdc: ("array", 2, 16), 0xdd: ("array", 4, 1 << 16),
        0xde: ("map", 2, 16), 0xdf: ("map", 4, 1 << 16),
    }
    NEGATIVE = {0xd0: (1, -33), 0xd1: (2, -(1 << 7) - 1), 0xd2: (4, -(1 << 15) - 1),
                0xd3: (8, -(1 << 31) - 1)}

    def __init__(self, data):
        self.data = data
        self.at = 0

    def take(self, size):
        if size > len(self.data) - self.at:
            raise Invalid("cut off")
        self.at += size
        return self.data[self.at - size:self.at]

    def head(self):
        first = self.take(1)[0]
        if first <= 0x7f:
            return "uint", first
        if first <= 0x8f:
            return "map", first & 15
        if first <= 0x9f:
            return "array", first & 15
        if first <= 0xbf:
            return "str", first & 31
        if first >= 0xe0:
            return "int", first - 256
        if first == 0xc0:
            return "nil", None
        if first in self.NEGATIVE:
            size, most = self.NEGATIVE[first]
            value = int.from_bytes(self.take(size), "big", signed=True)
            if value > most:
                raise Invalid("an integer has a shorter form")
            return "int", value
        if first not in self.LONG:
            raise Invalid("no such item: %02x" % first)
        kind, size, least = self.LONG[first]
        value = int.from_bytes(self.take(size), "big")
        if value < least:
            raise Invalid("a number has a shorter form")
        return kind, value

    def item(self, depth=0, in_map=False):
        kind, number = self.head()
        if kind in ("uint", "int"):
            return number
        if kind == "nil":
            if in_map:
                raise Invalid("nil in a map")
            return None
        if kind == "bin":
            return self.take(number)
        if kind == "str":
            text = self.take(number)
            if any(byte < 0x20 or byte > 0x7e for byte in text):
                raise Invalid("text is not printable ASCII")
            return text.decode("ascii")
        if depth == DEPTH_MAX:
            raise Invalid("too deep")
        if number > len(self.data) - self.at:
            raise Invalid("more items than bytes")
        if kind == "array":
            return [self.item(depth + 1, in_map) for _ in range(number)]
        found = {}
        last = -1
        for _ in range(number):
            key_kind, key = self.head()
            if key_kind != "uint" or key <= last:
                raise Invalid("keys of a map ascend and are unsigned")
            last = key
            found[key] = self.item(depth + 1, True)
        return found


# ---- the page ----

def rows(lines, header):
    """The cells of the first table after `header`."""
    place = lines.index(header) + 1
    while not lines[place].startswith("| --- "):
        place += 1
    found = []
    for line in lines[place + 1:]:
        if not line.startswith("| "):
            break
        found.append([cell.strip() for cell in line[1:].rstrip("|").split("|")])
    return found


class Page:
    """The numbers of the log: roles, kinds, commands, records."""

    def __init__(self, path=PAGE):
        with open(path, encoding="utf-8") as file:
            lines = file.read().split("\n")
        self.roles = {int(row[0]): row[1] for row in rows(lines, "## Roles")}
        self.kinds = {}
        self.records = {}
        for line in lines:
            kind = re.fullmatch(r"### Kind (\d+): (\w+), version (\d+)", line)
            record = re.fullmatch(r"### Record (\w+)", line)
            if kind:
                number, name, version = kind.groups()
                self.kinds[int(number), int(version)] = (name, self.fields(lines, line))
            if record:
                self.records[record.group(1)] = self.fields(lines, line)
        self.commands = {int(row[0]): (row[1], row[2]) for row in rows(lines, "## Commands")}
        self.refusals = {int(row[0]): (row[1], int(row[2])) for row in rows(lines, "## Refusals")}
        self.streams = {row[0]: row[1].split(", ") for row in rows(lines, "## Streams")}

    @staticmethod
    def fields(lines, header):
        return {int(row[0]): (row[1], row[2], row[3]) for row in rows(lines, header)}


# ---- entries ----

def require(condition, words):
    if not condition:
        raise Invalid(words)


def is_uint(value):
    return isinstance(value, int) and value >= 0


def is_id(value):
    return isinstance(value, bytes) and len(value) == 16


class Decoder:
    def __init__(self, page):
        self.page = page

    def record(self, fields, value):
        require(isinstance(value, dict), "a record is a map")
        found = {}
        for key, item in value.items():
            if key not in fields:
                raise Unsupported("body key %d" % key)
            name, kind, record = fields[key]
            found[name] = self.field(kind, record, item)
        return found

    def field(self, kind, record, value):
        """The value in the form of JSON; refused when it should have been left out."""
        if kind == "UINT":
            require(is_uint(value) and value > 0, kind)
            return value
        if kind == "INT":
            require(isinstance(value, int) and value != 0 and value < 1 << 63, kind)
            return value
        if kind in ("ID", "STREAM", "HASH"):
            size = 32 if kind == "HASH" else 16
            require(isinstance(value, bytes) and len(value) == size and any(value), kind)
            return value.hex()
        if kind == "BYTES":
            require(isinstance(value, bytes) and value, kind)
            return value.hex()
        if kind == "TEXT":
            require(isinstance(value, str) and value, kind)
            return value
        if kind == "RECORD":
            found = self.record(self.page.records[record], value)
            require(value, "a record without fields is left out")
            return found
        if kind == "FACTS":
            require(isinstance(value, dict), kind)
            return value
        require(isinstance(value, list) and 0 < len(value) <= LIST_MAX, kind)
        return [self.list_item(kind, record, item) for item in value]

    def list_item(self, kind, record, item):
        if kind == "UINTS":
            require(is_uint(item), kind)
            return item
        if kind == "IDS":
            require(is_id(item), kind)
            return item.hex()
        if kind == "RECORDS":
            return self.record(self.page.records[record], item)
        raise AssertionError("a type that the page does not explain: " + kind)

    def refused_facts(self, body):
        """The facts of a refused command are those of the command it names."""
        if "facts" not in body:
            return
        command = body.get("command", 0)
        if command not in self.page.commands:
            raise Unsupported("command %d" % command)
        body["facts"] = self.record(self.page.records[self.page.commands[command][1]],
                                    body["facts"])

    def entry(self, data, index):
        """The JSON object of an entry; Invalid or Unsupported otherwise."""
        require(len(data) <= ENTRY_MAX, "too large")
        reader = Reader(data)
        value = reader.item()
        require(reader.at == len(data), "something follows the entry")
        require(isinstance(value, list) and len(value) == 7, "an entry is an array of seven")
        version, kind, time_us, actor, command, cause, body = value
        require(is_uint(version) and version < 1 << 32, "version")
        require(is_uint(kind) and kind < 1 << 32, "kind")
        require(is_uint(time_us), "time_us")
        require(isinstance(actor, list) and len(actor) == 2 and is_uint(actor[0]), "actor")
        require(is_id(actor[1]), "actor")
        require(command is None or is_id(command), "command")
        require(cause is None or is_uint(cause), "cause")
        require(isinstance(body, dict), "body")
        if actor[0] not in self.page.roles:
            raise Unsupported("role %d" % actor[0])
        if (kind, version) not in self.page.kinds:
            raise Unsupported("kind %d version %d" % (kind, version))
        name, fields = self.page.kinds[kind, version]
        found = self.record(fields, body)
        if name == "command_refused":
            self.refused_facts(found)
        return {"index": index, "time": time_us, "kind": name, "version": version,
                "actor": {"role": self.page.roles[actor[0]], "id": actor[1].hex()},
                "command": None if command is None else command.hex(), "cause": cause,
                "body": found}


def dumps(found):
    return json.dumps(found, separators=(",", ":"))


def read_lines(path):
    with open(path, encoding="ascii") as file:
        return file.read().split()


def main(paths):
    decoder = Decoder(Page())
    code = 0
    for path in paths or sorted(glob.glob(os.path.join(HERE, "events", "*.hex"))):
        for index, line in enumerate(read_lines(path)):
            try:
                print(dumps(decoder.entry(bytes.fromhex(line), index)))
            except (Invalid, Unsupported) as error:
                print("%s:%d: %s: %s" % (path, index + 1, type(error).__name__, error),
                      file=sys.stderr)
                code = 1
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
