/* The msgpack cursor: whatever it accepts, msgpack-c decodes and encodes to the same bytes. */
#include <msgpack.h>
#include <stdlib.h>

#include "ledger/base/pack.h"
#include "tests/fuzz/fuzz.h"

static int compare_with(void *data, const char *bytes, size_t size)
{
    struct tn_bytes *expected = data;
    if (size > expected->size ||
        !tn_bytes_equal(tn_bytes(bytes, size), tn_bytes(expected->data, size))) {
        abort();
    }
    *expected = tn_bytes(expected->data + size, expected->size - size);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tn_unpack unpack;
    tn_unpack_init(&unpack, tn_bytes(data, size));
    struct tn_bytes item = tn_unpack_skip(&unpack);
    if (unpack.bad) {
        return 0;
    }
    msgpack_unpacked unpacked;
    msgpack_unpacked_init(&unpacked);
    size_t offset = 0;
    if (msgpack_unpack_next(&unpacked, (const char *) item.data, item.size, &offset) !=
            MSGPACK_UNPACK_SUCCESS ||
        offset != item.size) {
        abort();
    }
    msgpack_packer packer = {.data = &item, .callback = compare_with};
    (void) msgpack_pack_object(&packer, unpacked.data);
    if (item.size != 0) {
        abort();
    }
    msgpack_unpacked_destroy(&unpacked);
    return 0;
}
