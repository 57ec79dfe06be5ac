/* turno resume: end a pause. */
#include <getopt.h>

#include "tools/cli.h"

static const struct option options[] = {
    {"extend", no_argument, NULL, 'e'},
    {"json", no_argument, NULL, 'j'},
    TN_CLI_KEY_OPTIONS,
    {NULL, 0, NULL, 0},
};

int tn_command_resume(int argc, char **argv)
{
    struct tn_cli_keys keys = {0};
    struct tn_error error = {0};
    struct tn_buffer reply;
    bool extend = false;
    int option;
    enum tn_status status;

    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (option == 'e') {
            extend = true;
        } else if (!tn_cli_take_keys(&keys, option, optarg) && option != 'j') {
            return tn_cli_bad_option("resume", argv);
        }
    }
    if (optind + 1 != argc) {
        return tn_cli_usage("resume", "say one directory");
    }
    tn_buffer_init(&reply, (size_t) 1 << 16);
    status = tn_cli_admin(argv[optind], &keys, "resume",
                          tn_bytes_from_string(extend ? "{\"extend\":true}" : "{\"extend\":false}"),
                          &reply, &error);
    if (status == TN_OK) {
        printf("%.*s\n", (int) reply.size, (const char *) reply.data);
    }
    tn_buffer_close(&reply);
    return status == TN_OK ? TN_EXIT_DONE : tn_cli_fail(status, &error);
}
