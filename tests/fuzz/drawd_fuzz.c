/* Lines that turno drawd and its client read from each other. */
#include <string.h>

#include "api/remote/drawd.h"
#include "ledger/base/check.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tn_bytes line = tn_bytes(data, size);
    struct tn_error error = {.status = TN_OK};
    struct tn_buffer again;
    uint8_t hash[TN_HASH_SIZE];
    uint32_t day;

    tn_buffer_init(&again, TN_DRAWD_LINE_MAX);
    if (tn_drawd_read_question(line, &day, hash) == TN_OK) {
        tn_drawd_write_question(day, hash, &again);
        TN_CHECK(tn_bytes_equal(tn_buffer_view(&again), line));
    }
    if (tn_drawd_read_answer(line, hash, &error) != TN_OK) {
        TN_CHECK(tn_is_zero(hash, sizeof(hash)) && error.status != TN_OK);
    }
    tn_buffer_close(&again);
    return 0;
}
