/* The envelope of an entry (spec/log.md 2): version, kind, time, actor, command, cause, body. */
#ifndef TN_LEDGER_EVENT_EVENT_H
#define TN_LEDGER_EVENT_EVENT_H

#include "ledger/event/kinds.h"

/* Who caused an event. Numbers are in the log: never reused. */
enum tn_role {
    TN_ROLE_LEDGER = 0, /* the desk itself: what falls due */
    TN_ROLE_APPLICANT = 1,
    TN_ROLE_HELPER = 2,
    TN_ROLE_OFFICER = 3,
    TN_ROLE_PORT_OFFICER = 4,
    TN_ROLE_SCHEDULER = 5,
    TN_ROLE_POLICY_OWNER = 6,
    TN_ROLE_DRAW_OPERATOR = 7,
    TN_ROLE_AUDITOR = 8,
    TN_ROLE_OPERATOR = 9,
    TN_ROLE_COUNT,
};

const char *tn_role_name(uint64_t role); /* "applicant"; "unknown" beyond the list */
/* TN_ROLE_COUNT when there is no role of that name. */
enum tn_role tn_role_parse(struct tn_bytes name);

struct tn_actor {
    enum tn_role role;
    uint8_t id[TN_ID_SIZE]; /* pseudonymous: registration16, officer16; zeros for the ledger */
};

/* One event. `body` is decoded by its kind; its views live as long as the arena and the entry's
 * bytes. */
struct tn_event {
    uint64_t index; /* its place in the log; not part of the bytes */
    uint32_t version;
    uint32_t kind;
    uint64_t time_us;
    struct tn_actor actor;
    bool has_command;
    bool has_cause;
    uint8_t command[TN_ID_SIZE];
    uint64_t cause;
    union tn_body body;
};

/* An entry is never larger: its length is two bytes in a bundle. */
#define TN_EVENT_BYTES_MAX 65535u

/* Append the canonical bytes of an entry. Its kind, version and role are ours: checked. An event
 * may come out larger than TN_EVENT_BYTES_MAX; whoever appends it to the log asks. */
void tn_event_encode(const struct tn_event *event, struct tn_buffer *out);
/* Lists live in `arena`, views in `entry`.
 *
 * TN_INVALID      not a canonical entry; the event is zero but for its index
 * TN_UNSUPPORTED  canonical, but with a kind, version, role, body key or refused command that this
 *                 program does not know: a viewer shows it raw, a fold or an audit stops. The
 *                 envelope is filled (an unknown role is TN_ROLE_COUNT), the body zero
 * TN_FULL         the arena's limit; envelope and body likewise */
TN_MUST_USE enum tn_status tn_event_decode(struct tn_bytes entry, uint64_t index,
                                           struct tn_arena *arena, struct tn_event *event,
                                           struct tn_error *error);
/* The events of one command follow each other, and it is found at the first. Zeroed before the
 * first event that is asked about, then asked in their order. */
struct tn_command_run {
    uint8_t last[TN_ID_SIZE];
    bool has_last;
};
bool tn_event_begins_command(const struct tn_event *event, struct tn_command_run *run);
/* The ids under which an event is found (at most TN_EVENT_STREAMS_MAX, no doubles, zeros left out):
 * its STREAM fields, its actor, its port day. */
#define TN_EVENT_STREAMS_MAX 4
size_t tn_event_streams(const struct tn_event *event,
                        uint8_t streams[TN_EVENT_STREAMS_MAX][TN_ID_SIZE]);
/* Whether events of a kind are also found under their port day. */
bool tn_kind_has_port_day(uint64_t kind);
/* The stream id of one port on one date: "port-day" || BE16 port || BE32 date || zeros. */
void tn_port_day_stream(uint64_t port, uint64_t date, uint8_t stream[static TN_ID_SIZE]);
/* Append one JSON object: index time kind version actor command cause body, names for numbers;
 * fields that are zero or empty are left out as they are in the bytes. Of an entry that cannot be
 * decoded by its kind, what has no name is a number and the body is its bytes in hexadecimal.
 * Nothing is appended when the entry is not canonical. TN_INVALID, TN_FULL as decode; `out` says
 * itself whether it overflowed. */
TN_MUST_USE enum tn_status tn_event_write_json(struct tn_bytes entry, uint64_t index,
                                               struct tn_arena *arena, struct tn_buffer *out,
                                               struct tn_error *error);

#endif
