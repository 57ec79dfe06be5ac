/* Asking the process that holds a chain of draw secrets (turno drawd) for one day's.
 *
 * One question a connection, over a Unix socket, both ends a line of ASCII:
 *
 *     reveal <day> <root of the day's pool, 64 hexadecimal digits>
 *     secret <64 hexadecimal digits>        or        refused <a sentence>
 *
 * The secret comes only after (day, root) is on its disk, so a second root for the day is refused
 * for ever. `day` is a number of days since 1970-01-01. */
#ifndef TN_API_REMOTE_DRAWD_H
#define TN_API_REMOTE_DRAWD_H

#include "ledger/base/buffer.h"

/* Both ends read no longer line than this. */
#define TN_DRAWD_LINE_MAX 256u
/* Both ends wait no longer than this for the other. */
#define TN_DRAWD_WAIT_MS 5000

/* Pure: a question as it stands on the line, with its newline. TN_INVALID otherwise. */
TN_MUST_USE enum tn_status tn_drawd_read_question(struct tn_bytes line, uint32_t *day,
                                                  uint8_t root[static TN_HASH_SIZE]);
/* Pure: an answer. TN_REFUSED with the sentence in `error`; TN_INVALID when it is neither. */
TN_MUST_USE enum tn_status tn_drawd_read_answer(struct tn_bytes line,
                                                uint8_t secret[static TN_HASH_SIZE],
                                                struct tn_error *error);
void tn_drawd_write_question(uint32_t day, const uint8_t root[static TN_HASH_SIZE],
                             struct tn_buffer *out);

/* Ask; blocks up to twice TN_DRAWD_WAIT_MS. Any thread.
 *
 * TN_UNAVAILABLE  nobody listens there, or it did not answer in time: ask again later
 * TN_REFUSED      it will not reveal this day, or not for this root
 * TN_INVALID      what answers is not turno drawd, or the path is too long */
TN_MUST_USE enum tn_status tn_drawd_ask(const char *path, uint32_t day,
                                        const uint8_t root[static TN_HASH_SIZE],
                                        uint8_t secret[static TN_HASH_SIZE],
                                        struct tn_error *error);

#endif
