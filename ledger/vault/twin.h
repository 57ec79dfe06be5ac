/* A small file kept in two copies, NAME and NAME.2, so that one damaged sector loses no key. */
#ifndef TN_LEDGER_VAULT_TWIN_H
#define TN_LEDGER_VAULT_TWIN_H

#include "ledger/base/buffer.h"

#define TN_TWIN_MAGIC_SIZE 8
#define TN_TWIN_HEADER_SIZE 32
#define TN_TWIN_BYTES_MAX ((size_t) 64 << 10)

/* Layout, drawn at the top of twin.c. `id` names the key that the body is wrapped with. */
struct tn_twin_header {
    char magic[TN_TWIN_MAGIC_SIZE];
    uint8_t version;
    uint8_t flags;
    uint32_t generation; /* grows with every write; the higher of two good copies is read */
    uint8_t id[TN_ID_SIZE];
};

void tn_twin_header_write(uint8_t out[static TN_TWIN_HEADER_SIZE],
                          const struct tn_twin_header *header);

/* Add the checksum to `bytes` (header and body) and write both copies: each to NAME.new, fsync,
 * rename, fsync of the directory. The first is whole before the second is touched.
 * TN_IO: at least one copy was not written */
TN_MUST_USE enum tn_status tn_twin_write(const char *directory, const char *name,
                                         struct tn_bytes bytes, struct tn_error *error);

/* Read the better copy into the reset buffer: header and body, without the checksum. `*damaged`
 * counts the copies (0 or 1) that are missing, broken or older.
 * TN_NOT_FOUND  neither is there           TN_CORRUPT  none is whole
 * TN_UNSUPPORTED  a version above version_max */
TN_MUST_USE enum tn_status tn_twin_read(const char *directory, const char *name, const char *magic,
                                        uint8_t version_max, struct tn_twin_header *header,
                                        struct tn_buffer *bytes, unsigned *damaged,
                                        struct tn_error *error);

/* True when either copy is there. */
bool tn_twin_exists(const char *directory, const char *name);
/* Remove both, and what an interrupted write left; for undoing a create. */
void tn_twin_remove(const char *directory, const char *name);

#endif
