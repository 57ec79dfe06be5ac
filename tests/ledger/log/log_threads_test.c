/* Readers on other threads while frames are appended and checkpoints published: whatever they see
 * is a state that was committed, whole. Meant for a thread sanitizer as much as for its own
 * assertions. */
#include <pthread.h>
#include <stdatomic.h>

#include "ledger/log/note.h"
#include "tests/ledger/log/log_look.h"

#define READERS 3
#define SIZE 70000u

struct shared {
    struct tn_log *log;
    struct tn_signer signer;
    atomic_bool stop;
    atomic_uint failures; /* cmocka's assertions belong to the main thread */
    atomic_ulong looks;
};

static void *reader_thread(void *context)
{
    struct shared *shared = context;
    for (uint64_t i = 0; !atomic_load(&shared->stop); i++) {
        if (!look(shared->log, i)) {
            atomic_fetch_add(&shared->failures, 1);
            break;
        }
        atomic_fetch_add(&shared->looks, 1);
    }
    return NULL;
}

static void *publisher_thread(void *context)
{
    struct shared *shared = context;
    struct tn_buffer note;
    uint64_t before = 0;
    tn_buffer_init(&note, TN_NOTE_BYTES_MAX);
    while (!atomic_load(&shared->stop)) {
        uint64_t size = 0;
        if (tn_log_publish(shared->log, &shared->signer, NULL) != TN_OK ||
            tn_log_published(shared->log, &note, &size, NULL) != TN_OK || size < before) {
            atomic_fetch_add(&shared->failures, 1);
            break;
        }
        before = size;
    }
    tn_buffer_close(&note);
    return NULL;
}

static void readers_see_only_what_was_committed(void **state)
{
    (void) state;
    struct fixture f;
    pthread_t threads[READERS + 1];
    static struct shared shared;
    static const uint8_t seed[TN_KEY_SEED_SIZE] = {3};
    fixture_init(&f);
    tn_log_set_durability(f.log, TN_UNSYNCED);
    shared = (struct shared){.log = f.log};
    assert_int_equal(tn_signer_init(&shared.signer, tn_bytes_from_string("example.org/threads"),
                                    TN_KEY_ED25519, seed),
                     TN_OK);
    for (size_t i = 0; i < READERS + 1; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL,
                                        i < READERS ? reader_thread : publisher_thread, &shared),
                         0);
    }
    append_until(&f, SIZE, 100);
    assert_ok(tn_log_settle(f.log, &f.error), &f.error);
    append_until(&f, SIZE + 1000, 100);
    atomic_store(&shared.stop, true);
    for (size_t i = 0; i < READERS + 1; i++) {
        pthread_join(threads[i], NULL);
    }
    assert_int_equal(atomic_load(&shared.failures), 0);
    assert_true(atomic_load(&shared.looks) > 0);
    tn_signer_close(&shared.signer);
    fixture_reopen(&f);
    fixture_close(&f);
}

int main(void)
{
    if (sodium_init() < 0) {
        return 1;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(readers_see_only_what_was_committed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
