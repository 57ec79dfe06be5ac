/* Glue between the guard and llhttp: bytes in, requests out. Pure: no sockets, no clock.
 *
 * The guard reads first; llhttp then reads exactly the bytes that the guard took for one request
 * and must agree in method, target, every header, framing and length. Where they disagree the
 * request is refused, so one message is never read as two. */
#ifndef TN_API_HTTP_PARSER_H
#define TN_API_HTTP_PARSER_H

#include <llhttp.h>

#include "api/http/guard.h"
#include "ledger/base/arena.h"

/* Heads up to this size need no memory of their own; nearly all are under 1 KiB. */
#define TN_HTTP_HEAD_INLINE 2048

/* The bytes of one request; lives as long as its handler needs it. */
struct tn_http_message {
    struct tn_http_head head;
    struct tn_buffer body; /* limit set by the owner before the first body byte */
    struct tn_bytes path;  /* decoded */
    struct tn_bytes query; /* as it came */
    struct tn_arena *arena;
    struct tn_http_field fields[TN_HTTP_HEADERS_MAX];
    uint8_t inline_bytes[TN_HTTP_HEAD_INLINE];
};

enum tn_http_event {
    TN_HTTP_EVENT_MORE = 0, /* all input was used, more is needed */
    TN_HTTP_EVENT_HEAD,     /* the head is complete: set body_limit and discard, then feed on */
    TN_HTTP_EVENT_DONE,     /* the request is complete */
    TN_HTTP_EVENT_REFUSED,  /* problem and why say what is wrong; the connection must end */
};

/* One per connection; reads one message at a time. */
struct tn_http_parser {
    struct tn_http_message *message;
    llhttp_t llhttp;
    struct tn_http_chunks chunks;
    uint64_t body_limit;
    uint64_t body_left;     /* of a Content-Length body */
    uint64_t body_received; /* wire bytes of the body, for the minimum rate */
    size_t capacity;        /* of the head's memory */
    uint8_t phase;
    bool discard; /* count the body, do not keep it */
    bool llhttp_head;
    bool llhttp_done;
    bool llhttp_differs;
    unsigned llhttp_fields;
    enum tn_problem problem;
    const char *why; /* static text */
};

/* Make a message ready for its first use, and again for each next one; what it held is wiped.
 * `arena` is for heads over TN_HTTP_HEAD_INLINE, and decoded paths; its owner wipes it. */
void tn_http_message_init(struct tn_http_message *message, struct tn_arena *arena);
void tn_http_message_reset(struct tn_http_message *message);
void tn_http_message_close(struct tn_http_message *message);

/* Begin to read a request into `message` (initialised or reset). body_limit is TN_HTTP_BODY_MAX
 * until the owner sets another at the HEAD event. */
void tn_http_parser_begin(struct tn_http_parser *parser, struct tn_http_message *message);
/* Read on; returns how many bytes were used. After HEAD call it again, with no input too; after
 * DONE or REFUSED not until the next begin. */
size_t tn_http_parser_feed(struct tn_http_parser *parser, struct tn_bytes input,
                           enum tn_http_event *event);

#endif
