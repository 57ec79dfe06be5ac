/* Intake: from what a person or an officer sends to a command without any personal data (P5).
 *
 * Everything here may be slow (sealing, unsealing, hashing) and runs on pool threads or in the
 * simulator, never on the desk's thread. Each function fills a `struct tn_intake_command`; its
 * request is then submitted to the desk. Source: spec/privacy.md 1 to 4; DESIGN, "The way of the
 * data". */
#ifndef TN_API_INTAKE_INTAKE_H
#define TN_API_INTAKE_INTAKE_H

#include "api/desk/desk.h"
#include "ledger/rules/policy.h"
#include "ledger/rules/rows.h"
#include "ledger/vault/confirmation.h"

#define TN_INTAKE_MEMBERS_MAX TN_POLICY_SIZE_MAX
#define TN_TOKEN_SIZE 32

/* One person as typed. Borrowed views of UTF-8. */
struct tn_person_form {
    struct tn_bytes given_names;
    struct tn_bytes family_names;
    uint32_t birth;              /* YYYYMMDD */
    struct tn_bytes nationality; /* ISO 3166-1 alpha-3, any case */
    struct tn_bytes document;    /* number; may be empty */
};

struct tn_registration_form {
    const struct tn_person_form *members;
    size_t member_count;
    struct tn_bytes
        destination;          /* one address for the group; may be empty where the policy allows */
    struct tn_bytes contact;  /* e-mail or telephone; may be empty */
    struct tn_bytes language; /* "es"; may be empty */
};

/* What every function needs of its surroundings. */
struct tn_intake {
    const struct tn_vault *vault;
    const struct tn_policy *policy; /* in force */
    uint64_t now_us;                /* for `today` and ages; the desk stamps the command itself */
    uint64_t today;                 /* civil day of now_us in the policy's zone */
    struct tn_random *random;       /* all that is random in the command */
};

/* A command and all the memory its facts point to. It does not move after init: facts, tags and the
 * desk point into it. */
struct tn_intake_command {
    struct tn_desk_request request;
    struct tn_arena arena;
    struct tn_vault_writes writes;
    struct tn_desk_tag tags[TN_DESK_TAGS_MAX];
    uint8_t token[TN_TOKEN_SIZE]; /* register: shown once; sealed for retries; wiped by close */
    uint64_t number;              /* accept: the confirmation number; the same */
};

void tn_intake_command_init(struct tn_intake_command *command);
/* Wipes and frees; also closes request.entries and drops request.receipt. */
void tn_intake_command_close(struct tn_intake_command *command);

/* Who acts, under which Idempotency-Key (empty: a random one is made and nothing is remembered),
 * and the body's bytes for the fingerprint. A key of an anonymous caller is 16 bytes of randomness
 * or more. Under a key that is implied only what was done is remembered, and no refusal. */
struct tn_intake_caller {
    struct tn_actor actor;
    struct tn_bytes key;
    bool key_is_implied; /* by what is asked; the caller gave none */
    struct tn_bytes body;
};

/* Register a person or a group: new ids and keys, sealed profiles (one subject a member; a
 * registration's own subject holds destination, contact and token), commitments, tags for person
 * and place. For the command's id the actor of a registration counts as zeros, since its id is new.
 * TN_INVALID  a field has no canonical form, with words that name the field and never its value */
TN_MUST_USE enum tn_status tn_intake_register(const struct tn_intake *intake,
                                              const struct tn_intake_caller *caller,
                                              const struct tn_registration_form *form,
                                              struct tn_intake_command *command,
                                              struct tn_error *error);
TN_MUST_USE enum tn_status tn_intake_add_member(const struct tn_intake *intake,
                                                const struct tn_intake_caller *caller,
                                                const uint8_t registration[static TN_ID_SIZE],
                                                const struct tn_person_form *person,
                                                struct tn_intake_command *command,
                                                struct tn_error *error);

/* Ask for an appointment from a position (microdegrees). The zone decision uses the nationality
 * only as far as a rule of the zone needs it: `nationality` may be empty. */
TN_MUST_USE enum tn_status tn_intake_request(
    const struct tn_intake *intake, const struct tn_intake_caller *caller,
    const uint8_t registration[static TN_ID_SIZE], const uint64_t *ports, size_t port_count,
    struct tn_bytes nationality, bool has_position, int32_t lat_udeg, int32_t lon_udeg,
    struct tn_intake_command *command, struct tn_error *error);

/* Do all members' sealed profiles bear out a claimed nationality? A zone rule for citizens takes
 * nobody's word for it. */
TN_MUST_USE enum tn_status tn_intake_check_nationality(const struct tn_intake *intake,
                                                       const struct tn_registration_row *row,
                                                       struct tn_bytes nationality, bool *borne_out,
                                                       struct tn_error *error);

/* Accept an offer: makes the confirmation number, opens each member's date of birth in the vault
 * and makes one tag a member, in the row's order; seals the number for retries. `row` is the
 * committed row. */
TN_MUST_USE enum tn_status tn_intake_accept(const struct tn_intake *intake,
                                            const struct tn_intake_caller *caller,
                                            const uint8_t registration[static TN_ID_SIZE],
                                            const struct tn_registration_row *row,
                                            const uint8_t offer[static TN_ID_SIZE],
                                            struct tn_intake_command *command,
                                            struct tn_error *error);

/* An officer's question. TN_MISMATCH: the check symbol is wrong (nothing is looked up or recorded).
 */
TN_MUST_USE enum tn_status tn_intake_validate(const struct tn_intake *intake,
                                              const struct tn_intake_caller *caller,
                                              struct tn_bytes number, uint32_t birth,
                                              enum tn_purpose purpose,
                                              struct tn_intake_command *command,
                                              struct tn_error *error);
TN_MUST_USE enum tn_status tn_intake_arrival(const struct tn_intake *intake,
                                             const struct tn_intake_caller *caller, uint64_t port,
                                             uint64_t date, struct tn_bytes number, uint32_t birth,
                                             enum tn_arrival outcome, uint64_t rule,
                                             struct tn_intake_command *command,
                                             struct tn_error *error);

/* Commands whose facts the caller has filled already (withdraw, decline, cancel, officers, policies
 * ...): only id, actor and fingerprint are set. */
void tn_intake_plain(const struct tn_intake *intake, const struct tn_intake_caller *caller,
                     enum tn_command_kind kind, struct tn_intake_command *command);

/* What was shown once, for a retry: the token of a registration, or the confirmation number of an
 * appointment, from the vault. TN_GONE: erased. */
TN_MUST_USE enum tn_status tn_intake_reopen_token(const struct tn_intake *intake,
                                                  const uint8_t registration[static TN_ID_SIZE],
                                                  const uint8_t command[static TN_ID_SIZE],
                                                  uint8_t token[static TN_TOKEN_SIZE],
                                                  struct tn_error *error);
TN_MUST_USE enum tn_status tn_intake_reopen_number(const struct tn_intake *intake,
                                                   const uint8_t registration[static TN_ID_SIZE],
                                                   const uint8_t command[static TN_ID_SIZE],
                                                   uint64_t *number, struct tn_error *error);

#endif
