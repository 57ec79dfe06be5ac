/* A fuzz target as a regression test: every file of the corpus, mutants of them, and made-up bytes,
 * the same on every run. Usage: replay_NAME CORPUS_FOLDER (which need not exist). */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/base/random.h"
#include "tests/fuzz/fuzz.h"

#define INPUT_SIZE_MAX ((size_t) 1024 * 1024)
#define MUTANTS_PER_FILE 200
#define MADE_UP 4000

#pragma weak LLVMFuzzerInitialize

static size_t ran;

/* The target gets a copy of exactly the input's size, so that a sanitizer sees one byte too many.
 */
static void run(const uint8_t *data, size_t size)
{
    uint8_t *copy = malloc(size == 0 ? 1 : size);
    if (copy == NULL) {
        abort();
    }
    if (size != 0) {
        memcpy(copy, data, size);
    }
    (void) LLVMFuzzerTestOneInput(copy, size);
    free(copy);
    ran++;
}

/* One to four small changes in place; the new size. */
static size_t mutate(struct tn_random *random, uint8_t *data, size_t size)
{
    uint64_t changes = 1 + tn_random_below(random, 4);
    for (uint64_t i = 0; i < changes && size > 0; i++) {
        size_t at = (size_t) tn_random_below(random, size);
        switch (tn_random_below(random, 5)) {
        case 0:
            data[at] = (uint8_t) tn_random_below(random, 256);
            break;
        case 1:
            data[at] ^= (uint8_t) (1u << tn_random_below(random, 8));
            break;
        case 2:
            size = at;
            break;
        case 3: /* take a piece out */
            memmove(data + at, data + at + 1, size - at - 1);
            size--;
            break;
        default: /* say a piece twice */
            if (size < INPUT_SIZE_MAX) {
                memmove(data + at + 1, data + at, size - at);
                size++;
            }
            break;
        }
    }
    return size;
}

static void replay_file(const char *path, uint64_t number)
{
    static uint8_t original[INPUT_SIZE_MAX];
    static uint8_t mutant[INPUT_SIZE_MAX];
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        (void) fprintf(stderr, "cannot open %s\n", path);
        exit(1);
    }
    size_t size = fread(original, 1, sizeof(original), file);
    (void) fclose(file);
    run(original, size);
    struct tn_random random;
    tn_random_init_seeded(&random, 1, "mutants", number);
    for (int i = 0; i < MUTANTS_PER_FILE; i++) {
        memcpy(mutant, original, size);
        run(mutant, mutate(&random, mutant, size));
    }
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static int is_visible(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static void replay_folder(const char *folder)
{
    struct dirent **entries = NULL;
    int count = scandir(folder, &entries, is_visible, by_name);
    if (count < 0) {
        (void) printf("no corpus at %s\n", folder);
        return;
    }
    for (int i = 0; i < count; i++) {
        char path[4096];
        (void) snprintf(path, sizeof(path), "%s/%s", folder, entries[i]->d_name);
        replay_file(path, (uint64_t) i);
        free(entries[i]);
    }
    free(entries);
}

/* Half of them any bytes, half printable, since most of our formats are text or have text in them.
 */
static void replay_made_up(void)
{
    static uint8_t data[4096];
    for (uint64_t number = 0; number < MADE_UP; number++) {
        struct tn_random random;
        tn_random_init_seeded(&random, 2, "made up", number);
        size_t limit = tn_random_below(&random, 10) == 0 ? sizeof(data) : 64;
        size_t size = (size_t) tn_random_below(&random, limit);
        tn_random_fill(&random, data, size);
        for (size_t i = 0; number % 2 == 0 && i < size; i++) {
            data[i] = (uint8_t) (0x20 + data[i] % 0x5f);
        }
        run(data, size);
    }
}

int main(int argc, char **argv)
{
    if (LLVMFuzzerInitialize != NULL) {
        (void) LLVMFuzzerInitialize(&argc, &argv);
    }
    run(NULL, 0);
    if (argc > 1) {
        replay_folder(argv[1]);
    }
    replay_made_up();
    (void) printf("%zu inputs\n", ran);
    return 0;
}
