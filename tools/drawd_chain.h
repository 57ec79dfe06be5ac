/* A chain of draw secrets in a folder of its own, and what of it was revealed.
 *
 *     DIR/chain          0600: "turno-drawd-1\n", then first day, length and tail (secret_length),
 *                        each a line; made once
 *     DIR/revealed/DAY   the root for which DAY's secret was given out, as hex and a newline;
 *                        written, synced and renamed before the secret leaves the process
 *
 * One process at a time (a lock on DIR/chain). */
#ifndef TN_TOOLS_DRAWD_CHAIN_H
#define TN_TOOLS_DRAWD_CHAIN_H

#include "ledger/base/bytes.h"
#include "ledger/vault/secret.h"

struct tn_drawd_chain {
    int folder; /* -1: closed */
    int lock;
    uint32_t first_day;
    uint32_t length;
    uint32_t last_day; /* the last that was revealed; 0: none */
    struct tn_secret tail;
    bool any_time; /* a simulated ledger's days are not the wall clock's */
};

/* Make DIR and a chain with a random tail. TN_EXISTS: there is one already. */
TN_MUST_USE enum tn_status tn_drawd_chain_create(const char *directory, uint32_t first_day,
                                                 uint32_t length, struct tn_error *error);
/* TN_NOT_FOUND: there is none. TN_DENIED: others have rights on its file. TN_BUSY: another process
 * holds it. TN_CORRUPT: it is damaged. */
TN_MUST_USE enum tn_status tn_drawd_chain_open(const char *directory, bool allow_unlocked,
                                               struct tn_drawd_chain *chain,
                                               struct tn_error *error);
void tn_drawd_chain_close(struct tn_drawd_chain *chain);
/* secret_0, which the log binds. */
void tn_drawd_chain_anchor(const struct tn_drawd_chain *chain, uint8_t anchor[static TN_HASH_SIZE]);

/* The day's secret, once (day, root) is on the disk; the same again for the same root.
 *
 * TN_REFUSED  another root was given for this day, the day lies before one already revealed, before
 *             or after the chain, or in the future
 * TN_IO       it could not be written, and nothing is revealed */
TN_MUST_USE enum tn_status tn_drawd_chain_reveal(struct tn_drawd_chain *chain, uint32_t day,
                                                 const uint8_t root[static TN_HASH_SIZE],
                                                 uint64_t now_us,
                                                 uint8_t secret[static TN_HASH_SIZE],
                                                 struct tn_error *error);

#endif
