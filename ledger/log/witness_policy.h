/* Whose cosignatures make a checkpoint count: the trust policy file (spec/log.md 5; C2SP
 * tlog-policy). Pure. Any thread.
 *
 *     # comment
 *     log <vkey> [url]
 *     witness <name> <vkey> [url]
 *     group <name> all|any|<k> <member>...
 *     quorum <name>|none */
#ifndef TN_LEDGER_LOG_WITNESS_POLICY_H
#define TN_LEDGER_LOG_WITNESS_POLICY_H

#include "ledger/log/note.h"

/* What the format asks implementations for, at least. */
#define TN_WITNESS_POLICY_ITEMS_MAX 32
#define TN_WITNESS_POLICY_BYTES_MAX ((size_t) 256 << 10)
#define TN_WITNESS_POLICY_NAME_MAX 255
#define TN_WITNESS_POLICY_URL_MAX 1024

/* Views into the text. */
struct tn_policy_log {
    struct tn_verifier verifier;
    struct tn_bytes url; /* empty: none */
};

struct tn_policy_witness {
    struct tn_bytes name;
    struct tn_verifier verifier;
    struct tn_bytes url;
};

/* Bit i of a set is witness i, bit 32 + j group j. */
struct tn_policy_group {
    struct tn_bytes name;
    unsigned threshold;
    uint64_t members;
};

/* Some 22 KiB. */
struct tn_witness_policy {
    size_t log_count;
    struct tn_policy_log logs[TN_WITNESS_POLICY_ITEMS_MAX];
    size_t witness_count;
    struct tn_policy_witness witnesses[TN_WITNESS_POLICY_ITEMS_MAX];
    size_t group_count;
    struct tn_policy_group groups[TN_WITNESS_POLICY_ITEMS_MAX];
    uint64_t quorum; /* one bit; 0: none is asked for */
};

/* `text` lives as long as the policy. TN_INVALID and TN_UNSUPPORTED (a type of key that is not
 * known here) name the line. */
TN_MUST_USE enum tn_status tn_witness_policy_parse(struct tn_bytes text,
                                                   struct tn_witness_policy *policy,
                                                   struct tn_error *error);
/* Whether the witnesses whose bits are set are enough. */
bool tn_witness_policy_met(const struct tn_witness_policy *policy, uint64_t signed_by);

#endif
