/* turno drawd: holds a chain of draw secrets in a process of its own and reveals one a day.
 *
 * Life of a question: accept; read one line within the wait; the root is put on the disk; only then
 * the secret is computed and sent. Whoever dies in between asks again and gets the same. One
 * question at a time: there is one a day. */
#include <errno.h>
#include <getopt.h>
#include <grp.h>
#include <inttypes.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <sodium.h>

#include "api/http/json_writer.h"
#include "api/remote/drawd.h"
#include "ledger/base/civil.h"
#include "ledger/base/clock.h"
#include "ledger/base/logline.h"
#include "ledger/vault/keys.h"
#include "tools/cli.h"
#include "tools/drawd_chain.h"

static const struct option options[] = {
    {"listen", required_argument, NULL, 'l'},
    {"user", required_argument, NULL, 'u'},
    {"create", no_argument, NULL, 'c'},
    {"first-day", required_argument, NULL, 'f'},
    {"length", required_argument, NULL, 'n'},
    {"owner", required_argument, NULL, 'o'},
    {"ask", required_argument, NULL, 'a'},
    {"day", required_argument, NULL, 'd'},
    {"root", required_argument, NULL, 'r'},
    {"simulated", no_argument, NULL, 's'},
    {"allow-unlocked", no_argument, NULL, 'm'},
    {"json", no_argument, NULL, 'j'},
    {NULL, 0, NULL, 0},
};

struct wish {
    const char *directory;
    const char *listen;
    const char *user;
    const char *owner;
    const char *ask;
    const char *day;
    const char *root;
    const char *first_day;
    uint64_t length;
    bool says_length;
    bool create;
    bool simulated;
    bool allow_unlocked;
};

/* ---- --create: a chain, and what `turno policy DIR anchor-chain` reads ---- */

static enum tn_status print_chain(const struct wish *wish, struct tn_error *error)
{
    struct tn_drawd_chain chain;
    struct tn_json_writer json;
    struct tn_buffer text;
    uint8_t anchor[TN_HASH_SIZE];
    uint8_t id[TN_ID_SIZE];
    char date[11];
    enum tn_status status =
        tn_drawd_chain_open(wish->directory, wish->allow_unlocked, &chain, error);

    if (status != TN_OK) {
        return status;
    }
    tn_drawd_chain_anchor(&chain, anchor);
    memcpy(id, anchor, sizeof(id)); /* as random as the tail */
    tn_buffer_init(&text, 1024);
    tn_json_writer_init(&json, &text);
    tn_json_write_object_begin(&json);
    tn_json_member_hex(&json, "chain", id, sizeof(id));
    if (wish->owner) {
        tn_json_member_text(&json, "owner", wish->owner);
    }
    tn_json_member_uint(&json, "length", chain.length);
    tn_json_member_hex(&json, "anchor", anchor, sizeof(anchor));
    tn_date_format(chain.first_day, date);
    tn_json_member_text(&json, "first_day", date);
    tn_json_write_object_end(&json);
    printf("%.*s\n", (int) text.size, (const char *) text.data);
    tn_buffer_close(&text);
    tn_drawd_chain_close(&chain);
    return TN_OK;
}

static enum tn_status create(const struct wish *wish, struct tn_error *error)
{
    uint32_t first_day = 0;
    enum tn_status status;

    if (!wish->first_day ||
        tn_date_parse(tn_bytes_from_string(wish->first_day), &first_day) != TN_OK) {
        return tn_fail(error, TN_INVALID, "say --first-day DATE: the first day it serves");
    }
    status = tn_drawd_chain_create(
        wish->directory, first_day,
        wish->length <= UINT32_MAX ? (uint32_t) wish->length : UINT32_MAX, error);
    return status == TN_OK ? print_chain(wish, error) : status;
}

/* ---- --ask: what the server does, by hand; a witness gives out its secret so ---- */

static enum tn_status ask(const struct wish *wish, struct tn_error *error)
{
    uint8_t root[TN_HASH_SIZE];
    uint8_t secret[TN_HASH_SIZE];
    char hex[2 * TN_HASH_SIZE + 1];
    uint32_t day;
    enum tn_status status;

    if (!wish->day || tn_date_parse(tn_bytes_from_string(wish->day), &day) != TN_OK ||
        !wish->root ||
        tn_hex_decode(tn_bytes_from_string(wish->root), root, TN_HASH_SIZE) != TN_OK) {
        return tn_fail(error, TN_INVALID,
                       "say --day DATE and --root HEX, as the day's page has it");
    }
    status = tn_drawd_ask(wish->ask, day, root, secret, error);
    if (status == TN_OK) {
        tn_hex_encode(hex, secret, sizeof(secret));
        printf("%s\n", hex);
    }
    return status;
}

/* ---- serving ---- */

static enum tn_status listen_at(const char *path, int *listener, struct tn_error *error)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    mode_t mask;
    bool good;

    if (strlen(path) >= sizeof(address.sun_path)) {
        return tn_fail(error, TN_INVALID, "%s is too long for a socket's name", path);
    }
    memcpy(address.sun_path, path, strlen(path) + 1);
    *listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (unlink(path) != 0 && errno != ENOENT) {
        return tn_fail(error, TN_IO, "%s cannot be removed: %s", path, strerror(errno));
    }
    mask = umask(0117); /* 0660: its user and its group, which is that of the server */
    good = *listener >= 0 &&
           bind(*listener, (const struct sockaddr *) &address, sizeof(address)) == 0 &&
           listen(*listener, 8) == 0;
    umask(mask);
    return good ? TN_OK : tn_fail(error, TN_IO, "%s: %s", path, strerror(errno));
}

/* From here on as that user, for good; the socket goes with it. */
static enum tn_status become(const char *name, const char *path, struct tn_error *error)
{
    const struct passwd *user = getpwnam(name);

    if (!user) {
        return tn_fail(error, TN_NOT_FOUND, "there is no user %s", name);
    }
    if (chown(path, user->pw_uid, (gid_t) -1) != 0) {
        return tn_fail(error, TN_DENIED, "%s: %s", path, strerror(errno));
    }
    if (initgroups(name, user->pw_gid) != 0 || setgid(user->pw_gid) != 0 ||
        setuid(user->pw_uid) != 0 || (user->pw_uid != 0 && setuid(0) == 0)) {
        return tn_fail(error, TN_DENIED, "cannot become %s: %s", name, strerror(errno));
    }
    return TN_OK;
}

static bool read_line(int fd, struct tn_buffer *line)
{
    uint64_t until_us = tn_clock_boot_us() + (uint64_t) TN_DRAWD_WAIT_MS * 1000;

    while (line->size == 0 || line->data[line->size - 1] != '\n') {
        struct pollfd wait = {.fd = fd, .events = POLLIN};
        uint64_t now_us = tn_clock_boot_us();
        uint8_t chunk[TN_DRAWD_LINE_MAX];
        ssize_t size;

        if (now_us >= until_us || poll(&wait, 1, (int) ((until_us - now_us) / 1000) + 1) <= 0) {
            return false;
        }
        size = recv(fd, chunk, sizeof(chunk), MSG_DONTWAIT);
        if (size <= 0) {
            return false;
        }
        tn_buffer_append(line, chunk, (size_t) size);
        if (tn_buffer_status(line) != TN_OK) {
            return false;
        }
    }
    return true;
}

static void answer(struct tn_drawd_chain *chain, int fd)
{
    struct tn_buffer line;
    struct tn_buffer out;
    struct tn_error error = {0};
    uint8_t root[TN_HASH_SIZE];
    uint8_t secret[TN_HASH_SIZE];
    char date[11];
    uint32_t day;
    enum tn_status status = TN_INVALID;

    tn_buffer_init(&line, TN_DRAWD_LINE_MAX);
    tn_buffer_init(&out, TN_DRAWD_LINE_MAX);
    if (!read_line(fd, &line) ||
        tn_drawd_read_question(tn_buffer_view(&line), &day, root) != TN_OK) {
        tn_buffer_append_string(&out, "refused the question is: reveal DAY ROOT\n");
    } else {
        tn_date_format(day, date);
        status = tn_drawd_chain_reveal(chain, day, root, tn_clock_wall_us(), secret, &error);
        if (status == TN_OK) {
            tn_buffer_append_string(&out, "secret ");
            tn_buffer_append_hex(&out, secret, sizeof(secret));
            tn_buffer_append_string(&out, "\n");
            tn_logline(TN_LOG_INFO, "%s revealed", date);
        } else {
            tn_buffer_printf(&out, "refused %.200s\n", error.text);
            tn_logline(TN_LOG_WARN, "%s not revealed: %s", date, error.text);
        }
    }
    (void) send(fd, out.data, out.size, MSG_NOSIGNAL | MSG_DONTWAIT);
    sodium_memzero(secret, sizeof(secret));
    tn_buffer_close_secret(&out);
    tn_buffer_close(&line);
}

static volatile sig_atomic_t ended;

static void end(int number)
{
    (void) number;
    ended = 1;
}

static void serve(struct tn_drawd_chain *chain, int listener)
{
    struct sigaction action = {.sa_handler = end};

    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    while (!ended) {
        int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

        if (fd >= 0) {
            answer(chain, fd);
            close(fd);
        }
    }
}

static enum tn_status run(const struct wish *wish, struct tn_error *error)
{
    struct tn_drawd_chain chain = {.folder = -1, .lock = -1};
    int listener = -1;
    char date[11];
    enum tn_status status = listen_at(wish->listen, &listener, error);

    if (status == TN_OK && wish->user) {
        status = become(wish->user, wish->listen, error);
    }
    if (status == TN_OK && wish->user) {
        /* Another user: the process may be dumped as fs.suid_dumpable says. */
        status = tn_keys_harden_process(error);
    }
    if (status == TN_OK) {
        status = tn_drawd_chain_open(wish->directory, wish->allow_unlocked, &chain, error);
    }
    if (status == TN_OK) {
        chain.any_time = wish->simulated;
        if (!chain.tail.locked) {
            tn_logline(TN_LOG_WARN, "the chain is " TN_SECRET_UNLOCKED_WORDS);
        }
        tn_date_format(chain.first_day, date);
        tn_logline(TN_LOG_INFO, "holding a chain of %" PRIu32 " days from %s on at %s",
                   chain.length, date, wish->listen);
        serve(&chain, listener);
        tn_drawd_chain_close(&chain);
    }
    if (listener >= 0) {
        /* Where the user may: a socket that nobody answers is taken away at the next start. */
        (void) unlink(wish->listen);
        close(listener);
    }
    return status;
}

/* One thing at a time, and nothing that it does not heed. */
static bool says_unheeded(const struct wish *wish)
{
    return (wish->ask != NULL) + (wish->listen != NULL) + wish->create > 1 ||
           (!wish->create && (wish->first_day || wish->says_length || wish->owner)) ||
           (!wish->listen && (wish->user || wish->simulated)) ||
           (!wish->ask && (wish->day || wish->root)) || (wish->ask && wish->allow_unlocked);
}

int tn_command_drawd(int argc, char **argv)
{
    struct wish wish = {.length = TN_KEYS_CHAIN_LENGTH};
    struct tn_error error = {0};
    int option;
    enum tn_status status;

    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        const char **text = option == 'l'   ? &wish.listen
                            : option == 'u' ? &wish.user
                            : option == 'o' ? &wish.owner
                            : option == 'a' ? &wish.ask
                            : option == 'd' ? &wish.day
                            : option == 'r' ? &wish.root
                            : option == 'f' ? &wish.first_day
                                            : NULL;

        if (text) {
            *text = optarg;
        } else if (option == 'c') {
            wish.create = true;
        } else if (option == 's') {
            wish.simulated = true;
        } else if (option == 'm') {
            wish.allow_unlocked = true;
        } else if (option == 'n' && tn_cli_parse_u64(optarg, &wish.length)) {
            wish.says_length = true;
        } else if (option != 'j') {
            return tn_cli_bad_option("drawd", argv);
        }
    }
    wish.directory = optind < argc ? argv[optind] : NULL;
    if (wish.ask ? optind != argc : optind + 1 != argc) {
        return tn_cli_usage("drawd", "say one directory, or --ask SOCKET");
    }
    if (!wish.ask && !wish.create && !wish.listen) {
        return tn_cli_usage("drawd", "say --create or --listen SOCKET");
    }
    if (says_unheeded(&wish)) {
        return tn_cli_usage("drawd",
                            "--create, --listen and --ask stand alone; --first-day, --length and "
                            "--owner are for --create, --user and --simulated for --listen, --day "
                            "and --root for --ask, --allow-unlocked for the first two");
    }
    status = wish.ask      ? ask(&wish, &error)
             : wish.create ? create(&wish, &error)
                           : run(&wish, &error);
    return status == TN_OK ? TN_EXIT_DONE : tn_cli_fail(status, &error);
}
