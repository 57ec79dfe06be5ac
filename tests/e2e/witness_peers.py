"""Servers that stand where a witness is expected: one that answers nonsense, one that adds TLS."""

import os
import socket
import ssl
import subprocess
import threading
import time


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
