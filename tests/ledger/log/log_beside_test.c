/* Readers beside a running writer: another process appends as fast as it can, cuts its index into
 * small segments, flushes and compacts; whatever a secondary sees after a refresh is one committed
 * state, whole. Seconds of the long test: TURNO_BESIDE_S. */
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ledger/base/check.h"
#include "ledger/base/clock.h"
#include "ledger/log/note.h"
#include "tests/ledger/log/log_look.h"
#include "tests/sanitized.h"

#define SECONDS (SANITIZED ? 2 : 4)
/* The writer stops there, so that a fast machine does not fill its disk. */
#define SIZE_MAX_ENTRIES 12000000u
#define LOOKS_A_REFRESH 3u

/* The test's own program is the writer too: RocksDB's threads do not live through a plain fork. */
#define WRITER "writer"

struct pace {
    const char *name;
    uint32_t frame_max;   /* entries of a frame */
    uint64_t segment;     /* about so many entries go to files together; 0: as always */
    uint64_t flush;       /* so many entries between two flushes; 0: none but the store's own */
    uint64_t compact;     /* the same for compactions */
    unsigned readers;     /* threads beside the one that refreshes */
    uint64_t reopen_each; /* rounds */
};

static const struct pace paces[] = {
    {.name = "full speed", .frame_max = 255, .readers = 1, .reopen_each = 60},
    {.name = "segments",
     .frame_max = 60,
     .segment = 3000,
     .flush = 50000,
     .readers = 1,
     .reopen_each = 100},
    {.name = "compactions",
     .frame_max = 60,
     .segment = 5000,
     .flush = 7000,
     .compact = 20000,
     .readers = 1,
     .reopen_each = 50},
};

struct beside {
    struct tn_log *log;
    atomic_bool stop;
    atomic_uint failures;
    atomic_ulong looks;
};

static bool due(uint64_t each, uint64_t before, uint64_t size)
{
    return each != 0 && before / each != size / each;
}

/* The writer's process: it ends with the reader's. */
static int write_for_ever(const char *directory, const struct pace *pace)
{
    struct fixture fixture = {.batch = tn_batch_create()};
    struct fixture *f = &fixture;
    struct tn_signer signer;
    static const uint8_t seed[TN_KEY_SEED_SIZE] = {3};
    struct tn_log_head head = {0};
    bool right = tn_signer_init(&signer, tn_bytes_from_string("example.org/beside"), TN_KEY_ED25519,
                                seed) == TN_OK;
    (void) prctl(PR_SET_PDEATHSIG, SIGKILL);
    snprintf(f->directory, sizeof(f->directory), "%s", directory);
    fixture_open(f, &(struct tn_store_options){.create = true});
    tn_log_set_durability(f->log, TN_UNSYNCED);
    for (uint64_t i = 0; right && head.size < SIZE_MAX_ENTRIES; i++) {
        uint64_t before = head.size;
        right = append_frame(f, 1 + (size_t) (mix(i) % pace->frame_max)) == TN_OK;
        tn_log_head(f->log, &head);
        if (due(pace->segment, before, head.size)) {
            right = right && tn_log_settle(f->log, &f->error) == TN_OK;
        }
        if (due(pace->flush, before, head.size)) {
            right = right && tn_store_flush(f->store, &f->error) == TN_OK;
        }
        if (due(pace->compact, before, head.size)) {
            right = right && tn_store_compact(f->store, &f->error) == TN_OK;
        }
        if (i % 50 == 0) {
            right = right && tn_log_publish(f->log, &signer, &f->error) == TN_OK;
        }
    }
    if (!right) {
        fprintf(stderr, "writer: %s\n", f->error.text);
        return 1;
    }
    for (;;) {
        pause();
    }
}

static void *beside_thread(void *context)
{
    struct beside *beside = context;
    for (uint64_t i = 0; !atomic_load(&beside->stop); i++) {
        if (!look(beside->log, i)) {
            atomic_fetch_add(&beside->failures, 1);
            break;
        }
        atomic_fetch_add(&beside->looks, 1);
    }
    return NULL;
}

struct verifying {
    struct tn_log *log;
    struct tn_tree tree;
    struct tn_buffer tile;
    uint64_t size;
    struct tn_error error;
    bool right;
};

static void verify_tile(void *context, unsigned level, uint64_t index, const uint8_t *hashes)
{
    struct verifying *v = context;
    v->right = v->right &&
               tn_log_tile(v->log, v->size, level, index, 256, &v->tile, &v->error) == TN_OK &&
               memcmp(v->tile.data, hashes, v->tile.size) == 0;
}

static bool verify_entry(void *context, uint64_t index, struct tn_bytes entry)
{
    struct verifying *v = context;
    (void) index;
    tn_tree_append(&v->tree, entry, verify_tile, v);
    return v->right;
}

/* Every entry and every tile, against the head and what is published. */
static void verify(struct tn_log *log)
{
    static struct verifying v;
    struct tn_log_head head;
    struct tn_buffer note;
    uint64_t published = 0;
    uint8_t root[TN_HASH_SIZE];
    v = (struct verifying){.log = log, .right = true};
    tn_log_head(log, &head);
    v.size = head.size;
    tn_tree_init(&v.tree);
    tn_buffer_init(&v.tile, 1 << 14);
    tn_buffer_init(&note, TN_NOTE_BYTES_MAX);
    assert_ok(tn_log_scan(log, 0, head.size, verify_entry, &v, &v.error), &v.error);
    if (!v.right) {
        fail_msg("a tile is not what the entries make: %s", v.error.text);
    }
    tn_tree_root(&v.tree, root);
    assert_memory_equal(root, head.root, TN_HASH_SIZE);
    assert_ok(tn_log_published(log, &note, &published, &v.error), &v.error);
    assert_true(published <= head.size);
    tn_buffer_close(&note);
    tn_buffer_close(&v.tile);
}

static void attach(struct fixture *s)
{
    enum tn_status status = TN_NOT_FOUND;
    struct tn_store_options options = {.mode = TN_STORE_SECONDARY};
    /* At the very first the writer has not made the ledger yet. */
    for (unsigned i = 0; status != TN_OK && i < 5000; i++) {
        status = tn_store_open(s->directory, &options, &s->store, &s->error);
        if (status != TN_OK) {
            usleep(2000);
        }
    }
    assert_ok(status, &s->error);
    assert_ok(tn_log_open(s->store, &s->log, &s->error), &s->error);
}

static uint64_t seconds(void)
{
    const char *text = getenv("TURNO_BESIDE_S");
    return text != NULL ? strtoull(text, NULL, 10) : SECONDS;
}

static void run(const struct pace *pace)
{
    struct fixture f = {0};
    struct beside beside;
    pthread_t threads[4];
    uint64_t rounds = 0;
    uint64_t size = 0;
    scratch_make(f.directory);
    f.batch = tn_batch_create();
    pid_t writer = fork();
    assert_true(writer >= 0);
    if (writer == 0) {
        execl("/proc/self/exe", WRITER, f.directory, pace->name, (char *) NULL);
        _exit(2);
    }
    attach(&f);
    beside = (struct beside){.log = f.log};
    for (unsigned i = 0; i < pace->readers; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, beside_thread, &beside), 0);
    }
    uint64_t until_us = tn_clock_monotonic_us() + seconds() * 1000000;
    bool right = true;
    while (right && tn_clock_monotonic_us() < until_us) {
        struct tn_log_head head;
        assert_ok(tn_log_refresh(f.log, &f.error), &f.error);
        tn_log_head(f.log, &head);
        assert_true(head.size >= size);
        size = head.size;
        for (uint64_t i = 0; right && i < LOOKS_A_REFRESH; i++) {
            right = look(f.log, rounds * LOOKS_A_REFRESH + i);
        }
        if (++rounds % pace->reopen_each == 0) {
            struct fixture other = {0};
            memcpy(other.directory, f.directory, sizeof(other.directory));
            attach(&other);
            right = right && look(other.log, rounds);
            verify(other.log);
            fixture_shut(&other);
        }
    }
    atomic_store(&beside.stop, true);
    for (unsigned i = 0; i < pace->readers; i++) {
        pthread_join(threads[i], NULL);
    }
    verify(f.log);
    int ended = 0;
    assert_int_equal(waitpid(writer, &ended, WNOHANG), 0);
    assert_int_equal(kill(writer, SIGKILL), 0);
    assert_int_equal(waitpid(writer, &ended, 0), writer);
    printf("%llu entries, %llu refreshes, %lu looks on other threads\n", (unsigned long long) size,
           (unsigned long long) rounds, atomic_load(&beside.looks));
    assert_true(right);
    assert_int_equal(atomic_load(&beside.failures), 0);
    assert_true(size > 0);
    fixture_close(&f);
}

static void a_reader_sees_whole_states_of_a_writer_at_full_speed(void **state)
{
    (void) state;
    run(&paces[0]);
}

static void small_segments_move_to_files_under_a_reader(void **state)
{
    (void) state;
    run(&paces[1]);
}

static void files_are_compacted_away_under_a_reader(void **state)
{
    (void) state;
    run(&paces[2]);
}

int main(int argc, char **argv)
{
    if (sodium_init() < 0) {
        return 1;
    }
    for (size_t i = 0; argc == 3 && strcmp(argv[0], WRITER) == 0 && i < TN_ARRAY_SIZE(paces); i++) {
        if (strcmp(argv[2], paces[i].name) == 0) {
            return write_for_ever(argv[1], &paces[i]);
        }
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_reader_sees_whole_states_of_a_writer_at_full_speed),
        cmocka_unit_test(small_segments_move_to_files_under_a_reader),
        cmocka_unit_test(files_are_compacted_away_under_a_reader),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
