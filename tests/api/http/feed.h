/* Feeds bytes to the parser, cut into pieces, and writes down what came out. Shared by the guard's
 * tests and its fuzz target: how the bytes are cut must make no difference. */
#ifndef TN_TESTS_API_HTTP_FEED_H
#define TN_TESTS_API_HTTP_FEED_H

#include <stdlib.h>
#include <string.h>

#include "api/http/parser.h"

struct feed {
    struct tn_http_parser parser;
    struct tn_http_message message;
    struct tn_arena arena;
    struct tn_buffer log; /* a line for each request or refusal */
    unsigned requests;
    unsigned refused;
    enum tn_problem problem; /* of the refusal */
    bool reading;
    bool over;
};

/* Small enough that tests and fuzzers reach it. */
#define FEED_BODY_LIMIT 600

static inline void feed_open(struct feed *feed)
{
    memset(feed, 0, sizeof(*feed));
    tn_arena_init(&feed->arena, 256 * 1024);
    tn_buffer_init(&feed->log, 1024 * 1024);
    tn_http_message_init(&feed->message, &feed->arena);
}

static inline void feed_close(struct feed *feed)
{
    tn_http_message_close(&feed->message);
    tn_buffer_close(&feed->log);
    tn_arena_close(&feed->arena);
}

static inline void feed_bytes(struct feed *feed, const char *label, struct tn_bytes bytes)
{
    tn_buffer_append_string(&feed->log, label);
    tn_buffer_append_bytes(&feed->log, bytes);
}

static inline void feed_request(struct feed *feed)
{
    const struct tn_http_head *head = &feed->message.head;
    feed->requests++;
    feed_bytes(feed, "request ", tn_bytes_from_string(tn_http_method_name(head->method)));
    feed_bytes(feed, " path=", feed->message.path);
    feed_bytes(feed, " query=", feed->message.query);
    for (unsigned i = 0; i < head->field_count; i++) {
        feed_bytes(feed, " ", feed->message.fields[i].name);
        feed_bytes(feed, "=", feed->message.fields[i].value);
    }
    feed_bytes(feed, " body=", tn_buffer_view(&feed->message.body));
    tn_buffer_printf(&feed->log, " framing=%d minor=%u close=%d continue=%d\n", (int) head->framing,
                     head->version_minor, head->close, head->expect_continue);
}

/* One piece. As a connection does: a request that closes, or a refusal, ends it. */
static inline void feed_piece(struct feed *feed, struct tn_bytes input)
{
    while (input.size != 0 && !feed->over) {
        if (!feed->reading) {
            tn_arena_reset(&feed->arena);
            tn_http_message_reset(&feed->message);
            tn_http_parser_begin(&feed->parser, &feed->message);
            feed->reading = true;
        }
        enum tn_http_event event = TN_HTTP_EVENT_MORE;
        do {
            size_t used = tn_http_parser_feed(&feed->parser, input, &event);
            input = tn_bytes(input.data + used, input.size - used);
            if (event == TN_HTTP_EVENT_HEAD) {
                feed->parser.body_limit = FEED_BODY_LIMIT;
            }
        } while (event == TN_HTTP_EVENT_HEAD);
        if (event == TN_HTTP_EVENT_DONE) {
            feed_request(feed);
            feed->reading = false;
            feed->over = feed->message.head.close;
        } else if (event == TN_HTTP_EVENT_REFUSED) {
            tn_buffer_printf(&feed->log, "refused %s: %s\n", tn_problem_code(feed->parser.problem),
                             feed->parser.why);
            feed->problem = feed->parser.problem;
            feed->refused++;
            feed->over = true;
        }
    }
}

/* The whole input in pieces of `piece` bytes; 0 = at once. */
static inline void feed_all(struct feed *feed, struct tn_bytes input, size_t piece)
{
    feed_open(feed);
    while (input.size != 0) {
        size_t size = piece == 0 || piece > input.size ? input.size : piece;
        /* Each piece in memory of its own, so that reading past it is seen. */
        uint8_t *copy = malloc(size);
        if (copy == NULL) {
            abort();
        }
        memcpy(copy, input.data, size);
        feed_piece(feed, tn_bytes(copy, size));
        free(copy);
        input = tn_bytes(input.data + size, input.size - size);
    }
    if (feed->reading && !feed->over) {
        tn_buffer_append_string(&feed->log, "unfinished\n");
    }
}

#endif
