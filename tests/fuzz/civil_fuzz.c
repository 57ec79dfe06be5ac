/* Dates, instants, hexadecimal and base64 from strangers: what is accepted is written back. */
#include <stdlib.h>
#include <string.h>

#include "ledger/base/civil.h"
#include "tests/fuzz/fuzz.h"

static void require(bool condition)
{
    if (!condition) {
        abort();
    }
}

static void fuzz_times(struct tn_bytes text)
{
    uint32_t day = 0;
    char date[11];
    if (tn_date_parse(text, &day) == TN_OK) {
        tn_date_format(day, date);
        require(tn_bytes_equal_string(text, date));
    }
    uint32_t birth = 0;
    if (tn_date_parse_birth(text, &birth) == TN_OK) {
        require(birth >= 18500101 && birth <= 99991231);
    }
    uint64_t time_us = 0;
    if (tn_instant_parse(text, &time_us) == TN_OK) {
        char instant[28];
        tn_instant_format(time_us, instant);
        require(memcmp(instant, text.data, 19) == 0);
    }
}

static void fuzz_texts(struct tn_bytes text)
{
    static uint8_t raw[64 * 1024];
    static char back[TN_BASE64_SIZE(sizeof(raw))];
    size_t size = sizeof(raw);
    if (tn_base64_decode(text, raw, &size) == TN_OK) {
        tn_base64_encode(back, raw, size);
        require(tn_bytes_equal_string(text, back));
    }
    size = text.size / 2;
    if (size <= sizeof(raw) && tn_hex_decode(text, raw, size) == TN_OK) {
        require(text.size == 2 * size);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_times(tn_bytes(data, size));
    fuzz_texts(tn_bytes(data, size));
    return 0;
}
