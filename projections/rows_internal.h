/* What the files of the engine know of rows and nobody else does. Private to the layer. */
#ifndef TN_PROJECTIONS_ROWS_INTERNAL_H
#define TN_PROJECTIONS_ROWS_INTERNAL_H

#include <stdatomic.h>
#include <stddef.h>
#include <string.h>

#include "projections/cache.h"
#include "projections/rows.h"
#include "projections/touched.h"

enum tn_rows_face {
    TN_ROWS_LIVE,
    TN_ROWS_BUILD,
    TN_ROWS_VIEW,
};

/* Opens the place to which a build in memory spills, at its first spill. */
typedef enum tn_status tn_rows_home(void *context, const char *name, struct tn_store **store,
                                    struct tn_family **family, struct tn_error *error);

struct tn_seal_writer;

/* Everything is borrowed and outlives the rows. */
struct tn_rows_options {
    enum tn_rows_face face;
    const char *name;       /* of the family */
    struct tn_store *store; /* build: NULL until `home` gives one */
    struct tn_family *family;
    bool held;                              /* the family is let go with the rows */
    const struct tn_snapshot *snapshot;     /* view; NULL: the newest */
    struct tn_cache_budget *budget;         /* live, build */
    const atomic_uint_least64_t *committed; /* live: newest durable generation */
    struct tn_family *touched;              /* live, build: where what was noted is stored */
    bool note;   /* build: note what is touched, and store it nowhere; without both nothing is */
    bool stored; /* build: the family holds rows already */
    tn_rows_home *home;
    void *home_context;
};

/* Prefixes deleted by range whose batch is not known to be committed. */
struct tn_rows_deleted {
    uint64_t generation; /* 0: in no batch yet */
    uint8_t size;
    uint8_t prefix[TN_ROW_KEY_MAX];
};

/* A table that is read from its front again and again while its front rows are deleted (what
 * falls due) leaves ever more deleted keys before its first row. Scans of a whole table start at
 * the floor: no key of the table below it has a row. */
#define TN_ROWS_FLOORS 4
struct tn_rows_floor {
    uint8_t table; /* the first byte of its keys */
    uint8_t size;
    uint8_t key[TN_ROW_KEY_MAX + 1];
};

/* Prefixes under which the store has no row: deleted by range, and nothing was put there since (a
 * finished day's pool). A seal lists every one of their keys; none is asked of the store. */
#define TN_ROWS_EMPTIED 4
struct tn_rows_emptied {
    uint8_t size; /* 0: none */
    uint8_t prefix[TN_ROW_KEY_MAX];
};

/* Few rows are read for nearly every event (the queue's, an open day's) and seldom written: bytes
 * as they were decoded last, and what came out. */
#define TN_ROWS_DECODED 3
#define TN_ROWS_DECODED_BYTES 384
#define TN_ROWS_DECODED_UINTS 8
struct tn_rows_decoded {
    const struct tn_record *record; /* NULL: nothing yet */
    size_t size;
    uint8_t bytes[TN_ROWS_DECODED_BYTES];
    _Alignas(max_align_t) uint8_t value[TN_ROWS_DECODED_BYTES];
    const struct tn_field *list; /* the one list that may be filled, of numbers; or NULL */
    size_t count;
    uint64_t uints[TN_ROWS_DECODED_UINTS];
};

struct tn_rows {
    struct tn_rows_options options;
    char name[TN_FAMILY_NAME_MAX + 1];
    bool stored; /* the store may hold rows of this family */
    struct tn_cache cache;
    struct tn_rows_deleted *deleted;
    size_t deleted_count;
    size_t deleted_capacity;
    struct tn_rows_emptied emptied[TN_ROWS_EMPTIED];
    size_t emptied_turn;          /* which goes when another is needed */
    uint64_t swept;               /* generation up to which rows were made clean */
    struct tn_iterator *iterator; /* kept between scans while nothing was committed */
    unsigned scanning;            /* depth */
    struct tn_cache_row *scanned; /* under the scan that called last; NULL: it is stored */
    struct tn_rows_floor floors[TN_ROWS_FLOORS];
    size_t floor_count;
    size_t floor_turn;       /* which goes when another is needed */
    struct tn_buffer value;  /* of the last get that was not in the cache */
    struct tn_buffer record; /* of tn_row_write */
    struct tn_rows_decoded decoded[TN_ROWS_DECODED];
    struct tn_touched touched;
    struct tn_seal_writer *sealing; /* while a root is computed whose leaves are kept */
    uint8_t middle[TN_ROW_KEY_MAX];
    uint8_t middle_size; /* 0: not known */
    struct tn_rows_counts counts;
    uint64_t swaps; /* view: how many swaps of families there had been when it was opened */
};

TN_MUST_USE enum tn_status tn_rows_open(const struct tn_rows_options *options,
                                        struct tn_rows **rows, struct tn_error *error);
void tn_rows_close(struct tn_rows *rows);

/* Live: what waits goes into `batch`, to be known as `generation` from now on. */
void tn_rows_gather(struct tn_rows *rows, struct tn_batch *batch, uint64_t generation);
/* Live: nothing waits and nothing is in flight. */
bool tn_rows_at_rest(struct tn_rows *rows);
/* Build: write everything back to the family. Not durable before tn_store_flush. */
TN_MUST_USE enum tn_status tn_rows_spill(struct tn_rows *rows, struct tn_error *error);
/* Build: `middle` of tn_rows_compare, when one spill wrote many rows and all; else empty. */
struct tn_bytes tn_rows_middle(const struct tn_rows *rows);

/* The smallest key behind all that begin with `prefix`; 65 times FF when there is none. */
#define TN_ROWS_END_MAX (TN_ROW_KEY_MAX + 1)
struct tn_bytes tn_rows_prefix_end(struct tn_bytes prefix, uint8_t end[static TN_ROWS_END_MAX]);

/* ---- the files of rows among themselves ---- */

/* Settle what is committed by now. */
void tn_rows_sweep(struct tn_rows *rows);
/* Of a row that is put: a floor is never above a row. */
void tn_rows_lower_floor(struct tn_rows *rows, struct tn_bytes key);
/* A range deletion that is not yet committed hides this stored key. */
bool tn_rows_hidden(const struct tn_rows *rows, struct tn_bytes key);
/* All stored rows under this prefix are being deleted. */
void tn_rows_note_emptied(struct tn_rows *rows, struct tn_bytes prefix);

/* Touched keys are remembered for the next seal. */
static inline bool tn_rows_notes(const struct tn_rows *rows)
{
    return rows->options.touched != NULL || rows->options.note;
}

static inline bool tn_rows_begins_with(struct tn_bytes key, struct tn_bytes prefix)
{
    return key.size >= prefix.size &&
           (prefix.size == 0 || memcmp(key.data, prefix.data, prefix.size) == 0);
}

/* ---- roots.c ---- */

/* Root over every row that the handle sees, uncommitted ones included. */
TN_MUST_USE enum tn_status tn_rows_root_now(struct tn_rows *rows, uint64_t *count,
                                            uint8_t root[static TN_HASH_SIZE],
                                            struct tn_error *error);
/* Root of scope delta: the rows touched since the last seal with their values now.
 * TN_FULL  the list was lost */
TN_MUST_USE enum tn_status tn_rows_root_touched(struct tn_rows *rows, uint64_t *count,
                                                uint8_t root[static TN_HASH_SIZE],
                                                struct tn_error *error);
/* Two stored families side by side, `live` and `rebuilt`. */
struct tn_rows_compared {
    uint64_t count[2];
    uint8_t root[2][TN_HASH_SIZE];
    bool equal;
    char words[2 * TN_ROW_KEY_MAX + 64]; /* where they part first, when they do */
};
/* One look at both: rows that are alike in both are hashed once. Two threads look when `middle` is
 * the first key under the right child of the root (of a spill); empty or another, and one does it
 * all. `stop` as in tn_rebuild_options. */
TN_MUST_USE enum tn_status tn_rows_compare(struct tn_store *store, struct tn_family *live,
                                           struct tn_family *rebuilt, struct tn_bytes middle,
                                           const atomic_bool *stop,
                                           struct tn_rows_compared *compared,
                                           struct tn_error *error);

#endif
