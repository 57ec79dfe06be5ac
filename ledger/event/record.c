/* The record codec: one interpreter for every list of fields. Layout: record.h. */
#include "ledger/event/record.h"

#include <inttypes.h>
#include <string.h>

#include "ledger/base/check.h"

#define AT(base, field, type) ((type *) (void *) ((char *) (base) + (field)->offset))
#define AT_CONST(base, field, type) ((const type *) (const void *) ((const char *) (base) + (field)->offset))

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
    case TN_FIELD_INT:
        return *AT_CONST(value, field, uint64_t) == 0;
    case TN_FIELD_ID:
    case TN_FIELD_STREAM:
        return tn_is_zero(AT_CONST(value, field, uint8_t), TN_ID_SIZE);
    case TN_FIELD_HASH:
        return tn_is_zero(AT_CONST(value, field, uint8_t), TN_HASH_SIZE);
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

static void encode_list(const struct tn_field *field, const void *value, struct tn_buffer *out)
{
    struct list list = *AT_CONST(value, field, struct list);

    TN_CHECK(list.count <= TN_RECORD_LIST_MAX);
    tn_pack_array(out, (uint32_t) list.count);
    for (size_t i = 0; i < list.count; i++) {
        if (field->type == TN_FIELD_UINTS) {
            tn_pack_uint(out, ((const uint64_t *) list.items)[i]);
        } else if (field->type == TN_FIELD_IDS) {
            tn_pack_bin(out, tn_bytes((const uint8_t *) list.items + i * TN_ID_SIZE, TN_ID_SIZE));
        } else {
            tn_record_encode(field->record, (const char *) list.items + i * field->record->size,
                             out);
        }
    }
}

static void encode_field(const struct tn_field *field, const void *value, struct tn_buffer *out)
{
    tn_pack_uint(out, field->key);
    switch (field->type) {
    case TN_FIELD_UINT:
        tn_pack_uint(out, *AT_CONST(value, field, uint64_t));
        break;
    case TN_FIELD_INT:
        tn_pack_int(out, *AT_CONST(value, field, int64_t));
        break;
    case TN_FIELD_ID:
    case TN_FIELD_STREAM:
        tn_pack_bin(out, tn_bytes(AT_CONST(value, field, uint8_t), TN_ID_SIZE));
        break;
    case TN_FIELD_HASH:
        tn_pack_bin(out, tn_bytes(AT_CONST(value, field, uint8_t), TN_HASH_SIZE));
        break;
    case TN_FIELD_BYTES:
        tn_pack_bin(out, *AT_CONST(value, field, struct tn_bytes));
        break;
    case TN_FIELD_TEXT:
        tn_pack_str(out, *AT_CONST(value, field, struct tn_bytes));
        break;
    case TN_FIELD_FACTS:
        tn_buffer_append_bytes(out, *AT_CONST(value, field, struct tn_bytes));
        break;
    case TN_FIELD_UINTS:
    case TN_FIELD_IDS:
    case TN_FIELD_RECORDS:
        encode_list(field, value, out);
        break;
    case TN_FIELD_RECORD:
        tn_record_encode(field->record, AT_CONST(value, field, void), out);
        break;
    }
}

void tn_record_encode(const struct tn_record *record, const void *value, struct tn_buffer *out)
{
    uint32_t count = 0;

    for (size_t i = 0; i < record->field_count; i++) {
        count += field_is_empty(&record->fields[i], value) ? 0 : 1;
    }
    tn_pack_map(out, count);
    for (size_t i = 0; i < record->field_count; i++) {
        if (!field_is_empty(&record->fields[i], value)) {
            encode_field(&record->fields[i], value, out);
        }
    }
}

static enum tn_status decode_list(const struct tn_field *field, struct tn_unpack *unpack,
                                  struct tn_arena *arena, void *value)
{
    struct list *list = AT(value, field, struct list);
    uint32_t count = tn_unpack_array(unpack);
    size_t item_size = field->type == TN_FIELD_UINTS ? sizeof(uint64_t)
                       : field->type == TN_FIELD_IDS ? TN_ID_SIZE
                                                     : field->record->size;
    char *items;

    if (unpack->bad || count > TN_RECORD_LIST_MAX) {
        return TN_INVALID;
    }
    items = tn_arena_array(arena, count, item_size);
    if (!items) {
        return TN_FULL;
    }
    for (uint32_t i = 0; i < count; i++) {
        char *item = items + i * item_size;

        if (field->type == TN_FIELD_UINTS) {
            *(uint64_t *) (void *) item = tn_unpack_uint(unpack);
        } else if (field->type == TN_FIELD_IDS) {
            tn_unpack_fixed(unpack, (uint8_t *) item, TN_ID_SIZE);
        } else {
            enum tn_status status = tn_record_decode(field->record, unpack, arena, item);

            if (status != TN_OK) {
                return status;
            }
        }
    }
    list->items = items;
    list->count = count;
    return TN_OK;
}

static enum tn_status decode_field(const struct tn_field *field, struct tn_unpack *unpack,
                                   struct tn_arena *arena, void *value)
{
    enum tn_status status = TN_OK;

    switch (field->type) {
    case TN_FIELD_UINT:
        *AT(value, field, uint64_t) = tn_unpack_uint(unpack);
        break;
    case TN_FIELD_INT:
        *AT(value, field, int64_t) = tn_unpack_int(unpack);
        break;
    case TN_FIELD_ID:
    case TN_FIELD_STREAM:
        tn_unpack_fixed(unpack, AT(value, field, uint8_t), TN_ID_SIZE);
        break;
    case TN_FIELD_HASH:
        tn_unpack_fixed(unpack, AT(value, field, uint8_t), TN_HASH_SIZE);
        break;
    case TN_FIELD_BYTES:
        *AT(value, field, struct tn_bytes) = tn_unpack_bin(unpack);
        break;
    case TN_FIELD_TEXT:
        *AT(value, field, struct tn_bytes) = tn_unpack_str(unpack);
        break;
    case TN_FIELD_FACTS:
        if (tn_unpack_peek(unpack) != TN_PACK_MAP) {
            return TN_INVALID;
        }
        *AT(value, field, struct tn_bytes) = tn_unpack_skip(unpack);
        break;
    case TN_FIELD_UINTS:
    case TN_FIELD_IDS:
    case TN_FIELD_RECORDS:
        status = decode_list(field, unpack, arena, value);
        break;
    case TN_FIELD_RECORD:
        status = tn_record_decode(field->record, unpack, arena, AT(value, field, void));
        break;
    }
    if (status != TN_OK) {
        return status;
    }
    /* A value that is zero or empty has one encoding only: to be left out. */
    return unpack->bad || field_is_empty(field, value) ? TN_INVALID : TN_OK;
}

enum tn_status tn_record_decode(const struct tn_record *record, struct tn_unpack *unpack,
                                struct tn_arena *arena, void *value)
{
    uint32_t count = tn_unpack_map(unpack);
    size_t next = 0; /* fields stand in ascending order of key, and so do map keys */

    memset(value, 0, record->size);
    for (uint32_t i = 0; i < count && !unpack->bad; i++) {
        uint64_t key = tn_unpack_uint(unpack);
        enum tn_status status;

        while (next < record->field_count && record->fields[next].key < key) {
            next++;
        }
        if (unpack->bad) {
            return TN_INVALID;
        }
        if (next == record->field_count || record->fields[next].key != key) {
            bool repeated = next > 0 && key <= record->fields[next - 1].key;

            for (size_t f = 0; f < record->field_count; f++) {
                repeated = repeated || (f < next && record->fields[f].key == key);
            }
            return repeated ? TN_INVALID : TN_UNSUPPORTED;
        }
        status = decode_field(&record->fields[next++], unpack, arena, value);
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
    if (status == TN_OK && !tn_unpack_done(&unpack)) {
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

static void json_hex(const void *data, size_t size, struct tn_buffer *out)
{
    tn_buffer_append_u8(out, '"');
    tn_buffer_append_hex(out, data, size);
    tn_buffer_append_u8(out, '"');
}

static void json_facts(struct tn_bytes bytes, const struct tn_record *facts, struct tn_buffer *out)
{
    struct tn_arena arena;
    void *value = NULL;

    tn_arena_init(&arena, (size_t) 1 << 20);
    if (facts) {
        value = tn_arena_alloc(&arena, facts->size);
    }
    if (value && tn_record_decode_bytes(facts, bytes, &arena, value) == TN_OK) {
        tn_record_write_json(facts, value, NULL, out);
    } else {
        json_hex(bytes.data, bytes.size, out);
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
            tn_buffer_printf(out, "%" PRIu64, ((const uint64_t *) list.items)[i]);
        } else if (field->type == TN_FIELD_IDS) {
            json_hex((const uint8_t *) list.items + i * TN_ID_SIZE, TN_ID_SIZE, out);
        } else {
            tn_record_write_json(field->record,
                                 (const char *) list.items + i * field->record->size, NULL, out);
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
        tn_buffer_printf(out, "%" PRIu64, *AT_CONST(value, field, uint64_t));
        break;
    case TN_FIELD_INT:
        tn_buffer_printf(out, "%" PRId64, *AT_CONST(value, field, int64_t));
        break;
    case TN_FIELD_ID:
    case TN_FIELD_STREAM:
        json_hex(AT_CONST(value, field, uint8_t), TN_ID_SIZE, out);
        break;
    case TN_FIELD_HASH:
        json_hex(AT_CONST(value, field, uint8_t), TN_HASH_SIZE, out);
        break;
    case TN_FIELD_BYTES:
        bytes = AT_CONST(value, field, struct tn_bytes);
        json_hex(bytes->data, bytes->size, out);
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
        tn_buffer_printf(out, first ? "\"%s\":" : ",\"%s\":", field->name);
        json_field(field, value, facts, out);
        first = false;
    }
    tn_buffer_append_u8(out, '}');
}
