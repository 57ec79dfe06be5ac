/* JSON as output. */
#include "api/http/json_writer.h"

#include "api/http/utf8.h"
#include "ledger/base/check.h"

_Static_assert(TN_JSON_WRITER_DEPTH_MAX <= 32, "a bit of a uint32_t stands for each depth");

void tn_json_writer_init(struct tn_json_writer *writer, struct tn_buffer *out)
{
    *writer = (struct tn_json_writer){.out = out};
}

static uint32_t depth_bit(const struct tn_json_writer *writer)
{
    return (uint32_t) 1 << (writer->depth - 1);
}

static bool in_object(const struct tn_json_writer *writer)
{
    return writer->depth != 0 && (writer->objects & depth_bit(writer)) != 0;
}

static void put_comma(struct tn_json_writer *writer)
{
    if ((writer->filled & depth_bit(writer)) != 0) {
        tn_buffer_append_u8(writer->out, ',');
    }
    writer->filled |= depth_bit(writer);
}

/* What stands before every value: a comma in an array, a name in an object, nothing at the root. */
static void before_value(struct tn_json_writer *writer)
{
    TN_CHECK(!writer->done);
    if (in_object(writer)) {
        TN_CHECK(writer->named);
        writer->named = false;
    } else if (writer->depth != 0) {
        put_comma(writer);
    }
}

static void after_value(struct tn_json_writer *writer)
{
    writer->done = writer->depth == 0;
}

static void container_begin(struct tn_json_writer *writer, bool object)
{
    before_value(writer);
    TN_CHECK(writer->depth < TN_JSON_WRITER_DEPTH_MAX);
    writer->depth++;
    writer->filled &= ~depth_bit(writer);
    if (object) {
        writer->objects |= depth_bit(writer);
    } else {
        writer->objects &= ~depth_bit(writer);
    }
    tn_buffer_append_u8(writer->out, object ? '{' : '[');
}

static void container_end(struct tn_json_writer *writer, bool object)
{
    TN_CHECK(writer->depth != 0 && in_object(writer) == object && !writer->named);
    tn_buffer_append_u8(writer->out, object ? '}' : ']');
    writer->depth--;
    after_value(writer);
}

void tn_json_write_object_begin(struct tn_json_writer *writer)
{
    container_begin(writer, true);
}

void tn_json_write_object_end(struct tn_json_writer *writer)
{
    container_end(writer, true);
}

void tn_json_write_array_begin(struct tn_json_writer *writer)
{
    container_begin(writer, false);
}

void tn_json_write_array_end(struct tn_json_writer *writer)
{
    container_end(writer, false);
}

static void put_escape(struct tn_buffer *out, uint8_t c)
{
    switch (c) {
    case '"':
        tn_buffer_append_string(out, "\\\"");
        break;
    case '\\':
        tn_buffer_append_string(out, "\\\\");
        break;
    case '\n':
        tn_buffer_append_string(out, "\\n");
        break;
    case '\r':
        tn_buffer_append_string(out, "\\r");
        break;
    case '\t':
        tn_buffer_append_string(out, "\\t");
        break;
    default:
        tn_buffer_append_string(out, "\\u00");
        tn_buffer_append_hex(out, &c, 1);
        break;
    }
}

static void put_string(struct tn_buffer *out, struct tn_bytes text)
{
    static const uint8_t replacement[] = {0xef, 0xbf, 0xbd};
    tn_buffer_append_u8(out, '"');
    size_t plain = 0; /* where the run that needs no change begins */
    size_t i = 0;
    while (i < text.size) {
        uint8_t c = text.data[i];
        if (c >= 0x20 && c < 0x80 && c != '"' && c != '\\' && c != 0x7f) {
            i++;
            continue;
        }
        size_t size = c < 0x80 ? 0 : tn_utf8_size(tn_bytes(text.data + i, text.size - i));
        if (size != 0) {
            i += size;
            continue;
        }
        tn_buffer_append(out, text.data + plain, i - plain);
        if (c < 0x80) {
            put_escape(out, c);
        } else {
            tn_buffer_append(out, replacement, sizeof(replacement));
        }
        i++;
        plain = i;
    }
    if (plain < text.size) {
        tn_buffer_append(out, text.data + plain, text.size - plain);
    }
    tn_buffer_append_u8(out, '"');
}

void tn_json_write_name(struct tn_json_writer *writer, const char *name)
{
    TN_CHECK(in_object(writer) && !writer->named);
    put_comma(writer);
    put_string(writer->out, tn_bytes_from_string(name));
    tn_buffer_append_u8(writer->out, ':');
    writer->named = true;
}

void tn_json_write_string(struct tn_json_writer *writer, struct tn_bytes text)
{
    before_value(writer);
    put_string(writer->out, text);
    after_value(writer);
}

void tn_json_write_text(struct tn_json_writer *writer, const char *text)
{
    tn_json_write_string(writer, tn_bytes_from_string(text));
}

void tn_json_write_uint(struct tn_json_writer *writer, uint64_t value)
{
    uint8_t digits[20];
    size_t at = sizeof(digits);
    do {
        digits[--at] = (uint8_t) ('0' + value % 10);
        value /= 10;
    } while (value != 0);
    before_value(writer);
    tn_buffer_append(writer->out, digits + at, sizeof(digits) - at);
    after_value(writer);
}

void tn_json_write_int(struct tn_json_writer *writer, int64_t value)
{
    if (value >= 0) {
        tn_json_write_uint(writer, (uint64_t) value);
        return;
    }
    before_value(writer);
    tn_buffer_printf(writer->out, "%lld", (long long) value);
    after_value(writer);
}

void tn_json_write_bool(struct tn_json_writer *writer, bool value)
{
    before_value(writer);
    tn_buffer_append_string(writer->out, value ? "true" : "false");
    after_value(writer);
}

void tn_json_write_null(struct tn_json_writer *writer)
{
    before_value(writer);
    tn_buffer_append_string(writer->out, "null");
    after_value(writer);
}

void tn_json_write_hex(struct tn_json_writer *writer, const void *data, size_t size)
{
    before_value(writer);
    tn_buffer_append_u8(writer->out, '"');
    tn_buffer_append_hex(writer->out, data, size);
    tn_buffer_append_u8(writer->out, '"');
    after_value(writer);
}

void tn_json_write_base64(struct tn_json_writer *writer, struct tn_bytes bytes)
{
    before_value(writer);
    tn_buffer_append_u8(writer->out, '"');
    uint8_t *room = tn_buffer_extend(writer->out, TN_BASE64_SIZE(bytes.size));
    if (room != NULL) {
        tn_base64_encode((char *) room, bytes.data, bytes.size);
        writer->out->size--; /* the final zero */
    }
    tn_buffer_append_u8(writer->out, '"');
    after_value(writer);
}

void tn_json_write_raw(struct tn_json_writer *writer, struct tn_bytes json)
{
    before_value(writer);
    tn_buffer_append_bytes(writer->out, json);
    after_value(writer);
}

void tn_json_member_string(struct tn_json_writer *writer, const char *name, struct tn_bytes text)
{
    tn_json_write_name(writer, name);
    tn_json_write_string(writer, text);
}

void tn_json_member_text(struct tn_json_writer *writer, const char *name, const char *text)
{
    tn_json_write_name(writer, name);
    tn_json_write_text(writer, text);
}

void tn_json_member_uint(struct tn_json_writer *writer, const char *name, uint64_t value)
{
    tn_json_write_name(writer, name);
    tn_json_write_uint(writer, value);
}

void tn_json_member_int(struct tn_json_writer *writer, const char *name, int64_t value)
{
    tn_json_write_name(writer, name);
    tn_json_write_int(writer, value);
}

void tn_json_member_bool(struct tn_json_writer *writer, const char *name, bool value)
{
    tn_json_write_name(writer, name);
    tn_json_write_bool(writer, value);
}

void tn_json_member_null(struct tn_json_writer *writer, const char *name)
{
    tn_json_write_name(writer, name);
    tn_json_write_null(writer);
}

void tn_json_member_hex(struct tn_json_writer *writer, const char *name, const void *data,
                        size_t size)
{
    tn_json_write_name(writer, name);
    tn_json_write_hex(writer, data, size);
}

enum tn_status tn_json_writer_finish(const struct tn_json_writer *writer)
{
    TN_CHECK(writer->done && writer->depth == 0);
    return tn_buffer_status(writer->out);
}
