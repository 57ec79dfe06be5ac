/* Problem documents (RFC 9457). */
#include "api/http/problem.h"

#include <stdio.h>

#include "api/http/json_writer.h"
#include "ledger/base/check.h"

static const struct problem_row {
    const char *code;
    const char *title;
    unsigned status;
} problems[TN_PROBLEM_COUNT] = {
#define PROBLEM_ROW(name, code_, status_, title_)                                                  \
    [TN_PROBLEM_##name] = {.code = code_, .title = title_, .status = status_},
    TN_PROBLEM_LIST(PROBLEM_ROW)
#undef PROBLEM_ROW
};

static const struct problem_row *problem_row(enum tn_problem problem)
{
    TN_CHECK((unsigned) problem < TN_PROBLEM_COUNT);
    return &problems[problem == TN_PROBLEM_NONE ? TN_PROBLEM_INTERNAL : problem];
}

const char *tn_problem_code(enum tn_problem problem)
{
    return problem_row(problem)->code;
}

unsigned tn_problem_status(enum tn_problem problem)
{
    return problem_row(problem)->status;
}

unsigned tn_problem_retry_after_s(enum tn_problem problem)
{
    if (problem == TN_PROBLEM_BUSY || problem == TN_PROBLEM_OUTCOME_UNKNOWN) {
        return 1;
    }
    if (problem == TN_PROBLEM_TOO_MANY_CONNECTIONS) {
        return 5;
    }
    return problem == TN_PROBLEM_PAUSED ? 60 : 0;
}

enum tn_problem tn_problem_from_status(enum tn_status status)
{
    switch (status) {
    case TN_OK:
        return TN_PROBLEM_NONE;
    case TN_INVALID:
        return TN_PROBLEM_INVALID_MEMBER;
    case TN_NOT_FOUND:
        return TN_PROBLEM_NOT_FOUND;
    case TN_NO_SPACE:
        return TN_PROBLEM_NO_SPACE;
    case TN_BUSY:
    case TN_UNAVAILABLE:
        return TN_PROBLEM_BUSY;
    case TN_PAUSED:
        return TN_PROBLEM_PAUSED;
    case TN_CONFLICT:
        return TN_PROBLEM_CONFLICTING_KEY;
    case TN_IO:
    case TN_UNKNOWN:
        return TN_PROBLEM_OUTCOME_UNKNOWN;
    case TN_DENIED:
        return TN_PROBLEM_FORBIDDEN;
    case TN_GONE:
        return TN_PROBLEM_GONE;
    case TN_FULL:
        return TN_PROBLEM_PAYLOAD_TOO_LARGE;
    case TN_EXISTS:
    case TN_CORRUPT:
    case TN_FENCED:
    case TN_TRIMMED:
    case TN_UNSUPPORTED:
    case TN_MISMATCH:
    case TN_REFUSED:
    case TN_MEMORY:
        return TN_PROBLEM_INTERNAL;
    }
    return TN_PROBLEM_INTERNAL;
}

void tn_problem_write(struct tn_buffer *out, enum tn_problem problem, struct tn_bytes detail)
{
    const struct problem_row *row = problem_row(problem);
    struct tn_json_writer json;
    tn_json_writer_init(&json, out);
    tn_json_write_object_begin(&json);
    char type[96];
    int size = snprintf(type, sizeof(type), "/problems/%s", row->code);
    TN_CHECK(size > 0 && (size_t) size < sizeof(type));
    tn_json_member_text(&json, "type", type);
    tn_json_member_text(&json, "title", row->title);
    tn_json_member_uint(&json, "status", row->status);
    tn_json_member_text(&json, "code", row->code);
    if (detail.size != 0) {
        tn_json_member_string(&json, "detail", detail);
    }
    tn_json_write_object_end(&json);
}
