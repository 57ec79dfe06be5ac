/* The log's side of its witnesses (spec/log.md 5): asks each for its cosignature of the newest
 * checkpoint, adds what verifies to it, says whether they are enough, and raises the alarm when one
 * of them holds another history.
 *
 * A thread of its own does all of it. While it runs:
 *
 *   round      one checkpoint goes to every witness that is not busy with an earlier one: the
 *              published one, or where publication is held back the committed head
 *   answer     200: known cosignatures are added to the published checkpoint if it is still this
 *              one. 409: once more, proved from the size that the witness says. 422, or a size that
 *              was never committed: `fork_seen`. 400, 403, 404: `alarm_raised`, once a day. All
 *              else changes nothing and is tried again, more and more slowly.
 *   quorum     the checkpoint with its cosignatures is kept (tn_log_keep_cosigned), and published
 *              where it was held back */
#ifndef TN_API_REMOTE_WITNESSES_H
#define TN_API_REMOTE_WITNESSES_H

#include "api/desk/ledger.h"
#include "ledger/log/witness_policy.h"

struct tn_witnesses;

struct tn_witnesses_options {
    const char *policy_path; /* the trust policy file */
    const char *ca_file;     /* who may vouch for https; NULL: those of the system */
    unsigned interval_ms;    /* between rounds; 0: 1 s, 200 ms where publication is held back */
    unsigned timeout_ms;     /* of one call; 0: 10 s */
};

/* The ledger is open with its desk and lives longer; it says whether publication is held back.
 * TN_INVALID  not a policy, or one for another log */
TN_MUST_USE enum tn_status tn_witnesses_open(struct tn_ledger *ledger,
                                             const struct tn_witnesses_options *options,
                                             struct tn_witnesses **witnesses,
                                             struct tn_error *error);
/* Ends calls under way and the thread. NULL is fine. Before the ledger's desk is closed. */
void tn_witnesses_close(struct tn_witnesses *witnesses);

#define TN_WITNESS_WORDS_MAX 160

struct tn_witness_state {
    char name[TN_WITNESS_POLICY_NAME_MAX + 1]; /* in the policy */
    char key_name[TN_NAME_BYTES_MAX + 1];
    uint8_t id[TN_ID_SIZE];           /* tn_witness_id */
    bool asked;                       /* it has a URL */
    uint64_t size;                    /* that it cosigned last, as far as known */
    uint64_t time_s;                  /* of its newest cosignature; 0: none since the start */
    uint64_t failures;                /* in a row */
    bool fork;                        /* it holds another history */
    char words[TN_WITNESS_WORDS_MAX]; /* of its last answer */
};

struct tn_witnesses_state {
    bool held_back;
    bool quorum_met;        /* by the newest checkpoint that was sent */
    uint64_t size;          /* of that checkpoint */
    uint64_t cosigned_size; /* of the newest that met the quorum */
    uint64_t signed_count;  /* cosignatures of that checkpoint so far */
    uint64_t forks;         /* witnesses that hold another history */
    uint64_t rounds;
    size_t count;
    struct tn_witness_state witnesses[TN_WITNESS_POLICY_ITEMS_MAX];
};

/* Any thread. Some 25 KiB. */
void tn_witnesses_state(struct tn_witnesses *witnesses, struct tn_witnesses_state *state);

#endif
