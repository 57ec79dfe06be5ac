/* The policy: every parameter of the programme as data, one version a document.
 *
 * The document is canonical msgpack (its keys are drawn at the top of policy_codec.c) and stands
 * whole, as bin, in `policy_published`; the JSON form is for people. A version's approvers, reason
 * and instant of recording belong to the event, not to the document. Nothing here reads a clock or
 * a zone file: civil times become instants in ledger/rules/window.h, and those stand in events.
 * Pure, any thread. Source: spec/domain.md 3, spec/draw.md 3 to 5, spec/privacy.md 4 and 5. */
#ifndef TN_LEDGER_RULES_POLICY_H
#define TN_LEDGER_RULES_POLICY_H

#include "ledger/base/buffer.h"
#include "ledger/rules/zone.h"

/* Limits of a document. One log entry holds 65,535 bytes; half of it leaves room for the event. */
#define TN_POLICY_BYTES_MAX 32768
#define TN_POLICY_PORTS_MAX 16
#define TN_POLICY_SLOTS_MAX 48
#define TN_POLICY_DOMAINS_MAX 16
#define TN_POLICY_LANGUAGES_MAX 16
#define TN_POLICY_WITNESSES_MAX 16
#define TN_POLICY_ZONE_NAME_SIZE 40 /* the longest name in the tz database has 30 characters */
#define TN_POLICY_PORT_NAME_SIZE 40
#define TN_POLICY_DOMAIN_SIZE 64
#define TN_POLICY_LANGUAGE_SIZE 12
/* A pool leaf has room for four ports (spec/draw.md 3). */
#define TN_POLICY_CHOICES_MAX 4
/* Twice any real group; it bounds the overshoot of a slot and the tags of a confirmation. */
#define TN_POLICY_SIZE_MAX 32
#define TN_POLICY_HORIZON_DAYS_MAX 366
/* Seats of a day at all ports: far above any real capacity, and products with weights fit u64. */
#define TN_POLICY_SEATS_MAX 1000000u
#define TN_PPM 1000000u

enum tn_policy_method {
    TN_METHOD_FIRST_COME = 1, /* history only: refused as a policy to run */
    TN_METHOD_DRAW = 2,
};

/* The same numbers as enum tn_draw_packing. */
enum tn_policy_packing {
    TN_PACKING_STRADDLE = 1,
    TN_PACKING_HARD = 2,
};

enum tn_policy_confirm_from {
    TN_CONFIRM_FROM_DRAW = 1,   /* from the instant the draw fell due */
    TN_CONFIRM_FROM_NOTICE = 2, /* from the notice's event (R24) */
};

enum tn_policy_validation_detail {
    TN_VALIDATION_TWO_PARTS = 1, /* `matched` and `appointment` apart, as the original tool */
    TN_VALIDATION_ONE_PART = 2,  /* both folded into one */
};

/* The same numbers as enum tn_draw_beacon_type. */
enum tn_policy_beacon {
    TN_BEACON_NONE = 0,
    TN_BEACON_DRAND = 1,
    TN_BEACON_NIST = 2,
    TN_BEACON_MANUAL = 3,
};

/* When requests of a day are taken: half-open [opens, closes) in civil time. */
struct tn_policy_window {
    char zone[TN_POLICY_ZONE_NAME_SIZE]; /* also the zone in which `day` is counted */
    uint32_t opens_minute;               /* of the day, 0..1439 */
    uint32_t closes_minute;              /* > opens, <= opens + 1440; over 1440 is the next day */
};

/* When and how a day's draw is made. */
struct tn_policy_draw {
    char zone[TN_POLICY_ZONE_NAME_SIZE];
    uint32_t day_offset; /* days after the day whose requests are drawn */
    uint32_t minute;     /* of that day, 0..1439 */
    uint32_t mode;       /* 0 solo, 1 bound (spec/draw.md 4) */
    enum tn_policy_beacon beacon;
    /* Without a beacon 0; else the round is the first at or after close + this (>= 900 s). */
    uint64_t beacon_delay_us;
    /* In mode 0 it is 0; else a witness silent this long after the close is missed. */
    uint64_t witness_wait_us;
    /* Whose reveals are awaited, ascending: of a witness's verifier key the first 16 bytes of the
     * SHA-256. In mode 1 at least one, or a beacon. */
    uint32_t witness_count;
    uint8_t witnesses[TN_POLICY_WITNESSES_MAX][TN_ID_SIZE];
    /* SHA-256 of the DER form of the certificate by which a NIST beacon's pulses are signed:
     * nothing else says whose they are. Zeros with any other beacon. */
    uint8_t certificate[TN_HASH_SIZE];
};

/* A port of entry. `weight` is its share of the day's seats, in seats of the published table. */
struct tn_policy_port {
    uint16_t code; /* 1..65534; FFFF pads a leaf */
    char name[TN_POLICY_PORT_NAME_SIZE];
    char zone[TN_POLICY_ZONE_NAME_SIZE];
    uint32_t weight;
};

/* Limits on validation (spec/privacy.md 4) and the conditions of an officer's grant (5). */
struct tn_policy_validation {
    enum tn_policy_validation_detail detail;
    uint32_t officer_per_minute;
    uint32_t officer_per_day;
    uint32_t organisation_per_day;
    uint32_t negative_weight;     /* how many queries a negative answer counts for */
    uint32_t negatives_in_row;    /* then the officer is suspended until a supervisor acts */
    uint32_t dates_per_number;    /* different dates of birth a day for one officer and number */
    uint32_t officers_per_number; /* different officers a day on one number: alarm */
    uint32_t alarm_factor;        /* times the usual rate: global alarm */
    uint32_t grant_days;          /* longest grant */
    uint32_t grant_idle_days;     /* a grant unused this long is dropped */
    uint32_t domain_count;        /* no domain: nobody is eligible by e-mail */
    /* Exact domains, lower case, A-labels, ascending. */
    char domains[TN_POLICY_DOMAINS_MAX][TN_POLICY_DOMAIN_SIZE];
};

struct tn_policy {
    uint32_t version;      /* 1, 2, ...: the `policy` of draws and days */
    uint64_t effective_us; /* in force from this instant on */
    enum tn_policy_method method;
    struct tn_policy_window window;
    struct tn_policy_draw draw;     /* all zero when first come */
    uint32_t share_ppm;             /* seats by seniority, 0..1000000 */
    enum tn_policy_packing packing; /* 0 when first come */
    uint64_t confirm_us; /* elapsed time to accept an offer; whole minutes; 0 when first come */
    enum tn_policy_confirm_from confirm_from; /* 0 when first come */
    uint32_t horizon_days;                    /* service_date = day + this */
    uint32_t notice_min_days;                 /* no seat nearer to `day` than this is offered */
    uint32_t size_max;                        /* people in one group */
    uint32_t choices_max;                     /* ports in one request, 1..4 */
    uint32_t adult_years;                     /* age from which a member lends seniority and acts */
    uint32_t moves_max;                       /* times one appointment may be moved (R29) */
    uint32_t photo_attempts; /* rejected photographs that open the manual path (R15) */
    bool group_shares_destination;
    uint32_t seats_per_day; /* at all ports together */
    uint32_t port_count;
    struct tn_policy_port ports[TN_POLICY_PORTS_MAX]; /* this order breaks ties and orders lists */
    uint32_t slot_count;
    uint16_t slots[TN_POLICY_SLOTS_MAX]; /* minutes of the local day at the port, ascending */
    struct tn_zone zone;
    struct tn_policy_validation validation;
    uint32_t language_count;
    char languages[TN_POLICY_LANGUAGES_MAX][TN_POLICY_LANGUAGE_SIZE]; /* the first is default */
    uint64_t programme_end_us; /* 0: none set; else no window opens at or after it */
};

/* Check every constraint. TN_INVALID with a sentence that names the member and what it must be. */
TN_MUST_USE enum tn_status tn_policy_validate(const struct tn_policy *policy,
                                              struct tn_error *error);

/* TN_OK when a ledger may run this version; TN_REFUSED with a sentence when it is kept as history
 * only (first come, first served). Says nothing about validity. */
TN_MUST_USE enum tn_status tn_policy_is_runnable(const struct tn_policy *policy,
                                                 struct tn_error *error);

/* May `next` be published at `recorded_us` after `previous` (NULL: it is the first)? It must be
 * valid, runnable, numbered one higher, and apply later than it is recorded (R21) and not before
 * `previous`; the zone changes only with its version. A ledger's first may apply from the past.
 * TN_INVALID or TN_REFUSED with a sentence. */
TN_MUST_USE enum tn_status tn_policy_check_next(const struct tn_policy *previous,
                                                const struct tn_policy *next, uint64_t recorded_us,
                                                struct tn_error *error);

/* Append the canonical document. TN_INVALID when it is not valid, TN_FULL when over the limit of
 * `out` or TN_POLICY_BYTES_MAX. */
TN_MUST_USE enum tn_status tn_policy_encode(const struct tn_policy *policy, struct tn_buffer *out,
                                            struct tn_error *error);

/* Read and validate a document; encoding the result gives the same bytes. Zeroes `policy` on
 * failure. TN_INVALID: not canonical, a value out of range, or a constraint broken.
 * TN_UNSUPPORTED: a document format or member this program does not know. */
TN_MUST_USE enum tn_status tn_policy_decode(struct tn_bytes document, struct tn_policy *policy,
                                            struct tn_error *error);

/* Seats a day of each port, in the order of `ports`: `seats_per_day` over the weights by largest
 * remainder, ties by table order. The sum is exactly seats_per_day. */
void tn_policy_port_seats(const struct tn_policy *policy,
                          uint32_t seats[static TN_POLICY_PORTS_MAX]);

/* Spread `seats` evenly over `slot_count` slots (not 0), the remainder to the first slot. */
void tn_policy_slot_seats(uint32_t seats, uint32_t slot_count, uint32_t *out);

/* The place of `code` in `ports`, or -1. */
int tn_policy_port_index(const struct tn_policy *policy, uint16_t code);

/* The version in force at `instant_us`: the last in (effective_us, version) that has begun; NULL
 * when none has. A day's policy is the version in force when its window opens. Any order. */
const struct tn_policy *tn_policy_in_force(const struct tn_policy *const *versions, size_t count,
                                           uint64_t instant_us);

/* When an offer lapses: `from_us` (by `confirm_from`) plus confirm_us elapsed; the last instant
 * that counts as in time is one microsecond earlier (t < deadline). */
uint64_t tn_policy_offer_deadline(const struct tn_policy *policy, uint64_t from_us);

/* Who marks what in a JSON form: a value's member and where it comes from. Static text. */
struct tn_policy_note {
    const char *member; /* "horizon_days", "ports.2402.weight", ... */
    const char *text;
};

/* Append the JSON form of a valid policy (shape: top of policy_json.c), indented by `indent`
 * spaces from its second line on, without a final newline. `notes` may be NULL. */
TN_MUST_USE enum tn_status tn_policy_write_json(const struct tn_policy *policy,
                                                const struct tn_policy_note *notes,
                                                size_t note_count, unsigned indent,
                                                struct tn_buffer *out);

/* Names of the enumerations as the JSON form spells them; NULL for a number that has none. */
const char *tn_policy_method_name(enum tn_policy_method method);
const char *tn_policy_packing_name(enum tn_policy_packing packing);
const char *tn_policy_confirm_from_name(enum tn_policy_confirm_from from);
const char *tn_policy_validation_detail_name(enum tn_policy_validation_detail detail);
const char *tn_policy_beacon_name(enum tn_policy_beacon beacon);

#endif
