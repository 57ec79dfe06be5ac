#include "ledger/rules/policy.h"

#include <inttypes.h>
#include <string.h>

#include "ledger/base/check.h"
#include "ledger/base/civil.h"
#include "ledger/rules/draw.h"

_Static_assert((int) TN_PACKING_STRADDLE == (int) TN_DRAW_STRADDLE, "one numbering");
_Static_assert((int) TN_PACKING_HARD == (int) TN_DRAW_HARD, "one numbering");
_Static_assert((int) TN_BEACON_DRAND == (int) TN_DRAW_BEACON_DRAND, "one numbering");
_Static_assert((int) TN_BEACON_NIST == (int) TN_DRAW_BEACON_NIST, "one numbering");
_Static_assert((int) TN_BEACON_MANUAL == (int) TN_DRAW_BEACON_MANUAL, "one numbering");
_Static_assert(TN_POLICY_CHOICES_MAX == TN_DRAW_GROUP_PORT_COUNT_MAX, "a leaf holds every choice");
_Static_assert(TN_POLICY_PORTS_MAX <= TN_DRAW_PORT_COUNT_MAX, "a draw takes every port");
_Static_assert(TN_POLICY_SIZE_MAX <= UINT8_MAX, "a leaf's size is one byte");

#define MINUTES_OF_DAY 1440u
#define BEACON_DELAY_MIN_US (15 * TN_MINUTE_US)
#define WAIT_MAX_US (7 * TN_DAY_US)
#define CONFIRM_MAX_US (60 * TN_DAY_US)
#define DAY_OFFSET_MAX 7u
/* 9999-12-31: what instants can be written as. */
#define INSTANT_MAX_US UINT64_C(253402300799999999)

/* --- what is in force, and deadlines --- */

const struct tn_policy *tn_policy_in_force(const struct tn_policy *const *versions, size_t count,
                                           uint64_t instant_us)
{
    const struct tn_policy *best = NULL;

    for (size_t i = 0; i < count; i++) {
        const struct tn_policy *policy = versions[i];
        if (policy->effective_us > instant_us) {
            continue;
        }
        if (best == NULL || policy->effective_us > best->effective_us ||
            (policy->effective_us == best->effective_us && policy->version > best->version)) {
            best = policy;
        }
    }
    return best;
}

uint64_t tn_policy_offer_deadline(const struct tn_policy *policy, uint64_t from_us)
{
    return from_us > UINT64_MAX - policy->confirm_us ? UINT64_MAX : from_us + policy->confirm_us;
}

/* --- seats --- */

void tn_policy_port_seats(const struct tn_policy *policy,
                          uint32_t seats[static TN_POLICY_PORTS_MAX])
{
    uint64_t remainders[TN_POLICY_PORTS_MAX] = {0};
    uint64_t weights = 0;
    uint64_t given = 0;

    memset(seats, 0, TN_POLICY_PORTS_MAX * sizeof(seats[0]));
    for (size_t i = 0; i < policy->port_count; i++) {
        weights += policy->ports[i].weight;
    }
    if (weights == 0) {
        return;
    }
    for (size_t i = 0; i < policy->port_count; i++) {
        uint64_t product = (uint64_t) policy->seats_per_day * policy->ports[i].weight;
        seats[i] = (uint32_t) (product / weights);
        remainders[i] = product % weights;
        given += seats[i];
    }
    /* Fewer seats are left than there are ports with a remainder, so nobody gets two of them. */
    while (given < policy->seats_per_day) {
        size_t best = 0;
        for (size_t i = 1; i < policy->port_count; i++) {
            if (remainders[i] > remainders[best]) {
                best = i;
            }
        }
        TN_CHECK(remainders[best] > 0);
        seats[best]++;
        remainders[best] = 0;
        given++;
    }
}

void tn_policy_slot_seats(uint32_t seats, uint32_t slot_count, uint32_t *out)
{
    TN_CHECK(slot_count > 0);
    for (uint32_t i = 0; i < slot_count; i++) {
        out[i] = seats / slot_count;
    }
    out[0] += seats % slot_count;
}

int tn_policy_port_index(const struct tn_policy *policy, uint16_t code)
{
    for (uint32_t i = 0; i < policy->port_count; i++) {
        if (policy->ports[i].code == code) {
            return (int) i;
        }
    }
    return -1;
}

/* --- what may run --- */

enum tn_status tn_policy_is_runnable(const struct tn_policy *policy, struct tn_error *error)
{
    if (policy->method != TN_METHOD_DRAW) {
        return tn_fail(error, TN_REFUSED,
                       "policy version %" PRIu32 " is first come, first served: versions before "
                       "2023-05-10 are history and are not run; publish one whose method is draw",
                       policy->version);
    }
    return TN_OK;
}

enum tn_status tn_policy_check_next(const struct tn_policy *previous, const struct tn_policy *next,
                                    uint64_t recorded_us, struct tn_error *error)
{
    enum tn_status status = tn_policy_validate(next, error);
    if (status == TN_OK) {
        status = tn_policy_is_runnable(next, error);
    }
    if (status != TN_OK || previous == NULL) {
        return status;
    }
    if (next->version != (uint64_t) previous->version + 1) {
        return tn_fail(error, TN_REFUSED, "policy version %" PRIu32 ": the next one is %" PRIu64,
                       next->version, (uint64_t) previous->version + 1);
    }
    if (next->effective_us <= recorded_us) {
        return tn_fail(error, TN_REFUSED,
                       "policy version %" PRIu32 ": a rule must apply later than it is recorded",
                       next->version);
    }
    if (next->effective_us < previous->effective_us) {
        return tn_fail(error, TN_REFUSED,
                       "policy version %" PRIu32 ": it may not apply before version %" PRIu32,
                       next->version, previous->version);
    }
    if (next->zone.version < previous->zone.version) {
        return tn_fail(error, TN_REFUSED, "policy version %" PRIu32 ": zone versions never go back",
                       next->version);
    }
    if (next->zone.version == previous->zone.version &&
        !tn_zone_equal(&previous->zone, &next->zone)) {
        return tn_fail(error, TN_REFUSED,
                       "policy version %" PRIu32 ": the zone changed but kept its version %" PRIu32,
                       next->version, next->zone.version);
    }
    return TN_OK;
}

/* --- constraints --- */

static enum tn_status check_range(const char *member, uint64_t value, uint64_t min, uint64_t max,
                                  struct tn_error *error)
{
    if (value < min || value > max) {
        return tn_fail(error, TN_INVALID, "%s: is %" PRIu64 ", must be %" PRIu64 " to %" PRIu64,
                       member, value, min, max);
    }
    return TN_OK;
}

static enum tn_status check_duration(const char *member, uint64_t value_us, uint64_t min_us,
                                     uint64_t max_us, struct tn_error *error)
{
    if (value_us % TN_MINUTE_US != 0) {
        return tn_fail(error, TN_INVALID, "%s: must be whole minutes", member);
    }
    return check_range(member, value_us, min_us, max_us, error);
}

/* `text` fills `size` with its zeros: 1 to size - 1 characters, all of them accepted by `allowed`
 * beside letters and digits. Strings are printable ASCII without quotes or backslashes, so that
 * they stand in msgpack and in JSON as they are. */
static enum tn_status check_text(const char *member, const char *text, size_t size,
                                 const char *allowed, struct tn_error *error)
{
    size_t length = strnlen(text, size);

    if (length == 0 || length == size) {
        return tn_fail(error, TN_INVALID, "%s: must have 1 to %zu characters", member, size - 1);
    }
    for (size_t i = 0; i < length; i++) {
        char c = text[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!letter && strchr(allowed, c) == NULL) {
            return tn_fail(error, TN_INVALID, "%s: character %zu may not stand there", member,
                           i + 1);
        }
    }
    if (!tn_is_zero(text + length, size - length)) {
        return tn_fail(error, TN_INVALID, "%s: bytes after its end", member);
    }
    return TN_OK;
}

static enum tn_status check_zone_name(const char *member, const char *text, struct tn_error *error)
{
    return check_text(member, text, TN_POLICY_ZONE_NAME_SIZE, "/_-+", error);
}

#define TRY(call)                                                                                  \
    do {                                                                                           \
        enum tn_status s_ = (call);                                                                \
        if (s_ != TN_OK) {                                                                         \
            return s_;                                                                             \
        }                                                                                          \
    } while (0)

static enum tn_status validate_window(const struct tn_policy_window *window, struct tn_error *error)
{
    TRY(check_zone_name("window.zone", window->zone, error));
    TRY(check_range("window.opens_minute", window->opens_minute, 0, MINUTES_OF_DAY - 1, error));
    /* At most a day long, so that the windows of two days never overlap. */
    return check_range("window.closes_minute", window->closes_minute, window->opens_minute + 1,
                       window->opens_minute + MINUTES_OF_DAY, error);
}

/* Witnesses, beacon, and what each needs (spec/draw.md 4). */
static enum tn_status validate_bound(const struct tn_policy_draw *draw, struct tn_error *error)
{
    TRY(check_duration("draw.witness_wait_us", draw->witness_wait_us, TN_MINUTE_US, WAIT_MAX_US,
                       error));
    TRY(check_range("draw.witnesses", draw->witness_count, draw->beacon == TN_BEACON_NONE ? 1 : 0,
                    TN_POLICY_WITNESSES_MAX, error));
    for (uint32_t i = 0; i < draw->witness_count; i++) {
        if (tn_is_zero(draw->witnesses[i], TN_ID_SIZE) ||
            (i > 0 && memcmp(draw->witnesses[i - 1], draw->witnesses[i], TN_ID_SIZE) >= 0)) {
            return tn_fail(error, TN_INVALID, "draw.witnesses: must ascend, none twice, none zero");
        }
    }
    return TN_OK;
}

static enum tn_status validate_draw(const struct tn_policy *policy, struct tn_error *error)
{
    const struct tn_policy_draw *draw = &policy->draw;
    uint64_t draw_minute = (uint64_t) draw->day_offset * MINUTES_OF_DAY + draw->minute;

    TRY(check_zone_name("draw.zone", draw->zone, error));
    TRY(check_range("draw.day_offset", draw->day_offset, 0, DAY_OFFSET_MAX, error));
    TRY(check_range("draw.minute", draw->minute, 0, MINUTES_OF_DAY - 1, error));
    TRY(check_range("draw.mode", draw->mode, 0, 1, error));
    TRY(check_range("draw.beacon", (uint64_t) draw->beacon, TN_BEACON_NONE, TN_BEACON_MANUAL,
                    error));
    if (draw->mode == TN_DRAW_SOLO) {
        if (draw->beacon != TN_BEACON_NONE || draw->witness_wait_us != 0 ||
            draw->witness_count != 0) {
            return tn_fail(error, TN_INVALID,
                           "draw.mode: 0 is the operator's chain alone, without beacon or witness");
        }
    } else {
        TRY(validate_bound(draw, error));
    }
    if ((draw->beacon == TN_BEACON_NIST) == tn_is_zero(draw->certificate, TN_HASH_SIZE)) {
        return tn_fail(error, TN_INVALID,
                       "draw.certificate: the SHA-256 of the certificate that signs the pulses, "
                       "with a NIST beacon and no other");
    }
    if (draw->beacon == TN_BEACON_NONE) {
        TRY(check_range("draw.beacon_delay_us", draw->beacon_delay_us, 0, 0, error));
    } else {
        TRY(check_duration("draw.beacon_delay_us", draw->beacon_delay_us, BEACON_DELAY_MIN_US,
                           WAIT_MAX_US, error));
    }
    if (strcmp(draw->zone, policy->window.zone) == 0 &&
        draw_minute < policy->window.closes_minute) {
        return tn_fail(error, TN_INVALID, "draw: must not be before the window closes");
    }
    TRY(check_range("share_ppm", policy->share_ppm, 0, TN_PPM, error));
    TRY(check_range("packing", (uint64_t) policy->packing, TN_PACKING_STRADDLE, TN_PACKING_HARD,
                    error));
    TRY(check_duration("confirm_us", policy->confirm_us, TN_MINUTE_US, CONFIRM_MAX_US, error));
    TRY(check_range("confirm_from", (uint64_t) policy->confirm_from, TN_CONFIRM_FROM_DRAW,
                    TN_CONFIRM_FROM_NOTICE, error));
    /* Counted in whole days so that an hour of daylight saving does not decide. */
    if (draw_minute + policy->confirm_us / TN_MINUTE_US >
        (uint64_t) policy->notice_min_days * MINUTES_OF_DAY) {
        return tn_fail(error, TN_INVALID,
                       "notice_min_days: an offer could lapse after the date it is for; draw and "
                       "confirm_us must end within the shortest notice");
    }
    return TN_OK;
}

static enum tn_status validate_no_draw(const struct tn_policy *policy, struct tn_error *error)
{
    const struct tn_policy_draw *draw = &policy->draw;

    if (draw->zone[0] != '\0' || draw->day_offset != 0 || draw->minute != 0 || draw->mode != 0 ||
        draw->beacon != TN_BEACON_NONE || draw->beacon_delay_us != 0 ||
        draw->witness_wait_us != 0 || draw->witness_count != 0 ||
        !tn_is_zero(draw->certificate, TN_HASH_SIZE) || policy->share_ppm != 0 ||
        policy->packing != 0 || policy->confirm_us != 0 || policy->confirm_from != 0) {
        return tn_fail(error, TN_INVALID,
                       "method: first come has no draw, share, packing or confirming");
    }
    return TN_OK;
}

static enum tn_status validate_ports(const struct tn_policy *policy, struct tn_error *error)
{
    uint64_t weights = 0;

    TRY(check_range("ports", policy->port_count, 1, TN_POLICY_PORTS_MAX, error));
    for (uint32_t i = 0; i < policy->port_count; i++) {
        const struct tn_policy_port *port = &policy->ports[i];
        TRY(check_range("ports.code", port->code, 1, UINT16_MAX - 1, error));
        TRY(check_text("ports.name", port->name, sizeof(port->name), " .,'()/-", error));
        TRY(check_zone_name("ports.zone", port->zone, error));
        TRY(check_range("ports.weight", port->weight, 0, TN_POLICY_SEATS_MAX, error));
        if (tn_policy_port_index(policy, port->code) != (int) i) {
            return tn_fail(error, TN_INVALID, "ports: code %u is given twice", port->code);
        }
        weights += port->weight;
    }
    if (weights == 0) {
        return tn_fail(error, TN_INVALID, "ports: at least one weight must not be 0");
    }
    return check_range("seats_per_day", policy->seats_per_day, 1, TN_POLICY_SEATS_MAX, error);
}

static enum tn_status validate_slots(const struct tn_policy *policy, struct tn_error *error)
{
    TRY(check_range("slots", policy->slot_count, 1, TN_POLICY_SLOTS_MAX, error));
    for (uint32_t i = 0; i < policy->slot_count; i++) {
        TRY(check_range("slots", policy->slots[i], 0, MINUTES_OF_DAY - 1, error));
        if (i > 0 && policy->slots[i] <= policy->slots[i - 1]) {
            return tn_fail(error, TN_INVALID, "slots: must be ascending");
        }
    }
    return TN_OK;
}

/* An exact mail domain: at least two labels, lower case, A-labels (spec/privacy.md 5). */
static enum tn_status validate_domain(const char *domain, struct tn_error *error)
{
    size_t length = 0;
    bool dotted = false;

    TRY(check_text("validation.domains", domain, TN_POLICY_DOMAIN_SIZE, ".-", error));
    length = strlen(domain);
    for (size_t i = 0; i < length; i++) {
        bool start = i == 0 || domain[i - 1] == '.';
        bool last = i + 1 == length || domain[i + 1] == '.';
        if (domain[i] >= 'A' && domain[i] <= 'Z') {
            return tn_fail(error, TN_INVALID, "validation.domains: %s is not lower case", domain);
        }
        if ((domain[i] == '.' && (start || last)) || (domain[i] == '-' && (start || last))) {
            return tn_fail(error, TN_INVALID, "validation.domains: %s is not a domain", domain);
        }
        dotted = dotted || domain[i] == '.';
    }
    if (!dotted) {
        return tn_fail(error, TN_INVALID, "validation.domains: %s has no dot", domain);
    }
    return TN_OK;
}

static enum tn_status validate_validation(const struct tn_policy_validation *v,
                                          struct tn_error *error)
{
    TRY(check_range("validation.detail", (uint64_t) v->detail, TN_VALIDATION_TWO_PARTS,
                    TN_VALIDATION_ONE_PART, error));
    TRY(check_range("validation.officer_per_minute", v->officer_per_minute, 1, 1000, error));
    TRY(check_range("validation.officer_per_day", v->officer_per_day, 1, 100000, error));
    TRY(check_range("validation.organisation_per_day", v->organisation_per_day, 1, 10000000,
                    error));
    TRY(check_range("validation.negative_weight", v->negative_weight, 1, 100, error));
    TRY(check_range("validation.negatives_in_row", v->negatives_in_row, 1, 1000, error));
    TRY(check_range("validation.dates_per_number", v->dates_per_number, 1, 100, error));
    TRY(check_range("validation.officers_per_number", v->officers_per_number, 1, 1000, error));
    TRY(check_range("validation.alarm_factor", v->alarm_factor, 2, 1000, error));
    TRY(check_range("validation.grant_days", v->grant_days, 1, 90, error));
    TRY(check_range("validation.grant_idle_days", v->grant_idle_days, 1, 90, error));
    TRY(check_range("validation.domains", v->domain_count, 0, TN_POLICY_DOMAINS_MAX, error));
    for (uint32_t i = 0; i < v->domain_count; i++) {
        TRY(validate_domain(v->domains[i], error));
        if (i > 0 && strcmp(v->domains[i - 1], v->domains[i]) >= 0) {
            return tn_fail(error, TN_INVALID, "validation.domains: must be ascending");
        }
    }
    return TN_OK;
}

static enum tn_status validate_languages(const struct tn_policy *policy, struct tn_error *error)
{
    TRY(check_range("languages", policy->language_count, 1, TN_POLICY_LANGUAGES_MAX, error));
    for (uint32_t i = 0; i < policy->language_count; i++) {
        TRY(check_text("languages", policy->languages[i], TN_POLICY_LANGUAGE_SIZE, "-", error));
        for (uint32_t j = 0; j < i; j++) {
            if (strcmp(policy->languages[i], policy->languages[j]) == 0) {
                return tn_fail(error, TN_INVALID, "languages: %s is given twice",
                               policy->languages[i]);
            }
        }
    }
    return TN_OK;
}

enum tn_status tn_policy_validate(const struct tn_policy *policy, struct tn_error *error)
{
    TRY(check_range("version", policy->version, 1, UINT32_MAX, error));
    TRY(check_range("effective_us", policy->effective_us, 1, INSTANT_MAX_US, error));
    TRY(check_range("method", (uint64_t) policy->method, TN_METHOD_FIRST_COME, TN_METHOD_DRAW,
                    error));
    TRY(validate_window(&policy->window, error));
    TRY(policy->method == TN_METHOD_DRAW ? validate_draw(policy, error)
                                         : validate_no_draw(policy, error));
    TRY(check_range("horizon_days", policy->horizon_days, 1, TN_POLICY_HORIZON_DAYS_MAX, error));
    TRY(check_range("notice_min_days", policy->notice_min_days, 0, policy->horizon_days, error));
    TRY(check_range("size_max", policy->size_max, 1, TN_POLICY_SIZE_MAX, error));
    TRY(check_range("choices_max", policy->choices_max, 1, TN_POLICY_CHOICES_MAX, error));
    TRY(check_range("adult_years", policy->adult_years, 1, 30, error));
    TRY(check_range("moves_max", policy->moves_max, 0, 100, error));
    TRY(check_range("photo_attempts", policy->photo_attempts, 1, 100, error));
    TRY(validate_ports(policy, error));
    TRY(validate_slots(policy, error));
    TRY(tn_zone_validate(&policy->zone, error));
    TRY(validate_validation(&policy->validation, error));
    TRY(validate_languages(policy, error));
    if (policy->programme_end_us != 0 && policy->programme_end_us <= policy->effective_us) {
        return tn_fail(error, TN_INVALID,
                       "programme_end_us: must be after the instant from which the policy applies");
    }
    return check_range("programme_end_us", policy->programme_end_us, 0, INSTANT_MAX_US, error);
}

/* --- names --- */

const char *tn_policy_method_name(enum tn_policy_method method)
{
    switch (method) {
    case TN_METHOD_FIRST_COME:
        return "first_come";
    case TN_METHOD_DRAW:
        return "draw";
    }
    return NULL;
}

const char *tn_policy_packing_name(enum tn_policy_packing packing)
{
    switch (packing) {
    case TN_PACKING_STRADDLE:
        return "straddle";
    case TN_PACKING_HARD:
        return "hard";
    }
    return NULL;
}

const char *tn_policy_confirm_from_name(enum tn_policy_confirm_from from)
{
    switch (from) {
    case TN_CONFIRM_FROM_DRAW:
        return "draw";
    case TN_CONFIRM_FROM_NOTICE:
        return "notice";
    }
    return NULL;
}

const char *tn_policy_validation_detail_name(enum tn_policy_validation_detail detail)
{
    switch (detail) {
    case TN_VALIDATION_TWO_PARTS:
        return "two_parts";
    case TN_VALIDATION_ONE_PART:
        return "one_part";
    }
    return NULL;
}

const char *tn_policy_beacon_name(enum tn_policy_beacon beacon)
{
    switch (beacon) {
    case TN_BEACON_NONE:
        return "none";
    case TN_BEACON_DRAND:
        return "drand";
    case TN_BEACON_NIST:
        return "nist";
    case TN_BEACON_MANUAL:
        return "manual";
    }
    return NULL;
}
