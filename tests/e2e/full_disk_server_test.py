"""A served ledger on a disk that fills up: a small file system of its own, in a file.

Debian's RocksDB aborts the process when the disk is full, so the reserve must refuse before: writes
get 507 `no_space` while reads go on and the process lives; validations are refused too, for no look at
a person goes unrecorded (P8). When there is space again, writes go on by themselves, and what was
answered before is still there. Exit 77 (skipped) where nothing may be mounted."""

import os
import shutil
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
# pylint: disable=wrong-import-position
import turno
from turno import expect

DISK_BYTES = 256 << 20
RESERVE = 24 << 20


class Disk:
    """ext4 in a file, mounted."""

    def __init__(self, base):
        self.image = os.path.join(base, "disk.img")
        self.mount = os.path.join(base, "disk")
        os.makedirs(self.mount)
        with open(self.image, "wb") as file:
            file.truncate(DISK_BYTES)
        for command in (["mkfs.ext4", "-q", "-m", "0", self.image],
                        ["mount", "-o", "loop", self.image, self.mount]):
            try:
                done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                      check=False)
            except FileNotFoundError:
                turno.skip(f"no {command[0]} here")
            if done.returncode != 0:
                turno.skip(f"{command[0]} is not allowed here: {done.stdout.decode().strip()}")

    def free(self):
        disk = os.statvfs(self.mount)
        return disk.f_bavail * disk.f_frsize

    def close(self):
        """Whatever happened: a mount must not stay behind."""
        for option in ([], [], ["-l"]):
            done = subprocess.run(["umount", *option, self.mount], stderr=subprocess.PIPE,
                                  check=False)
            if done.returncode == 0:
                return
            time.sleep(0.5)
        raise AssertionError(f"{self.mount} cannot be unmounted: {done.stderr.decode()}")


class Writer(turno.Asking):
    """Registers one group after the other. When the disk fills up between a decision and its write,
    the answer waits for space: `waiting_since` then."""

    def __init__(self, server, number):
        super().__init__(server)
        self.number = number * 100000
        self.registered = [] # (key, body, answer)
        self.refused = 0
        self.waiting_since = None

    def step(self):
        self.number += 1
        body = turno.family(self.number, 8)
        key = turno.new_key()
        self.waiting_since = time.monotonic()
        answer = self.client.post("/v1/registrations", body, key=key)
        self.waiting_since = None
        if answer.status == 201:
            self.registered.append((key, body, answer.json))
        else:
            expect(answer, 507, "no_space")
            self.refused += 1
            time.sleep(0.02)

    def waits(self):
        since = self.waiting_since
        return since is not None and time.monotonic() - since > 1.0


def all_of(writers, check):
    """For wait_until: True when `check` holds for each; a writer's failure is raised."""
    for writer in writers:
        writer.look()
    return all(check(writer) for writer in writers)


def fill(disk, ballast, keep):
    """Write a file until `keep` bytes are free."""
    with open(ballast, "ab", buffering=0) as file:
        while disk.free() > keep:
            file.write(b"\0" * min(1 << 20, max(disk.free() - keep, 4096)))
        os.fsync(file.fileno())


def same_again(client, answered):
    key, body, answer = answered
    again = expect(client.post("/v1/registrations", body, key=key), 201).json
    assert turno.but_receipt(again) == turno.but_receipt(answer), (again, answer)


def refused_but_alive(server, tokens, vkey_before, answered):
    """What is answered when nothing can be written; `answered` before: key, body, answer."""
    with server.client() as client:
        refused = client.post("/v1/validations", turno.validation(
            tokens["confirmation_number"], tokens["date_of_birth"]),
            token=tokens["officer_token"])
        expect(refused, 507, "no_space")
        assert refused.headers["Content-Type"].startswith("application/problem+json"), refused
        assert "disk space" in refused.json["detail"], refused
        assert "disk space" in expect(client.get("/readyz"), 507, "no_space").json["detail"]
        same_again(client, answered)
        for path in ("/healthz", "/v1/policy", "/v1/ports", "/log/checkpoint", "/metrics"):
            expect(client.get(path), 200)
        events = client.get("/v1/events?limit=10", token=tokens["auditor_token"])
        assert len(expect(events, 200).json["events"]) == 10
    assert turno.run("key", server.directory, "--vkey").stdout == vkey_before
    turno.run("log", server.directory, "--to", 5)
    assert server.alive(), server.talk()


def alive(server):
    assert server.alive(), server.talk()
    try:
        with server.client(timeout=5) as client:
            return client.get("/healthz").status == 200
    except OSError:
        return False


def start_on_a_full_disk(directory, tokens, vkey, ballast, registered):
    """Reads are served, writes refused; and again they go on by themselves."""
    with turno.Server(directory, "--reserve", RESERVE, wait=False) as server:
        turno.wait_until(lambda: alive(server), "the server on a full disk")
        refused_but_alive(server, tokens, vkey, registered[-1])
        os.remove(ballast)
        server.wait_ready()
        with server.client() as client:
            turno.register(client, turno.family(900000))
        server.stop()


def move_ledger(source, target):
    """A ledger and what lies beside it (its root key)."""
    folder, name = os.path.split(source)
    for entry in os.listdir(folder):
        if entry == name or entry.startswith(name + "."):
            shutil.move(os.path.join(folder, entry),
                        os.path.join(os.path.dirname(target), os.path.basename(target)
                                     + entry[len(name):]))


def play(disk, base):
    # Made elsewhere: only `serve` takes a reserve that a small disk has.
    made = os.path.join(base, "made")
    directory = os.path.join(disk.mount, "ledger")
    tokens = turno.simulate(made, 1, 0.0005, 3)
    move_ledger(made, directory)
    vkey = turno.run("key", directory, "--vkey").stdout
    ballast = os.path.join(disk.mount, "ballast")
    with turno.Server(directory, "--reserve", RESERVE) as server:
        writers = [Writer(server, number) for number in range(1, 4)]
        for writer in writers:
            writer.start()
        turno.wait_until(lambda: all_of(writers, lambda w: len(w.registered) >= 10),
                         "first writes")
        # The server has no say in what others write.
        fill(disk, ballast, RESERVE // 2)
        turno.wait_until(lambda: all_of(writers, lambda w: w.refused >= 3 or w.waits()),
                         "refusals")
        fill(disk, ballast, 2 << 20)
        refused_but_alive(server, tokens, vkey, writers[0].registered[0])
        before = {w: len(w.registered) for w in writers}
        time.sleep(1.0)
        assert all_of(writers, lambda w: len(w.registered) == before[w]), "the disk is full"
        refused_but_alive(server, tokens, vkey, writers[0].registered[0])
        os.remove(ballast)
        turno.wait_until(lambda: all_of(writers, lambda w: len(w.registered) > before[w] + 5),
                         "writes after there is space again")
        for writer in writers:
            writer.end()
        registered = [answered for writer in writers for answered in writer.registered]
        with server.client() as client:
            for answered in registered:
                same_again(client, answered)
        fill(disk, ballast, 4 << 20)
        server.stop()
        # Told once each time, not with every refusal: full, again space, full.
        told = [line for line in server.talk().splitlines() if "disk space" in line]
        assert 2 <= len(told) <= 8, told
        assert ["507" in line for line in told] == [i % 2 == 0 for i in range(len(told))], told
    start_on_a_full_disk(directory, tokens, vkey, ballast, registered)
    move_ledger(directory, made)
    turno.run("verify", made)
    rebuilt = turno.run("rebuild", made).stdout
    assert rebuilt.count("equal") == 6, rebuilt
    refused = sum(writer.refused for writer in writers)
    print(f"{len(registered)} registrations answered and found again, {refused} refused for want "
          "of space, the process lived")


def main():
    turno.need_program()
    if os.geteuid() != 0:
        turno.skip("mounting needs root")
    with turno.scratch() as base:
        disk = Disk(base)
        try:
            play(disk, base)
        finally:
            turno.stop_all()
            disk.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
