/* The memory that requests and answers share, against peers that send or ask and do not read. */
#include "api/http/server.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "tests/api/http/server_fixture.h"
#include "tests/sanitized.h"

#define REQUEST(line) line " HTTP/1.1\r\nHost: a\r\n\r\n"
#define MIB ((size_t) 1 << 20)

static struct reply reply;

/* --- bodies ------------------------------------------------------------------------------------
 */

static void bodies_share_a_memory_limit(void **state)
{
    (void) state;
    struct fixture fixture;
    fixture_open(&fixture, (struct tn_http_options){.body_memory_max = 200, .loops = 1});
    struct client *client = client_open(fixture.port);
    char text[256];
    int head = snprintf(text, sizeof(text),
                        "POST /echo HTTP/1.1\r\nHost: a\r\n"
                        "Content-Length: 101\r\n\r\n");
    memset(text + head, 'x', 101);
    text[head + 101] = '\0';
    assert_true(client_send(client, text));
    assert_int_equal(client_reply(client, &reply, false), 503);
    assert_non_null(strstr(reply.body, "\"code\":\"busy\""));
    client_close(client);
    /* What was charged is given back. */
    client = client_open(fixture.port);
    for (unsigned i = 0; i < 3; i++) {
        assert_true(client_send(client, "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 60\r\n"
                                        "\r\n123456789012345678901234567890123456789012345678901234"
                                        "567890"));
        assert_int_equal(client_reply(client, &reply, false), 200);
    }
    client_close(client);
    fixture_close(&fixture);
}

static void strangers_use_half_of_the_memory_for_bodies(void **state)
{
    (void) state;
    static const char owned[] = "POST /owned HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer good\r\n"
                                "Content-Length: 60\r\n\r\n"
                                "123456789012345678901234567890123456789012345678901234567890";
    struct fixture fixture;
    struct client *strangers[4];
    struct client *owner = NULL;
    fixture_open(&fixture, (struct tn_http_options){.body_memory_max = 200, .loops = 1});
    for (unsigned i = 0; i < 4; i++) {
        strangers[i] = client_open(fixture.port);
        assert_true(client_send(strangers[i], "POST /echo HTTP/1.1\r\nHost: a\r\n"
                                              "Content-Length: 1000\r\n\r\n"
                                              "1234567890123456789012345678901234567890"));
        /* The third is over the half, and so is the fourth. */
        assert_true(i < 2 || client_reply(strangers[i], &reply, false) == 503);
    }
    owner = client_open(fixture.port);
    assert_true(client_send(owner, owned));
    assert_int_equal(client_reply(owner, &reply, false), 200);
    for (unsigned i = 0; i < 4; i++) {
        client_close(strangers[i]);
    }
    assert_true(fixture_wait_connections(&fixture, 1));
    /* What was charged is given back. */
    assert_true(client_send(owner, owned));
    assert_int_equal(client_reply(owner, &reply, false), 200);
    struct client *one = client_open(fixture.port);
    assert_true(client_send(one, "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 40\r\n\r\n"
                                 "1234567890123456789012345678901234567890"));
    assert_int_equal(client_reply(one, &reply, false), 200);
    client_close(one);
    client_close(owner);
    fixture_close(&fixture);
}

/* --- answers -----------------------------------------------------------------------------------
 */

/* Read a whole answer of /large/{wanted}. */
static void read_large(struct client *client, size_t wanted)
{
    static char pattern[sizeof(client->text) + 23];
    for (size_t i = 0; i < sizeof(pattern) && pattern[sizeof(pattern) - 1] == '\0'; i++) {
        pattern[i] = (char) ('a' + i % 23);
    }
    size_t size = 0;
    bool in_body = false;
    while (size < wanted) {
        char *end = in_body ? NULL : strstr(client->text, "\r\n\r\n");
        if (in_body ? client->size == 0 : end == NULL) {
            assert_true(client_more(client));
            continue;
        }
        if (end != NULL) {
            assert_memory_equal(client->text, "HTTP/1.1 200", 12);
            client_drop(client, (size_t) (end - client->text) + 4);
            in_body = true;
        }
        size_t take = client->size < wanted - size ? client->size : wanted - size;
        if (in_body) {
            assert_true(memcmp(client->text, pattern + size % 23, take) == 0);
            size += take;
            client_drop(client, take);
        }
    }
}

static void a_slow_reader_gets_it_all(void **state)
{
    (void) state;
    struct fixture fixture;
    fixture_open(&fixture, (struct tn_http_options){0});
    struct client *client = client_open(fixture.port);
    assert_true(client_send(client, REQUEST("GET /large/12000000") REQUEST("GET /hello")));
    client_sleep_ms(50); /* the socket's buffers are full by now */
    read_large(client, 12000000);
    assert_int_equal(client_reply(client, &reply, false), 200);
    assert_string_equal(reply.body, "hello");
    client_close(client);
    fixture_close(&fixture);
}

static size_t resident_bytes(void)
{
    unsigned long pages = 0;
    FILE *file = fopen("/proc/self/statm", "re");
    assert_non_null(file);
    assert_int_equal(fscanf(file, "%*u %lu", &pages), 1);
    (void) fclose(file);
    return pages * (size_t) sysconf(_SC_PAGESIZE);
}

static void who_does_not_read_is_answered_no_further(void **state)
{
    (void) state;
    enum { PEERS = 4, REQUESTS = 12 };
    struct fixture fixture;
    struct tn_http_stats stats = {0};
    struct client *clients[PEERS];
    /* The memory of all is no part of this. */
    fixture_open(&fixture, (struct tn_http_options){.answer_memory_max = 1024 * MIB, .loops = 1});
    for (unsigned i = 0; i < PEERS; i++) {
        clients[i] = client_open(fixture.port);
    }
    size_t before = resident_bytes();
    for (unsigned i = 0; i < PEERS; i++) {
        for (unsigned k = 0; k < REQUESTS; k++) {
            assert_true(client_send(clients[i], REQUEST("GET /large/2000000")));
        }
    }
    uint64_t seen = 0;
    /* Until it stands still, with something to be read by everybody. */
    for (unsigned i = 0; i < 120 && (stats.requests < PEERS || stats.requests != seen); i++) {
        seen = stats.requests;
        client_sleep_ms(500);
        tn_http_server_stats(fixture.server, &stats);
    }
    /* What a socket takes by itself is some 4 MB. */
    assert_true(stats.requests >= PEERS);
    assert_true(stats.requests <= (uint64_t) PEERS * 6);
    /* All answers are 92 MiB. A sanitizer keeps what was freed. */
    assert_true(resident_bytes() < before + (SANITIZED ? 200 : 60) * MIB);
    for (unsigned i = 0; i < PEERS; i++) {
        for (unsigned k = 0; k < REQUESTS; k++) {
            read_large(clients[i], 2000000);
        }
        client_close(clients[i]);
    }
    fixture_close(&fixture);
}

static void answers_share_a_memory_limit(void **state)
{
    (void) state;
    struct fixture fixture;
    fixture_open(&fixture, (struct tn_http_options){.answer_memory_max = 40 * MIB, .loops = 1});
    struct client *slow[2];
    for (unsigned i = 0; i < 2; i++) { /* the second begins below the limit of half of it */
        slow[i] = client_open(fixture.port);
        assert_true(client_send(slow[i], REQUEST("GET /large/12000000")));
        assert_true(client_more(slow[i]));
    }
    struct client *client = client_open(fixture.port);
    assert_true(client_send(client, REQUEST("GET /large/20000") REQUEST("GET /large/16384")));
    assert_int_equal(client_reply(client, &reply, false), 503);
    assert_non_null(strstr(reply.body, "\"code\":\"busy\""));
    assert_non_null(strstr(reply.head, "\r\nRetry-After: 1\r\n"));
    assert_int_equal(client_reply(client, &reply, false), 200);
    /* What was done is told, however large. */
    static char post[32 * 1024];
    int head = snprintf(post, sizeof(post),
                        "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 20000\r\n\r\n");
    memset(post + head, 'x', 20000);
    assert_true(client_send_bytes(client, post, (size_t) head + 20000));
    assert_int_equal(client_reply(client, &reply, false), 200);
    assert_int_equal(reply.body_size, 20000);
    /* What was charged is given back, by reading and by leaving. */
    read_large(slow[0], 12000000);
    assert_true(client_send(client, REQUEST("GET /large/20000")));
    assert_int_equal(client_reply(client, &reply, false), 200);
    client_close(slow[1]);
    assert_true(fixture_wait_connections(&fixture, 2));
    for (unsigned i = 0; i < 4; i++) {
        assert_true(client_send(client, REQUEST("GET /large/12000000")));
        read_large(client, 12000000);
    }
    client_close(slow[0]);
    client_close(client);
    fixture_close(&fixture);
}

static void strangers_use_half_of_the_memory_for_answers(void **state)
{
    (void) state;
#define OWNED(size) "GET /owned/" size " HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer good\r\n\r\n"
    struct fixture fixture;
    fixture_open(&fixture, (struct tn_http_options){.answer_memory_max = 20 * MIB, .loops = 1});
    struct client *stranger = client_open(fixture.port); /* alone it holds more than all may */
    assert_true(client_send(stranger, REQUEST("GET /large/24000000")));
    assert_true(client_more(stranger));
    struct client *another = client_open(fixture.port);
    assert_true(client_send(another, REQUEST("GET /large/20000") REQUEST("GET /large/16384")));
    assert_int_equal(client_reply(another, &reply, false), 503);
    assert_int_equal(client_reply(another, &reply, false), 200);
    struct client *owner = client_open(fixture.port);
    assert_true(client_send(owner, OWNED("20000")));
    assert_int_equal(client_reply(owner, &reply, false), 200);
    assert_int_equal(reply.body_size, 20000);
    /* Owners share the other half, and all that strangers leave. */
    struct client *slow = client_open(fixture.port);
    assert_true(client_send(slow, OWNED("12000000")));
    assert_true(client_more(slow));
    assert_true(client_send(owner, OWNED("20000")));
    assert_int_equal(client_reply(owner, &reply, false), 503);
    client_close(stranger);
    assert_true(fixture_wait_connections(&fixture, 3));
    assert_true(client_send(owner, OWNED("20000")));
    assert_int_equal(client_reply(owner, &reply, false), 200);
    /* Nobody else holds anything of the strangers' half. */
    assert_true(client_send(another, REQUEST("GET /large/20000")));
    assert_int_equal(client_reply(another, &reply, false), 200);
    client_close(slow);
    assert_true(fixture_wait_connections(&fixture, 2));
    /* What was charged is given back. */
    for (unsigned i = 0; i < 4; i++) {
        assert_true(client_send(another, REQUEST("GET /large/12000000")));
        read_large(another, 12000000);
        assert_true(client_send(owner, OWNED("12000000")));
        read_large(owner, 12000000);
    }
    client_close(another);
    client_close(owner);
    fixture_close(&fixture);
#undef OWNED
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bodies_share_a_memory_limit),
        cmocka_unit_test(strangers_use_half_of_the_memory_for_bodies),
        cmocka_unit_test(a_slow_reader_gets_it_all),
        cmocka_unit_test(who_does_not_read_is_answered_no_further),
        cmocka_unit_test(answers_share_a_memory_limit),
        cmocka_unit_test(strangers_use_half_of_the_memory_for_answers),
    };
    return cmocka_run_group_tests_name("api/http/server_memory", tests, NULL, NULL);
}
