/* Whatever is typed as a confirmation number: read or refused, and what is read is one number. */
#include <string.h>

#include "ledger/base/check.h"
#include "ledger/vault/confirmation.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint64_t number = 1;
    uint64_t again = 1;
    char text[TN_CONFIRMATION_TEXT_SIZE];

    enum tn_status status = tn_confirmation_parse(tn_bytes(data, size), &number);
    TN_CHECK(status == TN_OK || status == TN_INVALID || status == TN_MISMATCH);
    if (status != TN_OK) {
        TN_CHECK(number == 0);
        return 0;
    }
    tn_confirmation_format(number, text);
    TN_CHECK(strlen(text) == TN_CONFIRMATION_TEXT_SIZE - 1);
    TN_CHECK(tn_confirmation_parse(tn_bytes_from_string(text), &again) == TN_OK);
    TN_CHECK(again == number);
    return 0;
}
