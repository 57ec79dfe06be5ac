/* Calls on libcurl's multi interface.
 *
 * Life of a call: start makes an easy handle of it and gives that to the multi handle; poll waits
 * for sockets and timers, and for every handle that has ended takes it back, translates libcurl's
 * code into a status, and calls `done`. A timeout, a refused connection, a certificate that nobody
 * vouches for, an answer that is too long: TN_UNAVAILABLE with words. */
#include "api/remote/remote.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/base/check.h"

#define CONNECT_TIMEOUT_MS 5000
#define TIMEOUT_MS 10000

struct tn_remote {
    CURLM *multi;
    struct curl_slist *fields;
    char *ca_file;
    long connect_timeout_ms;
    long timeout_ms;
};

enum tn_status tn_remote_open(const struct tn_remote_options *options, struct tn_remote **out,
                              struct tn_error *error)
{
    struct tn_remote *remote = calloc(1, sizeof(*remote));

    *out = NULL;
    if (!remote || curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        free(remote);
        return tn_fail(error, TN_MEMORY, "no memory for calls to others");
    }
    remote->connect_timeout_ms =
        options->connect_timeout_ms > 0 ? (long) options->connect_timeout_ms : CONNECT_TIMEOUT_MS;
    remote->timeout_ms = options->timeout_ms > 0 ? (long) options->timeout_ms : TIMEOUT_MS;
    remote->ca_file = options->ca_file ? strdup(options->ca_file) : NULL;
    remote->multi = curl_multi_init();
    /* No `Expect: 100-continue`: bodies are small. */
    remote->fields = curl_slist_append(NULL, "Expect:");
    if (remote->fields) {
        struct curl_slist *more = curl_slist_append(remote->fields, "Content-Type: text/plain");

        remote->fields = more ? more : remote->fields;
    }
    if (!remote->multi || !remote->fields || (options->ca_file && !remote->ca_file)) {
        tn_remote_close(remote);
        return tn_fail(error, TN_MEMORY, "no memory for calls to others");
    }
    *out = remote;
    return TN_OK;
}

void tn_remote_close(struct tn_remote *remote)
{
    if (!remote) {
        return;
    }
    if (remote->multi) {
        curl_multi_cleanup(remote->multi);
    }
    curl_slist_free_all(remote->fields);
    free(remote->ca_file);
    free(remote);
    curl_global_cleanup();
}

static size_t take_bytes(char *data, size_t size, size_t count, void *context)
{
    struct tn_remote_call *call = context;

    tn_buffer_append(&call->answer, data, size * count);
    /* Taking less than there is ends the call. */
    return tn_buffer_status(&call->answer) == TN_OK ? size * count : 0;
}

static bool prepare(struct tn_remote *remote, struct tn_remote_call *call, CURL *easy)
{
    CURLcode code = CURLE_OK;

#define SET(option, value)                                                                         \
    if (code == CURLE_OK) {                                                                        \
        code = curl_easy_setopt(easy, option, value);                                              \
    }
    SET(CURLOPT_URL, call->url)
    SET(CURLOPT_PROTOCOLS_STR, "http,https")
    SET(CURLOPT_FOLLOWLOCATION, 0L)
    SET(CURLOPT_NOSIGNAL, 1L)
    SET(CURLOPT_USERAGENT, "turno")
    SET(CURLOPT_HTTPHEADER, remote->fields)
    SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t) call->body.size)
    SET(CURLOPT_POSTFIELDS, call->body.data)
    SET(CURLOPT_WRITEFUNCTION, take_bytes)
    SET(CURLOPT_WRITEDATA, call)
    SET(CURLOPT_PRIVATE, call)
    SET(CURLOPT_CONNECTTIMEOUT_MS, remote->connect_timeout_ms)
    SET(CURLOPT_TIMEOUT_MS, remote->timeout_ms)
    if (remote->ca_file) {
        SET(CURLOPT_CAINFO, remote->ca_file)
    }
#undef SET
    return code == CURLE_OK;
}

enum tn_status tn_remote_start(struct tn_remote *remote, struct tn_remote_call *call,
                               struct tn_error *error)
{
    CURL *easy = curl_easy_init();

    TN_CHECK(!call->handle);
    tn_buffer_close(&call->answer);
    tn_buffer_init(&call->answer, call->answer_max);
    call->http_status = 0;
    call->content_type[0] = 0;
    call->error = (struct tn_error){.status = TN_OK};
    if (!easy || !prepare(remote, call, easy) ||
        curl_multi_add_handle(remote->multi, easy) != CURLM_OK) {
        curl_easy_cleanup(easy);
        return tn_fail(error, TN_UNAVAILABLE, "%s: the call cannot be made", call->url);
    }
    call->handle = easy;
    return TN_OK;
}

void tn_remote_cancel(struct tn_remote *remote, struct tn_remote_call *call)
{
    if (call->handle) {
        (void) curl_multi_remove_handle(remote->multi, call->handle);
        curl_easy_cleanup(call->handle);
        call->handle = NULL;
    }
}

void tn_remote_call_close(struct tn_remote_call *call)
{
    tn_buffer_close(&call->answer);
}

/* The one place where libcurl's codes become ours. */
static void finish(struct tn_remote *remote, struct tn_remote_call *call, CURLcode code)
{
    char *type = NULL;
    long http_status = 0;

    (void) curl_easy_getinfo(call->handle, CURLINFO_RESPONSE_CODE, &http_status);
    (void) curl_easy_getinfo(call->handle, CURLINFO_CONTENT_TYPE, &type);
    if (type && strlen(type) <= TN_REMOTE_TYPE_MAX) {
        memcpy(call->content_type, type, strlen(type) + 1);
    }
    call->http_status = http_status > 0 && http_status < 1000 ? (unsigned) http_status : 0;
    if (code == CURLE_OK) {
        call->status = TN_OK;
    } else if (tn_buffer_status(&call->answer) != TN_OK) {
        call->status = tn_fail(&call->error, TN_UNAVAILABLE, "its answer has more than %zu bytes",
                               call->answer_max);
    } else {
        call->status = tn_fail(&call->error, TN_UNAVAILABLE, "%s", curl_easy_strerror(code));
    }
    tn_remote_cancel(remote, call);
}

void tn_remote_poll(struct tn_remote *remote, unsigned timeout_ms)
{
    CURLMsg *message;
    int running;
    int left;

    (void) curl_multi_perform(remote->multi, &running);
    (void) curl_multi_poll(remote->multi, NULL, 0, (int) timeout_ms, NULL);
    (void) curl_multi_perform(remote->multi, &running);
    while ((message = curl_multi_info_read(remote->multi, &left)) != NULL) {
        struct tn_remote_call *call = NULL;
        CURLcode code = message->data.result;

        if (message->msg != CURLMSG_DONE) {
            continue;
        }
        (void) curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **) &call);
        finish(remote, call, code);
        call->done(call);
    }
}

void tn_remote_wake(struct tn_remote *remote)
{
    (void) curl_multi_wakeup(remote->multi);
}
