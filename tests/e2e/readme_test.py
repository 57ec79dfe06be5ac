"""The README's sessions, pasted into a shell as they stand: only ports, folders and the program's place
are other ones, so that the test meets nobody else's."""

import os
import re
import signal
import socket
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
# pylint: disable=wrong-import-position
import turno

ROOT = os.path.abspath(os.path.join(turno.HERE, "..", ".."))
SECONDS_MAX = 240
# Whoever reads a failure wants its reason, and a second is short for a start on a busy machine.
CURL = "show-error\nretry = 10\nretry-delay = 1\nretry-connrefused\n"


def sessions():
    """Title and commands of each section that begins with the program's place."""
    with open(os.path.join(ROOT, "README.md"), encoding="utf-8") as file:
        text = file.read()
    found = {}
    for part in re.split(r"^##+ ", text, flags=re.M)[1:]:
        title, body = part.split("\n", 1)
        commands = "\n".join(line[4:] for line in body.split("\n") if line.startswith("    "))
        if commands.startswith("turno=build/release/turno\n"):
            found[title] = commands
    return found


def free_ports(count):
    held = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in held]
    for one in held:
        one.close()
    return ports


def elsewhere(commands, base):
    ports = sorted(set(re.findall(r"127\.0\.0\.1:(\d+)", commands)))
    for old, new in zip(ports, free_ports(len(ports))):
        commands = commands.replace(f"127.0.0.1:{old}", f"127.0.0.1:{new}")
    commands = commands.replace("/tmp/turno-", os.path.join(base, "turno-"))
    return commands.replace("turno=build/release/turno\n", f"turno={turno.PROGRAM}\n")


def paste(title, commands, base):
    """Every line must succeed; what the servers say goes to standard error.

    Both go to files and only the shell is waited for: servers of a session that stopped half-way would
    hold a pipe open."""
    with open(os.path.join(base, ".curlrc"), "w", encoding="utf-8") as file:
        file.write(CURL)
    names = [os.path.join(base, name) for name in ("said", "told")]
    with open(names[0], "wb") as said, open(names[1], "wb") as told, subprocess.Popen(
            ["bash", "-e", "-o", "pipefail", "-c", elsewhere(commands, base)], cwd=ROOT,
            stdin=subprocess.DEVNULL, stdout=said, stderr=told, start_new_session=True,
            env=dict(os.environ, CURL_HOME=base), preexec_fn=turno.die_with_parent) as shell:
        try:
            shell.wait(SECONDS_MAX)
        finally:
            try:
                os.killpg(shell.pid, signal.SIGTERM)
            except ProcessLookupError:
                pass
    texts = []
    for name in names:
        with open(name, encoding="utf-8", errors="replace") as file:
            texts.append(file.read())
    assert shell.returncode == 0, (f"{title}: exit {shell.returncode}\n--- standard output\n{texts[0]}"
                                   f"\n--- standard error\n{texts[1]}")
    return texts[0]


def main():
    turno.need_program()
    found = sessions()
    assert set(found) == {"A first session", "Witnesses"}, list(found)
    with turno.scratch() as base:
        said = paste("A first session", found["A first session"], base)
        for words in ('"matched":true,"appointment":true', '"organisation":"example.org"', "all entries of", "as they must be",
                      "decided again"):
            assert words in said, (words, said)
    with turno.scratch() as base:
        said = paste("Witnesses", found["Witnesses"], base)
        for words in ("\u2014 witness.example.org ", '"quorum":"met"'):
            assert words in said, (words, said)
    return 0


if __name__ == "__main__":
    sys.exit(main())
