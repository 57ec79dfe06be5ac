/* turno bench: what this machine does. Numbers to be read beside a peer in one run
 * (tests/bench/run). */
#include <getopt.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ledger/base/check.h"
#include "ledger/base/civil.h"
#include "ledger/base/clock.h"
#include "ledger/base/random.h"
#include "ledger/rules/draw.h"
#include "ledger/rules/policy_history.h"
#include "projections/engine.h"
#include "tools/bench.h"
#include "tools/cli.h"

/* 2024-09-03 16:30 UTC, half an hour into a window. */
#define BENCH_START_US 1725381000000000ull
#define IN_FLIGHT 256u
#define GROUPS 8192u
#define DRAW_GROUPS 280000u
#define DRAW_PORTS 8u
#define DRAW_SLOTS 168u
#define PROOFS 5000u

static const struct option options[] = {
    {"events", required_argument, NULL, 'e'},
    {"dir", required_argument, NULL, 'd'},
    {"json", no_argument, NULL, 'j'},
    {NULL, 0, NULL, 0},
};

/* One command in flight and the callback that sends it again. */
struct slot {
    struct bench *bench;
    struct tn_desk_request request;
    uint64_t ports[2];
    bool busy;
};

struct bench {
    struct tn_ledger *ledger;
    pthread_mutex_t lock;
    pthread_cond_t free_slot;
    unsigned free_count;
    struct slot *free_slots[IN_FLIGHT];
    uint64_t failed;
    struct slot slots[IN_FLIGHT];
    struct tn_random random;
    uint8_t (*groups)[TN_ID_SIZE];
};

static void slot_done(struct tn_desk_request *request)
{
    struct slot *slot = TN_CONTAINER_OF(request, struct slot, request);
    struct bench *bench = slot->bench;

    pthread_mutex_lock(&bench->lock);
    if (request->status != TN_OK && bench->failed++ == 0) {
        fprintf(stderr, "a command failed: %s, %s\n", tn_status_name(request->status),
                tn_refusal_name(request->refusal));
    }
    bench->free_slots[bench->free_count++] = slot;
    pthread_cond_signal(&bench->free_slot);
    pthread_mutex_unlock(&bench->lock);
}

static struct slot *take_slot(struct bench *bench)
{
    struct slot *slot;

    pthread_mutex_lock(&bench->lock);
    while (bench->free_count == 0) {
        pthread_cond_wait(&bench->free_slot, &bench->lock);
    }
    slot = bench->free_slots[--bench->free_count];
    pthread_mutex_unlock(&bench->lock);
    tn_buffer_close(&slot->request.entries);
    memset(&slot->request, 0, sizeof(slot->request));
    slot->request.done = slot_done;
    return slot;
}

static void wait_all(struct bench *bench)
{
    pthread_mutex_lock(&bench->lock);
    while (bench->free_count < IN_FLIGHT) {
        pthread_cond_wait(&bench->free_slot, &bench->lock);
    }
    pthread_mutex_unlock(&bench->lock);
}

static enum tn_status submit(struct bench *bench, struct slot *slot)
{
    tn_random_fill(&bench->random, slot->request.command.id, TN_ID_SIZE);
    return tn_desk_submit(bench->ledger->desk, &slot->request);
}

/* Groups of one, known by ids alone. */
static enum tn_status register_groups(struct bench *bench)
{
    struct tn_new_member *members = calloc(GROUPS, sizeof(*members));
    enum tn_status status = members ? TN_OK : TN_MEMORY;

    for (size_t i = 0; status == TN_OK && i < GROUPS; i++) {
        struct slot *slot = take_slot(bench);
        struct tn_command *command = &slot->request.command;
        struct tn_facts_register *facts = &command->facts.register_facts;

        tn_random_fill(&bench->random, bench->groups[i], TN_ID_SIZE);
        command->kind = TN_COMMAND_register;
        command->actor.role = TN_ROLE_APPLICANT;
        memcpy(command->actor.id, bench->groups[i], TN_ID_SIZE);
        memcpy(facts->registration, bench->groups[i], TN_ID_SIZE);
        tn_random_fill(&bench->random, facts->token, TN_HASH_SIZE);
        tn_random_fill(&bench->random, facts->place, TN_ID_SIZE);
        tn_random_fill(&bench->random, members[i].member, TN_ID_SIZE);
        tn_random_fill(&bench->random, members[i].person, TN_ID_SIZE);
        members[i].adult = 1;
        facts->members.items = &members[i];
        facts->members.count = 1;
        facts->today = BENCH_START_US / TN_DAY_US;
        status = submit(bench, slot);
    }
    wait_all(bench);
    free(members);
    return status;
}

/* Each command is one event: a request, or one that replaces it by another port. */
static enum tn_status request_appointments(struct bench *bench, uint64_t count)
{
    static const uint64_t ports[] = {2504, 2301, 2402, 2305};
    enum tn_status status = TN_OK;

    for (uint64_t i = 0; status == TN_OK && i < count; i++) {
        struct slot *slot = take_slot(bench);
        struct tn_command *command = &slot->request.command;
        struct tn_facts_request *facts = &command->facts.request_appointment_facts;
        const uint8_t *group = bench->groups[i % GROUPS];

        command->kind = TN_COMMAND_request_appointment;
        command->actor.role = TN_ROLE_APPLICANT;
        memcpy(command->actor.id, group, TN_ID_SIZE);
        memcpy(facts->registration, group, TN_ID_SIZE);
        slot->ports[0] = ports[(i / GROUPS) % 4];
        facts->ports.items = slot->ports;
        facts->ports.count = 1;
        facts->zone_version = 2;
        facts->zone_result = 1;
        status = submit(bench, slot);
    }
    wait_all(bench);
    return status;
}

static enum tn_status open_scratch(struct bench *bench, const char *directory,
                                   struct tn_error *error)
{
    struct tn_policy *policy = calloc(1, sizeof(*policy));
    struct tn_genesis genesis = {
        .policy = policy, .simulated = true, .seed = 1, .created_us = BENCH_START_US};
    struct tn_ledger_options open = {.mode = TN_LEDGER_DESK, .allow_unlocked = true};
    enum tn_status status;

    if (!policy) {
        return TN_MEMORY;
    }
    tn_policy_initial(BENCH_START_US - TN_DAY_US, policy);
    status = tn_ledger_create(directory, &genesis, error);
    free(policy);
    if (status == TN_OK) {
        status = tn_ledger_open(directory, &open, &bench->ledger, error);
    }
    return status;
}

static enum tn_status bench_desk(const char *directory, uint64_t count, struct tn_error *error)
{
    struct bench *bench = calloc(1, sizeof(*bench));
    struct tn_desk_state before;
    struct tn_desk_state after;
    uint64_t started_us;
    uint64_t spent_us;
    enum tn_status status;

    if (!bench || !(bench->groups = calloc(GROUPS, TN_ID_SIZE))) {
        free(bench);
        return TN_MEMORY;
    }
    pthread_mutex_init(&bench->lock, NULL);
    pthread_cond_init(&bench->free_slot, NULL);
    tn_random_init_seeded(&bench->random, 1, "bench", 0);
    for (unsigned i = 0; i < IN_FLIGHT; i++) {
        bench->slots[i].bench = bench;
        bench->free_slots[bench->free_count++] = &bench->slots[i];
    }
    status = open_scratch(bench, directory, error);
    if (status == TN_OK) {
        status = register_groups(bench);
    }
    if (status == TN_OK) {
        tn_desk_state(bench->ledger->desk, &before);
        started_us = tn_clock_monotonic_us();
        status = request_appointments(bench, count);
        spent_us = tn_clock_monotonic_us() - started_us;
        tn_desk_state(bench->ledger->desk, &after);
        printf("desk: %" PRIu64 " durable commands of one event, %u in flight: %" PRIu64
               "/s (%" PRIu64 " a sync, %" PRIu64 " failed)\n",
               count, IN_FLIGHT, count * 1000000 / (spent_us + 1),
               count / (after.batches - before.batches + 1), bench->failed);
        if (bench->failed > 0) {
            status = tn_fail(error, TN_MISMATCH, "commands failed: the figure means nothing");
        }
    }
    for (unsigned i = 0; i < IN_FLIGHT; i++) {
        tn_buffer_close(&bench->slots[i].request.entries);
    }
    tn_ledger_close(bench->ledger);
    pthread_cond_destroy(&bench->free_slot);
    pthread_mutex_destroy(&bench->lock);
    free(bench->groups);
    free(bench);
    return status;
}

static enum tn_status bench_rebuild(const char *directory, struct tn_error *error)
{
    struct tn_ledger_options open = {.mode = TN_LEDGER_WRITER, .allow_unlocked = true};
    struct tn_ledger *ledger = NULL;
    struct tn_rebuild_report report = {0};
    enum tn_status status = tn_ledger_open(directory, &open, &ledger, error);

    if (status == TN_OK) {
        status = tn_rebuild(ledger->store, ledger->log, (1u << TN_CORE_COUNT) - 1, false, NULL,
                            NULL, &report, error);
    }
    if (status == TN_OK) {
        printf("rebuild: %" PRIu64 " events verified and folded into 5 projections: %" PRIu64
               "/s\n",
               report.events, report.events * 1000000 / (report.duration_us + 1));
    }
    tn_ledger_close(ledger);
    return status;
}

static void fill_pool(struct tn_draw_group *groups, struct tn_random *random)
{
    for (uint32_t i = 0; i < DRAW_GROUPS; i++) {
        struct tn_draw_group *group = &groups[i];

        tn_random_fill(random, group->gid, TN_ID_SIZE);
        tn_random_fill(random, group->salt, TN_ID_SIZE);
        group->size = (uint8_t) (1 + tn_random_below(random, 7));
        group->port_count = 2;
        group->ports[0] = (uint16_t) (2301 + tn_random_below(random, DRAW_PORTS));
        group->ports[1] = (uint16_t) (2301 + (group->ports[0] - 2300u) % DRAW_PORTS);
        group->registered_day = 19500 + (uint32_t) tn_random_below(random, 400);
        group->opened = true;
    }
}

static enum tn_status bench_draw(struct tn_error *error)
{
    struct tn_draw_group *groups = calloc(DRAW_GROUPS, sizeof(*groups));
    static struct tn_run lines[DRAW_PORTS][DRAW_SLOTS];
    struct tn_draw_port ports[DRAW_PORTS] = {0};
    struct tn_draw_input input = {.day = 19900,
                                  .policy = 1,
                                  .packing = TN_DRAW_STRADDLE,
                                  .size_max = 10,
                                  .share_ppm = 300000,
                                  .port_count = DRAW_PORTS,
                                  .group_count = DRAW_GROUPS};
    struct tn_draw_result result;
    struct tn_random random;
    struct tn_arena arena;
    uint64_t started_us;
    enum tn_status status;

    if (!groups) {
        return TN_MEMORY;
    }
    tn_random_init_seeded(&random, 1, "draw", 0);
    fill_pool(groups, &random);
    for (uint32_t p = 0; p < DRAW_PORTS; p++) {
        for (uint32_t s = 0; s < DRAW_SLOTS; s++) {
            lines[p][s] = (struct tn_run){19903 + s / 8, 480 + 60 * (s % 8), 1 + s % 3};
        }
        ports[p].port = (uint16_t) (2301 + p);
        ports[p].line = lines[p];
        ports[p].line_count = DRAW_SLOTS;
    }
    tn_random_fill(&random, input.secret, sizeof(input.secret));
    input.ports = ports;
    input.groups = groups;
    tn_arena_init(&arena, tn_draw_memory(DRAW_GROUPS, DRAW_PORTS * DRAW_SLOTS));
    started_us = tn_clock_monotonic_us();
    status = tn_draw_run(&input, &arena, &result, error);
    if (status == TN_OK) {
        printf("draw: %u requests over %u ports: %" PRIu64 " ms, %u winners\n", DRAW_GROUPS,
               DRAW_PORTS, (tn_clock_monotonic_us() - started_us) / 1000, result.winner_count);
    }
    tn_arena_close(&arena);
    free(groups);
    return status;
}

int tn_command_bench(int argc, char **argv)
{
    const char *base = getenv("TMPDIR");
    const char *what;
    char directory[512];
    uint64_t events = 500000;
    struct tn_error error = {0};
    bool scratch = false; /* something was said about scratch ledgers */
    bool there;           /* it measures a ledger that is there */
    bool all;
    int option;
    enum tn_status status = TN_OK;

    base = base ? base : "/tmp";
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        scratch = scratch || option == 'e' || option == 'd';
        if (option == 'e' && tn_cli_parse_u64(optarg, &events) && events > 0) {
            continue;
        }
        if (option == 'd') {
            base = optarg;
        } else if (option != 'j') {
            return tn_cli_bad_option("bench", argv);
        }
    }
    what = optind < argc ? argv[optind] : "all";
    there = strcmp(what, "disk") == 0 || strcmp(what, "prove") == 0;
    if (scratch && (there || strcmp(what, "draw") == 0)) {
        return tn_cli_usage("bench", "--events and --dir are for scratch ledgers, those of desk, "
                                     "rebuild and all");
    }
    if (there && optind + 2 == argc) {
        status = strcmp(what, "disk") == 0 ? tn_bench_disk(argv[optind + 1], &error)
                                           : tn_bench_prove(argv[optind + 1], PROOFS, &error);
        return status == TN_OK ? TN_EXIT_DONE : tn_cli_fail(status, &error);
    }
    all = strcmp(what, "all") == 0;
    if (!all && strcmp(what, "desk") != 0 && strcmp(what, "rebuild") != 0 &&
        strcmp(what, "draw") != 0) {
        return there ? tn_cli_usage("bench", "%s wants one directory", what)
                     : tn_cli_usage("bench", "%s is not known", what);
    }
    if (optind + 1 < argc) {
        return tn_cli_usage("bench", "%s is not known to %s", argv[optind + 1], what);
    }
    snprintf(directory, sizeof(directory), "%s/turno-bench-%ld", base, (long) getpid());
    if (all || strcmp(what, "draw") == 0) {
        status = bench_draw(&error);
    }
    if (status == TN_OK && strcmp(what, "draw") != 0) {
        status = bench_desk(directory, events, &error);
    }
    if (status == TN_OK && (all || strcmp(what, "rebuild") == 0)) {
        status = bench_rebuild(directory, &error);
    }
    if (strcmp(what, "draw") != 0) {
        fprintf(stderr, "the scratch ledger is left in %s\n", directory);
    }
    return status == TN_OK ? TN_EXIT_DONE : tn_cli_fail(status, &error);
}
