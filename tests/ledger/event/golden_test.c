#include "tests/ledger/base/unit.h"

#include "tests/ledger/event/golden.h"

struct bench {
    struct tn_arena arena;
    struct tn_buffer again;
    struct tn_buffer text;
    uint64_t decoded; /* changed entries that were still canonical */
    uint64_t refused;
};

static int setup(void **state)
{
    struct bench *bench = calloc(1, sizeof(*bench));

    assert_non_null(bench);
    tn_arena_init(&bench->arena, (size_t) 16 << 20);
    tn_buffer_init(&bench->again, (size_t) 1 << 20);
    tn_buffer_init(&bench->text, (size_t) 1 << 20);
    *state = bench;
    return 0;
}

static int teardown(void **state)
{
    struct bench *bench = *state;

    tn_buffer_close(&bench->text);
    tn_buffer_close(&bench->again);
    tn_arena_close(&bench->arena);
    free(bench);
    return 0;
}

static void make(const struct tn_kind *kind, struct tn_arena *arena, struct tn_buffer *out)
{
    for (unsigned variant = 0; variant < SAMPLE_VARIANTS; variant++) {
        struct tn_event event;
        struct tn_buffer bytes;

        tn_buffer_init(&bytes, TN_EVENT_BYTES_MAX);
        sample_event(kind, (enum sample_variant) variant, arena, &event);
        tn_event_encode(&event, &bytes);
        assert_int_equal(tn_buffer_status(&bytes), TN_OK);
        tn_buffer_append_hex(out, bytes.data, bytes.size);
        tn_buffer_append_u8(out, '\n');
        tn_buffer_close(&bytes);
    }
}

static void write_golden(const char *name, struct tn_bytes text)
{
    char path[300];
    FILE *file;

    (void) snprintf(path, sizeof(path), "%s/%s", GOLDEN_FOLDER, name);
    file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(text.data, 1, text.size, file), text.size);
    assert_int_equal(fclose(file), 0);
}

/* The bytes of today are those of ever: a difference means that old logs would read otherwise. */
static void every_kind_has_its_golden_bytes(void **state)
{
    struct bench *bench = *state;
    const struct tn_kind *kind;

    for (size_t i = 0; (kind = tn_kind_at(i)) != NULL; i++) {
        char name[200];

        (void) snprintf(name, sizeof(name), "%s.%u.hex", kind->name, kind->version);
        tn_arena_reset(&bench->arena);
        tn_buffer_reset(&bench->text);
        tn_buffer_reset(&bench->again);
        make(kind, &bench->arena, &bench->text);
        golden_read(name, &bench->again);
        if (tn_bytes_equal(tn_buffer_view(&bench->text), tn_buffer_view(&bench->again))) {
            continue;
        }
        if (getenv("TURNO_UPDATE") == NULL) {
            fail_msg("%s/%s is not what is written today; TURNO_UPDATE=1 writes it anew",
                     GOLDEN_FOLDER, name);
        }
        write_golden(name, tn_buffer_view(&bench->text));
    }
}

/* RFC 8259, as much of it as we write; the address after the value, or NULL. */
static const char *skip_json(const char *at, unsigned depth);

static const char *skip_string(const char *at)
{
    if (*at++ != '"') {
        return NULL;
    }
    for (; *at != '"'; at++) {
        if (*at == '\\' && (*++at == '\0' || strchr("\"\\/bfnrt", *at) == NULL)) {
            return NULL;
        }
        if ((uint8_t) *at < 0x20) {
            return NULL;
        }
    }
    return at + 1;
}

static const char *skip_number(const char *at)
{
    at += *at == '-' ? 1 : 0;
    if (*at == '0') {
        return at + 1;
    }
    return *at >= '1' && *at <= '9' ? at + strspn(at, "0123456789") : NULL;
}

/* What lies between the brackets of an object or an array. */
static const char *skip_items(const char *at, char end, unsigned depth)
{
    if (*at == end) {
        return at + 1;
    }
    for (;;) {
        if (end == '}') {
            at = skip_string(at);
            if (at == NULL || *at++ != ':') {
                return NULL;
            }
        }
        at = skip_json(at, depth + 1);
        if (at == NULL || *at == end) {
            return at == NULL ? NULL : at + 1;
        }
        if (*at++ != ',') {
            return NULL;
        }
    }
}

static const char *skip_json(const char *at, unsigned depth)
{
    if (depth > 20) {
        return NULL;
    }
    if (*at == '{' || *at == '[') {
        return skip_items(at + 1, *at == '{' ? '}' : ']', depth);
    }
    if (*at == '"') {
        return skip_string(at);
    }
    return strncmp(at, "null", 4) == 0 ? at + 4 : skip_number(at);
}

static bool is_json(const char *text)
{
    const char *end = skip_json(text, 0);

    return end != NULL && *end == '\0';
}

static void the_check_of_json_finds_what_is_wrong(void **state)
{
    static const char *const wrong[] = {"",      "{",        "{\"a\"}", "{\"a\":1,}", "[1,]", "01",
                                        "[1 2]", "\"a\nb\"", "\"\\x\"", "nul",        "{}}"};

    (void) state;
    assert_true(is_json("{\"a\":[1,-2,null,{\"b\":\"c\\\"\\\\\"}],\"d\":{}}"));
    for (size_t i = 0; i < TN_ARRAY_SIZE(wrong); i++) {
        assert_false(is_json(wrong[i]));
    }
}

static void check_json(struct bench *bench, struct tn_bytes entry)
{
    struct tn_error error = {0};

    tn_buffer_reset(&bench->text);
    assert_int_equal(tn_event_write_json(entry, 5, &bench->arena, &bench->text, &error), TN_OK);
    tn_buffer_append_u8(&bench->text, '\0');
    assert_int_equal(tn_buffer_status(&bench->text), TN_OK);
    assert_true(is_json((const char *) bench->text.data));
}

/* Decode, and when it is an entry, encode: the same bytes. */
static enum tn_status come_back(struct bench *bench, struct tn_bytes entry)
{
    struct tn_event event;
    struct tn_error error = {0};
    enum tn_status status;

    tn_arena_reset(&bench->arena);
    status = tn_event_decode(entry, 5, &bench->arena, &event, &error);
    if (status == TN_OK) {
        tn_buffer_reset(&bench->again);
        tn_event_encode(&event, &bench->again);
        assert_true(tn_bytes_equal(tn_buffer_view(&bench->again), entry));
        bench->decoded++;
    } else {
        assert_true(status == TN_INVALID || status == TN_UNSUPPORTED);
        bench->refused++;
    }
    return status;
}

static void check_readable(void *context, const char *file, struct tn_bytes entry)
{
    struct bench *bench = context;
    struct tn_event event;
    struct tn_error error = {0};
    char name[200];

    if (tn_event_decode(entry, 5, &bench->arena, &event, &error) != TN_OK) {
        fail_msg("%s: %s", file, error.text);
    }
    (void) snprintf(name, sizeof(name), "%s.%u.hex", tn_kind_find(event.kind, event.version)->name,
                    event.version);
    assert_string_equal(name, file);
    assert_int_equal(come_back(bench, entry), TN_OK);
    check_json(bench, entry);
}

static void every_golden_entry_is_still_readable(void **state)
{
    size_t kinds = 0;

    while (tn_kind_at(kinds) != NULL) {
        kinds++;
    }
    assert_true(golden_each(check_readable, *state) >= kinds * SAMPLE_VARIANTS);
}

static void check_unchanged(void *context, const char *file, struct tn_bytes entry)
{
    (void) file;
    assert_int_equal(come_back(context, entry), TN_OK);
}

/* before/: entries from before their kind was given more fields. */
static void entries_from_before_a_field_was_added_are_readable(void **state)
{
    assert_int_equal(golden_each_of("before/pool_closed.1.hex", check_unchanged, *state),
                     SAMPLE_VARIANTS);
    assert_int_equal(golden_each_of("before/draw_completed.1.hex", check_unchanged, *state),
                     SAMPLE_VARIANTS);
}

static void change_bytes(void *context, const char *file, struct tn_bytes entry)
{
    static const uint8_t values[] = {0x00, 0x01, 0x7f, 0x80, 0x81, 0x90, 0xa0, 0xc0,
                                     0xc4, 0xcc, 0xcd, 0xcf, 0xd9, 0xdc, 0xde, 0xff};
    uint8_t *changed = malloc(entry.size + 1);

    (void) file;
    assert_non_null(changed);
    memcpy(changed, entry.data, entry.size);
    for (size_t at = 0; at < entry.size; at++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            changed[at] = (uint8_t) (entry.data[at] ^ (1u << bit));
            (void) come_back(context, tn_bytes(changed, entry.size));
        }
        for (size_t i = 0; i < TN_ARRAY_SIZE(values); i++) {
            changed[at] = values[i];
            if (changed[at] != entry.data[at]) {
                (void) come_back(context, tn_bytes(changed, entry.size));
            }
        }
        changed[at] = entry.data[at];
        assert_int_equal(come_back(context, tn_bytes(changed, at)), TN_INVALID);
    }
    changed[entry.size] = 0xc0;
    assert_int_equal(come_back(context, tn_bytes(changed, entry.size + 1)), TN_INVALID);
    free(changed);
}

static void every_change_of_a_byte_is_refused_or_comes_back(void **state)
{
    struct bench *bench = *state;

    (void) golden_each(change_bytes, bench);
    print_message("%llu changed entries decoded, %llu refused\n",
                  (unsigned long long) bench->decoded, (unsigned long long) bench->refused);
    assert_true(bench->decoded > 1000 && bench->refused > 1000);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(every_kind_has_its_golden_bytes),
        TEST(the_check_of_json_finds_what_is_wrong),
        TEST(every_golden_entry_is_still_readable),
        TEST(entries_from_before_a_field_was_added_are_readable),
        TEST(every_change_of_a_byte_is_refused_or_comes_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
