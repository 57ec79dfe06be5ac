/* The cursor against msgpack-c's object tree: what one reads from an entry the other reads too. The
 * rules of records are written here a second time, over trees. */
#include "tests/ledger/base/unit.h"

#include <msgpack.h>

#include "ledger/base/random.h"
#include "tests/ledger/event/golden.h"

#define MUTANTS_PER_ENTRY 1500

struct bench {
    struct tn_arena arena;
    struct tn_random random;
    msgpack_unpacked tree;
    uint64_t seen[3]; /* by answer: read, unknown, refused */
};

static bool is_bin(const msgpack_object *object, size_t size)
{
    return object->type == MSGPACK_OBJECT_BIN && object->via.bin.size == size;
}

static bool is_zero_bin(const msgpack_object *object)
{
    return tn_is_zero(object->via.bin.ptr, object->via.bin.size);
}

static enum tn_status check_record(const struct tn_record *record, const msgpack_object *object);

static enum tn_status check_item(const struct tn_field *field, const msgpack_object *object)
{
    if (field->type == TN_FIELD_RECORDS) {
        return check_record(field->record, object);
    }
    if (field->type == TN_FIELD_IDS) {
        return is_bin(object, TN_ID_SIZE) ? TN_OK : TN_INVALID;
    }
    return object->type == MSGPACK_OBJECT_POSITIVE_INTEGER ? TN_OK : TN_INVALID;
}

static enum tn_status check_field(const struct tn_field *field, const msgpack_object *object)
{
    enum tn_status status = TN_OK;
    bool good = false;

    switch (field->type) {
    case TN_FIELD_UINT:
        good = object->type == MSGPACK_OBJECT_POSITIVE_INTEGER && object->via.u64 != 0;
        break;
    case TN_FIELD_INT:
        good = object->type == MSGPACK_OBJECT_NEGATIVE_INTEGER ||
               (object->type == MSGPACK_OBJECT_POSITIVE_INTEGER && object->via.u64 != 0 &&
                object->via.u64 <= INT64_MAX);
        break;
    case TN_FIELD_ID:
    case TN_FIELD_STREAM:
        good = is_bin(object, TN_ID_SIZE) && !is_zero_bin(object);
        break;
    case TN_FIELD_HASH:
        good = is_bin(object, TN_HASH_SIZE) && !is_zero_bin(object);
        break;
    case TN_FIELD_BYTES:
        good = object->type == MSGPACK_OBJECT_BIN && object->via.bin.size > 0;
        break;
    case TN_FIELD_TEXT:
        good = object->type == MSGPACK_OBJECT_STR && object->via.str.size > 0;
        break;
    case TN_FIELD_FACTS:
        good = object->type == MSGPACK_OBJECT_MAP;
        break;
    case TN_FIELD_UINTS:
    case TN_FIELD_IDS:
    case TN_FIELD_RECORDS:
        good = object->type == MSGPACK_OBJECT_ARRAY && object->via.array.size > 0;
        for (uint32_t i = 0; good && status == TN_OK && i < object->via.array.size; i++) {
            status = check_item(field, &object->via.array.ptr[i]);
        }
        break;
    case TN_FIELD_RECORD:
        status = check_record(field->record, object);
        good = status != TN_OK || object->via.map.size > 0;
        break;
    }
    return good ? status : TN_INVALID;
}

/* The first that is wrong decides. */
static enum tn_status check_record(const struct tn_record *record, const msgpack_object *object)
{
    enum tn_status status = TN_OK;

    if (object->type != MSGPACK_OBJECT_MAP) {
        return TN_INVALID;
    }
    for (uint32_t i = 0; status == TN_OK && i < object->via.map.size; i++) {
        const msgpack_object_kv *pair = &object->via.map.ptr[i];

        status = TN_UNSUPPORTED;
        for (size_t f = 0; f < record->field_count; f++) {
            if (record->fields[f].key == pair->key.via.u64) {
                status = check_field(&record->fields[f], &pair->val);
            }
        }
    }
    return status;
}

static const msgpack_object *member(const msgpack_object *map, uint64_t key)
{
    for (uint32_t i = 0; i < map->via.map.size; i++) {
        if (map->via.map.ptr[i].key.via.u64 == key) {
            return &map->via.map.ptr[i].val;
        }
    }
    return NULL;
}

/* The facts of a refused command, when there are any, by its number. */
static enum tn_status check_refused(const msgpack_object *body)
{
    const msgpack_object *facts = member(body, 0);
    const msgpack_object *command = member(body, 2);
    const struct tn_record *record;

    if (facts == NULL) {
        return TN_OK;
    }
    record = command == NULL ? NULL : tn_command_facts(command->via.u64);
    return record == NULL ? TN_UNSUPPORTED : check_record(record, facts);
}

/* Whether `object` is an entry; its bytes are canonical as a whole. */
static enum tn_status check_entry(const msgpack_object *object)
{
    const msgpack_object *at = object->via.array.ptr;
    const msgpack_object *actor;
    const struct tn_kind *kind;
    enum tn_status status;

    if (object->type != MSGPACK_OBJECT_ARRAY || object->via.array.size != 7) {
        return TN_INVALID;
    }
    for (int i = 0; i < 3; i++) {
        if (at[i].type != MSGPACK_OBJECT_POSITIVE_INTEGER) {
            return TN_INVALID;
        }
    }
    actor = at[3].via.array.ptr;
    if (at[0].via.u64 > UINT32_MAX || at[1].via.u64 > UINT32_MAX ||
        at[3].type != MSGPACK_OBJECT_ARRAY || at[3].via.array.size != 2 ||
        actor[0].type != MSGPACK_OBJECT_POSITIVE_INTEGER || !is_bin(&actor[1], TN_ID_SIZE) ||
        !(at[4].type == MSGPACK_OBJECT_NIL || is_bin(&at[4], TN_ID_SIZE)) ||
        !(at[5].type == MSGPACK_OBJECT_NIL || at[5].type == MSGPACK_OBJECT_POSITIVE_INTEGER) ||
        at[6].type != MSGPACK_OBJECT_MAP) {
        return TN_INVALID;
    }
    kind = tn_kind_find(at[1].via.u64, at[0].via.u64);
    if (actor[0].via.u64 >= TN_ROLE_COUNT || kind == NULL) {
        return TN_UNSUPPORTED;
    }
    status = check_record(kind->record, &at[6]);
    return status == TN_OK && kind->number == TN_KIND_command_refused ? check_refused(&at[6])
                                                                      : status;
}

static bool same_record(const struct tn_record *record, const char *value,
                        const msgpack_object *object);

static bool same_list(const struct tn_field *field, const char *at, const msgpack_object *object)
{
    struct {
        const char *items;
        size_t count;
    } list;

    memcpy(&list, at, sizeof(list));
    if (object == NULL || list.count != object->via.array.size) {
        return object == NULL && list.count == 0;
    }
    for (size_t i = 0; i < list.count; i++) {
        const msgpack_object *item = &object->via.array.ptr[i];
        bool same;

        if (field->type == TN_FIELD_UINTS) {
            same = memcmp(list.items + i * 8, &item->via.u64, 8) == 0;
        } else if (field->type == TN_FIELD_IDS) {
            same = memcmp(list.items + i * TN_ID_SIZE, item->via.bin.ptr, TN_ID_SIZE) == 0;
        } else {
            same = same_record(field->record, list.items + i * field->record->size, item);
        }
        if (!same) {
            return false;
        }
    }
    return true;
}

static bool same_view(const char *at, const char *bytes, size_t size)
{
    struct tn_bytes view;

    memcpy(&view, at, sizeof(view));
    return tn_bytes_equal(view, tn_bytes(bytes, size));
}

/* `object` is NULL for a field that was left out. */
static bool same_field(const struct tn_field *field, const char *at, const msgpack_object *object)
{
    static const msgpack_object no_map = {.type = MSGPACK_OBJECT_MAP};

    switch (field->type) {
    case TN_FIELD_UINT:
    case TN_FIELD_INT: /* msgpack-c keeps both in one union */
        return object == NULL ? tn_is_zero(at, 8) : memcmp(at, &object->via.u64, 8) == 0;
    case TN_FIELD_ID:
    case TN_FIELD_STREAM:
        return object == NULL ? tn_is_zero(at, TN_ID_SIZE)
                              : memcmp(at, object->via.bin.ptr, TN_ID_SIZE) == 0;
    case TN_FIELD_HASH:
        return object == NULL ? tn_is_zero(at, TN_HASH_SIZE)
                              : memcmp(at, object->via.bin.ptr, TN_HASH_SIZE) == 0;
    case TN_FIELD_BYTES:
        return object == NULL ? same_view(at, "", 0)
                              : same_view(at, object->via.bin.ptr, object->via.bin.size);
    case TN_FIELD_TEXT:
        return object == NULL ? same_view(at, "", 0)
                              : same_view(at, object->via.str.ptr, object->via.str.size);
    case TN_FIELD_FACTS: /* its bytes are compared by writing the entry again */
        return object != NULL || same_view(at, "", 0);
    case TN_FIELD_UINTS:
    case TN_FIELD_IDS:
    case TN_FIELD_RECORDS:
        return same_list(field, at, object);
    case TN_FIELD_RECORD:
        return same_record(field->record, at, object == NULL ? &no_map : object);
    }
    return false;
}

static bool same_record(const struct tn_record *record, const char *value,
                        const msgpack_object *object)
{
    for (size_t i = 0; i < record->field_count; i++) {
        const struct tn_field *field = &record->fields[i];

        if (!same_field(field, value + field->offset, member(object, field->key))) {
            return false;
        }
    }
    return true;
}

static bool same_entry(const struct tn_event *event, const msgpack_object *object)
{
    const msgpack_object *at = object->via.array.ptr;
    const msgpack_object *actor = at[3].via.array.ptr;

    return event->version == at[0].via.u64 && event->kind == at[1].via.u64 &&
           event->time_us == at[2].via.u64 && event->actor.role == actor[0].via.u64 &&
           memcmp(event->actor.id, actor[1].via.bin.ptr, TN_ID_SIZE) == 0 &&
           event->has_command == (at[4].type != MSGPACK_OBJECT_NIL) &&
           (!event->has_command || memcmp(event->command, at[4].via.bin.ptr, TN_ID_SIZE) == 0) &&
           event->has_cause == (at[5].type != MSGPACK_OBJECT_NIL) &&
           (!event->has_cause || event->cause == at[5].via.u64) &&
           same_record(tn_kind_find(event->kind, event->version)->record,
                       (const char *) &event->body, &at[6]);
}

/* What the tree says of an entry. Its bytes are bounded by the cursor first, as msgpack-c needs it.
 */
static enum tn_status check_tree(struct bench *bench, struct tn_bytes entry)
{
    struct tn_unpack unpack;
    size_t offset = 0;

    tn_unpack_init(&unpack, entry);
    (void) tn_unpack_skip(&unpack);
    if (!tn_unpack_done(&unpack)) {
        return TN_INVALID;
    }
    assert_int_equal(
        msgpack_unpack_next(&bench->tree, (const char *) entry.data, entry.size, &offset),
        MSGPACK_UNPACK_SUCCESS);
    assert_int_equal(offset, entry.size);
    return check_entry(&bench->tree.data);
}

static void compare(struct bench *bench, struct tn_bytes entry)
{
    struct tn_event event;
    struct tn_error error = {0};
    enum tn_status expected = check_tree(bench, entry);
    enum tn_status status;

    tn_arena_reset(&bench->arena);
    status = tn_event_decode(entry, 1, &bench->arena, &event, &error);
    if (status != expected || (status == TN_OK && !same_entry(&event, &bench->tree.data))) {
        char hex[400];

        tn_hex_encode(hex, entry.data, entry.size < 199 ? entry.size : 199);
        fail_msg("%s and %s: %s", tn_status_name(status), tn_status_name(expected), hex);
    }
    bench->seen[status == TN_OK ? 0 : status == TN_UNSUPPORTED ? 1 : 2]++;
}

/* One to three changes of a byte: another one, one less, one more. */
static size_t mutate(struct tn_random *random, uint8_t *bytes, size_t size)
{
    for (uint64_t left = 1 + tn_random_below(random, 3); left > 0 && size > 1; left--) {
        size_t at = (size_t) tn_random_below(random, size);

        switch (tn_random_below(random, 4)) {
        case 0:
            memmove(bytes + at, bytes + at + 1, size - at - 1);
            size--;
            break;
        case 1:
            memmove(bytes + at + 1, bytes + at, size - at);
            bytes[at] = (uint8_t) tn_random_below(random, 256);
            size++;
            break;
        case 2:
            bytes[at] ^= (uint8_t) (1u << tn_random_below(random, 8));
            break;
        default:
            bytes[at] = (uint8_t) tn_random_below(random, 256);
            break;
        }
    }
    return size;
}

static void compare_mutants(void *context, const char *file, struct tn_bytes entry)
{
    struct bench *bench = context;
    uint8_t *changed = malloc(entry.size + 8);

    (void) file;
    assert_non_null(changed);
    compare(bench, entry);
    for (int i = 0; i < MUTANTS_PER_ENTRY; i++) {
        memcpy(changed, entry.data, entry.size);
        compare(bench, tn_bytes(changed, mutate(&bench->random, changed, entry.size)));
    }
    free(changed);
}

static void cursor_and_tree_agree(void **state)
{
    static struct bench bench;

    (void) state;
    tn_arena_init(&bench.arena, (size_t) 16 << 20);
    tn_random_init_seeded(&bench.random, 1, "codec twin", 0);
    msgpack_unpacked_init(&bench.tree);
    assert_true(golden_each(compare_mutants, &bench) > 100);
    print_message("%llu read, %llu unknown, %llu refused\n", (unsigned long long) bench.seen[0],
                  (unsigned long long) bench.seen[1], (unsigned long long) bench.seen[2]);
    assert_true(bench.seen[0] > 1000 && bench.seen[1] > 100 && bench.seen[2] > 1000);
    msgpack_unpacked_destroy(&bench.tree);
    tn_arena_close(&bench.arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cursor_and_tree_agree),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
