/* turno audit among its files: what is asked for, the two places a log comes from, and the report.
 */
#ifndef TN_TOOLS_AUDIT_H
#define TN_TOOLS_AUDIT_H

#include "ledger/log/note.h"
#include "ledger/log/witness_policy.h"
#include "projections/audit.h"
#include "tools/cli.h"

#define TN_AUDIT_WITNESSES_MAX 32

/* Sizes whose roots are compared. */
enum tn_audit_marks { TN_AUDIT_MARK_PUBLISHED, TN_AUDIT_MARK_SINCE, TN_AUDIT_MARKS };

struct tn_audit_job {
    /* asked for */
    const char *place; /* a directory or a URL */
    const char *token; /* of an auditor; NULL: none */
    const char *work;  /* folder; NULL: none */
    const char *since_path;
    bool json;
    bool has_key;
    struct tn_verifier key;
    struct tn_verifier witnesses[TN_AUDIT_WITNESSES_MAX];
    size_t witness_count;
    const char *policy_path; /* of witnesses; NULL: none */
    struct tn_buffer policy_text;
    struct tn_witness_policy policy;
    uint32_t sample_ppm; /* 0: everything */
    uint64_t sample_seed;
    uint8_t command_key[16];
    /* under way */
    struct tn_audit *audit;
    struct tn_audit_mark marks[TN_AUDIT_MARKS];
    struct tn_buffer since; /* the older checkpoint's note */
    struct tn_buffer note;  /* the published checkpoint's */
    struct tn_cli_progress progress;
    uint64_t size;              /* entries to audit */
    uint64_t entries;           /* brought */
    uint64_t tiles;             /* full ones compared */
    uint8_t root[TN_HASH_SIZE]; /* of all that was brought */
    char origin[TN_NAME_BYTES_MAX + 1];
    uint8_t cosigner_key[TN_HASH_SIZE];
    uint64_t cosigned; /* bit i: witness i */
    bool own_cosigned;
    uint64_t policy_signed; /* bit i: witness i of the policy */
    bool policy_met;
    uint64_t started_us;
    /* what came of it */
    bool differs; /* the finding below, or the audit's own */
    bool has_finding;
    struct tn_finding finding;
    bool incomplete; /* something could not be read: `error` says what */
    struct tn_error error;
};

/* A difference outside of decisions: a tile, a root, a checkpoint. Returns TN_MISMATCH. */
enum tn_status tn_audit_job_differ(struct tn_audit_job *job, uint64_t index, const char *rule,
                                   const char *format, ...) TN_PRINTF(4, 5);
/* Something could not be read; job->error holds why, or `status` does. Returns `status`. */
enum tn_status tn_audit_job_unread(struct tn_audit_job *job, enum tn_status status);

/* Start the audit of a log of `size` entries whose full tiles go to `tile`. */
enum tn_status tn_audit_job_begin(struct tn_audit_job *job, uint64_t size, tn_tile_write *tile,
                                  void *context);
/* The next entry. The first one must be a genesis that names the key, if one was given. */
enum tn_status tn_audit_job_entry(struct tn_audit_job *job, struct tn_bytes entry);
/* After the last entry: wait, and keep the root. */
enum tn_status tn_audit_job_end(struct tn_audit_job *job);
/* The published note (may be empty) and the older one, against the roots of the entries. */
enum tn_status tn_audit_job_checkpoints(struct tn_audit_job *job);
/* The size a note speaks of, and its origin compared with the key's: before the entries. */
enum tn_status tn_audit_job_note_size(struct tn_audit_job *job, struct tn_bytes note,
                                      uint64_t *size);
/* The published note against the key alone. */
enum tn_status tn_audit_job_signature(struct tn_audit_job *job);
/* Read what --since names, or what the work folder remembers, into job->since. */
enum tn_status tn_audit_job_since(struct tn_audit_job *job);
/* Remember the checkpoint for the next audit with this work folder. */
enum tn_status tn_audit_job_remember(struct tn_audit_job *job);

/* Seals that could not be compared leave an audit incomplete. */
enum tn_status tn_audit_job_seals(struct tn_audit_job *job);
/* However it ended: end the threads. What they still find comes first when it lies earlier. */
void tn_audit_job_settle(struct tn_audit_job *job);

/* ---- audit_policy.c ---- */

enum tn_status tn_audit_policy_read(struct tn_audit_job *job);
/* The published checkpoint against the policy's quorum. */
enum tn_status tn_audit_policy_check(struct tn_audit_job *job);

/* The sources. */
enum tn_status tn_audit_directory(struct tn_audit_job *job);
enum tn_status tn_audit_url(struct tn_audit_job *job);

/* Print what came of it. */
void tn_audit_job_report(const struct tn_audit_job *job);

#endif
