/* Writes EVENTS.md. The page is read by people and parsed by tests/golden/events.py: tables with a
 * heading of their own, one thing a row, no `|` in a cell. */
#include "ledger/event/describe.h"

#include <inttypes.h>
#include <string.h>

#include "ledger/base/check.h"
#include "ledger/event/describe_words_internal.h"

#define RECORDS_MAX 128

struct record_list {
    const struct tn_record *items[RECORDS_MAX];
    size_t count;
};

/* Add what `record` holds, then itself, unless it is there. */
static void add_record(struct record_list *list, const struct tn_record *record, bool itself)
{
    for (size_t i = 0; i < list->count; i++) {
        if (list->items[i] == record) {
            return;
        }
    }
    for (size_t i = 0; i < record->field_count; i++) {
        if (record->fields[i].record) {
            add_record(list, record->fields[i].record, true);
        }
    }
    if (itself) {
        TN_CHECK(list->count < RECORDS_MAX);
        list->items[list->count++] = record;
    }
}

static void list_records(struct record_list *list)
{
    list->count = 0;
    for (uint64_t command = 0; command < TN_COMMAND_LIMIT; command++) {
        if (tn_command_facts(command)) {
            add_record(list, tn_command_facts(command), true);
        }
    }
    for (size_t i = 0; tn_kind_at(i); i++) {
        add_record(list, tn_kind_at(i)->record, false);
    }
}

const struct tn_record *tn_event_describe_record(size_t i)
{
    struct record_list list;

    list_records(&list);
    return i < list.count ? list.items[i] : NULL;
}

const char *tn_event_describe_field(const struct tn_record *record, const struct tn_field *field)
{
    for (const struct tn_field_words *row = tn_words_fields; row->name; row++) {
        if (strcmp(row->name, field->name) == 0 &&
            (!row->record || strcmp(row->record, record->name) == 0)) {
            return row->words;
        }
    }
    return NULL;
}

/* Empty where nobody wrote anything down: a test says so. */
static const char *words_of(const struct tn_words *list, const char *name)
{
    for (; list->name; list++) {
        if (strcmp(list->name, name) == 0) {
            return list->words;
        }
    }
    return "";
}

static const char *type_name(enum tn_field_type type)
{
    static const char *const names[] = {
        [TN_FIELD_UINT] = "UINT",     [TN_FIELD_INT] = "INT",         [TN_FIELD_ID] = "ID",
        [TN_FIELD_STREAM] = "STREAM", [TN_FIELD_HASH] = "HASH",       [TN_FIELD_BYTES] = "BYTES",
        [TN_FIELD_TEXT] = "TEXT",     [TN_FIELD_UINTS] = "UINTS",     [TN_FIELD_IDS] = "IDS",
        [TN_FIELD_RECORD] = "RECORD", [TN_FIELD_RECORDS] = "RECORDS", [TN_FIELD_FACTS] = "FACTS",
    };

    return names[type];
}

static const char top[] =
    "# Events\n"
    "\n"
    "Every number that stands in the log, generated from the lists in `ledger/event/`: do not "
    "edit\n"
    "this page. With `spec/log.md` it is enough to read every entry; `tests/golden/events.py` "
    "does\n"
    "so from this page alone, and `tests/golden/events/` holds entries of every kind.\n"
    "\n"
    "## Envelope\n"
    "\n"
    "An entry is a msgpack array of seven, at most 65535 bytes.\n"
    "\n"
    "| place | name | type | meaning |\n"
    "| --- | --- | --- | --- |\n"
    "| 0 | version | uint | version of the kind's body, below 2^32 |\n"
    "| 1 | kind | uint | number of the kind, below 2^32 |\n"
    "| 2 | time_us | uint | microseconds since 1970-01-01 UTC, never less than the entry before |\n"
    "| 3 | actor | array of uint, bin 16 | role number and id of who caused it |\n"
    "| 4 | command | bin 16 or nil | id of the command, equal for all its events |\n"
    "| 5 | cause | uint or nil | index of the entry that caused this one |\n"
    "| 6 | body | map | the kind's record |\n"
    "\n"
    "## Canonical form\n"
    "\n"
    "Every value has exactly one encoding; whatever else is refused, so that reading and writing\n"
    "again gives the same bytes.\n"
    "\n"
    "- Integers in the shortest form; a number that is not negative in an unsigned form.\n"
    "- The shortest head for str, bin, array and map. No float, bool, ext; nil only at places 4 "
    "and 5.\n"
    "- str is printable ASCII, 20 to 7e. Bytes are bin, never str.\n"
    "- Map keys are unsigned integers, ascending, none twice.\n"
    "- A field whose value is zero or empty is left out: 0, an id or hash of zeros, empty text or\n"
    "  bytes, an empty list, a record without fields. Where one stands all the same, the entry is\n"
    "  refused. Items of a list are written whatever they are: 0 is `00`, an empty record `80`.\n"
    "- Arrays and maps nest at most 16 deep, the entry's own array counted. A list has at most "
    "65536\n"
    "  items.\n"
    "- `facts` of `command_refused` are canonical by the record of the command they belong to.\n"
    "\n"
    "An entry that is canonical but has an unknown kind, version, role, body key or refused "
    "command\n"
    "is shown raw by a viewer; a fold or an audit stops there and says so.\n"
    "\n"
    "## Types\n"
    "\n"
    "| type | bytes | JSON |\n"
    "| --- | --- | --- |\n"
    "| UINT | uint, below 2^64 | number |\n"
    "| INT | int, -2^63 to 2^63 - 1 | number |\n"
    "| ID | bin 16 | hexadecimal |\n"
    "| STREAM | bin 16; the event is found under it | hexadecimal |\n"
    "| HASH | bin 32 | hexadecimal |\n"
    "| BYTES | bin | hexadecimal |\n"
    "| TEXT | str | string |\n"
    "| UINTS | array of uint | array of numbers |\n"
    "| IDS | array of bin 16 | array of hexadecimal |\n"
    "| RECORD | map of the record | object |\n"
    "| RECORDS | array of maps of the record | array of objects |\n"
    "| FACTS | map of the record of the body's `command` | object |\n"
    "\n"
    "Times end in `_us` and are microseconds since 1970-01-01 UTC; days and dates count from\n"
    "1970-01-01. The JSON form of an entry is one object with `index`, `time`, `kind`, `version`,\n"
    "`actor` (`role`, `id`), `command`, `cause`, `body` in this order: names for the numbers of "
    "kind\n"
    "and role, hexadecimal in lower case, null for nil, and no member for what is left out.\n"
    "\n";

static const char streams_text[] =
    "## Streams\n"
    "\n"
    "An event is found under the ids of its STREAM fields (of the body, then of its facts at key "
    "0),\n"
    "under its port day if it has one, and under its actor; none twice, none that is all zeros.\n"
    "The id of a port day is `port-day` in ASCII, the port in 2 and the date of the first seat in "
    "4\n"
    "bytes big-endian, then two zeros.\n"
    "\n"
    "| kind | found under |\n"
    "| --- | --- |\n";

static void write_roles(struct tn_buffer *out)
{
    tn_buffer_append_string(out, "## Roles\n\n| role | name | meaning |\n| --- | --- | --- |\n");
    for (unsigned role = 0; role < TN_ROLE_COUNT; role++) {
        const char *name = tn_role_name(role);

        tn_buffer_printf(out, "| %u | %s | %s |\n", role, name, words_of(tn_words_roles, name));
    }
    tn_buffer_append_string(out, "\n");
}

static void write_fields(const struct tn_record *record, struct tn_buffer *out)
{
    tn_buffer_append_string(out, "| key | name | type | record | meaning |\n"
                                 "| --- | --- | --- | --- | --- |\n");
    for (size_t i = 0; i < record->field_count; i++) {
        const struct tn_field *field = &record->fields[i];
        const char *words = tn_event_describe_field(record, field);

        tn_buffer_printf(out, "| %u | %s | %s | %s | %s |\n", field->key, field->name,
                         type_name(field->type), field->record ? field->record->name : "",
                         words ? words : "");
    }
    tn_buffer_append_string(out, "\n");
}

static void write_kinds(struct tn_buffer *out)
{
    const struct tn_kind *kind;

    tn_buffer_append_string(out,
                            "## Kinds\n\nKey 0 of a body is `facts`: what the command that made "
                            "the event knew, whole, so that\nits rule can be run again. Of all "
                            "events of a command the first carries them. Key 1 is\nthe nonce of "
                            "commitments to personal data. Numbers are never used again.\n\n");
    for (size_t i = 0; (kind = tn_kind_at(i)) != NULL; i++) {
        tn_buffer_printf(out, "### Kind %" PRIu32 ": %s, version %" PRIu32 "\n\n%s\n\n",
                         kind->number, kind->name, kind->version,
                         words_of(tn_words_kinds, kind->name));
        write_fields(kind->record, out);
    }
}

static void write_commands(struct tn_buffer *out)
{
    tn_buffer_append_string(out, "## Commands\n\n| command | name | facts | meaning |\n"
                                 "| --- | --- | --- | --- |\n");
    for (uint64_t command = 0; command < TN_COMMAND_LIMIT; command++) {
        const struct tn_record *facts = tn_command_facts(command);
        const char *name = tn_command_name(command);

        if (facts) {
            tn_buffer_printf(out, "| %" PRIu64 " | %s | %s | %s |\n", command, name, facts->name,
                             words_of(tn_words_commands, name));
        }
    }
    tn_buffer_append_string(out, "\n");
}

/* The facts of a command are named in the table of commands; every other record has its own words.
 */
static void write_records(struct tn_buffer *out)
{
    struct record_list list;

    list_records(&list);
    tn_buffer_append_string(out, "## Records\n\n");
    for (size_t i = 0; i < list.count; i++) {
        const char *words = words_of(tn_words_records, list.items[i]->name);

        tn_buffer_printf(out, "### Record %s\n\n", list.items[i]->name);
        if (words[0] != '\0') {
            tn_buffer_printf(out, "%s\n\n", words);
        }
        write_fields(list.items[i], out);
    }
}

static void write_codes(struct tn_buffer *out)
{
    tn_buffer_append_string(out, "## Codes\n\n| code | number | name | meaning |\n"
                                 "| --- | --- | --- | --- |\n");
    for (const struct tn_code_words *row = tn_words_codes; row->code; row++) {
        tn_buffer_printf(out, "| %s | %" PRIu64 " | %s | %s |\n", row->code, row->number, row->name,
                         row->words);
    }
    tn_buffer_append_string(out, "\n");
}

static void write_refusals(struct tn_buffer *out)
{
    tn_buffer_append_string(out, "## Refusals\n\n| code | name | HTTP status | in English |\n"
                                 "| --- | --- | --- | --- |\n");
    for (uint64_t code = 1; code < TN_REFUSAL_LIMIT; code++) {
        if (strcmp(tn_refusal_name(code), "unknown") != 0) {
            tn_buffer_printf(out, "| %" PRIu64 " | %s | %u | %s |\n", code, tn_refusal_name(code),
                             tn_refusal_http(code), tn_refusal_text(code, TN_LANGUAGE_EN));
        }
    }
    tn_buffer_append_string(out, "\n");
}

static void write_stream_fields(const struct tn_record *record, const char *before,
                                struct tn_buffer *out)
{
    for (size_t i = 0; i < record->field_count; i++) {
        if (record->fields[i].type == TN_FIELD_STREAM) {
            tn_buffer_printf(out, "%s%s, ", before, record->fields[i].name);
        }
    }
}

static void write_streams(struct tn_buffer *out)
{
    const struct tn_kind *kind;

    tn_buffer_append_string(out, streams_text);
    for (size_t i = 0; (kind = tn_kind_at(i)) != NULL; i++) {
        const struct tn_field *first = &kind->record->fields[0];

        tn_buffer_printf(out, "| %s | ", kind->name);
        write_stream_fields(kind->record, "", out);
        if (first->key == 0 && first->type == TN_FIELD_RECORD) {
            write_stream_fields(first->record, "facts.", out);
        }
        tn_buffer_printf(out, "%sactor |\n",
                         tn_kind_has_port_day(kind->number) ? "port day, " : "");
    }
}

void tn_event_describe(struct tn_buffer *out)
{
    tn_buffer_append_string(out, top);
    write_roles(out);
    write_kinds(out);
    write_commands(out);
    write_records(out);
    write_codes(out);
    write_refusals(out);
    write_streams(out);
}
