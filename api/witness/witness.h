/* A witness for logs of others (spec/log.md 5; C2SP tlog-witness v1.0.0): remembers the latest
 * checkpoint of each log that it cosigned, and cosigns only what grows out of it.
 *
 *     DIR/lock             empty; the process holds an exclusive flock on it
 *     DIR/key              0600: its secret key, one line
 *     DIR/logs/<64 hex>    SHA-256 of an origin: the latest checkpoint with the log's signatures
 * and the witness's own cosignature, as a signed note
 *
 * Over HTTP: POST /add-checkpoint, and GET /<64 hex>/checkpoint with what is remembered.
 *
 * Life of a request: a pool thread checks form, origin, signature and sizes; then, under the log's
 * own lock, compares the old size with what is stored, checks the proof, writes the new checkpoint
 * (file, fsync, rename, fsync of the folder) and remembers it; only then is it answered. So two
 * requests for one log cannot both pass from one size, and nothing is signed that a restart would
 * not know. */
#ifndef TN_API_WITNESS_WITNESS_H
#define TN_API_WITNESS_WITNESS_H

#include "ledger/log/note.h"

#define TN_WITNESS_LOGS_MAX 256
#define TN_WITNESS_NAME_DEFAULT "localhost/turno-witness"

struct tn_witness;

struct tn_witness_options {
    const char *directory;
    const char *name;    /* of its key, when that is made; NULL: TN_WITNESS_NAME_DEFAULT */
    const char *host;    /* numeric address to listen on; NULL: none, only the key is opened */
    uint16_t port;       /* 0: any free one */
    unsigned loops;      /* 0: the server's default */
    bool allow_unlocked; /* run although its key cannot be locked into memory */
    const struct tn_verifier *logs; /* the keys that are trusted; their names are the origins */
    size_t log_count;
};

/* Makes directory and key at the first time.
 * TN_BUSY     another process is this witness      TN_DENIED   others may read the key
 * TN_CORRUPT  key or a remembered checkpoint is damaged; nothing is signed from it
 * TN_INVALID  an option; or another name than the key's     TN_UNAVAILABLE  its key cannot be
 * locked and what the server says */
TN_MUST_USE enum tn_status tn_witness_open(const struct tn_witness_options *options,
                                           struct tn_witness **witness, struct tn_error *error);
const struct tn_verifier *tn_witness_verifier(const struct tn_witness *witness);
uint16_t tn_witness_port(const struct tn_witness *witness);
/* Stop listening and answer what is under way. Returns at once; any thread. */
void tn_witness_drain(struct tn_witness *witness);
/* Drain, wait, free. NULL is fine. */
void tn_witness_close(struct tn_witness *witness);

#endif
