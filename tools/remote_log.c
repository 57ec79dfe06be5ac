/* Resources of a log over HTTP, by libcurl.
 *
 * The life of a question (one slot of a ring): ready, travelling, done or failed; a failure that
 * may pass is asked again after a pause, TN_REMOTE_TRIES times in all. The caller's thread drives
 * all transfers while it waits for the oldest. libcurl never prints, asks no proxy for passwords
 * and follows nothing. */
#include "tools/remote_log.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/base/check.h"
#include "ledger/base/clock.h"

#define CONNECT_MS_MAX 10000L
#define ANSWER_MS_MAX 120000L
/* Slower than this for so long is as good as dead. */
#define SLOW_BYTES_PER_S 64L
#define SLOW_S_MAX 30L
#define RETRY_US 300000u
#define PATH_MAX_BYTES 128u
#define TOKEN_MAX_BYTES 4096u
/* Answers to errors are not of interest beyond their status. */
#define WAIT_MS 1000

struct question {
    struct tn_remote_log *remote;
    CURL *easy;
    struct tn_buffer body;
    char path[PATH_MAX_BYTES];
    bool entries;
    bool travelling;
    bool done;
    unsigned tries;
    uint64_t again_us; /* when to ask again; 0: not waiting */
    CURLcode result;
    long http;
};

struct tn_remote_log {
    char url[TN_REMOTE_URL_MAX];
    CURLM *multi;
    struct curl_slist *headers; /* with the token; NULL: none */
    struct question questions[TN_REMOTE_AHEAD];
    uint64_t asked;
    uint64_t answered;
};

static size_t take_body(char *data, size_t size, size_t count, void *context);
static enum tn_status start(struct tn_remote_log *remote, struct question *question,
                            struct tn_error *error);

/* ---- opening ---- */

static enum tn_status copy_url(struct tn_remote_log *remote, const char *url,
                               struct tn_error *error)
{
    size_t size = strlen(url);

    while (size > 0 && url[size - 1] == '/') {
        size--;
    }
    for (size_t i = 0; i < size; i++) {
        if (url[i] <= ' ' || url[i] > '~' || url[i] == '?' || url[i] == '#') {
            return tn_fail(error, TN_INVALID, "%s is not the URL of a log", url);
        }
    }
    if ((strncmp(url, "http://", 7) != 0 && strncmp(url, "https://", 8) != 0) ||
        size + 1 + PATH_MAX_BYTES > sizeof(remote->url)) {
        return tn_fail(error, TN_INVALID, "a log's URL begins with http:// or https://");
    }
    memcpy(remote->url, url, size);
    return TN_OK;
}

static enum tn_status copy_token(struct tn_remote_log *remote, const char *token,
                                 struct tn_error *error)
{
    char header[TOKEN_MAX_BYTES + 32];
    size_t size = token == NULL ? 0 : strlen(token);

    if (token == NULL) {
        return TN_OK;
    }
    for (size_t i = 0; i < size; i++) {
        if (token[i] <= ' ' || token[i] > '~') {
            return tn_fail(error, TN_INVALID, "the token holds what no header can carry");
        }
    }
    if (size == 0 || size > TOKEN_MAX_BYTES) {
        return tn_fail(error, TN_INVALID, "the token is empty or too long");
    }
    (void) snprintf(header, sizeof(header), "Authorization: Bearer %s", token);
    remote->headers = curl_slist_append(NULL, header);
    return remote->headers != NULL ? TN_OK : tn_fail(error, TN_MEMORY, "no memory for a token");
}

static bool set_options(struct question *question)
{
    CURL *easy = question->easy;

    return curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_MS_MAX) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, ANSWER_MS_MAX) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, SLOW_BYTES_PER_S) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_LOW_SPEED_TIME, SLOW_S_MAX) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_USERAGENT, "turno-audit") == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_WRITEDATA, question) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_PRIVATE, question) == CURLE_OK;
}

enum tn_status tn_remote_open(const char *url, const char *token, struct tn_remote_log **out,
                              struct tn_error *error)
{
    struct tn_remote_log *remote = calloc(1, sizeof(*remote));
    enum tn_status status;
    bool ready = true;

    *out = NULL;
    if (remote == NULL || curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        free(remote);
        return tn_fail(error, TN_MEMORY, "no memory to ask over HTTP");
    }
    for (size_t i = 0; i < TN_REMOTE_AHEAD; i++) {
        tn_buffer_init(&remote->questions[i].body, 0);
    }
    status = copy_url(remote, url, error);
    if (status == TN_OK) {
        status = copy_token(remote, token, error);
    }
    remote->multi = curl_multi_init();
    ready = remote->multi != NULL &&
            curl_multi_setopt(remote->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS,
                              (long) TN_REMOTE_CONNECTIONS) == CURLM_OK;
    for (size_t i = 0; ready && i < TN_REMOTE_AHEAD; i++) {
        remote->questions[i].remote = remote;
        remote->questions[i].easy = curl_easy_init();
        ready = remote->questions[i].easy != NULL && set_options(&remote->questions[i]);
    }
    if (status == TN_OK && !ready) {
        status = tn_fail(error, TN_UNSUPPORTED, "this system's libcurl cannot do what is needed");
    }
    if (status != TN_OK) {
        tn_remote_close(remote);
        return status;
    }
    *out = remote;
    return TN_OK;
}

void tn_remote_close(struct tn_remote_log *remote)
{
    if (remote == NULL) {
        return;
    }
    for (size_t i = 0; i < TN_REMOTE_AHEAD; i++) {
        struct question *question = &remote->questions[i];

        if (question->travelling) {
            (void) curl_multi_remove_handle(remote->multi, question->easy);
        }
        curl_easy_cleanup(question->easy);
        tn_buffer_close(&question->body);
    }
    curl_slist_free_all(remote->headers);
    (void) curl_multi_cleanup(remote->multi);
    curl_global_cleanup();
    free(remote);
}

/* ---- asking ---- */

bool tn_remote_has_room(const struct tn_remote_log *remote)
{
    /* The oldest answer stays readable until the next ask. */
    return remote->asked - remote->answered < TN_REMOTE_AHEAD - 1;
}

enum tn_status tn_remote_ask(struct tn_remote_log *remote, const char *path, size_t limit,
                             bool entries, struct tn_error *error)
{
    struct question *question = &remote->questions[remote->asked % TN_REMOTE_AHEAD];

    TN_CHECK(tn_remote_has_room(remote) && strlen(path) < PATH_MAX_BYTES);
    tn_buffer_reset(&question->body);
    question->body.limit = limit;
    (void) snprintf(question->path, sizeof(question->path), "%s", path);
    question->entries = entries;
    question->tries = 0;
    question->again_us = 0;
    remote->asked++;
    return start(remote, question, error);
}

static enum tn_status start(struct tn_remote_log *remote, struct question *question,
                            struct tn_error *error)
{
    char url[TN_REMOTE_URL_MAX + 1 + PATH_MAX_BYTES];
    bool ready;

    (void) snprintf(url, sizeof(url), "%s/%s", remote->url, question->path);
    tn_buffer_reset(&question->body);
    question->done = false;
    question->http = 0;
    question->again_us = 0;
    question->tries++;
    ready = curl_easy_setopt(question->easy, CURLOPT_URL, url) == CURLE_OK &&
            curl_easy_setopt(question->easy, CURLOPT_HTTPHEADER,
                             question->entries ? remote->headers : NULL) == CURLE_OK &&
            curl_multi_add_handle(remote->multi, question->easy) == CURLM_OK;
    question->travelling = ready;
    return ready ? TN_OK : tn_fail(error, TN_MEMORY, "no memory to ask for %s", question->path);
}

static size_t take_body(char *data, size_t size, size_t count, void *context)
{
    struct question *question = context;

    tn_buffer_append(&question->body, data, size * count);
    return tn_buffer_status(&question->body) == TN_OK ? size * count : 0; /* 0 ends the transfer */
}

/* ---- answers ---- */

static bool may_pass(const struct question *question)
{
    if (question->body.overflowed) {
        return false;
    }
    return question->result != CURLE_OK || question->http >= 500 || question->http == 429;
}

static void collect(struct tn_remote_log *remote)
{
    CURLMsg *message;
    int left;

    while ((message = curl_multi_info_read(remote->multi, &left)) != NULL) {
        struct question *question = NULL;

        if (message->msg != CURLMSG_DONE ||
            curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **) &question) !=
                CURLE_OK ||
            question == NULL) {
            continue;
        }
        question->result = message->data.result;
        (void) curl_easy_getinfo(question->easy, CURLINFO_RESPONSE_CODE, &question->http);
        (void) curl_multi_remove_handle(remote->multi, question->easy);
        question->travelling = false;
        if (may_pass(question) && question->tries < TN_REMOTE_TRIES) {
            question->again_us = tn_clock_monotonic_us() + RETRY_US * question->tries;
        } else {
            question->done = true;
        }
    }
}

static enum tn_status ask_again(struct tn_remote_log *remote, struct tn_error *error)
{
    uint64_t now_us = tn_clock_monotonic_us();
    enum tn_status status = TN_OK;

    for (uint64_t i = remote->answered; status == TN_OK && i < remote->asked; i++) {
        struct question *question = &remote->questions[i % TN_REMOTE_AHEAD];

        if (question->again_us != 0 && question->again_us <= now_us) {
            status = start(remote, question, error);
        }
    }
    return status;
}

/* A foreign failure as one of ours. */
static enum tn_status judge(const struct tn_remote_log *remote, const struct question *question,
                            struct tn_error *error)
{
    const char *path = question->path;

    if (question->body.overflowed) {
        return tn_fail(error, TN_FULL, "%s/%s: the answer is larger than such a resource can be",
                       remote->url, path);
    }
    if (question->result != CURLE_OK) {
        return tn_fail(error, TN_UNAVAILABLE, "%s/%s: %s", remote->url, path,
                       curl_easy_strerror(question->result));
    }
    if (question->http == 200) {
        return TN_OK;
    }
    if (question->http == 404) {
        return tn_fail(error, TN_NOT_FOUND, "%s/%s: there is no such resource (404)", remote->url,
                       path);
    }
    if (question->http == 401 || question->http == 403) {
        return tn_fail(error, TN_DENIED, "%s/%s: %s (%ld)", remote->url, path,
                       remote->headers == NULL ? "an auditor's token is needed; see --token"
                       : question->http == 401 ? "the token that --token gave is nobody's there"
                                               : "the token that --token gave is not an auditor's",
                       question->http);
    }
    return tn_fail(error, TN_UNAVAILABLE, "%s/%s: the server answered %ld%s", remote->url, path,
                   question->http,
                   question->http >= 300 && question->http < 400
                       ? "; redirects are not followed: give the log's own URL"
                       : "");
}

enum tn_status tn_remote_answer(struct tn_remote_log *remote, struct tn_bytes *body,
                                struct tn_error *error)
{
    struct question *question = &remote->questions[remote->answered % TN_REMOTE_AHEAD];
    enum tn_status status = TN_OK;
    int running;

    *body = tn_bytes(NULL, 0);
    TN_CHECK(remote->answered < remote->asked);
    while (status == TN_OK && !question->done) {
        if (curl_multi_perform(remote->multi, &running) != CURLM_OK) {
            return tn_fail(error, TN_UNAVAILABLE, "%s: asking failed", remote->url);
        }
        collect(remote);
        status = ask_again(remote, error);
        if (status == TN_OK && !question->done &&
            curl_multi_poll(remote->multi, NULL, 0, question->again_us != 0 ? 50 : WAIT_MS, NULL) !=
                CURLM_OK) {
            return tn_fail(error, TN_UNAVAILABLE, "%s: waiting failed", remote->url);
        }
    }
    remote->answered++;
    if (status == TN_OK) {
        status = judge(remote, question, error);
    }
    if (status == TN_OK) {
        *body = tn_buffer_view(&question->body);
    }
    return status;
}
