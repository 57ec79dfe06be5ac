/* A whole ledger of one directory: store, log, keys, vault, projections and desk, opened together.
 */
#ifndef TN_API_DESK_LEDGER_H
#define TN_API_DESK_LEDGER_H

#include <stdatomic.h>

#include "api/desk/desk.h"
#include "ledger/log/note.h"
#include "ledger/rules/policy.h"

enum tn_ledger_mode {
    TN_LEDGER_DESK,   /* the one writer, with its desk */
    TN_LEDGER_WRITER, /* the one writer without a desk: rebuild, repair */
    TN_LEDGER_READER, /* beside a running writer, or alone: log, state, verify; no key is read */
};

/* Whether a checkpoint waits for its witnesses before it is published. It is remembered in the
 * ledger, so that a command that opens it without a server does not publish what is held back. */
enum tn_hold_back { TN_HOLD_BACK_AS_IS = 0, TN_HOLD_BACK_ON, TN_HOLD_BACK_OFF };

struct tn_ledger_options {
    enum tn_ledger_mode mode;
    bool manual_clock; /* a simulation in progress: the caller stamps every command */
    bool no_publish;   /* the caller publishes checkpoints itself */
    enum tn_hold_back hold_back;
    uint64_t reserve_bytes; /* 0: the store's default */
    size_t cache_bytes;     /* the block cache of the store; 0: its default */
    bool allow_unlocked;    /* run although secrets cannot be locked into memory */
    bool no_sync;           /* only for the test that shows what a missing sync would lose */
    const char *root_key_path;
    const char *drawd; /* as in struct tn_desk_options, like the next two */
    uint64_t renew_us;
    bool committer_only;
};

/* Everything a front needs; parts are NULL where the mode has none (a reader has no keys, engine or
 * desk). Threads as each part says. */
struct tn_ledger {
    char *directory;
    char *seals; /* where leaves of seals are kept (projections/seal_file.h) */
    enum tn_ledger_mode mode;
    struct tn_store *store;
    struct tn_log *log;
    struct tn_engine *engine;
    struct tn_beside *beside;
    struct tn_keys *keys;
    struct tn_vault vault;
    struct tn_signer signer;
    struct tn_signer cosigner; /* of the log's own timed cosignature, under the same name */
    bool hold_back;
    struct tn_desk *desk;
    bool simulated;
    char origin[TN_NAME_BYTES_MAX + 1];
    uint8_t gid_key[TN_HASH_SIZE];
    /* Raised, before it is answered, by whatever may change what readers remember between uses: a
     * rebuild's swap, a suspended officer, a published policy. Any thread. */
    _Atomic uint64_t epoch;
    /* Raised when the server drains: a rebuild ends without having replaced anything. Any thread.
     */
    atomic_bool draining;
};

/* TN_NOT_FOUND  no ledger there    TN_BUSY  another process is its writer
 * TN_CORRUPT    it does not agree with itself; nothing was changed
 * and what the parts say. */
TN_MUST_USE enum tn_status tn_ledger_open(const char *directory,
                                          const struct tn_ledger_options *options,
                                          struct tn_ledger **ledger, struct tn_error *error);
/* Commits what is queued and closes everything; NULL is fine. */
void tn_ledger_close(struct tn_ledger *ledger);

struct tn_genesis {
    const char *origin;             /* NULL: "localhost/turno" */
    const struct tn_policy *policy; /* version 1 */
    bool simulated;
    uint64_t seed;       /* of all keys, when simulated */
    uint64_t created_us; /* 0: now */
    bool allow_unlocked;
    const char *root_key_path;
    const struct tn_facts_anchor_chain
        *chain; /* the operator's, held by drawd; NULL: the vault's */
};

/* Make a new ledger in a directory that does not exist or is empty: keys, genesis, two policy
 * owners (ids only, as approvers), the first policy, the draw chain's anchor. Closed again
 * afterwards. TN_EXISTS  there is something in the directory; nothing was changed */
TN_MUST_USE enum tn_status tn_ledger_create(const char *directory, const struct tn_genesis *genesis,
                                            struct tn_error *error);

/* The two approvers that genesis enrolled, from the log. */
TN_MUST_USE enum tn_status tn_ledger_approvers(struct tn_ledger *ledger,
                                               uint8_t approvers[2][TN_ID_SIZE],
                                               struct tn_error *error);

/* The civil day of an instant in the zone of the policy in force, as commands attest it. */
TN_MUST_USE enum tn_status tn_ledger_today(const struct tn_policy *policy, uint64_t time_us,
                                           uint64_t *day, struct tn_error *error);

#endif
