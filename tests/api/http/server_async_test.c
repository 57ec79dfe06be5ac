/* Answers that come later, from other threads, or never end. */
#include "api/http/sender.h"
#include "api/http/server.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "ledger/base/fault.h"
#include "ledger/base/random.h"
#include "tests/api/http/server_fixture.h"

#define REQUEST(line) line " HTTP/1.1\r\nHost: a\r\n\r\n"

static struct reply reply;

static void later_answers_keep_the_order_of_requests(void **state)
{
    (void) state;
    enum { COUNT = 20 };
    struct fixture fixture;
    fixture_open(&fixture, (struct tn_http_options){.loops = 1});
    struct client *client = client_open(fixture.port);
    for (unsigned i = 0; i < COUNT; i++) {
        char text[64];
        (void) snprintf(text, sizeof(text), "GET /%s/%u HTTP/1.1\r\nHost: a\r\n\r\n",
                        i % 5 == 4 ? "number" : "later", i);
        assert_true(client_send(client, text));
    }
    assert_true(fixture_wait_kept(&fixture, 16));
    for (unsigned i = 16; i != 0; i--) {
        fixture_wake(&fixture, i - 1); /* the last first */
    }
    for (unsigned i = 0; i < COUNT; i++) {
        char wanted[16];
        (void) snprintf(wanted, sizeof(wanted), "%u", i);
        assert_int_equal(client_reply(client, &reply, false), 200);
        assert_string_equal(reply.body, wanted);
    }
    assert_int_equal(atomic_load(&fixture.resumed), 16);
    client_close(client);
    fixture_close(&fixture);
}

static void a_dead_connection_gets_its_resume_and_no_answer(void **state)
{
    (void) state;
    struct fixture fixture;
    fixture_open(&fixture, (struct tn_http_options){.loops = 1});
    struct client *client = client_open(fixture.port);
    assert_true(client_send(client, REQUEST("GET /later/1") REQUEST("GET /later/2")));
    assert_true(fixture_wait_kept(&fixture, 2));
    /* A reset, so that the server sees it as dead and not as half closed. */
    struct linger hard = {.l_onoff = 1, .l_linger = 0};
    (void) setsockopt(client->fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
    client_close(client);
    assert_true(fixture_wait_connections(&fixture, 0));
    fixture_wake(&fixture, 1);
    fixture_wake(&fixture, 0);
    assert_true(fixture_wait(&fixture.resumed, 2));
    struct tn_http_stats stats;
    tn_http_server_stats(fixture.server, &stats);
    assert_int_equal(stats.requests_open, 0);
    fixture_close(&fixture);
}

/* --- answers of one turn -----------------------------------------------------------------------
 */

#define CROWD 12

/* Holds the loop until the others are woken as well: all of them are answered in its next turn. */
static void slow_resume(struct tn_http_request *request)
{
    client_sleep_ms(30);
    later_resume(request);
}

/* Everybody asks on a connection of his own, and all are answered at once. Returns how many
 * answers arrived; who got none saw the end of his connection. */
static unsigned crowd_answered(struct fixture *fixture, bool one_leaves)
{
    struct client *clients[CROWD];
    unsigned answered = 0;
    for (unsigned i = 0; i < CROWD; i++) {
        char text[64];
        (void) snprintf(text, sizeof(text), "GET /later/%u HTTP/1.1\r\nHost: a\r\n\r\n", i);
        clients[i] = client_open(fixture->port);
        assert_true(client_send(clients[i], text));
        assert_true(fixture_wait_kept(fixture, i + 1));
    }
    (void) pthread_mutex_lock(&fixture->lock);
    struct tn_http_request *first = fixture->kept[0];
    (void) pthread_mutex_unlock(&fixture->lock);
    tn_http_wake(first, slow_resume);
    for (unsigned i = CROWD - 1; i != 0; i--) {
        fixture_wake(fixture, i);
    }
    fixture->kept_count = 0;
    if (one_leaves) {
        struct linger hard = {.l_onoff = 1, .l_linger = 0};
        (void) setsockopt(clients[7]->fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
        client_close(clients[7]);
        clients[7] = client_open(fixture->port);
        assert_true(client_send(clients[7], REQUEST("GET /number/7")));
    }
    for (unsigned i = 0; i < CROWD; i++) {
        char wanted[16];
        (void) snprintf(wanted, sizeof(wanted), "%u", i);
        if (client_reply(clients[i], &reply, false) == 200) {
            assert_string_equal(reply.body, wanted);
            /* Nothing more of it is on the wire: what comes next answers the next question. */
            if (client_send(clients[i], REQUEST("GET /number/next")) &&
                client_reply(clients[i], &reply, false) == 200) {
                assert_string_equal(reply.body, "next");
                answered++;
            }
        }
        client_close(clients[i]);
    }
    return answered;
}

static void a_crowd_is_answered_in_one_turn(void **state)
{
    (void) state;
    struct fixture fixture;
    fixture_open(&fixture, (struct tn_http_options){.loops = 1});
    for (unsigned round = 0; round < 2; round++) {
        assert_int_equal(crowd_answered(&fixture, round == 1), CROWD);
    }
    fixture_close(&fixture);
}

/* Whatever fails while they are written: each answer is whole and its own, or the connection ends;
 * and the next crowd is answered. */
static void a_crowd_survives_every_fault(void **state)
{
    (void) state;
    struct fixture fixture;
    bool reached = true;
    fixture_open(&fixture, (struct tn_http_options){.loops = 1});
    for (unsigned nth = 0; reached; nth++) {
        tn_fault_arm(nth);
        (void) crowd_answered(&fixture, false);
        reached = tn_fault_disarm();
        assert_int_equal(crowd_answered(&fixture, false), CROWD);
        assert_true(fixture_wait_connections(&fixture, 0));
    }
    fixture_close(&fixture);
}

/* Nobody knows what a peer got when the ring fails: all of that turn are cut, and the loop goes on
 * without a ring. */
static void a_ring_that_fails_cuts_the_crowd_of_that_turn(void **state)
{
    (void) state;
    struct fixture fixture;
    fixture_open(&fixture, (struct tn_http_options){.loops = 1});
    tn_fault_arm_named("http.sender_send", 0);
    unsigned answered = crowd_answered(&fixture, false);
    bool reached = tn_fault_disarm();
    assert_int_equal(answered, reached ? 0 : CROWD);
    assert_true(fixture_wait_connections(&fixture, 0));
    tn_fault_arm_named("http.sender_send", 0);
    assert_int_equal(crowd_answered(&fixture, false), CROWD);
    assert_false(tn_fault_disarm()); /* it is not asked again */
    fixture_close(&fixture);
    /* A kernel without io_uring, or one that denies it: the server does without from the start.
     */
    struct tn_http_sender *sender = tn_http_sender_create();
    assert_int_equal(reached, sender != NULL);
    tn_http_sender_destroy(sender);
}

/* What does not fit into the socket at once waits in libuv; when it cannot, the answer is cut and
 * the next connection is served. */
static void a_long_answer_that_cannot_wait_is_cut(void **state)
{
    (void) state;
    struct fixture fixture;
    fixture_open(&fixture, (struct tn_http_options){.loops = 1});
    struct client *client = client_open(fixture.port);
    assert_true(client_send(client, REQUEST("GET /hello")));
    assert_int_equal(client_reply(client, &reply, false), 200);
    tn_fault_arm_named("http.write", 0);
    assert_true(client_send(client, REQUEST("GET /large/16000000")));
    /* Nobody reads before it is cut, so it cannot all have gone. */
    assert_true(fixture_wait_connections(&fixture, 0));
    size_t total = 0;
    for (ssize_t got = 1; got > 0; total += got > 0 ? (size_t) got : 0) {
        got = client_receive(client, reply.body, sizeof(reply.body));
    }
    assert_true(tn_fault_disarm());
    assert_true(total < 16000000);
    assert_true(fixture_wait_connections(&fixture, 0));
    client_close(client);
    client = client_open(fixture.port);
    assert_true(client_send(client, REQUEST("GET /hello")));
    assert_int_equal(client_reply(client, &reply, false), 200);
    client_close(client);
    fixture_close(&fixture);
}

static void a_half_closed_connection_gets_its_answer(void **state)
{
    (void) state;
    struct fixture fixture;
    fixture_open(&fixture, (struct tn_http_options){.loops = 1});
    struct client *client = client_open(fixture.port);
    assert_true(client_send(client, REQUEST("GET /later/1") REQUEST("GET /hello") "GET /unfin"));
    assert_int_equal(shutdown(client->fd, SHUT_WR), 0);
    assert_true(fixture_wait_kept(&fixture, 1));
    client_sleep_ms(20);
    fixture_wake(&fixture, 0);
    assert_int_equal(client_reply(client, &reply, false), 200);
    assert_string_equal(reply.body, "1");
    assert_int_equal(client_reply(client, &reply, false), 200);
    assert_true(client_at_end(client));
    client_close(client);
    fixture_close(&fixture);
}

static void the_pool_works_and_says_when_it_is_full(void **state)
{
    (void) state;
    struct fixture fixture;
    fixture_open(&fixture, (struct tn_http_options){.work_max = 2, .loops = 1});
    struct client *client = client_open(fixture.port);
    assert_true(
        client_send(client, REQUEST("GET /work") REQUEST("GET /work") REQUEST("GET /work")));
    assert_int_equal(client_reply(client, &reply, false), 200);
    assert_string_equal(reply.body, "worked");
    assert_int_equal(client_reply(client, &reply, false), 200);
    assert_int_equal(client_reply(client, &reply, false), 503);
    assert_non_null(strstr(reply.head, "\r\nRetry-After: 1\r\n"));
    assert_true(client_send(client, REQUEST("GET /work")));
    assert_int_equal(client_reply(client, &reply, false), 200);
    client_close(client);
    fixture_close(&fixture);
    assert_int_equal(atomic_load(&fixture.resumed), 3);
}

/* --- many wakes from many threads --------------------------------------------------------------
 */

#define WAKERS 4
#define CLIENTS 8
#define ROUNDS 60

static atomic_bool wakers_stop;

/* Wakes whatever is kept, newest first, until told to stop. */
static void *waker_run(void *argument)
{
    struct fixture *fixture = argument;
    while (!atomic_load(&wakers_stop)) {
        (void) pthread_mutex_lock(&fixture->lock);
        struct tn_http_request *request =
            fixture->kept_count == 0 ? NULL : fixture->kept[--fixture->kept_count];
        (void) pthread_mutex_unlock(&fixture->lock);
        if (request != NULL) {
            tn_http_wake(request, later_resume);
        } else {
            client_sleep_ms(1);
        }
    }
    return NULL;
}

static void every_wake_resumes_once(void **state)
{
    (void) state;
    pthread_t wakers[WAKERS];
    struct client *clients[CLIENTS];
    struct fixture fixture;
    fixture_open(&fixture, (struct tn_http_options){.loops = 2});
    atomic_store(&wakers_stop, false);
    for (size_t i = 0; i < WAKERS; i++) {
        assert_int_equal(pthread_create(&wakers[i], NULL, waker_run, &fixture), 0);
    }
    for (size_t i = 0; i < CLIENTS; i++) {
        clients[i] = client_open(fixture.port);
    }
    for (unsigned round = 0; round < ROUNDS; round++) {
        for (size_t i = 0; i < CLIENTS; i++) {
            char text[160];
            (void) snprintf(text, sizeof(text), REQUEST("GET /later/%u") REQUEST("GET /later/%u"),
                            round, round + 1000);
            assert_true(client_send(clients[i], text));
        }
        for (size_t i = 0; i < 2 * CLIENTS; i++) {
            char wanted[16];
            (void) snprintf(wanted, sizeof(wanted), "%u", round + (i % 2 == 0 ? 0 : 1000));
            assert_int_equal(client_reply(clients[i / 2], &reply, false), 200);
            assert_string_equal(reply.body, wanted);
        }
    }
    assert_int_equal(atomic_load(&fixture.resumed), 2 * CLIENTS * ROUNDS);
    atomic_store(&wakers_stop, true);
    for (size_t i = 0; i < WAKERS; i++) {
        assert_int_equal(pthread_join(wakers[i], NULL), 0);
    }
    for (size_t i = 0; i < CLIENTS; i++) {
        client_close(clients[i]);
    }
    fixture_close(&fixture);
}

/* --- peers that come and go ----------------------------------------------------------------------
 */

static struct fixture *chaos_fixture;

/* Send something, read some of the answers or none, and leave in one way or another. */
static void *chaos_run(void *argument)
{
    static const char *const texts[] = {
        REQUEST("GET /hello"),
        REQUEST("GET /later/1"),
        REQUEST("GET /work"),
        REQUEST("GET /large/300000"),
        "GET /hel",
        "broken\r\n",
        "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhe",
        "POST /owned HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\ndata"};
    struct tn_random random;
    tn_random_init_seeded(&random, 5, "chaos", (uint64_t) (uintptr_t) argument);
    for (unsigned round = 0; round < 60; round++) {
        struct client *client = client_open(chaos_fixture->port);
        bool sent = true;
        for (uint64_t i = tn_random_below(&random, 6); i != 0 && sent; i--) {
            sent = client_send(client, texts[tn_random_below(&random, TN_ARRAY_SIZE(texts))]);
        }
        switch (tn_random_below(&random, 4)) {
        case 0: {
            struct linger hard = {.l_onoff = 1, .l_linger = 0};
            (void) setsockopt(client->fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
            break;
        }
        case 1:
            (void) shutdown(client->fd, SHUT_WR);
            while (client_more(client)) {
                client_drop(client, client->size);
            }
            break;
        case 2:
            client_sleep_ms((unsigned) tn_random_below(&random, 10));
            break;
        default:
            break;
        }
        client_close(client);
    }
    return NULL;
}

static void nothing_is_lost_when_peers_come_and_go(void **state)
{
    (void) state;
    pthread_t threads[6];
    pthread_t waker;
    struct fixture fixture;
    fixture_open(&fixture, (struct tn_http_options){.loops = 2,
                                                    .requests_max = 3,
                                                    .work_max = 4,
                                                    .head_timeout_ms = 50,
                                                    .body_grace_ms = 50,
                                                    .linger_timeout_ms = 20});
    chaos_fixture = &fixture;
    atomic_store(&wakers_stop, false);
    assert_int_equal(pthread_create(&waker, NULL, waker_run, &fixture), 0);
    for (size_t i = 0; i < TN_ARRAY_SIZE(threads); i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, chaos_run, (void *) (uintptr_t) i), 0);
    }
    for (size_t i = 0; i < TN_ARRAY_SIZE(threads); i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
    assert_true(fixture_wait_connections(&fixture, 0));
    struct tn_http_stats stats;
    tn_http_server_stats(fixture.server, &stats);
    for (unsigned i = 0; i < 1000 && stats.requests_open != 0; i++) {
        client_sleep_ms(5);
        tn_http_server_stats(fixture.server, &stats);
    }
    assert_int_equal(stats.requests_open, 0);
    assert_int_equal(stats.connections, TN_ARRAY_SIZE(threads) * 60);
    atomic_store(&wakers_stop, true);
    assert_int_equal(pthread_join(waker, NULL), 0);
    fixture_close(&fixture);
}

/* --- streams -----------------------------------------------------------------------------------
 */

static void stream_more(struct tn_http_request *request)
{
    struct fixture *fixture = fixture_of(request);
    if (atomic_load(&fixture->stream_open)) {
        atomic_store(&fixture->last_status, tn_http_stream_send(request, tn_bytes("two\n", 4)));
    }
    atomic_fetch_add(&fixture->resumed, 1);
}

static void stream_finish(struct tn_http_request *request)
{
    struct fixture *fixture = fixture_of(request);
    atomic_store(&fixture->stream_open, false);
    tn_http_stream_end(request);
    atomic_fetch_add(&fixture->resumed, 1);
}

static void stream_flood(struct tn_http_request *request)
{
    struct fixture *fixture = fixture_of(request);
    static char block[16384];
    for (unsigned i = 0; i < 1000 && atomic_load(&fixture->sends_refused) == 0; i++) {
        if (tn_http_stream_send(request, tn_bytes(block, sizeof(block))) == TN_FULL) {
            atomic_fetch_add(&fixture->sends_refused, 1);
        }
    }
    atomic_fetch_add(&fixture->resumed, 1);
}

static bool stream_wait_open(struct fixture *fixture)
{
    for (unsigned i = 0; i < 1000 && !atomic_load(&fixture->stream_open); i++) {
        client_sleep_ms(5);
    }
    return atomic_load(&fixture->stream_open);
}

static bool client_wait_text(struct client *client, const char *text)
{
    while (strstr(client->text, text) == NULL) {
        if (!client_more(client)) {
            return false;
        }
    }
    return true;
}

static void a_stream_arrives_as_it_is_sent(void **state)
{
    (void) state;
    struct fixture fixture;
    fixture_open(&fixture, (struct tn_http_options){.loops = 1});
    struct client *client = client_open(fixture.port);
    /* The request behind it waits for its end. */
    assert_true(client_send(client, REQUEST("GET /stream") REQUEST("GET /hello")));
    assert_true(client_wait_text(client, "\r\nTransfer-Encoding: chunked\r\n\r\n4\r\none\n\r\n"));
    assert_true(stream_wait_open(&fixture));
    tn_http_wake(fixture.stream, stream_more);
    assert_true(client_wait_text(client, "one\n\r\n4\r\ntwo\n\r\n"));
    assert_int_equal(atomic_load(&fixture.last_status), TN_OK);
    assert_null(strstr(client->text, "hello"));
    tn_http_wake(fixture.stream, stream_finish);
    assert_true(client_wait_text(client, "two\n\r\n0\r\n\r\nHTTP/1.1 200 OK\r\n"));
    assert_true(client_wait_text(client, "\r\n\r\nhello"));
    assert_int_equal(atomic_load(&fixture.gone), 0);
    client_close(client);
    fixture_close(&fixture);
}

static void a_stream_to_http_1_0_ends_with_the_connection(void **state)
{
    (void) state;
    struct fixture fixture;
    fixture_open(&fixture, (struct tn_http_options){.loops = 1});
    struct client *client = client_open(fixture.port);
    assert_true(client_send(client, "GET /stream HTTP/1.0\r\nHost: a\r\n\r\n"));
    assert_true(client_wait_text(client, "\r\n\r\none\n"));
    assert_null(strstr(client->text, "chunked"));
    assert_true(stream_wait_open(&fixture));
    tn_http_wake(fixture.stream, stream_finish);
    while (client_more(client)) {
    }
    client_drop(client, client->size);
    assert_true(client_at_end(client));
    client_close(client);
    fixture_close(&fixture);
}

static void a_stream_hears_that_its_peer_has_gone(void **state)
{
    (void) state;
    struct fixture fixture;
    fixture_open(&fixture, (struct tn_http_options){.loops = 1});
    struct client *client = client_open(fixture.port);
    assert_true(client_send(client, REQUEST("GET /stream")));
    assert_true(client_wait_text(client, "one"));
    assert_true(stream_wait_open(&fixture));
    client_close(client);
    assert_true(fixture_wait(&fixture.gone, 1));
    assert_true(fixture_wait_connections(&fixture, 0));
    fixture_close(&fixture);
    assert_int_equal(atomic_load(&fixture.gone), 1);
}

static void a_stream_hears_of_a_drain(void **state)
{
    (void) state;
    struct fixture fixture;
    fixture_open(&fixture, (struct tn_http_options){.loops = 1});
    struct client *client = client_open(fixture.port);
    assert_true(client_send(client, REQUEST("GET /stream")));
    assert_true(client_wait_text(client, "one"));
    assert_true(stream_wait_open(&fixture));
    tn_http_server_drain(fixture.server);
    assert_true(client_wait_text(client, "\r\n0\r\n\r\n"));
    client_close(client);
    fixture_close(&fixture);
    assert_int_equal(atomic_load(&fixture.gone), 1);
}

static void a_stream_that_is_not_read_is_full(void **state)
{
    (void) state;
    struct fixture fixture;
    fixture_open(&fixture, (struct tn_http_options){.loops = 1, .stream_backlog_max = 65536});
    struct client *client = client_open(fixture.port);
    assert_true(client_send(client, REQUEST("GET /stream")));
    assert_true(client_wait_text(client, "one"));
    assert_true(stream_wait_open(&fixture));
    for (unsigned i = 0; i < 2000 && atomic_load(&fixture.sends_refused) == 0; i++) {
        tn_http_wake(fixture.stream, stream_flood);
        assert_true(fixture_wait(&fixture.resumed, i + 1));
    }
    assert_int_equal(atomic_load(&fixture.sends_refused), 1);
    /* What was taken is sent; then the stream goes on. */
    unsigned resumed = atomic_load(&fixture.resumed);
    atomic_store(&fixture.last_status, TN_FULL);
    while (atomic_load(&fixture.last_status) == TN_FULL) {
        assert_true(client_more(client));
        client_drop(client, client->size);
        tn_http_wake(fixture.stream, stream_more);
        assert_true(fixture_wait(&fixture.resumed, ++resumed));
    }
    assert_int_equal(atomic_load(&fixture.last_status), TN_OK);
    for (bool found = false; !found;) {
        assert_true(client_more(client));
        found = client->size >= 6 && memcmp(client->text + client->size - 6, "two\n\r\n", 6) == 0;
        client_drop(client, client->size);
    }
    client_close(client);
    assert_true(fixture_wait(&fixture.gone, 1));
    fixture_close(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(later_answers_keep_the_order_of_requests),
        cmocka_unit_test(a_dead_connection_gets_its_resume_and_no_answer),
        cmocka_unit_test(a_crowd_is_answered_in_one_turn),
        cmocka_unit_test(a_crowd_survives_every_fault),
        cmocka_unit_test(a_ring_that_fails_cuts_the_crowd_of_that_turn),
        cmocka_unit_test(a_long_answer_that_cannot_wait_is_cut),
        cmocka_unit_test(a_half_closed_connection_gets_its_answer),
        cmocka_unit_test(the_pool_works_and_says_when_it_is_full),
        cmocka_unit_test(every_wake_resumes_once),
        cmocka_unit_test(nothing_is_lost_when_peers_come_and_go),
        cmocka_unit_test(a_stream_arrives_as_it_is_sent),
        cmocka_unit_test(a_stream_to_http_1_0_ends_with_the_connection),
        cmocka_unit_test(a_stream_hears_that_its_peer_has_gone),
        cmocka_unit_test(a_stream_hears_of_a_drain),
        cmocka_unit_test(a_stream_that_is_not_read_is_full),
    };
    return cmocka_run_group_tests_name("api/http/server_async", tests, NULL, NULL);
}
