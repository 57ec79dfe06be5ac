/* Lines and numbers of the text formats of transparency logs: notes, checkpoints, proof files,
 * witness requests, policy files. Views into the caller's bytes. */
#ifndef TN_LEDGER_LOG_LINES_H
#define TN_LEDGER_LOG_LINES_H

#include "ledger/base/buffer.h"

/* The next line without its newline. False, and `*rest` as it was, when no newline is left. */
bool tn_line_take(struct tn_bytes *rest, struct tn_bytes *line);
/* Step over `prefix`; false, and nothing taken, when the text does not begin with it. */
bool tn_prefix_take(struct tn_bytes *text, const char *prefix);
/* A decimal below 2^63 without sign or leading zero, the whole of `text`; `*value` is 0 on false.
 * */
bool tn_decimal_parse(struct tn_bytes text, uint64_t *value);
/* One hash in 44 characters of strict base64, the whole of `text`; zeroes on false. */
bool tn_hash_parse(struct tn_bytes text, uint8_t hash[static TN_HASH_SIZE]);
/* `count` hashes of a proof, flat, each in base64 on a line of its own. */
void tn_hash_lines_write(struct tn_buffer *out, const uint8_t *hashes, size_t count);

#endif
