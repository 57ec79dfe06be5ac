#!/usr/bin/env python3
"""Shows that tidy.py catches each kind of offence where it stands, and nothing in clean files."""
import os
import subprocess
import sys
import tempfile

import tidy

HERE = os.path.dirname(os.path.abspath(__file__))

UNDERSCORES = str.maketrans("/.", "__")

# What every made-up tree holds, so that includes find their target.
CLEAN = {
    path: "#ifndef {0}\n#define {0}\n#endif\n".format("TN_" + path.upper().translate(UNDERSCORES))
    for path in (
        "ledger/base/bytes.h", "ledger/base/clock.h", "ledger/base/random.h",
        "ledger/log/store_internal.h", "projections/rows.h", "api/desk/desk.h", "tools/say.h",
        "tests/ledger/unit.h",
    )
}

WORD = "TO" + "DO"

# (what, path, content, rule, line)
OFFENCES = [
    ("ledger includes projections", "ledger/a.c", '#include "projections/rows.h"\n', "layer", 1),
    ("ledger includes api", "ledger/a.c", '\n#include "api/desk/desk.h"\n', "layer", 2),
    ("projections includes api", "projections/a.c", '#include "api/desk/desk.h"\n', "layer", 1),
    ("api includes tools", "api/desk/a.c", '#include "tools/say.h"\n', "layer", 1),
    ("a header includes upward", "ledger/base/a.h",
     "#ifndef TN_LEDGER_BASE_A_H\n#define TN_LEDGER_BASE_A_H\n"
     '#include "tools/say.h"\n#endif\n', "layer", 3),
    ("a test of the ledger includes api", "tests/ledger/log/a_test.c",
     '#include "api/desk/desk.h"\n', "layer", 1),
    ("code that ships includes a test", "tools/a.c",
     '#include "tests/ledger/unit.h"\n', "layer", 1),
    ("include from the same folder", "ledger/base/a.c", '#include "bytes.h"\n', "include", 1),
    ("include with dots", "ledger/log/a.c", '#include "../base/bytes.h"\n', "include", 1),
    ("include with dots from the root", "ledger/log/a.c", '#include "ledger/log/../base/bytes.h"\n',
     "include", 1),
    ("our header in angle brackets", "ledger/a.c",
     "#include <ledger/base/bytes.h>\n", "include", 1),
    ("a private header of elsewhere", "ledger/vault/a.c",
     '#include "ledger/log/store_internal.h"\n', "private", 1),
    ("a private header in a test of elsewhere", "tests/ledger/vault/a_test.c",
     '#include "ledger/log/store_internal.h"\n', "private", 1),
    ("rocksdb elsewhere in the log", "ledger/log/tree.c", "#include <rocksdb/c.h>\n", "rocksdb", 1),
    ("rocksdb in a header", "ledger/log/store.h",
     "#ifndef TN_LEDGER_LOG_STORE_H\n#define TN_LEDGER_LOG_STORE_H\n"
     "#include <rocksdb/c.h>\n#endif\n", "rocksdb", 3),
    ("rocksdb in a projection", "projections/a.c", "#include <rocksdb/c.h>\n", "rocksdb", 1),
    ("uv in the ledger", "ledger/a.c", "#include <uv.h>\n", "uv", 1),
    ("uv in a projection", "projections/a.c", "#include <uv.h>\n", "uv", 1),
    ("uv in a test of the ledger", "tests/ledger/log/a_test.c", "#include <uv.h>\n", "uv", 1),
    ("clock_gettime", "api/a.c",
     "int f(void)\n{\n    return clock_gettime(0, 0);\n}\n", "clock", 3),
    ("gettimeofday", "tools/a.c", "gettimeofday(&now, NULL);\n", "clock", 1),
    ("the loop's own clock", "api/a.c", "uint64_t now = uv_hrtime();\n", "clock", 1),
    ("a clock in a rule", "ledger/rules/a.c", '#include "ledger/base/clock.h"\n', "pure", 1),
    ("randomness in a fold", "projections/a.c", '#include "ledger/base/random.h"\n', "pure", 1),
    ("a clock in a fold", "projections/queue.c", '#include "ledger/base/clock.h"\n', "pure", 1),
    ("randomness in the engine", "projections/engine.c",
     '#include "ledger/base/random.h"\n', "pure", 1),
    ("a zone file in a fold", "projections/a.c",
     "tn_civil_instant(zone, day, minute, &time_us, &kind);\n", "pure", 1),
    ("a float in a rule", "ledger/rules/a.c", "static float share;\n", "float", 1),
    ("a double in a fold", "projections/a.c", "double mean = 0;\n", "float", 1),
    ("601 lines", "ledger/a.c", "int a;\n" * 601, "long", 601),
    ("601 lines of a script", "tests/sim/a.py", "a = 1\n" * 601, "long", 601),
    ("101 columns", "api/a.c", "/* " + "a" * 95 + " */\n", "wide", 1),
    ("a trailing space", "ledger/a.c", "int a; \n", "space", 1),
    ("a carriage return", "ledger/a.c", "int a;\r\n", "space", 1),
    ("a tab", "ledger/a.c", "\tint a;\n", "space", 1),
    ("a tab in a page", "README.md", "a\tb\n", "space", 1),
    ("no newline at the end", "ledger/a.c", "int a;", "space", 1),
    ("not UTF-8", "ledger/a.c", b"/* \xff */\n", "space", 1),
    ("unfinished code", "ledger/a.c", f"/* {WORD}: later */\n", "unfinished", 1),
    ("unfinished code, other word", "api/a.cc", "// FIX" + "ME\n", "unfinished", 1),
    ("an unfinished script without suffix", "tools/run",
     f"#!/bin/bash\n# {WORD}\n", "unfinished", 2),
    ("a fault that no test makes happen", "api/a.c",
     'bool f(void)\n{\n    return tn_fault("a.write");\n}\n', "fault", 3),
    ("a wrong guard", "ledger/a.h", "#ifndef A_H\n#define A_H\n#endif\n", "guard", 1),
] + [
    (f"{name}()", "tests/api/a_test.c", f"int x;\n    {name} (x);\n", "call", 2)
    for name in tidy.BANNED_CALLS
]

# What looks like an offence and is none.
INNOCENT = {
    "ledger/log/store.c": "#include <rocksdb/c.h>\n",
    "ledger/log/store_open.c": '#include <rocksdb/c.h>\n#include "ledger/log/store_internal.h"\n',
    "tests/ledger/log/store_test.c": '#include "ledger/log/store_internal.h"\n',
    "ledger/base/clock.c":
        '#include "ledger/base/clock.h"\nint f(void) { return clock_gettime(0, 0); }\n',
    "api/http/loop.c": '#include <uv.h>\n#include "ledger/base/clock.h"\n',
    "tests/api/loop_test.c": '#include <uv.h>\n#include "tests/ledger/unit.h"\n',
    "ledger/c.c": 'bool f(void)\n{\n    return tn_fault("c.read");\n}\n',
    "tests/ledger/c_test.c": 'tn_fault_arm_named("c.read", 0);\n',
    "tests/bench/b.c": '#include "ledger/log/store_internal.h"\n',
    "tests/bench/a.c": "clock_gettime(0, 0);\n",
    "tools/a.c": '#include "api/desk/desk.h"\n#include "projections/rows.h"\n',
    "ledger/b.c": "/* never strcpy(a, b), nor time(NULL) */\n"
                  'const char *words = "rand() and \\" gets()";\n'
                  "x = row->time(1) + row.clock(2) + snprintf(0) + tn_random(3) + gmtime_r(4);\n",
    "projections/rebuild.c": '#include "ledger/base/clock.h"\n',
    "ledger/rules/a.c": "/* no float, no double */\nint floating;\n",
    "projections/b.c": "int a;\n" * 600,
    "tests/golden/draw.txt": "data \t\n",
    "tests/fuzz/corpus/http/a.txt": "GET / \r\n\r\n",
    "build/dev/a.c": "strcpy(a, b);\t\n",
    "api/b.c": "/* " + "a" * 93 + "\u2014 */\n",
    "notes.bin": b"\xff\xfe\t",
}


def write_tree(root, files):
    for path, content in files.items():
        full = os.path.join(root, path)
        os.makedirs(os.path.dirname(full), exist_ok=True)
        with open(full, "wb") as file:
            file.write(content if isinstance(content, bytes) else content.encode())


def main():
    failed = 0
    for what, path, content, rule, line in OFFENCES:
        with tempfile.TemporaryDirectory() as root:
            write_tree(root, {**CLEAN, path: content})
            found = tidy.check_tree(root)
            if [(p, n, r) for p, n, r, _ in found] != [(path, line, rule)]:
                failed += 1
                print(f"not caught as {path}:{line}: {rule}: {what}; found {found}")
            shown = subprocess.run([sys.executable, os.path.join(HERE, "tidy.py"), root],
                                   capture_output=True, text=True, check=False)
            if shown.returncode != 1 or f"{path}:{line}: {rule}: " not in shown.stdout:
                failed += 1
                print(f"the program does not say so: {what}: {shown.stdout}")
    with tempfile.TemporaryDirectory() as root:
        write_tree(root, {**CLEAN, **INNOCENT})
        found = tidy.check_tree(root)
        if found:
            failed += 1
            print(f"innocent files accused: {found}")
    print(f"{len(OFFENCES)} offences tried, {failed} failures")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
