#!/usr/bin/env python3
"""Writes the committed vectors of the draw into tests/golden/draw. Everything in them comes from
hashes of names, so running this again changes nothing; `--check` says whether that is so."""
import hashlib
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import draw  # noqa: E402

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "draw")
KEY = hashlib.sha256(b"gid key of the vectors").digest()


class Numbers:
    """Numbers below a bound, from a name: slow, unbiased enough for inputs, always the same."""

    def __init__(self, name):
        self.name = name.encode()
        self.count = 0

    def bytes(self, size):
        self.count += 1
        return hashlib.sha256(self.name + b" %d" % self.count).digest()[:size]

    def below(self, bound):
        return int.from_bytes(self.bytes(8), "little") % bound


def solo_secret(day):
    """The chain of the vectors: 64 days from day 20000 on."""
    secret = hashlib.sha256(b"tail of the vectors").digest()
    for index in range(63, day - 20000, -1):
        secret = draw.chain_step(index, secret)
    return secret.hex()


def make_groups(numbers, day, count, ports, size_of, choices=2):
    groups = []
    for _ in range(count):
        registration = numbers.bytes(16)
        wanted = []
        for _ in range(1 + numbers.below(choices)):
            port = ports[numbers.below(len(ports))]
            if port not in wanted:
                wanted.append(port)
        groups.append({"gid": draw.gid16(KEY, day, registration).hex(), "size": size_of(numbers),
                       "ports": wanted, "salt": draw.salt16(KEY, day, registration).hex(),
                       "registered_day": 19900 + numbers.below(100), "flags": 0})
    return sorted(groups, key=lambda g: g["gid"])


def line(*runs):
    return [{"date": d, "minute": m, "free": f} for d, m, f in runs]


def port(number, runs, pcredit=0, acc=0, held=None):
    out = {"port": number, "pcredit": pcredit, "acc": acc, "line": line(*runs)}
    if held is not None:
        out["held"] = held
    return out


NO_BEACON = {"type": 0, "round": 0, "chain_hash": "00" * 32, "raw": ""}


def make(day, ports, groups, mode=0, share=300000, packing="straddle", witnesses=(),
         beacon=None):
    return draw.recompute({
        "format": "turno-draw-1", "audience": "auditor", "day": day, "policy": 1, "mode": mode,
        "share_ppm": share, "packing": packing, "ports": ports, "secret": solo_secret(day),
        "witnesses": list(witnesses), "beacon": beacon or NO_BEACON, "groups": groups})


def sizes(low, high):
    return lambda numbers: low + numbers.below(high - low + 1)


def solo():
    """Two days of two ports: pcredit and acc carry over, the overshoot is repaid from the next line's
    head. Port 2504 comes first in the policy, after 2301 by number."""
    numbers = Numbers("solo")
    one = make(20000, [port(2504, [(20021, 480, 7), (20021, 540, 6)]),
                       port(2301, [(20021, 480, 5), (20021, 600, 5)], acc=999999)],
               make_groups(numbers, 20000, 60, [2504, 2301], sizes(1, 8)))
    ports = []
    for after, number in zip(one["after"], (2504, 2301)):
        first = 9 - after["over"]  # the head of the new line repays what the last slot lacks
        ports.append(port(number, [(20022, 480, first), (20022, 540, 4)], after["pcredit"],
                          after["acc"]))
    two = make(20001, ports, make_groups(numbers, 20001, 60, [2504, 2301], sizes(1, 8)))
    return {"solo_day_1": one, "solo_day_2": two}


def hard():
    """Hard packing over three days: a group that finds no slot is held and comes first tomorrow; the
    second day's port 2604 has nothing at all, so its held group waits once more."""
    numbers = Numbers("hard 5")
    out = {}
    held = {2402: [], 2604: []}
    credit = {2402: (0, 0), 2604: (0, 0)}
    for index in range(3):
        day = 20000 + index
        runs = {2402: [(20021 + index, 480, 5), (20021 + index, 540, 4)],
                2604: [] if index == 1 else [(20021 + index, 480, 3), (20021 + index, 540, 6)]}
        groups = make_groups(numbers, day, 30, [2402, 2604], sizes(1, 5))
        ports = []
        for number in (2402, 2604):
            today = []
            for group, basis in held[number]:
                registration = hashlib.sha256(bytes.fromhex(group["gid"])).digest()[:16]
                again = dict(group, gid=draw.gid16(KEY, day, registration).hex(), ports=[number],
                             salt=draw.salt16(KEY, day, registration).hex())
                groups.append(again)
                today.append({"gid": again["gid"], "port": number, "basis": basis})
            ports.append(port(number, runs[number], *credit[number], held=today))
        groups.sort(key=lambda g: g["gid"])
        t = make(day, ports, groups, packing="hard", share=500000)
        out["hard_day_%d" % (index + 1)] = t
        by_gid = {g["gid"]: g for g in groups}
        for after in t["after"]:
            held[after["port"]] = [(by_gid[h["gid"]], h["basis"]) for h in after["held"]]
            credit[after["port"]] = (after["pcredit"], after["acc"])
    return out


def others():
    numbers = Numbers("others")
    out = {}
    eight = [2504, 2301, 2402, 2305, 2604, 2503, 2303, 2304]
    out["oversubscribed"] = make(
        20002, [port(p, [(20020, 900, 1), (20023, 480, 12), (20023, 540, 11)], acc=250000)
                for p in eight],
        make_groups(numbers, 20002, 600, eight, sizes(1, 7), choices=4))
    out["undersubscribed"] = make(
        20003, [port(2301, [(20024, 480, 40), (20024, 540, 40)], pcredit=3, acc=1),
                port(2504, [(20024, 480, 2)], pcredit=2, acc=700000)],
        make_groups(numbers, 20003, 12, [2301, 2504], sizes(1, 4)))
    out["sizes_1_to_10"] = make(
        20004, [port(2301, [(20025, 480 + 60 * i, 9) for i in range(8)])],
        make_groups(numbers, 20004, 80, [2301], sizes(1, 10), choices=1), share=600000)
    out["credit_repaid"] = make(  # a port deep in debt: no seniority today, the debt shrinks
        20005, [port(2301, [(20026, 480, 10)], pcredit=-9, acc=0),
                port(2402, [(20026, 480, 10)], pcredit=25, acc=0)],
        make_groups(numbers, 20005, 40, [2301, 2402], sizes(1, 8)))
    out["empty_line"] = make(  # a suspended port keeps pcredit and acc
        20006, [port(2301, [], pcredit=4, acc=123456), port(2402, [(20027, 480, 6)])],
        make_groups(numbers, 20006, 20, [2301, 2402], sizes(1, 3)))
    out["no_groups"] = make(20007, [port(2301, [(20028, 480, 6)], pcredit=1)], [])
    out["no_share"] = make(20008, [port(2301, [(20029, 480, 6)])],
                           make_groups(numbers, 20008, 9, [2301], sizes(1, 3)), share=0)
    out["whole_share"] = make(20009, [port(2301, [(20030, 480, 6)])],
                              make_groups(numbers, 20009, 9, [2301], sizes(1, 3)), share=1000000)
    three = [{"id": numbers.bytes(16).hex(), "secret": numbers.bytes(32).hex()} for _ in range(3)]
    out["three_witnesses"] = make(
        20010, [port(2301, [(20031, 480, 6)])],
        make_groups(numbers, 20010, 20, [2301], sizes(1, 3)), mode=1, witnesses=three)
    out["nist_pulse"] = make(
        20011, [port(2301, [(20032, 480, 6)])],
        make_groups(numbers, 20011, 20, [2301], sizes(1, 3)), mode=1,
        beacon={"type": 2, "round": 220394, "chain_hash": "00" * 32,
                "raw": (numbers.bytes(32) + numbers.bytes(32)).hex()})
    out["manual_draw"] = make(
        20012, [port(2301, [(20033, 480, 6)])],
        make_groups(numbers, 20012, 20, [2301], sizes(1, 3)), mode=1,
        beacon={"type": 3, "round": 0, "chain_hash": "00" * 32, "raw": b"7.12.33.41.".hex()})
    return out


def vectors():
    out = {}
    out.update(solo())
    out.update(hard())
    out.update(others())
    return {name + ".json": draw.dumps(t) for name, t in out.items()}


def main(arguments):
    wrong = []
    for name, text in sorted(vectors().items()):
        path = os.path.join(HERE, name)
        if arguments == ["--check"]:
            with open(path, encoding="ascii") as file:
                if file.read() != text:
                    wrong.append(name)
        else:
            with open(path, "w", encoding="ascii") as file:
                file.write(text)
    for name in wrong:
        print("differs:", name)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
