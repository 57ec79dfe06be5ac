/* A ledger that could not be made: what stays behind, and what is advised. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <cmocka.h>

#include "tests/api/ledger_support.h"
#include "tests/scratch.h"

#define FOREIGN "not of this ledger\n"

struct scene {
    char base[SCRATCH_BYTES];
    char directory[80]; /* not there yet */
    char root_key[96];
    struct tn_policy policy;
    struct tn_error error;
};

static void scene_open(struct scene *scene)
{
    memset(scene, 0, sizeof(*scene));
    TN_CHECK(sodium_init() >= 0);
    scratch_make(scene->base);
    (void) snprintf(scene->directory, sizeof(scene->directory), "%s/ledger", scene->base);
    (void) snprintf(scene->root_key, sizeof(scene->root_key), "%s.root-key", scene->directory);
    tn_policy_initial(MORNING_US - TN_DAY_US, &scene->policy);
}

static void scene_close(struct scene *scene)
{
    scratch_remove(scene->base);
}

static enum tn_status create(struct scene *scene)
{
    const struct tn_genesis genesis = {.policy = &scene->policy, .allow_unlocked = true};

    return tn_ledger_create(scene->directory, &genesis, &scene->error);
}

static enum tn_status open_it(struct scene *scene)
{
    const struct tn_ledger_options options = {.mode = TN_LEDGER_DESK, .allow_unlocked = true};
    struct tn_ledger *ledger = NULL;
    enum tn_status status = tn_ledger_open(scene->directory, &options, &ledger, &scene->error);

    tn_ledger_close(ledger);
    return status;
}

static bool exists(const char *path)
{
    struct stat about;

    return lstat(path, &about) == 0;
}

static void write_foreign(const struct scene *scene)
{
    int file = open(scene->root_key, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0400);

    TN_CHECK(file >= 0 && write(file, FOREIGN, sizeof(FOREIGN) - 1) == sizeof(FOREIGN) - 1);
    (void) close(file);
}

static void assert_foreign_is_left_alone(const struct scene *scene)
{
    char text[sizeof(FOREIGN)] = {0};
    int file = open(scene->root_key, O_RDONLY | O_CLOEXEC);

    assert_true(file >= 0 && read(file, text, sizeof(text)) == sizeof(FOREIGN) - 1);
    assert_string_equal(text, FOREIGN);
    (void) close(file);
}

static void beside_a_foreign_root_key_nothing_is_made(void **state)
{
    struct scene scene;

    (void) state;
    scene_open(&scene);
    write_foreign(&scene);
    assert_int_equal(create(&scene), TN_EXISTS);
    assert_non_null(strstr(scene.error.text, scene.root_key));
    assert_false(exists(scene.directory));
    assert_foreign_is_left_alone(&scene);
    (void) remove(scene.root_key);
    MUST(create(&scene), &scene.error);
    MUST(open_it(&scene), &scene.error);
    scene_close(&scene);
}

static void where_no_store_can_be_made_no_keys_stay(void **state)
{
    struct scene scene;
    char store[96];
    int file;

    (void) state;
    scene_open(&scene);
    (void) snprintf(store, sizeof(store), "%s/store", scene.directory);
    TN_CHECK(mkdir(scene.directory, 0700) == 0);
    file = open(store, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    TN_CHECK(file >= 0 && close(file) == 0);
    assert_int_equal(create(&scene), TN_IO);
    assert_false(tn_keys_exist(scene.directory));
    assert_false(exists(scene.root_key));
    (void) remove(store);
    MUST(create(&scene), &scene.error);
    scene_close(&scene);
}

/* As a version before left it behind, or a power cut. */
static void make_empty_store(struct scene *scene)
{
    const struct tn_store_options options = {.mode = TN_STORE_WRITER, .create = true};
    struct tn_store *store = NULL;

    MUST(tn_store_open(scene->directory, &options, &store, &scene->error), &scene->error);
    tn_store_close(store);
}

static void a_store_without_keys_gets_none_and_names_no_root_key(void **state)
{
    struct scene scene;

    (void) state;
    scene_open(&scene);
    write_foreign(&scene);
    make_empty_store(&scene);
    assert_int_equal(create(&scene), TN_EXISTS);
    assert_false(tn_keys_exist(scene.directory));
    assert_int_equal(open_it(&scene), TN_NOT_FOUND);
    assert_non_null(strstr(scene.error.text, "remove the directory"));
    assert_null(strstr(scene.error.text, "root key"));
    (void) remove(scene.root_key);
    assert_int_equal(create(&scene), TN_EXISTS);
    assert_false(exists(scene.root_key));
    scene_close(&scene);
}

static void with_keys_the_advice_names_their_root_key(void **state)
{
    const struct tn_keys_options options = {.allow_unlocked = true};
    struct tn_keys *keys = NULL;
    struct tn_random random;
    struct scene scene;

    (void) state;
    scene_open(&scene);
    tn_random_init_system(&random);
    MUST(tn_keys_create(scene.directory, &random, &options, &keys, &scene.error), &scene.error);
    tn_keys_close(keys);
    make_empty_store(&scene);
    assert_int_equal(open_it(&scene), TN_NOT_FOUND);
    assert_non_null(strstr(scene.error.text, "with its root key"));
    scene_close(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(beside_a_foreign_root_key_nothing_is_made),
        cmocka_unit_test(where_no_store_can_be_made_no_keys_stay),
        cmocka_unit_test(a_store_without_keys_gets_none_and_names_no_root_key),
        cmocka_unit_test(with_keys_the_advice_names_their_root_key),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
