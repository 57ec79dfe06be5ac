/* Signed notes, checkpoints and timed cosignatures (spec/log.md 4, 5; C2SP signed-note,
 * tlog-checkpoint, tlog-cosignature). Pure but for libsodium, whose sodium_init has run. Any
 * thread.
 *
 *     note    = text "\n" sigline+
 *     sigline = "— " name " " base64(keyid[4] || signature) "\n"
 *
 * type 01: signature = Ed25519 over the text
 * type 04: signature = BE64(unix seconds) || Ed25519 over "cosignature/v1\ntime <s>\n" || text */
#ifndef TN_LEDGER_LOG_NOTE_H
#define TN_LEDGER_LOG_NOTE_H

#include "ledger/base/buffer.h"

/* Bounds on notes from outside: above 16 lines and 4 kB a line, because post-quantum signatures are
 * large; small enough that a note is never a burden. */
#define TN_NOTE_BYTES_MAX ((size_t) 1 << 20)
#define TN_NOTE_LINES_MAX 64
#define TN_NOTE_LINE_BYTES_MAX ((size_t) 16 << 10)
#define TN_NAME_BYTES_MAX 255
/* Verifiers given to one call. */
#define TN_VERIFIERS_MAX 64

enum tn_key_type {
    TN_KEY_ED25519 = 1,
    TN_KEY_COSIGNATURE = 4,
};

#define TN_KEY_ID_SIZE 4
#define TN_KEY_SEED_SIZE 32
#define TN_KEY_PUBLIC_SIZE 32
#define TN_SIGNATURE_SIZE 64

/* A public key under its name. */
struct tn_verifier {
    char name[TN_NAME_BYTES_MAX + 1];
    enum tn_key_type type;
    uint8_t id[TN_KEY_ID_SIZE];
    uint8_t public_key[TN_KEY_PUBLIC_SIZE];
};

/* A secret key under its name. The seed stays where its owner keeps it, locked into memory, and
 * outlives the signer: there is no second copy of what could sign another history. */
struct tn_signer {
    struct tn_verifier verifier;
    const uint8_t *seed;
};

/* Key names: 1..255 bytes of UTF-8 without white space, control characters or `+`. */
bool tn_name_valid(struct tn_bytes name);
/* Our own origins, stricter: printable ASCII without space and `+`, no scheme, no slash at either
 * end. */
bool tn_origin_valid(struct tn_bytes origin);

/* `seed` is the Ed25519 seed, borrowed until close. TN_INVALID: not a name, or not a type of the
 * list. */
TN_MUST_USE enum tn_status tn_signer_init(struct tn_signer *signer, struct tn_bytes name,
                                          enum tn_key_type type,
                                          const uint8_t seed[static TN_KEY_SEED_SIZE]);
void tn_signer_close(struct tn_signer *signer);
/* The Ed25519 signature of `message` alone, for other constructions (receipts). */
void tn_signer_sign(const struct tn_signer *signer, struct tn_bytes message,
                    uint8_t signature[static TN_SIGNATURE_SIZE]);
TN_MUST_USE enum tn_status tn_verifier_verify(const struct tn_verifier *verifier,
                                              struct tn_bytes message,
                                              const uint8_t signature[static TN_SIGNATURE_SIZE]);

/* Key id = SHA-256(name || 0A || type || public key)[0:4]; computed here. TN_INVALID as above. */
TN_MUST_USE enum tn_status tn_verifier_init(struct tn_verifier *verifier, struct tn_bytes name,
                                            enum tn_key_type type,
                                            const uint8_t public_key[static TN_KEY_PUBLIC_SIZE]);
/* name "+" hex8(keyid) "+" base64(type || public key), with its final zero. */
#define TN_VKEY_SIZE (TN_NAME_BYTES_MAX + 1 + 8 + 1 + TN_BASE64_SIZE(1 + TN_KEY_PUBLIC_SIZE))
void tn_vkey_format(const struct tn_verifier *verifier, char out[static TN_VKEY_SIZE]);
/* TN_INVALID: malformed, or the id is not the key's. TN_UNSUPPORTED: well formed, another type. */
TN_MUST_USE enum tn_status tn_vkey_parse(struct tn_bytes text, struct tn_verifier *verifier,
                                         struct tn_error *error);

/* ---- writing notes ---- */

/* A note begins with its text (ending in a newline; checked, for it is ours) and the empty line. */
void tn_note_begin(struct tn_buffer *note, struct tn_bytes text);
/* Append one signature line over `text` by a TN_KEY_ED25519 key. */
void tn_note_sign(struct tn_buffer *note, struct tn_bytes text, const struct tn_signer *signer);
/* Append one timed cosignature line over the checkpoint text `text` by a TN_KEY_COSIGNATURE key. */
void tn_note_cosign(struct tn_buffer *note, struct tn_bytes text, const struct tn_signer *signer,
                    uint64_t time_s);

/* The note again with signature lines added, into the reset `out`: a line by a (name, key id) that
 * has signed already takes its place, so a fresh cosignature replaces the old one. The lines are
 * not verified here. TN_INVALID: not a note, or not one any more (form, too many lines). */
TN_MUST_USE enum tn_status tn_note_merge(struct tn_bytes note, struct tn_bytes lines,
                                         struct tn_buffer *out, struct tn_error *error);

/* ---- reading notes ---- */

struct tn_note {
    struct tn_bytes text;       /* with its final newline; a view into the note */
    struct tn_bytes signatures; /* the lines, a view */
    size_t line_count;
    uint64_t verified;                 /* bit i: verifiers[i] signed it */
    uint64_t time_s[TN_VERIFIERS_MAX]; /* of cosignatures, the newest; 0 otherwise */
};

/* Split and check the form alone: TN_INVALID with words when it is not a note within the bounds. */
TN_MUST_USE enum tn_status tn_note_parse(struct tn_bytes bytes, struct tn_note *note,
                                         struct tn_error *error);
/* Parse, and verify every line of a known (name, key id). Lines of unknown keys are ignored.
 * TN_INVALID    not a note
 * TN_MISMATCH   a line of a known key does not verify: the whole note is worthless
 * TN_NOT_FOUND  no line is of a known key (the parsed form is filled) */
TN_MUST_USE enum tn_status tn_note_verify(struct tn_bytes bytes,
                                          const struct tn_verifier *verifiers,
                                          size_t verifier_count, struct tn_note *note,
                                          struct tn_error *error);
/* One signature line with its newline, as a witness answers it, over `text`. On success `*which` is
 * the verifier and `*time_s` the time of a cosignature. Statuses as tn_note_verify. */
TN_MUST_USE enum tn_status tn_note_verify_line(struct tn_bytes text, struct tn_bytes line,
                                               const struct tn_verifier *verifiers,
                                               size_t verifier_count, size_t *which,
                                               uint64_t *time_s, struct tn_error *error);

/* ---- checkpoints ---- */

struct tn_checkpoint {
    struct tn_bytes origin; /* a view into the text */
    uint64_t size;
    uint8_t root[TN_HASH_SIZE];
    struct tn_bytes extensions; /* lines behind the root that others may write; a view */
};

/* origin "\n" size "\n" base64(root) "\n" appended to `text`. */
void tn_checkpoint_format(struct tn_buffer *text, struct tn_bytes origin, uint64_t size,
                          const uint8_t root[static TN_HASH_SIZE]);
/* TN_INVALID: size with a leading zero or not below 2^63, a root that is not 44 characters of
 * strict base64, an empty line, or size 0 with another root than SHA-256(""). */
TN_MUST_USE enum tn_status tn_checkpoint_parse(struct tn_bytes text,
                                               struct tn_checkpoint *checkpoint,
                                               struct tn_error *error);

#endif
