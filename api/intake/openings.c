/* Openings from the vault. */
#include "api/intake/openings.h"

#include <sodium.h>
#include <string.h>

#include "api/intake/profile.h"
#include "ledger/base/check.h"
#include "ledger/log/frame.h"
#include "ledger/log/proof_file.h"
#include "ledger/vault/canonical.h"

/* All that one entry can be opened to: what a form takes must fit a proof, or its owner would never
 * get one. A name is the longest text; an opening's own bytes are its subject, salt and headers. */
#define OPENING_OWN_MAX 80u
#define MEMBER_MAX                                                                                 \
    (2u * TN_TEXT_CANONICAL_MAX + TN_DATE_CANONICAL_SIZE + 2u * TN_CODE_MAX + 5u * OPENING_OWN_MAX)
_Static_assert(TN_ENTRY_BYTES_MAX + TN_INTAKE_MEMBERS_MAX * MEMBER_MAX + TN_TEXT_CANONICAL_MAX +
                       2u * OPENING_OWN_MAX <=
                   TN_PROOF_FILE_EXTRA_BYTES_MAX,
               "a proof file holds every opening");

struct making {
    const struct tn_vault *vault;
    const struct tn_event *event;
    struct tn_arena *arena;
    struct tn_opening *items;
    size_t count;
    struct tn_error *error;
};

/* One field with its canonical value. Left out unless it opens what is committed. */
static enum tn_status add(struct making *making, const uint8_t *subject, enum tn_vault_field field,
                          struct tn_bytes value)
{
    struct tn_opening *opening = &making->items[making->count];
    enum tn_status status;

    if (making->count == TN_OPENINGS_MAX || value.size == 0 ||
        !tn_event_commitment(making->event, subject, field)) {
        return TN_OK;
    }
    memcpy(opening->subject, subject, TN_ID_SIZE);
    opening->field = field;
    opening->value = tn_arena_copy(making->arena, value);
    if (!opening->value.data) {
        return tn_fail(making->error, TN_MEMORY, "no memory for openings");
    }
    status = tn_vault_field_salt(making->vault, NULL, subject, tn_event_nonce(making->event), field,
                                 opening->salt, making->error);
    if (status == TN_OK && tn_opening_check(making->event, opening) == TN_OK) {
        making->count++;
    }
    return status;
}

static enum tn_status add_text(struct making *making, const uint8_t *subject,
                               enum tn_vault_field field, struct tn_bytes typed)
{
    bool code = field == TN_FIELD_NATIONALITY || field == TN_FIELD_DOCUMENT;
    struct tn_buffer value;
    enum tn_status status = TN_OK;

    tn_buffer_init(&value, TN_TEXT_CANONICAL_MAX);
    if ((code ? tn_canonical_code(typed, &value) : tn_canonical_text(typed, &value)) == TN_OK) {
        status = add(making, subject, field, tn_buffer_view(&value));
    }
    tn_buffer_close_secret(&value);
    return status;
}

/* TN_OK also for a member who was erased, or never had a profile: nothing can be opened. */
static enum tn_status add_member(struct making *making, const uint8_t *member)
{
    uint32_t version = TN_RECORD_NEWEST;
    struct tn_person_form person = {.birth = 0};
    struct tn_buffer plain;
    uint8_t birth[TN_DATE_CANONICAL_SIZE];
    enum tn_status status;

    tn_buffer_init(&plain, TN_SEALED_PLAIN_MAX);
    status = tn_vault_open_record(making->vault, member, TN_RECORD_PROFILE, &version, &plain,
                                  making->error);
    if (status == TN_OK && tn_profile_read(tn_buffer_view(&plain), &person) != TN_OK) {
        status = tn_fail(making->error, TN_CORRUPT, "a member's profile is not what was sealed");
    }
    if (status == TN_OK) {
        status = add_text(making, member, TN_FIELD_GIVEN_NAMES, person.given_names);
    }
    if (status == TN_OK) {
        status = add_text(making, member, TN_FIELD_FAMILY_NAMES, person.family_names);
    }
    if (status == TN_OK) {
        tn_canonical_date(person.birth, birth);
        status = add(making, member, TN_FIELD_DATE_OF_BIRTH, tn_bytes(birth, sizeof(birth)));
    }
    if (status == TN_OK) {
        status = add_text(making, member, TN_FIELD_NATIONALITY, person.nationality);
    }
    if (status == TN_OK) {
        status = add_text(making, member, TN_FIELD_DOCUMENT, person.document);
    }
    sodium_memzero(&person, sizeof(person));
    sodium_memzero(birth, sizeof(birth));
    tn_buffer_close_secret(&plain);
    return status == TN_NOT_FOUND || status == TN_GONE ? TN_OK : status;
}

static enum tn_status add_destination(struct making *making, const uint8_t *registration)
{
    uint32_t version = TN_RECORD_NEWEST;
    struct tn_buffer plain;
    enum tn_status status;

    tn_buffer_init(&plain, TN_SEALED_PLAIN_MAX);
    status = tn_vault_open_record(making->vault, registration, TN_RECORD_DESTINATION, &version,
                                  &plain, making->error);
    if (status == TN_OK) {
        status = add_text(making, registration, TN_FIELD_DESTINATION, tn_buffer_view(&plain));
    }
    tn_buffer_close_secret(&plain);
    return status == TN_NOT_FOUND || status == TN_GONE ? TN_OK : status;
}

enum tn_status tn_openings_make(const struct tn_vault *vault, const struct tn_event *event,
                                struct tn_arena *arena, struct tn_opening_list *openings,
                                struct tn_error *error)
{
    struct making making = {.vault = vault, .event = event, .arena = arena, .error = error};
    const struct tn_facts_register *facts = &event->body.registration_created.facts;
    enum tn_status status = TN_OK;

    memset(openings, 0, sizeof(*openings));
    if (!tn_event_nonce(event)) {
        return TN_OK;
    }
    making.items = tn_arena_array(arena, TN_OPENINGS_MAX + 1, sizeof(*making.items));
    if (!making.items) {
        return tn_fail(error, TN_MEMORY, "no memory for openings");
    }
    if (event->kind == TN_KIND_registration_created) {
        for (size_t i = 0; status == TN_OK && i < facts->members.count; i++) {
            status = add_member(&making, facts->members.items[i].member);
        }
        if (status == TN_OK) {
            status = add_destination(&making, facts->registration);
        }
    } else if (event->kind == TN_KIND_member_added) {
        status = add_member(&making, event->body.member_added.facts.member.member);
    } else {
        status = add_destination(&making, event->body.destination_declared.registration);
    }
    openings->items = making.items;
    openings->count = status == TN_OK ? making.count : 0;
    return status;
}
