/* Photographs sealed in pieces. */
#include "ledger/vault/photo.h"

#include <sodium.h>
#include <string.h>

#include "ledger/base/endian.h"
#include "ledger/base/hash.h"

/*   offset  size
 *        0     1  version, 1
 *        1     1  algorithm, 2: crypto_secretstream_xchacha20poly1305
 *        2     4  LE32 dek_version
 *        6    24  header of the stream
 *       30     n  pieces of 65,536 bytes (the last one shorter, and marked final), each 17 longer
 *
 * Key of the stream: H("turno1.photo", DEK, subject16 || LE16 record || LE32 version, 32), so that
 * no nonce is ever shared with sealed records and a photograph opens under its own name only. */
#define PHOTO_VERSION 1
#define PHOTO_ALGORITHM 2
#define HEADER_AT 6
#define PIECES_AT 30
#define PIECE_OVERHEAD crypto_secretstream_xchacha20poly1305_ABYTES
#define TAG_FINAL crypto_secretstream_xchacha20poly1305_TAG_FINAL
_Static_assert(HEADER_AT + crypto_secretstream_xchacha20poly1305_HEADERBYTES == PIECES_AT,
               "photograph layout");
_Static_assert(PIECE_OVERHEAD == 17, "TN_PHOTO_OVERHEAD_MAX");
_Static_assert(crypto_secretstream_xchacha20poly1305_KEYBYTES == 32, "the derived key");

static void stream_init(crypto_secretstream_xchacha20poly1305_state *stream,
                        const uint8_t dek[static TN_DEK_SIZE], const struct tn_sealed_name *name,
                        const uint8_t *header);

bool tn_photo_is_image(struct tn_bytes bytes)
{
    static const uint8_t jpeg[] = {0xff, 0xd8, 0xff};
    static const uint8_t png[] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
    return (bytes.size > sizeof(jpeg) && memcmp(bytes.data, jpeg, sizeof(jpeg)) == 0) ||
           (bytes.size > sizeof(png) && memcmp(bytes.data, png, sizeof(png)) == 0);
}

enum tn_status tn_photo_seal(const uint8_t dek[static TN_DEK_SIZE], uint32_t dek_version,
                             const struct tn_sealed_name *name, struct tn_bytes plaintext,
                             struct tn_random *random, struct tn_buffer *out)
{
    crypto_secretstream_xchacha20poly1305_state stream;

    if (plaintext.size > TN_PHOTO_PLAIN_MAX || !tn_photo_is_image(plaintext)) {
        return TN_INVALID;
    }
    size_t pieces = (plaintext.size + TN_PHOTO_PIECE - 1) / TN_PHOTO_PIECE;
    uint8_t *at = tn_buffer_extend(out, PIECES_AT + plaintext.size + PIECE_OVERHEAD * pieces);
    if (at == NULL) {
        return TN_FULL;
    }
    at[0] = PHOTO_VERSION;
    at[1] = PHOTO_ALGORITHM;
    tn_put_le32(at + 2, dek_version);
    tn_random_fill(random, at + HEADER_AT, PIECES_AT - HEADER_AT);
    stream_init(&stream, dek, name, at + HEADER_AT);
    at += PIECES_AT;
    for (size_t done = 0; done < plaintext.size;) {
        size_t left = plaintext.size - done;
        size_t size = left < TN_PHOTO_PIECE ? left : TN_PHOTO_PIECE;
        (void) crypto_secretstream_xchacha20poly1305_push(
            &stream, at, NULL, plaintext.data + done, size, NULL, 0, size == left ? TAG_FINAL : 0);
        done += size;
        at += size + PIECE_OVERHEAD;
    }
    sodium_memzero(&stream, sizeof(stream));
    return TN_OK;
}

enum tn_status tn_photo_open(const uint8_t dek[static TN_DEK_SIZE], uint32_t dek_version,
                             const struct tn_sealed_name *name, struct tn_bytes sealed,
                             struct tn_buffer *out)
{
    crypto_secretstream_xchacha20poly1305_state stream;
    enum tn_status status = TN_OK;
    size_t before = out->size;
    unsigned char tag = 0;

    if (sealed.size <= PIECES_AT + PIECE_OVERHEAD || sealed.size > TN_PHOTO_SEALED_MAX) {
        return TN_CORRUPT;
    }
    if (sealed.data[0] != PHOTO_VERSION || sealed.data[1] != PHOTO_ALGORITHM) {
        return sealed.data[0] == 0 || sealed.data[1] == 0 ? TN_CORRUPT : TN_UNSUPPORTED;
    }
    if (tn_get_le32(sealed.data + 2) != dek_version) {
        return TN_CORRUPT;
    }
    stream_init(&stream, dek, name, sealed.data + HEADER_AT);
    size_t left = sealed.size - PIECES_AT;
    for (const uint8_t *at = sealed.data + PIECES_AT; left > 0 && status == TN_OK;) {
        size_t size = left < TN_PHOTO_PIECE + PIECE_OVERHEAD ? left
                                                             : TN_PHOTO_PIECE + PIECE_OVERHEAD;
        if (size <= PIECE_OVERHEAD) {
            status = TN_CORRUPT;
            break;
        }
        uint8_t *plain = tn_buffer_extend(out, size - PIECE_OVERHEAD);
        if (plain == NULL) {
            status = TN_FULL;
        } else if (crypto_secretstream_xchacha20poly1305_pull(&stream, plain, NULL, &tag, at, size,
                                                              NULL, 0) != 0) {
            status = TN_CORRUPT;
        }
        at += size;
        left -= size;
    }
    if (status == TN_OK && tag != TAG_FINAL) {
        status = TN_CORRUPT;
    }
    if (status != TN_OK && out->data != NULL) {
        sodium_memzero(out->data + before, out->size - before);
        out->size = before;
    }
    sodium_memzero(&stream, sizeof(stream));
    return status;
}

/* Both directions begin alike: init_push would draw the header from the system, and a simulation
 * draws everything from its seed. */
static void stream_init(crypto_secretstream_xchacha20poly1305_state *stream,
                        const uint8_t dek[static TN_DEK_SIZE], const struct tn_sealed_name *name,
                        const uint8_t *header)
{
    uint8_t message[TN_ID_SIZE + 6];
    uint8_t key[32];

    memcpy(message, name->subject, TN_ID_SIZE);
    tn_put_le16(message + TN_ID_SIZE, name->record);
    tn_put_le32(message + TN_ID_SIZE + 2, name->version);
    tn_hash_one(key, sizeof(key), "turno1.photo", tn_bytes(dek, TN_DEK_SIZE),
                tn_bytes(message, sizeof(message)));
    (void) crypto_secretstream_xchacha20poly1305_init_pull(stream, header, key);
    sodium_memzero(key, sizeof(key));
}
