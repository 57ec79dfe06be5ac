/* Private to api/http: what many sockets have to send, in one system call.
 *
 * Answers become ready together, a frame of the log at a time. Sent one by one, each wakes its
 * reader, which on the same core runs before the next is sent. */
#ifndef TN_API_HTTP_SENDER_H
#define TN_API_HTTP_SENDER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

#define TN_HTTP_SENDS_MAX 64

struct tn_http_sender;

/* One socket's part. The bytes must not change until tn_http_sender_send has returned. */
struct tn_http_send {
    int fd;
    struct msghdr message;
    int result; /* bytes taken by the socket, or a negative errno: -EAGAIN when it is full */
};

/* NULL when the kernel offers none to this process: then each socket is written by itself. */
struct tn_http_sender *tn_http_sender_create(void);
void tn_http_sender_destroy(struct tn_http_sender *sender);

/* Offer every socket its bytes once; never blocks. False: the kernel did not say what became of
 * all of them, those have -EIO, and the sender must not be used again. */
bool tn_http_sender_send(struct tn_http_sender *sender, struct tn_http_send *sends, size_t count);

#endif
