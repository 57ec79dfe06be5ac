/* Entries in, JSON out: the program's side of tests/golden/events_test.py.
 *
 *     events_twin < LINES
 *
 * Every line is an entry in hexadecimal; for each a line of JSON, with the number of the line as
 * its index, or the name of the status. Exit 0, or 2 when a line is not hexadecimal. */
#include <stdio.h>
#include <stdlib.h>

#include "ledger/event/event.h"

#define MEMORY ((size_t) 16 << 20)

static void write_line(struct tn_bytes entry, uint64_t index, struct tn_arena *arena,
                       struct tn_buffer *out)
{
    struct tn_error error = {0};
    enum tn_status status;

    tn_arena_reset(arena);
    tn_buffer_reset(out);
    status = tn_event_write_json(entry, index, arena, out, &error);
    if (status == TN_OK) {
        status = tn_buffer_status(out);
    }
    if (status == TN_OK) {
        (void) fwrite(out->data, 1, out->size, stdout);
        (void) putchar('\n');
    } else {
        (void) puts(tn_status_name(status));
    }
}

int main(void)
{
    char *line = NULL;
    size_t capacity = 0;
    uint64_t index = 0;
    int code = 0;
    struct tn_arena arena;
    struct tn_buffer out;

    tn_arena_init(&arena, MEMORY);
    tn_buffer_init(&out, MEMORY);
    for (ssize_t length; code == 0 && (length = getline(&line, &capacity, stdin)) >= 0; index++) {
        size_t size = (size_t) length;
        uint8_t *entry = malloc(size / 2 + 1);

        if (entry == NULL) {
            code = 4;
            break;
        }
        size -= size > 0 && line[size - 1] == '\n' ? 1 : 0;
        if (tn_hex_decode(tn_bytes(line, size), entry, size / 2) == TN_OK) {
            write_line(tn_bytes(entry, size / 2), index, &arena, &out);
        } else {
            (void) fprintf(stderr, "line %llu is not hexadecimal\n", (unsigned long long) index);
            code = 2;
        }
        free(entry);
    }
    free(line);
    tn_buffer_close(&out);
    tn_arena_close(&arena);
    return code;
}
