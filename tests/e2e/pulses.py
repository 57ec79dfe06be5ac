"""Pulses in the format of the NIST beacon, version 2.0, signed with a key and a certificate of the test's
own by openssl; the message that the signature covers is put together here, apart from the program's."""

import hashlib
import json
import os
import struct
import subprocess

PERIOD_MS = 60000


def hash_of(word):
    return hashlib.sha512(word.encode()).digest()


def number(value):
    return struct.pack(">I", value)


def text(value):
    return number(len(value)) + (value if isinstance(value, bytes) else value.encode())


class Beacon:
    """Somebody who signs pulses."""

    def __init__(self, base, name):
        self.key = os.path.join(base, name + ".key")
        self.certificate = os.path.join(base, name + ".pem")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30",
                        "-subj", f"/CN={name}", "-keyout", self.key, "-out", self.certificate],
                       check=True, stderr=subprocess.DEVNULL)
        der = subprocess.run(["openssl", "x509", "-in", self.certificate, "-outform", "DER"],
                             check=True, stdout=subprocess.PIPE).stdout
        self.pin = hashlib.sha256(der).hexdigest()

    def sign(self, message):
        return subprocess.run(["openssl", "dgst", "-sha512", "-sign", self.key], input=message,
                              check=True, stdout=subprocess.PIPE).stdout

    def pulse(self, index, stamp, spoil=None):
        """The record of pulse `index` at `stamp` (2024-03-02T16:15:00.000Z), and its outputValue.
        `spoil`: what is changed when all is signed."""
        uri = f"https://beacon.test/chain/2/pulse/{index}"
        names = ("previous", "hour", "day", "month", "year")
        values = {name: hash_of(f"{name} {index}") for name in names}
        fixed = {name: hash_of(f"{name} {index}") for name in ("local", "source", "external", "next")}
        identity = hash_of("certificate")
        message = (text(uri) + text("2.0") + number(0) + number(PERIOD_MS) + text(identity)
                   + struct.pack(">QQ", 2, index) + text(stamp) + text(fixed["local"])
                   + text(fixed["source"]) + number(0) + text(fixed["external"])
                   + b"".join(text(values[name]) for name in names) + text(fixed["next"]) + number(0))
        signature = self.sign(message)
        output = hashlib.sha512(message + signature).digest()
        pulse = {
            "uri": uri, "version": "2.0", "cipherSuite": 0, "period": PERIOD_MS,
            "certificateId": identity.hex(), "chainIndex": 2, "pulseIndex": index,
            "timeStamp": stamp, "localRandomValue": fixed["local"].hex(),
            "external": {"sourceId": fixed["source"].hex(), "statusCode": 0,
                         "value": fixed["external"].hex()},
            "listValues": [{"uri": uri, "type": name, "value": values[name].hex()}
                           for name in names],
            "precommitmentValue": fixed["next"].hex(), "statusCode": 0,
            "signatureValue": signature.hex(), "outputValue": output.hex()}
        if spoil:
            spoil(pulse)
        with open(self.certificate, encoding="ascii") as file:
            return json.dumps({"pulse": pulse}) + "\n" + file.read(), output.hex()
