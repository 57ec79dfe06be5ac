/* A store that lost what was durable is not opened as if nothing had been (P2). */
#include <glob.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/ledger/log/store_scenario.h"

/* What is left of a damaged ledger is not taken for an empty folder. */
static void a_store_without_its_current_file_is_left_alone(void **state)
{
    (void) state;
    struct scenario s;
    struct tn_store *other = NULL;
    const struct tn_store_options modes[] = {
        {.create = true}, {.create = false}, {.mode = TN_STORE_SECONDARY}};
    char path[300];
    glob_t before;
    glob_t after;
    scenario_init(&s);
    put(&s, "a", "1");
    write_batch(&s);
    assert_ok(tn_store_flush(s.store, &s.error), &s.error);
    tn_store_close(s.store);
    s.store = NULL;
    snprintf(path, sizeof(path), "%s/store/CURRENT", s.directory);
    assert_int_equal(unlink(path), 0);
    snprintf(path, sizeof(path), "%s/store/*", s.directory);
    assert_int_equal(glob(path, 0, NULL, &before), 0);
    for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
        assert_status(tn_store_open(s.directory, &modes[i], &other, &s.error), TN_CORRUPT,
                      &s.error);
    }
    assert_int_equal(glob(path, 0, NULL, &after), 0);
    assert_int_equal(after.gl_pathc, before.gl_pathc);
    globfree(&before);
    globfree(&after);
    scenario_close(&s);
}

/* The WAL of a store whose writer was killed, or has closed: its newest file. */
static void wal_path(const struct scenario *s, char *path, size_t size)
{
    char pattern[300];
    glob_t found;

    snprintf(pattern, sizeof(pattern), "%s/store/*.log", s->directory);
    assert_int_equal(glob(pattern, 0, NULL, &found), 0);
    snprintf(path, size, "%s", found.gl_pathv[found.gl_pathc - 1]);
    globfree(&found);
}

static void write_rows(struct scenario *s, size_t count, enum tn_durability durability)
{
    char key[16];

    for (size_t i = 0; i < count; i++) {
        snprintf(key, sizeof(key), "k%06zu", i);
        put(s, key, "a value of some length, so that records differ in more than their keys");
        assert_ok(tn_store_write(s->store, s->batch, durability, &s->error), &s->error);
        tn_batch_reset(s->batch);
    }
}

enum damage { ONE_BIT, NO_WAL, NO_TAIL };

static void damage_wal(const struct scenario *s, enum damage damage)
{
    char path[400];
    struct stat information;

    wal_path(s, path, sizeof(path));
    assert_int_equal(stat(path, &information), 0);
    if (damage == NO_WAL) {
        assert_int_equal(unlink(path), 0);
    } else if (damage == NO_TAIL) {
        assert_int_equal(truncate(path, information.st_size / 2), 0);
    } else {
        FILE *file = fopen(path, "r+");
        assert_non_null(file);
        assert_int_equal(fseek(file, information.st_size / 3, SEEK_SET), 0);
        int byte = fgetc(file);
        assert_int_equal(fseek(file, information.st_size / 3, SEEK_SET), 0);
        assert_int_equal(fputc(byte ^ 1, file), byte ^ 1);
        assert_int_equal(fclose(file), 0);
    }
}

/* As `turno verify` looks at it; an attachment that RocksDB refuses shows the damage as well. */
static bool whole_beside(struct scenario *s)
{
    const struct tn_store_options beside = {.mode = TN_STORE_SECONDARY};
    struct tn_store *reader = NULL;
    enum tn_status status = tn_store_open(s->directory, &beside, &reader, &s->error);

    if (status == TN_OK) {
        status = tn_store_check_durable(reader, &s->error);
        tn_store_close(reader);
    }
    assert_true(status == TN_OK || status == TN_CORRUPT);
    return status == TN_OK;
}

static atomic_bool over;

static void *write_until_over(void *context)
{
    while (!atomic_load(&over)) {
        write_rows(context, 1, TN_SYNCED);
    }
    return NULL;
}

/* Beside a writer that goes on nothing is missed that was durable before. */
static void readers_beside_a_writer_miss_nothing(void **state)
{
    struct scenario s;
    struct scenario reader = {0};
    pthread_t writer;
    bool whole = true;

    (void) state;
    scenario_init(&s);
    memcpy(reader.directory, s.directory, sizeof(reader.directory));
    atomic_store(&over, false);
    assert_int_equal(pthread_create(&writer, NULL, write_until_over, &s), 0);
    for (int i = 0; whole && i < 12; i++) {
        whole = whole_beside(&reader);
    }
    atomic_store(&over, true);
    assert_int_equal(pthread_join(writer, NULL), 0);
    if (!whole) {
        fail_msg("%s", reader.error.text);
    }
    scenario_close(&s);
}

/* P2: RocksDB alone would open all of these and say nothing. */
static void a_store_that_lost_durable_writes_is_not_opened(void **state)
{
    (void) state;
    for (int damage = ONE_BIT; damage <= NO_TAIL; damage++) {
        for (int synced_each = 0; synced_each < 2; synced_each++) {
            struct scenario s;
            struct tn_store *other = NULL;
            struct tn_store_options open = {0};
            char path[SCRATCH_PATH_BYTES];

            scenario_init(&s);
            write_rows(&s, 300, synced_each ? TN_SYNCED : TN_UNSYNCED);
            if (!synced_each) {
                assert_ok(tn_store_sync(s.store, &s.error), &s.error);
            }
            tn_store_close(s.store);
            s.store = NULL;
            damage_wal(&s, (enum damage) damage);
            assert_false(whole_beside(&s)); /* what reads beside sees it too */
            /* Again and again, for the first opening has made the store whole in itself. */
            for (int i = 0; i < 2; i++) {
                assert_status(tn_store_open(s.directory, &open, &other, &s.error), TN_CORRUPT,
                              &s.error);
                assert_non_null(strstr(s.error.text, "restore from an archive"));
                /* What there was of the WAL is kept once, and only then it is said. */
                assert_int_equal(strstr(s.error.text, "kept beside it in wal-kept;") != NULL,
                                 damage != NO_WAL && i == 0);
            }
            assert_false(whole_beside(&s));
            snprintf(path, sizeof(path), "%s/wal-kept", s.directory);
            assert_int_equal(access(path, F_OK), damage != NO_WAL ? 0 : -1);
            snprintf(path, sizeof(path), "%s/wal-before", s.directory);
            assert_int_equal(access(path, F_OK), -1);
            /* Whoever takes the loss upon themselves. */
            snprintf(path, sizeof(path), "%s/durable", s.directory);
            assert_int_equal(unlink(path), 0);
            assert_ok(tn_store_open(s.directory, &open, &s.store, &s.error), &s.error);
            scenario_close(&s);
        }
    }
}

static bool written_and_killed(struct scenario *s)
{
    const struct tn_store_options create = {.create = true};
    bool written = tn_store_open(s->directory, &create, &s->store, NULL) == TN_OK &&
                   tn_store_family(s->store, "rows@1", true, &s->family, NULL) == TN_OK;

    s->batch = tn_batch_create();
    put(s, "synced", "1");
    written = written && tn_store_write(s->store, s->batch, TN_SYNCED, NULL) == TN_OK;
    tn_batch_reset(s->batch);
    put(s, "bulk", "1");
    for (int i = 0; i < 50; i++) {
        written = written && tn_store_write(s->store, s->batch, TN_NO_WAL, NULL) == TN_OK;
    }
    tn_batch_reset(s->batch);
    return written && tn_store_write(s->store, s->batch, TN_SYNCED, NULL) == TN_OK &&
           tn_store_sync(s->store, NULL) == TN_OK;
}

/* What a power cut may take, and a bulk load that it takes whole, keep nobody from opening. The
 * child is made before this process has threads. */
static void writes_that_were_never_durable_may_be_lost(void **state)
{
    (void) state;
    struct scenario s = {0};
    char path[SCRATCH_PATH_BYTES];
    int result = 0;

    scratch_make(s.directory);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        _exit(written_and_killed(&s) ? 0 : 1); /* nothing is closed */
    }
    assert_int_equal(waitpid(child, &result, 0), child);
    assert_int_equal(result, 0);
    s.batch = tn_batch_create();
    tn_buffer_init(&s.value, 1 << 20);
    assert_ok(tn_store_open(s.directory, &(struct tn_store_options){0}, &s.store, &s.error),
              &s.error);
    assert_ok(tn_store_family(s.store, "rows@1", false, &s.family, &s.error), &s.error);
    expect(&s, NULL, "bulk", NULL);
    expect(&s, NULL, "synced", "1");
    snprintf(path, sizeof(path), "%s/wal-before", s.directory);
    assert_int_equal(access(path, F_OK), -1);
    scenario_close(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_that_were_never_durable_may_be_lost),
        cmocka_unit_test(a_store_without_its_current_file_is_left_alone),
        cmocka_unit_test(a_store_that_lost_durable_writes_is_not_opened),
        cmocka_unit_test(readers_beside_a_writer_miss_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
