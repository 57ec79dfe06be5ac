/* Any bytes as a transcript: the reader survives, and a file whose recomputation agrees is the one
 * form of its draw: writing it again gives the same bytes. */
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/base/check.h"
#include "ledger/rules/transcript.h"
#include "tests/fuzz/fuzz.h"

static void write_again(struct tn_bytes file)
{
    struct tn_arena arena;
    struct tn_transcript transcript;
    struct tn_draw_result result;
    struct tn_buffer out;

    tn_arena_init(&arena, (size_t) 64 << 20);
    tn_buffer_init(&out, TN_TRANSCRIPT_SIZE_MAX);
    TN_CHECK(tn_transcript_read(file, &arena, &transcript, NULL) == TN_OK);
    TN_CHECK(tn_draw_run(&transcript.input, &arena, &result, NULL) == TN_OK);
    TN_CHECK(tn_transcript_write(transcript.audience, &transcript.input, &result, &out, NULL) ==
             TN_OK);
    TN_CHECK(out.size == file.size && memcmp(out.data, file.data, file.size) == 0);
    tn_buffer_close(&out);
    tn_arena_close(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tn_transcript_report report;
    struct tn_error error = {0};
    struct tn_bytes file = tn_bytes(data, size);

    if (sodium_init() < 0) {
        abort();
    }
    enum tn_status status = tn_transcript_recompute(file, &report, &error);

    if (status == TN_OK) {
        write_again(file);
    } else {
        TN_CHECK(error.text[0] != '\0' && !report.same);
    }
    return 0;
}
