\set owner random(1, 8192)
\set port random(1, 4)
BEGIN;
INSERT INTO event (owner, kind, body) VALUES (:owner, 21, decode('00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff', 'hex'));
UPDATE state SET port = :port, version = version + 1 WHERE owner = :owner;
COMMIT;
