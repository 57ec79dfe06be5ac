/* What the files of intake share. */
#ifndef TN_API_INTAKE_INTAKE_INTERNAL_H
#define TN_API_INTAKE_INTAKE_INTERNAL_H

#include "api/intake/intake.h"

/* Memory that the facts of one command may take: a group with its commitments stays below 32 kB. */
#define TN_INTAKE_ARENA_BYTES ((size_t) 256 << 10)

/* Kind, actor, id and fingerprint. Draws 16 random bytes when the caller gave no key, so it is the
 * first draw of a command. */
void tn_intake_begin(const struct tn_intake *intake, const struct tn_intake_caller *caller,
                     enum tn_command_kind kind, struct tn_intake_command *command);
/* Let what was sealed travel with the command. TN_FULL: more than one command may carry. */
TN_MUST_USE enum tn_status tn_intake_attach_writes(struct tn_intake_command *command,
                                                   struct tn_error *error);

#endif
