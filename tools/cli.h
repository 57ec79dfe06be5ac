/* What the subcommands share: the table, opening a ledger to read, errors and exit codes, progress,
 * and the way to a running server. */
#ifndef TN_TOOLS_CLI_H
#define TN_TOOLS_CLI_H

#include <getopt.h>
#include <signal.h>
#include <stdio.h>

#include "api/desk/ledger.h"

/* Exit codes of every subcommand (DESIGN, "The program"). */
enum tn_exit {
    TN_EXIT_DONE = 0,
    TN_EXIT_DIFFERENCE = 1,
    TN_EXIT_USAGE = 2,
    TN_EXIT_REFUSED = 3,
    TN_EXIT_ENVIRONMENT = 4,
    TN_EXIT_INCOMPLETE = 5,
};

/* argv[0] is the subcommand's name. */
typedef int tn_subcommand(int argc, char **argv);

tn_subcommand tn_command_init, tn_command_serve, tn_command_simulate, tn_command_log,
    tn_command_state, tn_command_verify, tn_command_audit, tn_command_rebuild, tn_command_draw,
    tn_command_prove, tn_command_check_proof, tn_command_check_receipt, tn_command_key,
    tn_command_officer, tn_command_policy, tn_command_resume, tn_command_bench, tn_command_witness,
    tn_command_drawd;

struct tn_cli_command {
    const char *name;
    tn_subcommand *run;
    const char *synopsis; /* after "turno " */
    const char *summary;  /* one line */
    const char *details;  /* options and examples, lines of at most 80 characters */
};

/* NULL when there is none of that name. */
const struct tn_cli_command *tn_cli_find(const char *name);
const struct tn_cli_command *tn_cli_at(size_t i);

/* Print the synopsis of `name` to stderr after the message; returns TN_EXIT_USAGE. */
int tn_cli_usage(const char *name, const char *format, ...) TN_PRINTF(2, 3);
/* The same where getopt_long answered with what it does not know, or a handler with a value that is
 * none: names the option. */
int tn_cli_bad_option(const char *name, char *const *argv);
/* Print what went wrong to stderr; returns the exit code that fits the status. */
int tn_cli_fail(enum tn_status status, const struct tn_error *error);

/* Text from outside for a terminal: what could move its cursor, colour it or turn its writing
 * around stands as <U+001B>, what is no UTF-8 as <FF>. */
void tn_cli_print_text(FILE *out, struct tn_bytes text);

/* Block the signals that end a server, and hand out their set to be waited for. Before any thread
 * starts, so that all of them inherit it. */
void tn_cli_hold_signals(sigset_t *signals);

/* Numbers and names from the command line. False when malformed. */
bool tn_cli_parse_u64(const char *text, uint64_t *value);
bool tn_cli_parse_id(const char *text, uint8_t id[static TN_ID_SIZE]);
/* HOST:PORT, a numeric address, an IPv6 one in brackets. No name is looked up: what it stands for
 * may change, and only a loopback address is one for sure. */
#define TN_CLI_HOST_SIZE 64
#define TN_CLI_LISTEN_WORDS                                                                        \
    "--listen wants a numeric address and a port, such as 127.0.0.1:8080 or [::1]:8080; %s is "    \
    "not one"
bool tn_cli_parse_listen(const char *text, char host[static TN_CLI_HOST_SIZE], uint16_t *port);
/* An index, or an instant as 2024-03-09T17:00:00Z, or a date: the number of entries up to and with
 * it. */
TN_MUST_USE enum tn_status tn_cli_parse_at(struct tn_log *log, const char *text, uint64_t *size,
                                           struct tn_error *error);
/* "PORT:NAME" ... : the file's bytes, at most `limit`. */
TN_MUST_USE enum tn_status tn_cli_read_file(const char *path, size_t limit, struct tn_buffer *out,
                                            struct tn_error *error);

/* Where the root key is and whether memory must be lockable, for commands that open keys:
 * TN_CLI_KEY_OPTIONS stands in their table, and each option is offered to take_keys first, which
 * says whether it was one of them. */
struct tn_cli_keys {
    const char *root_key_path;
    bool allow_unlocked;
};

#define TN_CLI_KEY_OPTIONS                                                                         \
    {"root-key", required_argument, NULL, 'K'},                                                    \
    {                                                                                              \
        "allow-unlocked", no_argument, NULL, 'U'                                                   \
    }
bool tn_cli_take_keys(struct tn_cli_keys *keys, int option, const char *argument);

/* Open beside whoever writes, for reading. */
TN_MUST_USE enum tn_status tn_cli_open_reader(const char *directory, struct tn_ledger **ledger,
                                              struct tn_error *error);

/* Progress on a terminal: rate and remaining time, at most five times a second; nothing elsewhere.
 */
struct tn_cli_progress {
    const char *what;
    uint64_t started_us;
    uint64_t shown_us;
    bool terminal;
};

void tn_cli_progress_init(struct tn_cli_progress *progress, const char *what);
/* Fits tn_rebuild_progress with the progress as its context. */
void tn_cli_progress_show(void *progress, uint64_t done, uint64_t total);
void tn_cli_progress_end(struct tn_cli_progress *progress);

/* Run an administrative command: through the running server's socket when there is one, else on the
 * ledger opened here (api/admin/admin.h). The reply is JSON. */
TN_MUST_USE enum tn_status tn_cli_admin(const char *directory, const struct tn_cli_keys *keys,
                                        const char *command, struct tn_bytes json,
                                        struct tn_buffer *reply, struct tn_error *error);

/* The socket of a ledger's server. TN_FULL: the path is longer than a socket's name may be. */
TN_MUST_USE enum tn_status tn_cli_socket_path(const char *directory, char *out, size_t size,
                                              struct tn_error *error);

#endif
