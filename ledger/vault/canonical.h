/* One spelling for values that are committed to or compared: names, addresses, dates, codes.
 * Source: spec/privacy.md 1 ("Canonical values"). Pure. */
#ifndef TN_LEDGER_VAULT_CANONICAL_H
#define TN_LEDGER_VAULT_CANONICAL_H

#include "ledger/base/buffer.h"

/* What a person may type into one field, and what it may become: one character can fold into 18. */
#define TN_TEXT_INPUT_MAX 1024u
#define TN_TEXT_CANONICAL_MAX 8192u
#define TN_CODE_MAX 64u
#define TN_DATE_CANONICAL_SIZE 8u

/* Append `text` (UTF-8) in NFKC with case folded and default-ignorable characters dropped, one
 * space between words, none at the ends. An empty result is TN_OK: some people have one name only.
 * TN_INVALID  not UTF-8, a control character, or longer than TN_TEXT_INPUT_MAX
 * TN_FULL     `out` holds no more */
TN_MUST_USE enum tn_status tn_canonical_text(struct tn_bytes text, struct tn_buffer *out);

/* Append a code (country, language, document number) in upper case, without spaces at its ends:
 * printable ASCII, 1 to TN_CODE_MAX characters. TN_INVALID otherwise. */
TN_MUST_USE enum tn_status tn_canonical_code(struct tn_bytes text, struct tn_buffer *out);

/* The eight digits of a date given as the number YYYYMMDD (tn_date_parse_birth). */
void tn_canonical_date(uint32_t yyyymmdd, uint8_t out[static TN_DATE_CANONICAL_SIZE]);

#endif
