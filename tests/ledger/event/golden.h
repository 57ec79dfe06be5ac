/* The committed entries of every kind and version: tests/golden/events/<kind>.<version>.hex, one
 * entry in hexadecimal a line: full, least, edge (sample.h). */
#ifndef TN_TESTS_LEDGER_EVENT_GOLDEN_H
#define TN_TESTS_LEDGER_EVENT_GOLDEN_H

#include <dirent.h>

#include "tests/ledger/event/sample.h"

#define GOLDEN_FOLDER "tests/golden/events"

/* The whole file, or nothing when there is none. */
static inline void golden_read(const char *name, struct tn_buffer *out)
{
    char path[300];
    uint8_t piece[4096];
    size_t size;
    FILE *file;

    (void) snprintf(path, sizeof(path), "%s/%s", GOLDEN_FOLDER, name);
    file = fopen(path, "rb");
    if (file == NULL) {
        return;
    }
    while ((size = fread(piece, 1, sizeof(piece), file)) > 0) {
        tn_buffer_append(out, piece, size);
    }
    (void) fclose(file);
}

static inline int golden_is_hex(const struct dirent *entry)
{
    size_t length = strlen(entry->d_name);

    return length > 4 && strcmp(entry->d_name + length - 4, ".hex") == 0;
}

typedef void golden_entry(void *context, const char *file, struct tn_bytes entry);

/* Calls `each` with every entry of one file; the number of entries. */
static inline size_t golden_each_of(const char *file, golden_entry *each, void *context)
{
    struct tn_buffer text;
    size_t entries = 0;

    tn_buffer_init(&text, (size_t) 1 << 20);
    golden_read(file, &text);
    for (size_t at = 0; at < text.size;) {
        const uint8_t *end = memchr(text.data + at, '\n', text.size - at);
        size_t length = end == NULL ? 0 : (size_t) (end - text.data) - at;
        uint8_t *entry = malloc(length / 2 + 1);

        TN_CHECK(end != NULL && entry != NULL);
        TN_CHECK(tn_hex_decode(tn_bytes(text.data + at, length), entry, length / 2) == TN_OK);
        each(context, file, tn_bytes(entry, length / 2));
        free(entry);
        entries++;
        at += length + 1;
    }
    tn_buffer_close(&text);
    return entries;
}

/* Calls `each` with every committed entry, in the order of file names; the number of entries. */
static inline size_t golden_each(golden_entry *each, void *context)
{
    struct dirent **files = NULL;
    int count = scandir(GOLDEN_FOLDER, &files, golden_is_hex, alphasort);
    size_t entries = 0;

    for (int i = 0; i < count; i++) {
        entries += golden_each_of(files[i]->d_name, each, context);
        free(files[i]);
    }
    free(files);
    return entries;
}

#endif
