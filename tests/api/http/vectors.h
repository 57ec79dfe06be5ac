/* Test vectors that lie beside the checkout, when they are there. */
#ifndef TN_TESTS_API_HTTP_VECTORS_H
#define TN_TESTS_API_HTTP_VECTORS_H

#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/base/bytes.h"

#define VECTORS_ROOT "../shared/vectors/"

/* The whole file, to be freed; data is NULL when it cannot be read. */
static inline struct tn_bytes vector_read(const char *folder, const char *name)
{
    char path[512];
    (void) snprintf(path, sizeof(path), VECTORS_ROOT "%s/%s", folder, name);
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        return tn_bytes(NULL, 0);
    }
    size_t room = 4u * 1024 * 1024;
    uint8_t *data = malloc(room);
    size_t size = data == NULL ? 0 : fread(data, 1, room, file);
    (void) fclose(file);
    return tn_bytes(data, size);
}

static inline void vector_free(struct tn_bytes bytes)
{
    free((void *) (uintptr_t) bytes.data);
}

/* Call `each` for every file of a folder whose name ends in `suffix`; how many there were. */
static inline size_t vectors_each(const char *folder, const char *suffix,
                                  void (*each)(const char *name, struct tn_bytes text))
{
    char path[512];
    (void) snprintf(path, sizeof(path), VECTORS_ROOT "%s", folder);
    struct dirent **entries = NULL;
    int found = scandir(path, &entries, NULL, alphasort);
    size_t count = 0;
    for (int i = 0; i < found; i++) {
        const char *name = entries[i]->d_name;
        size_t size = strlen(name);
        size_t ending = strlen(suffix);
        if (size > ending && strcmp(name + size - ending, suffix) == 0) {
            struct tn_bytes text = vector_read(folder, name);
            if (text.data != NULL) {
                each(name, text);
                count++;
            }
            vector_free(text);
        }
        free(entries[i]);
    }
    free(entries);
    return count;
}

#endif
