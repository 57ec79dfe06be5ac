/* The streams projection: which entries each stream has, as a list that can be sealed. It reads
 * every event and nothing of it but the ids that it is found under. */
#include "projections/streams.h"

#include <string.h>

#include "ledger/base/endian.h"
#include "ledger/base/hash.h"
#include "projections/keys.h"
#include "projections/projection.h"

TN_RECORD_DEFINE(stream_row, TN_LIST_STREAM_ROW)

struct tn_row_key tn_key_stream(const uint8_t stream[static TN_ID_SIZE])
{
    struct tn_row_key key = tn_row_key_begin('s');

    tn_row_key_bytes(&key, stream, TN_ID_SIZE);
    return key;
}

bool tn_stream_row_is_sound(const struct tn_stream_row *row)
{
    return row->count > 0 && row->count - 1 <= row->last &&
           row->peaks.size == (size_t) __builtin_popcountll(row->count) * TN_HASH_SIZE;
}

void tn_stream_root(const struct tn_stream_row *row, uint8_t root[static TN_HASH_SIZE])
{
    size_t at = row->peaks.size - TN_HASH_SIZE;
    uint8_t up[TN_HASH_SIZE];

    memcpy(root, row->peaks.data + at, TN_HASH_SIZE);
    while (at > 0) {
        at -= TN_HASH_SIZE;
        tn_node_hash(up, row->peaks.data + at, root);
        memcpy(root, up, TN_HASH_SIZE);
    }
}

enum tn_status tn_stream_add(struct tn_stream_row *row, uint64_t index,
                             uint8_t peaks[static TN_STREAM_PEAKS_BYTES])
{
    size_t kept = row->peaks.size;
    uint8_t data[8];
    uint8_t hash[TN_HASH_SIZE];
    uint8_t up[TN_HASH_SIZE];

    if (row->count > 0 && (!tn_stream_row_is_sound(row) || index <= row->last)) {
        return TN_CORRUPT;
    }
    tn_put_be64(data, index);
    tn_leaf_hash(hash, tn_bytes(data, sizeof(data)));
    /* A new leaf completes one subtree for every low bit that is set. */
    for (uint64_t bits = row->count; (bits & 1) != 0; bits >>= 1) {
        kept -= TN_HASH_SIZE;
        tn_node_hash(up, row->peaks.data + kept, hash);
        memcpy(hash, up, TN_HASH_SIZE);
    }
    if (kept > 0) {
        memmove(peaks, row->peaks.data, kept);
    }
    memcpy(peaks + kept, hash, TN_HASH_SIZE);
    row->peaks = tn_bytes(peaks, kept + TN_HASH_SIZE);
    row->count++;
    row->last = index;
    return TN_OK;
}

static enum tn_status apply(struct tn_rows *rows, const struct tn_event *event,
                            struct tn_arena *arena, struct tn_error *error)
{
    uint8_t streams[TN_EVENT_STREAMS_MAX][TN_ID_SIZE];
    size_t count = tn_event_streams(event, streams);
    enum tn_status status = TN_OK;

    for (size_t i = 0; status == TN_OK && i < count; i++) {
        uint8_t peaks[TN_STREAM_PEAKS_BYTES];
        struct tn_stream_row row;
        bool found;

        status = TN_READ(rows, tn_key_stream(streams[i]), stream_row, arena, &row, &found, error);
        if (status == TN_OK && tn_stream_add(&row, event->index, peaks) != TN_OK) {
            status = tn_fail(error, TN_CORRUPT, "the list of a stream is not one of its entries");
        }
        if (status == TN_OK) {
            status = TN_WRITE(rows, tn_key_stream(streams[i]), stream_row, &row, error);
        }
    }
    return status;
}

const struct tn_projection tn_projection_streams = {"streams", 1, apply};
