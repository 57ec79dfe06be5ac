/* Leaves of a sealed projection on disk. */
#include "projections/seal_file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ledger/base/check.h"
#include "ledger/base/endian.h"

#define HEADER_BYTES 32u
/* Tile roots of three levels: four thousand million rows. */
#define LEVELS 4
#define LEVEL_BYTES_MAX ((size_t) 64 << 20)

static const uint8_t magic[4] = {'T', 'N', 'L', 1};

/* ---- writing ---- */

struct tn_seal_writer {
    FILE *file;
    char path[PATH_MAX];
    char beside[PATH_MAX];
    uint64_t upto;
    size_t key_size;
    bool failed;
    struct tn_tree tree;
    struct tn_buffer levels[LEVELS]; /* tile roots from level 1 on */
};

static void keep_tile(void *context, unsigned level, uint64_t index, const uint8_t *hashes)
{
    struct tn_seal_writer *writer = context;

    (void) index;
    if (level > 0 && level < LEVELS) {
        tn_buffer_append(&writer->levels[level], hashes, TN_TILE_BYTES);
    }
}

struct tn_seal_writer *tn_seal_writer_create(const char *path, uint64_t upto)
{
    struct tn_seal_writer *writer = calloc(1, sizeof(*writer));
    uint8_t header[HEADER_BYTES] = {0};
    int size;

    if (writer == NULL) {
        return NULL;
    }
    writer->upto = upto;
    tn_tree_init(&writer->tree);
    for (size_t i = 0; i < LEVELS; i++) {
        tn_buffer_init(&writer->levels[i], LEVEL_BYTES_MAX);
    }
    (void) snprintf(writer->path, sizeof(writer->path), "%s", path);
    size = snprintf(writer->beside, sizeof(writer->beside), "%s.part", path);
    writer->failed = size < 0 || (size_t) size >= sizeof(writer->beside);
    writer->file = writer->failed ? NULL : fopen(writer->beside, "wbe");
    writer->failed = writer->file == NULL ||
                     fwrite(header, 1, sizeof(header), writer->file) != sizeof(header);
    return writer;
}

void tn_seal_writer_add(struct tn_seal_writer *writer, struct tn_bytes key,
                        const uint8_t leaf[static TN_HASH_SIZE])
{
    if (tn_tree_size(&writer->tree) == 0) {
        writer->key_size = key.size;
    }
    writer->failed = writer->failed || key.size != writer->key_size || key.size == 0 ||
                     fwrite(key.data, 1, key.size, writer->file) != key.size ||
                     fwrite(leaf, 1, TN_HASH_SIZE, writer->file) != TN_HASH_SIZE;
    if (!writer->failed) {
        tn_tree_append_hash(&writer->tree, leaf, keep_tile, writer);
    }
}

static bool write_end(struct tn_seal_writer *writer)
{
    uint8_t header[HEADER_BYTES] = {0};

    for (unsigned level = 1; level < LEVELS; level++) {
        unsigned width = 0;
        const uint8_t *growing = tn_tree_growing(&writer->tree, level, &width);
        struct tn_buffer *full = &writer->levels[level];

        if (full->overflowed || fwrite(full->data, 1, full->size, writer->file) != full->size ||
            fwrite(growing, TN_HASH_SIZE, width, writer->file) != width) {
            return false;
        }
    }
    memcpy(header, magic, sizeof(magic));
    tn_put_be32(header + 4, (uint32_t) writer->key_size);
    tn_put_be64(header + 8, writer->upto);
    tn_put_be64(header + 16, tn_tree_size(&writer->tree));
    return fseek(writer->file, 0, SEEK_SET) == 0 &&
           fwrite(header, 1, sizeof(header), writer->file) == sizeof(header);
}

enum tn_status tn_seal_writer_close(struct tn_seal_writer *writer, bool keep,
                                    struct tn_error *error)
{
    enum tn_status status = TN_OK;
    bool good;

    if (writer == NULL) {
        return tn_fail(error, TN_MEMORY, "no memory to keep the leaves of a seal");
    }
    good = keep && !writer->failed && write_end(writer);
    if (writer->file != NULL) {
        good = fclose(writer->file) == 0 && good;
        good = good && rename(writer->beside, writer->path) == 0;
        if (!good) {
            (void) remove(writer->beside);
        }
    }
    if (keep && !good) {
        status =
            tn_fail(error, TN_IO, "%s could not be written: %s", writer->path, strerror(errno));
    }
    for (size_t i = 0; i < LEVELS; i++) {
        tn_buffer_close(&writer->levels[i]);
    }
    free(writer);
    return status;
}

/* ---- reading ---- */

static enum tn_status read_at(const struct tn_seal_file *file, uint64_t offset, void *out,
                              size_t size, struct tn_error *error)
{
    ssize_t got = pread(file->file, out, size, (off_t) offset);

    return got >= 0 && (size_t) got == size ? TN_OK
                                            : tn_fail(error, TN_CORRUPT,
                                                      "the leaves of the seal up to entry %" PRIu64
                                                      " end early; the next seal has its own",
                                                      file->upto);
}

enum tn_status tn_seal_file_open(struct tn_seal_file *file, const char *path,
                                 struct tn_error *error)
{
    uint8_t header[HEADER_BYTES];
    enum tn_status status;

    memset(file, 0, sizeof(*file));
    file->file = open(path, O_RDONLY | O_CLOEXEC);
    if (file->file < 0) {
        return tn_fail(error, TN_NOT_FOUND, "%s: %s", path, strerror(errno));
    }
    status = read_at(file, 0, header, sizeof(header), error);
    if (status == TN_OK) {
        file->key_size = tn_get_be32(header + 4);
        file->upto = tn_get_be64(header + 8);
        file->rows = tn_get_be64(header + 16);
        if (memcmp(header, magic, sizeof(magic)) != 0 || file->key_size > TN_ROW_KEY_MAX ||
            file->rows > UINT32_MAX) {
            status = tn_fail(error, TN_CORRUPT, "%s does not hold the leaves of a seal", path);
        }
    }
    return status;
}

void tn_seal_file_close(struct tn_seal_file *file)
{
    if (file->file > 0) {
        (void) close(file->file);
    }
    file->file = 0;
}

static size_t record_bytes(const struct tn_seal_file *file)
{
    return file->key_size + TN_HASH_SIZE;
}

enum tn_status tn_seal_file_find(const struct tn_seal_file *file, struct tn_bytes key, bool *found,
                                 uint64_t *position, uint8_t leaf[static TN_HASH_SIZE],
                                 struct tn_error *error)
{
    uint8_t record[TN_ROW_KEY_MAX + TN_HASH_SIZE];
    uint64_t from = 0;
    uint64_t end = file->rows;
    enum tn_status status = TN_OK;

    *found = false;
    *position = 0;
    while (status == TN_OK && !*found && from < end) {
        uint64_t middle = from + (end - from) / 2;
        int order;

        status = read_at(file, HEADER_BYTES + middle * record_bytes(file), record,
                         record_bytes(file), error);
        order = status == TN_OK ? tn_bytes_compare(key, tn_bytes(record, file->key_size)) : 0;
        if (order < 0) {
            end = middle;
        } else if (order > 0) {
            from = middle + 1;
        } else if (status == TN_OK) {
            *found = true;
            *position = middle;
            memcpy(leaf, record + file->key_size, TN_HASH_SIZE);
        }
    }
    return status;
}

static enum tn_status read_tile(void *context, unsigned level, uint64_t index, unsigned width,
                                uint8_t *hashes, struct tn_error *error)
{
    const struct tn_seal_file *file = context;
    uint64_t offset = HEADER_BYTES + file->rows * record_bytes(file);
    uint8_t records[TN_TILE_WIDTH * (TN_ROW_KEY_MAX + TN_HASH_SIZE)];
    enum tn_status status;

    TN_CHECK(width <= TN_TILE_WIDTH && level < LEVELS);
    if (level > 0) {
        for (unsigned below = 1; below < level; below++) {
            offset += (file->rows >> (TN_TILE_HEIGHT * below)) * TN_HASH_SIZE;
        }
        return read_at(file, offset + index * TN_TILE_BYTES, hashes, width * TN_HASH_SIZE, error);
    }
    status = read_at(file, HEADER_BYTES + index * TN_TILE_WIDTH * record_bytes(file), records,
                     width * record_bytes(file), error);
    for (unsigned i = 0; status == TN_OK && i < width; i++) {
        memcpy(hashes + i * TN_HASH_SIZE, records + i * record_bytes(file) + file->key_size,
               TN_HASH_SIZE);
    }
    return status;
}

enum tn_status tn_seal_file_prove(const struct tn_seal_file *file, uint64_t position,
                                  uint8_t proof[static TN_PROOF_HASHES_MAX * TN_HASH_SIZE],
                                  size_t *count, struct tn_error *error)
{
    struct tn_seal_file copy = *file;

    return tn_tree_prove_inclusion(read_tile, &copy, position, file->rows, proof, count, error);
}
