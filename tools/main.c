/* The turno program: one table of subcommands. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ledger/vault/keys.h"
#include "tools/cli.h"
#include "tools/help.h"

/* A descriptor of 0 to 2 that is closed would be the next file that is opened: log lines would be
 * written into the ledger. */
static bool hold_standard_descriptors(void)
{
    int fd;

    do {
        fd = open("/dev/null", O_RDONLY); /* so that what is written there is missed */
    } while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd >= 0) {
        close(fd);
    }
    return fd >= 0;
}

static int run(int argc, char **argv)
{
    const struct tn_cli_command *command;
    struct tn_error error = {0};

    /* Random ids by the thousand: a generator in the process, seeded by the system, instead of one
     * call of the kernel each. */
    randombytes_set_implementation(&randombytes_internal_implementation);
    if (sodium_init() < 0) {
        fprintf(stderr, "turno: the cryptographic library cannot start on this system\n");
        return TN_EXIT_ENVIRONMENT;
    }
    /* Whatever is run may open keys or people's data. */
    if (tn_keys_harden_process(&error) != TN_OK) {
        return tn_cli_fail(error.status, &error);
    }
    if (argc < 2) {
        tn_help_overview(stderr);
        return TN_EXIT_USAGE;
    }
    if (strcmp(argv[1], "help") == 0 || strcmp(argv[1], "--help") == 0 ||
        strcmp(argv[1], "-h") == 0) {
        return tn_help(argc - 1, argv + 1);
    }
    if (strcmp(argv[1], "--version") == 0) {
        printf("turno %s\n", TN_VERSION);
        return TN_EXIT_DONE;
    }
    command = tn_cli_find(argv[1]);
    if (!command) {
        fprintf(stderr, "turno: there is no command %s; turno help lists them\n", argv[1]);
        return TN_EXIT_USAGE;
    }
    if (argc == 3 && (strcmp(argv[2], "--help") == 0 || strcmp(argv[2], "-h") == 0)) {
        tn_help_command(stdout, command);
        return TN_EXIT_DONE;
    }
    return command->run(argc - 1, argv + 1);
}

int main(int argc, char **argv)
{
    int code;

    if (!hold_standard_descriptors()) {
        return TN_EXIT_ENVIRONMENT;
    }
    /* Nobody ends because whoever read the words has: writing tells. */
    (void) signal(SIGPIPE, SIG_IGN);
    code = run(argc, argv);
    /* What was asked for and did not arrive was not done. */
    if (fflush(stdout) != 0 || ferror(stdout)) {
        fprintf(stderr, "turno: the output could not be written: %s\n", strerror(errno));
        code = code == TN_EXIT_DONE ? TN_EXIT_ENVIRONMENT : code;
    }
    return code;
}
