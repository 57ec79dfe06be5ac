/* Names and addresses as anybody may type them: refused, or given a form that stands still. */
#include "ledger/base/check.h"
#include "ledger/vault/canonical.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tn_buffer once;
    struct tn_buffer twice;

    tn_buffer_init(&once, TN_TEXT_CANONICAL_MAX);
    tn_buffer_init(&twice, TN_TEXT_CANONICAL_MAX);
    if (tn_canonical_text(tn_bytes(data, size), &once) == TN_OK) {
        for (size_t i = 0; i < once.size; i++) {
            TN_CHECK(once.data[i] >= 0x20);
        }
        if (once.size <= TN_TEXT_INPUT_MAX) {
            TN_CHECK(tn_canonical_text(tn_buffer_view(&once), &twice) == TN_OK);
            TN_CHECK(tn_bytes_equal(tn_buffer_view(&once), tn_buffer_view(&twice)));
        }
    } else {
        TN_CHECK(once.size == 0);
    }
    tn_buffer_reset(&once);
    if (tn_canonical_code(tn_bytes(data, size), &once) == TN_OK) {
        TN_CHECK(once.size > 0 && once.size <= TN_CODE_MAX);
    }
    tn_buffer_close_secret(&once);
    tn_buffer_close_secret(&twice);
    return 0;
}
