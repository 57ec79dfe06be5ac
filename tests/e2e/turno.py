"""What the end-to-end tests share: a ledger in a folder of its own, a server on it, a client.

Loopback only. Whatever is started here is stopped by its pid, and the folder goes with everything in
it, however a test ends: SIGTERM ends it as a failure does. Killed (ctest does so at a TIMEOUT) it can
only leave the folder; what it started is killed with it. Environment: TURNO (the program), TURNO_BUILD
(its build folder)."""

import atexit
import contextlib
import ctypes
import http.client
import json
import os
import resource
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
BUILD = os.environ.get("TURNO_BUILD") or os.path.join("build", "dev")
PROGRAM = os.environ.get("TURNO") or os.path.join(BUILD, "turno")
LOSING_DISK = os.path.join(BUILD, "tests", "losing_disk.so")
SHIFTED_CLOCK = os.path.join(BUILD, "tests", "shifted_clock.so")
EXAMPLE = os.path.join(HERE, "registration.example.json")
READY_S = 60
# In the zone of every version of the first policy, and outside of all: Matamoros, Panama.
INSIDE = {"lat": 25.87, "lon": -97.5}
OUTSIDE = {"lat": 8.98, "lon": -79.52}
PORT, OTHER_PORT = 2504, 2301

# Exit codes (DESIGN, "The program").
DONE, DIFFERENCE, USAGE, REFUSED, ENVIRONMENT, INCOMPLETE = range(6)


def skip(reason):
    print(f"skipped: {reason}")
    sys.exit(77)


def need_program(*files):
    for file in (PROGRAM, *files):
        if not os.path.exists(file):
            skip(f"no {file}")


signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
_LIBC = ctypes.CDLL(None)
PR_SET_PDEATHSIG = 1


def die_with_parent():
    """In a child, before it is another program: killed when the thread ends that started it."""
    _LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


@contextlib.contextmanager
def scratch():
    """A folder for one test. `TURNO_KEEP` set: it stays, for looking at a failure."""
    base = tempfile.mkdtemp(prefix="turno-e2e-")
    try:
        yield base
    finally:
        stop_all()
        if os.environ.get("TURNO_KEEP"):
            print(f"kept: {base}")
        else:
            shutil.rmtree(base, ignore_errors=True)


def sanitized():
    """A sanitizer's mlock does nothing, and says that it did."""
    with open(PROGRAM, "rb") as file:
        return b"__asan_init" in file.read()


def lock_no_memory():
    """For `before` of run: the system locks nothing for the program, whoever runs it."""
    cap_ipc_lock, drop = 14, 24 # PR_CAPBSET_DROP
    ctypes.CDLL(None).prctl(drop, cap_ipc_lock, 0, 0, 0)
    resource.setrlimit(resource.RLIMIT_MEMLOCK, (0, 0))


class Local(http.client.HTTPConnection):
    """The socket for administration, by its path."""

    def __init__(self, path):
        super().__init__("localhost")
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(self.path)


def begin_child(before=None):
    """In a child before its program: what `before` does, and it ends with us."""
    die_with_parent()
    if before:
        before()


def run(*arguments, expect=DONE, text=True, timeout=120, env=None, stdin=None, before=None):
    """Run the program to its end. `expect`: the exit code, several, or None for any."""
    done = subprocess.run([PROGRAM, *map(str, arguments)], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, timeout=timeout, check=False, input=stdin,
                          preexec_fn=lambda: begin_child(before),
                          env=dict(os.environ, **(env or {})))
    if text:
        done.stdout, done.stderr = done.stdout.decode(), done.stderr.decode()
    if expect is not None:
        codes = expect if isinstance(expect, (tuple, list)) else (expect,)
        assert done.returncode in codes, (
            f"turno {' '.join(map(str, arguments))}: exit {done.returncode}, not {expect}\n"
            f"{done.stdout[-2000:]}\n{done.stderr[-4000:]}")
    return done


def simulate(directory, days=2, scale=0.001, seed=1, *extra):
    """A small simulated ledger, and what it says of itself: tokens, an appointment that stands."""
    run("simulate", directory, "--days", days, "--scale", scale, "--seed", seed, "--no-throttle",
        *extra)
    return simulated(directory)


def simulated(directory):
    with open(os.path.join(directory, "simulated.json"), encoding="utf-8") as file:
        said = json.load(file)
    for who in ("officer", "auditor", "port_officer"):
        said[who + "_token"] = said[who]["token"]
    said.update(said.get("appointment", {}))
    return said


def new_key():
    """A key of somebody without a token is at least 16 random characters."""
    return secrets.token_hex(16)


def advance(directory, hours):
    """Move the clock of the served simulation; returns when what fell due is durable."""
    return run("simulate", directory, "--advance", hours)


def example():
    with open(EXAMPLE, encoding="utf-8") as file:
        return json.load(file)


def family(number, size=1):
    """A made-up group of its own; no two numbers share a person or a destination."""
    return {
        "members": [{"given_names": f"Prueba {number} {i}", "family_names": "Ejemplo Ficticio",
                     "date_of_birth": f"{1950 + (number + 7 * i) % 50}-0{1 + i % 9}-15",
                     "nationality": "VEN", "document": f"EJ{number:08d}{i}"} for i in range(size)],
        "destination": f"{number} Calle Inventada, Ciudad Ficticia",
        "language": "es",
    }


class Answer:
    """Status, headers and body of one answer."""

    def __init__(self, status, headers, body):
        self.status = status
        self.headers = headers
        self.body = body

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def code(self):
        """The stable code of a problem document, or None."""
        if not (self.headers.get("Content-Type") or "").startswith("application/problem+json"):
            return None
        return self.json["code"]

    def __repr__(self):
        return f"{self.status} {self.body[:600]!r}"


class Client:
    """One kept connection, used by one thread."""

    def __init__(self, port, token=None, timeout=30):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
        self.token = token

    def request(self, method, path, body=None, token=None, key=None, headers=None):
        """No retry: a caller that gets OSError or HTTPException does not know what became of it."""
        fields = dict(headers or {})
        token = token or self.token
        if token:
            fields["Authorization"] = f"Bearer {token}"
        if key:
            fields["Idempotency-Key"] = key
        if isinstance(body, (dict, list)):
            body = json.dumps(body).encode()
        if body is not None:
            fields.setdefault("Content-Type", "application/json")
        try:
            self.connection.request(method, path, body=body, headers=fields)
            response = self.connection.getresponse()
            return Answer(response.status, response.headers, response.read())
        except BaseException:
            self.connection.close()
            raise

    def get(self, path, token=None, **options):
        return self.request("GET", path, token=token, **options)

    def post(self, path, body=None, **options):
        return self.request("POST", path, body={} if body is None else body, **options)

    def delete(self, path, **options):
        return self.request("DELETE", path, **options)

    def close(self):
        self.connection.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Asking(threading.Thread):
    """Somebody who asks all the while, on a connection of their own: a subclass says what in step().
    A failure of it ends the thread, and is raised where somebody looks."""

    def __init__(self, server):
        super().__init__(daemon=True)
        self.client = server.client()
        self.stopping = threading.Event()
        self.failure = None

    def step(self):
        raise NotImplementedError

    def run(self):
        try:
            while not self.stopping.is_set():
                self.step()
        except BaseException as failure: # pylint: disable=broad-except
            self.failure = failure
        self.client.close()

    def look(self):
        if self.failure:
            raise self.failure

    def end(self):
        """After what is under way."""
        self.stopping.set()
        self.join()
        self.look()


def expect(answer, status, code=None):
    statuses = status if isinstance(status, (tuple, list)) else (status,)
    assert answer.status in statuses, f"status {answer.status}, not {status}: {answer}"
    if code is not None:
        assert answer.code == code, f"code {answer.code}, not {code}: {answer}"
    return answer


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


_running = {}


def stop_all():
    for process in list(_running.values()):
        if process.poll() is None:
            process.kill()
            process.wait()


atexit.register(stop_all)


class Server:
    """`turno serve` on a free port. Its talk goes to a file beside the ledger."""

    def __init__(self, directory, *options, env=None, wait=True, files=None):
        self.directory = directory
        self.log_path = directory.rstrip("/") + ".server-log"
        self.options = options
        self.env = env or {}
        self.files = files # soft and hard limit of open files, or None
        self.process = None
        self.port = None
        self.start(wait)

    def start(self, wait=True):
        self.port = free_port()
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                [PROGRAM, "serve", self.directory, "--listen", f"127.0.0.1:{self.port}",
                 *map(str, self.options)],
                stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                env=dict(os.environ, **self.env),
                preexec_fn=lambda: begin_child(self.files and (
                    lambda: resource.setrlimit(resource.RLIMIT_NOFILE, self.files))))
        _running[self.process.pid] = self.process
        if wait:
            self.wait_ready()

    def wait_ready(self):
        until = time.monotonic() + READY_S
        while time.monotonic() < until:
            if self.process.poll() is not None:
                raise AssertionError(f"the server ended by itself: {self.process.returncode}\n"
                                     + self.talk())
            try:
                with self.client(timeout=5) as client:
                    if client.get("/readyz").status == 200:
                        return
            except (OSError, http.client.HTTPException):
                pass
            time.sleep(0.02)
        raise AssertionError("the server is not ready\n" + self.talk())

    def client(self, token=None, timeout=30):
        return Client(self.port, token, timeout)

    def talk(self):
        with open(self.log_path, "r", encoding="utf-8", errors="replace") as log:
            return log.read()[-4000:]

    def alive(self):
        return self.process.poll() is None

    def signal(self, number):
        self.process.send_signal(number)

    def wait(self, timeout=60):
        code = self.process.wait(timeout)
        _running.pop(self.process.pid, None)
        return code

    def stop(self, timeout=60):
        """SIGTERM, which drains and closes clean."""
        self.signal(signal.SIGTERM)
        code = self.wait(timeout)
        assert code == DONE, f"exit {code} after SIGTERM\n" + self.talk()

    def kill(self):
        self.process.kill()
        self.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.alive():
            self.kill()


def wait_until(check, what, timeout=30):
    """The first true value of check()."""
    until = time.monotonic() + timeout
    while True:
        value = check()
        if value:
            return value
        assert time.monotonic() < until, f"waited {timeout} s in vain for: {what}"
        time.sleep(0.02)


# ---- what the answers say ----

def checkpoint(client):
    """(size, root in base64) of the published checkpoint."""
    lines = expect(client.get("/log/checkpoint"), 200).body.decode().split("\n")
    return int(lines[1]), lines[2]


def register(client, body, key=None):
    """The answer's id, token and index."""
    made = expect(client.post("/v1/registrations", body, key=key), 201).json
    return made["registration"], made["token"], made["index"]


def ask(client, registration, token, ports=(PORT, OTHER_PORT), key=None):
    return client.post(f"/v1/registrations/{registration}/requests",
                       {"ports": list(ports), "location": INSIDE}, token=token, key=key)


def ask_in_window(directory, client, registration, token, ports=(PORT, OTHER_PORT)):
    """Ask, if need be after the clock has moved to where a window is open."""
    for _ in range(30):
        answer = ask(client, registration, token, ports)
        if answer.code != "window_closed":
            return expect(answer, 201)
        advance(directory, 1)
    raise AssertionError("no window opened within 30 hours")


def open_offer(client, registration, token):
    """The offer that waits for an answer, as its owner reads it, or None."""
    seen = expect(client.get(f"/v1/registrations/{registration}", token=token), 200).json["offer"]
    return seen if seen and seen["state"] == "open" else None


TYPES = {"object": dict, "array": list, "string": str, "integer": int, "boolean": bool,
         "null": type(None)}


def described(client, pattern, said):
    """`said`, which must be what /openapi.json tells of what GET `pattern` answers."""
    root = expect(client.get("/openapi.json"), 200).json

    def fault(schema, value, name):
        if "$ref" in schema:
            schema = root["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]
        if "anyOf" in schema:
            faults = [fault(one, value, name) for one in schema["anyOf"]]
            return None if None in faults else faults
        kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
        if type(value) not in [TYPES[kind] for kind in kinds]:
            return f"{name} is no {schema['type']}: {value!r}"
        faults = []
        if isinstance(value, list):
            faults = [fault(schema["items"], one, name) for one in value]
        elif isinstance(value, dict) and "properties" in schema:
            faults = [f"{name} has no {member}" for member in schema["required"]
                      if member not in value]
            faults += [fault(schema["properties"][member], one, member)
                       if member in schema["properties"] else f"{member} is described nowhere"
                       for member, one in value.items()]
        return next(filter(None, faults), None)

    answer = root["paths"][pattern]["get"]["responses"]["2XX"]
    wrong = fault(answer["content"]["application/json"]["schema"], said, pattern)
    assert not wrong, wrong
    return said


def but_receipt(answer):
    """An answer without its receipt: a retry's may be over another frame of the same entry."""
    return {name: value for name, value in answer.items() if name != "receipt"}


def validation(number, birth, purpose="transit"):
    return {"confirmation_number": number, "date_of_birth": birth, "purpose": purpose}
