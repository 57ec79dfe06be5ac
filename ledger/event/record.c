/* The record codec: one interpreter for every list of fields. Layout: record.h. */
#include "ledger/event/record.h"

#include <sodium.h>

#include "ledger/event/codec_internal.h"

/* A member of the C struct at `base`. */
#define AT(base, field, type) ((type *) (void *) ((char *) (base) + (field)->offset))
#define AT_CONST(base, field, type)                                                                \
    ((const type *) (const void *) ((const char *) (base) + (field)->offset))

/* Every list struct has this shape: a pointer and a count. */
struct list {
    const void *items;
    size_t count;
};

static bool record_is_empty(const struct tn_record *record, const void *value);

static bool field_is_empty(const struct tn_field *field, const void *value)
{
    switch (field->type) {
    case TN_FIELD_UINT:
        return *AT_CONST(value, field, uint64_t) == 0;
    case TN_FIELD_INT:
        return *AT_CONST(value, field, int64_t) == 0;
    case TN_FIELD_ID:
    case TN_FIELD_STREAM:
        return is_zero_id(AT_CONST(value, field, uint8_t));
    case TN_FIELD_HASH:
        return is_zero_hash(AT_CONST(value, field, uint8_t));
    case TN_FIELD_BYTES:
    case TN_FIELD_TEXT:
    case TN_FIELD_FACTS:
        return AT_CONST(value, field, struct tn_bytes)->size == 0;
    case TN_FIELD_UINTS:
    case TN_FIELD_IDS:
    case TN_FIELD_RECORDS:
        return AT_CONST(value, field, struct list)->count == 0;
    case TN_FIELD_RECORD:
        return record_is_empty(field->record, AT_CONST(value, field, void));
    }
    return true;
}

static bool record_is_empty(const struct tn_record *record, const void *value)
{
    for (size_t i = 0; i < record->field_count; i++) {
        if (!field_is_empty(&record->fields[i], value)) {
            return false;
        }
    }
    return true;
}

static bool is_printable(struct tn_bytes text)
{
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] < 0x20 || text.data[i] > 0x7e) {
            return false;
        }
    }
    return true;
}

static void write_list(const struct tn_field *field, const void *value, struct tn_piece *piece)
{
    struct list list = *AT_CONST(value, field, struct list);

    TN_CHECK(list.count <= TN_RECORD_LIST_MAX);
    write_array(piece, list.count);
    for (size_t i = 0; i < list.count; i++) {
        if (field->type == TN_FIELD_UINTS) {
            write_uint(piece, ((const uint64_t *) list.items)[i]);
        } else if (field->type == TN_FIELD_IDS) {
            write_bin(piece, tn_bytes((const uint8_t *) list.items + i * TN_ID_SIZE, TN_ID_SIZE));
        } else {
            tn_record_write(field->record, (const char *) list.items + i * field->record->size,
                            piece);
        }
    }
}

static void write_field(const struct tn_field *field, const void *value, struct tn_piece *piece)
{
    const struct tn_bytes *bytes;

    write_uint(piece, field->key);
    switch (field->type) {
    case TN_FIELD_UINT:
        write_uint(piece, *AT_CONST(value, field, uint64_t));
        break;
    case TN_FIELD_INT:
        write_int(piece, *AT_CONST(value, field, int64_t));
        break;
    case TN_FIELD_ID:
    case TN_FIELD_STREAM:
        write_bin(piece, tn_bytes(AT_CONST(value, field, uint8_t), TN_ID_SIZE));
        break;
    case TN_FIELD_HASH:
        write_bin(piece, tn_bytes(AT_CONST(value, field, uint8_t), TN_HASH_SIZE));
        break;
    case TN_FIELD_BYTES:
        bytes = AT_CONST(value, field, struct tn_bytes);
        TN_CHECK(bytes->size <= UINT32_MAX);
        write_bin(piece, *bytes);
        break;
    case TN_FIELD_TEXT:
        bytes = AT_CONST(value, field, struct tn_bytes);
        TN_CHECK(bytes->size <= UINT32_MAX && is_printable(*bytes));
        write_str(piece, *bytes);
        break;
    case TN_FIELD_FACTS:
        write_raw(piece, *AT_CONST(value, field, struct tn_bytes));
        break;
    case TN_FIELD_UINTS:
    case TN_FIELD_IDS:
    case TN_FIELD_RECORDS:
        write_list(field, value, piece);
        break;
    case TN_FIELD_RECORD:
        tn_record_write(field->record, AT_CONST(value, field, void), piece);
        break;
    }
}

void tn_record_write(const struct tn_record *record, const void *value, struct tn_piece *piece)
{
    uint64_t filled = 0; /* one bit a field, so that each is looked at once */
    size_t count = 0;

    TN_CHECK(record->field_count <= 64);
    for (size_t i = 0; i < record->field_count; i++) {
        const struct tn_field *field = &record->fields[i];
        bool is_filled = field->type == TN_FIELD_UINT ? *AT_CONST(value, field, uint64_t) != 0
                                                      : !field_is_empty(field, value);

        filled |= (uint64_t) is_filled << i;
        count += is_filled;
    }
    write_map(piece, count);
    for (; filled != 0; filled &= filled - 1) {
        write_field(&record->fields[__builtin_ctzll(filled)], value, piece);
    }
}

static inline void encode(const struct tn_record *record, const void *value, struct tn_piece *piece,
                          struct tn_buffer *out)
{
    piece->out = out;
    piece->size = 0;
    tn_record_write(record, value, piece);
    piece_flush(piece);
}

void tn_record_encode(const struct tn_record *record, const void *value, struct tn_buffer *out)
{
    struct tn_piece piece;

    encode(record, value, &piece, out);
}

void tn_record_encode_secret(const struct tn_record *record, const void *value,
                             struct tn_buffer *out)
{
    struct tn_piece piece;

    encode(record, value, &piece, out);
    sodium_memzero(piece.bytes, sizeof(piece.bytes));
}

static enum tn_status read_list(const struct tn_field *field, struct tn_unpack *unpack,
                                struct tn_arena *arena, struct list *list)
{
    uint32_t count = read_array(unpack);
    size_t item_size = field->type == TN_FIELD_UINTS ? sizeof(uint64_t)
                       : field->type == TN_FIELD_IDS ? TN_ID_SIZE
                                                     : field->record->size;
    char *items;

    if (unpack->bad || count == 0 || count > TN_RECORD_LIST_MAX) {
        return TN_INVALID;
    }
    items = tn_arena_array(arena, count, item_size);
    if (!items) {
        return TN_FULL;
    }
    for (uint32_t i = 0; i < count; i++) {
        char *item = items + i * item_size;

        if (field->type == TN_FIELD_UINTS) {
            *(uint64_t *) (void *) item = read_uint(unpack);
        } else if (field->type == TN_FIELD_IDS) {
            read_fixed(unpack, (uint8_t *) item, TN_ID_SIZE);
        } else {
            enum tn_status status = tn_record_decode(field->record, unpack, arena, item);

            if (status != TN_OK) {
                return status;
            }
        }
    }
    *list = (struct list){.items = items, .count = count};
    return TN_OK;
}

/* A value that is zero or empty has one encoding only, to be left out: here it is refused. */
static enum tn_status read_field(const struct tn_field *field, struct tn_unpack *unpack,
                                 struct tn_arena *arena, void *value)
{
    struct tn_bytes *bytes;
    enum tn_status status;
    bool filled = false;

    switch (field->type) {
    case TN_FIELD_UINT:
        filled = (*AT(value, field, uint64_t) = read_uint(unpack)) != 0;
        break;
    case TN_FIELD_INT:
        filled = (*AT(value, field, int64_t) = tn_unpack_int(unpack)) != 0;
        break;
    case TN_FIELD_ID:
    case TN_FIELD_STREAM:
        read_fixed(unpack, AT(value, field, uint8_t), TN_ID_SIZE);
        filled = !is_zero_id(AT(value, field, uint8_t));
        break;
    case TN_FIELD_HASH:
        read_fixed(unpack, AT(value, field, uint8_t), TN_HASH_SIZE);
        filled = !is_zero_hash(AT(value, field, uint8_t));
        break;
    case TN_FIELD_BYTES:
        bytes = AT(value, field, struct tn_bytes);
        *bytes = tn_unpack_bin(unpack);
        filled = bytes->size != 0;
        break;
    case TN_FIELD_TEXT:
        bytes = AT(value, field, struct tn_bytes);
        *bytes = tn_unpack_str(unpack);
        filled = bytes->size != 0;
        break;
    case TN_FIELD_FACTS:
        filled = tn_unpack_peek(unpack) == TN_PACK_MAP;
        *AT(value, field, struct tn_bytes) = tn_unpack_skip(unpack);
        break;
    case TN_FIELD_UINTS:
    case TN_FIELD_IDS:
    case TN_FIELD_RECORDS:
        return read_list(field, unpack, arena, AT(value, field, struct list));
    case TN_FIELD_RECORD:
        filled = unpack->at != unpack->end && *unpack->at != 0x80; /* not the empty map */
        status = tn_record_decode(field->record, unpack, arena, AT(value, field, void));
        if (status != TN_OK) {
            return status;
        }
        break;
    }
    return filled && !unpack->bad ? TN_OK : TN_INVALID;
}

enum tn_status tn_record_decode(const struct tn_record *record, struct tn_unpack *unpack,
                                struct tn_arena *arena, void *value)
{
    uint32_t count = read_map(unpack);
    size_t next = 0; /* fields stand in ascending order of key, and so do map keys */

    memset(value, 0, record->size);
    for (uint32_t i = 0; i < count; i++) {
        uint64_t key = read_uint(unpack);
        enum tn_status status;

        if (unpack->bad || (next > 0 && key <= record->fields[next - 1].key)) {
            return TN_INVALID;
        }
        while (next < record->field_count && record->fields[next].key < key) {
            next++;
        }
        if (next == record->field_count || record->fields[next].key != key) {
            return TN_UNSUPPORTED;
        }
        status = read_field(&record->fields[next++], unpack, arena, value);
        if (status != TN_OK) {
            return status;
        }
    }
    return unpack->bad ? TN_INVALID : TN_OK;
}

enum tn_status tn_record_decode_bytes(const struct tn_record *record, struct tn_bytes bytes,
                                      struct tn_arena *arena, void *value)
{
    struct tn_unpack unpack;
    enum tn_status status;

    tn_unpack_init(&unpack, bytes);
    status = tn_record_decode(record, &unpack, arena, value);
    if (status == TN_UNSUPPORTED) {
        /* What follows an unknown key was not read: is it canonical at all? */
        tn_unpack_init(&unpack, bytes);
        (void) tn_unpack_skip(&unpack);
        status = tn_unpack_done(&unpack) ? TN_UNSUPPORTED : TN_INVALID;
    } else if (status == TN_OK && !tn_unpack_done(&unpack)) {
        status = TN_INVALID;
    }
    if (status != TN_OK) {
        memset(value, 0, record->size);
    }
    return status;
}

/* Texts are printable ASCII, so only two characters need an escape. */
static void json_text(struct tn_bytes text, struct tn_buffer *out)
{
    tn_buffer_append_u8(out, '"');
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] == '"' || text.data[i] == '\\') {
            tn_buffer_append_u8(out, '\\');
        }
        tn_buffer_append_u8(out, text.data[i]);
    }
    tn_buffer_append_u8(out, '"');
}

void tn_json_uint(uint64_t value, struct tn_buffer *out)
{
    char digits[20];
    size_t at = sizeof(digits);

    do {
        digits[--at] = (char) ('0' + value % 10);
        value /= 10;
    } while (value > 0);
    tn_buffer_append(out, digits + at, sizeof(digits) - at);
}

static void json_int(int64_t value, struct tn_buffer *out)
{
    if (value < 0) {
        tn_buffer_append_u8(out, '-');
        tn_json_uint(-(uint64_t) value, out);
    } else {
        tn_json_uint((uint64_t) value, out);
    }
}

void tn_json_hex(const void *data, size_t size, struct tn_buffer *out)
{
    tn_buffer_append_u8(out, '"');
    tn_buffer_append_hex(out, data, size);
    tn_buffer_append_u8(out, '"');
}

/* What the facts of the largest entry can take: its bytes times the largest record of a list. */
#define FACTS_MEMORY ((size_t) 16 << 20)

static void json_facts(struct tn_bytes bytes, const struct tn_record *facts, struct tn_buffer *out)
{
    struct tn_arena arena;
    void *value = NULL;

    tn_arena_init(&arena, FACTS_MEMORY);
    if (facts) {
        value = tn_arena_alloc(&arena, facts->size);
    }
    if (value && tn_record_decode_bytes(facts, bytes, &arena, value) == TN_OK) {
        tn_record_write_json(facts, value, NULL, out);
    } else {
        tn_json_hex(bytes.data, bytes.size, out);
    }
    tn_arena_close(&arena);
}

static void json_list(const struct tn_field *field, const void *value, struct tn_buffer *out)
{
    struct list list = *AT_CONST(value, field, struct list);

    tn_buffer_append_u8(out, '[');
    for (size_t i = 0; i < list.count; i++) {
        if (i > 0) {
            tn_buffer_append_u8(out, ',');
        }
        if (field->type == TN_FIELD_UINTS) {
            tn_json_uint(((const uint64_t *) list.items)[i], out);
        } else if (field->type == TN_FIELD_IDS) {
            tn_json_hex((const uint8_t *) list.items + i * TN_ID_SIZE, TN_ID_SIZE, out);
        } else {
            tn_record_write_json(field->record, (const char *) list.items + i * field->record->size,
                                 NULL, out);
        }
    }
    tn_buffer_append_u8(out, ']');
}

static void json_field(const struct tn_field *field, const void *value,
                       const struct tn_record *facts, struct tn_buffer *out)
{
    const struct tn_bytes *bytes;

    switch (field->type) {
    case TN_FIELD_UINT:
        tn_json_uint(*AT_CONST(value, field, uint64_t), out);
        break;
    case TN_FIELD_INT:
        json_int(*AT_CONST(value, field, int64_t), out);
        break;
    case TN_FIELD_ID:
    case TN_FIELD_STREAM:
        tn_json_hex(AT_CONST(value, field, uint8_t), TN_ID_SIZE, out);
        break;
    case TN_FIELD_HASH:
        tn_json_hex(AT_CONST(value, field, uint8_t), TN_HASH_SIZE, out);
        break;
    case TN_FIELD_BYTES:
        bytes = AT_CONST(value, field, struct tn_bytes);
        tn_json_hex(bytes->data, bytes->size, out);
        break;
    case TN_FIELD_TEXT:
        json_text(*AT_CONST(value, field, struct tn_bytes), out);
        break;
    case TN_FIELD_FACTS:
        json_facts(*AT_CONST(value, field, struct tn_bytes), facts, out);
        break;
    case TN_FIELD_UINTS:
    case TN_FIELD_IDS:
    case TN_FIELD_RECORDS:
        json_list(field, value, out);
        break;
    case TN_FIELD_RECORD:
        tn_record_write_json(field->record, AT_CONST(value, field, void), NULL, out);
        break;
    }
}

void tn_record_write_json(const struct tn_record *record, const void *value,
                          const struct tn_record *facts, struct tn_buffer *out)
{
    bool first = true;

    tn_buffer_append_u8(out, '{');
    for (size_t i = 0; i < record->field_count; i++) {
        const struct tn_field *field = &record->fields[i];

        if (field_is_empty(field, value)) {
            continue;
        }
        tn_buffer_append_string(out, first ? "\"" : ",\"");
        tn_buffer_append_string(out, field->name);
        tn_buffer_append_string(out, "\":");
        json_field(field, value, facts, out);
        first = false;
    }
    tn_buffer_append_u8(out, '}');
}
