/* The transcript of a day's draw, rebuilt from the log: the pool as its events left it at the
 * close, then the draw itself, then the file (ledger/rules/transcript.h).
 *
 * A finished day's pool rows are gone, so its requests are folded again, from `day_opened` to
 * `pool_closed`; the pool's root in the log says whether that gave the pool that was drawn, and the
 * winners' root whether the draw is the one that was announced. No key is needed: any mode of a
 * ledger. */
#ifndef TN_API_QUERY_TRANSCRIPT_H
#define TN_API_QUERY_TRANSCRIPT_H

#include "ledger/log/log.h"
#include "ledger/rules/transcript.h"
#include "projections/projection.h"

/* Any thread; a busy day takes a second. `views` show the day as completed.
 * TN_NOT_FOUND  there was no such day, or its draw is not complete
 * TN_MISMATCH   what the log says leads to another pool or other winners: the words say which
 * TN_FULL       `out` is too small; TN_TRANSCRIPT_SIZE_MAX suffices */
TN_MUST_USE enum tn_status tn_query_transcript(struct tn_log *log, struct tn_state *views,
                                               uint64_t day, enum tn_transcript_audience audience,
                                               struct tn_buffer *out, struct tn_error *error);

#endif
