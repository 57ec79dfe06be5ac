/* What the files of the transcript share with each other. */
#ifndef TN_LEDGER_RULES_TRANSCRIPT_INTERNAL_H
#define TN_LEDGER_RULES_TRANSCRIPT_INTERNAL_H

#include "ledger/rules/transcript.h"

/* Check the openings of a public file and put its seniority decisions into the input's givens.
 *
 * TN_INVALID  it opens others than its seniority winners
 * TN_FULL     the arena's limit */
TN_MUST_USE enum tn_status tn_transcript_givens(struct tn_transcript *transcript,
                                                struct tn_arena *arena, struct tn_error *error);

#endif
