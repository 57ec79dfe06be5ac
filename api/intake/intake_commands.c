/* Requests, acceptances, validations, arrivals; and what was shown once. */
#include <sodium.h>
#include <string.h>

#include "api/intake/intake_internal.h"
#include "api/intake/profile.h"
#include "ledger/base/endian.h"

#define NUMBER_BYTES 8

/* Three letters in upper case; false when it is not that. */
static bool upper_code(struct tn_bytes text, uint8_t upper[static TN_ZONE_NATIONALITY_SIZE])
{
    bool fits = text.size == TN_ZONE_NATIONALITY_SIZE;

    for (size_t i = 0; fits && i < TN_ZONE_NATIONALITY_SIZE; i++) {
        upper[i] = (uint8_t) (text.data[i] & 0xdfu);
        fits = text.data[i] >= 'A' && upper[i] >= 'A' && upper[i] <= 'Z';
    }
    return fits;
}

enum tn_status tn_intake_request(const struct tn_intake *intake,
                                 const struct tn_intake_caller *caller,
                                 const uint8_t registration[static TN_ID_SIZE],
                                 const uint64_t *ports, size_t port_count,
                                 struct tn_bytes nationality, bool has_position, int32_t lat_udeg,
                                 int32_t lon_udeg, struct tn_intake_command *command,
                                 struct tn_error *error)
{
    struct tn_facts_request *facts = &command->request.command.facts.request_appointment_facts;
    const struct tn_zone *zone = &intake->policy->zone;
    uint8_t upper[TN_ZONE_NATIONALITY_SIZE];
    uint64_t *copy;

    if (nationality.size > 0 && !upper_code(nationality, upper)) {
        return tn_fail(error, TN_INVALID, "nationality is not a code of three letters");
    }
    tn_intake_begin(intake, caller, TN_COMMAND_request_appointment, command);
    copy = tn_arena_array(&command->arena, port_count, sizeof(*copy));
    if (!copy) {
        return tn_fail(error, TN_INVALID, "ports names too many ports");
    }
    if (port_count > 0) {
        memcpy(copy, ports, port_count * sizeof(*copy));
    }
    memcpy(facts->registration, registration, TN_ID_SIZE);
    facts->ports.items = copy;
    facts->ports.count = port_count;
    facts->zone_version = zone->version;
    facts->zone_result =
        has_position ? tn_zone_decide(zone, tn_bytes(upper, nationality.size), lat_udeg, lon_udeg)
                     : TN_ZONE_NO_POSITION;
    return TN_OK;
}

/* A member's profile from the vault; `plain` holds what `person` points to and is closed by the
 * caller, as a secret. */
static enum tn_status open_profile(const struct tn_vault *vault, const uint8_t *member,
                                   struct tn_buffer *plain, struct tn_person_form *person,
                                   struct tn_error *error)
{
    uint32_t version = TN_RECORD_NEWEST;
    enum tn_status status;

    memset(person, 0, sizeof(*person));
    tn_buffer_init(plain, TN_SEALED_PLAIN_MAX);
    status = tn_vault_open_record(vault, member, TN_RECORD_PROFILE, &version, plain, error);
    if (status == TN_OK && tn_profile_read(tn_buffer_view(plain), person) != TN_OK) {
        status = tn_fail(error, TN_CORRUPT, "a member's profile is not what was sealed");
    }
    return status;
}

static enum tn_status open_birth(const struct tn_vault *vault, const uint8_t *member,
                                 uint32_t *birth, struct tn_error *error)
{
    struct tn_buffer plain;
    struct tn_person_form person;
    enum tn_status status = open_profile(vault, member, &plain, &person, error);

    *birth = status == TN_OK ? person.birth : 0;
    sodium_memzero(&person, sizeof(person));
    tn_buffer_close_secret(&plain);
    return status;
}

enum tn_status tn_intake_check_nationality(const struct tn_intake *intake,
                                           const struct tn_registration_row *row,
                                           struct tn_bytes nationality, bool *borne_out,
                                           struct tn_error *error)
{
    uint8_t upper[TN_ZONE_NATIONALITY_SIZE];
    enum tn_status status = TN_OK;

    *borne_out = false;
    if (!upper_code(nationality, upper)) {
        return tn_fail(error, TN_INVALID, "nationality is not a code of three letters");
    }
    *borne_out = row->members.count > 0;
    for (size_t i = 0; status == TN_OK && *borne_out && i < row->members.count; i++) {
        struct tn_buffer plain;
        struct tn_person_form person;

        status = open_profile(intake->vault, row->members.items[i].member, &plain, &person, error);
        *borne_out = status == TN_OK &&
                     tn_bytes_equal(person.nationality, tn_bytes(upper, sizeof(upper)));
        sodium_memzero(&person, sizeof(person));
        tn_buffer_close_secret(&plain);
    }
    return status;
}

static enum tn_status make_tags(const struct tn_intake *intake,
                                const struct tn_registration_row *row,
                                struct tn_intake_command *command, struct tn_error *error)
{
    struct tn_facts_accept_offer *facts = &command->request.command.facts.accept_offer_facts;
    size_t count = row->members.count;
    uint8_t(*members)[TN_ID_SIZE] = tn_arena_array(&command->arena, count, TN_ID_SIZE);
    uint8_t(*tags)[TN_ID_SIZE] = tn_arena_array(&command->arena, count, TN_ID_SIZE);
    struct tn_bytes key = tn_keys_view(intake->vault->keys, TN_KEY_VALIDATION);
    enum tn_status status = TN_OK;

    _Static_assert(TN_VALIDATION_TAG_SIZE == TN_ID_SIZE, "a tag is an id");
    if (!members || !tags) {
        return tn_fail(error, TN_MEMORY, "no memory for a group's tags");
    }
    for (size_t i = 0; status == TN_OK && i < count; i++) {
        uint32_t birth;

        memcpy(members[i], row->members.items[i].member, TN_ID_SIZE);
        status = open_birth(intake->vault, members[i], &birth, error);
        if (status == TN_OK) {
            tn_validation_tag(tags[i], key, command->number, birth);
        }
        sodium_memzero(&birth, sizeof(birth));
    }
    facts->members = (struct tn_ids){(const uint8_t(*)[TN_ID_SIZE]) members, count};
    facts->tags = (struct tn_ids){(const uint8_t(*)[TN_ID_SIZE]) tags, count};
    return status;
}

enum tn_status tn_intake_accept(const struct tn_intake *intake,
                                const struct tn_intake_caller *caller,
                                const uint8_t registration[static TN_ID_SIZE],
                                const struct tn_registration_row *row,
                                const uint8_t offer[static TN_ID_SIZE],
                                struct tn_intake_command *command, struct tn_error *error)
{
    struct tn_facts_accept_offer *facts = &command->request.command.facts.accept_offer_facts;
    uint8_t number[NUMBER_BYTES];
    enum tn_status status;

    tn_intake_begin(intake, caller, TN_COMMAND_accept_offer, command);
    memcpy(facts->registration, registration, TN_ID_SIZE);
    memcpy(facts->offer, offer, TN_ID_SIZE);
    command->number = tn_confirmation_make(intake->random);
    status = make_tags(intake, row, command, error);
    if (status == TN_OK) {
        tn_put_be64(number, command->number);
        status = tn_vault_seal(intake->vault, &command->writes, registration,
                               TN_RECORD_CONFIRMATION,
                               tn_vault_once_version(command->request.command.id),
                               tn_bytes(number, sizeof(number)), intake->random, error);
        sodium_memzero(number, sizeof(number));
    }
    return status == TN_OK ? tn_intake_attach_writes(command, error) : status;
}

/* The number as typed; the words never repeat it. */
static enum tn_status read_number(struct tn_bytes text, uint64_t *number, struct tn_error *error)
{
    enum tn_status status = tn_confirmation_parse(text, number);

    if (status == TN_MISMATCH) {
        return tn_fail(error, status, "confirmation_number is mistyped: its check symbol is wrong");
    }
    return status == TN_OK ? TN_OK
                           : tn_fail(error, status,
                                     "confirmation_number is not one of twelve letters and digits");
}

enum tn_status tn_intake_validate(const struct tn_intake *intake,
                                  const struct tn_intake_caller *caller, struct tn_bytes number,
                                  uint32_t birth, enum tn_purpose purpose,
                                  struct tn_intake_command *command, struct tn_error *error)
{
    struct tn_facts_validate *facts = &command->request.command.facts.validate_facts;
    const struct tn_keys *keys = intake->vault->keys;
    uint8_t *rate = tn_arena_alloc(&command->arena, TN_RATE_TAG_SIZE);
    uint64_t value;
    enum tn_status status = read_number(number, &value, error);

    if (status != TN_OK) {
        return status;
    }
    if (!rate) {
        return tn_fail(error, TN_MEMORY, "no memory for a validation");
    }
    tn_intake_begin(intake, caller, TN_COMMAND_validate, command);
    facts->purpose = purpose;
    tn_validation_tag(facts->tag, tn_keys_view(keys, TN_KEY_VALIDATION), value, birth);
    tn_rate_tag(rate, tn_keys_view(keys, TN_KEY_RATE), (uint32_t) intake->today, value);
    facts->rate = tn_bytes(rate, TN_RATE_TAG_SIZE);
    sodium_memzero(&value, sizeof(value));
    return TN_OK;
}

enum tn_status tn_intake_arrival(const struct tn_intake *intake,
                                 const struct tn_intake_caller *caller, uint64_t port,
                                 uint64_t date, struct tn_bytes number, uint32_t birth,
                                 enum tn_arrival outcome, uint64_t rule,
                                 struct tn_intake_command *command, struct tn_error *error)
{
    struct tn_facts_arrival *facts = &command->request.command.facts.record_arrival_facts;
    uint64_t value;
    enum tn_status status = read_number(number, &value, error);

    if (status != TN_OK) {
        return status;
    }
    tn_intake_begin(intake, caller, TN_COMMAND_record_arrival, command);
    facts->port = port;
    facts->date = date;
    facts->outcome = outcome;
    facts->rule = rule;
    tn_validation_tag(facts->tag, tn_keys_view(intake->vault->keys, TN_KEY_VALIDATION), value,
                      birth);
    sodium_memzero(&value, sizeof(value));
    return TN_OK;
}

/* ---- what was shown once ---- */

static enum tn_status reopen(const struct tn_vault *vault, const uint8_t *registration,
                             enum tn_vault_record record, const uint8_t *command, uint8_t *out,
                             size_t size, struct tn_error *error)
{
    struct tn_buffer plain;
    uint32_t version = tn_vault_once_version(command);
    enum tn_status status;

    memset(out, 0, size);
    tn_buffer_init(&plain, TN_SEALED_PLAIN_MAX);
    status = tn_vault_open_record(vault, registration, record, &version, &plain, error);
    if (status == TN_OK && plain.size != size) {
        status = tn_fail(error, TN_CORRUPT, "a sealed record has another length than was written");
    }
    if (status == TN_OK) {
        memcpy(out, plain.data, size);
    }
    tn_buffer_close_secret(&plain);
    return status;
}

enum tn_status tn_intake_reopen_token(const struct tn_intake *intake,
                                      const uint8_t registration[static TN_ID_SIZE],
                                      const uint8_t command[static TN_ID_SIZE],
                                      uint8_t token[static TN_TOKEN_SIZE], struct tn_error *error)
{
    return reopen(intake->vault, registration, TN_RECORD_TOKEN, command, token, TN_TOKEN_SIZE,
                  error);
}

enum tn_status tn_intake_reopen_number(const struct tn_intake *intake,
                                       const uint8_t registration[static TN_ID_SIZE],
                                       const uint8_t command[static TN_ID_SIZE], uint64_t *number,
                                       struct tn_error *error)
{
    uint8_t bytes[NUMBER_BYTES];
    enum tn_status status = reopen(intake->vault, registration, TN_RECORD_CONFIRMATION, command,
                                   bytes, sizeof(bytes), error);

    *number = status == TN_OK ? tn_get_be64(bytes) : 0;
    sodium_memzero(bytes, sizeof(bytes));
    return status;
}
