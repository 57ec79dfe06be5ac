/* Resources of a log over HTTP (spec/log.md 3): asked for ahead, a few in flight, answered in the
 * order of asking. Everything is bounded: size and time of an answer, tries, what is in flight; no
 * redirect is followed. One thread. */
#ifndef TN_TOOLS_REMOTE_LOG_H
#define TN_TOOLS_REMOTE_LOG_H

#include "ledger/base/buffer.h"

/* Asked for and not answered yet. Larger than what travels at one time, so that a slow answer does
 * not stop the others. */
#define TN_REMOTE_AHEAD 24u
#define TN_REMOTE_CONNECTIONS 4
#define TN_REMOTE_TRIES 3u
#define TN_REMOTE_URL_MAX 2048u

struct tn_remote_log;

/* `url`: http or https, the prefix below which the checkpoint lies, with or without its last slash.
 * `token` (may be NULL) goes with entry bundles and nothing else; both are copied.
 * TN_INVALID  not such a URL, or a token that no header can carry */
TN_MUST_USE enum tn_status tn_remote_open(const char *url, const char *token,
                                          struct tn_remote_log **remote, struct tn_error *error);
void tn_remote_close(struct tn_remote_log *remote);

/* Room for another question. */
bool tn_remote_has_room(const struct tn_remote_log *remote);
/* Ask for `path`; its answer may have at most `limit` bytes. There is room. */
TN_MUST_USE enum tn_status tn_remote_ask(struct tn_remote_log *remote, const char *path,
                                         size_t limit, bool entries, struct tn_error *error);
/* The answer to the oldest question; a view until the next ask. Failures say which resource:
 * TN_NOT_FOUND    404                 TN_DENIED       401, 403
 * TN_FULL         more than its limit TN_UNAVAILABLE  any other status, or nobody answers */
TN_MUST_USE enum tn_status tn_remote_answer(struct tn_remote_log *remote, struct tn_bytes *body,
                                            struct tn_error *error);

#endif
