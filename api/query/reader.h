/* Readers: committed rows for the threads that answer questions. A pool of them, each for one
 * thread at a time; who needs rows takes one and gives it back.
 *
 * A reader keeps its views open between uses (opening costs some 20 us) and remembers callers and
 * the open window's policy. Whatever could make that wrong (an administrative command, a rebuild's
 * swap) moves the ledger's epoch on, and a reader of another epoch forgets and closes its views,
 * so that rows which a rebuild replaced leave the disk. The pool holds as many
 * readers as threads ever asked at once. */
#ifndef TN_API_QUERY_READER_H
#define TN_API_QUERY_READER_H

#include "api/desk/ledger.h"
#include "ledger/rules/rows.h"
#include "projections/policies.h"

/* Loop threads and pool threads together never come near it. */
#define TN_READERS_MAX 128u
/* Rows of one question. */
#define TN_READER_ARENA_BYTES ((size_t) 16 << 20)
/* Token hashes and officers that a reader remembers, powers of two: 3.5 MB and 1.6 MB. Two whose
 * ids fall on one place are read from the store in turn, so there are many more places than either.
 */
#define TN_READER_TOKENS 65536u
#define TN_READER_OFFICERS 8192u

struct tn_query;

/* A token means one caller for ever; role 0 is a free place. */
struct tn_reader_token {
    uint8_t hash[TN_HASH_SIZE];
    uint8_t id[TN_ID_SIZE];
    uint64_t role;
};

struct tn_reader_officer {
    uint8_t id[TN_ID_SIZE];
    struct tn_officer_row row;
    bool known;
};

struct tn_reader {
    struct tn_query *query;
    struct tn_ledger *ledger;
    struct tn_state views;
    bool open;
    uint64_t epoch; /* of the ledger when what is remembered below was forgotten last */
    struct tn_policies policies;
    bool policies_fresh;                   /* all there are in this epoch */
    const struct tn_policy *window_policy; /* of the window below; NULL: none is known */
    uint64_t window_opens_us;
    uint64_t window_closes_us;
    struct tn_arena arena; /* emptied when the reader is taken */
    struct tn_reader_token *tokens;
    struct tn_reader_officer *officers;
    uint64_t today_minute; /* of the instant that `today` was resolved for */
    uint32_t today_policy;
    uint64_t today;
    struct tn_reader *next;
};

TN_MUST_USE enum tn_status tn_query_open(struct tn_ledger *ledger, struct tn_query **query,
                                         struct tn_error *error);
/* Every reader has been given back. NULL is fine. */
void tn_query_close(struct tn_query *query);

/* Let go of rows that are no longer current, in readers that nobody has taken; the others do when
 * they are given back. Any thread, after the epoch has moved. */
void tn_query_forget(struct tn_query *query);

/* Any thread. On failure there is no reader to give back. */
TN_MUST_USE enum tn_status tn_reader_take(struct tn_query *query, struct tn_reader **reader,
                                          struct tn_error *error);
void tn_reader_give(struct tn_reader *reader);

/* Who a bearer token's SHA-256 belongs to. `*found` false: nobody. */
TN_MUST_USE enum tn_status tn_reader_token(struct tn_reader *reader,
                                           const uint8_t hash[static TN_HASH_SIZE],
                                           struct tn_token_row *row, bool *found,
                                           struct tn_error *error);
TN_MUST_USE enum tn_status tn_reader_officer(struct tn_reader *reader,
                                             const uint8_t officer[static TN_ID_SIZE],
                                             struct tn_officer_row *row, bool *found,
                                             struct tn_error *error);
TN_MUST_USE enum tn_status tn_reader_registration(struct tn_reader *reader,
                                                  const uint8_t registration[static TN_ID_SIZE],
                                                  struct tn_registration_row *row, bool *found,
                                                  struct tn_error *error);
/* The policy under which a command at `now_us` is judged: with `window`, that of the day whose
 * window contains it, so that intake decides the zone by the version the rule will ask for; else
 * the one in force. NULL when there is none. Lives until the reader's pool is closed. */
TN_MUST_USE enum tn_status tn_reader_policy(struct tn_reader *reader, uint64_t now_us, bool window,
                                            const struct tn_policy **policy,
                                            struct tn_error *error);
/* The civil day of an instant in the policy's zone; remembered for the minute. */
TN_MUST_USE enum tn_status tn_reader_today(struct tn_reader *reader, const struct tn_policy *policy,
                                           uint64_t now_us, uint64_t *today,
                                           struct tn_error *error);

#endif
