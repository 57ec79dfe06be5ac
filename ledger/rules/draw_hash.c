/* The bytes of the draw (spec/draw.md 3): names, leaves, beacon, seed, tickets.
 *
 * leaf    0 gid16   16 size   17 count of ports   18 four LE16 ports, FFFF pads   26 attr32      58
 * seed    0 LE32 day   4 LE32 policy   8 mode   9 R32   41 LE64 n   49 secret32   81 count w
 *         then w of {id16, secret32} ascending by id, then beacon type and beacon32 */
#include <string.h>

#include "ledger/base/check.h"
#include "ledger/base/endian.h"
#include "ledger/base/hash.h"
#include "ledger/rules/draw_internal.h"

#define DRAND_GENESIS_US (UINT64_C(1692803367) * 1000000u)
#define DRAND_PERIOD_US UINT64_C(3000000)

static const struct tn_bytes no_key = {0};

static void hash_of_registration(uint8_t out[static TN_ID_SIZE], const char *purpose,
                                 const uint8_t key[static TN_HASH_SIZE], uint32_t day,
                                 const uint8_t registration[static TN_ID_SIZE])
{
    uint8_t message[4 + TN_ID_SIZE];

    tn_put_le32(message, day);
    memcpy(message + 4, registration, TN_ID_SIZE);
    tn_hash_one(out, TN_ID_SIZE, purpose, tn_bytes(key, TN_HASH_SIZE),
                tn_bytes(message, sizeof(message)));
}

/* The same gid is asked for by the decision and then by the fold of its event, so the last one is
 * kept: 0.35 us a request less. */
static _Thread_local struct {
    bool known;
    uint32_t day;
    uint8_t key[TN_HASH_SIZE];
    uint8_t registration[TN_ID_SIZE];
    uint8_t gid[TN_ID_SIZE];
} last;

void tn_draw_gid_known(const uint8_t gid[static TN_ID_SIZE], const uint8_t key[static TN_HASH_SIZE],
                       uint32_t day, const uint8_t registration[static TN_ID_SIZE])
{
    memcpy(last.gid, gid, TN_ID_SIZE);
    memcpy(last.registration, registration, TN_ID_SIZE);
    memcpy(last.key, key, TN_HASH_SIZE);
    last.day = day;
    last.known = true;
}

void tn_draw_gid(uint8_t gid[static TN_ID_SIZE], const uint8_t key[static TN_HASH_SIZE],
                 uint32_t day, const uint8_t registration[static TN_ID_SIZE])
{
    if (!last.known || last.day != day ||
        memcmp(last.registration, registration, TN_ID_SIZE) != 0 ||
        memcmp(last.key, key, TN_HASH_SIZE) != 0) {
        uint8_t made[TN_ID_SIZE];

        hash_of_registration(made, "turno1.gid", key, day, registration);
        tn_draw_gid_known(made, key, day, registration);
    }
    memcpy(gid, last.gid, TN_ID_SIZE);
}

void tn_draw_salt(uint8_t salt[static TN_ID_SIZE], const uint8_t key[static TN_HASH_SIZE],
                  uint32_t day, const uint8_t registration[static TN_ID_SIZE])
{
    hash_of_registration(salt, "turno1.salt16", key, day, registration);
}

void tn_draw_attr(uint8_t attr[static TN_HASH_SIZE], const uint8_t salt[static TN_ID_SIZE],
                  uint32_t registered_day, uint16_t flags)
{
    uint8_t message[TN_ID_SIZE + 4 + 2];

    memcpy(message, salt, TN_ID_SIZE);
    tn_put_le32(message + TN_ID_SIZE, registered_day);
    tn_put_le16(message + TN_ID_SIZE + 4, flags);
    tn_hash_one(attr, TN_HASH_SIZE, "turno1.attr", no_key, tn_bytes(message, sizeof(message)));
}

void tn_draw_group_attr(const struct tn_draw_group *group, uint8_t attr[static TN_HASH_SIZE])
{
    if (group->opened) {
        tn_draw_attr(attr, group->salt, group->registered_day, group->flags);
    } else {
        memcpy(attr, group->attr, TN_HASH_SIZE);
    }
}

void tn_draw_leaf(const struct tn_draw_group *group, uint8_t leaf[static TN_DRAW_LEAF_SIZE])
{
    TN_CHECK(group->port_count <= TN_DRAW_GROUP_PORT_COUNT_MAX);
    memcpy(leaf, group->gid, TN_ID_SIZE);
    leaf[16] = group->size;
    leaf[17] = group->port_count;
    for (size_t i = 0; i < TN_DRAW_GROUP_PORT_COUNT_MAX; i++) {
        tn_put_le16(leaf + 18 + 2 * i, i < group->port_count ? group->ports[i] : 0xffff);
    }
    tn_draw_group_attr(group, leaf + 26);
}

/* The typed form of a public manual draw: numbers, each closed by a '.'. */
static bool manual_is_typed_form(struct tn_bytes raw)
{
    bool digit_before = false;

    for (size_t i = 0; i < raw.size; i++) {
        bool digit = raw.data[i] >= '0' && raw.data[i] <= '9';

        if (!digit && (raw.data[i] != '.' || !digit_before)) {
            return false;
        }
        digit_before = digit;
    }
    return raw.size > 0 && !digit_before;
}

enum tn_status tn_draw_beacon_check(const struct tn_draw_beacon *beacon, struct tn_error *error)
{
    if (beacon->type > TN_DRAW_BEACON_MANUAL) {
        return tn_fail(error, TN_INVALID, "beacon: type %u is not known", beacon->type);
    }
    if (beacon->type != TN_DRAW_BEACON_DRAND && !tn_is_zero(beacon->chain_hash, TN_HASH_SIZE)) {
        return tn_fail(error, TN_INVALID, "beacon: only drand (type 1) has a chain hash");
    }
    if ((beacon->type == TN_DRAW_BEACON_NONE || beacon->type == TN_DRAW_BEACON_MANUAL) &&
        beacon->round != 0) {
        return tn_fail(error, TN_INVALID, "beacon: type %u has round 0", beacon->type);
    }
    if (beacon->type == TN_DRAW_BEACON_NONE && beacon->raw.size != 0) {
        return tn_fail(error, TN_INVALID, "beacon: type 0 has no raw bytes");
    }
    if (beacon->type == TN_DRAW_BEACON_DRAND && beacon->raw.size != 48) {
        return tn_fail(error, TN_INVALID, "beacon: a drand signature has 48 bytes, not %zu",
                       beacon->raw.size);
    }
    if (beacon->type == TN_DRAW_BEACON_NIST && beacon->raw.size != 64) {
        return tn_fail(error, TN_INVALID, "beacon: a NIST outputValue has 64 bytes, not %zu",
                       beacon->raw.size);
    }
    if (beacon->type == TN_DRAW_BEACON_MANUAL &&
        (beacon->raw.size > TN_DRAW_RAW_SIZE_MAX || !manual_is_typed_form(beacon->raw))) {
        return tn_fail(error, TN_INVALID,
                       "beacon: a manual draw is numbers each closed by '.', at most %u bytes",
                       TN_DRAW_RAW_SIZE_MAX);
    }
    return TN_OK;
}

void tn_draw_beacon(uint8_t out[static TN_HASH_SIZE], const struct tn_draw_beacon *beacon)
{
    uint8_t head[1 + 8 + TN_HASH_SIZE];

    memset(out, 0, TN_HASH_SIZE);
    if (beacon->type == TN_DRAW_BEACON_NONE) {
        return;
    }
    head[0] = beacon->type;
    tn_put_le64(head + 1, beacon->round);
    memcpy(head + 9, beacon->chain_hash, TN_HASH_SIZE);
    const struct tn_bytes parts[] = {tn_bytes(head, sizeof(head)), beacon->raw};
    tn_hash(out, TN_HASH_SIZE, "turno1.beacon", no_key, parts, TN_ARRAY_SIZE(parts));
}

uint64_t tn_draw_drand_round(uint64_t time_us)
{
    if (time_us <= DRAND_GENESIS_US) {
        return 1;
    }
    return (time_us - DRAND_GENESIS_US + DRAND_PERIOD_US - 1) / DRAND_PERIOD_US + 1;
}

/* The witnesses' part of the seed, ascending by id: insertion, for there are a handful. */
static enum tn_status witnesses_write(const struct tn_draw_input *input, uint8_t *out,
                                      struct tn_error *error)
{
    const size_t item = TN_ID_SIZE + TN_HASH_SIZE;

    for (uint32_t i = 0; i < input->witness_count; i++) {
        const struct tn_draw_witness *witness = &input->witnesses[i];
        uint32_t at = i;

        while (at > 0 && memcmp(out + (at - 1) * item, witness->id, TN_ID_SIZE) > 0) {
            memcpy(out + at * item, out + (at - 1) * item, item);
            at--;
        }
        if (at > 0 && memcmp(out + (at - 1) * item, witness->id, TN_ID_SIZE) == 0) {
            return tn_fail(error, TN_INVALID, "two witnesses have one id");
        }
        memcpy(out + at * item, witness->id, TN_ID_SIZE);
        memcpy(out + at * item + TN_ID_SIZE, witness->secret, TN_HASH_SIZE);
    }
    return TN_OK;
}

enum tn_status tn_draw_seed(const struct tn_draw_input *input,
                            const uint8_t root[static TN_HASH_SIZE], uint64_t leaf_count,
                            struct tn_arena *arena, uint8_t seed[static TN_HASH_SIZE],
                            struct tn_error *error)
{
    uint8_t head[82];
    uint8_t tail[1 + TN_HASH_SIZE];
    enum tn_status status;

    memset(seed, 0, TN_HASH_SIZE);
    status = tn_draw_beacon_check(&input->beacon, error);
    if (status != TN_OK) {
        return status;
    }
    if (input->mode > TN_DRAW_BOUND) {
        return tn_fail(error, TN_INVALID, "mode %u is not known", input->mode);
    }
    if (input->mode == TN_DRAW_SOLO &&
        (input->witness_count != 0 || input->beacon.type != TN_DRAW_BEACON_NONE)) {
        return tn_fail(error, TN_INVALID, "mode 0 has neither witnesses nor a beacon");
    }
    if (input->witness_count > TN_DRAW_WITNESS_COUNT_MAX) {
        return tn_fail(error, TN_INVALID, "%u witnesses: at most 255", input->witness_count);
    }

    memset(head, 0, sizeof(head));
    tn_put_le32(head, input->day);
    tn_put_le32(head + 4, input->policy);
    head[8] = input->mode;
    if (input->mode == TN_DRAW_BOUND) {
        memcpy(head + 9, root, TN_HASH_SIZE);
        tn_put_le64(head + 41, leaf_count);
    }
    memcpy(head + 49, input->secret, TN_HASH_SIZE);
    head[81] = (uint8_t) input->witness_count;

    size_t witnesses_size = input->witness_count * (size_t) (TN_ID_SIZE + TN_HASH_SIZE);
    uint8_t *witnesses = tn_arena_alloc(arena, witnesses_size);
    if (witnesses == NULL) {
        return tn_fail(error, TN_FULL, "draw: the arena is too small for the witnesses");
    }
    status = witnesses_write(input, witnesses, error);
    if (status != TN_OK) {
        return status;
    }
    tail[0] = input->beacon.type;
    tn_draw_beacon(tail + 1, &input->beacon);

    const struct tn_bytes parts[] = {tn_bytes(head, sizeof(head)),
                                     tn_bytes(witnesses, witnesses_size),
                                     tn_bytes(tail, sizeof(tail))};
    tn_hash(seed, TN_HASH_SIZE, "turno1.seed", no_key, parts, TN_ARRAY_SIZE(parts));
    return TN_OK;
}

void tn_draw_ticket(uint8_t ticket[static TN_HASH_SIZE], const uint8_t seed[static TN_HASH_SIZE],
                    const uint8_t gid[static TN_ID_SIZE])
{
    tn_hash_one(ticket, TN_HASH_SIZE, "turno1.ticket", tn_bytes(seed, TN_HASH_SIZE),
                tn_bytes(gid, TN_ID_SIZE));
}
