/* Openings of an event's commitments, made again from the vault for the owner of the data: one
 * field can then be shown to somebody without the others (spec/privacy.md 1). */
#ifndef TN_API_INTAKE_OPENINGS_H
#define TN_API_INTAKE_OPENINGS_H

#include "ledger/vault/opening.h"
#include "ledger/vault/vault.h"

/* Every field that the event commits to and that the vault still holds: what was erased, and what
 * has another canonical form by now, is left out. `openings` lives in `arena`, which holds personal
 * data afterwards: use one that is wiped or soon reused. Adds the statuses of the store. */
TN_MUST_USE enum tn_status tn_openings_make(const struct tn_vault *vault,
                                            const struct tn_event *event, struct tn_arena *arena,
                                            struct tn_opening_list *openings,
                                            struct tn_error *error);

#endif
