/* Pools for the tests of the draw: everything in them comes from a seed and a label. */
#ifndef TN_TESTS_LEDGER_RULES_DRAW_FIXTURE_H
#define TN_TESTS_LEDGER_RULES_DRAW_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "ledger/base/buffer.h"
#include "ledger/base/endian.h"
#include "ledger/base/random.h"
#include "ledger/rules/draw.h"
#include "ledger/rules/transcript.h"

#define FIXTURE_GROUPS_MAX 4096u
#define FIXTURE_PORTS_MAX 8u
#define FIXTURE_SLOTS_MAX 16u

struct fixture {
    struct tn_random random;
    struct tn_arena arena;
    struct tn_draw_input input;
    struct tn_draw_result result;
    struct tn_error error;
    struct tn_draw_port ports[FIXTURE_PORTS_MAX];
    struct tn_run lines[FIXTURE_PORTS_MAX][FIXTURE_SLOTS_MAX];
    struct tn_draw_held held[FIXTURE_PORTS_MAX][4];
    struct tn_draw_group groups[FIXTURE_GROUPS_MAX];
    uint8_t gid_key[TN_HASH_SIZE];
};

static inline void fixture_init(struct fixture *f, const char *label)
{
    memset(f, 0, sizeof(*f));
    tn_random_init_seeded(&f->random, 20260, label, 0);
    tn_arena_init(&f->arena, (size_t) 16 << 20);
    tn_random_fill(&f->random, f->gid_key, sizeof(f->gid_key));
    f->input.day = 20000;
    f->input.policy = 1;
    f->input.packing = TN_DRAW_STRADDLE;
    f->input.share_ppm = 300000;
    f->input.ports = f->ports;
    f->input.groups = f->groups;
    tn_random_fill(&f->random, f->input.secret, TN_HASH_SIZE);
}

static inline void fixture_close(struct fixture *f)
{
    tn_arena_close(&f->arena);
}

/* Add a port with `slots` slots of `free` seats each. */
static inline struct tn_draw_port *fixture_port(struct fixture *f, uint16_t number, uint32_t slots,
                                                uint64_t free)
{
    uint32_t p = f->input.port_count++;
    struct tn_draw_port *port = &f->ports[p];

    assert_true(p < FIXTURE_PORTS_MAX && slots <= FIXTURE_SLOTS_MAX);
    memset(port, 0, sizeof(*port));
    port->port = number;
    port->line = f->lines[p];
    port->line_count = slots;
    port->held = f->held[p];
    for (uint32_t i = 0; i < slots; i++) {
        f->lines[p][i] =
            (struct tn_run){.date = f->input.day + 21u, .minute = 480 + 60 * i, .seats = free};
    }
    return port;
}

/* Add a group of `size` that asks for `port`; its gid is that of a random registration. */
static inline struct tn_draw_group *fixture_group(struct fixture *f, uint8_t size, uint16_t port)
{
    struct tn_draw_group *group = &f->groups[f->input.group_count++];
    uint8_t registration[TN_ID_SIZE];

    assert_true(f->input.group_count <= FIXTURE_GROUPS_MAX);
    memset(group, 0, sizeof(*group));
    tn_random_fill(&f->random, registration, sizeof(registration));
    tn_draw_gid(group->gid, f->gid_key, f->input.day, registration);
    tn_draw_salt(group->salt, f->gid_key, f->input.day, registration);
    group->registered_day = 19900 + (uint32_t) tn_random_below(&f->random, 100);
    group->size = size;
    group->port_count = 1;
    group->ports[0] = port;
    group->opened = true;
    return group;
}

/* Groups of sizes 1..size_max that ask for one to four of the fixture's ports. */
static inline void fixture_groups(struct fixture *f, uint32_t count, uint8_t size_max)
{
    for (uint32_t i = 0; i < count; i++) {
        uint8_t size = (uint8_t) (1 + tn_random_below(&f->random, size_max));
        uint32_t first = (uint32_t) tn_random_below(&f->random, f->input.port_count);
        struct tn_draw_group *group = fixture_group(f, size, f->ports[first].port);
        uint32_t wanted = (uint32_t) tn_random_below(&f->random, 4);

        for (uint32_t j = 1; j <= wanted && j < f->input.port_count; j++) {
            group->ports[group->port_count++] = f->ports[(first + j) % f->input.port_count].port;
        }
    }
}

/* Draw; what the draw before left in the arena is forgotten. */
static inline enum tn_status fixture_run(struct fixture *f)
{
    tn_arena_reset(&f->arena);
    memset(&f->error, 0, sizeof(f->error));
    return tn_draw_run(&f->input, &f->arena, &f->result, &f->error);
}

static inline void fixture_draw(struct fixture *f)
{
    enum tn_status status = fixture_run(f);

    if (status != TN_OK) {
        fail_msg("draw: %s", f->error.text);
    }
}

/* The transcript of the last draw; the caller closes it. */
static inline struct tn_buffer fixture_transcript(struct fixture *f,
                                                  enum tn_transcript_audience audience)
{
    struct tn_buffer out;

    tn_buffer_init(&out, TN_TRANSCRIPT_SIZE_MAX);
    assert_int_equal(tn_transcript_write(audience, &f->input, &f->result, &out, &f->error), TN_OK);
    return out;
}

/* The winner of this group, or NULL. */
static inline const struct tn_draw_winner *fixture_winner(const struct fixture *f, uint32_t group)
{
    for (uint32_t i = 0; i < f->result.winner_count; i++) {
        if (f->result.winners[i].group == group) {
            return &f->result.winners[i];
        }
    }
    return NULL;
}

static inline void fixture_shuffle(struct fixture *f)
{
    for (uint32_t i = f->input.group_count; i > 1; i--) {
        uint32_t j = (uint32_t) tn_random_below(&f->random, i);
        struct tn_draw_group swap = f->groups[i - 1];

        f->groups[i - 1] = f->groups[j];
        f->groups[j] = swap;
    }
}

#endif
