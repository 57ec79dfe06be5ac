/* What a witness keeps on disk: its key and the latest checkpoint of each log. Private to
 * api/witness. */
#ifndef TN_API_WITNESS_WITNESS_STORE_H
#define TN_API_WITNESS_WITNESS_STORE_H

#include "ledger/log/note.h"

/* Make the folders, take the lock (a descriptor that the caller closes to give it back).
 * TN_BUSY  another process has it */
TN_MUST_USE enum tn_status tn_witness_store_open(const char *directory, int *lock,
                                                 struct tn_error *error);
/* Type and seed, as they stand in DIR/key. */
#define TN_WITNESS_SECRET_SIZE (1 + TN_KEY_SEED_SIZE)
/* Read the key, or make one of `name` where there is none. `secret` is memory for secrets; the
 * signer signs from it. TN_INVALID: `name` is given and the key's is another. */
TN_MUST_USE enum tn_status tn_witness_store_key(const char *directory, const char *name,
                                                uint8_t secret[static TN_WITNESS_SECRET_SIZE],
                                                struct tn_signer *signer, struct tn_error *error);
/* The remembered note of an origin's hash in hexadecimal, into the reset buffer; empty when there
 * is none. */
TN_MUST_USE enum tn_status tn_witness_store_read(const char *directory, const char *hex,
                                                 struct tn_buffer *note, struct tn_error *error);
/* Replace it: durable when TN_OK is returned. TN_IO: the old one or the new one is there. */
TN_MUST_USE enum tn_status tn_witness_store_write(const char *directory, const char *hex,
                                                  struct tn_bytes note, struct tn_error *error);

#endif
