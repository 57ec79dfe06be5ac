#!/usr/bin/env python3
"""A second implementation of the draw: reads a transcript, draws again, writes the transcript anew.

    draw.py FILE                recompute and write the whole transcript to standard output
    draw.py FILE --public       write the public transcript of an auditor's one

The standard library only. It follows spec/draw.md sentence by sentence and shares nothing with the
program in C; whatever FILE states after `groups` is ignored, except that a public FILE's seniority
winners are taken as given.
"""
import hashlib
import json
import struct
import sys

MILLION = 1000000


def H(purpose, key, message, size):
    return hashlib.blake2b(message, digest_size=size, key=key,
                           person=purpose.encode().ljust(16, b"\0")).digest()


def mth(leaves):
    """RFC 6962 by its definition, with a loop instead of recursion over perfect subtrees."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    level = [hashlib.sha256(b"\0" + leaf).digest() for leaf in leaves]
    while len(level) > 1:
        above = [hashlib.sha256(b"\1" + level[i] + level[i + 1]).digest()
                 for i in range(0, len(level) - 1, 2)]
        if len(level) % 2:
            above.append(level[-1])
        level = above
    return level[0]


def chain_step(index, following):
    return H("turno1.chain", b"", struct.pack("<I", index) + following, 32)


def gid16(key, day, registration):
    return H("turno1.gid", key, struct.pack("<I", day) + registration, 16)


def salt16(key, day, registration):
    return H("turno1.salt16", key, struct.pack("<I", day) + registration, 16)


def attr32(group):
    if "attr" in group:
        return bytes.fromhex(group["attr"])
    assert group["flags"] == 0
    return H("turno1.attr", b"", bytes.fromhex(group["salt"])
             + struct.pack("<IH", group["registered_day"], group["flags"]), 32)


def leaf58(group):
    ports = group["ports"] + [0xFFFF] * (4 - len(group["ports"]))
    leaf = (bytes.fromhex(group["gid"]) + bytes([group["size"], len(group["ports"])])
            + struct.pack("<4H", *ports) + attr32(group))
    assert len(leaf) == 58
    return leaf


def beacon32(beacon):
    if beacon["type"] == 0:
        return bytes(32)
    return H("turno1.beacon", b"", struct.pack("<BQ", beacon["type"], beacon["round"])
             + bytes.fromhex(beacon["chain_hash"]) + bytes.fromhex(beacon["raw"]), 32)


def seed32(t, root, count):
    bound = t["mode"] == 1
    message = struct.pack("<IIB", t["day"], t["policy"], t["mode"])
    message += (root if bound else bytes(32)) + struct.pack("<Q", count if bound else 0)
    message += bytes.fromhex(t["secret"]) + bytes([len(t["witnesses"])])
    for witness in sorted(t["witnesses"], key=lambda w: bytes.fromhex(w["id"])):
        message += bytes.fromhex(witness["id"]) + bytes.fromhex(witness["secret"])
    message += bytes([t["beacon"]["type"]]) + beacon32(t["beacon"])
    return H("turno1.seed", b"", message, 32)


class Port:
    def __init__(self, port, share_ppm, hard):
        self.number = port["port"]
        self.before = port
        self.hard = hard
        self.Q = sum(slot["free"] for slot in port["line"])
        a = self.Q * share_ppm + port["acc"]
        self.Pq = a // MILLION + port["pcredit"]
        self.acc = a % MILLION
        self.u = self.up = 0
        self.closed = False
        self.held = []
        self.winners = []
        # Straddle hands out the seats of the line one by one; hard looks for a slot.
        self.seats = [(s["date"], s["minute"]) for s in port["line"] for _ in range(s["free"])]
        self.slots = [[s["date"], s["minute"], s["free"]] for s in port["line"]]

    def open(self):
        return not self.closed and self.u < self.Q

    def quota(self):
        return self.open() and self.up < self.Pq

    def slot(self, size):
        return next((s for s in self.slots if s[2] >= size), None)

    def hold(self, group, basis):
        self.held.append({"gid": group["gid"], "port": self.number, "basis": basis})
        self.closed = True

    def place(self, group, basis):
        """True when the group has its seats; otherwise it stands held and the port is closed."""
        if self.hard:
            slot = None if self.closed else self.slot(group["size"])
            if slot is None:
                self.hold(group, basis)
                return False
            slot[2] -= group["size"]
            date, minute = slot[:2]
        else:
            date, minute = self.seats[self.u]
        self.winners.append({"gid": group["gid"], "port": self.number, "basis": basis,
                             "rank": len(self.winners), "date": date, "minute": minute})
        self.u += group["size"]
        if basis == "seniority":
            self.up += group["size"]
        return True

    def after(self, all_seated):
        if self.Q == 0:
            pcredit, acc = self.before["pcredit"], self.before["acc"]
        else:
            pcredit, acc = self.Pq - self.up, self.acc
            if pcredit > 0 and all_seated:
                pcredit = 0
        out = {"port": self.number, "pcredit": pcredit, "acc": acc, "over": max(0, self.u - self.Q)}
        if self.hard:
            out["held"] = self.held
        return out


class Draw:
    def __init__(self, t):
        self.t = t
        self.hard = t["packing"] == "hard"
        assert t["packing"] in ("hard", "straddle")
        self.groups = sorted(t["groups"], key=lambda g: bytes.fromhex(g["gid"]))
        self.by_gid = {g["gid"]: g for g in self.groups}
        assert len(self.by_gid) == len(self.groups), "a gid stands twice"
        self.root = mth([leaf58(g) for g in self.groups])
        self.seed = seed32(t, self.root, len(self.groups))
        self.ticket = {g["gid"]: H("turno1.ticket", self.seed, bytes.fromhex(g["gid"]), 32)
                       for g in self.groups}
        self.ports = {p["port"]: Port(p, t["share_ppm"], self.hard) for p in t["ports"]}
        self.seated = set()
        self.done = set()  # seated or held
        self.held_pass()
        if t["audience"] == "public":
            self.given_pass()
        else:
            self.pass_over(self.by_seniority(self.groups), Port.quota, "seniority")
        self.pass_over(sorted(self.groups, key=self.lottery_key), Port.open, "lottery")

    def lottery_key(self, group):
        return (self.ticket[group["gid"]], bytes.fromhex(group["gid"]))

    def by_seniority(self, groups):
        return sorted(groups, key=lambda g: (g["registered_day"],) + self.lottery_key(g))

    def give(self, port, group, basis):
        assert group["gid"] not in self.done
        self.done.add(group["gid"])
        if port.place(group, basis):
            self.seated.add(group["gid"])

    def held_pass(self):
        for port in self.ports.values():
            for held in port.before.get("held", []):
                group = self.by_gid[held["gid"]]
                assert group["ports"] == [port.number]
                self.give(port, group, held["basis"])

    def pass_over(self, groups, has_room, basis):
        for group in groups:
            if group["gid"] in self.done:
                continue
            for number in group["ports"]:
                if has_room(self.ports[number]):
                    self.give(self.ports[number], group, basis)
                    break

    def given_pass(self):
        """Replay the stated seniority winners; a stated holder closes its port when its turn must be."""
        stated = {w["gid"]: w["port"] for w in self.t["winners"]
                  if w["basis"] == "seniority" and w["gid"] not in self.done}
        holders = {}
        for after in self.t["after"]:
            for held in after.get("held", []):
                if held["basis"] == "seniority" and held["gid"] not in self.done:
                    assert held["port"] not in holders
                    holders[held["port"]] = self.by_gid[held["gid"]]

        def close(number):
            holder = holders.pop(number)
            assert self.ports[number].quota() and self.ports[number].slot(holder["size"]) is None
            assert number in holder["ports"]
            self.give(self.ports[number], holder, "seniority")

        for group in self.by_seniority([self.by_gid[gid] for gid in stated]):
            for number in group["ports"]:
                if self.ports[number].quota() and number != stated[group["gid"]]:
                    close(number)
                elif self.ports[number].quota():
                    self.give(self.ports[number], group, "seniority")
                    break
            assert group["gid"] in self.seated, "a stated seniority winner has no quota"
        for number in list(holders):
            close(number)
        for group in self.groups:
            assert group["gid"] in self.done or not any(
                self.ports[n].quota() for n in group["ports"]), "quota left while a group waits"

    def transcript(self, audience):
        t = self.t
        winners = [w for number in sorted(self.ports) for w in self.ports[number].winners]
        opened = {w["gid"] for w in winners if w["basis"] == "seniority"}
        groups = []
        for g in self.groups:
            out = {"gid": g["gid"], "size": g["size"], "ports": g["ports"]}
            if audience == "auditor" or g["gid"] in opened:
                out["salt"], out["registered_day"] = g["salt"], g["registered_day"]
            else:
                out["attr"] = attr32(g).hex()
            out["flags"] = g["flags"]
            groups.append(out)
        after = []
        for number, port in self.ports.items():
            asked = [g for g in self.groups if number in g["ports"]]
            after.append(port.after(all(g["gid"] in self.seated for g in asked)))
        return {
            "format": "turno-draw-1", "audience": audience, "day": t["day"], "policy": t["policy"],
            "mode": t["mode"], "share_ppm": t["share_ppm"], "packing": t["packing"],
            "ports": t["ports"], "secret": t["secret"],
            "witnesses": sorted(t["witnesses"], key=lambda w: w["id"]), "beacon": t["beacon"],
            "groups": groups, "root": self.root.hex(), "seed": self.seed.hex(), "winners": winners,
            "winners_root": mth([
                bytes.fromhex(w["gid"]) + struct.pack("<HBIIH", w["port"],
                                                      1 if w["basis"] == "seniority" else 2,
                                                      w["rank"], w["date"], w["minute"])
                for w in winners]).hex(),
            "after": after}


def dumps(transcript):
    return json.dumps(transcript, indent=1) + "\n"


def recompute(t, audience=None):
    assert t["format"] == "turno-draw-1"
    return Draw(t).transcript(audience or t["audience"])


def main(arguments):
    public = "--public" in arguments
    files = [a for a in arguments if a != "--public"]
    if len(files) != 1:
        sys.stderr.write(__doc__)
        return 2
    with open(files[0], encoding="ascii") as file:
        transcript = json.load(file)
    sys.stdout.write(dumps(recompute(transcript, "public" if public else None)))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
