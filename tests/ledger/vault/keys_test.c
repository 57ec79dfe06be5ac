/* The key ring: what is made comes back, what is not ours is refused, damage to one copy is
 * survived. */
#include "tests/ledger/vault/support.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "ledger/base/check.h"
#include "ledger/base/hash.h"
#include "tests/faults.h"

static const char *const files[] = {"ledger/keys", "ledger/keys.2", "ledger/epochs",
                                    "ledger/epochs.2"};
#define SKIPPED 77
static const struct tn_keys_options unlocked = {.allow_unlocked = true};

static enum tn_status create(const struct folder *folder, uint64_t seed,
                             const struct tn_keys_options *options, struct tn_keys **keys,
                             struct tn_error *error)
{
    struct tn_random random;
    tn_random_init_seeded(&random, seed, "keys", 0);
    return tn_keys_create(folder->ledger, &random, options, keys, error);
}

static void make(struct folder *folder, uint64_t seed)
{
    struct tn_keys *keys = NULL;
    struct tn_error error = {0};
    folder_make(folder);
    if (create(folder, seed, &unlocked, &keys, &error) != TN_OK) {
        fail_msg("%s", error.text);
    }
    tn_keys_close(keys);
}

static enum tn_status open_keys(const struct folder *folder, struct tn_error *error)
{
    struct tn_keys *keys = NULL;
    memset(error, 0, sizeof(*error));
    enum tn_status status = tn_keys_open(folder->ledger, &unlocked, &keys, error);
    assert_true((status == TN_OK) == (keys != NULL));
    assert_true(status == TN_OK || error->text[0] != '\0');
    tn_keys_close(keys);
    return status;
}

static void what_is_created_is_opened(void **state)
{
    struct folder folder;
    struct tn_keys *made = NULL;
    struct tn_keys *opened = NULL;
    struct tn_error error = {0};
    char path[PATH_MAX];
    struct stat info;
    (void) state;
    folder_make(&folder);
    const struct tn_keys_options options = {.allow_unlocked = true, .chain_length = 400};
    assert_int_equal(create(&folder, 1, &options, &made, &error), TN_OK);
    assert_int_equal(tn_keys_open(folder.ledger, &unlocked, &opened, &error), TN_OK);
    for (unsigned i = 0; i < TN_KEY_COUNT; i++) {
        const uint8_t *key = tn_keys_get(opened, (enum tn_key) i);
        assert_memory_equal(tn_keys_get(made, (enum tn_key) i), key, TN_KEY_SIZE);
        assert_false(tn_is_zero(key, TN_KEY_SIZE));
        assert_memory_not_equal(key, tn_keys_epoch(opened, 1), TN_KEY_SIZE);
        for (unsigned j = 0; j < i; j++) {
            assert_memory_not_equal(key, tn_keys_get(opened, (enum tn_key) j), TN_KEY_SIZE);
        }
    }
    assert_int_equal(tn_keys_epoch_current(opened), 1);
    assert_memory_equal(tn_keys_epoch(made, 1), tn_keys_epoch(opened, 1), TN_KEY_SIZE);
    assert_null(tn_keys_epoch(opened, 0));
    assert_null(tn_keys_epoch(opened, 2));
    assert_int_equal(tn_keys_chain_length(opened), 400);
    assert_false(tn_keys_simulated(opened));
    assert_int_equal(tn_keys_damaged(opened), 0);
    tn_keys_close(made);
    tn_keys_close(opened);

    /* The root key stands beside the directory, for its owner alone. */
    assert_int_equal(lstat(folder_path(&folder, "ledger.root-key", path), &info), 0);
    assert_int_equal(info.st_mode & 07777, 0400);
    assert_int_equal(info.st_size, 65);
    for (size_t i = 0; i < TN_ARRAY_SIZE(files); i++) {
        assert_int_equal(lstat(folder_path(&folder, files[i], path), &info), 0);
        assert_int_equal(info.st_mode & 0077, 0);
    }
    folder_remove(&folder);
}

static void no_key_stands_in_clear(void **state)
{
    struct folder folder;
    struct tn_keys *keys = NULL;
    struct tn_error error = {0};
    (void) state;
    folder_make(&folder);
    assert_int_equal(create(&folder, 1, &unlocked, &keys, &error), TN_OK);
    for (size_t i = 0; i < TN_ARRAY_SIZE(files); i++) {
        char path[PATH_MAX];
        struct tn_buffer bytes;
        file_read(folder_path(&folder, files[i], path), &bytes);
        for (unsigned k = 0; k < TN_KEY_COUNT; k++) {
            assert_null(memmem(bytes.data, bytes.size, tn_keys_get(keys, (enum tn_key) k), 16));
        }
        assert_null(memmem(bytes.data, bytes.size, tn_keys_epoch(keys, 1), 16));
        tn_buffer_close(&bytes);
    }
    tn_keys_close(keys);
    folder_remove(&folder);
}

static void the_root_key_is_wiped_after_use(void **state)
{
    struct folder folder;
    struct tn_keys *keys = NULL;
    struct tn_error error = {0};
    struct tn_buffer text;
    uint8_t root[TN_KEY_SIZE];
    char path[PATH_MAX];
    (void) state;
    folder_make(&folder);
    assert_int_equal(create(&folder, 1, &unlocked, &keys, &error), TN_OK);
    file_read(folder_path(&folder, "ledger.root-key", path), &text);
    assert_int_equal(tn_hex_decode(tn_bytes(text.data, 64), root, sizeof(root)), TN_OK);
    /* The ring begins a page of its own, and all of it lies there: volatile, or the compiler takes
     * the page for the one key that it begins with. */
    volatile uintptr_t ring = (uintptr_t) tn_keys_get(keys, TN_KEY_VALIDATION);
    assert_int_equal(ring % 4096, 0);
    const uint8_t *page = (const uint8_t *) ring;
    assert_non_null(memmem(page, 4096, tn_keys_epoch(keys, 1), TN_KEY_SIZE));
    assert_null(memmem(page, 4096, root, 16));
    assert_null(memmem(page, 4096, text.data, 16));
    tn_buffer_close(&text);
    tn_keys_close(keys);
    folder_remove(&folder);
}

static void one_seed_gives_one_ring(void **state)
{
    struct folder folders[3];
    static const uint64_t seeds[] = {5, 5, 6};
    struct tn_buffer bytes[3];
    (void) state;
    for (size_t i = 0; i < 3; i++) {
        struct tn_keys *keys = NULL;
        char path[PATH_MAX];
        folder_make(&folders[i]);
        keys_make(&folders[i], seeds[i], &keys);
        assert_true(tn_keys_simulated(keys));
        tn_keys_close(keys);
        /* A simulation keeps everything in its one folder. */
        assert_true(file_exists(folder_path(&folders[i], "ledger/simulated.root-key", path)));
        assert_false(file_exists(folder_path(&folders[i], "ledger.root-key", path)));
        file_read(folder_path(&folders[i], "ledger/keys", path), &bytes[i]);
    }
    assert_true(tn_bytes_equal(tn_buffer_view(&bytes[0]), tn_buffer_view(&bytes[1])));
    assert_false(tn_bytes_equal(tn_buffer_view(&bytes[0]), tn_buffer_view(&bytes[2])));
    for (size_t i = 0; i < 3; i++) {
        tn_buffer_close(&bytes[i]);
        folder_remove(&folders[i]);
    }
}

static void the_root_key_is_for_its_owner_alone(void **state)
{
    static const mode_t modes[] = {0440, 0404, 0410, 0401, 0420, 0402, 0644, 0777};
    struct folder folder;
    struct tn_error error;
    char path[PATH_MAX];
    char other[PATH_MAX];
    (void) state;
    make(&folder, 1);
    folder_path(&folder, "ledger.root-key", path);
    folder_path(&folder, "elsewhere", other);
    for (size_t i = 0; i < TN_ARRAY_SIZE(modes); i++) {
        assert_int_equal(chmod(path, modes[i]), 0);
        assert_int_equal(open_keys(&folder, &error), TN_DENIED);
    }
    assert_int_equal(chmod(path, 0600), 0);
    assert_int_equal(open_keys(&folder, &error), TN_OK);

    assert_int_equal(rename(path, other), 0);
    assert_int_equal(open_keys(&folder, &error), TN_NOT_FOUND);
    assert_int_equal(symlink(other, path), 0);
    assert_int_equal(open_keys(&folder, &error), TN_DENIED);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_int_equal(open_keys(&folder, &error), TN_DENIED);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkdir(path, 0700), 0);
    assert_int_equal(open_keys(&folder, &error), TN_DENIED);
    folder_remove(&folder);
}

static void another_root_key_is_recognised(void **state)
{
    struct folder folder;
    struct tn_error error;
    struct tn_buffer root;
    char path[PATH_MAX];
    (void) state;
    make(&folder, 1);
    folder_path(&folder, "ledger.root-key", path);
    file_read(path, &root);

    root.data[0] = root.data[0] == '0' ? '1' : '0';
    file_write(path, tn_buffer_view(&root), 0400);
    assert_int_equal(open_keys(&folder, &error), TN_DENIED);
    assert_null(strstr(error.text, "damaged"));

    file_write(path, tn_bytes(root.data, root.size - 1), 0400);
    assert_int_equal(open_keys(&folder, &error), TN_DENIED);
    root.data[7] = 'x';
    file_write(path, tn_buffer_view(&root), 0400);
    assert_int_equal(open_keys(&folder, &error), TN_DENIED);
    root.data[7] = '0';
    tn_buffer_append_u8(&root, '\n');
    file_write(path, tn_buffer_view(&root), 0400);
    assert_int_equal(open_keys(&folder, &error), TN_DENIED);
    tn_buffer_close(&root);
    folder_remove(&folder);
}

static void the_root_key_may_be_elsewhere_but_not_inside(void **state)
{
    struct folder folder;
    struct tn_keys *keys = NULL;
    struct tn_error error = {0};
    char path[PATH_MAX];
    (void) state;
    folder_make(&folder);
    struct tn_keys_options options = {.allow_unlocked = true};
    options.root_key_path = folder_path(&folder, "ledger/root", path);
    assert_int_equal(create(&folder, 1, &options, &keys, &error), TN_INVALID);
    assert_null(keys);
    assert_false(file_exists(folder.ledger));
    options.root_key_path = folder_path(&folder, "ledger/../ledger/root", path);
    assert_int_equal(create(&folder, 1, &options, &keys, &error), TN_INVALID);

    options.root_key_path = folder_path(&folder, "my-root", path);
    assert_int_equal(create(&folder, 1, &options, &keys, &error), TN_OK);
    tn_keys_close(keys);
    assert_int_equal(open_keys(&folder, &error), TN_NOT_FOUND);
    assert_int_equal(tn_keys_open(folder.ledger, &options, &keys, &error), TN_OK);
    tn_keys_close(keys);
    folder_remove(&folder);
}

static void nothing_is_ever_overwritten(void **state)
{
    struct folder folder;
    struct tn_keys *keys = NULL;
    struct tn_error error = {0};
    char path[PATH_MAX];
    (void) state;
    make(&folder, 1);
    assert_int_equal(create(&folder, 2, &unlocked, &keys, &error), TN_EXISTS);
    assert_int_equal(open_keys(&folder, &error), TN_OK);
    /* A root key without its ledger may still open a backup. */
    for (size_t i = 0; i < TN_ARRAY_SIZE(files); i++) {
        assert_int_equal(unlink(folder_path(&folder, files[i], path)), 0);
    }
    struct tn_buffer before;
    struct tn_buffer after;
    file_read(folder_path(&folder, "ledger.root-key", path), &before);
    assert_int_equal(create(&folder, 2, &unlocked, &keys, &error), TN_EXISTS);
    assert_null(keys);
    file_read(path, &after);
    assert_true(tn_bytes_equal(tn_buffer_view(&before), tn_buffer_view(&after)));
    tn_buffer_close(&before);
    tn_buffer_close(&after);
    folder_remove(&folder);

    folder_make(&folder);
    assert_int_equal(open_keys(&folder, &error), TN_NOT_FOUND);
    const struct tn_keys_options too_long = {.allow_unlocked = true,
                                             .chain_length = TN_KEYS_CHAIN_LENGTH_MAX + 1};
    assert_int_equal(create(&folder, 1, &too_long, &keys, &error), TN_INVALID);
    folder_remove(&folder);
}

static void one_damaged_copy_is_served_by_the_other(void **state)
{
    (void) state;
    for (size_t i = 0; i < TN_ARRAY_SIZE(files); i++) {
        for (int harm = 0; harm < 6; harm++) {
            static const long offsets[] = {0, 8, 17, 40, -1};
            struct folder folder;
            struct tn_keys *keys = NULL;
            struct tn_error error = {0};
            struct tn_buffer whole;
            struct tn_buffer mended;
            char path[PATH_MAX];
            make(&folder, 1);
            folder_path(&folder, files[i], path);
            file_read(path, &whole);
            if (harm < 5) {
                file_flip(path, offsets[harm]);
            } else {
                assert_int_equal(unlink(path), 0);
            }
            assert_int_equal(tn_keys_open(folder.ledger, &unlocked, &keys, &error), TN_OK);
            assert_int_equal(tn_keys_damaged(keys), 1);
            tn_keys_close(keys);

            const struct tn_keys_options repair = {.allow_unlocked = true, .repair = true};
            assert_int_equal(tn_keys_open(folder.ledger, &repair, &keys, &error), TN_OK);
            tn_keys_close(keys);
            file_read(path, &mended);
            assert_true(tn_bytes_equal(tn_buffer_view(&whole), tn_buffer_view(&mended)));
            assert_int_equal(tn_keys_open(folder.ledger, &unlocked, &keys, &error), TN_OK);
            assert_int_equal(tn_keys_damaged(keys), 0);
            tn_keys_close(keys);
            tn_buffer_close(&whole);
            tn_buffer_close(&mended);
            folder_remove(&folder);
        }
    }
}

static void two_damaged_copies_are_said_plainly(void **state)
{
    struct folder folder;
    struct tn_error error;
    char path[PATH_MAX];
    (void) state;
    make(&folder, 1);
    file_flip(folder_path(&folder, "ledger/keys", path), 50);
    file_flip(folder_path(&folder, "ledger/keys.2", path), 60);
    assert_int_equal(open_keys(&folder, &error), TN_CORRUPT);
    assert_non_null(strstr(error.text, "ledger/keys"));
    assert_non_null(strstr(error.text, "backup"));
    folder_remove(&folder);

    make(&folder, 1);
    file_flip(folder_path(&folder, "ledger/epochs", path), 50);
    assert_int_equal(unlink(folder_path(&folder, "ledger/epochs.2", path)), 0);
    assert_int_equal(open_keys(&folder, &error), TN_CORRUPT);
    assert_int_equal(unlink(folder_path(&folder, "ledger/epochs", path)), 0);
    assert_int_equal(open_keys(&folder, &error), TN_NOT_FOUND);
    folder_remove(&folder);
}

/* Change a byte of both copies and put the right checksum behind, as somebody without the root key
 * could. */
static void forge(const struct folder *folder, const char *name, size_t offset, uint8_t value)
{
    for (unsigned copy = 0; copy < 2; copy++) {
        char relative[64];
        char path[PATH_MAX];
        struct tn_buffer bytes;
        (void) snprintf(relative, sizeof(relative), "ledger/%s%s", name, copy == 0 ? "" : ".2");
        file_read(folder_path(folder, relative, path), &bytes);
        assert_true(offset < bytes.size - 32);
        bytes.data[offset] = (uint8_t) (bytes.data[offset] ^ value);
        tn_sha256(bytes.data + bytes.size - 32, tn_bytes(bytes.data, bytes.size - 32));
        file_write(path, tn_buffer_view(&bytes), 0600);
        tn_buffer_close(&bytes);
    }
}

static void forged_files_do_not_open(void **state)
{
    static const struct {
        const char *name;
        size_t offset;
        uint8_t value;
        enum tn_status status;
    } cases[] = {
        {"keys", 8, 3, TN_UNSUPPORTED}, /* version 2 */
        {"keys", 12, 1, TN_CORRUPT},    /* generation */
        {"keys", 16, 1, TN_DENIED},     /* id of the root key */
        {"keys", 32, 1, TN_CORRUPT},    /* length of the chain */
        {"keys", 36, 1, TN_CORRUPT},    /* nonce */
        {"keys", 100, 1, TN_CORRUPT},   /* a key */
        {"keys", 363, 1, TN_CORRUPT},   /* tag */
        {"epochs", 32, 1, TN_CORRUPT},  /* count */
        {"epochs", 36, 3, TN_CORRUPT},  /* epoch number */
        {"epochs", 70, 1, TN_CORRUPT},  /* the key */
        {"keys", 9, 1, TN_NOT_FOUND},   /* simulated: no root key is in there */
    };
    (void) state;
    for (size_t i = 0; i < TN_ARRAY_SIZE(cases); i++) {
        struct folder folder;
        struct tn_error error;
        make(&folder, 1);
        forge(&folder, cases[i].name, cases[i].offset, cases[i].value);
        enum tn_status status = open_keys(&folder, &error);
        if (status != cases[i].status) {
            fail_msg("%s at %zu: %s (%s)", cases[i].name, cases[i].offset, tn_status_name(status),
                     error.text);
        }
        folder_remove(&folder);
    }
}

static void create_survives_every_fault(void **state)
{
    struct fault_seen points[] = {{.name = "twin.write"},     {.name = "twin.fsync"},
                                  {.name = "twin.rename"},    {.name = "root_key.write"},
                                  {.name = "root_key.fsync"}, {.name = NULL}};
    bool reached = true;
    (void) state;
    for (unsigned nth = 0; reached; nth++) {
        struct folder folder;
        struct tn_keys *keys = NULL;
        struct tn_error error = {0};
        char path[PATH_MAX];
        folder_make(&folder);
        tn_fault_arm(nth);
        enum tn_status status = create(&folder, 1, &unlocked, &keys, &error);
        reached = tn_fault_disarm();
        faults_note(points);
        if (status != TN_OK) {
            assert_null(keys);
            assert_int_equal(status, TN_IO);
            assert_false(file_exists(folder.ledger));
            assert_false(file_exists(folder_path(&folder, "ledger.root-key", path)));
            assert_int_equal(create(&folder, 1, &unlocked, &keys, &error), TN_OK);
        }
        tn_keys_close(keys);
        assert_int_equal(open_keys(&folder, &error), TN_OK);
        folder_remove(&folder);
    }
    assert_null(faults_missed(points));
}

static void open_survives_every_fault(void **state)
{
    struct fault_seen points[] = {{.name = "twin.read"}, {.name = "root_key.read"}, {.name = NULL}};
    bool reached = true;
    struct folder folder;
    (void) state;
    make(&folder, 1);
    for (unsigned nth = 0; reached; nth++) {
        struct tn_error error;
        tn_fault_arm(nth);
        enum tn_status status = open_keys(&folder, &error);
        reached = tn_fault_disarm();
        faults_note(points);
        assert_true(status == TN_OK || status == TN_IO);
        assert_int_equal(open_keys(&folder, &error), TN_OK);
    }
    assert_null(faults_missed(points));
    folder_remove(&folder);
}

static void memory_that_is_not_locked_stops_the_start(void **state)
{
    struct folder folder;
    struct tn_keys *keys = NULL;
    struct tn_error error = {0};
    (void) state;
    make(&folder, 1);
    tn_fault_arm_named("secret.mlock", 0);
    assert_int_equal(tn_keys_open(folder.ledger, NULL, &keys, &error), TN_UNAVAILABLE);
    assert_true(tn_fault_disarm());
    assert_null(keys);
    assert_non_null(strstr(error.text, "RLIMIT_MEMLOCK"));
    tn_fault_arm_named("secret.mlock", 0);
    assert_int_equal(tn_keys_open(folder.ledger, &unlocked, &keys, &error), TN_OK);
    assert_true(tn_fault_disarm());
    assert_false(tn_keys_locked(keys));
    tn_keys_close(keys);
    folder_remove(&folder);
}

/* Runs `child` in a process of its own and returns what it exited with, or -1 after a signal. */
static int in_child(int (*child)(const struct folder *folder), const struct folder *folder)
{
    int result = 0;
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        _exit(child(folder));
    }
    assert_int_equal(waitpid(pid, &result, 0), pid);
    return WIFEXITED(result) ? WEXITSTATUS(result) : -1;
}

static int open_without_lock(const struct folder *folder)
{
    const struct rlimit none = {0, 0};
    struct tn_keys *keys = NULL;
    if (setrlimit(RLIMIT_MEMLOCK, &none) != 0) {
        return 10;
    }
    /* Root may lock in spite of the limit. */
    if (geteuid() == 0 && setresuid(65534, 65534, 65534) != 0) {
        return 11;
    }
    /* Under a sanitizer mlock does nothing and says that it worked. */
    if (mlock(&keys, sizeof(keys)) == 0) {
        return SKIPPED;
    }
    return tn_keys_open(folder->ledger, NULL, &keys, NULL) == TN_UNAVAILABLE ? 0 : 1;
}

static void a_real_refusal_of_mlock_is_seen(void **state)
{
    struct folder folder;
    (void) state;
    make(&folder, 1);
    int result = in_child(open_without_lock, &folder);
    folder_remove(&folder);
    if (result == SKIPPED) {
        print_message("skipped: this process can lock memory whatever its limit\n");
        skip();
    }
    assert_int_equal(result, 0);
}

static int hardened(const struct folder *folder)
{
    struct rlimit limit;
    (void) folder;
    if (tn_keys_harden_process(NULL) != TN_OK || getrlimit(RLIMIT_CORE, &limit) != 0) {
        return 10;
    }
    bool dumpable = prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) != 0;
    return limit.rlim_cur == 0 && limit.rlim_max == 0 && !dumpable ? 0 : 1;
}

static int write_to_ring(const struct folder *folder)
{
    union {
        const uint8_t *read;
        uint8_t *write;
    } key;
    struct tn_keys *keys = NULL;
    (void) prctl(PR_SET_DUMPABLE, 0, 0, 0, 0); /* no core file from this test */
    (void) signal(SIGSEGV, SIG_DFL);           /* cmocka's handler would go on with the next test */
    if (tn_keys_open(folder->ledger, &unlocked, &keys, NULL) != TN_OK) {
        return 0;
    }
    key.read = tn_keys_get(keys, TN_KEY_VALIDATION);
    *(volatile uint8_t *) key.write = 1;
    return 0;
}

static void the_process_is_hardened_and_the_ring_read_only(void **state)
{
    struct folder folder;
    (void) state;
    make(&folder, 1);
    assert_int_equal(in_child(hardened, &folder), 0);
    /* Killed by the guard, or stopped by a sanitizer that reports it. */
    assert_int_not_equal(in_child(write_to_ring, &folder), 0);
    folder_remove(&folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_created_is_opened),
        cmocka_unit_test(no_key_stands_in_clear),
        cmocka_unit_test(the_root_key_is_wiped_after_use),
        cmocka_unit_test(one_seed_gives_one_ring),
        cmocka_unit_test(the_root_key_is_for_its_owner_alone),
        cmocka_unit_test(another_root_key_is_recognised),
        cmocka_unit_test(the_root_key_may_be_elsewhere_but_not_inside),
        cmocka_unit_test(nothing_is_ever_overwritten),
        cmocka_unit_test(one_damaged_copy_is_served_by_the_other),
        cmocka_unit_test(two_damaged_copies_are_said_plainly),
        cmocka_unit_test(forged_files_do_not_open),
        cmocka_unit_test(create_survives_every_fault),
        cmocka_unit_test(open_survives_every_fault),
        cmocka_unit_test(memory_that_is_not_locked_stops_the_start),
        cmocka_unit_test(a_real_refusal_of_mlock_is_seen),
        cmocka_unit_test(the_process_is_hardened_and_the_ring_read_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
