/* Keys of the core projections' tables, as ledger/rules/rows.h names them. */
#ifndef TN_PROJECTIONS_KEYS_H
#define TN_PROJECTIONS_KEYS_H

#include "ledger/base/bytes.h"
#include "projections/rows.h"

struct tn_row_key tn_key_queue(void);
struct tn_row_key tn_key_policy(uint64_t version);
/* All witnesses' chains: the prefix; one of them. */
struct tn_row_key tn_key_chains(void);
struct tn_row_key tn_key_chain(const uint8_t owner[static TN_ID_SIZE]);
struct tn_row_key tn_key_day(uint64_t day);
/* All requests of a day: the prefix; one of them: with its gid. */
struct tn_row_key tn_key_pool(uint64_t day);
struct tn_row_key tn_key_pool_entry(uint64_t day, const uint8_t gid[static TN_ID_SIZE]);
struct tn_row_key tn_key_offer(const uint8_t offer[static TN_ID_SIZE]);
struct tn_row_key tn_key_lapses(void);
struct tn_row_key tn_key_lapse(uint64_t deadline_us, const uint8_t offer[static TN_ID_SIZE]);
struct tn_row_key tn_key_tally(uint64_t day);

/* A port's dates: the prefix; one of them. */
struct tn_row_key tn_key_port_dates(uint64_t port);
struct tn_row_key tn_key_port_date(uint64_t port, uint64_t date);
struct tn_row_key tn_key_port(uint64_t port);

struct tn_row_key tn_key_registration(const uint8_t registration[static TN_ID_SIZE]);
struct tn_row_key tn_key_person(const uint8_t person[static TN_ID_SIZE]);

struct tn_row_key tn_key_tag(const uint8_t tag[static TN_ID_SIZE]);
struct tn_row_key tn_key_appointment(const uint8_t offer[static TN_ID_SIZE]);
/* All appointments that stand at a port: the prefix; those of one date; one of them. */
struct tn_row_key tn_key_port_days(uint64_t port);
struct tn_row_key tn_key_port_day(uint64_t port, uint64_t date);
struct tn_row_key tn_key_port_day_entry(uint64_t port, uint64_t date,
                                        const uint8_t offer[static TN_ID_SIZE]);

struct tn_row_key tn_key_token(const uint8_t hash[static TN_HASH_SIZE]);
struct tn_row_key tn_key_officer(const uint8_t officer[static TN_ID_SIZE]);

/* tn_row_read and tn_row_write for a record by its name: value is a struct tn_<record>. */
#define TN_READ(rows, key, record_, arena, value, found, error)                                    \
    tn_row_read(rows, tn_row_key_view(&(struct tn_row_key[]){key}[0]), &tn_record_##record_,       \
                arena, value, found, error)
#define TN_WRITE(rows, key, record_, value, error)                                                 \
    tn_row_write(rows, tn_row_key_view(&(struct tn_row_key[]){key}[0]), &tn_record_##record_,      \
                 value, error)

#endif
