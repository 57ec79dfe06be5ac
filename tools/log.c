/* turno log: print events. */
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/base/civil.h"
#include "ledger/event/event.h"
#include "tools/cli.h"

#define CHUNK 1024u

static const struct option options[] = {
    {"from", required_argument, NULL, 'f'},
    {"to", required_argument, NULL, 't'},
    {"kind", required_argument, NULL, 'k'},
    {"stream", required_argument, NULL, 's'},
    {"backwards", no_argument, NULL, 'b'},
    {"json", no_argument, NULL, 'j'},
    {NULL, 0, NULL, 0},
};

struct selection {
    struct tn_log *log;
    uint64_t from;
    uint64_t to; /* exclusive */
    uint32_t kind;
    bool by_stream;
    uint8_t stream[TN_ID_SIZE];
    bool backwards;
    struct tn_arena arena;
    struct tn_buffer line;
    struct tn_error error;
    enum tn_status status;
};

static bool print_entry(void *context, uint64_t index, struct tn_bytes entry)
{
    struct selection *selection = context;

    tn_arena_reset(&selection->arena);
    tn_buffer_reset(&selection->line);
    selection->status =
        tn_event_write_json(entry, index, &selection->arena, &selection->line, &selection->error);
    if (selection->status != TN_OK) {
        return false;
    }
    tn_buffer_append_u8(&selection->line, '\n');
    if (fwrite(selection->line.data, 1, selection->line.size, stdout) != selection->line.size) {
        selection->status = tn_fail(&selection->error, TN_IO, "the output was closed");
        return false;
    }
    return true;
}

static enum tn_status print_one(struct selection *selection, uint64_t index,
                                struct tn_buffer *entry)
{
    enum tn_status status = tn_log_read(selection->log, index, entry, &selection->error);

    if (status == TN_OK && !print_entry(selection, index, tn_buffer_view(entry))) {
        status = selection->status;
    }
    return status;
}

/* Entries named by an index (stream or kind), chunk by chunk, in either direction. */
static enum tn_status print_indexed(struct selection *selection)
{
    uint64_t indices[CHUNK];
    uint64_t at = selection->backwards ? selection->to : selection->from;
    struct tn_buffer entry;
    enum tn_status status = TN_OK;
    bool more = true;

    tn_buffer_init(&entry, TN_ENTRY_BYTES_MAX);
    while (status == TN_OK && more) {
        size_t count = CHUNK;

        status = selection->by_stream
                     ? tn_log_read_stream(selection->log, selection->stream, at,
                                          selection->backwards, indices, &count, &selection->error)
                     : tn_log_read_kind(selection->log, selection->kind, at, selection->backwards,
                                        indices, &count, &selection->error);
        more = status == TN_OK && count == CHUNK;
        for (size_t i = 0; status == TN_OK && i < count; i++) {
            if (indices[i] < selection->from || indices[i] >= selection->to) {
                more = false;
                break;
            }
            status = print_one(selection, indices[i], &entry);
            at = selection->backwards ? indices[i] : indices[i] + 1;
        }
    }
    tn_buffer_close(&entry);
    return status;
}

static enum tn_status print_all(struct selection *selection)
{
    struct tn_buffer entry;
    enum tn_status status = TN_OK;

    if (!selection->backwards) {
        status = tn_log_scan(selection->log, selection->from, selection->to, print_entry, selection,
                             &selection->error);
        return status == TN_OK ? selection->status : status;
    }
    tn_buffer_init(&entry, TN_ENTRY_BYTES_MAX);
    for (uint64_t i = selection->to; status == TN_OK && i > selection->from; i--) {
        status = print_one(selection, i - 1, &entry);
    }
    tn_buffer_close(&entry);
    return status;
}

/* An id in hexadecimal, or PORT/DATE. */
static bool parse_stream(const char *text, uint8_t stream[static TN_ID_SIZE])
{
    const char *slash = strchr(text, '/');
    char port[8] = {0};
    uint64_t code;
    uint32_t date;

    if (!slash) {
        return tn_cli_parse_id(text, stream);
    }
    if ((size_t) (slash - text) >= sizeof(port)) {
        return false;
    }
    memcpy(port, text, (size_t) (slash - text));
    if (!tn_cli_parse_u64(port, &code) ||
        tn_date_parse(tn_bytes_from_string(slash + 1), &date) != TN_OK) {
        return false;
    }
    tn_port_day_stream(code, date, stream);
    return true;
}

static int parse(int argc, char **argv, struct selection *selection)
{
    const struct tn_kind *kind;
    int option;
    int which = 0;

    while ((option = getopt_long(argc, argv, "", options, &which)) != -1) {
        bool good = true;

        if (option == 'f') {
            good = tn_cli_parse_u64(optarg, &selection->from);
        } else if (option == 't') {
            good = tn_cli_parse_u64(optarg, &selection->to) && selection->to < UINT64_MAX;
            selection->to++;
        } else if (option == 'k') {
            kind = tn_kind_parse(tn_bytes_from_string(optarg));
            good = kind != NULL;
            selection->kind = kind ? kind->number : 0;
        } else if (option == 's') {
            good = parse_stream(optarg, selection->stream);
            selection->by_stream = true;
        } else if (option == 'b') {
            selection->backwards = true;
        } else if (option != 'j') {
            return tn_cli_bad_option("log", argv);
        }
        if (!good) {
            return tn_cli_usage("log", "--%s cannot be %s", options[which].name, optarg);
        }
    }
    if (selection->by_stream && selection->kind != 0) {
        return tn_cli_usage("log", "say a kind or a stream, not both");
    }
    return optind + 1 == argc ? TN_EXIT_DONE : tn_cli_usage("log", "say one directory");
}

int tn_command_log(int argc, char **argv)
{
    struct selection selection = {.to = UINT64_MAX};
    struct tn_ledger *ledger = NULL;
    struct tn_log_head head;
    int code = parse(argc, argv, &selection);
    enum tn_status status;

    if (code != TN_EXIT_DONE) {
        return code;
    }
    status = tn_cli_open_reader(argv[optind], &ledger, &selection.error);
    if (status == TN_OK) {
        selection.log = ledger->log;
        tn_log_head(ledger->log, &head);
        selection.to = selection.to < head.size ? selection.to : head.size;
        tn_arena_init(&selection.arena, (size_t) 16 << 20);
        tn_buffer_init(&selection.line, (size_t) 16 << 20);
        if (selection.from < selection.to) {
            status = selection.by_stream || selection.kind != 0 ? print_indexed(&selection)
                                                                : print_all(&selection);
        }
        tn_buffer_close(&selection.line);
        tn_arena_close(&selection.arena);
    }
    tn_ledger_close(ledger);
    return status == TN_OK ? TN_EXIT_DONE : tn_cli_fail(status, &selection.error);
}
