/* turno rebuild: fold the log beside the live rows, compare, swap; by the running server when there
 * is one. */
#include <getopt.h>
#include <inttypes.h>
#include <string.h>

#include "ledger/log/remake.h"
#include "projections/beside.h"
#include "tools/cli.h"

static const struct option options[] = {
    {"swap-different", no_argument, NULL, 's'},
    {"log", no_argument, NULL, 'l'},
    {"json", no_argument, NULL, 'j'},
    TN_CLI_KEY_OPTIONS,
    {NULL, 0, NULL, 0},
};

static void report_text(const struct tn_rebuild_report *report)
{
    for (unsigned i = 0; i < TN_PROJECTION_COUNT; i++) {
        char live[2 * TN_HASH_SIZE + 1];
        char rebuilt[2 * TN_HASH_SIZE + 1];

        if (!report->rebuilt[i]) {
            continue;
        }
        tn_hex_encode(live, report->root_live[i], TN_HASH_SIZE);
        tn_hex_encode(rebuilt, report->root_rebuilt[i], TN_HASH_SIZE);
        printf("%-13s %10" PRIu64 " rows  live %.16s  rebuilt %.16s  %s\n",
               tn_projection_at(i)->name, report->rows[i], live, rebuilt,
               report->equal[i] ? "equal" : "DIFFERENT");
    }
    printf("%" PRIu64 " events in %" PRIu64 ".%03" PRIu64 " s, %" PRIu64 " events/s\n",
           report->events, report->duration_us / 1000000, report->duration_us / 1000 % 1000,
           report->events * 1000000 / (report->duration_us + 1));
}

static void report_json(const struct tn_rebuild_report *report)
{
    printf("{\"events\":%" PRIu64 ",\"microseconds\":%" PRIu64 ",\"projections\":[", report->events,
           report->duration_us);
    for (unsigned i = 0, n = 0; i < TN_PROJECTION_COUNT; i++) {
        char rebuilt[2 * TN_HASH_SIZE + 1];

        if (report->rebuilt[i]) {
            tn_hex_encode(rebuilt, report->root_rebuilt[i], TN_HASH_SIZE);
            printf("%s{\"name\":\"%s\",\"rows\":%" PRIu64 ",\"root\":\"%s\",\"equal\":%s}",
                   n++ > 0 ? "," : "", tn_projection_at(i)->name, report->rows[i], rebuilt,
                   report->equal[i] ? "true" : "false");
        }
    }
    printf("]}\n");
}

/* What a killed server left behind its log is folded first: it is compared at the log's head. */
static enum tn_status settle_beside(struct tn_ledger *ledger, struct tn_error *error)
{
    const struct tn_beside_options what = {.store = ledger->store, .log = ledger->log};
    struct tn_beside *beside = NULL;
    enum tn_status status = tn_beside_open(&what, &beside, error);

    if (status == TN_OK) {
        status = tn_beside_settle(beside, error);
    }
    tn_beside_close(beside);
    return status;
}

static enum tn_status rebuild_here(const char *directory, const struct tn_cli_keys *keys,
                                   uint32_t mask, bool swap, bool json, struct tn_error *error)
{
    struct tn_ledger_options open = {
        .mode = TN_LEDGER_WRITER,
        .root_key_path = keys->root_key_path,
        .allow_unlocked = keys->allow_unlocked,
    };
    struct tn_ledger *ledger = NULL;
    struct tn_rebuild_report report = {0};
    struct tn_cli_progress progress;
    enum tn_status status = tn_ledger_open(directory, &open, &ledger, error);

    if (status != TN_OK) {
        return status;
    }
    if (mask >> TN_CORE_COUNT != 0) {
        status = settle_beside(ledger, error);
    }
    tn_cli_progress_init(&progress, "events");
    status = status != TN_OK ? status
                             : tn_rebuild(ledger->store, ledger->log, mask, swap,
                                          tn_cli_progress_show, &progress, &report, error);
    tn_cli_progress_end(&progress);
    if (status == TN_OK || status == TN_MISMATCH) {
        if (json) {
            report_json(&report);
        } else {
            report_text(&report);
        }
    }
    tn_ledger_close(ledger);
    return status;
}

static enum tn_status rebuild_there(const char *directory, const struct tn_cli_keys *keys,
                                    const char *projection, bool swap, struct tn_error *error)
{
    struct tn_buffer json;
    struct tn_buffer reply;
    enum tn_status status;

    tn_buffer_init(&json, 4096);
    tn_buffer_init(&reply, (size_t) 1 << 20);
    tn_buffer_printf(&json, "{\"swap_different\":%s", swap ? "true" : "false");
    if (projection) {
        tn_buffer_printf(&json, ",\"projection\":\"%s\"", projection);
    }
    tn_buffer_append_string(&json, "}");
    status = tn_cli_admin(directory, keys, "rebuild", tn_buffer_view(&json), &reply, error);
    if (status == TN_OK) {
        printf("%.*s\n", (int) reply.size, (const char *) reply.data);
    }
    tn_buffer_close(&json);
    tn_buffer_close(&reply);
    return status;
}

/* What the log derives from its entries; the log itself may be unable to open. */
static int remake_log(const char *directory, bool json)
{
    struct tn_log_remade remade = {0};
    struct tn_cli_progress progress;
    struct tn_error error = {0};
    char root[2 * TN_HASH_SIZE + 1];

    tn_cli_progress_init(&progress, "entries");
    enum tn_status status =
        tn_log_remake(directory, tn_cli_progress_show, &progress, &remade, &error);
    tn_cli_progress_end(&progress);
    if (status != TN_OK) {
        return tn_cli_fail(status, &error);
    }
    tn_hex_encode(root, remade.root, TN_HASH_SIZE);
    printf(json ? "{\"entries\":%" PRIu64 ",\"tiles\":%" PRIu64 ",\"commands\":%" PRIu64
                  ",\"root\":\"%s\"}\n"
                : "%" PRIu64 " entries: %" PRIu64 " full tiles and the index of their kinds, "
                  "streams and %" PRIu64 " commands made again\nroot %s\n",
           remade.entries, remade.tiles, remade.commands, root);
    return TN_EXIT_DONE;
}

int tn_command_rebuild(int argc, char **argv)
{
    struct tn_cli_keys keys = {0};
    struct tn_error error = {0};
    const char *projection = NULL;
    uint32_t mask = (1u << TN_PROJECTION_COUNT) - 1;
    size_t number;
    bool swap = false;
    bool log = false;
    bool json = false;
    int option;
    enum tn_status status;

    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (option == 's') {
            swap = true;
        } else if (option == 'l') {
            log = true;
        } else if (option == 'j') {
            json = true;
        } else if (!tn_cli_take_keys(&keys, option, optarg)) {
            return tn_cli_bad_option("rebuild", argv);
        }
    }
    if (optind + 1 != argc && optind + 2 != argc) {
        return tn_cli_usage("rebuild", "say a directory and at most one projection");
    }
    if (log && (swap || keys.root_key_path || keys.allow_unlocked || optind + 1 != argc)) {
        return tn_cli_usage("rebuild", "--log goes with a directory alone: it opens no keys");
    }
    if (log) {
        return remake_log(argv[optind], json);
    }
    if (optind + 2 == argc) {
        projection = argv[optind + 1];
        number = tn_projection_find(tn_bytes_from_string(projection));
        mask = 1u << number;
        if (number == TN_PROJECTION_COUNT) {
            return tn_cli_usage("rebuild", "there is no projection %s", projection);
        }
    }
    status = rebuild_here(argv[optind], &keys, mask, swap, json, &error);
    if (status == TN_BUSY) {
        status = rebuild_there(argv[optind], &keys, projection, swap, &error);
    }
    return status == TN_OK ? TN_EXIT_DONE : tn_cli_fail(status, &error);
}
