/* The public history of the CBP One programme as policy versions: what turno ships.
 *
 * Every date on which any parameter changed is a version. The table in policy_history.c is the
 * original; ledger/rules/policies/cbp-one.json is written from it for people, and a test keeps the
 * two equal. That file is one object:
 *
 *     "format"     "turno-policy-history-1"
 *     "versions"   [policy, ...] ascending, each the JSON form of ledger/rules/policy_json.c
 *     "incidents"  [{"kind": "port_suspended", "port": integer, "at": instant,
 *                  "resumed": instant or null when it was not published, "note": text}]
 *
 * A version starts at midnight in New York of its date. Pure, any thread.
 * Source: spec/domain.md 3. */
#ifndef TN_LEDGER_RULES_POLICY_HISTORY_H
#define TN_LEDGER_RULES_POLICY_HISTORY_H

#include "ledger/rules/policy.h"

#define TN_POLICY_HISTORY_COUNT 8
/* Index of the first version that may run: the one before it is first come, first served. */
#define TN_POLICY_HISTORY_FIRST_RUNNABLE 1
#define TN_POLICY_HISTORY_NOTES_MAX 32
/* 64 kB each at most; the file is far smaller. */
#define TN_POLICY_HISTORY_JSON_MAX ((size_t) TN_POLICY_HISTORY_COUNT * 65536)

/* Something that happened, not a rule: for the simulator. */
struct tn_policy_incident {
    uint16_t port;       /* suspended; appointments made before are honoured */
    uint64_t at_us;      /* midnight at the port */
    uint64_t resumed_us; /* 0: later, on a date that was not published */
    const char *note;
};

/* Version `index` + 1 of the history, `index` < TN_POLICY_HISTORY_COUNT; ascending in effect. */
void tn_policy_history(size_t index, struct tn_policy *policy);

/* Which of its values one source only reports, or were inferred or chosen; returns how many. */
size_t tn_policy_history_notes(size_t index,
                               struct tn_policy_note notes[static TN_POLICY_HISTORY_NOTES_MAX]);

/* Static. */
const struct tn_policy_incident *tn_policy_history_incidents(size_t *count);

/* Version 1 of a new ledger that is given no policy: the rules of 2024-08-23, the last before the
 * programme's end, in force from `effective_us` (> 0) and without an end. */
void tn_policy_initial(uint64_t effective_us, struct tn_policy *policy);

/* Append the whole file. TN_FULL: over the limit of `out` (TN_POLICY_HISTORY_JSON_MAX suffices). */
TN_MUST_USE enum tn_status tn_policy_history_write_json(struct tn_buffer *out);

#endif
