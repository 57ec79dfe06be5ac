/* A growing byte buffer with a hard limit. */
#include "ledger/base/buffer.h"

#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/base/check.h"
#include "ledger/base/endian.h"

/* Small enough for the many short ones, large enough that an event seldom grows it. */
#define CAPACITY_FIRST 256

void tn_buffer_init(struct tn_buffer *buffer, size_t limit)
{
    *buffer = (struct tn_buffer){.limit = limit};
}

void tn_buffer_close(struct tn_buffer *buffer)
{
    free(buffer->data);
    *buffer = (struct tn_buffer){.limit = buffer->limit};
}

void tn_buffer_close_secret(struct tn_buffer *buffer)
{
    if (buffer->data != NULL) {
        sodium_memzero(buffer->data, buffer->capacity);
    }
    tn_buffer_close(buffer);
}

void tn_buffer_reset(struct tn_buffer *buffer)
{
    buffer->size = 0;
    buffer->overflowed = false;
}

void tn_buffer_cut(struct tn_buffer *buffer, size_t size)
{
    TN_CHECK(size <= buffer->size);
    buffer->size = size;
    buffer->overflowed = false;
}

void tn_buffer_reset_secret(struct tn_buffer *buffer)
{
    if (buffer->size != 0) {
        sodium_memzero(buffer->data, buffer->size);
    }
    tn_buffer_reset(buffer);
}

/* Make room for `size` more bytes and one spare, which takes the zero of printf. The old block is
 * wiped when it moves, so that no copy of a secret stays behind in freed memory. */
static bool buffer_reserve(struct tn_buffer *buffer, size_t size)
{
    if (buffer->overflowed) {
        return false;
    }
    if (size > buffer->limit - buffer->size) {
        buffer->overflowed = true;
        return false;
    }
    size_t needed = buffer->size + size;
    if (buffer->data != NULL && needed <= buffer->capacity) {
        return true;
    }
    size_t capacity = buffer->capacity == 0 ? CAPACITY_FIRST : buffer->capacity;
    while (capacity < needed) {
        capacity = capacity > SIZE_MAX / 2 ? needed : capacity * 2;
    }
    if (capacity > buffer->limit) {
        capacity = buffer->limit;
    }
    TN_CHECK(capacity >= needed);
    uint8_t *data = capacity < PTRDIFF_MAX ? malloc(capacity + 1) : NULL;
    if (data == NULL) {
        buffer->overflowed = true;
        return false;
    }
    if (buffer->data != NULL) {
        memcpy(data, buffer->data, buffer->size);
        sodium_memzero(buffer->data, buffer->size);
        free(buffer->data);
    }
    buffer->data = data;
    buffer->capacity = capacity;
    return true;
}

uint8_t *tn_buffer_extend(struct tn_buffer *buffer, size_t size)
{
    if (!buffer_reserve(buffer, size)) {
        return NULL;
    }
    uint8_t *room = buffer->data + buffer->size;
    buffer->size += size;
    return room;
}

void tn_buffer_append(struct tn_buffer *buffer, const void *data, size_t size)
{
    if (size == 0) {
        return;
    }
    uint8_t *room = tn_buffer_extend(buffer, size);
    if (room != NULL) {
        memcpy(room, data, size);
    }
}

void tn_buffer_append_bytes(struct tn_buffer *buffer, struct tn_bytes bytes)
{
    tn_buffer_append(buffer, bytes.data, bytes.size);
}

void tn_buffer_append_string(struct tn_buffer *buffer, const char *text)
{
    tn_buffer_append(buffer, text, strlen(text));
}

void tn_buffer_append_u8(struct tn_buffer *buffer, uint8_t value)
{
    tn_buffer_append(buffer, &value, sizeof(value));
}

void tn_buffer_append_be16(struct tn_buffer *buffer, uint16_t value)
{
    uint8_t bytes[2];
    tn_put_be16(bytes, value);
    tn_buffer_append(buffer, bytes, sizeof(bytes));
}

void tn_buffer_append_be32(struct tn_buffer *buffer, uint32_t value)
{
    uint8_t bytes[4];
    tn_put_be32(bytes, value);
    tn_buffer_append(buffer, bytes, sizeof(bytes));
}

void tn_buffer_append_be64(struct tn_buffer *buffer, uint64_t value)
{
    uint8_t bytes[8];
    tn_put_be64(bytes, value);
    tn_buffer_append(buffer, bytes, sizeof(bytes));
}

void tn_buffer_append_hex(struct tn_buffer *buffer, const void *data, size_t size)
{
    if (size > SIZE_MAX / 2) {
        buffer->overflowed = true;
        return;
    }
    if (buffer_reserve(buffer, 2 * size)) {
        tn_hex_encode((char *) buffer->data + buffer->size, data, size);
        buffer->size += 2 * size;
    }
}

void tn_buffer_printf(struct tn_buffer *buffer, const char *format, ...)
{
    if (buffer->overflowed) {
        return;
    }
    va_list arguments;
    va_start(arguments, format);
    va_list again;
    va_copy(again, arguments);
    int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    if (length < 0) {
        buffer->overflowed = true;
    } else if (buffer_reserve(buffer, (size_t) length)) {
        (void) vsnprintf((char *) buffer->data + buffer->size, (size_t) length + 1, format, again);
        buffer->size += (size_t) length;
    }
    va_end(again);
}

enum tn_status tn_buffer_status(const struct tn_buffer *buffer)
{
    return buffer->overflowed ? TN_FULL : TN_OK;
}
