/* Every command of a log, to find one whose id comes twice (P2: a retry finds the same events, for
 * ever): exact, in bounded memory. Ids are dealt out by a hash whose key no writer knows, so
 * that nobody can choose ids which meet; what does not fit into the buffers goes to one file
 * without a name. Private to the layer; one thread at a time (what was kept in a file is looked
 * through by two). */
#ifndef TN_PROJECTIONS_COMMANDS_SEEN_H
#define TN_PROJECTIONS_COMMANDS_SEEN_H

#include "ledger/event/event.h"

/* Shares that are looked through one by one, and records that wait in memory for each. */
#define TN_COMMANDS_SHARES 2048u
#define TN_COMMANDS_CHUNK 256u

struct tn_command_seen {
    uint8_t id[TN_ID_SIZE];
    uint64_t index; /* of its first entry */
};

struct tn_commands_share {
    struct tn_command_seen *waiting; /* TN_COMMANDS_CHUNK of them; NULL before the first */
    uint32_t count;
    uint32_t *chunks; /* where in the file its full chunks are */
    size_t chunk_count;
    size_t chunk_capacity;
};

struct tn_commands_seen {
    const char *work; /* borrowed: the folder of the file; NULL: the system's temporary one */
    size_t at_once;   /* records that are looked through together */
    uint8_t key[16];
    struct tn_commands_share shares[TN_COMMANDS_SHARES];
    bool has_file;
    int file;
    uint32_t chunks_written;
    struct tn_command_run run;
    bool looked; /* through everything that was added: with this result */
    bool repeated;
    struct tn_command_seen again;
    uint64_t first;
};

void tn_commands_seen_init(struct tn_commands_seen *seen, const uint8_t key[static 16],
                           const char *work);
/* Safe on a zeroed struct. */
void tn_commands_seen_close(struct tn_commands_seen *seen);
/* The next entry; those of one command follow each other.
 * TN_MEMORY TN_IO TN_NO_SPACE TN_FULL (more chunks than can be told apart) */
TN_MUST_USE enum tn_status tn_commands_seen_add(struct tn_commands_seen *seen,
                                                const struct tn_event *event,
                                                struct tn_error *error);
/* The first entry at which a command begins whose id was there before, and where that was. May be
 * called again, also after more was added. */
TN_MUST_USE enum tn_status tn_commands_seen_repeat(struct tn_commands_seen *seen,
                                                   struct tn_command_seen *again, uint64_t *first,
                                                   bool *found, struct tn_error *error);

#endif
