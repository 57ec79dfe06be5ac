/* What the files of the witnesses' thread share. Private to api/remote. */
#ifndef TN_API_REMOTE_WITNESSES_INTERNAL_H
#define TN_API_REMOTE_WITNESSES_INTERNAL_H

#include <pthread.h>

#include "api/remote/calls.h"
#include "api/remote/witnesses.h"
#include "ledger/log/witness.h"

/* 400, 403, 404, 409, 422. */
#define TN_PEER_REPORTS 5

/* A witness as the thread sees it. */
struct tn_peer {
    struct tn_witnesses *witnesses;
    size_t i; /* in the policy */
    struct tn_call call;
    bool busy;
    bool again;            /* this call is the second of its round, after a 409 */
    struct tn_buffer body; /* of the call */
    struct tn_buffer text; /* of the checkpoint that was sent */
    uint64_t sent_size;
    uint64_t sent_old;
    uint8_t sent_root[TN_HASH_SIZE];
    uint64_t known_size;    /* that it signed last; 0: none is known */
    uint64_t not_before_us; /* by the clock for durations */
    /* Plus one: the day of the last event by the answer's status. */
    uint64_t reported_day[TN_PEER_REPORTS];
    struct tn_witness_state state;
};

/* The checkpoint that cosignatures are gathered for. */
struct tn_round {
    uint64_t size;
    uint8_t root[TN_HASH_SIZE];
    struct tn_buffer text;
    struct tn_buffer base;  /* with the log's signature alone: what is sent */
    struct tn_buffer lines; /* cosignatures, the newest of each witness */
    uint64_t signed_by;
    uint64_t asked; /* bits of the witnesses that have been asked */
    uint64_t started_us;
    uint64_t renewed_us;
    bool any; /* there was one */
};

/* What a round does that may fail here rather than at a witness. */
enum tn_round_work {
    TN_ROUND_BEGIN,
    TN_ROUND_GATHER,
    TN_ROUND_SETTLE,
    TN_ROUND_WORKS,
};

struct tn_witnesses {
    struct tn_ledger *ledger;
    struct tn_buffer policy_text;
    struct tn_witness_policy policy;
    struct tn_verifier verifiers[TN_WITNESS_POLICY_ITEMS_MAX];
    struct tn_calls *calls;
    uint64_t interval_us;
    pthread_t thread;
    bool started;
    pthread_mutex_t lock; /* over `closing` and `state` */
    bool closing;
    struct tn_witnesses_state state;

    /* the thread's own */
    struct tn_round round;
    struct tn_peer peers[TN_WITNESS_POLICY_ITEMS_MAX];
    uint64_t cosigned_size;
    uint64_t rounds;
    bool warned[TN_ROUND_WORKS]; /* it failed the last time, and that was said */
    bool said_unmet;
};

/* witness_round.c: begin a round when one is due; deal with the answer of a call. */
void tn_round_step(struct tn_witnesses *witnesses);
/* What published and kept checkpoints say about who signed what. */
void tn_round_recall(struct tn_witnesses *witnesses);
void tn_peer_done(struct tn_call *call);

/* witness_alarm.c: events, through the desk; each once a day and cause. Waits until it is durable.
 */
void tn_peer_report_fork(struct tn_peer *peer, unsigned status, uint64_t told);
void tn_peer_raise_alarm(struct tn_peer *peer, unsigned status);

#endif
