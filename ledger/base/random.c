/* Random bytes from the system, or from a seed. */
#include "ledger/base/random.h"

#include <sodium.h>
#include <string.h>

#include "ledger/base/check.h"
#include "ledger/base/endian.h"
#include "ledger/base/hash.h"

/* A seeded source: key = H("turno1.random", -, LE64 seed || LE64 number || label, 32), and the
 * nth filling is the ChaCha20 stream under that key with nonce LE64 n. */

_Static_assert(sizeof(((struct tn_random *) 0)->key) == crypto_stream_chacha20_KEYBYTES,
               "the derived key is a stream key");
_Static_assert(crypto_stream_chacha20_NONCEBYTES == 8, "the counter is the nonce");

void tn_random_init_system(struct tn_random *random)
{
    *random = (struct tn_random){.seeded = false};
}

void tn_random_init_seeded(struct tn_random *random, uint64_t seed, const char *label,
                           uint64_t number)
{
    uint8_t numbers[16];
    tn_put_le64(numbers, seed);
    tn_put_le64(numbers + 8, number);
    const struct tn_bytes parts[] = {tn_bytes(numbers, sizeof(numbers)),
                                     tn_bytes_from_string(label)};
    *random = (struct tn_random){.seeded = true};
    tn_hash(random->key, sizeof(random->key), "turno1.random", tn_bytes(NULL, 0), parts,
            TN_ARRAY_SIZE(parts));
}

void tn_random_fill(struct tn_random *random, void *out, size_t size)
{
    if (size == 0) {
        return;
    }
    if (!random->seeded) {
        randombytes_buf(out, size);
        return;
    }
    uint8_t nonce[crypto_stream_chacha20_NONCEBYTES];
    tn_put_le64(nonce, random->counter);
    random->counter++;
    int failed = crypto_stream_chacha20(out, size, nonce, random->key);
    TN_CHECK(failed == 0);
}

uint64_t tn_random_below(struct tn_random *random, uint64_t bound)
{
    TN_CHECK(bound != 0);
    /* The lowest 2^64 mod bound values are thrown away: what is left divides evenly. */
    uint64_t unfair = (0 - bound) % bound;
    uint64_t value = 0;
    do {
        uint8_t bytes[8];
        tn_random_fill(random, bytes, sizeof(bytes));
        value = (uint64_t) tn_get_le32(bytes) | (uint64_t) tn_get_le32(bytes + 4) << 32;
    } while (value < unfair);
    return value % bound;
}
