/* Many sockets, one system call: what each took is said of each. */
#include "api/http/sender.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#define PAIRS TN_HTTP_SENDS_MAX
#define ROUNDS 5
#define LARGE ((size_t) 8 << 20)

/* A kernel without io_uring, or one that denies it, is no failure: the server does without. */
static struct tn_http_sender *sender_or_skip(void)
{
    struct tn_http_sender *sender = tn_http_sender_create();

    if (sender == NULL) {
        print_message("skipped: this kernel offers no io_uring to this process\n");
        skip();
    }
    return sender;
}

static void every_socket_gets_its_own_bytes(void **state)
{
    (void) state;
    struct tn_http_sender *sender = sender_or_skip();
    struct tn_http_send sends[PAIRS];
    struct iovec parts[PAIRS][2];
    int sockets[PAIRS][2];
    unsigned char texts[PAIRS][3];

    for (size_t i = 0; i < PAIRS; i++) {
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, sockets[i]), 0);
    }
    for (unsigned round = 0; round < ROUNDS; round++) {
        for (size_t i = 0; i < PAIRS; i++) {
            memcpy(texts[i], (unsigned char[]){'a', (unsigned char) i, (unsigned char) round}, 3);
            parts[i][0] = (struct iovec){texts[i], 1};
            parts[i][1] = (struct iovec){texts[i] + 1, 2};
            sends[i] = (struct tn_http_send){.fd = sockets[i][0],
                                             .message = {.msg_iov = parts[i], .msg_iovlen = 2}};
        }
        assert_true(tn_http_sender_send(sender, sends, PAIRS));
        for (size_t i = 0; i < PAIRS; i++) {
            unsigned char got[8];

            assert_int_equal(sends[i].result, 3);
            assert_int_equal(read(sockets[i][1], got, sizeof(got)), 3);
            assert_memory_equal(got, texts[i], 3);
        }
    }
    for (size_t i = 0; i < PAIRS; i++) {
        (void) close(sockets[i][0]);
        (void) close(sockets[i][1]);
    }
    tn_http_sender_destroy(sender);
}

/* One that is gone, one that is full and one that takes a part do not keep the others from theirs,
 * and none of them blocks: the sockets are in blocking mode. */
static void each_result_is_its_own(void **state)
{
    (void) state;
    struct tn_http_sender *sender = sender_or_skip();
    enum { GONE, FULL, PART, WELL, COUNT };
    struct tn_http_send sends[COUNT];
    struct iovec parts[COUNT];
    int sockets[COUNT][2];
    char *large = calloc(1, LARGE);

    assert_non_null(large);
    for (size_t i = 0; i < COUNT; i++) {
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, sockets[i]), 0);
        parts[i] = (struct iovec){large, i == PART ? LARGE : 5};
        sends[i] = (struct tn_http_send){.fd = sockets[i][0],
                                         .message = {.msg_iov = &parts[i], .msg_iovlen = 1}};
    }
    (void) close(sockets[GONE][1]);
    while (send(sockets[FULL][0], large, 4096, MSG_DONTWAIT) > 0) {
    }
    assert_true(tn_http_sender_send(sender, sends, COUNT));
    assert_int_equal(sends[GONE].result, -EPIPE); /* and no SIGPIPE: this line is reached */
    assert_int_equal(sends[FULL].result, -EAGAIN);
    assert_true(sends[PART].result > 0 && (size_t) sends[PART].result < LARGE);
    assert_int_equal(sends[WELL].result, 5);
    for (size_t i = 0; i < COUNT; i++) {
        (void) close(sockets[i][0]);
        if (i != GONE) {
            (void) close(sockets[i][1]);
        }
    }
    free(large);
    tn_http_sender_destroy(sender);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_socket_gets_its_own_bytes),
        cmocka_unit_test(each_result_is_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
