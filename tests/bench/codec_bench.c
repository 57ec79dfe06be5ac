/* What reading and writing an entry costs, beside the object trees of msgpack-c.
 *
 *     codec_bench [SECONDS]
 *
 * For each of a few kinds: nanoseconds an event for our encoder, our decoder, the walk that only
 * checks (tn_unpack_skip), msgpack-c's msgpack_unpack_next into a zone that is kept (with the check
 * that bounds its input first, and without), and msgpack-c writing that tree again. */
#include <inttypes.h>
#include <msgpack.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/base/check.h"
#include "ledger/base/clock.h"
#include "ledger/event/event.h"

#define BATCH 1000

struct bench {
    struct tn_event event;
    struct tn_buffer bytes;
    struct tn_buffer out;
    struct tn_arena arena;
    msgpack_unpacked unpacked;
    uint64_t sink; /* what was read goes here, so that nothing is left out as unused */
};

static void encode(struct bench *bench)
{
    tn_buffer_reset(&bench->out);
    tn_event_encode(&bench->event, &bench->out);
    bench->sink += bench->out.size;
}

static void decode(struct bench *bench)
{
    struct tn_event event;
    struct tn_error error;

    tn_arena_reset(&bench->arena);
    if (tn_event_decode(tn_buffer_view(&bench->bytes), 7, &bench->arena, &event, &error) != TN_OK) {
        abort();
    }
    bench->sink += event.time_us;
}

static void skip(struct bench *bench)
{
    struct tn_unpack unpack;

    tn_unpack_init(&unpack, tn_buffer_view(&bench->bytes));
    bench->sink += tn_unpack_skip(&unpack).size;
    if (!tn_unpack_done(&unpack)) {
        abort();
    }
}

static void tree(struct bench *bench)
{
    size_t offset = 0;

    if (bench->unpacked.zone) {
        msgpack_zone_clear(bench->unpacked.zone);
    }
    if (msgpack_unpack_next(&bench->unpacked, (const char *) bench->bytes.data, bench->bytes.size,
                            &offset) != MSGPACK_UNPACK_SUCCESS) {
        abort();
    }
    bench->sink += bench->unpacked.data.via.array.size;
}

static void checked_tree(struct bench *bench)
{
    skip(bench);
    tree(bench);
}

static int pack_write(void *data, const char *bytes, size_t size)
{
    tn_buffer_append(data, bytes, size);
    return 0;
}

static void tree_pack(struct bench *bench)
{
    msgpack_packer packer = {.data = &bench->out, .callback = pack_write};

    tn_buffer_reset(&bench->out);
    (void) msgpack_pack_object(&packer, bench->unpacked.data);
    bench->sink += bench->out.size;
}

static void streams(struct bench *bench)
{
    uint8_t ids[TN_EVENT_STREAMS_MAX][TN_ID_SIZE];

    bench->sink += tn_event_streams(&bench->event, ids);
}

static void json(struct bench *bench)
{
    struct tn_error error;

    tn_arena_reset(&bench->arena);
    tn_buffer_reset(&bench->out);
    if (tn_event_write_json(tn_buffer_view(&bench->bytes), 7, &bench->arena, &bench->out, &error) !=
        TN_OK) {
        abort();
    }
    bench->sink += bench->out.size;
}

/* The best batch: what the machine can do when nobody else is at work. */
static void measure(struct bench *bench, const char *name, void (*work)(struct bench *),
                    uint64_t limit_us)
{
    uint64_t best_us = UINT64_MAX;
    uint64_t started_us = tn_clock_monotonic_us();

    do {
        uint64_t from_us = tn_clock_monotonic_us();
        uint64_t took_us;

        for (int i = 0; i < BATCH; i++) {
            work(bench);
        }
        took_us = tn_clock_monotonic_us() - from_us;
        best_us = took_us < best_us ? took_us : best_us;
    } while (tn_clock_monotonic_us() - started_us < limit_us);
    (void) printf("  %-34s %7" PRIu64 " ns\n", name, best_us * 1000 / BATCH);
}

static void id_fill(uint8_t *id, uint8_t first)
{
    for (uint8_t i = 0; i < TN_ID_SIZE; i++) {
        id[i] = (uint8_t) (first + 37 * i);
    }
}

static void envelope_fill(struct tn_event *event, enum tn_kind_number kind)
{
    memset(event, 0, sizeof(*event));
    event->version = 1;
    event->kind = kind;
    event->time_us = 1700000000123456;
    event->actor.role = TN_ROLE_APPLICANT;
    id_fill(event->actor.id, 1);
    event->has_command = true;
    id_fill(event->command, 2);
}

static void requested(struct tn_event *event)
{
    static const uint64_t ports[] = {2504, 2402, 2301};
    struct tn_appointment_requested *body = &event->body.appointment_requested;

    envelope_fill(event, TN_KIND_appointment_requested);
    id_fill(body->facts.registration, 1);
    body->facts.ports = (struct tn_uints){.items = ports, .count = 3};
    body->facts.zone_version = 3;
    body->facts.zone_result = 1;
    body->day = 19676;
    body->size = 4;
    body->registered_day = 19512;
}

static void confirmed(struct tn_event *event)
{
    static const struct tn_run seats[] = {{19697, 540, 3}, {19697, 600, 1}};
    static const uint8_t members[4][TN_ID_SIZE] = {{1}, {2}, {3}, {4}};
    static const uint8_t tags[4][TN_ID_SIZE] = {{5}, {6}, {7}, {8}};
    struct tn_appointment_confirmed *body = &event->body.appointment_confirmed;

    envelope_fill(event, TN_KIND_appointment_confirmed);
    id_fill(body->registration, 1);
    id_fill(body->offer, 3);
    body->port = 2504;
    body->seats = (struct tn_run_list){.items = seats, .count = 2};
    body->members = (struct tn_ids){.items = members, .count = 4};
    body->tags = (struct tn_ids){.items = tags, .count = 4};
    body->ends_us = 1701907199000000;
}

/* A day of eight ports with eight slots each. */
static void capacity(struct tn_event *event)
{
    static struct tn_slot_capacity slots[8];
    static struct tn_port_capacity ports[8];
    struct tn_capacity_published *body = &event->body.capacity_published;

    envelope_fill(event, TN_KIND_capacity_published);
    for (size_t i = 0; i < 8; i++) {
        slots[i] = (struct tn_slot_capacity){.minute = 480 + 60 * i, .seats = 48};
        ports[i] = (struct tn_port_capacity){.port = 2301 + i, .ends_us = 1701907199000000};
        ports[i].slots = (struct tn_slot_capacity_list){.items = slots, .count = 8};
    }
    body->date = 19697;
    body->ports = (struct tn_port_capacity_list){.items = ports, .count = 8};
}

int main(int argc, char **argv)
{
    static void (*const fills[])(struct tn_event *) = {requested, confirmed, capacity};
    unsigned long seconds = argc > 1 ? strtoul(argv[1], NULL, 10) : 1;
    uint64_t limit_us = (seconds > 0 ? seconds : 1) * UINT64_C(1000000) / 4;
    static struct bench bench;

    for (size_t i = 0; i < TN_ARRAY_SIZE(fills); i++) {
        fills[i](&bench.event);
        tn_buffer_init(&bench.bytes, 65535);
        tn_buffer_init(&bench.out, 1 << 20);
        tn_arena_init(&bench.arena, 1 << 20);
        msgpack_unpacked_init(&bench.unpacked);
        tn_event_encode(&bench.event, &bench.bytes);
        (void) printf("%s, %zu bytes\n", tn_kind_find(bench.event.kind, 1)->name, bench.bytes.size);
        measure(&bench, "encode", encode, limit_us);
        measure(&bench, "decode", decode, limit_us);
        measure(&bench, "skip", skip, limit_us);
        measure(&bench, "msgpack-c tree, unbounded", tree, limit_us);
        measure(&bench, "skip, then msgpack-c tree", checked_tree, limit_us);
        measure(&bench, "msgpack-c writes the tree", tree_pack, limit_us);
        measure(&bench, "streams", streams, limit_us);
        measure(&bench, "json", json, limit_us);
        msgpack_unpacked_destroy(&bench.unpacked);
        tn_arena_close(&bench.arena);
        tn_buffer_close(&bench.out);
        tn_buffer_close(&bench.bytes);
    }
    return bench.sink == 0;
}
