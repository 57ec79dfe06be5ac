/* Routes of officers: the validation tool, and arrivals at a port. */
#include <string.h>

#include "api/http/write.h"

#define STRING TN_JSON_MAY(TN_JSON_STRING)
/* Every validation is answered with exactly so many bytes, padded: what an answer says must not
 * show in its length (R17). The longest has some 100. */
#define VALIDATION_BYTES 128u

static const char *const purposes[] = {"transit", "entry", "shelter", NULL};
static const char *const outcomes[] = {"presented", "turned_away", NULL};

static enum tn_status validate_prepare(struct tn_write *write)
{
    return tn_intake_validate(&write->intake, &write->caller, write->text, write->birth,
                              (enum tn_purpose) write->number, &write->command, &write->error);
}

static enum tn_status validate_answer(struct tn_write *write, struct tn_json_writer *json)
{
    struct tn_event event;
    enum tn_status status = tn_write_event_of(write, TN_KIND_validation_answered, &event);

    if (status == TN_OK) {
        uint64_t verdict = event.body.validation_answered.verdict;
        bool matched = (verdict & TN_VALIDATION_MATCHED) != 0;

        tn_json_member_bool(json, "matched", matched);
        tn_json_member_bool(json, "appointment", (verdict & TN_VALIDATION_APPOINTMENT) != 0);
        tn_json_write_name(json, "party");
        if (matched) {
            tn_json_write_text(json, (verdict & TN_VALIDATION_PARTY) != 0 ? "group" : "individual");
        } else {
            tn_json_write_null(json);
        }
    }
    return status;
}

static const struct tn_write_kind validate_kind = {
    .command = TN_COMMAND_validate,
    .http_status = 200,
    .prepare = validate_prepare,
    .answer = validate_answer,
    .fixed_size = VALIDATION_BYTES,
};

void tn_on_validate(struct tn_http_request *request)
{
    static const struct tn_json_rule rules[] = {
        {"confirmation_number", STRING, true},
        {"date_of_birth", STRING, true},
        {"purpose", STRING, true},
    };
    const struct tn_json_value *members[3];
    struct tn_write *write;
    uint32_t birth;
    size_t purpose;

    if (!tn_body_read(request, rules, 3, members)) {
        return;
    }
    purpose = tn_json_read_name(members[2], purposes);
    if (!purposes[purpose]) {
        tn_answer_member(request, "\"purpose\" is transit, entry or shelter");
        return;
    }
    if (!tn_json_read_birth(members[1], &birth)) {
        tn_answer_member(request, tn_json_birth_fault(members[1]));
        return;
    }
    write = tn_write_begin(request, &validate_kind);
    if (write) {
        write->text = members[0]->as.string;
        write->birth = birth;
        write->number = purpose + TN_PURPOSE_TRANSIT;
        tn_write_run(write);
    }
}

/* ---- the port day ---- */

static enum tn_status arrival_prepare(struct tn_write *write)
{
    return tn_intake_arrival(&write->intake, &write->caller, write->port, write->number,
                             write->text, write->birth, (enum tn_arrival) write->port_count,
                             write->rule, &write->command, &write->error);
}

static enum tn_status arrival_answer(struct tn_write *write, struct tn_json_writer *json)
{
    struct tn_event event;
    enum tn_status status = tn_write_event(write, 0, &event);

    if (status == TN_OK) {
        tn_json_member_text(json, "outcome",
                            event.kind == TN_KIND_group_presented ? outcomes[0] : outcomes[1]);
        tn_json_member_uint(json, "port", event.body.group_presented.port);
        tn_json_member_seats(json, &event.body.group_presented.seats);
    }
    return status;
}

static const struct tn_write_kind arrival_kind = {
    .command = TN_COMMAND_record_arrival,
    .http_status = 201,
    .prepare = arrival_prepare,
    .answer = arrival_answer,
};

void tn_on_arrival(struct tn_http_request *request)
{
    static const struct tn_json_rule rules[] = {
        {"confirmation_number", STRING, true},
        {"date_of_birth", STRING, true},
        {"outcome", STRING, true},
        {"rule", TN_JSON_MAY(TN_JSON_UINT), false},
    };
    const struct tn_json_value *members[4];
    struct tn_write *write;
    uint64_t port;
    uint64_t day;
    uint64_t rule = 0;
    uint32_t birth;
    size_t outcome;

    if (!tn_path_uint(request, 0, UINT16_MAX, &port) || !tn_path_date(request, 1, &day) ||
        !tn_body_read(request, rules, 4, members)) {
        return;
    }
    outcome = tn_json_read_name(members[2], outcomes);
    if (!outcomes[outcome]) {
        tn_answer_member(request, "\"outcome\" is presented or turned_away");
        return;
    }
    if (!tn_json_read_birth(members[1], &birth)) {
        tn_answer_member(request, tn_json_birth_fault(members[1]));
        return;
    }
    if (members[3] && (!tn_json_read_uint(members[3], UINT32_MAX, &rule) || outcome == 0)) {
        tn_answer_member(request, "\"rule\" is the code of the rule by which a group was turned "
                                  "away");
        return;
    }
    write = tn_write_begin(request, &arrival_kind);
    if (write) {
        write->port = port;
        write->number = day;
        write->text = members[0]->as.string;
        write->birth = birth;
        write->port_count = outcome + TN_ARRIVAL_PRESENTED;
        write->rule = rule;
        tn_write_run(write);
    }
}

static enum tn_status close_prepare(struct tn_write *write)
{
    struct tn_facts_port_day *facts = &write->command.request.command.facts.close_port_day_facts;

    facts->port = write->port;
    facts->date = write->number;
    tn_intake_plain(&write->intake, &write->caller, TN_COMMAND_close_port_day, &write->command);
    return TN_OK;
}

static enum tn_status close_answer(struct tn_write *write, struct tn_json_writer *json)
{
    tn_json_member_uint(json, "port", write->port);
    tn_json_member_date(json, "date", write->number);
    tn_json_member_uint(json, "missed", write->command.request.count);
    return TN_OK;
}

static const struct tn_write_kind close_kind = {
    .command = TN_COMMAND_close_port_day,
    .http_status = 200,
    .prepare = close_prepare,
    .answer = close_answer,
};

void tn_on_close_port_day(struct tn_http_request *request)
{
    struct tn_write *write;
    uint64_t port;
    uint64_t day;

    if (!tn_path_uint(request, 0, UINT16_MAX, &port) || !tn_path_date(request, 1, &day) ||
        !tn_body_none(request)) {
        return;
    }
    write = tn_write_begin(request, &close_kind);
    if (write) {
        write->port = port;
        write->number = day;
        tn_write_run(write);
    }
}
