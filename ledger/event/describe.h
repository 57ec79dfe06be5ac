/* EVENTS.md: all numbers of the log in one page, from the lists that the codec uses, so that a
 * stranger can write a second auditor (spec/log.md 2). */
#ifndef TN_LEDGER_EVENT_DESCRIBE_H
#define TN_LEDGER_EVENT_DESCRIBE_H

#include "ledger/event/event.h"

/* Append the whole page, as it stands in ledger/event/EVENTS.md: markdown, the same bytes each
 * time. */
void tn_event_describe(struct tn_buffer *out);

/* The i-th record of the page, in an order that names a record after those it holds; NULL at the
 * end. The bodies of kinds are not among them. */
const struct tn_record *tn_event_describe_record(size_t i);
/* What a field means, or NULL when nobody wrote it down. */
const char *tn_event_describe_field(const struct tn_record *record, const struct tn_field *field);

#endif
