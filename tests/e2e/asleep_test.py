"""A real ledger whose machine was down, or whose clock was set, while people held offers.

It must not lapse them by itself: what fell due waits, commands but validations are answered 503
`paused`, until `turno resume` (DESIGN, "The desk"). With --extend every deadline that was not reached
at the last heartbeat is moved by the pause, so that the person can still accept; without, the offer
lapses. The wall clock of the server is moved by shifted_clock, a library loaded before it."""

import datetime
import json
import os
import struct
import sys
import time
import zoneinfo

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
# pylint: disable=wrong-import-position
import turno
from turno import expect

ZONE = zoneinfo.ZoneInfo("America/New_York")
HOUR = 3600
# The desk looks at its clocks twice a second.
CLOCKS_SEEN_S = 1.5
# In a domain that the first policy in force lists.
OFFICER = "officer@inm.gob.mx"


class Clock:
    """What the server takes for the time of day."""

    def __init__(self, base):
        self.path = os.path.join(base, "clock")
        self.shift_s = 0
        self.asleep_s = 0
        self.shift(0)

    def shift(self, seconds, asleep=0):
        self.shift_s += seconds
        self.asleep_s += asleep
        mode = "r+b" if os.path.exists(self.path) else "wb"
        with open(self.path, mode) as file:
            file.write(struct.pack("=qq", *(int(s * 1_000_000)
                                            for s in (self.shift_s, self.asleep_s))))

    def now(self):
        return datetime.datetime.now(ZONE) + datetime.timedelta(seconds=self.shift_s)

    def set_to(self, hour, minute=0):
        """Forward to the next such civil time where the windows are."""
        now = self.now()
        goal = now.replace(hour=hour, minute=minute, second=0, microsecond=0)
        while goal <= now:
            goal += datetime.timedelta(days=1)
        self.shift(goal.timestamp() - now.timestamp())

    def environment(self):
        return {"LD_PRELOAD": turno.SHIFTED_CLOCK, "SHIFTED_CLOCK": self.path,
                # A sanitizer's runtime wants to be first among the libraries.
                "ASAN_OPTIONS": "verify_asan_link_order=0:detect_leaks=0"}


class Scene:
    """A real ledger, served; groups that hold offers."""

    def __init__(self, base, name):
        os.makedirs(os.path.join(base, name))
        self.clock = Clock(os.path.join(base, name))
        self.directory = os.path.join(base, name, "ledger")
        # Into a window of the first policy in force: 12:00 to 24:00.
        self.clock.set_to(13)
        turno.run("init", self.directory, "--allow-unlocked", env=self.clock.environment())
        self.server = None
        self.start()

    def start(self):
        self.server = turno.Server(self.directory, "--allow-unlocked",
                                   env=self.clock.environment(), wait=False)
        turno.wait_until(self.alive, "the server", turno.READY_S)

    def alive(self):
        assert self.server.alive(), self.server.talk()
        try:
            with self.server.client(timeout=5) as client:
                return client.get("/healthz").status == 200
        except OSError:
            return False

    def ready(self):
        with self.server.client() as client:
            return client.get("/readyz")

    def paused(self):
        return self.ready().code == "paused"

    def go_on(self, *options):
        turno.run("resume", self.directory, *options)
        turno.wait_until(lambda: self.ready().status == 200, "readiness after resume")

    def jump(self, seconds, *options):
        """Set the clock; the pause that follows is ended."""
        self.clock.shift(seconds)
        turno.wait_until(self.paused, "the pause after the clock was set")
        self.go_on(*options)

    def offers(self, client, groups):
        """One group each: registered, asked, drawn."""
        made = [turno.register(client, turno.family(number)) for number in groups]
        for registration, token, _ in made:
            expect(turno.ask(client, registration, token), 201)
        now = self.clock.now()
        # Ten minutes past the next noon: the draw.
        goal = (now + datetime.timedelta(days=1)).replace(hour=12, minute=10)
        self.jump(goal.timestamp() - now.timestamp())
        for registration, token, _ in made:
            turno.wait_until(lambda r=registration, t=token: turno.open_offer(client, r, t),
                             "an offer after the draw")
        return made

    def kinds(self):
        return [line.split('"kind":"')[1].split('"')[0]
                for line in turno.run("log", self.directory).stdout.splitlines()]


def refused_while_paused(scene, client, owner, officer):
    """Commands wait; validations and reads do not."""
    registration, token, _ = owner
    held = turno.open_offer(client, registration, token)
    assert held, "an offer lapsed by itself while nobody served it"
    path = f"/v1/registrations/{registration}"
    for answer in (client.post("/v1/registrations", turno.family(77)),
                   client.post(f"{path}/offers/{held['offer']}/accept", token=token)):
        expect(answer, 503, "paused")
        assert "turno resume" in answer.json["detail"], answer
        assert int(answer.headers["Retry-After"]) > 0
    expect(client.post("/v1/validations", turno.validation("7K3Q-F9X2-MHDY", "1990-01-01"),
                       token=officer), 200)
    expect(client.get("/v1/policy"), 200)
    expect(client.get("/healthz"), 200)
    # A rule's refusal, whether a server answers or the command opens the ledger itself.
    done = turno.run("officer", scene.directory, "add", "other@inm.gob.mx", expect=turno.REFUSED)
    assert "turno resume DIR [--extend]" in done.stderr, done.stderr


def down_over_the_deadline(base):
    """Stopped for two days: with --extend the offer is open for what was left of its 23 hours."""
    scene = Scene(base, "down")
    with scene.server, scene.server.client() as client:
        officer = turno.run("officer", scene.directory, "add", OFFICER).stdout.split()[-1]
        owner, other = scene.offers(client, (1, 2))
        before = turno.open_offer(client, *owner[:2])
        scene.server.stop()
    scene.clock.shift(48 * HOUR)
    scene.start()
    with scene.server, scene.server.client() as client:
        assert scene.paused(), "two days without service, and nothing waits"
        refused_while_paused(scene, client, owner, officer)
        assert "offer_lapsed" not in scene.kinds()
        scene.go_on("--extend")
        kinds = scene.kinds()
        assert "window_extended" in kinds and "offer_lapsed" not in kinds, kinds
        after = turno.open_offer(client, *owner[:2])
        assert after["offer"] == before["offer"] and after["deadline"] > before["deadline"], after
        accepted = client.post(f"/v1/registrations/{owner[0]}/offers/{after['offer']}/accept",
                               token=owner[1])
        number = expect(accepted, 200).json["confirmation_number"]
        assert number
        # The other does nothing: it lapses when the moved deadline is over, not before.
        scene.jump(21 * HOUR)
        assert turno.open_offer(client, *other[:2]), "lapsed before its deadline"
        scene.jump(3 * HOUR)
        turno.wait_until(lambda: not turno.open_offer(client, *other[:2]),
                         "the lapse after the moved deadline")
        scene.server.stop()
    turno.run("verify", scene.directory)
    turno.run("audit", scene.directory)
    rebuilt = turno.run("rebuild", scene.directory).stdout
    assert rebuilt.count("equal") == 6, rebuilt
    print("down for 48 hours: no offer lapsed by itself, extended, accepted, the other lapsed later")


class Caller(turno.Asking):
    """Registers as long as they are let; a pause is the only thing they are told instead."""

    def __init__(self, server, number):
        super().__init__(server)
        self.number = number
        self.registered = 0

    def step(self):
        answer = expect(self.client.post("/v1/registrations", turno.family(self.number)), (201, 503))
        self.number += 1
        self.registered += answer.status == 201


def wait_for_more(callers):
    """Until each was answered since."""
    before = [caller.registered for caller in callers]

    def answered():
        for caller in callers:
            caller.look()
        return all(caller.registered > then for caller, then in zip(callers, before))

    turno.wait_until(answered, "callers that are answered")


def last_pause_s(scene):
    """How long the pause was that was ended last: since the heartbeat that it counts from."""
    end = json.loads(turno.run("log", scene.directory, "--kind", "window_extended",
                               "--backwards").stdout.splitlines()[0])
    return (end["time"] - end["body"]["from_us"]) / 1e6


def clock_set_while_running(base):
    """Set forward over a deadline, and back: nothing is decided until somebody says so."""
    scene = Scene(base, "set")
    with scene.server, scene.server.client() as client:
        officer = turno.run("officer", scene.directory, "add", OFFICER).stdout.split()[-1]
        owner, = scene.offers(client, (1,))
        scene.clock.shift(30 * HOUR)
        turno.wait_until(scene.paused, "the pause after the clock was set")
        scene.clock.shift(-30 * HOUR)
        time.sleep(CLOCKS_SEEN_S)
        scene.go_on()
        assert turno.open_offer(client, *owner[:2]), "lapsed by a clock that was wrong"
        # This time it is right: without --extend the offer is over.
        scene.clock.shift(30 * HOUR)
        turno.wait_until(scene.paused, "the pause after the clock was set")
        refused_while_paused(scene, client, owner, officer)
        scene.go_on()
        turno.wait_until(lambda: not turno.open_offer(client, *owner[:2]),
                         "the lapse after a plain resume")
        scene.server.stop()
    turno.run("verify", scene.directory)
    turno.run("audit", scene.directory)
    print("clock set forward: paused, set back without harm; a plain resume lets the offer lapse")


def clock_jumps_while_busy(scene):
    """Forward and back between the desk's looks at its clocks."""
    callers = [Caller(scene.server, 100_000 * n) for n in range(1, 9)]
    for caller in callers:
        caller.start()
    try:
        # Between two looks at the clocks a batch is handed over; some rounds meet that moment.
        for _ in range(4 if turno.sanitized() else 12):
            wait_for_more(callers)
            scene.clock.shift(9 * HOUR)
            turno.wait_until(scene.paused, "the pause after the clock was set")
            scene.clock.shift(-9 * HOUR)
            time.sleep(CLOCKS_SEEN_S)
            scene.go_on()
            assert last_pause_s(scene) > CLOCKS_SEEN_S - 0.5, "a heartbeat by the wrong clock"
        wait_for_more(callers)
    finally:
        for caller in callers:
            caller.stopping.set()
    for caller in callers:
        caller.end()


def clock_set_back_while_busy(base):
    """The heartbeat is never a clock's that was not checked; a pause that lies ahead can be ended."""
    scene = Scene(base, "back")
    with scene.server:
        with scene.server.client() as client:
            owner, = scene.offers(client, (1,))
        clock_jumps_while_busy(scene)
        # An hour too early from here on: nobody can say for how long the ledger was not served.
        scene.clock.shift(-HOUR)
        turno.wait_until(scene.paused, "the pause after the clock was set")
        time.sleep(CLOCKS_SEEN_S)
        scene.go_on("--extend")
        with scene.server.client() as client:
            held = turno.open_offer(client, *owner[:2])
            assert held, "lapsed by a clock that was set back"
            expect(client.post(f"/v1/registrations/{owner[0]}/offers/{held['offer']}/accept",
                               token=owner[1]), 200)
        scene.server.stop()
    turno.run("verify", scene.directory)
    turno.run("audit", scene.directory)
    print("set back while people register: no heartbeat of a wrong clock, every pause ended at once")


def what_is_no_pause(base):
    """A clock that is adjusted by a second, a nap of nine minutes; more is a pause."""
    scene = Scene(base, "small")
    with scene.server:
        for seconds, asleep in ((1, 0), (-1, 0), (9 * 60, 9 * 60)):
            scene.clock.shift(seconds, asleep)
            time.sleep(CLOCKS_SEEN_S)
            assert not scene.paused(), f"paused by {seconds} s, of which {asleep} asleep"
        for seconds, asleep in ((3, 0), (-3, 0), (11 * 60, 11 * 60)):
            scene.clock.shift(seconds, asleep)
            turno.wait_until(scene.paused, f"the pause by {seconds} s, of which {asleep} asleep")
            scene.go_on()
        scene.server.stop()
    print("a second and nine minutes asleep are no pause, three seconds and eleven minutes are")


def short_stop(base):
    """Stopped for nine minutes: no pause, for that is a restart."""
    scene = Scene(base, "short")
    with scene.server:
        scene.server.stop()
    scene.clock.shift(540)
    scene.start()
    with scene.server, scene.server.client() as client:
        assert scene.ready().status == 200
        turno.run("resume", scene.directory, expect=turno.REFUSED) # nothing is paused
        turno.register(client, turno.family(1))
        scene.server.stop()


def main():
    turno.need_program(turno.SHIFTED_CLOCK)
    with turno.scratch() as base:
        short_stop(base)
        what_is_no_pause(base)
        down_over_the_deadline(base)
        clock_set_while_running(base)
        clock_set_back_while_busy(base)
    return 0


if __name__ == "__main__":
    sys.exit(main())
