/* JSON as output: a small writer on a buffer. What it wrote is valid JSON, or the buffer says that
 * it overflowed. */
#ifndef TN_API_HTTP_JSON_WRITER_H
#define TN_API_HTTP_JSON_WRITER_H

#include "ledger/base/buffer.h"

#define TN_JSON_WRITER_DEPTH_MAX 32

/* The order of calls is checked with TN_CHECK: a name before each value in an object, none in an
 * array, one value at the root. Borrowed memory; nothing to close. */
struct tn_json_writer {
    struct tn_buffer *out;
    unsigned depth;
    uint32_t objects; /* bit d: the container at depth d is an object */
    uint32_t filled;  /* bit d: it holds something already */
    bool named;       /* a name stands and waits for its value */
    bool done;        /* the root value is complete */
};

void tn_json_writer_init(struct tn_json_writer *writer, struct tn_buffer *out);

void tn_json_write_object_begin(struct tn_json_writer *writer);
void tn_json_write_object_end(struct tn_json_writer *writer);
void tn_json_write_array_begin(struct tn_json_writer *writer);
void tn_json_write_array_end(struct tn_json_writer *writer);
/* The name of the next member. */
void tn_json_write_name(struct tn_json_writer *writer, const char *name);
/* Quotes, backslashes and control characters are escaped; a byte that is no valid UTF-8 becomes
 * U+FFFD, so that the document is valid whatever comes in. */
void tn_json_write_string(struct tn_json_writer *writer, struct tn_bytes text);
void tn_json_write_text(struct tn_json_writer *writer, const char *text);
void tn_json_write_uint(struct tn_json_writer *writer, uint64_t value);
void tn_json_write_int(struct tn_json_writer *writer, int64_t value);
void tn_json_write_bool(struct tn_json_writer *writer, bool value);
void tn_json_write_null(struct tn_json_writer *writer);
/* Bytes as a string of lower-case hexadecimal digits. */
void tn_json_write_hex(struct tn_json_writer *writer, const void *data, size_t size);
/* Bytes as a string of standard base64. */
void tn_json_write_base64(struct tn_json_writer *writer, struct tn_bytes bytes);
/* A value that is JSON already: whoever calls has made it so. */
void tn_json_write_raw(struct tn_json_writer *writer, struct tn_bytes json);

/* Name and value in one call. */
void tn_json_member_string(struct tn_json_writer *writer, const char *name, struct tn_bytes text);
void tn_json_member_text(struct tn_json_writer *writer, const char *name, const char *text);
void tn_json_member_uint(struct tn_json_writer *writer, const char *name, uint64_t value);
void tn_json_member_int(struct tn_json_writer *writer, const char *name, int64_t value);
void tn_json_member_bool(struct tn_json_writer *writer, const char *name, bool value);
void tn_json_member_null(struct tn_json_writer *writer, const char *name);
void tn_json_member_hex(struct tn_json_writer *writer, const char *name, const void *data,
                        size_t size);

/* TN_OK when one whole root value stands in the buffer; TN_FULL when it did not fit. */
TN_MUST_USE enum tn_status tn_json_writer_finish(const struct tn_json_writer *writer);

#endif
