/* Bytes that come from a disk: key records, sealed records, photographs. None may crash, none that
 * we did not make may open. The first byte chooses the format; when its highest bit is set, the
 * rest is sealed first and one of its bits flipped. */
#include <stdlib.h>
#include <string.h>

#include "ledger/base/check.h"
#include "ledger/vault/photo.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint8_t subject[TN_ID_SIZE] = {1};
static const uint8_t key[TN_DEK_SIZE] = {2};
static const struct tn_sealed_name name = {subject, 3, 4};

static void stranger(unsigned format, struct tn_bytes bytes, struct tn_buffer *plain)
{
    uint8_t dek[TN_DEK_SIZE];
    struct tn_key_record record;
    enum tn_status status;

    if (format == 0) {
        status = tn_key_record_open(bytes, key, subject, dek);
        TN_CHECK(status != TN_OK && tn_is_zero(dek, sizeof(dek)));
        if (status == TN_GONE) {
            TN_CHECK(tn_key_record_read(bytes, subject, &record) == TN_OK);
            TN_CHECK(record.state == TN_DEK_ERASED);
        }
    } else if (format == 1) {
        TN_CHECK(tn_sealed_open(key, 5, &name, bytes, plain) != TN_OK && plain->size == 0);
    } else {
        TN_CHECK(tn_photo_open(key, 5, &name, bytes, plain) != TN_OK && plain->size == 0);
    }
}

static void ours_with_one_bit_flipped(unsigned format, struct tn_bytes bytes,
                                      struct tn_buffer *plain)
{
    struct tn_random random;
    struct tn_buffer sealed;
    enum tn_status status;

    tn_random_init_seeded(&random, 1, "sealed_fuzz", 0);
    tn_buffer_init(&sealed, TN_PHOTO_SEALED_MAX);
    if (format == 1) {
        status = tn_sealed_make(key, 5, &name, bytes, &random, &sealed);
    } else {
        status = tn_photo_seal(key, 5, &name, bytes, &random, &sealed);
    }
    if (status == TN_OK) {
        size_t bit = (bytes.size == 0 ? 0 : bytes.data[bytes.size / 2] * 131u) % (8 * sealed.size);
        status = format == 1 ? tn_sealed_open(key, 5, &name, tn_buffer_view(&sealed), plain)
                             : tn_photo_open(key, 5, &name, tn_buffer_view(&sealed), plain);
        TN_CHECK(status == TN_OK && tn_bytes_equal(tn_buffer_view(plain), bytes));
        tn_buffer_reset(plain);
        sealed.data[bit / 8] = (uint8_t) (sealed.data[bit / 8] ^ (1u << bit % 8));
        stranger(format, tn_buffer_view(&sealed), plain);
    }
    tn_buffer_close(&sealed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tn_buffer plain;

    if (size == 0) {
        return 0;
    }
    unsigned format = (data[0] & 0x7fu) % 3;
    struct tn_bytes rest = tn_bytes(data + 1, size - 1);
    tn_buffer_init(&plain, TN_PHOTO_PLAIN_MAX + TN_SEALED_PAD);
    if ((data[0] & 0x80u) != 0 && format != 0) {
        ours_with_one_bit_flipped(format, rest, &plain);
    } else {
        stranger(format, rest, &plain);
    }
    tn_buffer_close_secret(&plain);
    return 0;
}
