/* Writing transcripts: json.dumps(x, indent=1) by hand, member by member (spec/draw.md 9). */
#include <inttypes.h>
#include <string.h>

#include "ledger/rules/transcript.h"

/* The file goes out in pieces of about this size, so that 65 MB need no 65 MB buffer. */
#define PIECE_SIZE ((size_t) 64 << 10)
/* More than the longest item that is written between two looks at the piece's size: a slot, a
 * winner, or a group with four ports and everything opened (some 330 bytes), or the head with a raw
 * beacon. */
#define ITEM_SIZE_MAX ((size_t) 4 << 10)

struct writer {
    struct tn_buffer piece;
    tn_transcript_sink *sink;
    void *context;
    enum tn_status status;
};

static void writer_flush(struct writer *w, size_t threshold)
{
    if (w->status != TN_OK || w->piece.size < threshold) {
        return;
    }
    w->status = tn_buffer_status(&w->piece);
    if (w->status == TN_OK && w->piece.size > 0) {
        w->status = w->sink(w->context, tn_buffer_view(&w->piece));
    }
    tn_buffer_reset(&w->piece);
}

static void text(struct writer *w, const char *words)
{
    tn_buffer_append_string(&w->piece, words);
}

static void number(struct writer *w, const char *before, uint64_t value)
{
    char digits[20];
    size_t at = sizeof(digits);

    do {
        digits[--at] = (char) ('0' + value % 10);
        value /= 10;
    } while (value != 0);
    text(w, before);
    tn_buffer_append(&w->piece, digits + at, sizeof(digits) - at);
}

static void signed_number(struct writer *w, const char *before, int64_t value)
{
    text(w, before);
    if (value < 0) {
        number(w, "-", (uint64_t) -value);
    } else {
        number(w, "", (uint64_t) value);
    }
}

static void hex(struct writer *w, const char *before, const uint8_t *data, size_t size)
{
    text(w, before);
    text(w, "\"");
    tn_buffer_append_hex(&w->piece, data, size);
    text(w, "\"");
}

static const char *basis_name(uint8_t basis)
{
    return basis == TN_DRAW_SENIORITY ? "\"seniority\"" : "\"lottery\"";
}

/* A list's beginning before item `i`, or between items; `indent` is the items' own. */
static void item_begin(struct writer *w, uint32_t i, const char *indent)
{
    text(w, i == 0 ? "[\n" : ",\n");
    text(w, indent);
    text(w, "{\n");
}

static void list_end(struct writer *w, uint32_t count, const char *indent)
{
    if (count == 0) {
        text(w, "[]");
    } else {
        text(w, "\n");
        text(w, indent);
        text(w, "]");
    }
}

/* Held lists stand in ports and in after at the same depth. */
static void held_write(struct writer *w, uint16_t port, const struct tn_draw_held *held,
                       uint32_t count)
{
    text(w, ",\n   \"held\": ");
    for (uint32_t i = 0; i < count; i++) {
        item_begin(w, i, "    ");
        hex(w, "     \"gid\": ", held[i].gid, TN_ID_SIZE);
        number(w, ",\n     \"port\": ", port);
        text(w, ",\n     \"basis\": ");
        text(w, basis_name(held[i].basis));
        text(w, "\n    }");
        writer_flush(w, PIECE_SIZE);
    }
    list_end(w, count, "   ");
}

static void ports_write(struct writer *w, const struct tn_draw_input *input)
{
    text(w, ",\n \"ports\": ");
    for (uint32_t p = 0; p < input->port_count; p++) {
        const struct tn_draw_port *port = &input->ports[p];

        item_begin(w, p, "  ");
        number(w, "   \"port\": ", port->port);
        signed_number(w, ",\n   \"pcredit\": ", port->pcredit);
        number(w, ",\n   \"acc\": ", port->acc);
        text(w, ",\n   \"line\": ");
        for (uint32_t i = 0; i < port->line_count; i++) {
            item_begin(w, i, "    ");
            number(w, "     \"date\": ", port->line[i].date);
            number(w, ",\n     \"minute\": ", port->line[i].minute);
            number(w, ",\n     \"free\": ", port->line[i].seats);
            text(w, "\n    }");
            writer_flush(w, PIECE_SIZE);
        }
        list_end(w, port->line_count, "   ");
        if (input->packing == TN_DRAW_HARD) {
            held_write(w, port->port, port->held, port->held_count);
        }
        text(w, "\n  }");
    }
    list_end(w, input->port_count, " ");
}

/* Witnesses enter the seed sorted by id, and stand so in the file. The smallest not yet written is
 * looked for each time: there are a handful. */
static void witnesses_write(struct writer *w, const struct tn_draw_input *input)
{
    const struct tn_draw_witness *last = NULL;

    text(w, ",\n \"witnesses\": ");
    for (uint32_t i = 0; i < input->witness_count; i++) {
        const struct tn_draw_witness *next = NULL;

        for (uint32_t j = 0; j < input->witness_count; j++) {
            const struct tn_draw_witness *other = &input->witnesses[j];

            if ((last == NULL || memcmp(other->id, last->id, TN_ID_SIZE) > 0) &&
                (next == NULL || memcmp(other->id, next->id, TN_ID_SIZE) < 0)) {
                next = other;
            }
        }
        if (next == NULL) {
            break; /* equal ids: tn_draw_run has refused them */
        }
        item_begin(w, i, "  ");
        hex(w, "   \"id\": ", next->id, TN_ID_SIZE);
        hex(w, ",\n   \"secret\": ", next->secret, TN_HASH_SIZE);
        text(w, "\n  }");
        writer_flush(w, PIECE_SIZE);
        last = next;
    }
    list_end(w, input->witness_count, " ");
}

static void beacon_write(struct writer *w, const struct tn_draw_beacon *beacon)
{
    number(w, ",\n \"beacon\": {\n  \"type\": ", beacon->type);
    number(w, ",\n  \"round\": ", beacon->round);
    hex(w, ",\n  \"chain_hash\": ", beacon->chain_hash, TN_HASH_SIZE);
    hex(w, ",\n  \"raw\": ", beacon->raw.data, beacon->raw.size);
    text(w, "\n }");
}

static void group_write(struct writer *w, const struct tn_draw_group *group, bool opened)
{
    hex(w, "   \"gid\": ", group->gid, TN_ID_SIZE);
    number(w, ",\n   \"size\": ", group->size);
    text(w, ",\n   \"ports\": [");
    for (uint32_t i = 0; i < group->port_count; i++) {
        number(w, i == 0 ? "\n    " : ",\n    ", group->ports[i]);
    }
    if (opened) {
        hex(w, "\n   ],\n   \"salt\": ", group->salt, TN_ID_SIZE);
        number(w, ",\n   \"registered_day\": ", group->registered_day);
    } else {
        uint8_t attr[TN_HASH_SIZE];

        tn_draw_group_attr(group, attr);
        hex(w, "\n   ],\n   \"attr\": ", attr, sizeof(attr));
    }
    number(w, ",\n   \"flags\": ", group->flags);
    text(w, "\n  }");
}

/* `open` marks, by group index, who is opened to the public: the seniority winners. */
static enum tn_status groups_write(struct writer *w, enum tn_transcript_audience audience,
                                   const struct tn_draw_input *input,
                                   const struct tn_draw_result *result, struct tn_error *error)
{
    struct tn_arena arena;
    bool *open;

    tn_arena_init(&arena, input->group_count + ((size_t) 64 << 10));
    open = tn_arena_array(&arena, input->group_count, sizeof(*open));
    if (open == NULL) {
        w->status =
            tn_fail(error, TN_MEMORY, "transcript: no memory for %u groups", input->group_count);
        goto out;
    }
    for (uint32_t i = 0; i < result->winner_count; i++) {
        open[result->winners[i].group] = result->winners[i].basis == TN_DRAW_SENIORITY;
    }
    text(w, ",\n \"groups\": ");
    for (uint32_t i = 0; i < result->order_count && w->status == TN_OK; i++) {
        uint32_t index = result->order[i];
        bool opened = audience == TN_TRANSCRIPT_AUDITOR || open[index];

        if (opened && !input->groups[index].opened) {
            w->status = tn_fail(error, TN_INVALID,
                                "transcript: group %u of the pool has no salt and registered day",
                                i);
            break;
        }
        item_begin(w, i, "  ");
        group_write(w, &input->groups[index], opened);
        writer_flush(w, PIECE_SIZE);
    }
    list_end(w, result->order_count, " ");
out:
    tn_arena_close(&arena);
    return w->status;
}

static void winners_write(struct writer *w, const struct tn_draw_result *result)
{
    text(w, ",\n \"winners\": ");
    for (uint32_t i = 0; i < result->winner_count; i++) {
        const struct tn_draw_winner *winner = &result->winners[i];

        item_begin(w, i, "  ");
        hex(w, "   \"gid\": ", winner->gid, TN_ID_SIZE);
        number(w, ",\n   \"port\": ", winner->port);
        text(w, ",\n   \"basis\": ");
        text(w, basis_name(winner->basis));
        number(w, ",\n   \"rank\": ", winner->rank);
        number(w, ",\n   \"date\": ", winner->date);
        number(w, ",\n   \"minute\": ", winner->minute);
        text(w, "\n  }");
        writer_flush(w, PIECE_SIZE);
    }
    list_end(w, result->winner_count, " ");
}

static void after_write(struct writer *w, const struct tn_draw_input *input,
                        const struct tn_draw_result *result)
{
    text(w, ",\n \"after\": ");
    for (uint32_t i = 0; i < result->after_count; i++) {
        const struct tn_draw_after *after = &result->after[i];

        item_begin(w, i, "  ");
        number(w, "   \"port\": ", after->port);
        signed_number(w, ",\n   \"pcredit\": ", after->pcredit);
        number(w, ",\n   \"acc\": ", after->acc);
        number(w, ",\n   \"over\": ", after->over);
        if (input->packing == TN_DRAW_HARD) {
            held_write(w, after->port, after->held, after->held_count);
        }
        text(w, "\n  }");
        writer_flush(w, PIECE_SIZE);
    }
    list_end(w, result->after_count, " ");
}

enum tn_status tn_transcript_stream(enum tn_transcript_audience audience,
                                    const struct tn_draw_input *input,
                                    const struct tn_draw_result *result, tn_transcript_sink *sink,
                                    void *context, struct tn_error *error)
{
    struct writer w = {.sink = sink, .context = context, .status = TN_OK};

    tn_buffer_init(&w.piece, PIECE_SIZE + ITEM_SIZE_MAX);
    text(&w, "{\n \"format\": \"turno-draw-1\",\n \"audience\": ");
    text(&w, audience == TN_TRANSCRIPT_AUDITOR ? "\"auditor\"" : "\"public\"");
    number(&w, ",\n \"day\": ", input->day);
    number(&w, ",\n \"policy\": ", input->policy);
    number(&w, ",\n \"mode\": ", input->mode);
    number(&w, ",\n \"share_ppm\": ", input->share_ppm);
    text(&w, ",\n \"packing\": ");
    text(&w, input->packing == TN_DRAW_HARD ? "\"hard\"" : "\"straddle\"");
    ports_write(&w, input);
    hex(&w, ",\n \"secret\": ", input->secret, TN_HASH_SIZE);
    witnesses_write(&w, input);
    beacon_write(&w, &input->beacon);
    if (groups_write(&w, audience, input, result, error) != TN_OK) {
        goto out;
    }
    hex(&w, ",\n \"root\": ", result->root, TN_HASH_SIZE);
    hex(&w, ",\n \"seed\": ", result->seed, TN_HASH_SIZE);
    winners_write(&w, result);
    hex(&w, ",\n \"winners_root\": ", result->winners_root, TN_HASH_SIZE);
    after_write(&w, input, result);
    text(&w, "\n}\n");
    writer_flush(&w, 0);
out:
    tn_buffer_close(&w.piece);
    return w.status;
}

static enum tn_status buffer_sink(void *context, struct tn_bytes piece)
{
    struct tn_buffer *out = context;

    tn_buffer_append_bytes(out, piece);
    return tn_buffer_status(out);
}

enum tn_status tn_transcript_write(enum tn_transcript_audience audience,
                                   const struct tn_draw_input *input,
                                   const struct tn_draw_result *result, struct tn_buffer *out,
                                   struct tn_error *error)
{
    return tn_transcript_stream(audience, input, result, buffer_sink, out, error);
}
