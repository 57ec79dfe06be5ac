"""Servers that stand where a witness is expected: `turno witness` itself, one that answers nonsense, one
that adds TLS."""

import hashlib
import http.client
import os
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "golden"))
# pylint: disable=wrong-import-position
import audit_log
import turno


class Witness:
    """`turno witness` on a port of its own, which it keeps over restarts."""

    def __init__(self, directory, name, logs=()):
        self.directory = directory
        self.port = turno.free_port()
        self.logs = list(logs)
        self.process = None
        self.vkey = turno.run("witness", directory, "--name", name, "--vkey").stdout.strip()
        self.verifier = audit_log.Verifier(self.vkey)
        self.url = f"http://127.0.0.1:{self.port}"

    def start(self):
        arguments = [turno.PROGRAM, "witness", self.directory, "--listen",
                     f"127.0.0.1:{self.port}"]
        for vkey in self.logs:
            arguments += ["--log", vkey]
        with open(self.directory + ".log", "ab") as log:
            self.process = subprocess.Popen(arguments, stdout=log, stderr=log,
                                            stdin=subprocess.DEVNULL,
                                            preexec_fn=turno.die_with_parent)
        turno._running[self.process.pid] = self.process # pylint: disable=protected-access
        turno.wait_until(self.answers, "the witness listens")
        return self

    def answers(self):
        assert self.process.poll() is None, "the witness ended by itself"
        try:
            return self.post("x")[0] == 400
        except OSError:
            return False

    def post(self, body):
        """Status, type and body of an add-checkpoint."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            connection.request("POST", "/add-checkpoint", body=body.encode())
            response = connection.getresponse()
            return response.status, response.headers.get("Content-Type"), response.read().decode()
        finally:
            connection.close()

    def remembered(self, origin):
        """What the witness shows to monitors, or None."""
        name = hashlib.sha256(origin.encode()).hexdigest()
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            connection.request("GET", f"/{name}/checkpoint")
            response = connection.getresponse()
            body = response.read()
            return body if response.status == 200 else None
        finally:
            connection.close()

    def end(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        code = self.process.wait(30)
        turno._running.pop(self.process.pid, None) # pylint: disable=protected-access
        assert number == signal.SIGKILL or code == turno.DONE, code


class Nonsense:
    """A server that answers every request with the same bytes, or never."""

    def __init__(self, answer):
        self.answer = answer
        self.asked = 0
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        with connection:
            try:
                connection.recv(65536)
                self.asked += 1
                if self.answer is None:
                    time.sleep(60)
                else:
                    connection.sendall(self.answer)
            except OSError:
                pass


def answer_of(code, body, kind="text/plain"):
    return (f"HTTP/1.1 {code} X\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n"
            "Connection: close\r\n\r\n").encode() + body


class Tls:
    """TLS in front of a witness, with a certificate of its own."""

    def __init__(self, base, port):
        self.certificate, key = os.path.join(base, "tls.pem"), os.path.join(base, "tls.key")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ed25519", "-nodes", "-keyout", key,
                        "-out", self.certificate, "-days", "2", "-subj", "/CN=witness",
                        "-addext", "subjectAltName=IP:127.0.0.1"], check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(self.certificate, key)
        self.behind = port
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            plain, _ = self.socket.accept()
            threading.Thread(target=self.serve, args=(plain,), daemon=True).start()

    def serve(self, plain):
        try:
            with self.context.wrap_socket(plain, server_side=True) as outside, \
                    socket.create_connection(("127.0.0.1", self.behind)) as inside:
                while piece := outside.recv(65536):
                    inside.sendall(piece)
                    inside.settimeout(0.5)
                    try:
                        while piece := inside.recv(65536):
                            outside.sendall(piece)
                    except TimeoutError:
                        pass
        except OSError:
            pass
