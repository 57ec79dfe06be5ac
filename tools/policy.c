/* turno policy: publish rules and seats, suspend and resume ports. Every change names its
 * approvers. */
#include <getopt.h>
#include <string.h>

#include "api/http/json_writer.h"
#include "projections/engine.h"
#include "projections/policies.h"
#include "tools/cli.h"

#define FILE_MAX_BYTES ((size_t) 512 << 10)
#define APPROVERS_MAX 8u

static const struct option options[] = {
    {"approve", required_argument, NULL, 'a'},
    {"reason", required_argument, NULL, 'r'},
    {"honour-before", required_argument, NULL, 'h'},
    {"dry-run", no_argument, NULL, 'd'},
    {"json", no_argument, NULL, 'j'},
    TN_CLI_KEY_OPTIONS,
    {NULL, 0, NULL, 0},
};

struct wish {
    const char *directory;
    const char *what;
    const char *subject; /* a file or a port's code */
    const char *approvers[APPROVERS_MAX];
    size_t approver_count;
    const char *reason;
    const char *honour_before;
    bool dry_run;
    struct tn_cli_keys keys;
};

/* What every change carries; a new chain has no approvers and so no reason either. */
static void write_common(struct tn_json_writer *writer, const struct wish *wish)
{
    if (wish->reason) {
        tn_json_write_name(writer, "approvers");
        tn_json_write_array_begin(writer);
        for (size_t i = 0; i < wish->approver_count; i++) {
            tn_json_write_text(writer, wish->approvers[i]);
        }
        tn_json_write_array_end(writer);
        tn_json_member_text(writer, "reason", wish->reason);
    }
    if (wish->dry_run) {
        tn_json_member_bool(writer, "dry_run", true);
    }
}

/* {"<member>":<the file's JSON as it stands, which the server parses>,"approvers":[...],...} */
static enum tn_status body_from_file(const struct wish *wish, const char *member,
                                     struct tn_buffer *body, struct tn_error *error)
{
    struct tn_json_writer writer;
    struct tn_buffer file;
    enum tn_status status = tn_cli_read_file(wish->subject, FILE_MAX_BYTES, &file, error);

    if (status == TN_OK) {
        tn_json_writer_init(&writer, body);
        tn_json_write_object_begin(&writer);
        tn_json_write_name(&writer, member);
        tn_json_write_raw(&writer, tn_buffer_view(&file));
        write_common(&writer, wish);
        tn_json_write_object_end(&writer);
        status = tn_json_writer_finish(&writer);
    }
    tn_buffer_close(&file);
    return status;
}

static enum tn_status body_for_port(const struct wish *wish, bool suspend, struct tn_buffer *body,
                                    struct tn_error *error)
{
    struct tn_json_writer writer;
    uint64_t port;

    if (!tn_cli_parse_u64(wish->subject, &port)) {
        return tn_fail(error, TN_INVALID, "%s is not a port's code", wish->subject);
    }
    if (suspend && !wish->honour_before) {
        return tn_fail(error, TN_INVALID,
                       "say --honour-before DATE: appointments before it stand, later ones are "
                       "cancelled");
    }
    tn_json_writer_init(&writer, body);
    tn_json_write_object_begin(&writer);
    tn_json_member_uint(&writer, "port", port);
    if (suspend) {
        tn_json_member_text(&writer, "honour_before", wish->honour_before);
    }
    write_common(&writer, wish);
    tn_json_write_object_end(&writer);
    return tn_json_writer_finish(&writer);
}

static int change(const struct wish *wish)
{
    struct tn_error error = {0};
    struct tn_buffer body;
    struct tn_buffer reply;
    const char *command = NULL;
    enum tn_status status = TN_OK;

    tn_buffer_init(&body, 2 * FILE_MAX_BYTES);
    tn_buffer_init(&reply, (size_t) 1 << 20);
    if (strcmp(wish->what, "publish") == 0) {
        command = "policy-publish";
        status = body_from_file(wish, "policy", &body, &error);
    } else if (strcmp(wish->what, "capacity") == 0) {
        command = "capacity";
        status = body_from_file(wish, "capacity", &body, &error);
    } else if (strcmp(wish->what, "anchor-chain") == 0) {
        command = "anchor-chain";
        status = body_from_file(wish, "chain", &body, &error);
    } else if (strcmp(wish->what, "replace-chain") == 0) {
        command = "replace-chain";
        status = body_from_file(wish, "chain", &body, &error);
    } else if (strcmp(wish->what, "reallocate") == 0) {
        command = "reallocate";
        status = body_from_file(wish, "moves", &body, &error);
    } else {
        bool suspend = strcmp(wish->what, "suspend") == 0;

        command = suspend ? "suspend-port" : "resume-port";
        status = body_for_port(wish, suspend, &body, &error);
    }
    if (status == TN_OK) {
        status = tn_cli_admin(wish->directory, &wish->keys, command, tn_buffer_view(&body), &reply,
                              &error);
    }
    if (status == TN_OK) {
        printf("%.*s\n", (int) reply.size, (const char *) reply.data);
    }
    tn_buffer_close(&reply);
    tn_buffer_close(&body);
    return status == TN_OK ? TN_EXIT_DONE : tn_cli_fail(status, &error);
}

static enum tn_status print_version(struct tn_policies *policies, const char *version,
                                    struct tn_error *error)
{
    uint64_t wanted = policies->count;
    const struct tn_policy *policy;
    struct tn_buffer text;
    enum tn_status status;

    if (version && !tn_cli_parse_u64(version, &wanted)) {
        return tn_fail(error, TN_INVALID, "%s is not a version", version);
    }
    policy = tn_policies_version(policies, wanted);
    if (!policy) {
        return tn_fail(error, TN_NOT_FOUND, "there is no such version of the policy");
    }
    tn_buffer_init(&text, (size_t) 4 << 20);
    status = tn_policy_write_json(policy, NULL, 0, 0, &text);
    if (status == TN_OK) {
        printf("%.*s\n", (int) text.size, (const char *) text.data);
    }
    tn_buffer_close(&text);
    return status;
}

static int show(const char *directory, const char *version)
{
    struct tn_ledger *ledger = NULL;
    struct tn_state views = {0};
    struct tn_policies policies = {0};
    struct tn_arena arena;
    struct tn_error error = {0};
    enum tn_status status = tn_cli_open_reader(directory, &ledger, &error);

    tn_arena_init(&arena, (size_t) 16 << 20);
    if (status == TN_OK) {
        status = tn_views_open(ledger->store, NULL, &views, &error);
    }
    if (status == TN_OK) {
        status = tn_policies_load(&policies, views.rows[TN_CORE_QUEUE], &arena, &error);
    }
    if (status == TN_OK) {
        status = print_version(&policies, version, &error);
    }
    tn_policies_close(&policies);
    tn_views_close(&views);
    tn_arena_close(&arena);
    tn_ledger_close(ledger);
    return status == TN_OK ? TN_EXIT_DONE : tn_cli_fail(status, &error);
}

static bool is_change(const char *what)
{
    static const char *const changes[] = {"publish",    "capacity",     "suspend",      "resume",
                                          "reallocate", "anchor-chain", "replace-chain"};

    for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
        if (strcmp(what, changes[i]) == 0) {
            return true;
        }
    }
    return false;
}

/* Was an option given that a change alone heeds? */
static bool changes_something(const struct wish *wish)
{
    return wish->approver_count > 0 || wish->reason || wish->honour_before || wish->dry_run ||
           wish->keys.root_key_path || wish->keys.allow_unlocked;
}

int tn_command_policy(int argc, char **argv)
{
    struct wish wish = {0};
    int option;

    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (option == 'a' && wish.approver_count == APPROVERS_MAX) {
            return tn_cli_usage("policy", "--approve stands at most %u times", APPROVERS_MAX);
        }
        if (option == 'a') {
            wish.approvers[wish.approver_count++] = optarg;
        } else if (option == 'r') {
            wish.reason = optarg;
        } else if (option == 'h') {
            wish.honour_before = optarg;
        } else if (option == 'd') {
            wish.dry_run = true;
        } else if (!tn_cli_take_keys(&wish.keys, option, optarg) && option != 'j') {
            return tn_cli_bad_option("policy", argv);
        }
    }
    if (optind + 2 > argc || optind + 3 < argc) {
        return tn_cli_usage("policy", "say a directory and what to do");
    }
    wish.directory = argv[optind];
    wish.what = argv[optind + 1];
    wish.subject = optind + 3 == argc ? argv[optind + 2] : NULL;
    if (strcmp(wish.what, "show") == 0) {
        return changes_something(&wish)
                   ? tn_cli_usage("policy", "show stands alone, with a version at most")
                   : show(wish.directory, wish.subject);
    }
    if (!is_change(wish.what)) {
        return tn_cli_usage("policy", "%s is not known", wish.what);
    }
    if (wish.honour_before && strcmp(wish.what, "suspend") != 0) {
        return tn_cli_usage("policy", "--honour-before is for suspend");
    }
    if (strcmp(wish.what, "anchor-chain") == 0) {
        return !wish.subject || wish.reason || wish.approver_count > 0
                   ? tn_cli_usage("policy", "a new chain needs its file and no approval")
                   : change(&wish);
    }
    if (!wish.subject || !wish.reason) {
        return tn_cli_usage("policy", "a change needs its subject and --reason CODE");
    }
    return change(&wish);
}
