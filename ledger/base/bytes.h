/* Borrowed views of bytes: comparison, hexadecimal and base64. */
#ifndef TN_LEDGER_BASE_BYTES_H
#define TN_LEDGER_BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ledger/base/status.h"

/* A borrowed view; whoever made it says how long it lives. */
struct tn_bytes {
    const uint8_t *data;
    size_t size;
};

#define TN_ID_SIZE 16
#define TN_HASH_SIZE 32

static inline struct tn_bytes tn_bytes(const void *data, size_t size)
{
    return (struct tn_bytes){.data = (const uint8_t *) data, .size = size};
}

/* A view of a zero-terminated string, without its zero. */
struct tn_bytes tn_bytes_from_string(const char *text);

/* memcmp order, a prefix before what it begins. */
int tn_bytes_compare(struct tn_bytes a, struct tn_bytes b);
bool tn_bytes_equal(struct tn_bytes a, struct tn_bytes b);
bool tn_bytes_equal_string(struct tn_bytes a, const char *text);
bool tn_is_zero(const void *data, size_t size);

/* Lower-case hexadecimal: `out` takes 2 * size + 1 characters, the last a zero. */
void tn_hex_encode(char *out, const void *data, size_t size);
/* Exactly `size` bytes from 2 * size hexadecimal digits (either case); TN_INVALID otherwise. */
TN_MUST_USE enum tn_status tn_hex_decode(struct tn_bytes text, uint8_t *out, size_t size);

/* Standard base64 with padding: `out` takes TN_BASE64_SIZE(size) characters with the final zero.
 * Not for secrets: its time tells of what it encodes. */
#define TN_BASE64_SIZE(size) ((((size) + 2) / 3) * 4 + 1)
void tn_base64_encode(char *out, const void *data, size_t size);
/* Strict: padding needed, no spaces, unused bits zero. `*size` is the capacity of `out`, then what
 * was written. TN_INVALID when malformed or larger than the capacity. */
TN_MUST_USE enum tn_status tn_base64_decode(struct tn_bytes text, uint8_t *out, size_t *size);

#endif
