/* Projections beside the core ones: brought exactly to a seal, the same as a rebuild, after any
 * end. */
#include "tests/projections/support.h"

#include "projections/beside.h"

static const struct tn_projection *streams(void)
{
    return tn_projection_at(TN_BESIDE_STREAMS);
}

static struct tn_beside *beside_open(struct place *place)
{
    const struct tn_beside_options options = {.store = place->store, .log = place->log};
    struct tn_beside *beside = NULL;
    struct tn_error error = {0};

    MUST(tn_beside_open(&options, &beside, &error), &error);
    return beside;
}

static void root_as_of(struct place *place, uint64_t size, uint8_t root[static TN_HASH_SIZE])
{
    const struct tn_projection *projection = streams();
    struct tn_state views;
    struct tn_error error = {0};
    uint64_t count;

    MUST(tn_views_as_of_list(place->log, &projection, 1, 1, 0, size, &views, &error), &error);
    MUST(tn_rows_root(views.rows[0], &count, root, &error), &error);
    tn_views_close(&views);
}

/* A seal of the lists as the desk makes it: asked for, then appended. */
static void seal(struct place *place, struct tn_beside *beside, uint64_t scope, bool forged)
{
    struct tn_batch *batch = tn_batch_create();
    struct tn_event event;
    struct tn_state_sealed *sealed = &event.body.state_sealed;
    struct tn_error error = {0};
    struct tn_log_head head;

    tn_log_head(place->log, &head);
    synthetic_event(head.size, &event);
    memset(&event.body, 0, sizeof(event.body));
    memset(event.actor.id, 0, TN_ID_SIZE);
    event.kind = TN_KIND_state_sealed;
    sealed->projection = TN_BESIDE_STREAMS;
    sealed->projection_version = streams()->version;
    sealed->scope = scope;
    sealed->upto = head.size - 1;
    MUST(tn_beside_seal(beside, 0, head.size, scope, true, &sealed->rows, sealed->root, &error),
         &error);
    sealed->root[0] ^= forged ? 1 : 0;
    append_events(place, batch, &event, 1);
    tn_batch_destroy(batch);
}

static void seals_are_of_exactly_what_stands_before_them(void **state)
{
    struct place place = {0};
    struct tn_beside *beside;
    struct tn_rebuild_report report;
    struct tn_error error = {0};
    uint8_t root[TN_HASH_SIZE];
    uint8_t again[TN_HASH_SIZE];
    uint64_t rows;
    struct tn_log_head head;

    (void) state;
    place_open(&place);
    beside = beside_open(&place);
    for (unsigned round = 0; round < 5; round++) {
        append_synthetic(&place, 700 + 91 * round);
        tn_log_head(place.log, &head);
        MUST(tn_beside_seal(beside, 0, head.size, 2, true, &rows, root, &error), &error);
        assert_int_equal(tn_beside_position(beside), head.size);
        root_as_of(&place, head.size, again);
        assert_memory_equal(root, again, TN_HASH_SIZE);
        seal(&place, beside, round == 3 ? 2 : 1, false);
    }
    tn_beside_close(beside);
    /* A rebuild compares every seal, and its rows with the live ones. */
    MUST(tn_rebuild(place.store, place.log, 1u << TN_BESIDE_STREAMS, false, NULL, NULL, &report,
                    &error),
         &error);
    assert_true(report.equal[TN_BESIDE_STREAMS]);
    place_destroy(&place);
}

static void they_go_on_where_they_ended_and_keep_what_a_seal_needs(void **state)
{
    struct place place = {0};
    struct tn_beside *beside;
    struct tn_rebuild_report report;
    struct tn_error error = {0};

    (void) state;
    place_open(&place);
    append_synthetic(&place, 900);
    for (unsigned round = 0; round < 4; round++) {
        beside = beside_open(&place);
        seal(&place, beside, 1, false);
        append_synthetic(&place, 400);
        tn_beside_close(beside);
        place_close(&place);
        place_open(&place);
        append_synthetic(&place, 300); /* while nobody folded */
    }
    tn_beside_close(beside_open(&place));
    MUST(tn_rebuild(place.store, place.log, 1u << TN_BESIDE_STREAMS, false, NULL, NULL, &report,
                    &error),
         &error);
    assert_true(report.equal[TN_BESIDE_STREAMS]);
    assert_true(report.rows[TN_BESIDE_STREAMS] > 100);
    place_destroy(&place);
}

static void a_forged_seal_is_found_and_nothing_is_sealed_on_it(void **state)
{
    struct place place = {0};
    struct tn_beside *beside;
    struct tn_rebuild_report report;
    struct tn_error error = {0};
    struct tn_log_head head;
    uint8_t root[TN_HASH_SIZE];
    uint64_t rows;

    (void) state;
    place_open(&place);
    append_synthetic(&place, 500);
    beside = beside_open(&place);
    seal(&place, beside, 1, true);
    tn_log_head(place.log, &head);
    assert_int_equal(tn_beside_seal(beside, 0, head.size, 1, true, &rows, root, &error),
                     TN_UNAVAILABLE);
    assert_int_equal(tn_beside_seal(beside, 0, head.size, 1, false, &rows, root, &error), TN_BUSY);
    tn_beside_close(beside);
    assert_int_equal(tn_rebuild(place.store, place.log, 1u << TN_BESIDE_STREAMS, false, NULL, NULL,
                                &report, &error),
                     TN_MISMATCH);
    place_destroy(&place);
}

static void who_is_far_behind_is_not_waited_for(void **state)
{
    struct place place = {0};
    struct tn_beside *beside;
    struct tn_error error = {0};
    uint8_t root[TN_HASH_SIZE];
    uint64_t rows = 1;

    (void) state;
    place_open(&place);
    append_synthetic(&place, 10);
    beside = beside_open(&place);
    seal(&place, beside, 1, false);
    assert_int_equal(
        tn_beside_seal(beside, 0, 12 + TN_BESIDE_LAG_MAX, 1, false, &rows, root, &error), TN_BUSY);
    assert_int_equal(rows, 0);
    tn_beside_close(beside);
    place_destroy(&place);
}

/* An end must not wait until a whole log is folded, and whoever needs all of it can. */
static void an_end_waits_for_a_step_and_settling_for_all(void **state)
{
    struct place place = {0};
    struct tn_beside *beside;
    struct tn_error error = {0};
    struct tn_log_head head;
    uint64_t position;
    uint32_t version;

    (void) state;
    place_open(&place);
    append_synthetic(&place, 300000);
    tn_log_head(place.log, &head);
    tn_beside_close(beside_open(&place));
    MUST(tn_engine_position(place.store, &tn_projection_streams, &position, &version, &error),
         &error);
    assert_true(position < head.size);
    beside = beside_open(&place);
    MUST(tn_beside_settle(beside, &error), &error);
    assert_int_equal(tn_beside_position(beside), head.size);
    tn_beside_close(beside);
    place_destroy(&place);
}

static void another_version_of_a_fold_begins_anew(void **state)
{
    static const struct tn_projection newer = {"sums", 2, apply_sums};
    const struct tn_projection *list[] = {&sums};
    struct place place = {0};
    struct tn_beside *beside = NULL;
    struct tn_error error = {0};
    uint64_t position;
    uint32_t version;

    (void) state;
    place_open(&place);
    append_synthetic(&place, 600);
    for (unsigned round = 0; round < 2; round++) {
        struct tn_beside_options options = {
            .store = place.store, .log = place.log, .list = list, .count = 1};

        list[0] = round == 0 ? &sums : &newer;
        MUST(tn_beside_open(&options, &beside, &error), &error);
        tn_beside_close(beside);
        MUST(tn_engine_position(place.store, list[0], &position, &version, &error), &error);
        assert_int_equal(position, 600);
        assert_int_equal(version, round + 1);
    }
    place_destroy(&place);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(seals_are_of_exactly_what_stands_before_them),
        cmocka_unit_test(they_go_on_where_they_ended_and_keep_what_a_seal_needs),
        cmocka_unit_test(a_forged_seal_is_found_and_nothing_is_sealed_on_it),
        cmocka_unit_test(who_is_far_behind_is_not_waited_for),
        cmocka_unit_test(an_end_waits_for_a_step_and_settling_for_all),
        cmocka_unit_test(another_version_of_a_fold_begins_anew),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
