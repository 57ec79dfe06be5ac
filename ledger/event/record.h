/* Records: C structs and canonical msgpack maps from one list of fields.
 *
 * A record is declared once, as an X-macro list of F(S, key, TYPE, name, sub); the struct, its
 * table of fields, the codec, the JSON form and the documentation all come from that list. On the
 * wire a record is a map with ascending unsigned keys. A field whose value is zero or empty is left
 * out, and a decoder refuses it when it is there, so every value has exactly one encoding
 * (spec/log.md 2).
 *
 *   TYPE      C member                       wire
 *   UINT      uint64_t name                  uint
 *   INT       int64_t name                   int
 *   ID        uint8_t name[16]               bin 16
 *   STREAM    uint8_t name[16]               bin 16; the event is also found under this id
 *   HASH      uint8_t name[32]               bin 32
 *   BYTES     struct tn_bytes name           bin
 *   TEXT      struct tn_bytes name           str, printable ASCII
 *   UINTS     struct tn_uints name           array of uint
 *   IDS       struct tn_ids name             array of bin 16
 *   RECORD    struct tn_<sub> name           map
 *   RECORDS   struct tn_<sub>_list name      array of maps
 *   FACTS     struct tn_bytes name           map, kept as the bytes it came in (refusals) */
#ifndef TN_LEDGER_EVENT_RECORD_H
#define TN_LEDGER_EVENT_RECORD_H

#include "ledger/base/arena.h"
#include "ledger/base/buffer.h"
#include "ledger/base/pack.h"

struct tn_uints {
    const uint64_t *items;
    size_t count;
};

struct tn_ids {
    const uint8_t (*items)[TN_ID_SIZE];
    size_t count;
};

enum tn_field_type {
    TN_FIELD_UINT,
    TN_FIELD_INT,
    TN_FIELD_ID,
    TN_FIELD_STREAM,
    TN_FIELD_HASH,
    TN_FIELD_BYTES,
    TN_FIELD_TEXT,
    TN_FIELD_UINTS,
    TN_FIELD_IDS,
    TN_FIELD_RECORD,
    TN_FIELD_RECORDS,
    TN_FIELD_FACTS,
};

struct tn_record;

struct tn_field {
    uint8_t key;
    enum tn_field_type type;
    size_t offset;
    const char *name;
    const struct tn_record *record; /* of RECORD and RECORDS */
};

struct tn_record {
    const char *name;
    size_t size; /* of the C struct */
    const struct tn_field *fields;
    size_t field_count;
    bool views; /* a decoded value, or one in it, has views into the bytes it was read from */
};

/* Any list read from bytes has at most this many items: a draw's winners and a day's pool ports
 * stay far below. */
#define TN_RECORD_LIST_MAX 65536u

/* ---- declaring: in a header TN_RECORD_DECLARE(name, LIST), in one source TN_RECORD_DEFINE ---- */

#define TN_MEMBER_UINT(name, sub) uint64_t name;
#define TN_MEMBER_INT(name, sub) int64_t name;
#define TN_MEMBER_ID(name, sub) uint8_t name[TN_ID_SIZE];
#define TN_MEMBER_STREAM(name, sub) uint8_t name[TN_ID_SIZE];
#define TN_MEMBER_HASH(name, sub) uint8_t name[TN_HASH_SIZE];
#define TN_MEMBER_BYTES(name, sub) struct tn_bytes name;
#define TN_MEMBER_TEXT(name, sub) struct tn_bytes name;
#define TN_MEMBER_UINTS(name, sub) struct tn_uints name;
#define TN_MEMBER_IDS(name, sub) struct tn_ids name;
#define TN_MEMBER_RECORD(name, sub) struct tn_##sub name;
#define TN_MEMBER_RECORDS(name, sub) struct tn_##sub##_list name;
#define TN_MEMBER_FACTS(name, sub) struct tn_bytes name;
#define TN_MEMBER(record, key, type, name, sub) TN_MEMBER_##type(name, sub)

#define TN_SUB_UINT(sub) NULL
#define TN_SUB_INT(sub) NULL
#define TN_SUB_ID(sub) NULL
#define TN_SUB_STREAM(sub) NULL
#define TN_SUB_HASH(sub) NULL
#define TN_SUB_BYTES(sub) NULL
#define TN_SUB_TEXT(sub) NULL
#define TN_SUB_UINTS(sub) NULL
#define TN_SUB_IDS(sub) NULL
#define TN_SUB_RECORD(sub) &tn_record_##sub
#define TN_SUB_RECORDS(sub) &tn_record_##sub
#define TN_SUB_FACTS(sub) NULL

/* 1 for a field that is a view, or a record with one. */
#define TN_VIEWS_UINT(sub) 0
#define TN_VIEWS_INT(sub) 0
#define TN_VIEWS_ID(sub) 0
#define TN_VIEWS_STREAM(sub) 0
#define TN_VIEWS_HASH(sub) 0
#define TN_VIEWS_BYTES(sub) 1
#define TN_VIEWS_TEXT(sub) 1
#define TN_VIEWS_UINTS(sub) 0
#define TN_VIEWS_IDS(sub) 0
#define TN_VIEWS_RECORD(sub) (int) tn_views_##sub
#define TN_VIEWS_RECORDS(sub) (int) tn_views_##sub
#define TN_VIEWS_FACTS(sub) 1
#define TN_VIEWS(record, key, type, name, sub) || TN_VIEWS_##type(sub)

#define TN_RECORD_DECLARE(record, LIST)                                                            \
    enum { tn_views_##record = (0 LIST(TN_VIEWS, record)) };                                       \
    struct tn_##record {                                                                           \
        LIST(TN_MEMBER, record)                                                                    \
    };                                                                                             \
    struct tn_##record##_list {                                                                    \
        const struct tn_##record *items;                                                           \
        size_t count;                                                                              \
    };                                                                                             \
    extern const struct tn_record tn_record_##record;

#define TN_FIELD_ROW(record_, key_, type_, name_, sub_)                                            \
    {key_, TN_FIELD_##type_, offsetof(struct tn_##record_, name_), #name_, TN_SUB_##type_(sub_)},

#define TN_RECORD_DEFINE(record_, LIST)                                                            \
    static const struct tn_field record_##_fields[] = {LIST(TN_FIELD_ROW, record_)};               \
    const struct tn_record tn_record_##record_ = {                                                 \
        .name = #record_,                                                                          \
        .size = sizeof(struct tn_##record_),                                                       \
        .fields = record_##_fields,                                                                \
        .field_count = sizeof(record_##_fields) / sizeof(record_##_fields[0]),                     \
        .views = tn_views_##record_,                                                               \
    };

/* ---- codec; pure ---- */

/* Append the map of `value` (a struct of `record`) to `out`. Texts are checked: ours. */
void tn_record_encode(const struct tn_record *record, const void *value, struct tn_buffer *out);
/* The same for what holds personal data: no piece of it stays on the stack. */
void tn_record_encode_secret(const struct tn_record *record, const void *value,
                             struct tn_buffer *out);
/* Read one map into `value` (zeroed first); lists and views live in `arena` and in the bytes read.
 * TN_INVALID  not canonical, or a value out of bounds     TN_UNSUPPORTED  a key not in the list
 * TN_FULL     the arena's limit */
TN_MUST_USE enum tn_status tn_record_decode(const struct tn_record *record,
                                            struct tn_unpack *unpack, struct tn_arena *arena,
                                            void *value);
/* The same for bytes that hold exactly one map. */
TN_MUST_USE enum tn_status tn_record_decode_bytes(const struct tn_record *record,
                                                  struct tn_bytes bytes, struct tn_arena *arena,
                                                  void *value);
/* One JSON object with the fields' names; bytes as lower-case hexadecimal. `facts` names the record
 * of a FACTS field, or NULL: then its bytes in hexadecimal. */
void tn_record_write_json(const struct tn_record *record, const void *value,
                          const struct tn_record *facts, struct tn_buffer *out);

#endif
