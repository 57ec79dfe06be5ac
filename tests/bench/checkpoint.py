"""How long a checkpoint takes to cover what was just answered, under load (spec/log.md 4: 200 ms).

    checkpoint.py TURNO SCRATCH ROUNDS

wrk keeps 64 requests for an appointment in the air. Beside it four clients register people and note
when each answer came and which entries it is about; a fifth asks for the checkpoint again and again
and notes when each size was first seen. The time of a sample is from the answer to the end of the
first answer whose checkpoint covers its last entry: what an auditor sees, the asking included.
"""
import bisect
import http.client
import json
import os
import sys
import threading
import time

import peers

SECONDS = 12
PROBES = 4
EVENTS = 3 # of a registration: created, destination, member


def watch(stop, seen):
    """(first seen at, size), ascending."""
    client = http.client.HTTPConnection("127.0.0.1", peers.PORT)
    size = -1
    while not stop.is_set():
        client.request("GET", "/log/checkpoint")
        text = client.getresponse().read()
        now = time.monotonic()
        published = int(text.split(b"\n")[1])
        if published != size:
            seen.append((now, published))
            size = published
        time.sleep(0.0005)


def probe(number, stop, answered, failed):
    """(answered at, entries that the checkpoint must have)."""
    client = http.client.HTTPConnection("127.0.0.1", peers.PORT)
    count = 0
    name = os.urandom(8).hex()
    while not stop.is_set():
        body = {"members": [{"given_names": f"Sonda {number}", "family_names": f"{name} {count}",
                             "date_of_birth": "1991-03-04", "nationality": "VEN"}],
                "destination": f"Avenida Ficticia {name} {count}"}
        client.request("POST", "/v1/registrations", json.dumps(body),
                       {"Content-Type": "application/json", "Idempotency-Key": os.urandom(16).hex()})
        answer = client.getresponse()
        text = answer.read()
        if answer.status != 201:
            failed.append(f"a registration was answered {answer.status}: {text[:200]!r}")
            return
        answered.append((time.monotonic(), json.loads(text)["index"] + EVENTS))
        count += 1
        time.sleep(0.005)


def delays(seen, answered):
    """Milliseconds from each answer to the checkpoint that covers it."""
    sizes = [size for _, size in seen]
    out = []
    for at, needed in answered:
        first = bisect.bisect_left(sizes, needed)
        if first < len(sizes):
            # Seen before the answer came: the checkpoint was quicker than it.
            out.append(max(0.0, (seen[first][0] - at) * 1000))
    return sorted(out)


def measure():
    stop, ending = threading.Event(), threading.Event()
    seen, answered, rates, failed = [], [], [], []
    watcher = threading.Thread(target=watch, args=(ending, seen))
    probes = [threading.Thread(target=probe, args=(n, stop, answered, failed)) for n in range(PROBES)]
    load = threading.Thread(target=lambda: rates.append(peers.wrk(peers.PORT, "requests.lua")[0]))
    for thread in [load, watcher, *probes]:
        thread.start()
    load.join()
    stop.set()
    for thread in probes:
        thread.join()
    time.sleep(1.0)
    ending.set()
    watcher.join()
    if failed:
        sys.exit(failed[0])
    found = delays(seen, answered)
    assert len(found) == len(answered), "every answer is covered in the end"
    return rates[0], found, len(seen)


def main():
    peers.SECONDS = SECONDS
    worst = 0.0
    with peers.running_turno():
        for _ in range(peers.rounds):
            rate, found, checkpoints = measure()
            p50, p99 = found[len(found) // 2], found[len(found) * 99 // 100]
            worst = max(worst, p99)
            print(f"checkpoint after an answer: p50 {p50:.0f} ms, p99 {p99:.0f} ms, max {found[-1]:.0f} "
                  f"ms (at most 200 for p99) over {len(found)} answers and {checkpoints} checkpoints, "
                  f"beside {rate:.0f} requests/s")
    return 0 if worst <= 200 else 1


if __name__ == "__main__":
    sys.exit(main())
