"""Power cuts under a served ledger (P2, R02, R26).

Threads register, ask and validate, each command with an Idempotency-Key, and remember every answer
they got. At a random moment the power goes: everything that was not synced is taken back and the
process is gone (losing_disk). The server starts again on what is left, and every command that was
ever answered is asked again with its key: the same answer with the same index. Commands whose answer
was cut off are asked again too, and must then fit in. At the end there is no gap, every checkpoint
that was ever read is a prefix of the log, and verify and rebuild agree.

Few commands are appended by the desk's own thread, many by the committer's. Every other four rounds all
go by the committer's, so that the power is cut under both; the server's own count says that it was.

With --prove the same without syncs, which must lose answered commands: else this test sees nothing.
Without an argument both. Environment: CRASH_ROUNDS (50), CRASH_SEED."""

import base64
import http.client
import importlib.util
import json
import os
import random
import shutil
import signal
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
# pylint: disable=wrong-import-position
import turno

ROUNDS = int(os.environ.get("CRASH_ROUNDS", "50"))
SEED = int(os.environ.get("CRASH_SEED", "0")) or random.SystemRandom().randrange(1 << 30)
THREADS = 4
PROVE_ROUNDS = 5
OLD_SAMPLE = 40
RESERVE = 1 << 20


def audit_log():
    path = os.path.join(turno.HERE, "..", "golden", "audit_log.py")
    spec = importlib.util.spec_from_file_location("audit_log", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def batches(client):
    """How many batches were committed since the server began, and how many by the desk itself."""
    said = turno.expect(client.get("/metrics"), 200).body.decode().splitlines()
    counts = dict(line.split(" ") for line in said if line.startswith("turno_desk_batches"))
    return int(counts["turno_desk_batches_total"]), int(counts["turno_desk_batches_own_total"])


class Command:
    """A POST that can be repeated."""

    def __init__(self, key, path, body, token=None):
        self.key = key
        self.path = path
        self.body = body
        self.token = token
        self.answer = None # (status, JSON) once acknowledged

    def send(self, client):
        """True when it is answered for good; False when nobody can know (503, 507)."""
        answer = client.post(self.path, self.body, token=self.token, key=self.key)
        if answer.status >= 500:
            return False
        got = (answer.status, turno.but_receipt(answer.json))
        if self.answer is None:
            self.answer = got
        assert got == self.answer, (f"{self.path} with key {self.key} was answered {self.answer} "
                                    f"and is now answered {got}")
        return True


class Worker:
    """One thread's commands; no other thread touches its registrations."""

    def __init__(self, number, tokens, seed):
        self.number = number
        self.tokens = tokens
        self.chance = random.Random(seed * 100 + number)
        self.count = 0
        self.owners = [] # [id, token, ports]
        self.answered = []
        self.unknown = None
        self.checkpoint = None
        self.batches = None # (all, the desk's own) of this start of the server
        self.failure = None

    def next(self):
        self.count += 1
        key = f"crash-{self.number}-{self.count}-{self.chance.randrange(1 << 48):012x}"
        kind = self.chance.random()
        if kind < 0.25 or not self.owners:
            number = 1000 + self.number * 100000 + self.count
            return Command(key, "/v1/registrations",
                           turno.family(number, 1 + self.chance.randrange(3)))
        if kind < 0.4:
            pair = (self.tokens["confirmation_number"], self.tokens["date_of_birth"])
            if self.chance.random() < 0.5:
                pair = ("7K3Q-F9X2-MHDY", pair[1])
            return Command(key, "/v1/validations", turno.validation(*pair),
                           self.tokens["officer_token"])
        owner = self.chance.choice(self.owners)
        # The other of two, so that each is an event: the same ports twice would be refused.
        owner[2] = turno.OTHER_PORT if owner[2] == turno.PORT else turno.PORT
        return Command(key, f"/v1/registrations/{owner[0]}/requests",
                       {"ports": [owner[2]], "location": turno.INSIDE}, owner[1])

    def keep(self, command):
        self.answered.append(command)
        status, answer = command.answer
        if command.path == "/v1/registrations" and status == 201:
            self.owners.append([answer["registration"], answer["token"], turno.OTHER_PORT])

    def step(self, client):
        command = self.unknown or self.next()
        self.unknown = command
        if command.send(client):
            self.keep(command)
            self.unknown = None
        if self.number == 0 and self.count % 8 == 0:
            self.checkpoint = turno.checkpoint(client)
            self.batches = batches(client)

    def work(self, server):
        try:
            with server.client(timeout=20) as client:
                while True:
                    self.step(client)
        except (OSError, http.client.HTTPException):
            return # the power went
        except BaseException as failure: # pylint: disable=broad-except
            self.failure = failure


class Bench:
    """A simulated ledger on a disk that loses."""

    def __init__(self, base, name, seed):
        self.root = os.path.join(base, name)
        self.stash = os.path.join(base, name + ".stash")
        os.makedirs(self.root)
        os.makedirs(self.stash)
        self.directory = os.path.join(self.root, "ledger")
        self.tokens = turno.simulate(self.directory, 1, 0.0005, seed)
        with turno.Server(self.directory, "--reserve", RESERVE) as server:
            with server.client() as client:
                made = turno.register(client, turno.family(1))
                turno.ask_in_window(self.directory, client, made[0], made[1])
            server.stop()
        self.workers = [Worker(i, self.tokens, seed) for i in range(THREADS)]
        self.desks, self.committers = 0, 0 # batches that were seen to be committed by each

    def start(self, committer, env=None, **disk):
        shutil.rmtree(self.stash)
        os.makedirs(self.stash)
        if committer:
            env = dict(env or {}, TURNO_TEST_COMMITTER_ONLY="1")
        environment = dict(env or {}, LD_PRELOAD=turno.LOSING_DISK, LOSING_DISK_ROOT=self.root,
                           LOSING_DISK_STASH=self.stash)
        # A sanitizer's runtime wants to be first among the libraries.
        environment["ASAN_OPTIONS"] = "verify_asan_link_order=0:detect_leaks=0"
        environment.update({"LOSING_DISK_" + name.upper(): str(value)
                            for name, value in disk.items()})
        return turno.Server(self.directory, "--reserve", RESERVE, env=environment, wait=False)

    def answered(self):
        return [command for worker in self.workers for command in worker.answered]

    def load(self, server, seconds):
        """Work until the power goes; without `seconds` the disk itself says when."""
        threads = [threading.Thread(target=worker.work, args=(server,))
                   for worker in self.workers]
        self.workers[0].batches = None
        for thread in threads:
            thread.start()
        if seconds is not None:
            time.sleep(seconds)
            server.signal(signal.SIGUSR2)
        code = server.wait()
        for thread in threads:
            thread.join()
        for worker in self.workers:
            if worker.failure:
                raise worker.failure
        if self.workers[0].batches:
            count, own = self.workers[0].batches
            self.desks += own
            self.committers += count - own
        assert code == -signal.SIGKILL, f"the server ended by itself: {code}\n{server.talk()}"


def ready(server):
    """False when the power went before it was."""
    try:
        server.wait_ready()
        return True
    except AssertionError:
        if not server.alive() and server.process.returncode == -signal.SIGKILL:
            server.wait()
            return False
        raise


def ask_again(server, commands):
    with server.client() as client:
        for command in commands:
            assert command.send(client), f"{command.path} is not answered any more"


def one_round(bench, turn, chance, checkpoints, newest):
    disk, seconds = {}, chance.uniform(0.05, 0.5)
    if turn % 3 == 1:
        disk["torn"] = chance.randrange(1 << 30)
    if turn % 3 == 2:
        disk["keep_names"] = 1
    if turn % 4 == 1: # however slow the machine is
        disk["after_syncs"], seconds = chance.randrange(1, 60), None
    if turn % 4 == 3:
        disk["after_writes"], seconds = chance.randrange(1, 200), None
    server = bench.start(turn // 4 % 2 == 1, **disk)
    with server:
        if not ready(server):
            return newest
        before = bench.answered()
        old = before[:-newest] if newest else before
        try:
            ask_again(server, chance.sample(old, min(OLD_SAMPLE, len(old)))
                      + (before[-newest:] if newest else []))
        except (OSError, http.client.HTTPException):
            if server.wait() == -signal.SIGKILL: # the power went meanwhile
                return newest
            raise
        counts = [len(worker.answered) for worker in bench.workers]
        bench.load(server, seconds)
    # The newest go to the end of the list, thread by thread.
    fresh = [command for worker, count in zip(bench.workers, counts)
             for command in worker.answered[count:]]
    for worker, count in zip(bench.workers, counts):
        del worker.answered[count:]
    bench.workers[-1].answered.extend(fresh)
    if bench.workers[0].checkpoint:
        checkpoints.add(bench.workers[0].checkpoint)
    return len(fresh)


def no_gap(bench):
    """Every index once, each acknowledged one with what its command makes."""
    kinds = {}
    for line in turno.run("log", bench.directory).stdout.splitlines():
        event = json.loads(line)
        assert event["index"] == len(kinds), f"index {event['index']} after {len(kinds) - 1}"
        kinds[event["index"]] = event["kind"]
    wanted = {"registrations": {"registration_created"}, "validations": {"validation_answered"},
              "requests": {"appointment_requested", "request_replaced"}}
    used = set()
    for command in bench.answered():
        status, answer = command.answer
        if status != 201 and status != 200:
            continue
        index = answer["index"]
        assert kinds[index] in wanted[command.path.rsplit("/", 1)[1]], (command.path, kinds[index])
        assert index not in used, f"two commands are answered with index {index}"
        used.add(index)
    return len(kinds), len(used)


def prefixes(bench, server, checkpoints):
    """No checkpoint that anybody ever read is taken back (P3)."""
    audit = audit_log()
    source = audit.Server(f"http://127.0.0.1:{server.port}/log", None) # simulated: bundles are open
    with server.client() as client:
        size, _ = turno.checkpoint(client)
    leaves = []
    for index, width in audit.tiles_of(size):
        data, at = source.read(audit.tile_path("entries", index, width)), 0
        for _ in range(width):
            length = int.from_bytes(data[at:at + 2], "big")
            leaves.append(audit.leaf_hash(data[at + 2:at + 2 + length]))
            at += 2 + length
    for seen, root in checkpoints:
        assert seen <= size, f"a checkpoint of {seen} entries was read, {size} are left"
        assert base64.b64encode(audit.tree_root(leaves[:seen])).decode() == root, (
            f"the checkpoint of {seen} entries is no prefix")


def cut_at_random_moments(base, chance):
    bench = Bench(base, "synced", SEED)
    checkpoints, newest = set(), 0
    for turn in range(ROUNDS):
        newest = one_round(bench, turn, chance, checkpoints, newest)
        if turn % 10 == 9:
            turno.run("verify", bench.directory)
    turno.run("audit", bench.directory)
    with turno.Server(bench.directory, "--reserve", RESERVE) as server:
        ask_again(server, bench.answered())
        ask_again(server, [worker.unknown for worker in bench.workers if worker.unknown])
        prefixes(bench, server, checkpoints)
        server.stop()
    turno.run("verify", bench.directory)
    turno.run("audit", bench.directory)
    rebuilt = turno.run("rebuild", bench.directory).stdout
    assert rebuilt.count("equal") == 6, rebuilt
    events, used = no_gap(bench)
    answered = len(bench.answered())
    assert answered > 4 * ROUNDS, f"{answered} answers show nothing in {ROUNDS} rounds"
    for who, count in (("desk", bench.desks), ("committer", bench.committers)):
        assert count > ROUNDS, f"{count} batches of the {who} show nothing in {ROUNDS} rounds"
    print(f"{ROUNDS} cuts: {answered} commands were answered, {used} of them events, none lost; "
          f"{events} events without a gap, {len(checkpoints)} checkpoints all prefixes; at least "
          f"{bench.desks} batches by the desk and {bench.committers} by the committer")


def loss_without_sync_is_seen(base, chance, committer):
    who = "committer" if committer else "desk"
    for turn in range(PROVE_ROUNDS):
        bench = Bench(base, f"nosync-{who}-{turn}", SEED + turn)
        with bench.start(committer, {"TURNO_TEST_NO_SYNC": "1"}) as server:
            server.wait_ready()
            bench.load(server, chance.uniform(0.5, 1.0))
        indices = [command.answer[1]["index"] for command in bench.answered()
                   if command.answer[0] in (200, 201)]
        assert indices, "nothing was answered"
        done = turno.run("verify", bench.directory, "--json", expect=None)
        left = json.loads(done.stdout)["entries"] if done.returncode == turno.DONE else 0
        lost = sum(index >= left for index in indices)
        if lost:
            print(f"without syncs of the {who} {lost} of {len(indices)} answered commands were lost "
                  f"in round {turn + 1}, as they must be")
            return
    raise AssertionError("nothing was lost without syncs: this test cannot see a loss")


def main():
    turno.need_program(turno.LOSING_DISK)
    print(f"seed {SEED}")
    chance = random.Random(SEED)
    started = time.monotonic()
    with turno.scratch() as base:
        loss_without_sync_is_seen(base, chance, False)
        loss_without_sync_is_seen(base, chance, True)
        if "--prove" not in sys.argv[1:]:
            cut_at_random_moments(base, chance)
    print(f"{time.monotonic() - started:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
