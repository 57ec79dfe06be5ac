/* A growing byte buffer with a hard limit. */
#ifndef TN_LEDGER_BASE_BUFFER_H
#define TN_LEDGER_BASE_BUFFER_H

#include "ledger/base/bytes.h"

/* Appends never fail one by one: the first that would pass the limit (or finds no memory) makes the
 * buffer `overflowed`, later ones do nothing, and the owner asks once at the end. */
struct tn_buffer {
    uint8_t *data;
    size_t size;
    size_t capacity;
    size_t limit;
    bool overflowed;
};

/* An empty buffer that will never hold more than `limit` bytes. Cannot fail. */
void tn_buffer_init(struct tn_buffer *buffer, size_t limit);
/* Free the memory; safe on a zeroed struct and twice. */
void tn_buffer_close(struct tn_buffer *buffer);
/* As close, after wiping what it held. */
void tn_buffer_close_secret(struct tn_buffer *buffer);
/* Empty it and keep its memory. */
void tn_buffer_reset(struct tn_buffer *buffer);
/* Forget what was appended behind the first `size` bytes, and that it was too much. */
void tn_buffer_cut(struct tn_buffer *buffer, size_t size);
/* As reset, after wiping what it holds. */
void tn_buffer_reset_secret(struct tn_buffer *buffer);
/* Room for `size` more bytes to be written in place, or NULL when over the limit. The bytes count
 * at once; the address holds until the next append. */
uint8_t *tn_buffer_extend(struct tn_buffer *buffer, size_t size);
void tn_buffer_append(struct tn_buffer *buffer, const void *data, size_t size);
void tn_buffer_append_bytes(struct tn_buffer *buffer, struct tn_bytes bytes);
void tn_buffer_append_string(struct tn_buffer *buffer, const char *text);
void tn_buffer_append_u8(struct tn_buffer *buffer, uint8_t value);
void tn_buffer_append_be16(struct tn_buffer *buffer, uint16_t value);
void tn_buffer_append_be32(struct tn_buffer *buffer, uint32_t value);
void tn_buffer_append_be64(struct tn_buffer *buffer, uint64_t value);
void tn_buffer_append_hex(struct tn_buffer *buffer, const void *data, size_t size);
void tn_buffer_printf(struct tn_buffer *buffer, const char *format, ...) TN_PRINTF(2, 3);
/* TN_OK, or TN_FULL when something did not fit. */
TN_MUST_USE enum tn_status tn_buffer_status(const struct tn_buffer *buffer);
static inline struct tn_bytes tn_buffer_view(const struct tn_buffer *buffer)
{
    return tn_bytes(buffer->data, buffer->size);
}

#endif
