/* turno state: print the rows of a projection, now or as of then. */
#include <getopt.h>
#include <inttypes.h>
#include <string.h>

#include "projections/engine.h"
#include "projections/tables.h"
#include "tools/cli.h"

static const struct option options[] = {
    {"at", required_argument, NULL, 'a'},
    {"json", no_argument, NULL, 'j'},
    {NULL, 0, NULL, 0},
};

struct printing {
    size_t number; /* of the projection */
    struct tn_arena arena;
    struct tn_buffer line;
    struct tn_error error;
    enum tn_status status;
};

static bool print_row(void *context, struct tn_bytes key, struct tn_bytes value)
{
    struct printing *printing = context;
    const char *table;
    const struct tn_record *record =
        tn_table_record(printing->number, key.size > 0 ? (char) key.data[0] : 0, &table);
    void *row = NULL;

    tn_arena_reset(&printing->arena);
    tn_buffer_reset(&printing->line);
    if (record) {
        row = tn_arena_alloc(&printing->arena, record->size);
    }
    if (!row || tn_record_decode_bytes(record, value, &printing->arena, row) != TN_OK) {
        printing->status = tn_fail(&printing->error, TN_CORRUPT, "a row cannot be read");
        return false;
    }
    tn_buffer_printf(&printing->line, "{\"table\":\"%s\",\"key\":\"", table);
    tn_buffer_append_hex(&printing->line, key.data + 1, key.size - 1);
    tn_buffer_append_string(&printing->line, "\",\"row\":");
    tn_record_write_json(record, row, NULL, &printing->line);
    tn_buffer_append_string(&printing->line, "}\n");
    if (fwrite(printing->line.data, 1, printing->line.size, stdout) != printing->line.size) {
        printing->status = tn_fail(&printing->error, TN_IO, "the output was closed");
        return false;
    }
    return true;
}

static enum tn_status print_rows(struct tn_ledger *ledger, const char *at,
                                 struct printing *printing)
{
    const struct tn_projection *projection = tn_projection_at(printing->number);
    struct tn_state views = {0};
    uint64_t size = 0;
    enum tn_status status = TN_OK;

    if (at) {
        status = tn_cli_parse_at(ledger->log, at, &size, &printing->error);
        if (status == TN_OK) {
            status = tn_views_as_of_list(ledger->log, &projection, 1, 1, 0, size, &views,
                                         &printing->error);
        }
    } else {
        status = tn_views_open_list(ledger->store, &projection, 1, NULL, &views, &printing->error);
    }
    if (status == TN_OK) {
        status = tn_rows_scan(views.rows[0], tn_bytes(NULL, 0), tn_bytes(NULL, 0), print_row,
                              printing, &printing->error);
        tn_views_close(&views);
    }
    return status == TN_OK ? printing->status : status;
}

int tn_command_state(int argc, char **argv)
{
    struct printing printing = {.status = TN_OK};
    struct tn_ledger *ledger = NULL;
    const char *at = NULL;
    int option;
    enum tn_status status;

    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (option == 'a') {
            at = optarg;
        } else if (option != 'j') {
            return tn_cli_bad_option("state", argv);
        }
    }
    if (optind + 2 != argc) {
        return tn_cli_usage("state", "say a directory and a projection");
    }
    printing.number = tn_projection_find(tn_bytes_from_string(argv[optind + 1]));
    if (printing.number == TN_PROJECTION_COUNT) {
        return tn_cli_usage("state", "there is no projection %s", argv[optind + 1]);
    }
    tn_arena_init(&printing.arena, (size_t) 16 << 20);
    tn_buffer_init(&printing.line, (size_t) 16 << 20);
    status = tn_cli_open_reader(argv[optind], &ledger, &printing.error);
    if (status == TN_OK) {
        status = print_rows(ledger, at, &printing);
    }
    tn_ledger_close(ledger);
    tn_buffer_close(&printing.line);
    tn_arena_close(&printing.arena);
    return status == TN_OK ? TN_EXIT_DONE : tn_cli_fail(status, &printing.error);
}
