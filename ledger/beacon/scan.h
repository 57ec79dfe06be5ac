/* A cursor over the JSON of a beacon's answer: strict, without memory of its own.
 *
 * The records of beacons are flat, so this reads members by name in their order of appearance and
 * keeps nothing. Whitespace as RFC 8259 has it; of strings printable ASCII without escapes. */
#ifndef TN_LEDGER_BEACON_SCAN_H
#define TN_LEDGER_BEACON_SCAN_H

#include "ledger/base/bytes.h"

struct tn_scan {
    struct tn_bytes left;
    bool bad;
};

/* Take `c` after whitespace; marks the cursor otherwise. */
void tn_scan_take(struct tn_scan *scan, char c);
/* Is `c` next, after whitespace? Does not take it. */
bool tn_scan_next_is(struct tn_scan *scan, char c);
/* The text between two quotes; empty when the cursor is bad. */
struct tn_bytes tn_scan_string(struct tn_scan *scan);
/* Digits without a sign or leading zeros, at most UINT64_MAX. */
uint64_t tn_scan_uint(struct tn_scan *scan);
/* A string of exactly 2 * size hexadecimal digits, in either case. */
void tn_scan_hex(struct tn_scan *scan, uint8_t *out, size_t size);
/* An even number of hexadecimal digits, at most 2 * limit; the number of bytes. */
size_t tn_scan_hex_upto(struct tn_scan *scan, uint8_t *out, size_t limit);

/* Read an object's members in any order, each exactly once. `take` reads the value of member
 * `place` of `names` (at most 32, ending in NULL). Nesting: `take` may read an object itself. */
typedef void tn_scan_member(void *context, struct tn_scan *scan, size_t place);
void tn_scan_object(struct tn_scan *scan, const char *const *names, tn_scan_member *take,
                    void *context);
/* Nothing but whitespace is left, and nothing was bad. */
bool tn_scan_done(struct tn_scan *scan);

#endif
