#include "tests/ledger/base/unit.h"

#include "tests/ledger/event/sample.h"

struct bench {
    struct tn_arena arena;
    struct tn_buffer bytes;
    struct tn_buffer text;
    struct tn_event event;
    struct tn_error error;
};

static int setup(void **state)
{
    struct bench *bench = calloc(1, sizeof(*bench));

    assert_non_null(bench);
    tn_arena_init(&bench->arena, (size_t) 16 << 20);
    tn_buffer_init(&bench->bytes, (size_t) 1 << 20);
    tn_buffer_init(&bench->text, (size_t) 1 << 20);
    *state = bench;
    return 0;
}

static int teardown(void **state)
{
    struct bench *bench = *state;

    tn_buffer_close(&bench->text);
    tn_buffer_close(&bench->bytes);
    tn_arena_close(&bench->arena);
    free(bench);
    return 0;
}

static enum tn_status decode(struct bench *bench, struct tn_bytes entry)
{
    memset(&bench->event, 0xa5, sizeof(bench->event));
    memset(&bench->error, 0, sizeof(bench->error));
    return tn_event_decode(entry, 77, &bench->arena, &bench->event, &bench->error);
}

static enum tn_status decode_hex(struct bench *bench, const char *hex)
{
    struct tn_bytes text = tn_bytes_from_string(hex);

    tn_buffer_reset(&bench->bytes);
    assert_int_equal(
        tn_hex_decode(text, tn_buffer_extend(&bench->bytes, text.size / 2), text.size / 2), TN_OK);
    return decode(bench, tn_buffer_view(&bench->bytes));
}

static const char *json(struct bench *bench)
{
    tn_buffer_reset(&bench->text);
    if (tn_event_write_json(tn_buffer_view(&bench->bytes), 77, &bench->arena, &bench->text,
                            &bench->error) != TN_OK) {
        assert_int_equal(bench->text.size, 0);
        return NULL;
    }
    tn_buffer_append_u8(&bench->text, '\0');
    return (const char *) bench->text.data;
}

#define ID_A "c410aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define ID_B "c410bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define TIME "cf00060a24181e4000"

static void an_entry_is_what_the_page_says(void **state)
{
    struct bench *bench = *state;
    static const uint64_t ports[] = {2504, 2301};
    struct tn_appointment_requested *body = &bench->event.body.appointment_requested;

    /* By hand from EVENTS.md. */
    const char *hex = "97"
                      "01"
                      "3c" TIME "9201" ID_A ID_B "c0"
                      "84"
                      "00"
                      "84"
                      "01" ID_A "0292cd09c8cd08fd"
                      "0303"
                      "0401"
                      "02cd4cdc"
                      "0304"
                      "04cd4c38";

    bench->event.version = 1;
    bench->event.kind = TN_KIND_appointment_requested;
    bench->event.time_us = 1700000000000000;
    bench->event.actor.role = TN_ROLE_APPLICANT;
    memset(bench->event.actor.id, 0xaa, TN_ID_SIZE);
    bench->event.has_command = true;
    memset(bench->event.command, 0xbb, TN_ID_SIZE);
    memset(body->facts.registration, 0xaa, TN_ID_SIZE);
    body->facts.ports = (struct tn_uints){.items = ports, .count = 2};
    body->facts.zone_version = 3;
    body->facts.zone_result = 1;
    body->day = 19676;
    body->size = 4;
    body->registered_day = 19512;
    tn_event_encode(&bench->event, &bench->text);
    assert_int_equal(decode_hex(bench, hex), TN_OK);
    assert_true(tn_bytes_equal(tn_buffer_view(&bench->text), tn_buffer_view(&bench->bytes)));
    assert_int_equal(bench->event.index, 77);
    assert_int_equal(bench->event.kind, TN_KIND_appointment_requested);
    assert_int_equal(bench->event.body.appointment_requested.facts.ports.count, 2);
    assert_int_equal(bench->event.body.appointment_requested.facts.ports.items[1], 2301);
    assert_int_equal(bench->event.body.appointment_requested.registered_day, 19512);
    assert_true(bench->event.has_command && !bench->event.has_cause);
    assert_string_equal(
        json(bench),
        "{\"index\":77,\"time\":1700000000000000,\"kind\":\"appointment_requested\",\"version\":1,"
        "\"actor\":{\"role\":\"applicant\",\"id\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"},"
        "\"command\":\"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb\",\"cause\":null,\"body\":{\"facts\":"
        "{\"registration\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\",\"ports\":[2504,2301],"
        "\"zone_version\":3,\"zone_result\":1},\"day\":19676,\"size\":4,"
        "\"registered_day\":19512}}");
}

static void what_is_not_an_entry_is_invalid(void **state)
{
    struct bench *bench = *state;
    static const struct {
        const char *label;
        const char *hex;
    } rows[] = {
        {"nothing", ""},
        {"six fields", "9601540092"
                       "00" ID_A "c0c0"},
        {"eight fields", "980154009200" ID_A "c0c080c0"},
        {"a map", "870154009200" ID_A "c0c080"},
        {"a version in two bytes", "97cc0154009200" ID_A "c0c080"},
        {"a version of 33 bits", "97cf000000010000000154009200" ID_A "c0c080"},
        {"a kind of 33 bits", "9701cf0000000100000054009200" ID_A "c0c080"},
        {"a negative time", "970154ff9200" ID_A "c0c080"},
        {"a kind that is nil", "9701c0009200" ID_A "c0c080"},
        {"an actor of three", "970154009300" ID_A "c0c0c080"},
        {"an actor of one", "9701540091" ID_A "c0c080"},
        {"an actor that is nil", "97015400c0c0c080"},
        {"an actor of 15 bytes", "970154009200c40faaaaaaaaaaaaaaaaaaaaaaaaaaaaaac0c080"},
        {"an actor of text", "970154009200b061616161616161616161616161616161c0c080"},
        {"a command of 17 bytes", "970154009200" ID_A "c411aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaac080"},
        {"a command that is a number", "970154009200" ID_A "01c080"},
        {"a cause that is an id", "970154009200" ID_A "c0" ID_A "80"},
        {"a cause below zero", "970154009200" ID_A "c0ff80"},
        {"no body", "970154009200" ID_A "c0c0"},
        {"a body that is nil", "970154009200" ID_A "c0c0c0"},
        {"a body that is an array", "970154009200" ID_A "c0c090"},
        {"a byte after the end", "970154009200" ID_A "c0c08000"},
        {"a body that is cut off", "970154009200" ID_A "c0c08102"},
        {"a zero in the body", "970154009200" ID_A "c0c0810200"},
        {"an unknown kind, not canonical", "9701cd7fff009200" ID_A "c0c08102cc01"},
        {"an unknown kind, an array for a body", "9701cd7fff009200" ID_A "c0c090"},
        {"an unknown kind, a byte after the end", "9701cd7fff009200" ID_A "c0c08000"},
        {"an unknown version, keys descending", "970254009200" ID_A "c0c08203010201"},
        {"an unknown role, a zero body cut off", "97015400920a" ID_A "c0c081"},
        {"an unknown key, nil in a map", "970154009200" ID_A "c0c0810dc0"},
    };

    for (size_t i = 0; i < TN_ARRAY_SIZE(rows); i++) {
        print_message("%s\n", rows[i].label);
        assert_int_equal(decode_hex(bench, rows[i].hex), TN_INVALID);
        assert_int_equal(bench->error.status, TN_INVALID);
        assert_non_null(strstr(bench->error.text, "entry 77"));
        assert_int_equal(bench->event.index, 77);
        assert_int_equal(bench->event.kind, 0);
        assert_true(tn_is_zero(bench->event.actor.id, TN_ID_SIZE));
        assert_true(tn_is_zero(&bench->event.body, sizeof(bench->event.body)));
        assert_null(json(bench));
    }
}

static void what_is_unknown_is_unsupported_with_its_envelope(void **state)
{
    struct bench *bench = *state;
    static const struct {
        const char *label;
        const char *hex;
        uint32_t version;
        uint32_t kind;
        enum tn_role role;
        const char *json; /* of kind, version and role, then of the body */
        const char *body;
    } rows[] = {
        {"kind beyond the list", "9701cd7fff059202" ID_A ID_B "0381050a", 1, 32767, TN_ROLE_HELPER,
         "\"kind\":32767,\"version\":1,\"actor\":{\"role\":\"helper\"", "81050a"},
        {"kind in a gap of the list", "97010a059202" ID_A ID_B "0380", 1, 10, TN_ROLE_HELPER,
         "\"kind\":10,\"version\":1,", "80"},
        {"kind 0", "970100059202" ID_A ID_B "0380", 1, 0, TN_ROLE_HELPER, "\"kind\":0,", "80"},
        {"version 2", "970254059202" ID_A ID_B "0381050a", 2, 84, TN_ROLE_HELPER,
         "\"kind\":84,\"version\":2,", "81050a"},
        {"version 0", "970054059202" ID_A ID_B "0380", 0, 84, TN_ROLE_HELPER,
         "\"kind\":84,\"version\":0,", "80"},
        {"body key", "970154059202" ID_A ID_B "03820263050a", 1, 84, TN_ROLE_HELPER,
         "\"kind\":\"day_voided\",\"version\":1,", "820263050a"},
        {"role", "970154059263" ID_A ID_B "03810263", 1, 84, TN_ROLE_COUNT,
         "\"kind\":\"day_voided\",\"version\":1,\"actor\":{\"role\":99,", "810263"},
        {"refused command",
         "97013f059202" ID_A ID_B "03820080"
         "02cd03e7",
         1, 63, TN_ROLE_HELPER, "\"kind\":\"command_refused\",", "82008002cd03e7"},
        {"key in refused facts",
         "97013f059202" ID_A ID_B "038200810d01"
         "0216",
         1, 63, TN_ROLE_HELPER, "\"kind\":\"command_refused\",", "8200810d010216"},
    };

    for (size_t i = 0; i < TN_ARRAY_SIZE(rows); i++) {
        const char *text;
        char body[100];

        print_message("%s\n", rows[i].label);
        assert_int_equal(decode_hex(bench, rows[i].hex), TN_UNSUPPORTED);
        assert_int_equal(bench->error.status, TN_UNSUPPORTED);
        assert_int_equal(bench->event.index, 77);
        assert_int_equal(bench->event.version, rows[i].version);
        assert_int_equal(bench->event.kind, rows[i].kind);
        assert_int_equal(bench->event.time_us, 5);
        assert_int_equal(bench->event.actor.role, rows[i].role);
        assert_int_equal(bench->event.actor.id[15], 0xaa);
        assert_true(bench->event.has_command && bench->event.has_cause);
        assert_int_equal(bench->event.command[0], 0xbb);
        assert_int_equal(bench->event.cause, 3);
        assert_true(tn_is_zero(&bench->event.body, sizeof(bench->event.body)));
        text = json(bench);
        assert_non_null(text);
        assert_non_null(strstr(text, rows[i].json));
        (void) snprintf(body, sizeof(body), "\"body\":\"%s\"}", rows[i].body);
        assert_non_null(strstr(text, body));
    }
}

static void facts_of_a_refusal_have_one_encoding(void **state)
{
    struct bench *bench = *state;
    const char *text;

    /* request_appointment with ports: canonical; with its zone version written as zero: not. */
    assert_int_equal(decode_hex(bench, "97013f059202" ID_A ID_B "c0830081029119"
                                       "0210"
                                       "030e"),
                     TN_OK);
    text = json(bench);
    assert_non_null(strstr(text, "\"body\":{\"facts\":{\"ports\":[25]},\"command\":16,"
                                 "\"code\":14}}"));
    assert_int_equal(decode_hex(bench, "97013f059202" ID_A ID_B "c08300820291190300"
                                       "0210"
                                       "030e"),
                     TN_INVALID);
    /* Facts with no field at all are an empty map. */
    assert_int_equal(decode_hex(bench, "97013f059202" ID_A ID_B "c083008002"
                                       "10030e"),
                     TN_OK);
    assert_non_null(strstr(json(bench), "\"facts\":{},"));
}

/* Sixteen arrays and maps may lie within each other, the entry's own array among them. */
static void depth_is_bounded(void **state)
{
    struct bench *bench = *state;

    for (unsigned depth = 1; depth <= 20; depth++) {
        char hex[200];
        size_t at = (size_t) snprintf(hex, sizeof(hex), "9701cd7fff009200" ID_A "c0c08101");

        for (unsigned i = 2; i < depth; i++) {
            at += (size_t) snprintf(hex + at, sizeof(hex) - at, "91");
        }
        (void) snprintf(hex + at, sizeof(hex) - at, "01");
        assert_int_equal(decode_hex(bench, hex), depth <= 16 ? TN_UNSUPPORTED : TN_INVALID);
    }
}

static void an_entry_is_at_most_65535_bytes(void **state)
{
    struct bench *bench = *state;
    static const uint8_t zeros[70000];
    struct tn_facts_publish_policy *facts = &bench->event.body.policy_published.facts;
    size_t rest;

    bench->event.kind = TN_KIND_policy_published;
    bench->event.version = 1;
    facts->document = tn_bytes(zeros, 65000);
    tn_event_encode(&bench->event, &bench->bytes);
    rest = bench->bytes.size - 65000;
    for (size_t size = TN_EVENT_BYTES_MAX; size <= TN_EVENT_BYTES_MAX + 1; size++) {
        memset(&bench->event, 0, sizeof(bench->event));
        bench->event.kind = TN_KIND_policy_published;
        bench->event.version = 1;
        facts->document = tn_bytes(zeros, size - rest);
        tn_buffer_reset(&bench->bytes);
        tn_event_encode(&bench->event, &bench->bytes);
        assert_int_equal(bench->bytes.size, size);
        assert_int_equal(decode(bench, tn_buffer_view(&bench->bytes)),
                         size == TN_EVENT_BYTES_MAX ? TN_OK : TN_INVALID);
    }
}

static void the_arena_is_the_limit(void **state)
{
    struct bench *bench = *state;
    struct tn_arena small;

    sample_event(tn_kind_find(TN_KIND_command_refused, 1), SAMPLE_FULL, &bench->arena,
                 &bench->event);
    tn_event_encode(&bench->event, &bench->bytes);
    tn_arena_init(&small, 100);
    memset(&bench->event, 0xa5, sizeof(bench->event));
    assert_int_equal(
        tn_event_decode(tn_buffer_view(&bench->bytes), 77, &small, &bench->event, &bench->error),
        TN_FULL);
    assert_int_equal(bench->event.kind, TN_KIND_command_refused);
    assert_true(tn_is_zero(&bench->event.body, sizeof(bench->event.body)));
    assert_int_equal(
        tn_event_write_json(tn_buffer_view(&bench->bytes), 77, &small, &bench->text, &bench->error),
        TN_FULL);
    assert_int_equal(bench->text.size, 0);
    /* Nobody has to ask for the words. */
    assert_int_equal(
        tn_event_decode(tn_buffer_view(&bench->bytes), 77, &small, &bench->event, NULL), TN_FULL);
    tn_arena_close(&small);
}

static bool is_among(const uint8_t *id, uint8_t streams[TN_EVENT_STREAMS_MAX][TN_ID_SIZE],
                     size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (memcmp(streams[i], id, TN_ID_SIZE) == 0) {
            return true;
        }
    }
    return false;
}

static void an_event_is_found_under_its_streams(void **state)
{
    struct bench *bench = *state;
    uint8_t streams[TN_EVENT_STREAMS_MAX][TN_ID_SIZE];
    uint8_t port_day[TN_ID_SIZE];
    struct tn_run seats[] = {{.date = 19697, .minute = 480, .seats = 2}};
    struct tn_registration_merged *merged = &bench->event.body.registration_merged;
    struct tn_turned_away *turned = &bench->event.body.turned_away;

    bench->event.version = 1;
    bench->event.kind = TN_KIND_registration_merged;
    assert_int_equal(tn_event_streams(&bench->event, streams), 0);
    memset(merged->facts.registration, 1, TN_ID_SIZE);
    memset(merged->facts.other, 2, TN_ID_SIZE);
    memset(bench->event.actor.id, 1, TN_ID_SIZE);
    /* The actor is one of them: no doubles. */
    assert_int_equal(tn_event_streams(&bench->event, streams), 2);
    assert_true(is_among(merged->facts.registration, streams, 2));
    assert_true(is_among(merged->facts.other, streams, 2));
    memset(bench->event.actor.id, 3, TN_ID_SIZE);
    assert_int_equal(tn_event_streams(&bench->event, streams), 3);
    assert_true(is_among(bench->event.actor.id, streams, 3));

    memset(&bench->event.body, 0, sizeof(bench->event.body));
    bench->event.kind = TN_KIND_turned_away;
    turned->port = 2504;
    memset(turned->registration, 4, TN_ID_SIZE);
    assert_int_equal(tn_event_streams(&bench->event, streams), 2);
    turned->seats = (struct tn_run_list){.items = seats, .count = 1};
    assert_int_equal(tn_event_streams(&bench->event, streams), 3);
    tn_port_day_stream(2504, 19697, port_day);
    assert_memory_equal(port_day, "port-day\x09\xc8\x00\x00\x4c\xf1\0\0", TN_ID_SIZE);
    assert_true(is_among(port_day, streams, 3));
    assert_true(is_among(turned->registration, streams, 3));
    assert_true(tn_kind_has_port_day(TN_KIND_turned_away));
    assert_false(tn_kind_has_port_day(TN_KIND_seats_returned));

    /* What is not known has its actor alone. */
    bench->event.kind = 9999;
    assert_int_equal(tn_event_streams(&bench->event, streams), 1);
    assert_true(is_among(bench->event.actor.id, streams, 1));
}

/* Every id that a STREAM field of any kind holds is among the streams: there is room for all. */
static void no_kind_has_more_streams_than_there_is_room_for(void **state)
{
    struct bench *bench = *state;
    const struct tn_kind *kind;

    for (size_t i = 0; (kind = tn_kind_at(i)) != NULL; i++) {
        size_t wanted = 1 + (tn_kind_has_port_day(kind->number) ? 1 : 0);
        uint8_t streams[TN_EVENT_STREAMS_MAX][TN_ID_SIZE];
        const struct tn_field *first = &kind->record->fields[0];

        for (size_t f = 0; f < kind->record->field_count; f++) {
            wanted += kind->record->fields[f].type == TN_FIELD_STREAM ? 1 : 0;
        }
        for (size_t f = 0;
             first->key == 0 && first->type == TN_FIELD_RECORD && f < first->record->field_count;
             f++) {
            wanted += first->record->fields[f].type == TN_FIELD_STREAM ? 1 : 0;
        }
        assert_true(wanted <= TN_EVENT_STREAMS_MAX);
        sample_event(kind, SAMPLE_FULL, &bench->arena, &bench->event);
        assert_int_equal(tn_event_streams(&bench->event, streams), wanted);
    }
}

static void names_and_numbers_are_one_to_one(void **state)
{
    const struct tn_kind *kind;
    uint32_t last = 0;

    (void) state;
    for (size_t i = 0; (kind = tn_kind_at(i)) != NULL; i++) {
        assert_true(kind->number > last); /* ascending, so none twice */
        last = kind->number;
        assert_ptr_equal(tn_kind_find(kind->number, kind->version), kind);
        assert_null(tn_kind_find(kind->number, kind->version + 1));
        assert_ptr_equal(tn_kind_parse(tn_bytes_from_string(kind->name)), kind);
    }
    assert_null(tn_kind_find(0, 1));
    assert_null(tn_kind_find(UINT64_MAX, 1));
    assert_null(tn_kind_find(TN_KIND_LIMIT, 1));
    assert_null(tn_kind_parse(tn_bytes_from_string("no_such_kind")));
    for (unsigned role = 0; role < TN_ROLE_COUNT; role++) {
        assert_int_equal(tn_role_parse(tn_bytes_from_string(tn_role_name(role))), role);
    }
    assert_string_equal(tn_role_name(TN_ROLE_COUNT), "unknown");
    assert_int_equal(tn_role_parse(tn_bytes_from_string("unknown")), TN_ROLE_COUNT);
    assert_null(tn_command_facts(0));
    assert_null(tn_command_facts(TN_COMMAND_LIMIT));
    assert_string_equal(tn_command_name(0), "unknown");
    assert_string_equal(tn_command_name(UINT64_MAX), "unknown");
    assert_ptr_equal(tn_command_facts(TN_COMMAND_validate), &tn_record_facts_validate);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_entry_is_what_the_page_says),
        TEST(what_is_not_an_entry_is_invalid),
        TEST(what_is_unknown_is_unsupported_with_its_envelope),
        TEST(facts_of_a_refusal_have_one_encoding),
        TEST(depth_is_bounded),
        TEST(an_entry_is_at_most_65535_bytes),
        TEST(the_arena_is_the_limit),
        TEST(an_event_is_found_under_its_streams),
        TEST(no_kind_has_more_streams_than_there_is_room_for),
        TEST(names_and_numbers_are_one_to_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
