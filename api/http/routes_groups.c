/* Routes of registrations: making one, and what changes a group. */
#include <sodium.h>
#include <string.h>

#include "api/http/write.h"
#include "ledger/base/hash.h"

#define STRING TN_JSON_MAY(TN_JSON_STRING)
#define ARRAY TN_JSON_MAY(TN_JSON_ARRAY)

static const struct tn_json_rule person_rules[] = {
    {"given_names", STRING, true}, {"family_names", STRING, true}, {"date_of_birth", STRING, true},
    {"nationality", STRING, true}, {"document", STRING, false},
};
#define PERSON_RULES (sizeof(person_rules) / sizeof(person_rules[0]))

/* False with words in `error`. */
static bool fill_person(const struct tn_json_value *const *members, struct tn_person_form *person,
                        struct tn_error *error)
{
    person->given_names = members[0]->as.string;
    person->family_names = members[1]->as.string;
    person->nationality = members[3]->as.string;
    if (members[4]) {
        person->document = members[4]->as.string;
    }
    if (!tn_json_read_birth(members[2], &person->birth)) {
        (void) tn_fail(error, TN_INVALID, "%s", tn_json_birth_fault(members[2]));
        return false;
    }
    return true;
}

static bool read_people(struct tn_http_request *request, const struct tn_json_value *list,
                        struct tn_registration_form *form)
{
    struct tn_person_form *people;
    struct tn_error error = {0};

    if (list->count == 0 || list->count > TN_INTAKE_MEMBERS_MAX) {
        tn_answer_member(request, "\"members\" names at least one person and at most 32");
        return false;
    }
    people = tn_arena_array(request->arena, list->count, sizeof(*people));
    if (!people) {
        tn_http_respond_problem(request, TN_PROBLEM_PAYLOAD_TOO_LARGE, NULL);
        return false;
    }
    for (uint32_t i = 0; i < list->count; i++) {
        const struct tn_json_value *members[PERSON_RULES];
        enum tn_json_fault_kind kind = TN_JSON_FAULT_NONE;

        if (tn_json_object_read(&list->as.items[i], person_rules, PERSON_RULES, members, &kind,
                                &error) != TN_OK ||
            !fill_person(members, &people[i], &error)) {
            (void) tn_fail_context(&error, "members[%u]", i);
            tn_http_respond_problem(request,
                                    kind == TN_JSON_FAULT_UNKNOWN_MEMBER
                                        ? TN_PROBLEM_UNKNOWN_MEMBER
                                        : TN_PROBLEM_INVALID_MEMBER,
                                    error.text);
            return false;
        }
    }
    form->members = people;
    form->member_count = list->count;
    return true;
}

/* ---- register ---- */

static enum tn_status register_prepare(struct tn_write *write)
{
    return tn_intake_register(&write->intake, &write->caller, &write->form, &write->command,
                              &write->error);
}

static enum tn_status register_answer(struct tn_write *write, struct tn_json_writer *json)
{
    struct tn_event event;
    const struct tn_facts_register *facts;
    uint8_t token[TN_TOKEN_SIZE];
    enum tn_status status = tn_write_event_of(write, TN_KIND_registration_created, &event);

    if (status != TN_OK) {
        return status == TN_NOT_FOUND ? TN_CORRUPT : status;
    }
    facts = &event.body.registration_created.facts;
    memcpy(token, write->command.token, TN_TOKEN_SIZE);
    if (write->command.request.replayed) {
        status = tn_intake_reopen_token(&write->intake, facts->registration, event.command, token,
                                        &write->error);
    }
    if (status == TN_OK) {
        tn_json_member_hex(json, "registration", facts->registration, TN_ID_SIZE);
        tn_json_member_hex(json, "token", token, TN_TOKEN_SIZE);
        tn_json_write_name(json, "members");
        tn_json_write_array_begin(json);
        for (size_t i = 0; i < facts->members.count; i++) {
            tn_json_write_object_begin(json);
            tn_json_member_hex(json, "member", facts->members.items[i].member, TN_ID_SIZE);
            tn_json_member_bool(json, "adult", facts->members.items[i].adult != 0);
            tn_json_write_object_end(json);
        }
        tn_json_write_array_end(json);
    }
    sodium_memzero(token, sizeof(token));
    return status;
}

static const struct tn_write_kind register_kind = {
    .command = TN_COMMAND_register,
    .http_status = 201,
    .pool = true,
    .prepare = register_prepare,
    .answer = register_answer,
};

void tn_on_register(struct tn_http_request *request)
{
    static const struct tn_json_rule rules[] = {
        {"members", ARRAY, true},
        {"destination", STRING, false},
        {"contact", STRING, false},
        {"language", STRING, false},
    };
    const struct tn_json_value *members[4];
    struct tn_registration_form form = {0};
    struct tn_write *write;

    if (!tn_body_read(request, rules, 4, members) || !read_people(request, members[0], &form)) {
        return;
    }
    if (members[1]) {
        form.destination = members[1]->as.string;
    }
    if (members[2]) {
        form.contact = members[2]->as.string;
    }
    if (members[3]) {
        form.language = members[3]->as.string;
    }
    write = tn_write_begin(request, &register_kind);
    if (!write) {
        return;
    }
    /* Whoever registers is new: a token shown on the way does not make this their doing. */
    write->caller.actor = (struct tn_actor){.role = TN_ROLE_APPLICANT};
    write->form = form;
    tn_write_run(write);
}

/* ---- members ---- */

static enum tn_status add_prepare(struct tn_write *write)
{
    return tn_intake_add_member(&write->intake, &write->caller, write->id, write->form.members,
                                &write->command, &write->error);
}

static enum tn_status add_answer(struct tn_write *write, struct tn_json_writer *json)
{
    struct tn_event event;
    enum tn_status status = tn_write_event_of(write, TN_KIND_member_added, &event);

    if (status == TN_OK) {
        const struct tn_member_added *body = &event.body.member_added;

        tn_json_member_hex(json, "registration", body->registration, TN_ID_SIZE);
        tn_json_member_hex(json, "member", body->member, TN_ID_SIZE);
        tn_json_member_bool(json, "adult", body->adult != 0);
        tn_json_member_uint(json, "size", body->size);
        tn_json_member_date(json, "registered_day", body->registered_day);
    }
    return status;
}

static const struct tn_write_kind add_kind = {
    .command = TN_COMMAND_add_member,
    .http_status = 201,
    .pool = true,
    .prepare = add_prepare,
    .answer = add_answer,
};

void tn_on_add_member(struct tn_http_request *request)
{
    const struct tn_json_value *members[PERSON_RULES];
    struct tn_person_form *person = tn_arena_alloc(request->arena, sizeof(*person));
    struct tn_error error = {0};
    struct tn_write *write;
    uint8_t id[TN_ID_SIZE];

    if (!tn_path_id(request, 0, id) ||
        !tn_body_read(request, person_rules, PERSON_RULES, members)) {
        return;
    }
    if (!person || !fill_person(members, person, &error)) {
        tn_answer_member(request, error.text);
        return;
    }
    write = tn_write_begin(request, &add_kind);
    if (write) {
        memcpy(write->id, id, TN_ID_SIZE);
        write->form.members = person;
        tn_write_run(write);
    }
}

static enum tn_status remove_prepare(struct tn_write *write)
{
    struct tn_facts_remove_member *facts =
        &write->command.request.command.facts.remove_member_facts;

    memcpy(facts->registration, write->id, TN_ID_SIZE);
    memcpy(facts->member, write->other, TN_ID_SIZE);
    memcpy(facts->by, write->by, TN_ID_SIZE);
    tn_intake_plain(&write->intake, &write->caller, TN_COMMAND_remove_member, &write->command);
    return TN_OK;
}

static enum tn_status remove_answer(struct tn_write *write, struct tn_json_writer *json)
{
    struct tn_event event;
    enum tn_status status = tn_write_event_of(write, TN_KIND_member_removed, &event);

    if (status == TN_OK) {
        const struct tn_member_removed *body = &event.body.member_removed;

        tn_json_member_hex(json, "registration", body->registration, TN_ID_SIZE);
        tn_json_member_hex(json, "member", body->member, TN_ID_SIZE);
        tn_json_member_hex(json, "by", body->by, TN_ID_SIZE);
        tn_json_member_uint(json, "size", body->size);
        tn_json_member_date(json, "registered_day", body->registered_day);
    }
    return status;
}

static const struct tn_write_kind remove_kind = {
    .command = TN_COMMAND_remove_member,
    .http_status = 200,
    .query = true,
    .prepare = remove_prepare,
    .answer = remove_answer,
};

/* `by` stands in the query, or in a body {"by": id}. */
static bool read_by(struct tn_http_request *request, uint8_t by[static TN_ID_SIZE])
{
    static const struct tn_json_rule rules[] = {{"by", STRING, true}};
    static const char *const names[] = {"by"};
    const struct tn_json_value *member;
    struct tn_bytes text;
    bool fits;

    if (!tn_query_known(request, names, 1)) {
        return false;
    }
    if (request->body.size > 0) {
        if (!tn_body_read(request, rules, 1, &member)) {
            return false;
        }
        fits = tn_json_read_id(member, by);
    } else {
        fits = tn_http_query(request, "by", &text) == TN_OK && text.data &&
               tn_hex_decode(text, by, TN_ID_SIZE) == TN_OK;
    }
    if (!fits) {
        tn_answer_member(request, "\"by\" is the id of the member on whose act it happens");
    }
    return fits;
}

void tn_on_remove_member(struct tn_http_request *request)
{
    struct tn_write *write;
    uint8_t id[TN_ID_SIZE];
    uint8_t member[TN_ID_SIZE];
    uint8_t by[TN_ID_SIZE];

    if (!tn_path_id(request, 0, id) || !tn_path_id(request, 1, member) || !read_by(request, by)) {
        return;
    }
    write = tn_write_begin(request, &remove_kind);
    if (write) {
        memcpy(write->id, id, TN_ID_SIZE);
        memcpy(write->other, member, TN_ID_SIZE);
        memcpy(write->by, by, TN_ID_SIZE);
        tn_write_run(write);
    }
}

/* ---- withdraw, restore, merge ---- */

static enum tn_status plain_prepare(struct tn_write *write)
{
    memcpy(write->command.request.command.facts.withdraw_registration_facts.registration, write->id,
           TN_ID_SIZE);
    tn_intake_plain(&write->intake, &write->caller, write->kind->command, &write->command);
    return TN_OK;
}

static enum tn_status withdraw_answer(struct tn_write *write, struct tn_json_writer *json)
{
    tn_json_member_hex(json, "registration", write->id, TN_ID_SIZE);
    tn_json_member_text(json, "state", "withdrawn");
    return TN_OK;
}

static enum tn_status restore_answer(struct tn_write *write, struct tn_json_writer *json)
{
    tn_json_member_hex(json, "registration", write->id, TN_ID_SIZE);
    tn_json_member_text(json, "state", "live");
    return TN_OK;
}

/* Whoever asks has proved both tokens: the caller's was checked at the door. */
static enum tn_status merge_prepare(struct tn_write *write)
{
    struct tn_facts_merge *facts = &write->command.request.command.facts.merge_registrations_facts;
    uint8_t token[TN_TOKEN_SIZE];
    uint8_t hash[TN_HASH_SIZE];
    struct tn_token_row row;
    bool found = false;
    enum tn_status status = tn_hex_decode(write->text, token, TN_TOKEN_SIZE);

    if (status == TN_OK) {
        tn_sha256(hash, tn_bytes(token, TN_TOKEN_SIZE));
        sodium_memzero(token, sizeof(token));
        status = tn_reader_token(write->reader, hash, &row, &found, &write->error);
    } else {
        status = TN_OK; /* answered like a token of nobody */
    }
    if (status == TN_OK && (!found || row.role != TN_ROLE_APPLICANT ||
                            memcmp(row.id, write->other, TN_ID_SIZE) != 0)) {
        return tn_fail(&write->error, TN_DENIED, "other_token is not that registration's");
    }
    memcpy(facts->registration, write->id, TN_ID_SIZE);
    memcpy(facts->other, write->other, TN_ID_SIZE);
    tn_intake_plain(&write->intake, &write->caller, TN_COMMAND_merge_registrations,
                    &write->command);
    return status;
}

static enum tn_status merge_answer(struct tn_write *write, struct tn_json_writer *json)
{
    struct tn_event event;
    enum tn_status status = tn_write_event_of(write, TN_KIND_registration_merged, &event);

    if (status == TN_OK) {
        const struct tn_registration_merged *body = &event.body.registration_merged;

        tn_json_member_hex(json, "registration", body->facts.registration, TN_ID_SIZE);
        tn_json_member_hex(json, "other", body->facts.other, TN_ID_SIZE);
        tn_json_member_uint(json, "size", body->size);
        tn_json_member_date(json, "registered_day", body->registered_day);
    }
    return status;
}

static const struct tn_write_kind withdraw_kind = {
    .command = TN_COMMAND_withdraw_registration,
    .http_status = 200,
    .prepare = plain_prepare,
    .answer = withdraw_answer,
};

static const struct tn_write_kind restore_kind = {
    .command = TN_COMMAND_restore_registration,
    .http_status = 200,
    .prepare = plain_prepare,
    .answer = restore_answer,
};

static const struct tn_write_kind merge_kind = {
    .command = TN_COMMAND_merge_registrations,
    .http_status = 200,
    .prepare = merge_prepare,
    .answer = merge_answer,
};

static void run_plain(struct tn_http_request *request, const struct tn_write_kind *kind)
{
    struct tn_write *write;
    uint8_t id[TN_ID_SIZE];

    if (!tn_path_id(request, 0, id) || !tn_body_none(request)) {
        return;
    }
    write = tn_write_begin(request, kind);
    if (write) {
        memcpy(write->id, id, TN_ID_SIZE);
        tn_write_run(write);
    }
}

void tn_on_withdraw(struct tn_http_request *request)
{
    run_plain(request, &withdraw_kind);
}

void tn_on_restore(struct tn_http_request *request)
{
    run_plain(request, &restore_kind);
}

void tn_on_merge(struct tn_http_request *request)
{
    static const struct tn_json_rule rules[] = {
        {"other", STRING, true},
        {"other_token", STRING, true},
    };
    const struct tn_json_value *members[2];
    struct tn_write *write;
    uint8_t id[TN_ID_SIZE];
    uint8_t other[TN_ID_SIZE];

    if (!tn_path_id(request, 0, id) || !tn_body_read(request, rules, 2, members)) {
        return;
    }
    if (!tn_json_read_id(members[0], other)) {
        tn_answer_member(request, "\"other\" is the id of a registration");
        return;
    }
    write = tn_write_begin(request, &merge_kind);
    if (write) {
        memcpy(write->id, id, TN_ID_SIZE);
        memcpy(write->other, other, TN_ID_SIZE);
        write->text = members[1]->as.string;
        tn_write_run(write);
    }
}
