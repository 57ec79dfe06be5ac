/* What the subcommands share. */
#include "tools/cli.h"

#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>
#include <utf8proc.h>

#include "ledger/base/civil.h"
#include "ledger/base/clock.h"

#define SHOW_EVERY_US 200000u

int tn_cli_usage(const char *name, const char *format, ...)
{
    const struct tn_cli_command *command = tn_cli_find(name);
    va_list arguments;

    va_start(arguments, format);
    fprintf(stderr, "turno %s: ", name);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fprintf(stderr, "\nusage: turno %s\n       turno help %s says more\n",
            command ? command->synopsis : name, name);
    return TN_EXIT_USAGE;
}

int tn_cli_bad_option(const char *name, char *const *argv)
{
    /* The word that getopt_long took last; where that was a value, the option stands before it. */
    bool value = optind >= 2 && strncmp(argv[optind - 1], "--", 2) != 0 &&
                 strncmp(argv[optind - 2], "--", 2) == 0;

    return tn_cli_usage(name, "%s%s%s: that option is not known, or its value is missing or wrong",
                        value ? argv[optind - 2] : "", value ? " " : "", argv[optind - 1]);
}

static int exit_code(enum tn_status status)
{
    switch (status) {
    case TN_OK:
        return TN_EXIT_DONE;
    case TN_CORRUPT:
    case TN_MISMATCH:
        return TN_EXIT_DIFFERENCE;
    case TN_INVALID:
        return TN_EXIT_USAGE;
    case TN_REFUSED:
    case TN_PAUSED:
        return TN_EXIT_REFUSED;
    case TN_NOT_FOUND:
    case TN_EXISTS:
    case TN_IO:
    case TN_FULL:
    case TN_NO_SPACE:
    case TN_BUSY:
    case TN_CONFLICT:
    case TN_FENCED:
    case TN_UNKNOWN:
    case TN_UNAVAILABLE:
    case TN_TRIMMED:
    case TN_DENIED:
    case TN_MEMORY:
    case TN_GONE:
    case TN_UNSUPPORTED: /* what lies there is another program's */
        return TN_EXIT_ENVIRONMENT;
    }
    return TN_EXIT_ENVIRONMENT;
}

int tn_cli_fail(enum tn_status status, const struct tn_error *error)
{
    fprintf(stderr, "turno: %s\n", error && error->text[0] ? error->text : tn_status_name(status));
    return exit_code(status);
}

void tn_cli_print_text(FILE *out, struct tn_bytes text)
{
    while (text.size > 0) {
        utf8proc_int32_t point = -1;
        utf8proc_ssize_t size = utf8proc_iterate(text.data, (utf8proc_ssize_t) text.size, &point);
        utf8proc_category_t category = utf8proc_category(point);
        size_t step = size > 0 ? (size_t) size : 1;

        if (size <= 0) {
            fprintf(out, "<%02X>", text.data[0]);
        } else if (category == UTF8PROC_CATEGORY_CC || category == UTF8PROC_CATEGORY_CF ||
                   category == UTF8PROC_CATEGORY_ZL || category == UTF8PROC_CATEGORY_ZP) {
            fprintf(out, "<U+%04X>", (unsigned) point);
        } else {
            fwrite(text.data, 1, step, out);
        }
        text = tn_bytes(text.data + step, text.size - step);
    }
}

void tn_cli_hold_signals(sigset_t *signals)
{
    sigemptyset(signals);
    sigaddset(signals, SIGTERM);
    sigaddset(signals, SIGINT);
    pthread_sigmask(SIG_BLOCK, signals, NULL);
}

bool tn_cli_parse_u64(const char *text, uint64_t *value)
{
    char *end = NULL;
    unsigned long long parsed;

    *value = 0;
    if (!text || text[0] < '0' || text[0] > '9') {
        return false;
    }
    errno = 0;
    parsed = strtoull(text, &end, 10);
    if (errno != 0 || *end != 0) {
        return false;
    }
    *value = parsed;
    return true;
}

bool tn_cli_parse_id(const char *text, uint8_t id[static TN_ID_SIZE])
{
    return tn_hex_decode(tn_bytes_from_string(text), id, TN_ID_SIZE) == TN_OK;
}

bool tn_cli_parse_listen(const char *text, char host[static TN_CLI_HOST_SIZE], uint16_t *port)
{
    const char *colon = strrchr(text, ':');
    size_t size = colon ? (size_t) (colon - text) : 0;
    uint8_t address[sizeof(struct in6_addr)];
    uint64_t number;

    if (size >= 2 && text[0] == '[' && text[size - 1] == ']') {
        text++;
        size -= 2;
    }
    if (size == 0 || size >= TN_CLI_HOST_SIZE || !tn_cli_parse_u64(colon + 1, &number) ||
        number > UINT16_MAX) {
        return false;
    }
    memcpy(host, text, size);
    host[size] = 0;
    *port = (uint16_t) number;
    return inet_pton(AF_INET, host, address) == 1 || inet_pton(AF_INET6, host, address) == 1;
}

enum tn_status tn_cli_parse_at(struct tn_log *log, const char *text, uint64_t *size,
                               struct tn_error *error)
{
    struct tn_log_head head;
    uint64_t value;
    uint32_t day;

    tn_log_head(log, &head);
    if (tn_cli_parse_u64(text, &value)) {
        *size = value < head.size ? value + 1 : head.size;
        return TN_OK;
    }
    if (tn_date_parse(tn_bytes_from_string(text), &day) == TN_OK) {
        value = (uint64_t) day * TN_DAY_US;
    } else if (tn_instant_parse(tn_bytes_from_string(text), &value) != TN_OK) {
        return tn_fail(error, TN_INVALID,
                       "%s is neither an index nor an instant such as 2024-03-09T17:00:00Z", text);
    }
    return tn_log_find_time(log, value + 1, size, error);
}

enum tn_status tn_cli_read_file(const char *path, size_t limit, struct tn_buffer *out,
                                struct tn_error *error)
{
    FILE *file = strcmp(path, "-") == 0 ? stdin : fopen(path, "rb");
    enum tn_status status = TN_OK;

    tn_buffer_init(out, limit);
    if (!file) {
        return tn_fail(error, TN_NOT_FOUND, "%s: %s", path, strerror(errno));
    }
    while (status == TN_OK) {
        uint8_t chunk[65536];
        size_t size = fread(chunk, 1, sizeof(chunk), file);

        if (size == 0) {
            break;
        }
        tn_buffer_append(out, chunk, size);
        if (tn_buffer_status(out) != TN_OK) {
            status = tn_fail(error, TN_FULL, "%s is larger than %zu bytes", path, limit);
        }
    }
    if (status == TN_OK && ferror(file)) {
        status = tn_fail(error, TN_IO, "%s cannot be read", path);
    }
    if (file != stdin) {
        fclose(file);
    }
    return status;
}

bool tn_cli_take_keys(struct tn_cli_keys *keys, int option, const char *argument)
{
    if (option == 'K') {
        keys->root_key_path = argument;
    } else if (option == 'U') {
        keys->allow_unlocked = true;
    }
    return option == 'K' || option == 'U';
}

enum tn_status tn_cli_open_reader(const char *directory, struct tn_ledger **ledger,
                                  struct tn_error *error)
{
    struct tn_ledger_options options = {.mode = TN_LEDGER_READER};

    return tn_ledger_open(directory, &options, ledger, error);
}

void tn_cli_progress_init(struct tn_cli_progress *progress, const char *what)
{
    *progress = (struct tn_cli_progress){
        .what = what,
        .started_us = tn_clock_monotonic_us(),
        .terminal = isatty(STDERR_FILENO) == 1,
    };
}

void tn_cli_progress_show(void *context, uint64_t done, uint64_t total)
{
    struct tn_cli_progress *progress = context;
    uint64_t now_us = tn_clock_monotonic_us();
    uint64_t spent_us = now_us - progress->started_us + 1;
    uint64_t rate = done * 1000000 / spent_us;

    if (!progress->terminal || now_us - progress->shown_us < SHOW_EVERY_US) {
        return;
    }
    progress->shown_us = now_us;
    fprintf(stderr, "\r%s: %" PRIu64 " of %" PRIu64 ", %" PRIu64 "/s, %" PRIu64 " s left   ",
            progress->what, done, total, rate,
            rate > 0 && total > done ? (total - done) / rate : 0);
}

void tn_cli_progress_end(struct tn_cli_progress *progress)
{
    if (progress->terminal && progress->shown_us > 0) {
        fprintf(stderr, "\r%79s\r", "");
    }
}

enum tn_status tn_cli_socket_path(const char *directory, char *out, size_t size,
                                  struct tn_error *error)
{
    int length = snprintf(out, size, "%s/turno.sock", directory);

    if (length < 0 || (size_t) length >= size ||
        (size_t) length >= sizeof(((struct sockaddr_un *) NULL)->sun_path)) {
        return tn_fail(error, TN_FULL,
                       "%s is too long a path for the server's socket: use a shorter one or a link",
                       directory);
    }
    return TN_OK;
}
