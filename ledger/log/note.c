/* Signed notes: keys, writing, reading. Form and signed bytes are drawn in note.h. */
#include "ledger/log/note.h"

#include <inttypes.h>
#include <sodium.h>
#include <string.h>
#include <utf8proc.h>

#include "ledger/base/check.h"
#include "ledger/base/endian.h"
#include "ledger/base/hash.h"
#include "ledger/log/lines.h"

/* U+2014 and a space begin a signature line. */
#define LINE_PREFIX "\xe2\x80\x94 "
#define TIME_SIZE 8
#define COSIGNED_TEXT_MAX (TN_NOTE_BYTES_MAX + 64)

_Static_assert(TN_VERIFIERS_MAX <= 64, "tn_note.verified has a bit for each");
_Static_assert(TN_KEY_PUBLIC_SIZE == crypto_sign_PUBLICKEYBYTES, "Ed25519");
_Static_assert(TN_SIGNATURE_SIZE == crypto_sign_BYTES, "Ed25519");
_Static_assert(TN_KEY_SEED_SIZE + TN_KEY_PUBLIC_SIZE == crypto_sign_SECRETKEYBYTES, "Ed25519");

/* One signature line taken apart. */
struct line {
    struct tn_bytes name;
    size_t size;                             /* of payload */
    uint8_t payload[TN_NOTE_LINE_BYTES_MAX]; /* key id and signature */
};

static bool name_characters_valid(struct tn_bytes name);
static bool type_known(unsigned type);
static void key_id(struct tn_bytes name, unsigned type, struct tn_bytes key, uint8_t *id);
static enum tn_status cosigned_message(struct tn_buffer *message, struct tn_bytes text,
                                       uint64_t time_s);
static void line_append(struct tn_buffer *note, const struct tn_signer *signer,
                        const uint8_t *payload, size_t size);
static bool text_valid(struct tn_bytes text);
static enum tn_status line_parse(struct tn_bytes text, struct line *line, struct tn_error *error);
static enum tn_status line_verify(struct tn_bytes text, const struct line *line,
                                  const struct tn_verifier *verifiers, size_t verifier_count,
                                  size_t *which, uint64_t *time_s, struct tn_error *error);

/* ---- names and keys ---- */

bool tn_name_valid(struct tn_bytes name)
{
    return name.size <= TN_NAME_BYTES_MAX && name_characters_valid(name);
}

bool tn_origin_valid(struct tn_bytes origin)
{
    if (!tn_name_valid(origin) || origin.data[0] == '/' || origin.data[origin.size - 1] == '/') {
        return false;
    }
    for (size_t i = 0; i < origin.size; i++) {
        if (origin.data[i] > 0x7e) {
            return false;
        }
    }
    return memmem(origin.data, origin.size, "://", 3) == NULL;
}

/* Unicode's White_Space, as the verifiers of others refuse it in names. */
static bool is_space(int32_t code)
{
    return code == ' ' || (code >= 0x09 && code <= 0x0d) || code == 0x85 || code == 0xa0 ||
           code == 0x1680 || (code >= 0x2000 && code <= 0x200a) || code == 0x2028 ||
           code == 0x2029 || code == 0x202f || code == 0x205f || code == 0x3000;
}

/* The next code point of UTF-8, or -1. */
static int32_t code_take(struct tn_bytes *rest)
{
    utf8proc_int32_t code = -1;
    size_t room = rest->size < 4 ? rest->size : 4;
    utf8proc_ssize_t size = utf8proc_iterate(rest->data, (utf8proc_ssize_t) room, &code);

    if (size <= 0) {
        return -1;
    }
    *rest = tn_bytes(rest->data + size, rest->size - (size_t) size);
    return code;
}

static bool name_characters_valid(struct tn_bytes name)
{
    if (name.size == 0) {
        return false;
    }
    while (name.size > 0) {
        int32_t code = code_take(&name);

        if (code < 0x20 || code == 0x7f || code == '+' || is_space(code)) {
            return false;
        }
    }
    return true;
}

static bool type_known(unsigned type)
{
    return type == TN_KEY_ED25519 || type == TN_KEY_COSIGNATURE;
}

enum tn_status tn_signer_init(struct tn_signer *signer, struct tn_bytes name, enum tn_key_type type,
                              const uint8_t seed[static TN_KEY_SEED_SIZE])
{
    uint8_t public_key[TN_KEY_PUBLIC_SIZE];
    uint8_t secret_key[crypto_sign_SECRETKEYBYTES];
    enum tn_status status;

    memset(signer, 0, sizeof(*signer));
    crypto_sign_seed_keypair(public_key, secret_key, seed);
    sodium_memzero(secret_key, sizeof(secret_key));
    status = tn_verifier_init(&signer->verifier, name, type, public_key);
    if (status == TN_OK) {
        signer->seed = seed;
    }
    return status;
}

void tn_signer_close(struct tn_signer *signer)
{
    memset(signer, 0, sizeof(*signer));
}

void tn_signer_sign(const struct tn_signer *signer, struct tn_bytes message,
                    uint8_t signature[static TN_SIGNATURE_SIZE])
{
    uint8_t secret_key[crypto_sign_SECRETKEYBYTES];

    /* libsodium's form of it: seed, public key. On the stack for as long as it takes. */
    memcpy(secret_key, signer->seed, TN_KEY_SEED_SIZE);
    memcpy(secret_key + TN_KEY_SEED_SIZE, signer->verifier.public_key, TN_KEY_PUBLIC_SIZE);
    crypto_sign_detached(signature, NULL, message.data, message.size, secret_key);
    sodium_memzero(secret_key, sizeof(secret_key));
}

enum tn_status tn_verifier_verify(const struct tn_verifier *verifier, struct tn_bytes message,
                                  const uint8_t signature[static TN_SIGNATURE_SIZE])
{
    return crypto_sign_verify_detached(signature, message.data, message.size,
                                       verifier->public_key) == 0
               ? TN_OK
               : TN_MISMATCH;
}

enum tn_status tn_verifier_init(struct tn_verifier *verifier, struct tn_bytes name,
                                enum tn_key_type type,
                                const uint8_t public_key[static TN_KEY_PUBLIC_SIZE])
{
    memset(verifier, 0, sizeof(*verifier));
    if (!tn_name_valid(name) || !type_known((unsigned) type)) {
        return TN_INVALID;
    }
    memcpy(verifier->name, name.data, name.size);
    verifier->type = type;
    memcpy(verifier->public_key, public_key, TN_KEY_PUBLIC_SIZE);
    key_id(name, (unsigned) type, tn_bytes(public_key, TN_KEY_PUBLIC_SIZE), verifier->id);
    return TN_OK;
}

static void key_id(struct tn_bytes name, unsigned type, struct tn_bytes key, uint8_t *id)
{
    const uint8_t between[2] = {'\n', (uint8_t) type};
    const struct tn_bytes parts[] = {name, tn_bytes(between, sizeof(between)), key};
    uint8_t hash[TN_HASH_SIZE];

    tn_sha256_parts(hash, parts, TN_ARRAY_SIZE(parts));
    memcpy(id, hash, TN_KEY_ID_SIZE);
}

void tn_vkey_format(const struct tn_verifier *verifier, char out[static TN_VKEY_SIZE])
{
    uint8_t key[1 + TN_KEY_PUBLIC_SIZE];
    size_t at = strlen(verifier->name);

    memcpy(out, verifier->name, at);
    out[at++] = '+';
    tn_hex_encode(out + at, verifier->id, TN_KEY_ID_SIZE);
    at += 2 * TN_KEY_ID_SIZE;
    out[at++] = '+';
    key[0] = (uint8_t) verifier->type;
    memcpy(key + 1, verifier->public_key, TN_KEY_PUBLIC_SIZE);
    tn_base64_encode(out + at, key, sizeof(key));
}

/* The part before the next `+`, which is taken too. */
static bool plus_take(struct tn_bytes *rest, struct tn_bytes *part)
{
    const uint8_t *plus = rest->size > 0 ? memchr(rest->data, '+', rest->size) : NULL;

    if (plus == NULL) {
        return false;
    }
    *part = tn_bytes(rest->data, (size_t) (plus - rest->data));
    *rest = tn_bytes(plus + 1, rest->size - part->size - 1);
    return true;
}

/* C2SP tlog-cosignature; to say what it is, for it is not verified here. */
#define TYPE_ML_DSA_44 6

enum tn_status tn_vkey_parse(struct tn_bytes text, struct tn_verifier *verifier,
                             struct tn_error *error)
{
    struct tn_bytes name;
    struct tn_bytes id_hex;
    uint8_t id[TN_KEY_ID_SIZE];
    uint8_t id_computed[TN_KEY_ID_SIZE];
    uint8_t key[TN_NOTE_LINE_BYTES_MAX];
    size_t key_size = sizeof(key);

    memset(verifier, 0, sizeof(*verifier));
    if (!plus_take(&text, &name) || !plus_take(&text, &id_hex) || !tn_name_valid(name) ||
        tn_hex_decode(id_hex, id, sizeof(id)) != TN_OK ||
        tn_base64_decode(text, key, &key_size) != TN_OK || key_size < 2) {
        return tn_fail(error, TN_INVALID, "verifier key is not name+id+key");
    }
    key_id(name, key[0], tn_bytes(key + 1, key_size - 1), id_computed);
    if (memcmp(id, id_computed, sizeof(id)) != 0) {
        return tn_fail(error, TN_INVALID,
                       "verifier key: the id is not that of the key; a character was changed");
    }
    if (!type_known(key[0])) {
        return tn_fail(error, TN_UNSUPPORTED,
                       "verifier key of type %02x%s: only 01 (Ed25519) and 04 (its timed "
                       "cosignature) are known here",
                       (unsigned) key[0], key[0] == TYPE_ML_DSA_44 ? " (ML-DSA-44)" : "");
    }
    if (key_size != 1 + TN_KEY_PUBLIC_SIZE) {
        return tn_fail(error, TN_INVALID, "verifier key: %zu bytes of key, not %d", key_size - 1,
                       TN_KEY_PUBLIC_SIZE);
    }
    return tn_verifier_init(verifier, name, (enum tn_key_type) key[0], key + 1);
}

/* ---- writing ---- */

void tn_note_begin(struct tn_buffer *note, struct tn_bytes text)
{
    TN_CHECK(text_valid(text));
    tn_buffer_append_bytes(note, text);
    tn_buffer_append_u8(note, '\n');
}

void tn_note_sign(struct tn_buffer *note, struct tn_bytes text, const struct tn_signer *signer)
{
    uint8_t payload[TN_KEY_ID_SIZE + TN_SIGNATURE_SIZE];

    TN_CHECK(signer->verifier.type == TN_KEY_ED25519);
    memcpy(payload, signer->verifier.id, TN_KEY_ID_SIZE);
    tn_signer_sign(signer, text, payload + TN_KEY_ID_SIZE);
    line_append(note, signer, payload, sizeof(payload));
}

void tn_note_cosign(struct tn_buffer *note, struct tn_bytes text, const struct tn_signer *signer,
                    uint64_t time_s)
{
    uint8_t payload[TN_KEY_ID_SIZE + TIME_SIZE + TN_SIGNATURE_SIZE];
    struct tn_buffer message;

    TN_CHECK(signer->verifier.type == TN_KEY_COSIGNATURE);
    tn_buffer_init(&message, COSIGNED_TEXT_MAX);
    if (cosigned_message(&message, text, time_s) == TN_OK) {
        memcpy(payload, signer->verifier.id, TN_KEY_ID_SIZE);
        tn_put_be64(payload + TN_KEY_ID_SIZE, time_s);
        tn_signer_sign(signer, tn_buffer_view(&message), payload + TN_KEY_ID_SIZE + TIME_SIZE);
        line_append(note, signer, payload, sizeof(payload));
    } else {
        /* Out of memory: the note must not look whole. */
        note->overflowed = true;
    }
    tn_buffer_close(&message);
}

static enum tn_status cosigned_message(struct tn_buffer *message, struct tn_bytes text,
                                       uint64_t time_s)
{
    tn_buffer_printf(message, "cosignature/v1\ntime %" PRIu64 "\n", time_s);
    tn_buffer_append_bytes(message, text);
    return tn_buffer_status(message);
}

static void line_append(struct tn_buffer *note, const struct tn_signer *signer,
                        const uint8_t *payload, size_t size)
{
    char base64[TN_BASE64_SIZE(TN_KEY_ID_SIZE + TIME_SIZE + TN_SIGNATURE_SIZE)];

    TN_CHECK(TN_BASE64_SIZE(size) <= sizeof(base64));
    tn_base64_encode(base64, payload, size);
    tn_buffer_append_string(note, LINE_PREFIX);
    tn_buffer_append_string(note, signer->verifier.name);
    tn_buffer_append_u8(note, ' ');
    tn_buffer_append_string(note, base64);
    tn_buffer_append_u8(note, '\n');
}

/* ---- reading ---- */

enum tn_status tn_note_parse(struct tn_bytes bytes, struct tn_note *note, struct tn_error *error)
{
    struct line line;
    struct tn_bytes rest;
    struct tn_bytes one;
    const uint8_t *empty;
    enum tn_status status = TN_OK;
    size_t lines = 0;

    memset(note, 0, sizeof(*note));
    if (bytes.size > TN_NOTE_BYTES_MAX) {
        return tn_fail(error, TN_INVALID, "note of %zu bytes is too long", bytes.size);
    }
    if (!text_valid(bytes)) {
        return tn_fail(error, TN_INVALID,
                       "note is not UTF-8 without control characters, ending in a newline");
    }
    /* The last empty line: a text may hold empty lines, signature lines may not. */
    empty = bytes.data + bytes.size - 1;
    while (empty > bytes.data && !(empty[-1] == '\n' && empty[0] == '\n')) {
        empty--;
    }
    if (empty == bytes.data) {
        return tn_fail(error, TN_INVALID, "note has no empty line before its signatures");
    }
    note->text = tn_bytes(bytes.data, (size_t) (empty - bytes.data));
    note->signatures = tn_bytes(empty + 1, bytes.size - note->text.size - 1);
    rest = note->signatures;
    for (; status == TN_OK && tn_line_take(&rest, &one); lines++) {
        status =
            lines < TN_NOTE_LINES_MAX
                ? line_parse(one, &line, error)
                : tn_fail(error, TN_INVALID, "note has more than %d signatures", TN_NOTE_LINES_MAX);
    }
    if (status == TN_OK && lines == 0) {
        status = tn_fail(error, TN_INVALID, "note has no signature");
    }
    if (status != TN_OK) {
        memset(note, 0, sizeof(*note));
    }
    note->line_count = status == TN_OK ? lines : 0;
    return status;
}

/* Not empty, UTF-8, no byte below 20 but 0A, and a newline at the end. */
static bool text_valid(struct tn_bytes text)
{
    if (text.size == 0 || text.data[text.size - 1] != '\n') {
        return false;
    }
    while (text.size > 0) {
        int32_t code = code_take(&text);

        if (code < 0x20 && code != '\n') {
            return false;
        }
    }
    return true;
}

static enum tn_status line_parse(struct tn_bytes text, struct line *line, struct tn_error *error)
{
    struct tn_bytes rest;
    const uint8_t *space;

    line->size = sizeof(line->payload);
    if (text.size > TN_NOTE_LINE_BYTES_MAX) {
        return tn_fail(error, TN_INVALID, "signature line of %zu bytes is too long", text.size);
    }
    rest = text;
    if (!tn_prefix_take(&rest, LINE_PREFIX)) {
        return tn_fail(error, TN_INVALID, "signature line does not begin with a dash and a space");
    }
    space = rest.size > 0 ? memchr(rest.data, ' ', rest.size) : NULL;
    if (space == NULL) {
        return tn_fail(error, TN_INVALID, "signature line without a signature");
    }
    line->name = tn_bytes(rest.data, (size_t) (space - rest.data));
    rest = tn_bytes(space + 1, rest.size - line->name.size - 1);
    if (!name_characters_valid(line->name) ||
        tn_base64_decode(rest, line->payload, &line->size) != TN_OK ||
        line->size <= TN_KEY_ID_SIZE) {
        return tn_fail(error, TN_INVALID, "signature line is not a name and strict base64");
    }
    return TN_OK;
}

enum tn_status tn_note_verify(struct tn_bytes bytes, const struct tn_verifier *verifiers,
                              size_t verifier_count, struct tn_note *note, struct tn_error *error)
{
    struct tn_bytes rest;
    struct tn_bytes one;
    enum tn_status status = tn_note_parse(bytes, note, error);

    rest = note->signatures;
    while (status == TN_OK && tn_line_take(&rest, &one)) {
        size_t which;
        uint64_t time_s;

        status = tn_note_verify_line(note->text, tn_bytes(one.data, one.size + 1), verifiers,
                                     verifier_count, &which, &time_s, NULL);
        if (status == TN_OK) {
            note->verified |= UINT64_C(1) << which;
            note->time_s[which] = time_s > note->time_s[which] ? time_s : note->time_s[which];
        } else if (status == TN_NOT_FOUND) {
            status = TN_OK;
        } else {
            tn_fail(error, status, "a signature of a known key does not verify: note refused");
            memset(note, 0, sizeof(*note));
        }
    }
    if (status == TN_OK && note->verified == 0) {
        status = tn_fail(error, TN_NOT_FOUND, "note has no signature of a known key");
    }
    return status;
}

enum tn_status tn_note_verify_line(struct tn_bytes text, struct tn_bytes line,
                                   const struct tn_verifier *verifiers, size_t verifier_count,
                                   size_t *which, uint64_t *time_s, struct tn_error *error)
{
    struct line parsed;
    enum tn_status status;

    TN_CHECK(verifier_count <= TN_VERIFIERS_MAX);
    *which = 0;
    *time_s = 0;
    if (line.size == 0 || line.data[line.size - 1] != '\n') {
        return tn_fail(error, TN_INVALID, "signature line does not end in a newline");
    }
    status = line_parse(tn_bytes(line.data, line.size - 1), &parsed, error);
    if (status == TN_OK) {
        status = line_verify(text, &parsed, verifiers, verifier_count, which, time_s, error);
    }
    return status;
}

/* TN_OK when the line is a good signature by `verifier`. */
static enum tn_status signature_verify(struct tn_bytes text, const struct line *line,
                                       const struct tn_verifier *verifier, uint64_t *time_s)
{
    const uint8_t *signature = line->payload + TN_KEY_ID_SIZE;
    size_t size = line->size - TN_KEY_ID_SIZE;
    struct tn_buffer message;
    enum tn_status status;

    if (verifier->type == TN_KEY_ED25519) {
        return size == TN_SIGNATURE_SIZE ? tn_verifier_verify(verifier, text, signature)
                                         : TN_MISMATCH;
    }
    if (size != TIME_SIZE + TN_SIGNATURE_SIZE || tn_get_be64(signature) > INT64_MAX) {
        return TN_MISMATCH;
    }
    tn_buffer_init(&message, COSIGNED_TEXT_MAX);
    status = cosigned_message(&message, text, tn_get_be64(signature));
    if (status == TN_OK) {
        status = tn_verifier_verify(verifier, tn_buffer_view(&message), signature + TIME_SIZE);
    }
    tn_buffer_close(&message);
    if (status == TN_OK) {
        *time_s = tn_get_be64(signature);
    }
    return status;
}

/* Two known keys may share name and id by accident of 32 bits: then one of them must have signed.
 * */
static enum tn_status line_verify(struct tn_bytes text, const struct line *line,
                                  const struct tn_verifier *verifiers, size_t verifier_count,
                                  size_t *which, uint64_t *time_s, struct tn_error *error)
{
    enum tn_status status = TN_NOT_FOUND;

    for (size_t i = 0; status != TN_OK && i < verifier_count; i++) {
        if (tn_bytes_equal_string(line->name, verifiers[i].name) &&
            memcmp(line->payload, verifiers[i].id, TN_KEY_ID_SIZE) == 0) {
            status = signature_verify(text, line, &verifiers[i], time_s);
            *which = i;
        }
    }
    if (status == TN_NOT_FOUND) {
        return tn_fail(error, status, "signature line of an unknown key");
    }
    return status == TN_OK ? TN_OK : tn_fail(error, status, "signature does not verify");
}

/* ---- checkpoints ---- */

void tn_checkpoint_format(struct tn_buffer *text, struct tn_bytes origin, uint64_t size,
                          const uint8_t root[static TN_HASH_SIZE])
{
    char base64[TN_BASE64_SIZE(TN_HASH_SIZE)];

    TN_CHECK(tn_origin_valid(origin));
    tn_base64_encode(base64, root, TN_HASH_SIZE);
    tn_buffer_append_bytes(text, origin);
    tn_buffer_printf(text, "\n%" PRIu64 "\n%s\n", size, base64);
}

enum tn_status tn_checkpoint_parse(struct tn_bytes text, struct tn_checkpoint *checkpoint,
                                   struct tn_error *error)
{
    struct tn_checkpoint read = {.size = 0};
    struct tn_bytes size;
    struct tn_bytes root;
    struct tn_bytes line;
    uint8_t empty[TN_HASH_SIZE];

    memset(checkpoint, 0, sizeof(*checkpoint));
    if (!text_valid(text) || !tn_line_take(&text, &read.origin) || read.origin.size == 0 ||
        !tn_line_take(&text, &size) || !tn_line_take(&text, &root)) {
        return tn_fail(error, TN_INVALID, "checkpoint is not origin, size and root");
    }
    if (!tn_decimal_parse(size, &read.size)) {
        return tn_fail(error, TN_INVALID, "checkpoint's size is not a decimal below 2^63");
    }
    if (!tn_hash_parse(root, read.root)) {
        return tn_fail(error, TN_INVALID, "checkpoint's root is not 32 bytes of strict base64");
    }
    tn_sha256(empty, tn_bytes(NULL, 0));
    if (read.size == 0 && memcmp(read.root, empty, sizeof(empty)) != 0) {
        return tn_fail(error, TN_INVALID, "checkpoint of nothing with a root of something");
    }
    read.extensions = text;
    while (tn_line_take(&text, &line)) {
        if (line.size == 0) {
            return tn_fail(error, TN_INVALID, "checkpoint has an empty line");
        }
    }
    *checkpoint = read;
    return TN_OK;
}
