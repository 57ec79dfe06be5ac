/* Whose cosignatures an audit asks for: a witness policy file, and whether the published checkpoint
 * meets its quorum. */
#include <string.h>

#include "ledger/log/witness_policy.h"
#include "tools/audit.h"

enum tn_status tn_audit_policy_read(struct tn_audit_job *job)
{
    enum tn_status status;

    if (job->policy_path == NULL) {
        return TN_OK;
    }
    status = tn_cli_read_file(job->policy_path, TN_WITNESS_POLICY_BYTES_MAX, &job->policy_text,
                              &job->error);
    if (status == TN_OK) {
        status =
            tn_witness_policy_parse(tn_buffer_view(&job->policy_text), &job->policy, &job->error);
    }
    return status == TN_OK ? TN_OK : tn_fail_context(&job->error, "--policy %s", job->policy_path);
}

/* A policy that names logs is about those. */
static bool names_log(const struct tn_audit_job *job)
{
    for (size_t i = 0; i < job->policy.log_count; i++) {
        const struct tn_verifier *log = &job->policy.logs[i].verifier;

        if (strcmp(log->name, job->key.name) == 0 &&
            memcmp(log->public_key, job->key.public_key, TN_KEY_PUBLIC_SIZE) == 0) {
            return true;
        }
    }
    return job->policy.log_count == 0;
}

enum tn_status tn_audit_policy_check(struct tn_audit_job *job)
{
    struct tn_verifier verifiers[TN_WITNESS_POLICY_ITEMS_MAX];
    const struct tn_witness_policy *policy = &job->policy;
    struct tn_note parsed = {0};
    struct tn_error error = {0};
    enum tn_status status;

    if (job->policy_path == NULL) {
        return TN_OK;
    }
    if (!names_log(job)) {
        return tn_audit_job_differ(job, job->entries, "quorum",
                                   "the witness policy trusts other logs, and not the key of %s",
                                   job->key.name);
    }
    for (size_t i = 0; i < policy->witness_count; i++) {
        verifiers[i] = policy->witnesses[i].verifier;
    }
    status = tn_note_verify(tn_buffer_view(&job->note), verifiers, policy->witness_count, &parsed,
                            &error);
    if (status != TN_OK && status != TN_NOT_FOUND) {
        return tn_audit_job_differ(job, job->entries, "cosignature",
                                   "the published checkpoint carries a bad cosignature: %.200s",
                                   error.text);
    }
    job->policy_signed = parsed.verified;
    job->policy_met = tn_witness_policy_met(policy, parsed.verified);
    return job->policy_met
               ? TN_OK
               : tn_audit_job_differ(
                     job, job->entries, "quorum",
                     "the published checkpoint does not meet the quorum of the witness policy: "
                     "%d of its %zu witnesses cosigned it",
                     __builtin_popcountll(parsed.verified), policy->witness_count);
}
