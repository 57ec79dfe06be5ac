/* Reads a transcript's input, draws again, and writes the whole transcript to standard output: the
 * program's side of tests/golden/draw_test.py.
 *
 *     draw_twin FILE [--public]
 *
 * Exit 0 done, 1 the file is not a transcript or states another result than the one recomputed. */
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "ledger/rules/transcript.h"

static enum tn_status stdout_sink(void *context, struct tn_bytes piece)
{
    (void) context;
    return fwrite(piece.data, 1, piece.size, stdout) == piece.size ? TN_OK : TN_IO;
}

static enum tn_status file_read(const char *path, struct tn_buffer *out)
{
    FILE *file = fopen(path, "rb");
    uint8_t piece[65536];
    size_t size;
    bool failed;

    if (file == NULL) {
        return TN_IO;
    }
    while ((size = fread(piece, 1, sizeof(piece), file)) > 0) {
        tn_buffer_append(out, piece, size);
    }
    failed = ferror(file) != 0;
    (void) fclose(file);
    return failed ? TN_IO : tn_buffer_status(out);
}

static enum tn_status twin(struct tn_bytes file, bool public, struct tn_error *error)
{
    struct tn_arena read_arena;
    struct tn_arena draw_arena;
    struct tn_transcript transcript;
    struct tn_transcript_report report;
    struct tn_draw_result result;
    enum tn_status status;

    tn_arena_init(&read_arena, tn_transcript_memory(file.size));
    tn_arena_init(&draw_arena, (size_t) 256 << 20);
    status = tn_transcript_read(file, &read_arena, &transcript, error);
    if (status == TN_OK && transcript.complete) {
        status = tn_transcript_recompute(file, &report, error);
    }
    if (status == TN_OK) {
        status = tn_draw_run(&transcript.input, &draw_arena, &result, error);
    }
    if (status == TN_OK) {
        status = tn_transcript_stream(public ? TN_TRANSCRIPT_PUBLIC : transcript.audience,
                                      &transcript.input, &result, stdout_sink, NULL, error);
    }
    tn_arena_close(&draw_arena);
    tn_arena_close(&read_arena);
    return status;
}

int main(int argc, char **argv)
{
    struct tn_buffer file;
    struct tn_error error = {0};
    enum tn_status status;
    bool public = argc == 3 && strcmp(argv[2], "--public") == 0;

    if (argc != 2 && !public) {
        (void) fprintf(stderr, "usage: draw_twin FILE [--public]\n");
        return 2;
    }
    if (sodium_init() < 0) {
        return 4;
    }
    tn_buffer_init(&file, TN_TRANSCRIPT_SIZE_MAX);
    status = file_read(argv[1], &file);
    if (status == TN_OK) {
        status = twin(tn_buffer_view(&file), public, &error);
    }
    if (status != TN_OK) {
        (void) fprintf(stderr, "%s: %s: %s\n", argv[1], tn_status_name(status), error.text);
    }
    tn_buffer_close(&file);
    return status == TN_OK ? 0 : 1;
}
