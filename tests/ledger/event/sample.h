/* Values of every record, made from its list of fields alone: the same on every run. */
#ifndef TN_TESTS_LEDGER_EVENT_SAMPLE_H
#define TN_TESTS_LEDGER_EVENT_SAMPLE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/base/check.h"
#include "ledger/event/event.h"

enum sample_variant {
    SAMPLE_FULL,  /* every field holds something; integers of every width */
    SAMPLE_LEAST, /* every field is zero or empty */
    SAMPLE_EDGE,  /* the largest numbers, long heads, lists of zeros and of empty records */
    SAMPLE_VARIANTS,
};

struct sample {
    enum sample_variant variant;
    unsigned count; /* values made so far: each is another */
    struct tn_arena *arena;
};

#define SAMPLE_COMMAND TN_COMMAND_register

static inline void *sample_memory(struct sample *sample, size_t count, size_t size)
{
    void *memory = tn_arena_array(sample->arena, count, size);

    TN_CHECK(memory != NULL);
    return memory;
}

static inline uint64_t sample_uint(struct sample *sample)
{
    static const uint64_t from[] = {1, 0x80, 0x100, 0x10000, 0x100000000};
    unsigned n = sample->count++;

    return sample->variant == SAMPLE_EDGE ? UINT64_MAX - n : from[n % TN_ARRAY_SIZE(from)] + n;
}

static inline int64_t sample_int(struct sample *sample)
{
    static const int64_t from[] = {-1, -129, 1, -40000, -3000000000, 70000};
    unsigned n = sample->count++;

    return sample->variant == SAMPLE_EDGE ? INT64_MIN + n : from[n % TN_ARRAY_SIZE(from)];
}

static inline void sample_bytes(struct sample *sample, uint8_t *out, size_t size)
{
    unsigned n = sample->count++;

    for (size_t i = 0; i < size; i++) {
        out[i] = sample->variant == SAMPLE_EDGE ? 0xff : (uint8_t) (1 + 37 * n + 11 * i);
    }
}

static inline struct tn_bytes sample_view(struct sample *sample, bool text)
{
    size_t size = sample->variant == SAMPLE_EDGE ? 300 : 5 + sample->count % 40;
    uint8_t *out = sample_memory(sample, size, 1);

    sample_bytes(sample, out, size);
    for (size_t i = 0; text && i < size; i++) {
        out[i] = (uint8_t) (0x20 + out[i] % 0x5f); /* quotes and backslashes among them */
    }
    return tn_bytes(out, size);
}

static inline void sample_fill(struct sample *sample, const struct tn_record *record, void *value);

static inline void sample_list(struct sample *sample, const struct tn_field *field, void *at)
{
    struct {
        const void *items;
        size_t count;
    } list = {.count = sample->variant == SAMPLE_EDGE ? 17 : 2 + sample->count % 2};
    size_t size = field->type == TN_FIELD_UINTS ? sizeof(uint64_t)
                  : field->type == TN_FIELD_IDS ? TN_ID_SIZE
                                                : field->record->size;
    char *items = sample_memory(sample, list.count, size);

    /* On the edge only the first item holds something: zeros in lists are written. */
    for (size_t i = 0; i < (sample->variant == SAMPLE_EDGE ? 1 : list.count); i++) {
        if (field->type == TN_FIELD_UINTS) {
            ((uint64_t *) (void *) items)[i] = sample_uint(sample);
        } else if (field->type == TN_FIELD_IDS) {
            sample_bytes(sample, (uint8_t *) items + i * size, size);
        } else {
            sample_fill(sample, field->record, items + i * size);
        }
    }
    list.items = items;
    memcpy(at, &list, sizeof(list));
}

/* The facts of the command that sample_event names. */
static inline struct tn_bytes sample_facts(struct sample *sample)
{
    const struct tn_record *record = tn_command_facts(SAMPLE_COMMAND);
    void *facts = sample_memory(sample, 1, record->size);
    struct tn_buffer bytes;
    struct tn_bytes copy;

    sample_fill(sample, record, facts);
    tn_buffer_init(&bytes, 65535);
    tn_record_encode(record, facts, &bytes);
    copy = tn_arena_copy(sample->arena, tn_buffer_view(&bytes));
    tn_buffer_close(&bytes);
    return copy;
}

static inline void sample_field(struct sample *sample, const struct tn_field *field, void *value)
{
    char *at = (char *) value + field->offset;
    uint64_t number;
    struct tn_bytes view;

    switch (field->type) {
    case TN_FIELD_UINT:
        number = sample_uint(sample);
        memcpy(at, &number, sizeof(number));
        break;
    case TN_FIELD_INT:
        number = (uint64_t) sample_int(sample);
        memcpy(at, &number, sizeof(number));
        break;
    case TN_FIELD_ID:
    case TN_FIELD_STREAM:
        sample_bytes(sample, (uint8_t *) at, TN_ID_SIZE);
        break;
    case TN_FIELD_HASH:
        sample_bytes(sample, (uint8_t *) at, TN_HASH_SIZE);
        break;
    case TN_FIELD_BYTES:
    case TN_FIELD_TEXT:
        view = sample_view(sample, field->type == TN_FIELD_TEXT);
        memcpy(at, &view, sizeof(view));
        break;
    case TN_FIELD_FACTS:
        view = sample_facts(sample);
        memcpy(at, &view, sizeof(view));
        break;
    case TN_FIELD_UINTS:
    case TN_FIELD_IDS:
    case TN_FIELD_RECORDS:
        sample_list(sample, field, at);
        break;
    case TN_FIELD_RECORD:
        sample_fill(sample, field->record, at);
        break;
    }
}

static inline void sample_fill(struct sample *sample, const struct tn_record *record, void *value)
{
    memset(value, 0, record->size);
    for (size_t i = 0; i < record->field_count && sample->variant != SAMPLE_LEAST; i++) {
        sample_field(sample, &record->fields[i], value);
    }
}

/* An event of `kind`; what it points to lives in `arena`. */
static inline void sample_event(const struct tn_kind *kind, enum sample_variant variant,
                                struct tn_arena *arena, struct tn_event *event)
{
    struct sample sample = {.variant = variant, .count = kind->number, .arena = arena};

    memset(event, 0, sizeof(*event));
    event->kind = kind->number;
    event->version = kind->version;
    if (variant != SAMPLE_LEAST) {
        event->time_us = variant == SAMPLE_EDGE ? UINT64_MAX
                                                : UINT64_C(1700000000000000) + kind->number;
        event->actor.role = (enum tn_role)(kind->number % TN_ROLE_COUNT);
        sample_bytes(&sample, event->actor.id, TN_ID_SIZE);
        event->has_command = true;
        sample_bytes(&sample, event->command, TN_ID_SIZE);
        event->has_cause = true;
        event->cause = variant == SAMPLE_EDGE ? 0 : 1000 + kind->number;
    }
    sample_fill(&sample, kind->record, &event->body);
    if (kind->number == TN_KIND_command_refused) {
        event->body.command_refused.command = SAMPLE_COMMAND;
        if (variant == SAMPLE_LEAST) {
            event->body.command_refused.facts = tn_bytes("\x80", 1);
        }
    }
}

#endif
