/* The ledger's secret keys: made once, wrapped by a root key that lies outside the data directory,
 * held in one locked piece of memory while the process runs. Source: spec/privacy.md 2.
 *
 * K_gid is not here: it stands in `ledger_created`, where auditors read it. */
#ifndef TN_LEDGER_VAULT_KEYS_H
#define TN_LEDGER_VAULT_KEYS_H

#include "ledger/base/random.h"

#define TN_KEY_SIZE 32
/* Days that one draw chain lasts when nothing else is asked for: eleven years. */
#define TN_KEYS_CHAIN_LENGTH 4096u
#define TN_KEYS_CHAIN_LENGTH_MAX 65536u

/* What can be asked of a key ring; the order is that of the file. */
enum tn_key {
    TN_KEY_VALIDATION = 0,       /* K2: tag16 of (number, date of birth) */
    TN_KEY_FINGERPRINT = 1,      /* K3: fingerprints of request bodies */
    TN_KEY_RATE = 2,             /* K4: rate8 */
    TN_KEY_OFFICER = 3,          /* K6: tags of officers */
    TN_KEY_SNAPSHOT = 4,         /* K7 */
    TN_KEY_IDENTITY = 5,         /* K8: tags of persons and places */
    TN_KEY_LOG_SEED = 6,         /* Ed25519 seed that signs checkpoints */
    TN_KEY_COSIGNATURE_SEED = 7, /* Ed25519 seed of the log's own timed cosignature */
    TN_KEY_CHAIN_TAIL = 8,       /* secret_length of the operator's draw chain (spec/draw.md 3) */
    TN_KEY_COUNT = 9,
};

struct tn_keys_options {
    /* Where the root key is. NULL: the file beside the data directory, `<DIR>.root-key` (in a
     * simulation `<DIR>/simulated.root-key`, for there is nothing to protect). */
    const char *root_key_path;
    bool allow_unlocked;   /* run although the system does not lock our memory */
    bool repair;           /* open: write a damaged copy again from the good one (the writer) */
    bool simulated;        /* create: keys come from a seed and the root key may lie in DIR */
    uint32_t chain_length; /* create: days of the draw chain; 0: TN_KEYS_CHAIN_LENGTH */
};

/* An open key ring. Never changes after open, so any thread may read it. */
struct tn_keys;

/* Make every key from `random`, write the root key (0400, never over an existing file), then
 * DIR/keys, DIR/keys.2, DIR/epochs and DIR/epochs.2, and open the ring. DIR is made when it is
 * absent (0700). Nothing stays behind on failure. sodium_init has run. `options` may be NULL.
 * TN_EXISTS       there are keys already, or a root key at that path
 * TN_UNAVAILABLE  memory could not be locked and options->allow_unlocked is false
 * TN_INVALID      the root key's path lies inside DIR, or the chain is too long
 * TN_IO           the file system refused */
TN_MUST_USE enum tn_status tn_keys_create(const char *directory, struct tn_random *random,
                                          const struct tn_keys_options *options,
                                          struct tn_keys **keys, struct tn_error *error);

/* Undo a create, before anything was sealed under its keys: they and their root key are removed.
 * The options are those of the create. */
void tn_keys_remove(const char *directory, const struct tn_keys_options *options);

/* Read and unwrap the keys of DIR. One damaged copy of a file is served by the other, see
 * tn_keys_damaged.
 * TN_NOT_FOUND    no keys there, or no root key
 * TN_DENIED       the root key is a symlink, not ours, none at all or another ledger's, or others
 *                 may read it
 * TN_CORRUPT      both copies of a file are damaged
 * TN_UNSUPPORTED  written by a newer program
 * TN_UNAVAILABLE  memory could not be locked and options->allow_unlocked is false */
TN_MUST_USE enum tn_status tn_keys_open(const char *directory,
                                        const struct tn_keys_options *options,
                                        struct tn_keys **keys, struct tn_error *error);

/* Does DIR hold keys, whole or not? They are made together with their root key. */
bool tn_keys_exist(const char *directory);

/* Wipe and free; NULL is fine. */
void tn_keys_close(struct tn_keys *keys);

/* TN_KEY_SIZE bytes that live, locked and read-only, until close. */
const uint8_t *tn_keys_get(const struct tn_keys *keys, enum tn_key key);
/* The same as a view, as tn_hash takes it. */
struct tn_bytes tn_keys_view(const struct tn_keys *keys, enum tn_key key);
/* The number of the epoch under which new data keys are wrapped; from 1. */
uint32_t tn_keys_epoch_current(const struct tn_keys *keys);
/* The key of `epoch`, TN_KEY_SIZE bytes, or NULL when this ring does not have it. */
const uint8_t *tn_keys_epoch(const struct tn_keys *keys, uint32_t epoch);
/* i of the secret_i that TN_KEY_CHAIN_TAIL is. */
uint32_t tn_keys_chain_length(const struct tn_keys *keys);
bool tn_keys_simulated(const struct tn_keys *keys);
/* False when memory could not be locked and that was allowed. */
bool tn_keys_locked(const struct tn_keys *keys);
/* How many of the four files were missing or damaged at open (0 to 2) and served by their twin. */
unsigned tn_keys_damaged(const struct tn_keys *keys);

/* No core dumps, no ptrace by others: RLIMIT_CORE 0 and PR_SET_DUMPABLE 0. Call once in main,
 * before any key is read, and again after the user has changed. */
TN_MUST_USE enum tn_status tn_keys_harden_process(struct tn_error *error);

#endif
