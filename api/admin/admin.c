/* Administrative commands: the table, officers, the clock, the state. */
#include "api/admin/admin.h"

#include <sodium.h>
#include <stdatomic.h>
#include <string.h>

#include "api/admin/admin_internal.h"
#include "api/http/json_read.h"
#include "ledger/base/check.h"
#include "ledger/base/civil.h"
#include "ledger/base/hash.h"
#include "projections/decide.h"

#define ADMIN_ARENA_BYTES ((size_t) 64 << 20)
#define EMAIL_MAX 254u /* RFC 5321, section 4.5.3.1 */
#define REASON_MAX 64u

static enum tn_status officer_add(struct tn_admin *admin);
static enum tn_status officer_suspend(struct tn_admin *admin);
static enum tn_status resume(struct tn_admin *admin);
static enum tn_status advance(struct tn_admin *admin);

static const struct admin_row {
    const char *name;
    enum tn_status (*run)(struct tn_admin *admin);
} admin_rows[] = {
    {"officer-add", officer_add},
    {"officer-suspend", officer_suspend},
    {"policy-publish", tn_admin_policy_publish},
    {"capacity", tn_admin_capacity},
    {"suspend-port", tn_admin_suspend_port},
    {"resume-port", tn_admin_resume_port},
    {"reallocate", tn_admin_reallocate},
    {"anchor-chain", tn_admin_anchor_chain},
    {"replace-chain", tn_admin_replace_chain},
    {"reveal-witness", tn_admin_reveal_witness},
    {"record-beacon", tn_admin_record_beacon},
    {"resume", resume},
    {"advance", advance},
    {"rebuild", tn_admin_rebuild},
    {"status", tn_admin_status},
};

enum tn_status tn_admin_run(struct tn_ledger *ledger, struct tn_bytes command, struct tn_bytes json,
                            struct tn_buffer *reply, struct tn_error *error)
{
    struct tn_admin admin = {.ledger = ledger, .reply = reply, .error = error};
    struct tn_json_parser *parser = NULL;
    const struct admin_row *row = NULL;
    enum tn_status status;

    tn_buffer_reset(reply);
    for (size_t i = 0; i < TN_ARRAY_SIZE(admin_rows); i++) {
        if (tn_bytes_equal_string(command, admin_rows[i].name)) {
            row = &admin_rows[i];
        }
    }
    if (!row) {
        return tn_fail(error, TN_NOT_FOUND, "there is no such administrative command");
    }
    tn_arena_init(&admin.arena, ADMIN_ARENA_BYTES);
    tn_random_init_system(&admin.random);
    tn_intake_command_init(&admin.command);
    parser = tn_json_parser_create();
    status = parser ? tn_json_parse(parser, json, NULL, &admin.arena, &admin.body, error)
                    : tn_fail(error, TN_MEMORY, "no memory to read the command");
    if (status == TN_FULL || status == TN_MEMORY) {
        status = TN_INVALID;
    }
    if (status == TN_OK) {
        status = row->run(&admin);
    }
    tn_intake_command_close(&admin.command);
    tn_policies_close(&admin.policies);
    tn_arena_close_secret(&admin.arena); /* an officer's address */
    tn_json_parser_destroy(parser);
    return status;
}

/* ---- what commands share ---- */

bool tn_admin_is_code(struct tn_bytes text, size_t max)
{
    bool plain = text.size > 0 && text.size <= max;

    for (size_t i = 0; plain && i < text.size; i++) {
        plain = text.data[i] >= 0x20 && text.data[i] <= 0x7e;
    }
    return plain;
}

enum tn_status tn_admin_policy(struct tn_admin *admin, const struct tn_policy **in_force)
{
    struct tn_desk_state state;
    struct tn_state views;
    enum tn_status status = tn_views_open(admin->ledger->store, NULL, &views, admin->error);

    *in_force = NULL;
    if (status == TN_OK) {
        status = tn_policies_load(&admin->policies, views.rows[TN_CORE_QUEUE], &admin->arena,
                                  admin->error);
        tn_views_close(&views);
    }
    if (status == TN_OK) {
        tn_desk_state(admin->ledger->desk, &state);
        *in_force = tn_policies_in_force(&admin->policies, state.now_us);
    }
    return status;
}

enum tn_status tn_admin_approval(struct tn_admin *admin, const struct tn_json_value *approvers,
                                 const struct tn_json_value *reason, struct tn_ids *ids,
                                 struct tn_bytes *code)
{
    uint8_t(*items)[TN_ID_SIZE] =
        tn_arena_array(&admin->command.arena, approvers->count, TN_ID_SIZE);

    if (!items) {
        return tn_fail(admin->error, TN_INVALID, "\"approvers\" names too many");
    }
    for (uint32_t i = 0; i < approvers->count; i++) {
        if (!tn_json_read_id(&approvers->as.items[i], items[i])) {
            return tn_fail(admin->error, TN_INVALID,
                           "\"approvers\" holds ids of 32 hexadecimal digits");
        }
    }
    if (!tn_admin_is_code(reason->as.string, REASON_MAX)) {
        return tn_fail(admin->error, TN_INVALID,
                       "\"reason\" is a code of at most %u printable ASCII characters", REASON_MAX);
    }
    ids->items = (const uint8_t(*)[TN_ID_SIZE]) items;
    ids->count = approvers->count;
    *code = reason->as.string;
    return TN_OK;
}

static enum tn_status reply_refusal(struct tn_admin *admin, enum tn_refusal refusal, bool recorded,
                                    uint64_t index)
{
    struct tn_json_writer writer;
    const char *text = tn_refusal_text(refusal, TN_LANGUAGE_EN);

    tn_json_writer_init(&writer, admin->reply);
    tn_json_write_object_begin(&writer);
    tn_json_member_text(&writer, "refusal", tn_refusal_name(refusal));
    tn_json_member_text(&writer, "text", text);
    if (recorded) {
        tn_json_member_uint(&writer, "index", index);
    }
    tn_json_write_object_end(&writer);
    return tn_fail(admin->error, TN_REFUSED, "%s: %s", tn_refusal_name(refusal), text);
}

/* How many events of each kind it would be: a suspension's are what falls with it. */
static void write_kinds(struct tn_json_writer *writer, const struct tn_verdict *verdict)
{
    size_t counts[TN_KIND_LIMIT] = {0};
    const struct tn_kind *kind;

    for (size_t i = 0; i < verdict->count; i++) {
        TN_CHECK(verdict->events[i].kind < TN_KIND_LIMIT);
        counts[verdict->events[i].kind]++;
    }
    tn_json_write_name(writer, "kinds");
    tn_json_write_object_begin(writer);
    for (size_t i = 0; (kind = tn_kind_at(i)); i++) {
        if (counts[kind->number] > 0) {
            tn_json_member_uint(writer, kind->name, counts[kind->number]);
            counts[kind->number] = 0; /* a kind stands in the list once a version */
        }
    }
    tn_json_write_object_end(writer);
}

/* What the rule would say now, without a trace. */
static enum tn_status rehearse(struct tn_admin *admin)
{
    struct tn_state views;
    struct tn_decider decider = {.state = &views};
    struct tn_command *command = &admin->command.request.command;
    struct tn_desk_state state;
    struct tn_log_head head;
    struct tn_verdict verdict;
    struct tn_json_writer writer;
    enum tn_status status = tn_views_open(admin->ledger->store, NULL, &views, admin->error);

    if (status != TN_OK) {
        return status;
    }
    tn_desk_state(admin->ledger->desk, &state);
    tn_log_head(admin->ledger->log, &head);
    command->time_us = state.now_us;
    tn_verdict_init(&verdict, command, command->time_us, head.size, &admin->arena);
    status = tn_decider_refresh(&decider, &admin->arena, admin->error);
    if (status == TN_OK) {
        status = tn_decide(&decider, command, &verdict, admin->error);
    }
    if (status == TN_OK && verdict.refusal != TN_REFUSAL_NONE) {
        status = reply_refusal(admin, verdict.refusal, false, 0);
    } else if (status == TN_OK) {
        tn_json_writer_init(&writer, admin->reply);
        tn_json_write_object_begin(&writer);
        tn_json_member_bool(&writer, "dry_run", true);
        tn_json_member_uint(&writer, "events", verdict.count);
        write_kinds(&writer, &verdict);
        tn_json_write_object_end(&writer);
    }
    tn_decider_close(&decider);
    tn_views_close(&views);
    return status;
}

enum tn_status tn_admin_submit(struct tn_admin *admin, enum tn_command_kind kind, bool dry_run,
                               void (*extra)(struct tn_admin *admin, struct tn_json_writer *writer))
{
    struct tn_intake intake = {.vault = &admin->ledger->vault, .random = &admin->random};
    struct tn_intake_caller caller = {.actor = {.role = TN_ROLE_OPERATOR}};
    struct tn_desk_request *request = &admin->command.request;
    struct tn_json_writer writer;
    enum tn_status status;

    tn_intake_plain(&intake, &caller, kind, &admin->command);
    if (dry_run) {
        return rehearse(admin);
    }
    status = tn_desk_call(admin->ledger->desk, request);
    if (status == TN_REFUSED) {
        return reply_refusal(admin, request->refusal, true, request->first_index);
    }
    if (status != TN_OK) {
        return tn_fail(admin->error, status, "the ledger does not take commands now: %s%s",
                       tn_status_name(status),
                       status == TN_PAUSED
                           ? "; look at its clock, then turno resume DIR [--extend] ends the pause"
                       : status == TN_NO_SPACE ? "; nothing was written; make disk space"
                                               : "");
    }
    /* Whatever it changed, readers ask the rows again from now on. */
    atomic_fetch_add(&admin->ledger->epoch, 1);
    tn_json_writer_init(&writer, admin->reply);
    tn_json_write_object_begin(&writer);
    tn_json_member_uint(&writer, "index", request->first_index);
    if (extra) {
        extra(admin, &writer);
    }
    tn_json_write_object_end(&writer);
    return tn_buffer_status(admin->reply);
}

/* ---- organisations ---- */

enum tn_status tn_organisation_parse(struct tn_bytes text, uint8_t id[static TN_ID_SIZE])
{
    memset(id, 0, TN_ID_SIZE);
    if (text.size == (size_t) 2 * TN_ID_SIZE) {
        return tn_hex_decode(text, id, TN_ID_SIZE);
    }
    if (!tn_admin_is_code(text, TN_ID_SIZE)) {
        return TN_INVALID;
    }
    memcpy(id, text.data, text.size);
    return TN_OK;
}

void tn_organisation_format(const uint8_t id[static TN_ID_SIZE],
                            char out[static TN_ORGANISATION_TEXT_SIZE])
{
    size_t size = TN_ID_SIZE;

    while (size > 0 && id[size - 1] == 0) {
        size--;
    }
    if (size == 0 || tn_admin_is_code(tn_bytes(id, size), TN_ID_SIZE)) {
        memcpy(out, id, size);
        out[size] = '\0';
    } else {
        tn_hex_encode(out, id, TN_ID_SIZE);
    }
}

/* ---- officers ---- */

/* An address as an eligibility predicate reads it (spec/privacy.md 5): lower case, one unquoted
 * local part, and a domain after the last `@`. */
static bool email_lower(struct tn_bytes email, char out[static EMAIL_MAX + 1])
{
    size_t at = 0;
    size_t ats = 0;

    if (email.size == 0 || email.size > EMAIL_MAX) {
        return false;
    }
    for (size_t i = 0; i < email.size; i++) {
        uint8_t c = email.data[i];

        if (c <= 0x20 || c > 0x7e || c == '"' || c == '\\' || c == ',' || c == ';') {
            return false;
        }
        if (c == '@') {
            at = i;
            ats++;
        }
        out[i] = (char) (c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
    }
    out[email.size] = '\0';
    return ats == 1 && at > 0 && at + 1 < email.size;
}

/* Whoever was asked about reads who asked, so nobody asks for nobody: where no organisation is
 * named it is the domain of the address, as much of it as an id holds. */
static void organisation_of_email(const char *email, uint8_t id[static TN_ID_SIZE])
{
    const char *domain = strrchr(email, '@') + 1;

    memset(id, 0, TN_ID_SIZE);
    memcpy(id, domain, strnlen(domain, TN_ID_SIZE));
}

static bool domain_is_listed(const struct tn_policy *policy, const char *email)
{
    const char *domain = strrchr(email, '@') + 1;

    for (uint32_t i = 0; i < policy->validation.domain_count; i++) {
        if (strcmp(domain, policy->validation.domains[i]) == 0) {
            return true;
        }
    }
    return false;
}

static void show_officer(struct tn_admin *admin, struct tn_json_writer *writer)
{
    const struct tn_facts_enrol_officer *facts =
        &admin->command.request.command.facts.enrol_officer_facts;

    tn_json_member_hex(writer, "officer", facts->officer, TN_ID_SIZE);
    tn_json_member_hex(writer, "token", admin->command.token, TN_TOKEN_SIZE);
}

static enum tn_status fill_officer(struct tn_admin *admin,
                                   const struct tn_json_value *const *members,
                                   struct tn_facts_enrol_officer *facts)
{
    const struct tn_policy *policy;
    char email[EMAIL_MAX + 1];
    enum tn_status status = tn_admin_policy(admin, &policy);

    if (status != TN_OK) {
        return status;
    }
    if (!email_lower(members[0]->as.string, email)) {
        return tn_fail(admin->error, TN_INVALID, "\"email\" is not an address");
    }
    facts->role = tn_role_parse(members[1]->as.string);
    if (facts->role <= TN_ROLE_HELPER || facts->role >= TN_ROLE_COUNT) {
        return tn_fail(admin->error, TN_INVALID, "\"role\" is none that an officer can have");
    }
    organisation_of_email(email, facts->organisation);
    if (members[2] && tn_organisation_parse(members[2]->as.string, facts->organisation) != TN_OK) {
        return tn_fail(admin->error, TN_INVALID,
                       "\"organisation\" is a printable code of at most %d characters or 32 "
                       "hexadecimal digits",
                       TN_ID_SIZE);
    }
    facts->port = members[3] ? members[3]->as.uint64 : 0;
    if (facts->role == TN_ROLE_PORT_OFFICER && facts->port == 0) {
        return tn_fail(admin->error, TN_INVALID, "a port officer needs a \"port\"");
    }
    if (facts->port > UINT16_MAX ||
        (facts->port > 0 && policy && tn_policy_port_index(policy, (uint16_t) facts->port) < 0)) {
        return tn_fail(admin->error, TN_INVALID, "\"port\" is not one of the policy's");
    }
    if (facts->role == TN_ROLE_OFFICER && policy && policy->validation.domain_count > 0 &&
        !domain_is_listed(policy, email)) {
        status = tn_fail(admin->error, TN_REFUSED,
                         "the policy lists no such domain for officers who validate");
    }
    if (status == TN_OK &&
        tn_vault_officer_tag(admin->ledger->keys, tn_bytes(NULL, 0), tn_bytes_from_string(email),
                             admin->command.tags[0].tag) != TN_OK) {
        status = tn_fail(admin->error, TN_INVALID, "\"email\" is not an address");
    }
    sodium_memzero(email, sizeof(email));
    return status;
}

static enum tn_status officer_add(struct tn_admin *admin)
{
    static const struct tn_json_rule rules[] = {
        {"email", TN_JSON_MAY(TN_JSON_STRING), true},
        {"role", TN_JSON_MAY(TN_JSON_STRING), true},
        {"organisation", TN_JSON_MAY(TN_JSON_STRING), false},
        {"port", TN_JSON_MAY(TN_JSON_UINT), false},
    };
    const struct tn_json_value *members[TN_ARRAY_SIZE(rules)];
    struct tn_facts_enrol_officer *facts =
        &admin->command.request.command.facts.enrol_officer_facts;
    struct tn_desk_tag *tag = &admin->command.tags[0];
    enum tn_status status =
        tn_json_object_read(admin->body, rules, TN_ARRAY_SIZE(rules), members, NULL, admin->error);

    if (status == TN_OK) {
        status = fill_officer(admin, members, facts);
    }
    if (status != TN_OK) {
        return status;
    }
    tag->kind = TN_INDEX_OFFICER;
    tag->id = facts->officer;
    tn_random_fill(&admin->random, tag->candidate, TN_ID_SIZE);
    admin->command.request.tag_count = 1;
    tn_random_fill(&admin->random, admin->command.token, TN_TOKEN_SIZE);
    tn_sha256(facts->token, tn_bytes(admin->command.token, TN_TOKEN_SIZE));
    return tn_admin_submit(admin, TN_COMMAND_enrol_officer, false, show_officer);
}

static enum tn_status officer_suspend(struct tn_admin *admin)
{
    static const struct tn_json_rule rules[] = {
        {"officer", TN_JSON_MAY(TN_JSON_STRING), true},
        {"reason", TN_JSON_MAY(TN_JSON_STRING), true},
    };
    const struct tn_json_value *members[TN_ARRAY_SIZE(rules)];
    struct tn_facts_suspend_officer *facts =
        &admin->command.request.command.facts.suspend_officer_facts;
    enum tn_status status =
        tn_json_object_read(admin->body, rules, TN_ARRAY_SIZE(rules), members, NULL, admin->error);

    if (status != TN_OK) {
        return status;
    }
    if (!tn_json_read_id(members[0], facts->officer)) {
        return tn_fail(admin->error, TN_INVALID, "\"officer\" is an id of 32 hexadecimal digits");
    }
    facts->reason = members[1]->as.string;
    if (!tn_admin_is_code(facts->reason, REASON_MAX)) {
        return tn_fail(admin->error, TN_INVALID,
                       "\"reason\" is a code of at most %u printable ASCII characters", REASON_MAX);
    }
    return tn_admin_submit(admin, TN_COMMAND_suspend_officer, false, NULL);
}

/* ---- time ---- */

static enum tn_status resume(struct tn_admin *admin)
{
    static const struct tn_json_rule rules[] = {{"extend", TN_JSON_MAY(TN_JSON_BOOL), true}};
    const struct tn_json_value *extend;
    struct tn_facts_resume *facts = &admin->command.request.command.facts.resume_deadlines_facts;
    struct tn_desk_state state;
    enum tn_status status = tn_json_object_read(admin->body, rules, 1, &extend, NULL, admin->error);

    if (status != TN_OK) {
        return status;
    }
    tn_desk_state(admin->ledger->desk, &state);
    if (!state.paused) {
        return tn_fail(admin->error, TN_REFUSED, "nothing is paused");
    }
    facts->extend = extend->as.boolean ? 1 : 0;
    facts->last_heartbeat_us = state.last_heartbeat_us;
    return tn_admin_submit(admin, TN_COMMAND_resume_deadlines, false, NULL);
}

static enum tn_status advance(struct tn_admin *admin)
{
    static const struct tn_json_rule rules[] = {
        {"seconds", TN_JSON_MAY(TN_JSON_UINT), false},
        {"to", TN_JSON_MAY(TN_JSON_STRING), false},
    };
    const struct tn_json_value *members[TN_ARRAY_SIZE(rules)];
    struct tn_desk_state state;
    uint64_t to_us = 0;
    enum tn_status status =
        tn_json_object_read(admin->body, rules, TN_ARRAY_SIZE(rules), members, NULL, admin->error);

    if (status != TN_OK) {
        return status;
    }
    tn_desk_state(admin->ledger->desk, &state);
    if ((members[0] == NULL) == (members[1] == NULL)) {
        return tn_fail(admin->error, TN_INVALID, "say one of \"seconds\" and \"to\"");
    }
    if (members[0] && members[0]->as.uint64 <= UINT64_C(31622400) * 10) {
        to_us = state.now_us + members[0]->as.uint64 * 1000000;
    } else if (!members[1] || tn_instant_parse(members[1]->as.string, &to_us) != TN_OK) {
        return tn_fail(admin->error, TN_INVALID, "that is not an instant within ten years");
    }
    if (to_us < state.now_us) {
        return tn_fail(admin->error, TN_INVALID, "time does not go backwards");
    }
    status = tn_desk_shift(admin->ledger->desk, to_us - state.now_us);
    if (status != TN_OK) {
        return tn_fail(admin->error, status, "only a served simulation's clock can be moved");
    }
    return tn_admin_status(admin);
}
