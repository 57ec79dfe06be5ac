/* Rules of a draw's sources: chains, the reveals of operator and witnesses, the beacon. Pure.
 * Source: spec/draw.md 4, spec/domain.md R08.
 *
 * In mode 1 the operator's secret is the last: it is refused while a witness or the beacon is
 * awaited. A witness that is silent past the policy's limit is missed, but never the last source:
 * with no beacon at least one witness must have revealed, and until then the day waits. */
#ifndef TN_LEDGER_RULES_BOUND_H
#define TN_LEDGER_RULES_BOUND_H

#include "ledger/rules/draw.h"
#include "ledger/rules/policy.h"
#include "ledger/rules/rows.h"
#include "ledger/rules/verdict.h"

/* With a beacon a witness's reveal counts before close + this: half of the shortest delay after
 * which the beacon's round is fixed, so nobody reveals, or keeps silent, knowing the outcome. */
#define TN_BOUND_REVEAL_US (UINT64_C(450) * 1000000)
/* A new chain serves windows that open so much later. */
#define TN_CHAIN_NOTICE_DAYS 7u

/* What a closed day of mode 1 still waits for. */
struct tn_day_waits {
    uint32_t witnesses; /* neither revealed nor missed */
    uint32_t revealed;
    bool beacon;   /* wanted and not recorded */
    bool missable; /* silent witnesses may be missed: another source remains */
};

void tn_day_waits(const struct tn_day_row *day, struct tn_day_waits *waits);
/* True when the operator's secret is all that is missing; always in mode 0. */
bool tn_day_is_gathered(const struct tn_day_row *day);
/* The place of a witness among the day's; count when it is none. */
size_t tn_day_witness_find(const struct tn_day_row *day, const uint8_t id[static TN_ID_SIZE]);

/* Mode, secret, witnesses that revealed, and beacon of a day as the draw reads them; the rest of
 * `input` stays. Views point into `day`, the list into `arena`.
 *
 * TN_FULL  the arena's limit */
TN_MUST_USE enum tn_status tn_day_draw_sources(const struct tn_day_row *day, struct tn_arena *arena,
                                               struct tn_draw_input *input);
/* The instant at or after which the beacon's round lies. */
uint64_t tn_day_beacon_us(const struct tn_policy *policy, uint64_t closed_us);

/* `chain`: the row of the owner's, when the owner is a witness and has one. */
enum tn_status tn_rule_anchor_chain(const struct tn_queue_row *queue,
                                    const struct tn_chain_row *chain,
                                    const struct tn_command *command, struct tn_verdict *verdict);
/* `undrawn`: the row of queue->undrawn_day, or NULL. A closed day that still needs the old chain is
 * voided with it; open ones are when they close. */
enum tn_status tn_rule_replace_chain(const struct tn_queue_row *queue,
                                     const struct tn_chain_row *chain,
                                     const struct tn_day_row *undrawn, bool approved,
                                     const struct tn_command *command, struct tn_verdict *verdict);
/* `day`: the row of the facts' day, or NULL. */
enum tn_status tn_rule_reveal_witness(const struct tn_chain_row *chain,
                                      const struct tn_day_row *day,
                                      const struct tn_command *command, struct tn_verdict *verdict);
enum tn_status tn_rule_record_beacon(const struct tn_policy *policy, const struct tn_day_row *day,
                                     bool approved, const struct tn_command *command,
                                     struct tn_verdict *verdict);
/* The operator's secret of the day, checked against the last revealed one (R08), and the seed. The
 * arena of the verdict is used for the seed. */
enum tn_status tn_rule_reveal_secret(const struct tn_queue_row *queue, const struct tn_day_row *day,
                                     const struct tn_command *command, struct tn_verdict *verdict,
                                     struct tn_error *error);
/* Due at the policy's limit: `witness` is one of the day's that is awaited. */
void tn_rule_miss_witness(uint64_t day, const struct tn_day_witness *witness, uint64_t due_us,
                          struct tn_verdict *verdict);
/* Due at a day's close when a chain it needs was replaced. */
void tn_rule_void_day(uint64_t day, struct tn_verdict *verdict);

#endif
