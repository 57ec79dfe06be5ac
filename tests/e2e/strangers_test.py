"""What somebody without a token can take from a server: connections, and no more than that.

The limit of open files is small and strangers take every connection they can get, without a word on
any of them. Those who came before go on writing while the ledger cuts its WAL again and again, for the
files of the store are kept from connections; the operator has the Unix socket to himself; and a server that could not keep them does not start."""

import os
import resource
import socket
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
# pylint: disable=wrong-import-position
import turno

FILES = 1024
# So many are open when every connection is taken.
TAKEN = 280
WALS = 2
STRANGERS = 1500
WRITE_S = 150


class Strangers(threading.Thread):
    """Hold `count` connections and say nothing; one that was ended is opened again."""

    def __init__(self, port, count):
        super().__init__(daemon=True)
        self.port = port
        self.count = count
        self.sockets = []
        self.stopping = False

    def run(self):
        while not self.stopping:
            kept = []
            for sock in self.sockets:
                try:
                    if sock.recv(4096) == b"":
                        sock.close()
                        continue
                except BlockingIOError:
                    pass
                except OSError:
                    sock.close()
                    continue
                kept.append(sock)
            self.sockets = kept
            for _ in range(min(300, self.count - len(kept))):
                sock = socket.socket()
                sock.settimeout(0.2)
                try:
                    sock.connect(("127.0.0.1", self.port))
                    sock.setblocking(False)
                    kept.append(sock)
                except OSError:
                    sock.close()
                    break
            time.sleep(0.05)

    def stop(self):
        self.stopping = True
        self.join()
        for sock in self.sockets:
            sock.close()


class Writer(turno.Asking):
    """Large groups, one after the other, on a connection that was there before."""

    def __init__(self, server, number):
        super().__init__(server)
        self.number = number
        self.count = 0
        self.step()

    def step(self):
        turno.register(self.client, turno.family(self.number * 100000 + self.count, 8))
        self.count += 1


def newest_wal(directory):
    store = os.path.join(directory, "store")
    return max(int(name[:-4]) for name in os.listdir(store) if name.endswith(".log"))


def files_of(server):
    return len(os.listdir(f"/proc/{server.process.pid}/fd"))


def every_connection_is_taken(base):
    directory = os.path.join(base, "real")
    turno.run("init", directory)
    with turno.Server(directory, "--loops", 1, files=(256, FILES)) as server:
        writers = [Writer(server, number) for number in range(1, 5)]
        strangers = Strangers(server.port, STRANGERS)
        strangers.start()
        turno.wait_until(lambda: files_of(server) >= TAKEN, "strangers at the door")
        for writer in writers:
            writer.start()
        wals, most = {newest_wal(directory)}, 0
        until = time.monotonic() + WRITE_S
        while len(wals) <= WALS:
            assert server.alive(), server.talk()
            for writer in writers:
                writer.look()
            assert time.monotonic() < until, f"only {len(wals)} WALs in {WRITE_S} s"
            wals.add(newest_wal(directory))
            most = max(most, files_of(server))
            time.sleep(0.05)
        turno.run("officer", directory, "add", "auditor@oversight.example", "--role", "auditor")
        for writer in writers:
            writer.end()
        # A start meets them too.
        server.kill()
        server.start(wait=False)
        strangers.port = server.port
        turno.wait_until(lambda: "serving" in server.talk().rsplit("for each of", 1)[-1],
                         "a second start")
        turno.wait_until(lambda: files_of(server) >= TAKEN, "strangers at the door again")
        strangers.stop()
        server.wait_ready()
        server.stop()
    turno.run("verify", directory)
    assert most < FILES - 100, most
    return sum(writer.count for writer in writers), len(wals) - 1, most


def too_few_files(base):
    """The server says so, and does not begin."""
    directory = os.path.join(base, "real")
    for files, words in ((400, "open files are not enough"),
                         (720, "leaves 0 connections for each of 1 loops")):
        server = turno.Server(directory, "--loops", 1, files=(files, files), wait=False)
        assert server.wait() == turno.ENVIRONMENT, server.talk()
        assert words in server.talk(), server.talk()


def main():
    turno.need_program()
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    if hard < 2 * STRANGERS:
        turno.skip(f"no more than {hard} open files here")
    with turno.scratch() as base:
        count, wals, most = every_connection_is_taken(base)
        too_few_files(base)
    print(f"{count} groups and {wals} new WALs while strangers held every connection; "
          f"at most {most} open files of {FILES}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
