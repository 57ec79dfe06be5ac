/* Transcripts: the vector of others, both audiences, recomputation, and what the reader refuses. */
#include "tests/ledger/rules/draw_fixture.h"

#include <sodium.h>
#include <stdlib.h>

#define INDEPENDENT "../shared/data/draw-vector-1.json"
#define COMMITTED "tests/golden/draw/"

static struct fixture f;

static int setup(void **state)
{
    (void) state;
    return sodium_init() < 0;
}

/* The whole file; data is NULL when there is none. */
static struct tn_buffer file_read(const char *path)
{
    struct tn_buffer out;
    FILE *file = fopen(path, "rb");
    uint8_t piece[4096];
    size_t size;

    tn_buffer_init(&out, TN_TRANSCRIPT_SIZE_MAX);
    if (file != NULL) {
        while ((size = fread(piece, 1, sizeof(piece), file)) > 0) {
            tn_buffer_append(&out, piece, size);
        }
        (void) fclose(file);
    }
    return out;
}

static enum tn_status recompute(struct tn_bytes file, struct tn_transcript_report *report)
{
    memset(&f.error, 0, sizeof(f.error));
    return tn_transcript_recompute(file, report, &f.error);
}

/* Read, draw again, write: the same bytes; and the public form of it likewise. */
static void roundtrip(struct tn_bytes file)
{
    struct tn_arena arena;
    struct tn_transcript transcript;
    struct tn_draw_result result;
    struct tn_transcript_report report;
    struct tn_buffer again;
    struct tn_buffer public;

    tn_arena_init(&arena, (size_t) 64 << 20);
    tn_buffer_init(&again, TN_TRANSCRIPT_SIZE_MAX);
    tn_buffer_init(&public, TN_TRANSCRIPT_SIZE_MAX);
    if (recompute(file, &report) != TN_OK) {
        fail_msg("%s", f.error.text);
    }
    assert_true(report.same);
    assert_int_equal(tn_transcript_read(file, &arena, &transcript, &f.error), TN_OK);
    assert_int_equal(tn_draw_run(&transcript.input, &arena, &result, &f.error), TN_OK);
    assert_int_equal(
        tn_transcript_write(transcript.audience, &transcript.input, &result, &again, &f.error),
        TN_OK);
    assert_int_equal(again.size, file.size);
    assert_memory_equal(again.data, file.data, file.size);
    if (transcript.audience == TN_TRANSCRIPT_AUDITOR) {
        assert_int_equal(tn_transcript_write(TN_TRANSCRIPT_PUBLIC, &transcript.input, &result,
                                             &public, &f.error),
                         TN_OK);
        roundtrip(tn_buffer_view(&public));
    } else { /* what it does not know it cannot tell an auditor */
        uint32_t hidden = 0;

        for (uint32_t i = 0; i < transcript.input.group_count; i++) {
            hidden += !transcript.input.groups[i].opened;
        }
        assert_int_equal(tn_transcript_write(TN_TRANSCRIPT_AUDITOR, &transcript.input, &result,
                                             &public, &f.error),
                         hidden > 0 ? TN_INVALID : TN_OK);
    }
    tn_buffer_close(&public);
    tn_buffer_close(&again);
    tn_arena_close(&arena);
}

static void vector_of_an_independent_implementation(void **state)
{
    struct tn_buffer file = file_read(INDEPENDENT);

    (void) state;
    if (file.size == 0) {
        print_message("skipped: no vectors\n");
        skip();
    }
    roundtrip(tn_buffer_view(&file));
    tn_buffer_close(&file);
}

static void committed_vectors(void **state)
{
    static const char *const names[] = {
        "solo_day_1",    "solo_day_2",      "hard_day_1",      "hard_day_2",
        "hard_day_3",    "oversubscribed",  "undersubscribed", "sizes_1_to_10",
        "credit_repaid", "empty_line",      "no_groups",       "no_share",
        "whole_share",   "three_witnesses", "nist_pulse",      "manual_draw"};

    (void) state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        char path[128];

        (void) snprintf(path, sizeof(path), COMMITTED "%s.json", names[i]);
        struct tn_buffer file = file_read(path);

        assert_true(file.size > 0);
        roundtrip(tn_buffer_view(&file));
        tn_buffer_close(&file);
    }
}

/* A drawn pool with both kinds of winners at two ports; packing as told. */
static void pool_draw(const char *label, uint8_t packing)
{
    fixture_init(&f, label);
    f.input.packing = packing;
    fixture_port(&f, 2301, 2, 6);
    fixture_port(&f, 2504, 3, 5);
    fixture_groups(&f, 80, 4);
    fixture_draw(&f);
}

static void public_transcript_hides_and_takes_pass_1_as_given(void **state)
{
    struct tn_transcript_report report;

    (void) state;
    for (uint8_t packing = TN_DRAW_STRADDLE; packing <= TN_DRAW_HARD; packing++) {
        pool_draw("public", packing);
        struct tn_buffer file = fixture_transcript(&f, TN_TRANSCRIPT_PUBLIC);
        struct tn_buffer words;
        uint32_t senior = 0;
        uint32_t salts = 0;

        for (uint32_t i = 0; i < f.result.winner_count; i++) {
            senior += f.result.winners[i].basis == TN_DRAW_SENIORITY;
        }
        for (size_t i = 0; i + 6 < file.size; i++) {
            salts += memcmp(file.data + i, "\"salt\"", 6) == 0;
        }
        assert_true(senior > 0 && senior < f.result.winner_count);
        assert_int_equal(salts, senior);
        assert_int_equal(recompute(tn_buffer_view(&file), &report), TN_OK);
        assert_int_equal(report.taken_winners, senior);
        tn_buffer_init(&words, 4096);
        tn_transcript_report_write(&report, &words);
        tn_buffer_append_u8(&words, 0);
        assert_non_null(strstr((const char *) words.data, "taken as given: that the"));
        assert_non_null(strstr((const char *) words.data, "same: root"));
        tn_buffer_close(&words);
        tn_buffer_close(&file);
        fixture_close(&f);
    }
}

/* A public file that lies about pass 1 is caught as far as the public can see: an order by
 * seniority that the openings contradict, a winner beyond the quota, quota left while somebody
 * waits. */
static void public_lies_about_pass_1_are_found(void **state)
{
    static struct tn_draw_given givens[64];
    uint32_t senior[64];
    uint32_t count = 0;

    (void) state;
    pool_draw("lies", TN_DRAW_STRADDLE);
    for (uint32_t i = 0; i < f.result.winner_count; i++) {
        const struct tn_draw_winner *winner = &f.result.winners[i];

        if (winner->basis == TN_DRAW_SENIORITY) {
            memcpy(givens[count].gid, winner->gid, 16);
            givens[count].port = winner->port;
            senior[count++] = winner->group;
        }
    }
    f.input.given = true;
    f.input.givens = givens;
    f.input.given_count = count;
    fixture_draw(&f);

    f.input.given_count = count - 1; /* one fewer: quota is left while groups wait */
    assert_int_equal(fixture_run(&f), TN_MISMATCH);
    assert_non_null(strstr(f.error.text, "quota left"));
    memcpy(givens[count].gid, f.groups[0].gid, 16);
    f.input.given_count = count + 1; /* one more: beyond the quota */
    for (uint32_t g = 0; g < f.input.group_count; g++) {
        bool is_senior = false;

        for (uint32_t i = 0; i < count; i++) {
            is_senior |= senior[i] == g;
        }
        if (!is_senior) {
            memcpy(givens[count].gid, f.groups[g].gid, 16);
            givens[count].port = f.groups[g].ports[0];
            f.groups[g].registered_day = 19999; /* the last in order */
        }
    }
    assert_int_equal(fixture_run(&f), TN_MISMATCH);
    assert_non_null(strstr(f.error.text, "beyond the quota"));
    givens[count] = givens[0]; /* stated twice */
    assert_int_equal(fixture_run(&f), TN_MISMATCH);
    f.input.given_count = count;
    givens[0].port = 9999;
    assert_int_equal(fixture_run(&f), TN_MISMATCH);
    fixture_close(&f);
}

/* Hard packing: one slot of 4; 3 win, 5 find no slot and are held, 1 waits. */
static void public_lies_about_held_groups_are_found(void **state)
{
    static const uint8_t sizes[] = {3, 5, 1};
    struct tn_draw_given givens[2] = {{.port = 2301}, {.port = 2301, .held = true}};

    (void) state;
    fixture_init(&f, "held lies");
    f.input.packing = TN_DRAW_HARD;
    f.input.share_ppm = 1000000;
    fixture_port(&f, 2301, 1, 4);
    fixture_port(&f, 2402, 1, 4);
    for (uint32_t i = 0; i < 3; i++) {
        fixture_group(&f, sizes[i], 2301)->registered_day = 19900 + i;
    }
    fixture_draw(&f);
    uint8_t winners_root[32];
    memcpy(winners_root, f.result.winners_root, 32);
    memcpy(givens[0].gid, f.groups[0].gid, 16);
    memcpy(givens[1].gid, f.groups[1].gid, 16);
    f.input.given = true;
    f.input.givens = givens;
    f.input.given_count = 2;
    fixture_draw(&f); /* the truth */
    assert_memory_equal(winners_root, f.result.winners_root, 32);
    assert_int_equal(f.result.after[0].held_count, 1);

    memcpy(givens[1].gid, f.groups[2].gid, 16); /* it would have found a slot */
    assert_int_equal(fixture_run(&f), TN_MISMATCH);
    memcpy(givens[1].gid, f.groups[1].gid, 16);
    givens[1].port = 2402; /* it never asked for that port */
    assert_int_equal(fixture_run(&f), TN_MISMATCH);
    givens[1].port = 2301;
    f.input.share_ppm = 0; /* without quota nobody is held by seniority */
    f.input.givens = &givens[1];
    f.input.given_count = 1;
    assert_int_equal(fixture_run(&f), TN_MISMATCH);
    f.input.given_count = 0;
    fixture_draw(&f);

    f.input.share_ppm = 1000000;
    f.input.givens = &givens[0];
    f.input.given_count = 1;
    f.groups[0].port_count = 2; /* stated at its second choice while the first has room */
    f.groups[0].ports[1] = 2402;
    givens[0].port = 2402;
    assert_int_equal(fixture_run(&f), TN_MISMATCH);
    assert_non_null(strstr(f.error.text, "comes first at another"));
    fixture_close(&f);
}

static void a_changed_held_group_is_named(void **state)
{
    static const char said[] = "\"basis\": \"lottery\"";
    struct tn_transcript_report report;
    struct tn_buffer changed;

    (void) state;
    fixture_init(&f, "held named");
    f.input.packing = TN_DRAW_HARD;
    f.input.share_ppm = 0;
    fixture_port(&f, 2301, 1, 4);
    fixture_group(&f, 5, 2301);
    fixture_draw(&f);
    assert_int_equal(f.result.after[0].held_count, 1);
    struct tn_buffer file = fixture_transcript(&f, TN_TRANSCRIPT_AUDITOR);
    const uint8_t *at = memmem(file.data, file.size, said, sizeof(said) - 1);

    assert_non_null(at);
    tn_buffer_init(&changed, TN_TRANSCRIPT_SIZE_MAX);
    tn_buffer_append(&changed, file.data, (size_t) (at - file.data));
    tn_buffer_append_string(&changed, "\"basis\": \"seniority\"");
    at += sizeof(said) - 1;
    tn_buffer_append(&changed, at, (size_t) (file.data + file.size - at));
    assert_int_equal(recompute(tn_buffer_view(&changed), &report), TN_MISMATCH);
    assert_string_equal(report.where, "after[0].held basis");
    tn_buffer_close(&changed);
    tn_buffer_close(&file);
    fixture_close(&f);
}

/* Change one value after another in a good file: recomputation names the place. */
static void first_difference_is_named(void **state)
{
    static const struct {
        const char *find;
        const char *replace; /* as long */
        const char *where;
    } rows[] = {
        {"\"root\": \"", "\"root\": \"", "root"},
        {"\"seed\": \"", "\"seed\": \"", "seed"},
        {"\"rank\": 0", "\"rank\": 1", "winners[0].rank"},
        {"\"minute\": 480\n  }", "\"minute\": 481\n  }", "winners[0].minute"},
        {"\"winners_root\": \"", "\"winners_root\": \"", "winners_root"},
        {"\"over\": ", "\"over\": ", "after[0].over"},
        {"\"secret\": \"", "\"secret\": \"", "seed"},
        {"\"size\": ", "\"size\": ", "root"},
    };
    struct tn_transcript_report report;

    (void) state;
    pool_draw("difference", TN_DRAW_STRADDLE);
    struct tn_buffer file = fixture_transcript(&f, TN_TRANSCRIPT_AUDITOR);

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        size_t size = strlen(rows[i].find);
        uint8_t *at = memmem(file.data, file.size, rows[i].find, size);
        uint8_t kept[32];

        assert_non_null(at);
        memcpy(kept, at, sizeof(kept));
        memcpy(at, rows[i].replace, size);
        if (memcmp(kept, at, size) == 0) { /* the value itself: its first digit */
            at[size] = at[size] == '1' ? '2' : '1';
        }
        if (recompute(tn_buffer_view(&file), &report) != TN_MISMATCH ||
            strcmp(report.where, rows[i].where) != 0) {
            fail_msg("%s: %s", rows[i].where, f.error.text);
        }
        assert_false(report.same);
        assert_string_not_equal(report.expected, report.found);
        memcpy(at, kept, sizeof(kept));
    }
    assert_int_equal(recompute(tn_buffer_view(&file), &report), TN_OK);
    tn_buffer_close(&file);
    fixture_close(&f);
}

/* Replace the first `find` of a good file; the reader must refuse the result. */
static void reader_refuses_every_other_form(void **state)
{
    static const char *const rows[][2] = {
        {"turno-draw-1", "turno-draw-2"},
        {"\"auditor\"", "\"Auditor\""},
        {"\"day\": 20000", "\"day\": 020000"},
        {"\"day\": 20000", "\"day\": 2e4"},
        {"\"day\": 20000", "\"day\": -0"},
        {"\"day\": 20000", "\"day\": 99999999999"},
        {"\"day\": 20000", "\"day\": 20000,\n \"day\": 20000"},
        {"\"policy\"", "\"Policy\""},
        {" \"policy\": 1,\n", ""},
        {"\"mode\": 0", "\"mode\": 2"},
        {"\"mode\": 0", "\"mode\":0"},
        {"\"straddle\"", "\"loose\""},
        {"\"pcredit\": 0", "\"pcredit\": -0"},
        {"\"acc\": 0", "\"acc\": 1000000"},
        {"\"minute\": 480", "\"minute\": 1440"},
        {"\"witnesses\": []", "\"witnesses\": [ ]"},
        {"\"raw\": \"\"", "\"raw\": \"0\""},
        {"\"raw\": \"\"", "\"raw\": \"zz\""},
        {"\"gid\": \"", "\"gid\": \"00"},
        {"\"gid\": \"", "\"gid\": \"\\u0030"},
        {"\"flags\": 0", "\"flags\": 0,\n   \"note\": 1"},
        {"\"lottery\"", "\"luck\""},
        {"\n}\n", "\n}"},
        {"\n}\n", "\n}\n\n"},
        {"\n}\n", "\n}\n{}"},
        {"{\n", "\xef\xbb\xbf{\n"},
        {"{\n", "{\r\n"},
    };
    struct tn_transcript_report report;

    (void) state;
    pool_draw("refuse", TN_DRAW_STRADDLE);
    struct tn_buffer file = fixture_transcript(&f, TN_TRANSCRIPT_AUDITOR);

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        size_t size = strlen(rows[i][0]);
        uint8_t *at = memmem(file.data, file.size, rows[i][0], size);
        struct tn_buffer broken;

        assert_non_null(at);
        tn_buffer_init(&broken, TN_TRANSCRIPT_SIZE_MAX);
        tn_buffer_append(&broken, file.data, (size_t) (at - file.data));
        tn_buffer_append_string(&broken, rows[i][1]);
        tn_buffer_append(&broken, at + size, file.size - (size_t) (at - file.data) - size);
        if (recompute(tn_buffer_view(&broken), &report) != TN_INVALID ||
            strstr(f.error.text, "transcript") == NULL) {
            fail_msg("row %zu (%s): %s", i, rows[i][1], f.error.text);
        }
        tn_buffer_close(&broken);
    }
    for (size_t size = 0; size < file.size; size += 1 + size / 40) { /* cut short anywhere */
        assert_int_equal(recompute(tn_bytes(file.data, size), &report), TN_INVALID);
    }
    tn_buffer_close(&file);
    fixture_close(&f);
}

static void reader_refuses_disorder_and_duplicates(void **state)
{
    struct tn_transcript_report report;

    (void) state;
    pool_draw("disorder", TN_DRAW_STRADDLE);
    uint32_t order[80];
    memcpy(order, f.result.order, sizeof(order));
    f.result.order = order;
    for (int duplicate = 0; duplicate < 2; duplicate++) {
        uint32_t first = order[10];

        order[10] = order[11];
        order[11] = duplicate ? order[10] : first;
        struct tn_buffer file = fixture_transcript(&f, TN_TRANSCRIPT_AUDITOR);

        assert_int_equal(recompute(tn_buffer_view(&file), &report), TN_INVALID);
        assert_non_null(strstr(f.error.text, "ascend by gid"));
        tn_buffer_close(&file);
    }
    fixture_close(&f);
}

/* A public file that opens a loser tells too much, and one that hides a senior winner too little.
 */
static void public_opens_exactly_the_seniority_winners(void **state)
{
    static const char *const rows[][3] = {
        /* from, what stands there instead, what the error says */
        {"\"salt\": ",
         "\"attr\": \"0000000000000000000000000000000000000000000000000000000000000000\"",
         "not opened"},
        {"\"attr\": ",
         "\"salt\": \"00000000000000000000000000000000\",\n   \"registered_day\": 19900",
         "opened to the public"},
    };
    struct tn_transcript_report report;

    (void) state;
    pool_draw("openings", TN_DRAW_STRADDLE);
    struct tn_buffer file = fixture_transcript(&f, TN_TRANSCRIPT_PUBLIC);

    for (size_t i = 0; i < 2; i++) {
        const uint8_t *end = file.data + file.size;
        const uint8_t *at = memmem(file.data, file.size, rows[i][0], strlen(rows[i][0]));
        const uint8_t *flags = memmem(at, (size_t) (end - at), ",\n   \"flags\"", 12);
        struct tn_buffer other;

        tn_buffer_init(&other, TN_TRANSCRIPT_SIZE_MAX);
        tn_buffer_append(&other, file.data, (size_t) (at - file.data));
        tn_buffer_append_string(&other, rows[i][1]);
        tn_buffer_append(&other, flags, (size_t) (end - flags));
        assert_int_equal(recompute(tn_buffer_view(&other), &report), TN_INVALID);
        assert_non_null(strstr(f.error.text, rows[i][2]));
        tn_buffer_close(&other);
    }
    tn_buffer_close(&file);
    fixture_close(&f);
}

static enum tn_status sink_fails_at_third(void *context, struct tn_bytes piece)
{
    unsigned *calls = context;

    (void) piece;
    return ++*calls == 3 ? TN_NO_SPACE : TN_OK;
}

static void streaming_gives_pieces_and_stops_at_a_failing_sink(void **state)
{
    unsigned calls = 0;
    struct tn_buffer small;

    (void) state;
    fixture_init(&f, "stream");
    fixture_port(&f, 2301, 2, 6);
    fixture_groups(&f, 2000, 4);
    fixture_draw(&f);
    assert_int_equal(tn_transcript_stream(TN_TRANSCRIPT_AUDITOR, &f.input, &f.result,
                                          sink_fails_at_third, &calls, &f.error),
                     TN_NO_SPACE);
    assert_int_equal(calls, 3);
    tn_buffer_init(&small, 1000);
    assert_int_equal(
        tn_transcript_write(TN_TRANSCRIPT_AUDITOR, &f.input, &f.result, &small, &f.error), TN_FULL);
    tn_buffer_close(&small);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(vector_of_an_independent_implementation),
        cmocka_unit_test(committed_vectors),
        cmocka_unit_test(public_transcript_hides_and_takes_pass_1_as_given),
        cmocka_unit_test(public_lies_about_pass_1_are_found),
        cmocka_unit_test(public_lies_about_held_groups_are_found),
        cmocka_unit_test(a_changed_held_group_is_named),
        cmocka_unit_test(public_opens_exactly_the_seniority_winners),
        cmocka_unit_test(first_difference_is_named),
        cmocka_unit_test(reader_refuses_every_other_form),
        cmocka_unit_test(reader_refuses_disorder_and_duplicates),
        cmocka_unit_test(streaming_gives_pieces_and_stops_at_a_failing_sink),
    };

    return cmocka_run_group_tests(tests, setup, NULL);
}
