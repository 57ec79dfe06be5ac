/* Keys of the core projections' tables. */
#include "projections/keys.h"

/* Numbers come from commands as they were asked, so they may be wider than a key's field. No port,
 * day or date has the largest number of its field: a wider one names that row, which never exists.
 */
static void put_u16(struct tn_row_key *key, uint64_t value)
{
    tn_row_key_u16(key, value < UINT16_MAX ? value : UINT16_MAX);
}

static void put_u32(struct tn_row_key *key, uint64_t value)
{
    tn_row_key_u32(key, value < UINT32_MAX ? value : UINT32_MAX);
}

static struct tn_row_key key_id(char table, const uint8_t *id)
{
    struct tn_row_key key = tn_row_key_begin(table);

    tn_row_key_bytes(&key, id, TN_ID_SIZE);
    return key;
}

static struct tn_row_key key_u32(char table, uint64_t value)
{
    struct tn_row_key key = tn_row_key_begin(table);

    put_u32(&key, value);
    return key;
}

static struct tn_row_key key_port_date(char table, uint64_t port, uint64_t date)
{
    struct tn_row_key key = tn_row_key_begin(table);

    put_u16(&key, port);
    put_u32(&key, date);
    return key;
}

struct tn_row_key tn_key_queue(void)
{
    return tn_row_key_begin('q');
}

struct tn_row_key tn_key_policy(uint64_t version)
{
    return key_u32('v', version);
}

struct tn_row_key tn_key_chains(void)
{
    return tn_row_key_begin('c');
}

struct tn_row_key tn_key_chain(const uint8_t owner[static TN_ID_SIZE])
{
    return key_id('c', owner);
}

struct tn_row_key tn_key_day(uint64_t day)
{
    return key_u32('d', day);
}

struct tn_row_key tn_key_pool(uint64_t day)
{
    return key_u32('p', day);
}

struct tn_row_key tn_key_pool_entry(uint64_t day, const uint8_t gid[static TN_ID_SIZE])
{
    struct tn_row_key key = key_u32('p', day);

    tn_row_key_bytes(&key, gid, TN_ID_SIZE);
    return key;
}

struct tn_row_key tn_key_offer(const uint8_t offer[static TN_ID_SIZE])
{
    return key_id('o', offer);
}

struct tn_row_key tn_key_lapses(void)
{
    return tn_row_key_begin('l');
}

struct tn_row_key tn_key_lapse(uint64_t deadline_us, const uint8_t offer[static TN_ID_SIZE])
{
    struct tn_row_key key = tn_row_key_begin('l');

    tn_row_key_u64(&key, deadline_us);
    tn_row_key_bytes(&key, offer, TN_ID_SIZE);
    return key;
}

struct tn_row_key tn_key_tally(uint64_t day)
{
    return key_u32('t', day);
}

struct tn_row_key tn_key_port_dates(uint64_t port)
{
    struct tn_row_key key = tn_row_key_begin('s');

    put_u16(&key, port);
    return key;
}

struct tn_row_key tn_key_port_date(uint64_t port, uint64_t date)
{
    return key_port_date('s', port, date);
}

struct tn_row_key tn_key_port(uint64_t port)
{
    struct tn_row_key key = tn_row_key_begin('c');

    put_u16(&key, port);
    return key;
}

struct tn_row_key tn_key_registration(const uint8_t registration[static TN_ID_SIZE])
{
    return key_id('r', registration);
}

struct tn_row_key tn_key_person(const uint8_t person[static TN_ID_SIZE])
{
    return key_id('p', person);
}

struct tn_row_key tn_key_tag(const uint8_t tag[static TN_ID_SIZE])
{
    return key_id('t', tag);
}

struct tn_row_key tn_key_appointment(const uint8_t offer[static TN_ID_SIZE])
{
    return key_id('a', offer);
}

struct tn_row_key tn_key_port_day(uint64_t port, uint64_t date)
{
    return key_port_date('d', port, date);
}

struct tn_row_key tn_key_port_days(uint64_t port)
{
    struct tn_row_key key = tn_row_key_begin('d');

    put_u16(&key, port);
    return key;
}

struct tn_row_key tn_key_port_day_entry(uint64_t port, uint64_t date,
                                        const uint8_t offer[static TN_ID_SIZE])
{
    struct tn_row_key key = key_port_date('d', port, date);

    tn_row_key_bytes(&key, offer, TN_ID_SIZE);
    return key;
}

struct tn_row_key tn_key_token(const uint8_t hash[static TN_HASH_SIZE])
{
    struct tn_row_key key = tn_row_key_begin('k');

    tn_row_key_bytes(&key, hash, TN_HASH_SIZE);
    return key;
}

struct tn_row_key tn_key_officer(const uint8_t officer[static TN_ID_SIZE])
{
    return key_id('o', officer);
}
