/* Rows that are records. */
#include <string.h>

#include "ledger/rules/rows.h"
#include "projections/rows_internal.h"

/* ---- rows that are read again and again ---- */

static struct tn_rows_decoded *decoded_of(struct tn_rows *rows, struct tn_bytes key,
                                          const struct tn_record *record)
{
    if (record == &tn_record_queue_row) {
        return &rows->decoded[0];
    }
    /* Two days may be in use: one that is open and the one before it. */
    return record == &tn_record_day_row ? &rows->decoded[1 + key.data[key.size - 1] % 2] : NULL;
}

static struct tn_uints *uints_at(void *value, const struct tn_field *field)
{
    return (struct tn_uints *) (void *) ((char *) value + field->offset);
}

/* The value that these bytes gave before, with its list in `arena`; false when they did not. */
static bool decoded_again(const struct tn_rows_decoded *decoded, const struct tn_record *record,
                          struct tn_bytes bytes, struct tn_arena *arena, void *value)
{
    if (decoded->record != record || decoded->size != bytes.size ||
        memcmp(decoded->bytes, bytes.data, bytes.size) != 0) {
        return false;
    }
    memcpy(value, decoded->value, record->size);
    if (decoded->list != NULL) {
        uint64_t *items = tn_arena_array(arena, decoded->count, sizeof(*items));

        if (items == NULL) {
            return false; /* decoding it says so */
        }
        memcpy(items, decoded->uints, decoded->count * sizeof(*items));
        *uints_at(value, decoded->list) = (struct tn_uints){items, decoded->count};
    }
    return true;
}

static bool is_list(const struct tn_field *field)
{
    return field->type == TN_FIELD_BYTES || field->type == TN_FIELD_TEXT ||
           field->type == TN_FIELD_FACTS || field->type == TN_FIELD_UINTS ||
           field->type == TN_FIELD_IDS || field->type == TN_FIELD_RECORDS ||
           field->type == TN_FIELD_RECORD;
}

/* Lists and views have one shape, a pointer and a count: nothing of them is kept but one list of
 * numbers; a value with more is decoded each time. */
static void decoded_keep(struct tn_rows_decoded *decoded, const struct tn_record *record,
                         struct tn_bytes bytes, void *value)
{
    decoded->record = NULL;
    decoded->list = NULL;
    if (bytes.size > TN_ROWS_DECODED_BYTES || record->size > TN_ROWS_DECODED_BYTES) {
        return;
    }
    for (size_t i = 0; i < record->field_count; i++) {
        const struct tn_field *field = &record->fields[i];
        const struct tn_uints *list = is_list(field) ? uints_at(value, field) : NULL;

        if (list == NULL || (field->type != TN_FIELD_RECORD && list->count == 0)) {
            continue;
        }
        if (field->type != TN_FIELD_UINTS || decoded->list != NULL ||
            list->count > TN_ROWS_DECODED_UINTS) {
            return;
        }
        decoded->list = field;
        decoded->count = list->count;
        memcpy(decoded->uints, list->items, list->count * sizeof(*list->items));
    }
    decoded->record = record;
    decoded->size = bytes.size;
    memcpy(decoded->bytes, bytes.data, bytes.size);
    memcpy(decoded->value, value, record->size);
}

_Static_assert(sizeof(struct tn_bytes) == sizeof(struct tn_uints) &&
                   offsetof(struct tn_bytes, size) == offsetof(struct tn_uints, count),
               "views and lists are asked alike whether they are empty");
_Static_assert(sizeof(struct tn_queue_row) <= TN_ROWS_DECODED_BYTES &&
                   sizeof(struct tn_day_row) <= TN_ROWS_DECODED_BYTES,
               "what is read most is kept");

/* ---- reading and writing ---- */

static enum tn_status decode(const struct tn_record *record, struct tn_bytes bytes,
                             struct tn_arena *arena, void *value, struct tn_error *error)
{
    /* The row may change or go while its views are in use. */
    struct tn_bytes own = record->views ? tn_arena_copy(arena, bytes) : bytes;
    enum tn_status status;

    if (record->views && own.data == NULL) {
        return tn_fail(error, TN_FULL, "no room in the arena for a %s row of %zu bytes",
                       record->name, bytes.size);
    }
    status = tn_record_decode_bytes(record, own, arena, value);
    if (status == TN_FULL) {
        return tn_fail(error, status, "no room in the arena for a decoded %s row", record->name);
    }
    if (status != TN_OK) {
        memset(value, 0, record->size);
        return tn_fail(error, TN_CORRUPT, "a stored row is not a %s: rebuild the projection",
                       record->name);
    }
    return TN_OK;
}

enum tn_status tn_row_read(struct tn_rows *rows, struct tn_bytes key,
                           const struct tn_record *record, struct tn_arena *arena, void *value,
                           bool *found, struct tn_error *error)
{
    struct tn_rows_decoded *decoded = decoded_of(rows, key, record);
    struct tn_bytes bytes;
    enum tn_status status = tn_rows_get(rows, key, &bytes, found, error);

    if (status != TN_OK || !*found) {
        memset(value, 0, record->size);
        return status;
    }
    if (decoded != NULL && decoded_again(decoded, record, bytes, arena, value)) {
        return TN_OK;
    }
    status = decode(record, bytes, arena, value, error);
    *found = status == TN_OK;
    if (status == TN_OK && decoded != NULL) {
        decoded_keep(decoded, record, bytes, value);
    }
    return status;
}

enum tn_status tn_row_write(struct tn_rows *rows, struct tn_bytes key,
                            const struct tn_record *record, const void *value,
                            struct tn_error *error)
{
    tn_buffer_reset(&rows->record);
    tn_record_encode(record, value, &rows->record);
    if (tn_buffer_status(&rows->record) != TN_OK) {
        return tn_fail(error, TN_FULL, "a %s row is larger than %u bytes", record->name,
                       TN_ROW_VALUE_MAX);
    }
    return tn_rows_put(rows, key, tn_buffer_view(&rows->record), error);
}
