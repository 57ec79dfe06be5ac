/* Bytes as HTTP requests: however they are cut, the same requests and refusals come out. */
#include <stdio.h>

#include "tests/api/http/feed.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) {
        return 0;
    }
    struct feed whole;
    struct feed split;
    struct tn_bytes input = tn_bytes(data + 1, size - 1);
    feed_all(&whole, input, 0);
    feed_all(&split, input, (size_t) data[0] % 32 + 1);
    if (!tn_bytes_equal(tn_buffer_view(&whole.log), tn_buffer_view(&split.log))) {
        (void) fprintf(stderr, "%.*s---\n%.*s", (int) whole.log.size, (const char *) whole.log.data,
                       (int) split.log.size, (const char *) split.log.data);
        abort();
    }
    feed_close(&whole);
    feed_close(&split);
    return 0;
}
