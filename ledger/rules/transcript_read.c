/* Reading transcripts: the one form that the writer makes, matched piece by piece.
 *
 * Lists are counted by their lines before anything is reserved, so a file never costs more memory
 * than its own bytes bound. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "ledger/base/check.h"
#include "ledger/rules/transcript_internal.h"

struct reader {
    const uint8_t *start;
    const uint8_t *at;
    const uint8_t *end;
    struct tn_arena *arena;
    struct tn_error *error;
    enum tn_status status; /* after a failure every later step does nothing */
};

static void fail(struct reader *r, enum tn_status status, const char *what)
{
    size_t line = 1;

    if (r->status != TN_OK) {
        return;
    }
    for (const uint8_t *at = r->start; at < r->at; at++) {
        line += *at == '\n';
    }
    r->status = tn_fail(r->error, status, "transcript, line %zu: %s", line, what);
}

/* Is `words` next? Steps over it if so. */
static bool accept(struct reader *r, const char *words)
{
    size_t size = strlen(words);

    if (r->status != TN_OK || (size_t) (r->end - r->at) < size || memcmp(r->at, words, size) != 0) {
        return false;
    }
    r->at += size;
    return true;
}

static void expect(struct reader *r, const char *words)
{
    size_t size = strlen(words);

    if (r->status != TN_OK) {
        return;
    }
    /* Step to the first byte that differs, so that the line is the right one. */
    for (size_t i = 0; i < size; i++) {
        if (r->at == r->end || *r->at != (uint8_t) words[i]) {
            char what[128];
            const char *rest = words + i;

            while (*rest == '\n' || *rest == ' ' || *rest == ',') {
                rest++;
            }
            (void) snprintf(what, sizeof(what), "not the form of json.dumps(indent=1); expected %s",
                            *rest == '\0' ? "other spacing" : rest);
            fail(r, TN_INVALID, what);
            return;
        }
        r->at++;
    }
}

static uint64_t number(struct reader *r, const char *before, uint64_t max)
{
    uint64_t value = 0;
    const uint8_t *first;

    expect(r, before);
    first = r->at;
    while (r->status == TN_OK && r->at < r->end && *r->at >= '0' && *r->at <= '9') {
        uint64_t digit = (uint64_t) (*r->at - '0');

        if (digit > max || value > (max - digit) / 10) {
            fail(r, TN_INVALID, "a number is too large");
        }
        value = value * 10 + digit;
        r->at++;
    }
    if (r->at == first || (*first == '0' && r->at - first > 1)) {
        fail(r, TN_INVALID, "expected a whole number without leading zeros");
    }
    return r->status == TN_OK ? value : 0;
}

static int64_t signed_number(struct reader *r, const char *before)
{
    expect(r, before);
    bool negative = accept(r, "-");
    int64_t value = (int64_t) number(r, "", TN_DRAW_CREDIT_MAX);

    if (negative && value == 0) {
        fail(r, TN_INVALID, "zero has no sign");
    }
    return negative ? -value : value;
}

/* Lower-case hexadecimal of exactly `size` bytes, in quotes. */
static void hex(struct reader *r, const char *before, uint8_t *out, size_t size)
{
    memset(out, 0, size);
    expect(r, before);
    expect(r, "\"");
    if (r->status != TN_OK) {
        return;
    }
    if ((size_t) (r->end - r->at) < 2 * size) {
        fail(r, TN_INVALID, "the file ends within hexadecimal digits");
        return;
    }
    for (size_t i = 0; i < 2 * size; i++) {
        if (!((r->at[i] >= '0' && r->at[i] <= '9') || (r->at[i] >= 'a' && r->at[i] <= 'f'))) {
            fail(r, TN_INVALID, "expected lower-case hexadecimal digits of a fixed length");
            return;
        }
    }
    if (tn_hex_decode(tn_bytes(r->at, 2 * size), out, size) != TN_OK) {
        fail(r, TN_INVALID, "not hexadecimal");
        return;
    }
    r->at += 2 * size;
    expect(r, "\"");
}

/* How many items the list that begins here has, when it has the form: lines that open an item at
 * `depth` spaces, up to the line that closes the list at one space less. */
static uint32_t list_count(struct reader *r, size_t depth, uint32_t max)
{
    const uint8_t *at = r->at;
    uint32_t count = 0;

    while (r->status == TN_OK) {
        size_t spaces = 0;
        const uint8_t *line = memchr(at, '\n', (size_t) (r->end - at));

        if (line == NULL) {
            break;
        }
        at = line + 1;
        while (at < r->end && *at == ' ') {
            at++;
            spaces++;
        }
        if (at == r->end || (*at == ']' && spaces + 1 == depth)) {
            break;
        }
        if (*at == '{' && spaces == depth && count++ == max) {
            fail(r, TN_INVALID, "a list is too long");
        }
    }
    return r->status == TN_OK ? count : 0;
}

/* A list of objects whose items stand `depth` spaces in. Zeroed items, and their number. */
static void *list_begin(struct reader *r, size_t depth, size_t size, uint32_t max, uint32_t *count)
{
    void *items = NULL;

    *count = 0;
    if (accept(r, "[]")) {
        return tn_arena_alloc(r->arena, 0);
    }
    *count = list_count(r, depth, max);
    if (r->status == TN_OK && *count == 0) {
        fail(r, TN_INVALID, "expected a list");
    }
    if (r->status == TN_OK) {
        items = tn_arena_array(r->arena, *count, size);
        if (items == NULL) {
            fail(r, TN_FULL, "the arena is too small for a list");
        }
    }
    if (r->status != TN_OK) {
        *count = 0;
    }
    return items;
}

static const char *spaces_of(size_t depth)
{
    static const char spaces[] = "        ";

    TN_CHECK(depth < sizeof(spaces));
    return spaces + sizeof(spaces) - 1 - depth;
}

static void item_begin(struct reader *r, uint32_t i, size_t depth)
{
    expect(r, i == 0 ? "[\n" : ",\n");
    expect(r, spaces_of(depth));
    expect(r, "{\n");
}

static void item_end(struct reader *r, size_t depth)
{
    expect(r, "\n");
    expect(r, spaces_of(depth));
    expect(r, "}");
}

static void list_end(struct reader *r, uint32_t count, size_t depth)
{
    if (count > 0) {
        expect(r, "\n");
        expect(r, spaces_of(depth - 1));
        expect(r, "]");
    }
}

static uint8_t basis(struct reader *r, const char *before)
{
    expect(r, before);
    if (accept(r, "\"seniority\"")) {
        return TN_DRAW_SENIORITY;
    }
    expect(r, "\"lottery\"");
    return TN_DRAW_LOTTERY;
}

static const struct tn_draw_held *held_read(struct reader *r, uint16_t port, uint32_t *count)
{
    struct tn_draw_held *held;

    expect(r, ",\n   \"held\": ");
    held = list_begin(r, 4, sizeof(*held), TN_DRAW_HELD_COUNT_MAX, count);
    for (uint32_t i = 0; i < *count && r->status == TN_OK; i++) {
        item_begin(r, i, 4);
        hex(r, "     \"gid\": ", held[i].gid, TN_ID_SIZE);
        if (number(r, ",\n     \"port\": ", UINT16_MAX) != port) {
            fail(r, TN_INVALID, "a group is held at another port than the one it is listed under");
        }
        held[i].basis = basis(r, ",\n     \"basis\": ");
        item_end(r, 4);
    }
    list_end(r, *count, 4);
    return held;
}

static const struct tn_run *line_read(struct reader *r, uint32_t *count)
{
    struct tn_run *line;

    expect(r, ",\n   \"line\": ");
    line = list_begin(r, 4, sizeof(*line), TN_DRAW_LINE_COUNT_MAX, count);
    for (uint32_t i = 0; i < *count && r->status == TN_OK; i++) {
        item_begin(r, i, 4);
        line[i].date = number(r, "     \"date\": ", UINT32_MAX);
        line[i].minute = number(r, ",\n     \"minute\": ", 1439);
        line[i].seats = number(r, ",\n     \"free\": ", TN_DRAW_SEATS_MAX);
        item_end(r, 4);
    }
    list_end(r, *count, 4);
    return line;
}

static void ports_read(struct reader *r, struct tn_draw_input *input)
{
    struct tn_draw_port *ports;

    expect(r, ",\n \"ports\": ");
    ports = list_begin(r, 2, sizeof(*ports), TN_DRAW_PORT_COUNT_MAX, &input->port_count);
    for (uint32_t i = 0; i < input->port_count && r->status == TN_OK; i++) {
        item_begin(r, i, 2);
        ports[i].port = (uint16_t) number(r, "   \"port\": ", UINT16_MAX);
        ports[i].pcredit = signed_number(r, ",\n   \"pcredit\": ");
        ports[i].acc = (uint32_t) number(r, ",\n   \"acc\": ", TN_DRAW_PPM - 1);
        ports[i].line = line_read(r, &ports[i].line_count);
        if (input->packing == TN_DRAW_HARD) {
            ports[i].held = held_read(r, ports[i].port, &ports[i].held_count);
        }
        item_end(r, 2);
    }
    list_end(r, input->port_count, 2);
    input->ports = ports;
}

static void witnesses_read(struct reader *r, struct tn_draw_input *input)
{
    struct tn_draw_witness *witnesses;

    expect(r, ",\n \"witnesses\": ");
    witnesses =
        list_begin(r, 2, sizeof(*witnesses), TN_DRAW_WITNESS_COUNT_MAX, &input->witness_count);
    for (uint32_t i = 0; i < input->witness_count && r->status == TN_OK; i++) {
        item_begin(r, i, 2);
        hex(r, "   \"id\": ", witnesses[i].id, TN_ID_SIZE);
        hex(r, ",\n   \"secret\": ", witnesses[i].secret, TN_HASH_SIZE);
        item_end(r, 2);
        if (i > 0 && memcmp(witnesses[i - 1].id, witnesses[i].id, TN_ID_SIZE) >= 0) {
            fail(r, TN_INVALID, "witnesses do not ascend by id");
        }
    }
    list_end(r, input->witness_count, 2);
    input->witnesses = witnesses;
}

static void beacon_read(struct reader *r, struct tn_draw_beacon *beacon)
{
    const uint8_t *quote = NULL;
    size_t size = 0;
    uint8_t *raw;

    beacon->type = (uint8_t) number(r, ",\n \"beacon\": {\n  \"type\": ", TN_DRAW_BEACON_MANUAL);
    beacon->round = number(r, ",\n  \"round\": ", UINT64_MAX);
    hex(r, ",\n  \"chain_hash\": ", beacon->chain_hash, TN_HASH_SIZE);
    expect(r, ",\n  \"raw\": ");
    if (r->status == TN_OK && r->end - r->at > 1) {
        quote = memchr(r->at + 1, '"', (size_t) (r->end - r->at - 1));
    }
    if (quote != NULL) {
        size = (size_t) (quote - r->at - 1) / 2;
    }
    if (quote == NULL || size > TN_DRAW_RAW_SIZE_MAX) {
        fail(r, TN_INVALID, "expected the beacon's raw bytes, at most 256");
        return;
    }
    raw = tn_arena_alloc(r->arena, size);
    if (raw == NULL) {
        fail(r, TN_FULL, "the arena is too small");
        return;
    }
    hex(r, "", raw, size);
    beacon->raw = tn_bytes(raw, size);
    expect(r, "\n }");
}

static void group_read(struct reader *r, struct tn_draw_group *group)
{
    hex(r, "   \"gid\": ", group->gid, TN_ID_SIZE);
    group->size = (uint8_t) number(r, ",\n   \"size\": ", UINT8_MAX);
    expect(r, ",\n   \"ports\": [\n    ");
    do {
        if (group->port_count == TN_DRAW_GROUP_PORT_COUNT_MAX) {
            fail(r, TN_INVALID, "a group asks for at most four ports");
            return;
        }
        group->ports[group->port_count++] = (uint16_t) number(r, "", UINT16_MAX);
    } while (accept(r, ",\n    "));
    expect(r, "\n   ],\n   ");
    group->opened = accept(r, "\"salt\": ");
    if (group->opened) {
        hex(r, "", group->salt, TN_ID_SIZE);
        group->registered_day = (uint32_t) number(r, ",\n   \"registered_day\": ", UINT32_MAX);
    } else {
        hex(r, "\"attr\": ", group->attr, TN_HASH_SIZE);
    }
    group->flags = (uint16_t) number(r, ",\n   \"flags\": ", UINT16_MAX);
}

static void groups_read(struct reader *r, struct tn_transcript *transcript)
{
    struct tn_draw_group *groups;
    uint32_t *count = &transcript->input.group_count;

    expect(r, ",\n \"groups\": ");
    groups = list_begin(r, 2, sizeof(*groups), TN_DRAW_GROUP_COUNT_MAX, count);
    for (uint32_t i = 0; i < *count && r->status == TN_OK; i++) {
        item_begin(r, i, 2);
        group_read(r, &groups[i]);
        item_end(r, 2);
        if (i > 0 && memcmp(groups[i - 1].gid, groups[i].gid, TN_ID_SIZE) >= 0) {
            fail(r, TN_INVALID, "groups do not ascend by gid");
        }
        if (transcript->audience == TN_TRANSCRIPT_AUDITOR && !groups[i].opened) {
            fail(r, TN_INVALID, "an auditor's transcript opens every group");
        }
    }
    list_end(r, *count, 2);
    transcript->input.groups = groups;
}

static void winners_read(struct reader *r, struct tn_transcript *transcript)
{
    struct tn_transcript_winner *winners;
    uint32_t *count = &transcript->winner_count;

    expect(r, ",\n \"winners\": ");
    winners = list_begin(r, 2, sizeof(*winners), TN_DRAW_GROUP_COUNT_MAX, count);
    for (uint32_t i = 0; i < *count && r->status == TN_OK; i++) {
        item_begin(r, i, 2);
        hex(r, "   \"gid\": ", winners[i].gid, TN_ID_SIZE);
        winners[i].port = (uint16_t) number(r, ",\n   \"port\": ", UINT16_MAX);
        winners[i].basis = basis(r, ",\n   \"basis\": ");
        winners[i].rank = (uint32_t) number(r, ",\n   \"rank\": ", UINT32_MAX);
        winners[i].date = (uint32_t) number(r, ",\n   \"date\": ", UINT32_MAX);
        winners[i].minute = (uint16_t) number(r, ",\n   \"minute\": ", 1439);
        item_end(r, 2);
    }
    list_end(r, *count, 2);
    transcript->winners = winners;
}

static void after_read(struct reader *r, struct tn_transcript *transcript)
{
    struct tn_draw_after *after;
    uint32_t *count = &transcript->after_count;

    expect(r, ",\n \"after\": ");
    after = list_begin(r, 2, sizeof(*after), TN_DRAW_PORT_COUNT_MAX, count);
    for (uint32_t i = 0; i < *count && r->status == TN_OK; i++) {
        item_begin(r, i, 2);
        after[i].port = (uint16_t) number(r, "   \"port\": ", UINT16_MAX);
        after[i].pcredit = signed_number(r, ",\n   \"pcredit\": ");
        after[i].acc = (uint32_t) number(r, ",\n   \"acc\": ", TN_DRAW_PPM - 1);
        after[i].over = (uint32_t) number(r, ",\n   \"over\": ", UINT32_MAX);
        if (transcript->input.packing == TN_DRAW_HARD) {
            after[i].held = held_read(r, after[i].port, &after[i].held_count);
        }
        item_end(r, 2);
    }
    list_end(r, *count, 2);
    transcript->after = after;
}

static void head_read(struct reader *r, struct tn_transcript *transcript)
{
    struct tn_draw_input *input = &transcript->input;

    expect(r, "{\n \"format\": \"turno-draw-1\",\n \"audience\": ");
    transcript->audience = TN_TRANSCRIPT_AUDITOR;
    if (!accept(r, "\"auditor\"")) {
        expect(r, "\"public\"");
        transcript->audience = TN_TRANSCRIPT_PUBLIC;
    }
    input->day = (uint32_t) number(r, ",\n \"day\": ", UINT32_MAX);
    input->policy = (uint32_t) number(r, ",\n \"policy\": ", UINT32_MAX);
    input->mode = (uint8_t) number(r, ",\n \"mode\": ", TN_DRAW_BOUND);
    input->share_ppm = (uint32_t) number(r, ",\n \"share_ppm\": ", TN_DRAW_PPM);
    expect(r, ",\n \"packing\": ");
    input->packing = TN_DRAW_HARD;
    if (!accept(r, "\"hard\"")) {
        expect(r, "\"straddle\"");
        input->packing = TN_DRAW_STRADDLE;
    }
}

size_t tn_transcript_memory(size_t size)
{
    /* The densest items are held groups (some 90 bytes for 17) and slots (60 for 24); a group of
     * some 190 bytes takes 92, a winner of 150 takes 32 and perhaps 20 more as a given. */
    return size + ((size_t) 1 << 20);
}

enum tn_status tn_transcript_read(struct tn_bytes file, struct tn_arena *arena,
                                  struct tn_transcript *transcript, struct tn_error *error)
{
    struct reader r = {.start = file.data, .at = file.data, .arena = arena, .error = error};

    memset(transcript, 0, sizeof(*transcript));
    if (file.size > TN_TRANSCRIPT_SIZE_MAX) {
        return tn_fail(error, TN_FULL, "transcript: %zu bytes, more than %zu", file.size,
                       TN_TRANSCRIPT_SIZE_MAX);
    }
    if (file.size == 0) {
        return tn_fail(error, TN_INVALID, "transcript: the file is empty");
    }
    r.end = file.data + file.size;
    head_read(&r, transcript);
    ports_read(&r, &transcript->input);
    hex(&r, ",\n \"secret\": ", transcript->input.secret, TN_HASH_SIZE);
    witnesses_read(&r, &transcript->input);
    beacon_read(&r, &transcript->input.beacon);
    groups_read(&r, transcript);
    transcript->complete = transcript->audience == TN_TRANSCRIPT_PUBLIC || !accept(&r, "\n}\n");
    if (transcript->complete) {
        hex(&r, ",\n \"root\": ", transcript->root, TN_HASH_SIZE);
        hex(&r, ",\n \"seed\": ", transcript->seed, TN_HASH_SIZE);
        winners_read(&r, transcript);
        hex(&r, ",\n \"winners_root\": ", transcript->winners_root, TN_HASH_SIZE);
        after_read(&r, transcript);
        expect(&r, "\n}\n");
    }
    if (r.status == TN_OK && r.at != r.end) {
        fail(&r, TN_INVALID, "bytes after the end");
    }
    if (r.status == TN_OK && transcript->audience == TN_TRANSCRIPT_PUBLIC) {
        r.status = tn_transcript_givens(transcript, arena, error);
    }
    if (r.status != TN_OK) {
        memset(transcript, 0, sizeof(*transcript));
    }
    return r.status;
}
