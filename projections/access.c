/* The access projection: bearer tokens (as hashes) and officers. */
#include <string.h>

#include "ledger/rules/rows.h"
#include "projections/keys.h"
#include "projections/projection.h"

static enum tn_status put_token(struct tn_rows *rows, const uint8_t *hash, uint64_t role,
                                const uint8_t *id, struct tn_error *error)
{
    struct tn_token_row token = {.role = role};

    if (tn_is_zero(hash, TN_HASH_SIZE)) {
        return TN_OK; /* an identity that never signs in: the approvers made by init */
    }
    memcpy(token.id, id, TN_ID_SIZE);
    return TN_WRITE(rows, tn_key_token(hash), token_row, &token, error);
}

static enum tn_status enrol(struct tn_rows *rows, const struct tn_facts_enrol_officer *facts,
                            struct tn_error *error)
{
    struct tn_officer_row officer = {.role = facts->role, .port = facts->port};
    enum tn_status status;

    memcpy(officer.organisation, facts->organisation, TN_ID_SIZE);
    memcpy(officer.token, facts->token, TN_HASH_SIZE);
    status = TN_WRITE(rows, tn_key_officer(facts->officer), officer_row, &officer, error);
    return status == TN_OK ? put_token(rows, facts->token, facts->role, facts->officer, error)
                           : status;
}

static enum tn_status suspend(struct tn_rows *rows, const struct tn_facts_suspend_officer *facts,
                              struct tn_arena *arena, struct tn_error *error)
{
    struct tn_officer_row officer;
    bool found;
    enum tn_status status =
        TN_READ(rows, tn_key_officer(facts->officer), officer_row, arena, &officer, &found, error);

    if (status != TN_OK || !found) {
        return status == TN_OK ? tn_fail(error, TN_CORRUPT, "an unknown officer was suspended")
                               : status;
    }
    officer.suspended = 1;
    return TN_WRITE(rows, tn_key_officer(facts->officer), officer_row, &officer, error);
}

static enum tn_status apply(struct tn_rows *rows, const struct tn_event *event,
                            struct tn_arena *arena, struct tn_error *error)
{
    if (event->kind == TN_KIND_registration_created) {
        const struct tn_facts_register *facts = &event->body.registration_created.facts;

        return put_token(rows, facts->token, TN_ROLE_APPLICANT, facts->registration, error);
    }
    if (event->kind == TN_KIND_officer_enrolled) {
        return enrol(rows, &event->body.officer_enrolled.facts, error);
    }
    if (event->kind == TN_KIND_officer_suspended) {
        return suspend(rows, &event->body.officer_suspended.facts, arena, error);
    }
    return TN_OK;
}

const struct tn_projection tn_projection_access = {"access", 1, apply};
