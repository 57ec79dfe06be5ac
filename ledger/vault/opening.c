/* Openings, and what a proof file carries of them. */
#include "ledger/vault/opening.h"

#include <string.h>

#include "ledger/base/check.h"
#include "ledger/base/hash.h"

TN_RECORD_DEFINE(opening, TN_LIST_OPENING)
TN_RECORD_DEFINE(proof_extra, TN_LIST_PROOF_EXTRA)

static const char *const field_names[] = {
    [TN_FIELD_GIVEN_NAMES] = "given_names",
    [TN_FIELD_FAMILY_NAMES] = "family_names",
    [TN_FIELD_DATE_OF_BIRTH] = "date_of_birth",
    [TN_FIELD_NATIONALITY] = "nationality",
    [TN_FIELD_DOCUMENT] = "document",
    [TN_FIELD_DESTINATION] = "destination",
    [TN_FIELD_CONTACT] = "contact",
    [TN_FIELD_PHOTOGRAPH] = "photograph",
    [TN_FIELD_LANGUAGE] = "language",
};

const char *tn_vault_field_name(uint64_t field)
{
    return field < TN_ARRAY_SIZE(field_names) && field_names[field] ? field_names[field]
                                                                    : "unknown";
}

enum tn_vault_field tn_vault_field_parse(struct tn_bytes name)
{
    for (size_t i = 1; i < TN_ARRAY_SIZE(field_names); i++) {
        if (tn_bytes_equal_string(name, field_names[i])) {
            return (enum tn_vault_field) i;
        }
    }
    return (enum tn_vault_field) 0;
}

static const uint8_t *of_member(const struct tn_new_member *member, const uint8_t *subject,
                                uint64_t field)
{
    if (memcmp(member->member, subject, TN_ID_SIZE) == 0) {
        for (size_t i = 0; i < member->commitments.count; i++) {
            if (member->commitments.items[i].field == field) {
                return member->commitments.items[i].commitment;
            }
        }
    }
    return NULL;
}

static const uint8_t *of_registration(const struct tn_facts_register *facts, const uint8_t *subject,
                                      uint64_t field)
{
    const uint8_t *found = NULL;

    if (field == TN_FIELD_DESTINATION && !tn_is_zero(facts->destination, TN_HASH_SIZE) &&
        memcmp(facts->registration, subject, TN_ID_SIZE) == 0) {
        return facts->destination;
    }
    for (size_t i = 0; !found && i < facts->members.count; i++) {
        found = of_member(&facts->members.items[i], subject, field);
    }
    return found;
}

const uint8_t *tn_event_commitment(const struct tn_event *event,
                                   const uint8_t subject[static TN_ID_SIZE], uint64_t field)
{
    const struct tn_destination_declared *declared = &event->body.destination_declared;

    if (event->kind == TN_KIND_registration_created) {
        return of_registration(&event->body.registration_created.facts, subject, field);
    }
    if (event->kind == TN_KIND_member_added) {
        return of_member(&event->body.member_added.facts.member, subject, field);
    }
    return event->kind == TN_KIND_destination_declared && field == TN_FIELD_DESTINATION &&
                   memcmp(declared->registration, subject, TN_ID_SIZE) == 0
               ? declared->commitment
               : NULL;
}

const uint8_t *tn_event_nonce(const struct tn_event *event)
{
    if (event->kind == TN_KIND_registration_created) {
        return event->body.registration_created.nonce;
    }
    if (event->kind == TN_KIND_member_added) {
        return event->body.member_added.nonce;
    }
    return event->kind == TN_KIND_destination_declared ? event->body.destination_declared.nonce
                                                       : NULL;
}

enum tn_status tn_opening_check(const struct tn_event *event, const struct tn_opening *opening)
{
    const uint8_t *committed = tn_event_commitment(event, opening->subject, opening->field);
    uint8_t commitment[TN_HASH_SIZE];

    if (!committed) {
        return TN_NOT_FOUND;
    }
    tn_field_commitment(commitment, opening->salt, opening->value);
    return memcmp(commitment, committed, TN_HASH_SIZE) == 0 ? TN_OK : TN_MISMATCH;
}

void tn_proof_extra_write(const struct tn_proof_extra *extra, struct tn_buffer *out)
{
    if (extra->entry.size > 0 && extra->openings.count == 0) {
        tn_buffer_append_bytes(out, extra->entry);
    } else {
        tn_record_encode_secret(&tn_record_proof_extra, extra, out);
    }
}

static bool openings_are_bounded(const struct tn_opening_list *openings)
{
    if (openings->count > TN_OPENINGS_MAX) {
        return false;
    }
    for (size_t i = 0; i < openings->count; i++) {
        if (openings->items[i].value.size > TN_OPENING_VALUE_MAX) {
            return false;
        }
        for (size_t other = 0; other < i; other++) {
            if (openings->items[i].field == openings->items[other].field &&
                memcmp(openings->items[i].subject, openings->items[other].subject, TN_ID_SIZE) ==
                    0) {
                return false;
            }
        }
    }
    return true;
}

enum tn_status tn_proof_extra_read(struct tn_bytes bytes, struct tn_arena *arena,
                                   struct tn_proof_extra *extra, struct tn_error *error)
{
    struct tn_unpack unpack;
    bool has_leaf;
    enum tn_status status;

    memset(extra, 0, sizeof(*extra));
    tn_unpack_init(&unpack, bytes);
    if (tn_unpack_peek(&unpack) == TN_PACK_ARRAY) {
        extra->entry = bytes;
        return TN_OK;
    }
    status = tn_record_decode_bytes(&tn_record_proof_extra, bytes, arena, extra);
    has_leaf = !tn_is_zero(extra->leaf, TN_HASH_SIZE);
    if (status == TN_OK &&
        (has_leaf != (extra->entry.size == 0) || (has_leaf && extra->openings.count > 0) ||
         !openings_are_bounded(&extra->openings))) {
        status = TN_INVALID;
    }
    if (status != TN_OK) {
        memset(extra, 0, sizeof(*extra));
        return tn_fail(error, status == TN_FULL ? TN_INVALID : status,
                       "what the proof file carries beside the proof is neither an entry nor an "
                       "entry with openings");
    }
    return TN_OK;
}

void tn_proof_extra_leaf(const struct tn_proof_extra *extra, uint8_t leaf[static TN_HASH_SIZE])
{
    if (extra->entry.size > 0) {
        tn_leaf_hash(leaf, extra->entry);
    } else {
        memcpy(leaf, extra->leaf, TN_HASH_SIZE);
    }
}
