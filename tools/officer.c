/* turno officer: enrol and suspend officers. */
#include <getopt.h>
#include <inttypes.h>
#include <string.h>

#include "api/http/json.h"
#include "api/http/json_writer.h"
#include "tools/cli.h"

static const struct option options[] = {
    {"role", required_argument, NULL, 'r'},
    {"organisation", required_argument, NULL, 'o'},
    {"port", required_argument, NULL, 'p'},
    {"reason", required_argument, NULL, 'y'},
    {"json", no_argument, NULL, 'j'},
    TN_CLI_KEY_OPTIONS,
    {NULL, 0, NULL, 0},
};

struct wish {
    const char *role;
    const char *organisation;
    const char *port;
    const char *reason;
    bool json;
    struct tn_cli_keys keys;
};

/* The token goes to standard output alone, as its last line: it is shown once, and what is said on
 * standard error is often kept. */
static void print_members(const struct tn_json_value *root)
{
    const struct tn_json_value *index = tn_json_member(root, "index");
    const struct tn_json_value *officer = tn_json_member(root, "officer");
    const struct tn_json_value *token = tn_json_member(root, "token");

    if (index) {
        fprintf(stderr, "index %" PRIu64 "\n", index->as.uint64);
    }
    if (officer) {
        fprintf(stderr, "officer %.*s\n", (int) officer->as.string.size,
                (const char *) officer->as.string.data);
    }
    if (token) {
        printf("%.*s\n", (int) token->as.string.size, (const char *) token->as.string.data);
    }
}

static enum tn_status print_reply(const struct tn_buffer *reply, struct tn_error *error)
{
    struct tn_json_parser *parser = tn_json_parser_create();
    const struct tn_json_value *root = NULL;
    struct tn_arena arena;
    enum tn_status status;

    tn_arena_init(&arena, (size_t) 1 << 20);
    status = parser ? tn_json_parse(parser, tn_buffer_view(reply), NULL, &arena, &root, error)
                    : tn_fail(error, TN_MEMORY, "no memory for the reply");
    if (status == TN_OK) {
        print_members(root);
    }
    tn_arena_close_secret(&arena);
    tn_json_parser_destroy(parser);
    return status;
}

static int send(const char *directory, const char *command, struct tn_buffer *body,
                const struct wish *wish)
{
    struct tn_error error = {0};
    struct tn_buffer reply;
    enum tn_status status;

    tn_buffer_init(&reply, (size_t) 1 << 16);
    status = tn_cli_admin(directory, &wish->keys, command, tn_buffer_view(body), &reply, &error);
    if (status == TN_OK && wish->json) {
        printf("%.*s\n", (int) reply.size, (const char *) reply.data);
    } else if (status == TN_OK) {
        status = print_reply(&reply, &error);
    }
    tn_buffer_close_secret(&reply);
    tn_buffer_close_secret(body);
    return status == TN_OK ? TN_EXIT_DONE : tn_cli_fail(status, &error);
}

static int add(const char *directory, const char *email, const struct wish *wish)
{
    struct tn_json_writer writer;
    struct tn_buffer body;
    uint64_t port = 0;

    if (wish->port && !tn_cli_parse_u64(wish->port, &port)) {
        return tn_cli_usage("officer", "%s is not a port's code", wish->port);
    }
    tn_buffer_init(&body, 4096);
    tn_json_writer_init(&writer, &body);
    tn_json_write_object_begin(&writer);
    tn_json_member_text(&writer, "email", email);
    tn_json_member_text(&writer, "role", wish->role ? wish->role : "officer");
    if (wish->organisation) {
        tn_json_member_text(&writer, "organisation", wish->organisation);
    }
    if (wish->port) {
        tn_json_member_uint(&writer, "port", port);
    }
    tn_json_write_object_end(&writer);
    return send(directory, "officer-add", &body, wish);
}

static int suspend(const char *directory, const char *id, const struct wish *wish)
{
    struct tn_json_writer writer;
    struct tn_buffer body;

    if (!wish->reason) {
        return tn_cli_usage("officer", "say --reason CODE");
    }
    tn_buffer_init(&body, 4096);
    tn_json_writer_init(&writer, &body);
    tn_json_write_object_begin(&writer);
    tn_json_member_text(&writer, "officer", id);
    tn_json_member_text(&writer, "reason", wish->reason);
    tn_json_write_object_end(&writer);
    return send(directory, "officer-suspend", &body, wish);
}

int tn_command_officer(int argc, char **argv)
{
    struct wish wish = {0};
    int option;

    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (option == 'r') {
            wish.role = optarg;
        } else if (option == 'o') {
            wish.organisation = optarg;
        } else if (option == 'p') {
            wish.port = optarg;
        } else if (option == 'y') {
            wish.reason = optarg;
        } else if (option == 'j') {
            wish.json = true;
        } else if (!tn_cli_take_keys(&wish.keys, option, optarg)) {
            return tn_cli_bad_option("officer", argv);
        }
    }
    if (optind + 3 != argc) {
        return tn_cli_usage("officer", "say a directory, add or suspend, and whom");
    }
    if (strcmp(argv[optind + 1], "add") == 0) {
        if (wish.reason) {
            return tn_cli_usage("officer", "--reason is for suspend");
        }
        return add(argv[optind], argv[optind + 2], &wish);
    }
    if (strcmp(argv[optind + 1], "suspend") == 0) {
        if (wish.role || wish.organisation || wish.port) {
            return tn_cli_usage("officer", "--role, --organisation and --port are for add");
        }
        return suspend(argv[optind], argv[optind + 2], &wish);
    }
    return tn_cli_usage("officer", "%s is neither add nor suspend", argv[optind + 1]);
}
