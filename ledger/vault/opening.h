/* Openings: (field, salt, value) shows one committed field of an entry to whoever holds the entry
 * (spec/privacy.md 1). And what our .tlog-proof files carry in `extra`: either the bytes of the
 * entry alone, or this record (drawn in ledger/FORMAT.md), which begins with another byte:
 *
 *   1 entry     the entry's bytes, or left out together with the openings
 *   2 leaf      its leaf hash instead: what it says is withheld, that it is there is proven
 *   3 openings  of fields that the entry commits to
 *
 * Pure. An opening holds personal data: it is for its owner, and wiped like it. */
#ifndef TN_LEDGER_VAULT_OPENING_H
#define TN_LEDGER_VAULT_OPENING_H

#include "ledger/event/event.h"
#include "ledger/vault/seal.h"

/* `subject` is a member, or the registration itself (its destination). */
#define TN_LIST_OPENING(F, S)                                                                      \
    F(S, 1, ID, subject, _)                                                                        \
    F(S, 2, UINT, field, _)                                                                        \
    F(S, 3, HASH, salt, _)                                                                         \
    F(S, 4, BYTES, value, _)
TN_RECORD_DECLARE(opening, TN_LIST_OPENING)

#define TN_LIST_PROOF_EXTRA(F, S)                                                                  \
    F(S, 1, BYTES, entry, _)                                                                       \
    F(S, 2, HASH, leaf, _)                                                                         \
    F(S, 3, RECORDS, openings, opening)
TN_RECORD_DECLARE(proof_extra, TN_LIST_PROOF_EXTRA)

/* A group of 32 with every field of each, and their destination. */
#define TN_OPENINGS_MAX 320u
/* As long as a canonical text can be. */
#define TN_OPENING_VALUE_MAX 8192u
/* What one extra may take in an arena. */
#define TN_PROOF_EXTRA_ARENA_BYTES ((size_t) 1 << 20)

/* "given_names"; "unknown" for a number that has no name. */
const char *tn_vault_field_name(uint64_t field);
/* 0 when there is none of that name. */
enum tn_vault_field tn_vault_field_parse(struct tn_bytes name);

/* What an event commits to: the hash of `field` of `subject`, or NULL. */
const uint8_t *tn_event_commitment(const struct tn_event *event,
                                   const uint8_t subject[static TN_ID_SIZE], uint64_t field);
/* The nonce that salts of the event's commitments are made from; NULL where it commits to nothing.
 */
const uint8_t *tn_event_nonce(const struct tn_event *event);

/* TN_NOT_FOUND: the event commits to no such field. TN_MISMATCH: it commits to another value. */
TN_MUST_USE enum tn_status tn_opening_check(const struct tn_event *event,
                                            const struct tn_opening *opening);

/* Append the bytes of `extra`: the entry alone where there is nothing else. */
void tn_proof_extra_write(const struct tn_proof_extra *extra, struct tn_buffer *out);
/* Views into `bytes`, lists in `arena`.
 * TN_INVALID  neither an entry nor such a record, or neither or both of entry and leaf, or openings
 *             without an entry, over a limit, or one field of one subject twice */
TN_MUST_USE enum tn_status tn_proof_extra_read(struct tn_bytes bytes, struct tn_arena *arena,
                                               struct tn_proof_extra *extra,
                                               struct tn_error *error);
void tn_proof_extra_leaf(const struct tn_proof_extra *extra, uint8_t leaf[static TN_HASH_SIZE]);

#endif
