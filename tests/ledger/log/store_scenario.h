/* What the tests of the store share: a store in a folder of its own, with one family of rows. */
#ifndef TN_TESTS_LEDGER_LOG_STORE_SCENARIO_H
#define TN_TESTS_LEDGER_LOG_STORE_SCENARIO_H

#include "ledger/log/store.h"
#include "tests/ledger/log/log_fixture.h"

struct scenario {
    char directory[SCRATCH_BYTES];
    struct tn_store *store;
    struct tn_family *family;
    struct tn_batch *batch;
    struct tn_buffer value;
    struct tn_error error;
};

static inline void scenario_init(struct scenario *s)
{
    *s = (struct scenario){0};
    scratch_make(s->directory);
    struct tn_store_options options = {.create = true};
    assert_ok(tn_store_open(s->directory, &options, &s->store, &s->error), &s->error);
    assert_ok(tn_store_family(s->store, "rows@1", true, &s->family, &s->error), &s->error);
    s->batch = tn_batch_create();
    tn_buffer_init(&s->value, 1 << 20);
}

static inline void scenario_reopen(struct scenario *s, const struct tn_store_options *options)
{
    tn_store_close(s->store);
    assert_ok(tn_store_open(s->directory, options, &s->store, &s->error), &s->error);
    assert_ok(tn_store_family(s->store, "rows@1", false, &s->family, &s->error), &s->error);
}

static inline void scenario_close(struct scenario *s)
{
    tn_batch_destroy(s->batch);
    tn_store_close(s->store);
    tn_buffer_close(&s->value);
    scratch_remove(s->directory);
}

static inline void put(struct scenario *s, const char *key, const char *value)
{
    tn_batch_put(s->batch, s->family, tn_bytes_from_string(key), tn_bytes_from_string(value));
}

static inline void write_batch(struct scenario *s)
{
    assert_ok(tn_store_write(s->store, s->batch, TN_SYNCED, &s->error), &s->error);
    tn_batch_reset(s->batch);
}

/* NULL: the key is absent. */
static inline void expect(struct scenario *s, const struct tn_snapshot *snapshot, const char *key,
                          const char *value)
{
    bool found = true;
    assert_ok(tn_store_get(s->store, s->family, snapshot, tn_bytes_from_string(key), &s->value,
                           &found, &s->error),
              &s->error);
    assert_int_equal(found, value != NULL);
    assert_true(tn_bytes_equal_string(tn_buffer_view(&s->value), value != NULL ? value : ""));
}

#endif
