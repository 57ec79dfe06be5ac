/* Calls on libcurl's multi interface.
 *
 * Life of a call: start makes an easy handle of it and gives that to the multi handle; poll waits
 * for sockets and timers, and for every handle that has ended takes it back, translates libcurl's
 * code into a status, and calls `done`. A timeout, a refused connection, a certificate that nobody
 * vouches for, an answer that is too long: TN_UNAVAILABLE with words. */
#include "api/remote/calls.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/base/check.h"

#define CONNECT_TIMEOUT_MS 5000
#define TIMEOUT_MS 10000

struct tn_calls {
    CURLM *multi;
    struct curl_slist *fields;
    char *ca_file;
    long connect_timeout_ms;
    long timeout_ms;
};

enum tn_status tn_calls_open(const struct tn_calls_options *options, struct tn_calls **out,
                             struct tn_error *error)
{
    struct tn_calls *calls = calloc(1, sizeof(*calls));

    *out = NULL;
    if (!calls || curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        free(calls);
        return tn_fail(error, TN_MEMORY, "no memory for calls to others");
    }
    calls->connect_timeout_ms = options->connect_timeout_ms > 0 ? (long) options->connect_timeout_ms
                                                                : CONNECT_TIMEOUT_MS;
    calls->timeout_ms = options->timeout_ms > 0 ? (long) options->timeout_ms : TIMEOUT_MS;
    calls->ca_file = options->ca_file ? strdup(options->ca_file) : NULL;
    calls->multi = curl_multi_init();
    /* No `Expect: 100-continue`: bodies are small. */
    calls->fields = curl_slist_append(NULL, "Expect:");
    if (calls->fields) {
        struct curl_slist *more = curl_slist_append(calls->fields, "Content-Type: text/plain");

        calls->fields = more ? more : calls->fields;
    }
    if (!calls->multi || !calls->fields || (options->ca_file && !calls->ca_file)) {
        tn_calls_close(calls);
        return tn_fail(error, TN_MEMORY, "no memory for calls to others");
    }
    *out = calls;
    return TN_OK;
}

void tn_calls_close(struct tn_calls *calls)
{
    if (!calls) {
        return;
    }
    if (calls->multi) {
        curl_multi_cleanup(calls->multi);
    }
    curl_slist_free_all(calls->fields);
    free(calls->ca_file);
    free(calls);
    curl_global_cleanup();
}

static size_t take_bytes(char *data, size_t size, size_t count, void *context)
{
    struct tn_call *call = context;

    tn_buffer_append(&call->answer, data, size * count);
    /* Taking less than there is ends the call. */
    return tn_buffer_status(&call->answer) == TN_OK ? size * count : 0;
}

static bool prepare(struct tn_calls *calls, struct tn_call *call, CURL *easy)
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
    SET(CURLOPT_HTTPHEADER, calls->fields)
    SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t) call->body.size)
    SET(CURLOPT_POSTFIELDS, call->body.data)
    SET(CURLOPT_WRITEFUNCTION, take_bytes)
    SET(CURLOPT_WRITEDATA, call)
    SET(CURLOPT_PRIVATE, call)
    SET(CURLOPT_CONNECTTIMEOUT_MS, calls->connect_timeout_ms)
    SET(CURLOPT_TIMEOUT_MS, calls->timeout_ms)
    if (calls->ca_file) {
        SET(CURLOPT_CAINFO, calls->ca_file)
    }
#undef SET
    return code == CURLE_OK;
}

enum tn_status tn_calls_start(struct tn_calls *calls, struct tn_call *call, struct tn_error *error)
{
    CURL *easy = curl_easy_init();

    TN_CHECK(!call->handle);
    tn_buffer_close(&call->answer);
    tn_buffer_init(&call->answer, call->answer_max);
    call->http_status = 0;
    call->content_type[0] = 0;
    call->error = (struct tn_error){.status = TN_OK};
    if (!easy || !prepare(calls, call, easy) ||
        curl_multi_add_handle(calls->multi, easy) != CURLM_OK) {
        curl_easy_cleanup(easy);
        return tn_fail(error, TN_UNAVAILABLE, "%s: the call cannot be made", call->url);
    }
    call->handle = easy;
    return TN_OK;
}

void tn_calls_cancel(struct tn_calls *calls, struct tn_call *call)
{
    if (call->handle) {
        (void) curl_multi_remove_handle(calls->multi, call->handle);
        curl_easy_cleanup(call->handle);
        call->handle = NULL;
    }
}

void tn_call_close(struct tn_call *call)
{
    tn_buffer_close(&call->answer);
}

/* The one place where libcurl's codes become ours. */
static void finish(struct tn_calls *calls, struct tn_call *call, CURLcode code)
{
    char *type = NULL;
    long http_status = 0;

    (void) curl_easy_getinfo(call->handle, CURLINFO_RESPONSE_CODE, &http_status);
    (void) curl_easy_getinfo(call->handle, CURLINFO_CONTENT_TYPE, &type);
    if (type && strlen(type) <= TN_CALL_TYPE_MAX) {
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
    tn_calls_cancel(calls, call);
}

void tn_calls_poll(struct tn_calls *calls, unsigned timeout_ms)
{
    CURLMsg *message;
    int running;
    int left;

    (void) curl_multi_perform(calls->multi, &running);
    (void) curl_multi_poll(calls->multi, NULL, 0, (int) timeout_ms, NULL);
    (void) curl_multi_perform(calls->multi, &running);
    while ((message = curl_multi_info_read(calls->multi, &left)) != NULL) {
        struct tn_call *call = NULL;
        CURLcode code = message->data.result;

        if (message->msg != CURLMSG_DONE) {
            continue;
        }
        (void) curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **) &call);
        finish(calls, call, code);
        call->done(call);
    }
}

void tn_calls_wake(struct tn_calls *calls)
{
    (void) curl_multi_wakeup(calls->multi);
}
