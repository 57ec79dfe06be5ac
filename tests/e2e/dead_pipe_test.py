"""Whoever reads a server's log lines may end before it: the server goes on, and ends as it is asked to.

Each of the three servers starts with a standard error that nobody reads. Commands say that their output
was lost, and standard descriptors that are closed are never a ledger's files."""

import os
import signal
import socket
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
# pylint: disable=wrong-import-position
import turno
from turno import expect


def start(*arguments):
    """The program, with the reading end of its standard error closed."""
    reading, writing = os.pipe()
    os.close(reading)
    process = subprocess.Popen([turno.PROGRAM, *map(str, arguments)], stdin=subprocess.DEVNULL,
                               stdout=subprocess.DEVNULL, stderr=writing,
                               preexec_fn=turno.die_with_parent)
    os.close(writing)
    turno._running[process.pid] = process # pylint: disable=protected-access
    return process


def wait_for(process, check, what):
    def ready():
        assert process.poll() is None, f"{what}: it ended by itself: {process.returncode}"
        try:
            return check()
        except OSError:
            return False
    turno.wait_until(ready, what)


def end(process, what):
    process.send_signal(signal.SIGTERM)
    assert process.wait(30) == turno.DONE, f"{what}: {process.returncode}"


def serve(base):
    directory, port = os.path.join(base, "ledger"), turno.free_port()
    turno.simulate(directory)
    process = start("serve", directory, "--listen", f"127.0.0.1:{port}")

    def registers():
        with turno.Client(port) as client:
            expect(client.get("/readyz"), 200)
            turno.register(client, turno.family(1))
        return True
    wait_for(process, registers, "serve")
    end(process, "serve")
    turno.run("verify", directory)


def witness(base):
    port = turno.free_port()
    vkey = turno.run("key", os.path.join(base, "ledger"), "--vkey").stdout.strip()
    process = start("witness", os.path.join(base, "witness"), "--log", vkey, "--listen",
                    f"127.0.0.1:{port}")

    def answers():
        with turno.Client(port) as client:
            return client.get("/healthz").status > 0
    wait_for(process, answers, "witness")
    end(process, "witness")


def drawd(base):
    folder, path = os.path.join(base, "chain"), os.path.join(base, "chain.sock")
    turno.run("drawd", folder, "--create", "--first-day", "2024-03-01", "--allow-unlocked")
    process = start("drawd", folder, "--listen", path, "--simulated", "--allow-unlocked")

    def answers():
        with socket.socket(socket.AF_UNIX) as probe:
            probe.connect(path)
            probe.sendall(b"?\n")
            return probe.recv(100).startswith(b"refused")
    wait_for(process, answers, "drawd")
    end(process, "drawd")


def shell(line, *arguments, env=None):
    return subprocess.run(["bash", "-c", line, "bash", turno.PROGRAM, *map(str, arguments)],
                          capture_output=True, text=True, timeout=120, check=False,
                          env=dict(os.environ, **(env or {})))


def lost_output(base):
    """What was asked for and did not arrive was not done: exit 4, for a token above all."""
    directory = os.path.join(base, "ledger")
    for line in ('"$1" --version > /dev/full', '"$1" help > /dev/full', '"$1" --version >&-',
                 '"$1" verify "$2" > /dev/full', '"$1" key "$2" --vkey > /dev/full',
                 '"$1" officer "$2" add lost@example.org > /dev/full'):
        done = shell(line, directory)
        assert done.returncode == turno.ENVIRONMENT, f"{line}: exit {done.returncode}\n{done.stderr}"
        assert "output" in done.stderr or "closed" in done.stderr, f"{line}: {done.stderr}"


def closed_descriptors(base):
    """A descriptor that is closed would be the next file that is opened: the ledger's lock, here."""
    directory, port = os.path.join(base, "ledger"), turno.free_port()
    process = subprocess.Popen([turno.PROGRAM, "serve", directory, "--listen", f"127.0.0.1:{port}"],
                               stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                               preexec_fn=lambda: turno.begin_child(lambda: os.close(2)))
    turno._running[process.pid] = process # pylint: disable=protected-access

    def answers():
        with turno.Client(port) as client:
            return client.get("/healthz").status > 0
    wait_for(process, answers, "serve")
    end(process, "serve")
    assert os.path.getsize(os.path.join(directory, "lock")) == 0
    turno.run("verify", directory, "--all")


def head_of_a_log(base):
    """A reader that has seen enough leaves no folder behind."""
    temporary = os.path.join(base, "temporary")
    os.mkdir(temporary)
    for _ in range(3):
        done = shell('"$1" log "$2" | head -1', os.path.join(base, "ledger"),
                     env={"TMPDIR": temporary})
        assert len(done.stdout.splitlines()) == 1, done
    assert os.listdir(temporary) == [], os.listdir(temporary)


def main():
    turno.need_program()
    with turno.scratch() as base:
        serve(base)
        witness(base)
        drawd(base)
        lost_output(base)
        closed_descriptors(base)
        head_of_a_log(base)
    print("serve, witness and drawd go on without a reader of their lines")
    return 0


if __name__ == "__main__":
    sys.exit(main())
