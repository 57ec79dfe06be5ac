/* Answers, and what requests carry in path, query and headers. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "api/http/service_internal.h"
#include "ledger/base/check.h"
#include "ledger/base/civil.h"
#include "ledger/base/logline.h"

#define PROBLEM_BYTES 2048u
#define DIGITS_MAX 20u

struct tn_buffer tn_answer_buffer(struct tn_http_request *request, size_t size)
{
    uint8_t *data = tn_arena_alloc(request->arena, size);

    return (struct tn_buffer){
        .data = data,
        .capacity = data ? size : 0,
        .limit = data ? size : 0,
        .overflowed = data == NULL,
    };
}

const char *tn_answer_waiting(enum tn_problem problem)
{
    if (problem == TN_PROBLEM_NO_SPACE) {
        return "nothing was written for this request, and what was answered before is kept; when "
               "the "
               "operator has made disk space, send it again";
    }
    return problem == TN_PROBLEM_PAUSED
               ? "nothing was written for this request, and what fell due waits too; when the "
                 "operator "
                 "has ended the pause (turno resume DIR [--extend]), send it again"
               : NULL;
}

void tn_answer_status(struct tn_http_request *request, enum tn_status status,
                      const struct tn_error *error)
{
    enum tn_problem problem = tn_problem_from_status(status);
    const char *detail = error->status == status ? error->text : NULL;

    if (status == TN_MISMATCH) { /* a mistyped confirmation number, the only one that gets here */
        problem = TN_PROBLEM_INVALID_MEMBER;
    }
    if (problem == TN_PROBLEM_INTERNAL || problem == TN_PROBLEM_OUTCOME_UNKNOWN) {
        /* Words of the store are for the operator. Without words it is the desk's failed write,
         * which the desk has told of once, for all that come after it. */
        if (detail || status != TN_UNKNOWN) {
            tn_logline(TN_LOG_ERROR, "a request failed: %s: %s", tn_status_name(status),
                       detail ? detail : "");
        }
        detail = NULL;
    }
    tn_http_respond_problem(request, problem,
                            detail && detail[0] ? detail : tn_answer_waiting(problem));
}

void tn_answer_member(struct tn_http_request *request, const char *detail)
{
    tn_http_respond_problem(request, TN_PROBLEM_INVALID_MEMBER, detail);
}

void tn_answer_refusal(struct tn_http_request *request, enum tn_refusal refusal,
                       const uint64_t *index)
{
    enum tn_language language = tn_language_choose(tn_http_header(request, "accept-language"));
    struct tn_buffer out = tn_answer_buffer(request, PROBLEM_BYTES);
    const struct tn_http_reply_field fields[] = {
        {"Cache-Control", tn_bytes_from_string("no-store")},
        {"Content-Language", tn_bytes_from_string(tn_language_tag(language))},
    };
    struct tn_json_writer json;
    char type[96];

    (void) snprintf(type, sizeof(type), "/problems/%s", tn_refusal_name(refusal));
    tn_json_writer_init(&json, &out);
    tn_json_write_object_begin(&json);
    tn_json_member_text(&json, "type", type);
    tn_json_member_text(&json, "title", "A rule refused the command");
    tn_json_member_uint(&json, "status", tn_refusal_http(refusal));
    tn_json_member_text(&json, "code", tn_refusal_name(refusal));
    tn_json_member_text(&json, "detail", tn_refusal_text(refusal, language));
    if (index) {
        tn_json_member_uint(&json, "index", *index);
    }
    tn_json_write_object_end(&json);
    if (tn_buffer_status(&out) != TN_OK) {
        tn_http_respond_problem(request, TN_PROBLEM_INTERNAL, NULL);
        return;
    }
    tn_http_respond(request, tn_refusal_http(refusal), TN_PROBLEM_MEDIA_TYPE, tn_buffer_view(&out),
                    fields, 2);
}

bool tn_names_officer(const struct tn_event *event)
{
    return event->actor.role > TN_ROLE_HELPER && !tn_is_zero(event->actor.id, TN_ID_SIZE);
}

void tn_json_member_date(struct tn_json_writer *json, const char *name, uint64_t day)
{
    char text[11];

    tn_date_format((uint32_t) day, text);
    tn_json_member_text(json, name, text);
}

void tn_json_member_instant(struct tn_json_writer *json, const char *name, uint64_t time_us)
{
    char text[28];

    tn_instant_format(time_us, text);
    tn_json_member_text(json, name, text);
}

void tn_json_member_time(struct tn_json_writer *json, const char *name, uint64_t minute)
{
    char text[16];

    (void) snprintf(text, sizeof(text), "%02u:%02u", (unsigned) (minute / 60 % 100),
                    (unsigned) (minute % 60));
    tn_json_member_text(json, name, text);
}

void tn_json_member_seats(struct tn_json_writer *json, const struct tn_run_list *seats)
{
    uint64_t count = 0;

    for (size_t i = 0; i < seats->count; i++) {
        count += seats->items[i].seats;
    }
    if (seats->count > 0) {
        tn_json_member_date(json, "date", seats->items[0].date);
        tn_json_member_time(json, "time", seats->items[0].minute);
    }
    tn_json_member_uint(json, "seats", count);
}

/* ---- languages ---- */

static const char *const language_tags[TN_LANGUAGE_COUNT] = {"en", "es", "ht", "pt", "ru"};

const char *tn_language_tag(enum tn_language language)
{
    return language_tags[language];
}

/* "q=0.7" in thousandths; 1000 when it says nothing. */
static unsigned quality(struct tn_bytes parameters)
{
    const uint8_t *q = memmem(parameters.data, parameters.size, "q=", 2);
    unsigned value = 0;
    unsigned place = 1000;

    if (!q) {
        return 1000;
    }
    for (q += 2; q < parameters.data + parameters.size && place > 0; q++) {
        if (*q == '.') {
            continue;
        }
        if (*q < '0' || *q > '9') {
            break;
        }
        value += (unsigned) (*q - '0') * place;
        place /= 10;
    }
    return value > 1000 ? 1000 : value;
}

enum tn_language tn_language_choose(struct tn_bytes accept)
{
    enum tn_language best = TN_LANGUAGE_EN;
    unsigned best_quality = 0;

    while (accept.size > 0) {
        const uint8_t *comma = memchr(accept.data, ',', accept.size);
        size_t size = comma ? (size_t) (comma - accept.data) : accept.size;
        struct tn_bytes item = tn_bytes(accept.data, size);
        size_t step = comma ? size + 1 : size;

        accept = tn_bytes(accept.data + step, accept.size - step);
        while (item.size > 0 && item.data[0] == ' ') {
            item = tn_bytes(item.data + 1, item.size - 1);
        }
        for (size_t i = 0; i < TN_LANGUAGE_COUNT; i++) {
            bool same = item.size >= 2 && (item.data[0] | 0x20) == language_tags[i][0] &&
                        (item.data[1] | 0x20) == language_tags[i][1] &&
                        (item.size == 2 || item.data[2] == '-' || item.data[2] == ';' ||
                         item.data[2] == ' ');

            if (same && quality(item) > best_quality) {
                best = (enum tn_language) i;
                best_quality = quality(item);
            }
        }
    }
    return best;
}

/* ---- path, query, body ---- */

bool tn_path_id(struct tn_http_request *request, size_t i, uint8_t id[static TN_ID_SIZE])
{
    if (tn_hex_decode(request->parameters[i], id, TN_ID_SIZE) != TN_OK) {
        tn_http_respond_problem(request, TN_PROBLEM_NOT_FOUND, NULL);
        return false;
    }
    return true;
}

bool tn_path_date(struct tn_http_request *request, size_t i, uint64_t *day)
{
    uint32_t parsed;

    if (tn_date_parse(request->parameters[i], &parsed) != TN_OK) {
        tn_http_respond_problem(request, TN_PROBLEM_NOT_FOUND,
                                tn_date_has_form(request->parameters[i])
                                    ? "there is no such day, or it is before 1970"
                                    : "a date is written YYYY-MM-DD");
        return false;
    }
    *day = parsed;
    return true;
}

static bool parse_uint(struct tn_bytes text, uint64_t max, uint64_t *value)
{
    *value = 0;
    if (text.size == 0 || text.size > DIGITS_MAX || (text.size > 1 && text.data[0] == '0')) {
        return false;
    }
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] < '0' || text.data[i] > '9' ||
            __builtin_mul_overflow(*value, (uint64_t) 10, value) ||
            __builtin_add_overflow(*value, (uint64_t) (text.data[i] - '0'), value)) {
            return false;
        }
    }
    return *value <= max;
}

bool tn_path_uint(struct tn_http_request *request, size_t i, uint64_t max, uint64_t *value)
{
    if (!parse_uint(request->parameters[i], max, value)) {
        tn_http_respond_problem(request, TN_PROBLEM_NOT_FOUND, NULL);
        return false;
    }
    return true;
}

bool tn_query_uint(struct tn_http_request *request, const char *name, uint64_t fallback,
                   uint64_t max, uint64_t *value)
{
    struct tn_bytes text;
    char detail[96];
    int size;

    if (tn_http_query(request, name, &text) == TN_OK) {
        if (!text.data) {
            *value = fallback;
            return true;
        }
        if (parse_uint(text, max, value)) {
            return true;
        }
    }
    size = snprintf(detail, sizeof(detail), "\"%s\" stands once and is a number", name);
    if (max < UINT64_MAX) {
        (void) snprintf(detail + size, sizeof(detail) - (size_t) size, " of at most %" PRIu64, max);
    }
    tn_http_respond_problem(request, TN_PROBLEM_INVALID_PARAMETER, detail);
    return false;
}

bool tn_query_known(struct tn_http_request *request, const char *const *names, size_t count)
{
    struct tn_error error = {0};

    if (tn_http_query_only(request, names, count, &error) != TN_OK) {
        tn_http_respond_problem(request, TN_PROBLEM_INVALID_PARAMETER, error.text);
        return false;
    }
    return true;
}

bool tn_body_read(struct tn_http_request *request, const struct tn_json_rule *rules, size_t count,
                  const struct tn_json_value **members)
{
    const struct tn_json_value *root;
    struct tn_error error = {0};
    enum tn_json_fault_kind kind;

    if (!tn_http_body_json(request, &root)) {
        return false;
    }
    if (tn_json_object_read(root, rules, count, members, &kind, &error) != TN_OK) {
        tn_http_respond_problem(request,
                                kind == TN_JSON_FAULT_UNKNOWN_MEMBER ? TN_PROBLEM_UNKNOWN_MEMBER
                                                                     : TN_PROBLEM_INVALID_MEMBER,
                                error.text);
        return false;
    }
    return true;
}

bool tn_body_none(struct tn_http_request *request)
{
    const struct tn_json_value *root;

    if (request->body.size == 0) {
        return true;
    }
    if (!tn_http_body_json(request, &root)) {
        return false;
    }
    if (root->type == TN_JSON_OBJECT && root->count == 0) {
        return true;
    }
    tn_http_respond_problem(request,
                            root->type == TN_JSON_OBJECT ? TN_PROBLEM_UNKNOWN_MEMBER
                                                         : TN_PROBLEM_INVALID_MEMBER,
                            "no body is wanted here; {} is taken for none");
    return false;
}

bool tn_min_index_reached(struct tn_http_request *request)
{
    struct tn_bytes header = tn_http_header(request, "min-index");
    struct tn_log_head head;
    uint64_t index;

    if (!header.data) {
        return true;
    }
    if (!parse_uint(header, UINT64_MAX, &index)) {
        tn_http_respond_problem(request, TN_PROBLEM_INVALID_PARAMETER,
                                "Min-Index is an index of the log");
        return false;
    }
    tn_log_head(tn_service_of(request)->ledger->log, &head);
    if (index >= head.size) {
        tn_http_respond_problem(request, TN_PROBLEM_BUSY, "this index is not committed here yet");
        return false;
    }
    return true;
}
