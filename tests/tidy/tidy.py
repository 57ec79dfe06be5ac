#!/usr/bin/env python3
"""Rules about the tree that a compiler does not know. Usage: tidy.py ROOT

Prints `path:line: rule: words` for every offence; exit 1 when there is one. tidy_test.py shows that
each rule catches what it is for.
"""
import os
import re
import sys

LAYERS = ["ledger", "projections", "api", "tools"]
CODE = (".c", ".h", ".cc")
TEXT = CODE + (".py", ".sh", ".ts", ".css", ".html", ".md", ".json", ".cmake", ".txt", ".yml")
# Built, fetched or given: not ours to lint. Golden and corpus files are data whose bytes count.
SKIPPED_FOLDERS = {".git", ".cache", "build", "node_modules", "__pycache__", "corpus"}
DATA_FOLDERS = ("tests/golden/",)
LINES_MAX = 600
COLUMNS_MAX = 100

BANNED_CALLS = {
    "strcpy": "copy with a size", "strcat": "use struct tn_buffer",
    "sprintf": "use snprintf or tn_buffer_printf", "vsprintf": "use vsnprintf",
    "gets": "has no bound", "strtok": "has hidden state", "gmtime": "use tn_instant_format",
    "localtime": "use ledger/base/civil.h", "ctime": "use tn_instant_format",
    "asctime": "use tn_instant_format", "mktime": "use ledger/base/civil.h",
    "rand": "use struct tn_random", "srand": "use struct tn_random",
    "random": "use struct tn_random", "drand48": "use struct tn_random",
    "time": "use ledger/base/clock.h", "alloca": "use an arena",
}
CLOCK_READS = ["clock_gettime", "gettimeofday", "timespec_get", "ftime", "clock", "uv_hrtime",
               "uv_clock_gettime", "uv_gettimeofday"]
# P6: rules and folds see rows and events alone.
PURE = ("ledger/rules/", "ledger/event/", "projections/")
IMPURE_HEADERS = {"ledger/base/clock.h", "ledger/base/random.h"}
# What drives the folds measures its rate and paces itself; it gives none of that to a fold.
MEASURES = re.compile(r"projections/(engine|pipeline|rebuild|catch_up|beside)\w*\.[ch]")
ZONE_CALLS = ["tn_civil_instant", "tn_civil_from_instant"]

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')
# Written so that this file does not offend itself.
UNFINISHED = re.compile(r"\b(TO" + r"DO|FIX" + r"ME|X" + r"XX)\b")


def strip_comments_and_strings(text):
    """The same text with comments and literals blanked, line by line the same length of lines."""
    pattern = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)
    return pattern.sub(lambda m: re.sub(r"[^\n]", " ", m.group(0)), text)


def call_pattern(names):
    return re.compile(r"(?<![\w.>])(" + "|".join(map(re.escape, names)) + r")\s*\(")


BANNED_PATTERN = call_pattern(BANNED_CALLS)
CLOCK_PATTERN = call_pattern(CLOCK_READS)
ZONE_PATTERN = call_pattern(ZONE_CALLS)
FAULT_POINT = re.compile(r'\btn_fault\("([^"]+)"\)')
FLOAT_PATTERN = re.compile(r"\b(float|double)\b")


def layer_of(path):
    """The layer whose rules hold for a file, or None: a test stands in the layer it tests."""
    parts = path.split("/")
    if parts[0] == "tests" and len(parts) > 2:
        parts = parts[1:]
    return parts[0] if parts[0] in LAYERS else None


def check_includes(root, path, lines):
    layer = layer_of(path)
    folder = os.path.dirname(path)
    for number, line in enumerate(lines, 1):
        match = INCLUDE.match(line)
        if not match:
            continue
        quote, target = match.groups()
        first = target.split("/")[0]
        if quote == "<":
            if first in LAYERS or first == "tests":
                yield number, "include", f"our own <{target}> is included with quotes"
            if target == "rocksdb/c.h" and not re.fullmatch(r"ledger/log/store\w*\.c", path):
                yield number, "rocksdb", "only ledger/log/store*.c includes rocksdb/c.h"
            if target == "uv.h" and layer in ("ledger", "projections"):
                yield number, "uv", "uv.h stays in api/ and tools/"
            continue
        if not os.path.isfile(os.path.join(root, target)) or ".." in target.split("/"):
            yield number, "include", f'"{target}" is not a path from the root of the repository'
            continue
        if layer and first in LAYERS and LAYERS.index(first) > LAYERS.index(layer):
            yield number, "layer", f"{layer} must not include {first}: {' <- '.join(LAYERS)}"
        if first == "tests" and not path.startswith("tests/"):
            yield number, "layer", "what ships does not include a test"
        home = os.path.dirname(target)
        inside = folder in (home, "tests/" + home, "tests/bench", "tests/fuzz")
        if target.endswith("_internal.h") and not inside:
            yield number, "private", f'"{target}" is private to {home}/'
        measured = target == "ledger/base/clock.h" and MEASURES.fullmatch(path)
        if path.startswith(PURE) and target in IMPURE_HEADERS and not measured:
            yield number, "pure", f'"{target}" in rules, events or folds (P6)'


def check_calls(path, text):
    ships = not path.startswith("tests/")
    for number, line in enumerate(strip_comments_and_strings(text).split("\n"), 1):
        for match in BANNED_PATTERN.finditer(line):
            yield number, "call", f"{match.group(1)}: {BANNED_CALLS[match.group(1)]}"
        if ships and path != "ledger/base/clock.c":
            for match in CLOCK_PATTERN.finditer(line):
                yield number, "clock", f"{match.group(1)}: only ledger/base/clock.c reads a clock"
        if path.startswith("projections/") and ZONE_PATTERN.search(line):
            yield number, "pure", "a fold reads no zone file; resolved instants stand in events"
        if path.startswith(PURE) and FLOAT_PATTERN.search(line):
            yield number, "float", "rules, events and folds are integers (P4)"


def fault_points(path, text):
    """Names and lines of the fault points in a file that ships."""
    for number, line in enumerate(text.split("\n"), 1):
        for match in FAULT_POINT.finditer(line):
            yield match.group(1), path, number


def check_faults(points, test_texts):
    """A fault that no test names may be one that no test ever makes happen."""
    for name, path, number in points:
        if not any(f'"{name}"' in text for text in test_texts):
            yield path, number, "fault", f'no test names the fault point "{name}"'


def check_guard(path, text):
    guard = "TN_" + re.sub(r"\W", "_", path).upper()
    if f"#ifndef {guard}\n#define {guard}\n" not in text:
        yield 1, "guard", f"the include guard of this header is {guard}"


def check_text(path, data, lines):
    if path.startswith(DATA_FOLDERS) and not path.endswith(CODE + (".py", ".sh")):
        return
    if not path.endswith((".json", ".md", ".txt")) and len(lines) > LINES_MAX:
        yield LINES_MAX + 1, "long", f"{len(lines)} lines: split a file before {LINES_MAX}"
    if data and not data.endswith(b"\n"):
        yield len(lines), "space", "no newline at the end"
    for number, line in enumerate(lines, 1):
        if line != line.rstrip(" \t\r"):
            yield number, "space", "trailing space"
        elif "\t" in line:
            yield number, "space", "tab"
        if path.endswith(CODE) and len(line) > COLUMNS_MAX:
            yield number, "wide", f"{len(line)} columns of {COLUMNS_MAX}"
        if UNFINISHED.search(line):
            yield number, "unfinished", "finish it or write down why not in words"


def check_file(root, path):
    with open(os.path.join(root, path), "rb") as file:
        data = file.read()
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return [(1, "space", "not UTF-8")]
    lines = text.split("\n")[:-1] if text.endswith("\n") else text.split("\n")
    found = list(check_text(path, data, lines))
    if path.endswith(CODE):
        found += check_includes(root, path, lines)
        found += check_calls(path, text)
    if path.endswith(".h"):
        found += check_guard(path, text)
    return found


def is_checked(name, folder):
    if name.endswith(TEXT) or name in (".clang-format", ".clang-tidy", ".gitignore"):
        return True
    # Scripts without a suffix: tools/run, tools/test, .ci/run.
    if "." in name or name == "LICENSE":
        return False
    with open(os.path.join(folder, name), "rb") as file:
        return file.read(2) == b"#!"


def check_tree(root):
    """Every offence as (path, line, rule, words), in the order of paths."""
    found, points, test_texts = [], [], []
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(f for f in folders if f not in SKIPPED_FOLDERS)
        for name in sorted(names):
            full = os.path.join(folder, name)
            if os.path.islink(full) or not os.path.isfile(full) or not is_checked(name, folder):
                continue
            path = os.path.relpath(full, root).replace(os.sep, "/")
            found += [(path, *offence) for offence in check_file(root, path)]
            if path.endswith(CODE):
                with open(full, encoding="utf-8", errors="replace") as file:
                    text = file.read()
                if path.startswith("tests/"):
                    test_texts.append(text)
                else:
                    points += fault_points(path, text)
    return found + list(check_faults(points, test_texts))


def main():
    if len(sys.argv) != 2 or not os.path.isdir(sys.argv[1]):
        print("usage: tidy.py ROOT", file=sys.stderr)
        return 2
    found = check_tree(sys.argv[1])
    for path, line, rule, words in found:
        print(f"{path}:{line}: {rule}: {words}")
    print(f"{len(found)} offences")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
