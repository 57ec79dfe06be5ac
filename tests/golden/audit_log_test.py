#!/usr/bin/env python3
"""The independent auditor itself: it passes good logs and finds what was changed in bad ones.

A log of 600 entries made here is audited as a folder and over HTTP, then every kind of fault is put
into it. Logs of others are audited where ../shared/vectors is present; without it exit 77.
"""

import base64
import hashlib
import http.server
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import audit_log  # noqa: E402

VECTORS = "../shared/vectors"
NAME = "ledger.test/audit"
SEED = bytes(range(32))
SIZE = 600


# ---- a log made here ----

def secret_scalar(seed):
    digest = bytearray(hashlib.sha512(seed).digest())
    digest[0] &= 248
    digest[31] = digest[31] & 127 | 64
    return int.from_bytes(digest[:32], "little"), bytes(digest[32:])


def point_encode(point):
    inverse = pow(point[2], audit_log.P - 2, audit_log.P)
    x, y = point[0] * inverse % audit_log.P, point[1] * inverse % audit_log.P
    return (y | (x & 1) << 255).to_bytes(32, "little")


def sign(seed, message):
    scalar, prefix = secret_scalar(seed)
    public = point_encode(audit_log.point_multiply(scalar, audit_log.BASE_POINT))
    nonce = int.from_bytes(hashlib.sha512(prefix + message).digest(), "little") % audit_log.ORDER
    r = point_encode(audit_log.point_multiply(nonce, audit_log.BASE_POINT))
    digest = hashlib.sha512(r + public + message).digest()
    s = (nonce + int.from_bytes(digest, "little") * scalar) % audit_log.ORDER
    return public, r + s.to_bytes(32, "little")


def key_of(seed):
    return sign(seed, b"")[0]


def vkey_of(name, seed):
    key = b"\x01" + key_of(seed)
    key_id = hashlib.sha256(name.encode() + b"\n" + key).digest()[:4]
    return f"{name}+{key_id.hex()}+{base64.b64encode(key).decode()}", key_id


def checkpoint_write(folder, size, root):
    text = f"{NAME}\n{size}\n{base64.b64encode(root).decode()}\n".encode()
    _, key_id = vkey_of(NAME, SEED)
    payload = base64.b64encode(key_id + sign(SEED, text)[1]).decode()
    with open(os.path.join(folder, "checkpoint"), "wb") as file:
        file.write(text + f"\n\u2014 {NAME} {payload}\n".encode())


def pack_uint(value):
    if value < 128:
        return bytes([value])
    for tag, size in ((0xCC, 1), (0xCD, 2), (0xCE, 4), (0xCF, 8)):
        if value < 1 << 8 * size:
            return bytes([tag]) + value.to_bytes(size, "big")
    raise OverflowError(value)


def entry_make(index, time_us=None, command=True, cause=None, body=b"\x81\x00\xa2ok"):
    time_us = 1700000000000000 + 1000 * index if time_us is None else time_us
    actor = b"\x92\x02\xc4\x10" + bytes(16)
    command = b"\xc4\x10" + index.to_bytes(16, "big") if command else b"\xc0"
    cause = b"\xc0" if cause is None else pack_uint(cause)
    return b"\x97\x01\x07" + pack_uint(time_us) + actor + command + cause + body


def log_write(folder, entries):
    def save(path, data):
        path = os.path.join(folder, path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(data)

    hashes = [audit_log.leaf_hash(entry) for entry in entries]
    checkpoint_write(folder, len(entries), audit_log.tree_root(hashes))
    for index, width in audit_log.tiles_of(len(entries)):
        part = entries[256 * index:256 * index + width]
        save(audit_log.tile_path("entries", index, width),
             b"".join(len(entry).to_bytes(2, "big") + entry for entry in part))
    level = 0
    while hashes:
        for index, width in audit_log.tiles_of(len(hashes)):
            save(audit_log.tile_path(level, index, width),
                 b"".join(hashes[256 * index:256 * index + width]))
        hashes = [audit_log.tree_root(hashes[i:i + 256])
                  for i in range(0, len(hashes) - 255, 256)]
        level += 1


def audit(base, *options, vkey=None):
    """Exit code, summary line and complaints."""
    command = [sys.executable, os.path.join(HERE, "audit_log.py"), base,
               vkey or vkey_of(NAME, SEED)[0], *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    return done.returncode, done.stdout, done.stderr


# ---- a server that can be told to misbehave ----

class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    folder = None
    token = None
    private = False  # bundles say that a token is needed
    lax = False  # serve second spellings
    header = {}  # replacements

    def do_GET(self):
        path = self.path[len("/log/"):] if self.path.startswith("/log/") else "?"
        if self.lax:
            path = path.replace("tile/00/", "tile/0/")
        name = os.path.join(self.folder, path)
        if self.token and path.startswith("tile/entries/") and os.path.isfile(name) and \
                self.headers.get("Authorization") != "Bearer " + self.token:
            self.answer(401, b"", "application/problem+json", "no-store")
        elif path.startswith("/") or "//" in path or not os.path.isfile(name):
            self.answer(404, b"", "application/problem+json", "no-store")
        else:
            with open(name, "rb") as file:
                data = file.read()
            if path == "checkpoint":
                self.answer(200, data, "text/plain; charset=utf-8", "no-store")
            else:
                private = self.token or self.private
                who = "private" if private and "/entries/" in path else "public"
                self.answer(200, data, "application/octet-stream",
                            f"{who}, max-age=604800, immutable")

    def answer(self, status, body, kind, caching):
        headers = {"Content-Type": kind, "Cache-Control": caching,
                   "Access-Control-Allow-Origin": "*", "Content-Length": str(len(body))}
        headers.update({key: value for key, value in self.header.items() if status == 200})
        self.send_response(status)
        for key, value in headers.items():
            self.send_header(key, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def serve_and_audit(folder, *options, **settings):
    handler = type("Told", (Handler,), dict(settings, folder=folder))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        return audit(f"http://127.0.0.1:{server.server_port}/log", *options)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class LogTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.folder)
        self.entries = [entry_make(i, cause=i // 2 if i % 3 == 1 else None) for i in range(SIZE)]

    def write(self, entries=None):
        log_write(self.folder, self.entries if entries is None else entries)

    def found(self, words, result, code=1):
        self.assertEqual(result[0], code, result)
        self.assertIn(words, result[1] + result[2])

    def change(self, path, at, change=1):
        path = os.path.join(self.folder, path)
        with open(path, "r+b") as file:
            file.seek(at)
            byte = file.read(1)[0]
            file.seek(at)
            file.write(bytes([byte ^ change]))

    def test_good_log_passes_at_every_kind_of_size(self):
        for size in (0, 1, 255, 256, 257, 512, SIZE):
            with self.subTest(size=size):
                shutil.rmtree(self.folder)
                os.mkdir(self.folder)
                self.write(self.entries[:size])
                self.found(f"ok: size {size} ", audit(self.folder), 0)

    def test_changed_byte_of_any_resource_is_found(self):
        for path, at, words in (
                ("tile/0/001", 5000, "differs from the entries at hash 156"),
                ("tile/0/002.p/88", 0, "differs from the entries at hash 0"),
                ("tile/1/000.p/2", 63, "differs from the entries at hash 1"),
                ("tile/entries/001", 60, "DIFFERENT"),
                ("checkpoint", 0, "does not verify"),
                ("checkpoint", len(NAME) + 1, "does not verify"),
                ("checkpoint", len(NAME) + 120, "")):
            with self.subTest(path=path, at=at):
                self.write()
                self.change(path, at)
                self.found(words, audit(self.folder))

    def test_entry_swapped_after_signing_changes_the_root(self):
        self.write()
        self.change("tile/entries/000", 2 + 2)  # the kind of entry 0
        code, out, err = audit(self.folder)
        self.assertEqual(code, 1)
        self.assertIn("root of 600 entries is", err)
        self.assertIn("tile/0/000: differs from the entries at hash 0", err)

    def test_missing_tile_is_found(self):
        self.write()
        os.remove(os.path.join(self.folder, "tile/1/000.p/2"))
        self.found("tile/1/000.p/2: missing", audit(self.folder))

    def test_entries_must_be_canonical(self):
        for words, entry in (
                ("shortest form", entry_make(5, body=b"\x81\x00\xcc\x05")),
                ("shortest form", entry_make(5, body=b"\x81\x00\xd9\x01a")),
                ("shortest form", entry_make(5, body=b"\x81\x00\xd0\xff")),
                ("shortest form", entry_make(5, body=b"\xde\x00\x00")),
                ("type cb", entry_make(5, body=b"\x81\x00\xcb" + bytes(8))),
                ("type c3", entry_make(5, body=b"\x81\x00\xc3")),
                ("type c7", entry_make(5, body=b"\x81\x00\xc7\x00\x00")),
                ("ASCII", entry_make(5, body=b"\x81\x00\xa2\xc3\xa9")),
                ("ascending", entry_make(5, body=b"\x82\x01\x01\x00\x01")),
                ("ascending", entry_make(5, body=b"\x82\x01\x01\x01\x01")),
                ("ascending", entry_make(5, body=b"\x81\xa1a\x01")),
                ("too deep", entry_make(5, body=b"\x81\x00" + b"\x91" * 20 + b"\x01")),
                ("longer than", entry_make(5, body=b"\x81\x00\xdd\xff\xff\xff\xff")),
                ("body is not", entry_make(5, body=b"\x90")),
                ("cause", entry_make(5, cause=5)),
                ("backwards", entry_make(5, time_us=1700000000000000)),
                ("behind the entry", entry_make(5) + b"\xc0"),
                ("ends within", entry_make(5)[:-1]),
                ("array of seven", b"\x90"),
                ("array of seven", b"\x96" + entry_make(5)[1:-6] + b"\x80")):
            with self.subTest(words=words, entry=entry.hex()):
                self.write(self.entries[:5] + [entry])
                self.found(words, audit(self.folder))
                self.assertEqual(audit(self.folder, "--raw")[0], 0)

    def test_wrong_key_is_refused(self):
        self.write()
        other = vkey_of(NAME, bytes(32))[0]
        self.found("not signed", audit(self.folder, vkey=other))
        good = vkey_of(NAME, SEED)[0]
        bent = good.replace(good.split("+")[1], "00000000")
        self.assertEqual(audit(self.folder, vkey=bent)[0], 2)
        self.found("w.test has not signed",
                   audit(self.folder, "--witness", vkey_of("w.test", SEED)[0]))

    def test_good_server_passes(self):
        self.write()
        self.found("ok: size 600 ", serve_and_audit(self.folder), 0)
        self.found("ok: size 600 ", serve_and_audit(self.folder, "--token", "t1", token="t1"), 0)

    def test_server_without_the_right_token_is_incomplete(self):
        self.write()
        self.found("INCOMPLETE", serve_and_audit(self.folder, token="t1"), 5)

    def test_open_bundles_are_found_when_a_token_is_given(self):
        self.write()
        self.found("without a token", serve_and_audit(self.folder, "--token", "t1", private=True))
        self.found("Cache-Control", serve_and_audit(self.folder, "--token", "t1"))

    def test_second_spellings_and_headers_are_found(self):
        self.write()
        self.found("tile/00/000: status 200", serve_and_audit(self.folder, lax=True))
        self.found("Content-Type", serve_and_audit(self.folder, header={"Content-Type": "a/b"}))
        self.found("Cache-Control",
                   serve_and_audit(self.folder, header={"Cache-Control": "no-cache"}))
        self.found("Access-Control",
                   serve_and_audit(self.folder, header={"Access-Control-Allow-Origin": "x"}))

    def test_tiles_beyond_the_published_size_are_found(self):
        self.write(self.entries + [entry_make(SIZE)])
        self.write()  # the checkpoint again, and the newer tiles stay
        self.found("beyond the published size", serve_and_audit(self.folder))

    def test_nobody_there_is_incomplete(self):
        self.found("INCOMPLETE", audit("http://127.0.0.1:9/log"), 5)


@unittest.skipUnless(os.path.isfile(VECTORS + "/README.md"), "no vectors")
class VectorsTest(unittest.TestCase):
    def key(self, path):
        with open(os.path.join(VECTORS, path), encoding="utf-8") as file:
            return file.read().strip()

    def at_size(self, log, size):
        """A copy of the log whose checkpoint is an older one."""
        folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, folder)
        copy = os.path.join(folder, "log")
        shutil.copytree(os.path.join(VECTORS, log), copy)
        shutil.copy(os.path.join(copy, f"checkpoint.{size}"), os.path.join(copy, "checkpoint"))
        return copy

    def test_logs_of_others_pass_at_every_size(self):
        for log, vkey, sizes in (("tessera-log", "tessera-log/vkey.txt", range(16)),
                                 ("xmod/log", "xmod/vkey.txt",
                                  (1, 255, 256, 257, 300, 512, 600))):
            for size in sizes:
                with self.subTest(log=log, size=size):
                    code, out, err = audit(self.at_size(log, size), "--raw", vkey=self.key(vkey))
                    self.assertEqual(code, 0, err)
                    self.assertIn(f"ok: size {size} ", out)

    def test_cosignature_of_another_witness_verifies(self):
        copy = self.at_size("xmod/log", 600)
        shutil.copy(VECTORS + "/xmod/cosigned-checkpoint", copy + "/checkpoint")
        code, out, _ = audit(copy, "--raw", "--witness", self.key("xmod/wkey.txt"),
                             vkey=self.key("xmod/vkey.txt"))
        self.assertEqual(code, 0)
        self.assertIn("w.example/1", out)


class SignatureTest(unittest.TestCase):
    def test_ed25519_answers_rfc_8032(self):
        seed = bytes.fromhex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb")
        public, signature = sign(seed, b"\x72")
        self.assertEqual(public.hex(),
                         "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c")
        self.assertEqual(signature.hex(),
                         "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
                         "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00")
        self.assertTrue(audit_log.ed25519_verify(public, b"\x72", signature))
        self.assertFalse(audit_log.ed25519_verify(public, b"\x73", signature))
        high = (int.from_bytes(signature[32:], "little") + audit_log.ORDER).to_bytes(32, "little")
        self.assertFalse(audit_log.ed25519_verify(public, b"\x72", signature[:32] + high))


if __name__ == "__main__":
    outcome = unittest.main(exit=False).result
    if not outcome.wasSuccessful():
        sys.exit(1)
    if outcome.skipped:
        print("skipped: no vectors")
        sys.exit(77)
