/* What the files of check-proof share. Private to tools. */
#ifndef TN_TOOLS_CHECK_PROOF_H
#define TN_TOOLS_CHECK_PROOF_H

#include "api/http/json_writer.h"
#include "ledger/log/note.h"

/* Who of the witnesses (verifiers behind the first) cosigned, to standard error or as a member. */
void tn_print_cosignatures(const struct tn_note *note, const struct tn_verifier *verifiers,
                           size_t count);
void tn_write_cosignatures(struct tn_json_writer *json, const struct tn_note *note,
                           const struct tn_verifier *verifiers, size_t count);

/* Check a file of projections/state_proof.h and say what it proves; the exit code. */
int tn_check_state_proof(struct tn_bytes bytes, const struct tn_verifier *verifiers, size_t count,
                         bool as_json);

/* Check one .tlog-proof of ours with its openings; `*index` is its entry's. TN_INVALID: also when
 * it shows neither the entry nor its leaf hash. */
TN_MUST_USE enum tn_status tn_check_own_proof(struct tn_bytes bytes,
                                              const struct tn_verifier *verifiers, size_t count,
                                              uint64_t *index, struct tn_error *error);
/* Check answers of /v1/registrations/ID/proofs, page by page, and say whether they hold all that
 * there is; the exit code. */
int tn_check_answers(int count, char **paths, const struct tn_verifier *verifiers,
                     size_t verifier_count, bool as_json);

#endif
