/* The pulse and the message that its signature covers.
 *
 *   the message, integers big-endian, texts and hashes after their length as u32:
 *     uri, version, u32 cipherSuite, u32 period, certificateId, u64 chainIndex, u64 pulseIndex,
 *     timeStamp, localRandomValue, external.sourceId, u32 external.statusCode, external.value,
 *     the value of each of listValues in order, precommitmentValue, u32 statusCode */
#include "ledger/beacon/pulse.h"

#include <string.h>

#include "ledger/base/check.h"
#include "ledger/base/civil.h"
#include "ledger/base/endian.h"
#include "ledger/beacon/scan.h"

_Static_assert(TN_PULSE_MESSAGE_MAX >= 3 * (4 + TN_PULSE_TEXT_MAX) + 2 * 8 + 4 * 4 +
                                           (5 + TN_PULSE_LIST_MAX) * (4 + TN_PULSE_HASH_SIZE),
               "the longest message fits");

/* ---- reading ---- */

static struct tn_bytes take_text(struct tn_scan *scan)
{
    struct tn_bytes text = tn_scan_string(scan);

    scan->bad = scan->bad || text.size > TN_PULSE_TEXT_MAX;
    return scan->bad ? (struct tn_bytes){0} : text;
}

static uint32_t take_u32(struct tn_scan *scan)
{
    uint64_t value = tn_scan_uint(scan);

    scan->bad = scan->bad || value > UINT32_MAX;
    return scan->bad ? 0 : (uint32_t) value;
}

static void take_external(void *context, struct tn_scan *scan, size_t place)
{
    struct tn_pulse *pulse = context;

    if (place == 0) {
        tn_scan_hex(scan, pulse->external_source, TN_PULSE_HASH_SIZE);
    } else if (place == 1) {
        pulse->external_status = take_u32(scan);
    } else {
        tn_scan_hex(scan, pulse->external_value, TN_PULSE_HASH_SIZE);
    }
}

static void take_list_member(void *context, struct tn_scan *scan, size_t place)
{
    struct tn_pulse *pulse = context;

    if (place == 2) {
        tn_scan_hex(scan, pulse->list[pulse->list_count], TN_PULSE_HASH_SIZE);
    } else {
        /* An address and a word: not signed. The first pulse of a chain has no addresses. */
        static const char nothing[] = "null";

        if (place == 0 && tn_scan_next_is(scan, 'n')) {
            for (size_t i = 0; nothing[i]; i++) {
                tn_scan_take(scan, nothing[i]);
            }
        } else {
            (void) take_text(scan);
        }
    }
}

static void take_list(struct tn_pulse *pulse, struct tn_scan *scan)
{
    static const char *const names[] = {"uri", "type", "value", NULL};

    tn_scan_take(scan, '[');
    while (!scan->bad && !tn_scan_next_is(scan, ']')) {
        if (pulse->list_count > 0) {
            tn_scan_take(scan, ',');
        }
        if (pulse->list_count == TN_PULSE_LIST_MAX) {
            scan->bad = true;
            return;
        }
        tn_scan_object(scan, names, take_list_member, pulse);
        pulse->list_count += scan->bad ? 0 : 1;
    }
    tn_scan_take(scan, ']');
}

enum place {
    AT_URI,
    AT_VERSION,
    AT_CIPHER_SUITE,
    AT_PERIOD,
    AT_CERTIFICATE,
    AT_CHAIN,
    AT_INDEX,
    AT_TIME,
    AT_LOCAL,
    AT_EXTERNAL,
    AT_LIST,
    AT_PRECOMMITMENT,
    AT_STATUS,
    AT_SIGNATURE,
    AT_OUTPUT,
};

static void take_hash(struct tn_pulse *pulse, struct tn_scan *scan, enum place place)
{
    uint8_t *out = place == AT_CERTIFICATE     ? pulse->certificate_id
                   : place == AT_LOCAL         ? pulse->local_random
                   : place == AT_PRECOMMITMENT ? pulse->precommitment
                                               : pulse->output;

    tn_scan_hex(scan, out, TN_PULSE_HASH_SIZE);
}

static void take_member(void *context, struct tn_scan *scan, size_t place)
{
    static const char *const external[] = {"sourceId", "statusCode", "value", NULL};
    struct tn_pulse *pulse = context;

    switch ((enum place) place) {
    case AT_URI:
        pulse->uri = take_text(scan);
        break;
    case AT_VERSION:
        pulse->version = take_text(scan);
        break;
    case AT_CIPHER_SUITE:
        pulse->cipher_suite = take_u32(scan);
        break;
    case AT_PERIOD:
        pulse->period_ms = take_u32(scan);
        break;
    case AT_CHAIN:
        pulse->chain_index = tn_scan_uint(scan);
        break;
    case AT_INDEX:
        pulse->pulse_index = tn_scan_uint(scan);
        break;
    case AT_TIME:
        pulse->time_text = take_text(scan);
        break;
    case AT_EXTERNAL:
        tn_scan_object(scan, external, take_external, pulse);
        break;
    case AT_LIST:
        take_list(pulse, scan);
        break;
    case AT_STATUS:
        pulse->status = take_u32(scan);
        break;
    case AT_SIGNATURE:
        pulse->signature_size = tn_scan_hex_upto(scan, pulse->signature, sizeof(pulse->signature));
        break;
    case AT_CERTIFICATE:
    case AT_LOCAL:
    case AT_PRECOMMITMENT:
    case AT_OUTPUT:
        take_hash(pulse, scan, (enum place) place);
        break;
    }
}

static void take_pulse(void *context, struct tn_scan *scan, size_t place)
{
    static const char *const names[] = {
        [AT_URI] = "uri",
        [AT_VERSION] = "version",
        [AT_CIPHER_SUITE] = "cipherSuite",
        [AT_PERIOD] = "period",
        [AT_CERTIFICATE] = "certificateId",
        [AT_CHAIN] = "chainIndex",
        [AT_INDEX] = "pulseIndex",
        [AT_TIME] = "timeStamp",
        [AT_LOCAL] = "localRandomValue",
        [AT_EXTERNAL] = "external",
        [AT_LIST] = "listValues",
        [AT_PRECOMMITMENT] = "precommitmentValue",
        [AT_STATUS] = "statusCode",
        [AT_SIGNATURE] = "signatureValue",
        [AT_OUTPUT] = "outputValue",
        NULL,
    };

    (void) place;
    tn_scan_object(scan, names, take_member, context);
}

enum tn_status tn_pulse_read(struct tn_bytes record, struct tn_pulse *pulse, struct tn_bytes *rest,
                             struct tn_error *error)
{
    static const char *const names[] = {"pulse", NULL};
    struct tn_scan scan = {.left = record};

    memset(pulse, 0, sizeof(*pulse));
    *rest = (struct tn_bytes){0};
    tn_scan_object(&scan, names, take_pulse, pulse);
    if (scan.bad) {
        return tn_fail(error, TN_INVALID,
                       "not a pulse of the NIST beacon, version 2, as it answers: the form breaks "
                       "%zu bytes before the end",
                       scan.left.size);
    }
    if (pulse->cipher_suite != 0 || pulse->signature_size == 0 || pulse->period_ms == 0) {
        return tn_fail(error, TN_INVALID,
                       "a pulse of cipher suite %u, period %u ms, signature of %zu bytes; this "
                       "program knows suite 0: SHA-512 and RSA",
                       pulse->cipher_suite, pulse->period_ms, pulse->signature_size);
    }
    if (tn_instant_parse(pulse->time_text, &pulse->time_us) != TN_OK) {
        return tn_fail(error, TN_INVALID, "the pulse's timeStamp is not an instant");
    }
    *rest = scan.left;
    return TN_OK;
}

/* ---- the message ---- */

struct message {
    uint8_t *out;
    size_t size;
};

static void put_u32(struct message *message, uint32_t value)
{
    for (int shift = 24; shift >= 0; shift -= 8) {
        message->out[message->size++] = (uint8_t) (value >> shift);
    }
}

static void put_u64(struct message *message, uint64_t value)
{
    put_u32(message, (uint32_t) (value >> 32));
    put_u32(message, (uint32_t) value);
}

static void put_bytes(struct message *message, const void *data, size_t size)
{
    put_u32(message, (uint32_t) size);
    memcpy(message->out + message->size, data, size);
    message->size += size;
}

size_t tn_pulse_message(const struct tn_pulse *pulse, uint8_t out[static TN_PULSE_MESSAGE_MAX])
{
    struct message message = {.out = out};

    put_bytes(&message, pulse->uri.data, pulse->uri.size);
    put_bytes(&message, pulse->version.data, pulse->version.size);
    put_u32(&message, pulse->cipher_suite);
    put_u32(&message, pulse->period_ms);
    put_bytes(&message, pulse->certificate_id, TN_PULSE_HASH_SIZE);
    put_u64(&message, pulse->chain_index);
    put_u64(&message, pulse->pulse_index);
    put_bytes(&message, pulse->time_text.data, pulse->time_text.size);
    put_bytes(&message, pulse->local_random, TN_PULSE_HASH_SIZE);
    put_bytes(&message, pulse->external_source, TN_PULSE_HASH_SIZE);
    put_u32(&message, pulse->external_status);
    put_bytes(&message, pulse->external_value, TN_PULSE_HASH_SIZE);
    for (uint32_t i = 0; i < pulse->list_count; i++) {
        put_bytes(&message, pulse->list[i], TN_PULSE_HASH_SIZE);
    }
    put_bytes(&message, pulse->precommitment, TN_PULSE_HASH_SIZE);
    put_u32(&message, pulse->status);
    TN_CHECK(message.size <= TN_PULSE_MESSAGE_MAX);
    return message.size;
}
