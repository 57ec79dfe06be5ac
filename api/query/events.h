/* Pages of events as JSON: of one stream, of one kind, or of the whole log. Any thread.
 *
 * A page is {"events": [...], "next": index or null}: asking again with `after` = next goes on
 * where it ended. The log's end is wherever the caller puts it: the published size for auditors,
 * the committed one for a person's own events. */
#ifndef TN_API_QUERY_EVENTS_H
#define TN_API_QUERY_EVENTS_H

#include "api/http/json_writer.h"
#include "ledger/event/event.h"
#include "ledger/log/log.h"

#define TN_EVENTS_LIMIT_MAX 1000u
#define TN_EVENTS_LIMIT_DEFAULT 100u
/* A page ends before it passes this, so that one answer is bounded whatever the events hold. */
#define TN_EVENTS_BYTES_MAX ((size_t) 8 << 20)

struct tn_events_page {
    uint64_t from;         /* first index that is wanted */
    uint64_t end;          /* exclusive */
    size_t limit;          /* 1..TN_EVENTS_LIMIT_MAX */
    const uint8_t *stream; /* or NULL */
    uint32_t kind;         /* or 0 */
    const char *name;      /* of the list; NULL: "events" */
    /* Write one event and say so, or leave it out; NULL writes all as tn_event_write_json does. */
    bool (*write)(void *context, const struct tn_event *event, struct tn_json_writer *writer);
    void *context;
};

/* Append the two members to an open object. TN_FULL: the buffer. */
TN_MUST_USE enum tn_status tn_query_events(struct tn_log *log, const struct tn_events_page *page,
                                           struct tn_json_writer *writer, struct tn_error *error);

#endif
