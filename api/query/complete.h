/* That a stream's entries are all there are: the newest seal that covers its list, and the list. */
#ifndef TN_API_QUERY_COMPLETE_H
#define TN_API_QUERY_COMPLETE_H

#include "api/http/json_writer.h"
#include "api/query/proofs.h"

/* Entries of one person; a stream with more (an officer's, a port day's) is for `turno prove
 * --row`.
 */
#define TN_COMPLETE_ENTRIES_MAX 16384u

/* Write one value: null when no seal whose leaves are kept covers the stream yet, else an object of
 * `upto` (the last entry that the seal covers), `count`, `indices` (of the stream's entries up to
 * there) and `proof` (projections/state_proof.h: the row of the list under the seal).
 * `seals`: the folder of kept leaves. */
TN_MUST_USE enum tn_status tn_query_complete(struct tn_prover *prover, const char *seals,
                                             const uint8_t stream[static TN_ID_SIZE],
                                             struct tn_json_writer *json, struct tn_error *error);

#endif
