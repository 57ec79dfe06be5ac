/* Lists of one's own: for every stream (a registration, an officer, a port day) the RFC 6962 list
 * of the indices of its entries, in log order. Its count and root, sealed with the rows of the
 * projection `streams`, make "these are all n events about you up to entry U" checkable: the list
 * says which entries, the log's own tree says what they are.
 *
 * A leaf's data is BE64 index (8 bytes). Pure. */
#ifndef TN_PROJECTIONS_STREAMS_H
#define TN_PROJECTIONS_STREAMS_H

#include "ledger/event/record.h"
#include "projections/rows.h"

/* streams, 's' || stream16. `last` is the index of the newest entry; `peaks` are the roots of the
 * perfect subtrees that `count` leaves fall into, the largest first, 32 bytes each. */
#define TN_LIST_STREAM_ROW(F, S)                                                                   \
    F(S, 1, UINT, count, _)                                                                        \
    F(S, 2, UINT, last, _)                                                                         \
    F(S, 3, BYTES, peaks, _)
TN_RECORD_DECLARE(stream_row, TN_LIST_STREAM_ROW)

struct tn_row_key tn_key_stream(const uint8_t stream[static TN_ID_SIZE]);

/* Whether count, last and peaks can belong together. */
bool tn_stream_row_is_sound(const struct tn_stream_row *row);
/* The root of the list that a sound row stands for. */
void tn_stream_root(const struct tn_stream_row *row, uint8_t root[static TN_HASH_SIZE]);
/* Add an entry to a list: `row` becomes one that points into `peaks`.
 * TN_CORRUPT  the row is not sound, or the entry does not come after its last */
#define TN_STREAM_PEAKS_BYTES (64 * TN_HASH_SIZE)
TN_MUST_USE enum tn_status tn_stream_add(struct tn_stream_row *row, uint64_t index,
                                         uint8_t peaks[static TN_STREAM_PEAKS_BYTES]);

#endif
