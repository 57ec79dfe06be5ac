"""Power cuts under the log.

A process appends frames and says what it promised; at a random moment the power goes (losing_disk:
everything that was not synced is taken back). What is left must open, hold everything that was
promised, and fit together to the last index row. The same without syncs must lose promises, or else
this test sees nothing.

Environment: TURNO_BUILD, LOG_CRASH_ROUNDS (50), LOG_CRASH_SEED."""

import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
# pylint: disable=wrong-import-position
import turno

BUILD = os.path.join(os.environ.get("TURNO_BUILD", "build"), "tests")
PROGRAM = os.path.join(BUILD, "log_crash")
LIBRARY = os.path.join(BUILD, "losing_disk.so")
ROUNDS = int(os.environ.get("LOG_CRASH_ROUNDS", "50"))
SEED = int(os.environ.get("LOG_CRASH_SEED", "0") or 0) or random.SystemRandom().randrange(1 << 30)


class Bench:
    """A ledger on a disk that loses."""

    def __init__(self, base, name):
        self.root = os.path.join(base, name)
        self.stash = os.path.join(base, name + ".stash")
        os.makedirs(self.root)
        os.makedirs(self.stash)
        self.directory = os.path.join(self.root, "ledger")

    def write(self, seed, seconds=None, extra=(), **disk):
        """Run the writer until the power goes; the sizes it said were appended and published."""
        environment = dict(os.environ, LD_PRELOAD=LIBRARY, LOSING_DISK_ROOT=self.root,
                           LOSING_DISK_STASH=self.stash)
        # A sanitizer's runtime wants to be first among the libraries.
        environment["ASAN_OPTIONS"] = "verify_asan_link_order=0:detect_leaks=0"
        environment.update({"LOSING_DISK_" + name.upper(): str(value)
                            for name, value in disk.items()})
        process = subprocess.Popen([PROGRAM, "write", self.directory, str(seed), *extra],
                                   stdout=subprocess.PIPE, env=environment,
                                   preexec_fn=turno.die_with_parent)
        if seconds is not None:
            time.sleep(seconds)
            process.send_signal(signal.SIGUSR2)
        out = process.communicate(timeout=120)[0].decode()
        # A signal that came before the library was there found a process that had done nothing.
        ended = (-signal.SIGKILL,) if out else (-signal.SIGKILL, -signal.SIGUSR2)
        assert process.returncode in ended, f"the writer ended by itself: {process.returncode}"
        appended = published = 0
        for line in out.split("\n"):
            what, _, size = line.partition(" ")
            appended = int(size) if what == "A" else appended
            published = int(size) if what == "P" else published
        shutil.rmtree(self.stash)
        os.makedirs(self.stash)
        return appended, published

    def check(self, extra=()):
        """What is left: its size and its published size. Raises when it does not fit together."""
        done = subprocess.run([PROGRAM, "check", self.directory, *extra], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, timeout=120, check=False)
        assert done.returncode == 0, done.stderr.decode()[-2000:]
        size, published = done.stdout.split()
        return int(size), int(published)


def cut_at_random_moments(base, chance):
    """A ledger lives through ten of them, then another begins."""
    promised = 0
    for turn in range(ROUNDS):
        if turn % 10 == 0:
            bench = Bench(base, f"random{turn}")
            appended = published = 0
        disk = {}
        if turn % 3 == 1:
            disk["torn"] = chance.randrange(1 << 30)
        if turn % 3 == 2:
            disk["keep_names"] = 1
        seconds = chance.uniform(0.0, 0.3)
        if turn % 2 == 1: # however slow the machine is
            disk["after_writes"], seconds = chance.randrange(1, 300), None
        said = bench.write(chance.randrange(1 << 30), seconds=seconds, **disk)
        promised += max(said[0] - appended, 0)
        appended, published = max(appended, said[0]), max(published, said[1])
        size, public = bench.check()
        assert size >= appended, f"round {turn}: {appended} were promised, {size} are left"
        assert public >= published, f"round {turn}: {published} were public, {public} are left"
        appended, published = size, public
    print(f"{ROUNDS} cuts at random moments: {promised} entries were promised, none lost")
    assert promised > ROUNDS, "the rounds were too short to show anything"


def cut_at_every_sync(base, chance):
    """The making of a ledger, and its first frames: the power goes instead of the nth sync."""
    for nth in range(1, 41):
        bench = Bench(base, f"sync{nth}")
        disk = {"after_syncs": nth}
        if nth % 2 == 1:
            disk["torn"] = nth
        said = bench.write(chance.randrange(1 << 30), **disk)
        size, public = bench.check()
        assert size >= said[0] and public >= said[1], f"sync {nth}: {said} against {size} {public}"
        # And it can be gone on with.
        said = bench.write(chance.randrange(1 << 30), after_writes=30)
        size, public = bench.check()
        assert size >= said[0] and public >= said[1], f"sync {nth}: {said} against {size} {public}"
        shutil.rmtree(bench.root)
    print("cuts instead of each of the first 40 syncs: none lost")


def loss_without_sync_is_seen(base, chance):
    """The same without syncs loses what was promised; else the library takes nothing back."""
    lost = 0
    for turn in range(3):
        bench = Bench(base, f"nosync{turn}")
        said = bench.write(chance.randrange(1 << 30), extra=["nosync"], after_writes=300)
        assert said[0] > 0, "the writer promised nothing within its writes"
        size, _ = bench.check(["lossy"])
        lost += said[0] - size
    assert lost > 0, "nothing was lost without syncs: this test cannot see a loss"
    print(f"without syncs {lost} promised entries were lost, as they must be")


def bulk_loads_fit_together(base, chance):
    """Unsynced appends may be lost, publications not; and no index row outlives its entry."""
    lost = 0
    for turn in range(6):
        bench = Bench(base, f"unsynced{turn}")
        said = bench.write(chance.randrange(1 << 30), extra=["unsynced"],
                           after_writes=chance.randrange(100, 300))
        size, public = bench.check()
        assert public >= said[1], f"{said[1]} were public, {public} are left"
        lost += said[0] - size
        shutil.rmtree(bench.root)
    print(f"bulk loads: {lost} unsynced entries were lost with all that belonged to them")


def main():
    if not os.path.exists(PROGRAM) or not os.path.exists(LIBRARY):
        print(f"skipped: no {PROGRAM} or no {LIBRARY}")
        return 77
    print(f"seed {SEED}")
    chance = random.Random(SEED)
    base = tempfile.mkdtemp(prefix="turno-crash-")
    try:
        loss_without_sync_is_seen(base, chance)
        bulk_loads_fit_together(base, chance)
        cut_at_every_sync(base, chance)
        cut_at_random_moments(base, chance)
    finally:
        shutil.rmtree(base, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
