/* Which family a rebuild makes: never one whose name was in use since the store was opened, for a
 * reader in another process would crash on it. */
#include <sys/wait.h>

#include "tests/projections/desk_support.h"

static const struct tn_rebuild_options both = {.list = two, .count = 2, .mask = 3};

/* Ends as a kill does: nothing is dropped, nothing closed. */
static int begin_and_die(const char *directory)
{
    struct tn_rebuild_job *job = NULL;
    struct place place = {0};
    struct tn_error error = {0};

    (void) snprintf(place.directory, sizeof(place.directory), "%s", directory);
    place_open(&place);
    MUST(tn_rebuild_begin(place.store, place.log, &both, &job, &error), &error);
    _exit(families_of(place.store) == 4 ? 0 : 1);
}

/* What `turno state` reads beside a server. */
static int look_beside(const char *directory)
{
    const struct tn_store_options options = {.mode = TN_STORE_SECONDARY};
    struct tn_store *store = NULL;
    struct tn_state views;
    struct roots roots;
    struct tn_error error = {0};

    MUST(tn_store_open(directory, &options, &store, &error), &error);
    MUST(tn_views_open_list(store, two, 2, NULL, &views, &error), &error);
    roots_of(&views, &roots);
    tn_views_close(&views);
    MUST(tn_store_refresh(store, &error), &error);
    tn_store_close(store);
    return roots.rows[0] != 0 && roots.rows[1] != 0 ? 0 : 1;
}

/* In another process of this program: a crash there is an answer here. */
static void assert_done(const struct desk *desk, const char *what, const char *when)
{
    int status = 0;
    pid_t child = fork();

    assert_true(child >= 0);
    if (child == 0) {
        execl("/proc/self/exe", "families_test", desk->place.directory, what, (char *) NULL);
        _exit(2);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        fail_msg("%s, %s: ended by signal %d, exit status %d", what, when,
                 WIFSIGNALED(status) ? WTERMSIG(status) : 0,
                 WIFEXITED(status) ? WEXITSTATUS(status) : 0);
    }
}

static enum tn_status rebuild(struct desk *desk, bool swap_different)
{
    struct tn_rebuild_report report;
    struct tn_rebuild_job *job = NULL;
    struct tn_error error = {0};

    MUST(tn_rebuild_begin(desk->place.store, desk->place.log, &both, &job, &error), &error);
    enum tn_status status = tn_rebuild_finish(job, swap_different, NULL, NULL, &report, &error);
    if (status == TN_OK) {
        MUST(tn_engine_reload(desk->engine, &error), &error);
        MUST(tn_engine_drop_old(desk->place.store, two, 2, &error), &error);
    }
    tn_rebuild_close(job);
    return status;
}

static void assert_current(struct desk *desk, const char *name, const char *family)
{
    struct tn_current current;
    struct tn_error error = {0};
    bool found = false;

    MUST(tn_current_read(desk->place.store, NULL, name, &current, &found, &error), &error);
    assert_true(found);
    assert_string_equal(current.family, family);
}

static void readers_go_on_after_a_rebuild_that_was_cut_and_another(void **state)
{
    struct desk desk = {0};

    (void) state;
    desk_open(&desk);
    desk_run(&desk, 900);
    desk_close(&desk);
    assert_done(&desk, "begin", "before the start");
    desk_open(&desk); /* and with it what was begun is dropped */
    assert_int_equal(families_of(desk.place.store), 2);
    assert_done(&desk, "look", "after the start");
    assert_int_equal(rebuild(&desk, false), TN_OK);
    assert_done(&desk, "look", "after a rebuild");
    assert_current(&desk, "sums", "sums.3");

    /* Another opening knows nothing of what was dropped before it, nor does the manifest. */
    desk_close(&desk);
    assert_done(&desk, "begin", "before another start");
    desk_open(&desk);
    desk_close(&desk);
    desk_open(&desk);
    assert_int_equal(rebuild(&desk, false), TN_OK);
    assert_done(&desk, "look", "after another rebuild");
    assert_current(&desk, "sums", "sums.4");
    desk_destroy(&desk);
}

static void readers_go_on_after_a_rebuild_that_differed_and_another(void **state)
{
    struct tn_family *family = NULL;
    struct desk desk = {0};
    struct tn_error error = {0};

    (void) state;
    desk_open(&desk);
    desk_run(&desk, 900);
    MUST(tn_store_family(desk.place.store, "sums.1", false, &family, &error), &error);
    struct tn_batch *batch = tn_batch_create();
    tn_batch_put(batch, family, tn_bytes("t", 1), tn_bytes("\0\0\0\0\0\0\0\1", 8));
    MUST(tn_store_write(desk.place.store, batch, TN_SYNCED, &error), &error);
    tn_batch_destroy(batch);
    assert_done(&desk, "look", "before any rebuild");
    assert_int_equal(rebuild(&desk, false), TN_MISMATCH);
    assert_int_equal(families_of(desk.place.store), 2);
    assert_done(&desk, "look", "after one that differed");
    assert_int_equal(rebuild(&desk, true), TN_OK);
    assert_int_equal(families_of(desk.place.store), 2);
    assert_done(&desk, "look", "after another");
    assert_current(&desk, "due", "due.3");
    desk_destroy(&desk);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(readers_go_on_after_a_rebuild_that_was_cut_and_another),
        cmocka_unit_test(readers_go_on_after_a_rebuild_that_differed_and_another),
    };

    if (argc == 3) {
        return strcmp(argv[2], "begin") == 0 ? begin_and_die(argv[1]) : look_beside(argv[1]);
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
