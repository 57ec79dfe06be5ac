#include "tests/ledger/base/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/event/describe.h"
#include "ledger/event/describe_words_internal.h"
#include "ledger/rules/draw.h"
#include "ledger/rules/zone.h"
#include "ledger/vault/seal.h"

#define PAGE "ledger/event/EVENTS.md"

static void read_page(struct tn_buffer *out)
{
    FILE *file = fopen(PAGE, "rb");
    uint8_t piece[4096];
    size_t size;

    if (file == NULL) {
        return;
    }
    while ((size = fread(piece, 1, sizeof(piece), file)) > 0) {
        tn_buffer_append(out, piece, size);
    }
    (void) fclose(file);
}

static void write_page(struct tn_bytes page)
{
    FILE *file = fopen(PAGE, "wb");

    assert_non_null(file);
    assert_int_equal(fwrite(page.data, 1, page.size, file), page.size);
    assert_int_equal(fclose(file), 0);
}

static void the_page_is_what_the_lists_say(void **state)
{
    struct tn_buffer made;
    struct tn_buffer committed;

    (void) state;
    tn_buffer_init(&made, (size_t) 1 << 20);
    tn_buffer_init(&committed, (size_t) 1 << 20);
    tn_event_describe(&made);
    assert_int_equal(tn_buffer_status(&made), TN_OK);
    read_page(&committed);
    if (!tn_bytes_equal(tn_buffer_view(&made), tn_buffer_view(&committed))) {
        if (getenv("TURNO_UPDATE") == NULL) {
            fail_msg("%s is not what the lists say; TURNO_UPDATE=1 writes it anew", PAGE);
        }
        write_page(tn_buffer_view(&made));
    }
    tn_buffer_close(&committed);
    tn_buffer_close(&made);
}

/* A cell ends at `|`, and the page has no other way to hold one. */
static void a_cell_holds_no_bar(const char *words)
{
    assert_null(strpbrk(words, "|\n\t"));
}

static const char *find(const struct tn_words *list, const char *name)
{
    for (; list->name != NULL; list++) {
        if (strcmp(list->name, name) == 0) {
            return list->words;
        }
    }
    fail_msg("%s has no words", name);
    return NULL;
}

/* Nothing is missing, and since each list is as long as what it describes, nothing is left over. */
static void everything_has_words(void **state)
{
    size_t count;
    const struct tn_record *record;

    (void) state;
    for (count = 0; tn_kind_at(count) != NULL; count++) {
        a_cell_holds_no_bar(find(tn_words_kinds, tn_kind_at(count)->name));
    }
    assert_null(tn_words_kinds[count].name);
    count = 0;
    for (uint64_t command = 0; command < TN_COMMAND_LIMIT; command++) {
        if (tn_command_facts(command) != NULL) {
            a_cell_holds_no_bar(find(tn_words_commands, tn_command_name(command)));
            count++;
        }
    }
    assert_null(tn_words_commands[count].name);
    for (count = 0; count < TN_ROLE_COUNT; count++) {
        a_cell_holds_no_bar(find(tn_words_roles, tn_role_name(count)));
    }
    assert_null(tn_words_roles[count].name);
    count = 0;
    for (size_t i = 0; (record = tn_event_describe_record(i)) != NULL; i++) {
        if (strncmp(record->name, "facts_", 6) != 0) {
            a_cell_holds_no_bar(find(tn_words_records, record->name));
            count++;
        }
    }
    assert_null(tn_words_records[count].name);
}

static const struct tn_record *record_at(size_t i)
{
    size_t shared = 0;

    while (tn_event_describe_record(shared) != NULL) {
        shared++;
    }
    if (i < shared) {
        return tn_event_describe_record(i);
    }
    return tn_kind_at(i - shared) != NULL ? tn_kind_at(i - shared)->record : NULL;
}

static void every_field_has_words(void **state)
{
    const struct tn_record *record;

    (void) state;
    for (size_t i = 0; (record = record_at(i)) != NULL; i++) {
        for (size_t f = 0; f < record->field_count; f++) {
            const char *words = tn_event_describe_field(record, &record->fields[f]);

            if (words == NULL || words[0] == '\0') {
                fail_msg("%s.%s has no words", record->name, record->fields[f].name);
            } else {
                a_cell_holds_no_bar(words);
            }
        }
    }
}

static void no_words_are_for_a_field_that_is_gone(void **state)
{
    (void) state;
    for (const struct tn_field_words *row = tn_words_fields; row->name != NULL; row++) {
        bool used = false;
        const struct tn_record *record;

        for (size_t i = 0; (record = record_at(i)) != NULL; i++) {
            for (size_t f = 0; f < record->field_count; f++) {
                used = used || tn_event_describe_field(record, &record->fields[f]) == row->words;
            }
        }
        if (!used) {
            fail_msg("%s.%s is nowhere", row->record != NULL ? row->record : "(any)", row->name);
        }
    }
}

static bool has_code(const char *code, uint64_t number, const char *name)
{
    for (const struct tn_code_words *row = tn_words_codes; row->code != NULL; row++) {
        a_cell_holds_no_bar(row->words);
        if (strcmp(row->code, code) == 0 && row->number == number) {
            return strcasecmp(row->name, name) == 0;
        }
    }
    return false;
}

/* Lists of other folders that the page repeats. */
static void codes_of_others_are_theirs(void **state)
{
    (void) state;
#define X(number, name) assert_true(has_code("field", number, #name));
    TN_FIELDS(X)
#undef X
    assert_false(has_code("field", 99, ""));
    assert_true(has_code("zone_result", TN_ZONE_INSIDE, "inside"));
    assert_true(has_code("zone_result", TN_ZONE_OUTSIDE, "outside"));
    assert_true(has_code("zone_result", TN_ZONE_NO_POSITION, "no_position"));
    assert_true(has_code("basis", TN_DRAW_SENIORITY, "seniority"));
    assert_true(has_code("basis", TN_DRAW_LOTTERY, "lottery"));
    assert_true(has_code("mode", TN_DRAW_SOLO, "solo"));
    assert_true(has_code("mode", TN_DRAW_BOUND, "bound"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything_has_words),
        cmocka_unit_test(every_field_has_words),
        cmocka_unit_test(no_words_are_for_a_field_that_is_gone),
        cmocka_unit_test(codes_of_others_are_theirs),
        cmocka_unit_test(the_page_is_what_the_lists_say),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
