/* JSON as input: simdjson parses, a walk refuses what we do not take, a tree in an arena comes out.
 *
 * Beyond RFC 8259 we refuse duplicate names in one object, U+0000 in strings, and whatever passes
 * the limits. Integers are exact; every other number is only told apart (TN_JSON_NUMBER), for no
 * field of ours is a fraction. */
#ifndef TN_API_HTTP_JSON_H
#define TN_API_HTTP_JSON_H

#include "ledger/base/arena.h"
#include "ledger/base/status.h"

#ifdef __cplusplus
extern "C" {
#endif

#define TN_JSON_DEPTH_MAX 16
#define TN_JSON_MEMBERS_MAX 256          /* of one object */
#define TN_JSON_VALUES_MAX 16384         /* of one document: bounds the tree to about 800 KiB */
#define TN_JSON_SIZE_MAX (1024u * 1024u) /* of one document, in bytes */

enum tn_json_type {
    TN_JSON_NULL = 0,
    TN_JSON_BOOL,
    TN_JSON_UINT,   /* an integer from 0 to 2^64 - 1 */
    TN_JSON_INT,    /* an integer from -2^63 to -1 */
    TN_JSON_NUMBER, /* any other number; its value is not kept */
    TN_JSON_STRING,
    TN_JSON_ARRAY,
    TN_JSON_OBJECT,
};

struct tn_json_member;

/* One value of a parsed document; all of it lives in the arena given to the parser. */
struct tn_json_value {
    enum tn_json_type type;
    uint32_t count; /* items of an array, members of an object */
    union {
        bool boolean;
        uint64_t uint64;
        int64_t int64;
        struct tn_bytes string; /* unescaped, valid UTF-8, no zero byte inside */
        const struct tn_json_value *items;
        const struct tn_json_member *members; /* in the order of the document */
    } as;
};

struct tn_json_member {
    struct tn_bytes name;
    struct tn_json_value value;
};

struct tn_json_limits {
    uint32_t depth_max;   /* nested arrays and objects */
    uint32_t members_max; /* of one object */
    uint32_t values_max;  /* of the document */
    size_t size_max;      /* bytes of the document */
};

/* Keeps its memory between documents: one per thread or loop, one document at a time. */
struct tn_json_parser;

/* NULL when the system gives no memory. */
struct tn_json_parser *tn_json_parser_create(void);
void tn_json_parser_destroy(struct tn_json_parser *parser);

/* Parse one whole document; `limits` may be NULL for the constants above. `*root` and all below it
 * live in `arena` and borrow nothing from `text` or `parser`.
 *
 * TN_INVALID  not JSON as we take it; the error says why, without quoting the input
 * TN_FULL     over a limit of size, depth, members or values
 * TN_MEMORY   the arena or the system gave no memory */
TN_MUST_USE enum tn_status tn_json_parse(struct tn_json_parser *parser, struct tn_bytes text,
                                         const struct tn_json_limits *limits,
                                         struct tn_arena *arena, const struct tn_json_value **root,
                                         struct tn_error *error);

/* The member of that name, or NULL when there is none or `object` is NULL or no object. */
const struct tn_json_value *tn_json_member(const struct tn_json_value *object, const char *name);

/* What a member may be, for tn_json_object_read. */
#define TN_JSON_MAY(type) (1u << (unsigned) (type))

struct tn_json_rule {
    const char *name;
    unsigned types; /* TN_JSON_MAY(...) or-ed together */
    bool required;
};

enum tn_json_fault_kind {
    TN_JSON_FAULT_NONE = 0,
    TN_JSON_FAULT_NOT_OBJECT,
    TN_JSON_FAULT_UNKNOWN_MEMBER,
    TN_JSON_FAULT_WRONG_TYPE,
    TN_JSON_FAULT_MISSING,
};

/* Read an object strictly: `out[i]` becomes the member of `rules[i]`, NULL when it is optional and
 * absent. The first fault in document order, then the first missing rule, is told in `*kind` (may
 * be NULL) and named in `error`. All of `out` is set on every way out.
 *
 * TN_INVALID  no object, an unknown member, a wrong type, or a required member missing */
TN_MUST_USE enum tn_status tn_json_object_read(const struct tn_json_value *object,
                                               const struct tn_json_rule *rules, size_t rule_count,
                                               const struct tn_json_value **out,
                                               enum tn_json_fault_kind *kind,
                                               struct tn_error *error);

#ifdef __cplusplus
}
#endif

#endif
