/* UTF-8 by RFC 3629: no overlong forms, no surrogates, nothing over U+10FFFF. Pure. */
#ifndef TN_API_HTTP_UTF8_H
#define TN_API_HTTP_UTF8_H

#include "ledger/base/bytes.h"

/* The length of the sequence at the start of `text` (not empty), 0 when there is none. */
size_t tn_utf8_size(struct tn_bytes text);
bool tn_utf8_is_valid(struct tn_bytes text);

#endif
