/* What every engine must answer, run here over the embedded one. */
#include "ledger/log/engine.h"

#include "tests/ledger/log/log_fixture.h"

struct scenario {
    struct fixture f; /* its log is closed: the engine is used alone */
    struct tn_log_engine *engine;
    struct tn_buffer bytes;
};

static void scenario_init(struct scenario *s)
{
    fixture_init(&s->f);
    tn_log_close(s->f.log);
    s->f.log = NULL;
    tn_buffer_init(&s->bytes, 1 << 20);
    assert_ok(tn_log_engine_embedded_open(s->f.store, &s->engine, &s->f.error), &s->f.error);
}

static void scenario_close(struct scenario *s)
{
    s->engine->table->close(s->engine);
    tn_buffer_close(&s->bytes);
    fixture_close(&s->f);
}

static enum tn_status append(struct scenario *s, uint64_t term, uint64_t expected, uint32_t count)
{
    uint8_t root[TN_HASH_SIZE] = {(uint8_t) (expected + count)};
    struct tn_frame_header header = {.first_index = expected,
                                     .count = count,
                                     .term = term,
                                     .first_time_us = 5,
                                     .last_time_us = 6};
    tn_frame_start(&s->bytes);
    for (uint32_t i = 0; i < count; i++) {
        assert_int_equal(tn_frame_add(&s->bytes, tn_bytes("entry", 5)), TN_OK);
    }
    tn_frame_finish(&s->bytes, &header);
    struct tn_log_engine_frame frame = {.bytes = tn_buffer_view(&s->bytes),
                                        .count = count,
                                        .last_time_us = 6,
                                        .root = root,
                                        .batch = s->f.batch};
    tn_batch_reset(s->f.batch);
    return s->engine->table->append(s->engine, term, expected, &frame, TN_SYNCED, &s->f.error);
}

static void only_the_owner_of_the_term_appends_where_it_expects(void **state)
{
    (void) state;
    struct scenario s;
    struct tn_log_engine_head head;
    uint64_t term = 0;
    uint64_t later = 0;
    scenario_init(&s);
    assert_int_equal(append(&s, 0, 0, 1), TN_FENCED); /* nobody acquired */
    assert_ok(s.engine->table->acquire(s.engine, &term, &s.f.error), &s.f.error);
    assert_int_equal(append(&s, term, 1, 1), TN_CONFLICT);
    assert_int_equal(append(&s, term - 1, 0, 1), TN_FENCED);
    assert_ok(s.engine->table->head(s.engine, &head, &s.f.error), &s.f.error);
    assert_int_equal(head.size, 0);
    assert_ok(append(&s, term, 0, 3), &s.f.error);
    assert_int_equal(append(&s, term, 0, 3), TN_CONFLICT); /* a retry of what is there */
    assert_ok(s.engine->table->acquire(s.engine, &later, &s.f.error), &s.f.error);
    assert_true(later > term);
    assert_int_equal(append(&s, term, 3, 1), TN_FENCED);
    assert_ok(append(&s, later, 3, 1), &s.f.error);
    assert_ok(s.engine->table->head(s.engine, &head, &s.f.error), &s.f.error);
    assert_int_equal(head.size, 4);
    assert_int_equal(head.term, later);
    assert_int_equal(head.last_time_us, 6);
    assert_int_equal(head.root[0], 4);
    scenario_close(&s);
}

static void a_term_is_higher_after_every_opening(void **state)
{
    (void) state;
    struct scenario s;
    uint64_t before = 0;
    scenario_init(&s);
    for (int i = 0; i < 3; i++) {
        uint64_t term = 0;
        assert_ok(s.engine->table->acquire(s.engine, &term, &s.f.error), &s.f.error);
        assert_true(term > before);
        before = term;
        s.engine->table->close(s.engine);
        tn_store_close(s.f.store);
        assert_ok(
            tn_store_open(s.f.directory, &(struct tn_store_options){0}, &s.f.store, &s.f.error),
            &s.f.error);
        assert_ok(tn_log_engine_embedded_open(s.f.store, &s.engine, &s.f.error), &s.f.error);
    }
    scenario_close(&s);
}

static void frames_are_read_by_any_of_their_entries(void **state)
{
    (void) state;
    struct scenario s;
    struct tn_buffer found;
    struct tn_frame frame;
    uint64_t term = 0;
    scenario_init(&s);
    tn_buffer_init(&found, 1 << 20);
    assert_ok(s.engine->table->acquire(s.engine, &term, &s.f.error), &s.f.error);
    assert_int_equal(s.engine->table->read(s.engine, 0, &found, &s.f.error), TN_NOT_FOUND);
    assert_ok(append(&s, term, 0, 3), &s.f.error);
    assert_ok(append(&s, term, 3, 2), &s.f.error);
    for (uint64_t index = 0; index < 5; index++) {
        uint64_t first = index < 3 ? 0 : 3;
        assert_ok(s.engine->table->read(s.engine, index, &found, &s.f.error), &s.f.error);
        assert_ok(tn_frame_open(&frame, first, tn_buffer_view(&found), &s.f.error), &s.f.error);
    }
    assert_int_equal(s.engine->table->read(s.engine, 5, &found, &s.f.error), TN_NOT_FOUND);
    assert_int_equal(found.size, 0);
    tn_buffer_close(&found);
    scenario_close(&s);
}

static void what_the_embedded_engine_has_no_use_for_says_so(void **state)
{
    (void) state;
    struct scenario s;
    scenario_init(&s);
    assert_int_equal(s.engine->table->subscribe(s.engine, 0, NULL, NULL, &s.f.error),
                     TN_UNSUPPORTED);
    assert_int_equal(s.engine->table->trim(s.engine, 0, &s.f.error), TN_UNSUPPORTED);
    scenario_close(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_the_owner_of_the_term_appends_where_it_expects),
        cmocka_unit_test(a_term_is_higher_after_every_opening),
        cmocka_unit_test(frames_are_read_by_any_of_their_entries),
        cmocka_unit_test(what_the_embedded_engine_has_no_use_for_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
