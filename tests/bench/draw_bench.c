/* How long a draw takes: 280,000 groups over 8 ports (spec/domain.md 5), its transcript and the
 * recomputation from that. One thread.
 *
 *     draw_bench [GROUPS [ROUNDS]] */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#include "ledger/base/clock.h"
#include "ledger/base/random.h"
#include "ledger/rules/transcript.h"

#define PORT_COUNT 8
#define SLOT_COUNT 168 /* 8 slots a day over 21 days */

static const struct {
    uint16_t port;
    uint32_t seats;
} ports_of_policy[PORT_COUNT] = {{2504, 385}, {2301, 380}, {2402, 200}, {2305, 195},
                                 {2604, 100}, {2503, 75},  {2303, 60},  {2304, 55}};

static struct tn_run lines[PORT_COUNT][SLOT_COUNT];
static struct tn_draw_port ports[PORT_COUNT];

static void input_fill(struct tn_draw_input *input, struct tn_draw_group *groups, uint32_t count)
{
    struct tn_random random;
    uint8_t key[32] = {1};

    tn_random_init_seeded(&random, 1, "draw bench", 0);
    for (uint32_t p = 0; p < PORT_COUNT; p++) {
        ports[p] = (struct tn_draw_port){
            .port = ports_of_policy[p].port, .line = lines[p], .line_count = SLOT_COUNT};
        for (uint32_t s = 0; s < SLOT_COUNT; s++) {
            lines[p][s] = (struct tn_run){.date = 20003 + s / 8,
                                          .minute = 480 + 60 * (s % 8),
                                          .seats = 1 + ports_of_policy[p].seats / SLOT_COUNT};
        }
    }
    for (uint32_t i = 0; i < count; i++) {
        uint8_t registration[16];
        struct tn_draw_group *group = &groups[i];

        tn_random_fill(&random, registration, sizeof(registration));
        tn_draw_gid(group->gid, key, 20000, registration);
        tn_draw_salt(group->salt, key, 20000, registration);
        group->registered_day = 19600 + (uint32_t) tn_random_below(&random, 400);
        group->size = (uint8_t) (1 + tn_random_below(&random, 7));
        group->opened = true;
        group->port_count = 4;
        uint32_t first = (uint32_t) tn_random_below(&random, PORT_COUNT);
        for (uint32_t j = 0; j < 4; j++) {
            group->ports[j] = ports_of_policy[(first + j) % PORT_COUNT].port;
        }
    }
    input->day = 20000;
    input->packing = TN_DRAW_STRADDLE;
    input->share_ppm = 300000;
    input->ports = ports;
    input->port_count = PORT_COUNT;
    input->groups = groups;
    input->group_count = count;
}

static double milliseconds(uint64_t since_us)
{
    return (double) (tn_clock_monotonic_us() - since_us) / 1000;
}

int main(int argc, char **argv)
{
    uint32_t count = argc > 1 ? (uint32_t) strtoul(argv[1], NULL, 10) : 280000;
    uint32_t rounds = argc > 2 ? (uint32_t) strtoul(argv[2], NULL, 10) : 3;
    struct tn_draw_group *groups = calloc(count, sizeof(*groups));
    struct tn_draw_input input = {0};
    struct tn_draw_result result;
    struct tn_transcript_report report;
    struct tn_error error = {0};
    struct tn_buffer file;
    struct tn_arena arena;
    enum tn_status status = TN_OK;
    uint64_t began_us;

    tn_buffer_init(&file, TN_TRANSCRIPT_SIZE_MAX);
    tn_arena_init(&arena, tn_draw_memory(count, PORT_COUNT * SLOT_COUNT));
    if (groups == NULL || sodium_init() < 0) {
        (void) fprintf(stderr, "no memory\n");
        goto out;
    }
    input_fill(&input, groups, count);
    for (uint32_t round = 0; round < rounds && status == TN_OK; round++) {
        began_us = tn_clock_monotonic_us();
        tn_arena_reset(&arena);
        status = tn_draw_run(&input, &arena, &result, &error);
        (void) printf("draw %u groups: %.0f ms, %u winners, %zu bytes of arena\n", count,
                      milliseconds(began_us), result.winner_count, arena.used);
    }
    began_us = tn_clock_monotonic_us();
    if (status == TN_OK) {
        status = tn_transcript_write(TN_TRANSCRIPT_AUDITOR, &input, &result, &file, &error);
        (void) printf("transcript: %.0f ms, %zu bytes\n", milliseconds(began_us), file.size);
    }
    began_us = tn_clock_monotonic_us();
    if (status == TN_OK) {
        status = tn_transcript_recompute(tn_buffer_view(&file), &report, &error);
        (void) printf("recompute from the file: %.0f ms\n", milliseconds(began_us));
    }
    if (status != TN_OK) {
        (void) fprintf(stderr, "%s: %s\n", tn_status_name(status), error.text);
    }
out:
    tn_arena_close(&arena);
    tn_buffer_close(&file);
    free(groups);
    return status == TN_OK ? 0 : 1;
}
