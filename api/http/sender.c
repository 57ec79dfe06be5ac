/* Many sends in one system call: an io_uring that is empty whenever nobody is inside. */
#include "api/http/sender.h"

#include <errno.h>
#include <liburing.h>
#include <stdlib.h>

#include "ledger/base/check.h"
#include "ledger/base/fault.h"

struct tn_http_sender {
    struct io_uring ring;
};

struct tn_http_sender *tn_http_sender_create(void)
{
    struct tn_http_sender *sender = calloc(1, sizeof(*sender));

    if (sender && io_uring_queue_init(TN_HTTP_SENDS_MAX, &sender->ring, 0) != 0) {
        free(sender);
        sender = NULL;
    }
    return sender;
}

void tn_http_sender_destroy(struct tn_http_sender *sender)
{
    if (sender) {
        io_uring_queue_exit(&sender->ring);
        free(sender);
    }
}

/* With MSG_DONTWAIT a send is over when the call returns, so nothing refers to the bytes then. */
bool tn_http_sender_send(struct tn_http_sender *sender, struct tn_http_send *sends, size_t count)
{
    TN_CHECK(count <= TN_HTTP_SENDS_MAX);
    for (size_t i = 0; i < count; i++) {
        struct io_uring_sqe *sqe = io_uring_get_sqe(&sender->ring);

        TN_CHECK(sqe != NULL); /* the ring has room for all and is empty */
        sends[i].result = -EIO;
        io_uring_prep_sendmsg(sqe, sends[i].fd, &sends[i].message, MSG_DONTWAIT | MSG_NOSIGNAL);
        io_uring_sqe_set_data64(sqe, i);
    }
    if (tn_fault("http.sender_send") ||
        io_uring_submit_and_wait(&sender->ring, (unsigned) count) != (int) count) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        struct io_uring_cqe *cqe = NULL;

        if (io_uring_wait_cqe(&sender->ring, &cqe) != 0) {
            return false;
        }
        TN_CHECK(cqe->user_data < count);
        sends[cqe->user_data].result = cqe->res;
        io_uring_cqe_seen(&sender->ring, cqe);
    }
    return true;
}
