/* FORMAT.md names every table of rows with its letter, and every field of it as the lists do. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "ledger/base/buffer.h"
#include "ledger/rules/rows.h"
#include "projections/tables.h"

#define PAGE "projections/FORMAT.md"

static const char *const types[] = {
    [TN_FIELD_UINT] = "UINT",   [TN_FIELD_INT] = "INT",       [TN_FIELD_ID] = "ID",
    [TN_FIELD_HASH] = "HASH",   [TN_FIELD_BYTES] = "BYTES",   [TN_FIELD_TEXT] = "TEXT",
    [TN_FIELD_UINTS] = "UINTS", [TN_FIELD_IDS] = "IDS",       [TN_FIELD_STREAM] = "STREAM",
    [TN_FIELD_FACTS] = "FACTS", [TN_FIELD_RECORD] = "RECORD", [TN_FIELD_RECORDS] = "RECORDS",
};

static struct tn_buffer read_page(void)
{
    struct tn_buffer page;
    uint8_t piece[4096];
    size_t size;
    FILE *file = fopen(PAGE, "rb");

    tn_buffer_init(&page, (size_t) 1 << 20);
    assert_non_null(file);
    while ((size = fread(piece, 1, sizeof(piece), file)) > 0) {
        tn_buffer_append(&page, piece, size);
    }
    (void) fclose(file);
    tn_buffer_append_u8(&page, 0);
    assert_int_equal(tn_buffer_status(&page), TN_OK);
    return page;
}

/* The page's line that begins so, behind a newline, ends with the record's fields. */
static void check_line(const char *section, const char *begins, const struct tn_record *record)
{
    const char *line = strstr(section, begins);
    struct tn_buffer fields;

    if (!line) {
        fail_msg("%s has no line %s", PAGE, begins);
        return;
    }
    line++;
    tn_buffer_init(&fields, 4096);
    tn_buffer_append_string(&fields, "| ");
    for (size_t i = 0; i < record->field_count; i++) {
        const struct tn_field *field = &record->fields[i];

        tn_buffer_printf(&fields, "%s%u %s %s%s%s", i > 0 ? ", " : "", field->key, field->name,
                         types[field->type], field->record ? " " : "",
                         field->record ? field->record->name : "");
    }
    tn_buffer_append_string(&fields, " |");
    assert_int_equal(tn_buffer_status(&fields), TN_OK);
    if (!memmem(line, strcspn(line, "\n"), fields.data, fields.size)) {
        fail_msg("%s: %.*s\nis %.*s", PAGE, (int) strcspn(line, "\n"), line, (int) fields.size,
                 (const char *) fields.data);
    }
    tn_buffer_close(&fields);
}

static void every_table_is_drawn_as_it_is(void **state)
{
    struct tn_buffer page = read_page();
    size_t tables = 0;
    size_t drawn = 0;

    (void) state;
    for (size_t number = 0; number < TN_PROJECTION_COUNT; number++) {
        char begins[64];
        const char *section;

        (void) snprintf(begins, sizeof(begins), "## %s, number %zu\n",
                        tn_projection_at(number)->name, number);
        section = strstr((const char *) page.data, begins);
        assert_non_null(section);
        for (char letter = 'a'; letter <= 'z'; letter++) {
            const char *name;
            const struct tn_record *record = tn_table_record(number, letter, &name);

            if (record) {
                (void) snprintf(begins, sizeof(begins), "\n| %s | `%c`", name, letter);
                check_line(section, begins, record);
                tables++;
            }
        }
    }
    for (const char *at = (const char *) page.data; (at = strstr(at, " | `")); at++) {
        drawn++;
    }
    assert_int_equal(drawn, tables);
    check_line((const char *) page.data, "\n| day_witness |", &tn_record_day_witness);
    check_line((const char *) page.data, "\n| slot_row |", &tn_record_slot_row);
    tn_buffer_close(&page);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_table_is_drawn_as_it_is),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
