/* What a reader must find in a log of the fixture's entries, whatever is appended meanwhile. */
#ifndef TN_TESTS_LEDGER_LOG_LOG_LOOK_H
#define TN_TESTS_LEDGER_LOG_LOG_LOOK_H

#include "tests/ledger/log/log_fixture.h"

static inline bool expect_entry(void *context, uint64_t index, struct tn_bytes entry)
{
    struct tn_buffer wanted;
    tn_buffer_init(&wanted, 1024);
    entry_bytes(index, &wanted);
    *(bool *) context = tn_bytes_equal(entry, tn_buffer_view(&wanted));
    tn_buffer_close(&wanted);
    return *(bool *) context;
}

/* One look at everything, from one head: an entry chosen by `chosen`, by every way that leads to
 * it. Any thread: it says what is wrong on stderr and returns false. */
static inline bool look(struct tn_log *log, uint64_t chosen)
{
    struct tn_log_head head;
    struct tn_buffer bytes;
    struct tn_error error = {0};
    uint8_t root[TN_HASH_SIZE];
    uint8_t proof[TN_PROOF_HASHES_MAX * TN_HASH_SIZE];
    uint8_t id[TN_ID_SIZE];
    uint64_t indices[50];
    uint64_t at = 0;
    size_t count = 0;
    bool found = false;
    bool right = true;
    tn_log_head(log, &head);
    if (head.size == 0) {
        return true;
    }
    uint64_t index = mix(chosen) % head.size;
    tn_buffer_init(&bytes, 1 << 20);
    right = tn_log_scan(log, index, index + 20 < head.size ? index + 20 : head.size, expect_entry,
                        &right, &error) == TN_OK &&
            right;
    right = right && tn_log_tile(log, head.size, 0, index / 256, (unsigned) (index % 256) + 1,
                                 &bytes, &error) == TN_OK;
    right = right && tn_log_root(log, index, root, &error) == TN_OK;
    right = right && tn_log_prove_inclusion(log, index, head.size, proof, &count, &error) == TN_OK;
    count = 50;
    stream_id(0, id);
    right = right &&
            tn_log_read_stream(log, id, index, chosen % 2 == 0, indices, &count, &error) == TN_OK;
    uint64_t least = chosen % 2 == 0 ? index : head.size - index; /* more may follow by now */
    right = right && count >= (least < 50 ? least : 50);
    for (size_t i = 0; right && i < count; i++) {
        right = indices[i] == (chosen % 2 == 0 ? index - 1 - i : index + i);
    }
    command_id(index, id);
    right = right && tn_log_find_command(log, id, &at, &found, &error) == TN_OK &&
            found == (index % 2 == 0) && at == (found ? index : 0);
    right = right && tn_log_find_time(log, entry_time(index), &at, &error) == TN_OK &&
            at == index - index % 3;
    tn_buffer_close(&bytes);
    if (!right) {
        fprintf(stderr, "entry %llu of %llu: %zu of its stream, command %s: %s\n",
                (unsigned long long) index, (unsigned long long) head.size, count,
                found ? "found" : "not found", error.text);
    }
    return right;
}

#endif
