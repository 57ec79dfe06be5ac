/* Registering people: canonical forms, commitments, sealed profiles, tags.
 *
 * The random draws of a command, in this order, so that a seeded source gives the same bytes again:
 * command id (where the caller gave no key), registration, nonce, token, registration's key; for
 * each member: member, candidate person, key, profile's nonce; then the sealed records of the
 * registration. How many there are depends on the form alone, never on what the vault holds. */
#include "api/intake/intake.h"

#include <sodium.h>
#include <string.h>

#include "api/intake/intake_internal.h"
#include "api/intake/profile.h"
#include "ledger/base/check.h"
#include "ledger/base/civil.h"
#include "ledger/base/hash.h"
#include "ledger/vault/canonical.h"

#define MEMBER_FIELDS_MAX 5
#define NATIONALITY_SIZE 3

void tn_intake_command_init(struct tn_intake_command *command)
{
    memset(&command->request, 0, sizeof(command->request));
    tn_arena_init(&command->arena, TN_INTAKE_ARENA_BYTES);
    tn_vault_writes_init(&command->writes);
    memset(command->token, 0, sizeof(command->token));
    command->number = 0;
    tn_buffer_init(&command->request.entries, 0);
    command->request.tags = command->tags;
}

void tn_intake_command_close(struct tn_intake_command *command)
{
    sodium_memzero(command->token, sizeof(command->token));
    sodium_memzero(&command->number, sizeof(command->number));
    tn_buffer_close(&command->request.entries);
    tn_receipt_frame_drop(command->request.receipt);
    command->request.receipt = NULL;
    tn_vault_writes_close(&command->writes);
    tn_arena_close(&command->arena);
}

void tn_intake_begin(const struct tn_intake *intake, const struct tn_intake_caller *caller,
                     enum tn_command_kind kind, struct tn_intake_command *command)
{
    static const uint8_t nobody[TN_ID_SIZE];
    struct tn_desk_request *request = &command->request;
    const uint8_t *actor = kind == TN_COMMAND_register ? nobody : caller->actor.id;
    uint8_t unique[TN_ID_SIZE];
    struct tn_bytes key = caller->key;

    request->has_key = key.size > 0;
    request->key_is_implied = request->has_key && caller->key_is_implied;
    if (!request->has_key || request->key_is_implied) {
        tn_random_fill(intake->random, unique, sizeof(unique));
    }
    if (!request->has_key) {
        key = tn_bytes(unique, sizeof(unique));
    } else if (request->key_is_implied) {
        tn_command_id(request->refused_id, actor, tn_bytes(unique, sizeof(unique)));
    }
    request->command.kind = kind;
    request->command.actor = caller->actor;
    tn_command_id(request->command.id, actor, key);
    if (request->has_key) {
        tn_vault_fingerprint(intake->vault->keys, request->command.id, caller->body,
                             request->fingerprint);
    }
}

enum tn_status tn_intake_attach_writes(struct tn_intake_command *command, struct tn_error *error)
{
    enum tn_status status = tn_buffer_status(&command->writes.puts);

    if (status != TN_OK) {
        return tn_fail(error, status, "one command cannot seal more");
    }
    command->request.writes = &command->writes;
    return TN_OK;
}

void tn_intake_plain(const struct tn_intake *intake, const struct tn_intake_caller *caller,
                     enum tn_command_kind kind, struct tn_intake_command *command)
{
    tn_intake_begin(intake, caller, kind, command);
}

/* ---- one person ---- */

/* A member's values in one spelling, in one buffer, and what they say to the rules. */
struct canonical_person {
    struct tn_buffer text;
    struct {
        enum tn_vault_field field;
        size_t at;
        size_t size;
    } fields[MEMBER_FIELDS_MAX];
    size_t count;
    uint8_t nationality[NATIONALITY_SIZE];
    bool adult;
};

static enum tn_status refuse_field(struct tn_error *error, size_t member, const char *name,
                                   const char *why)
{
    return tn_fail(error, TN_INVALID, "members[%zu].%s %s", member, name, why);
}

static bool is_date(uint32_t yyyymmdd)
{
    uint32_t day;
    char text[11] = "0000-00-00";
    static const uint8_t places[8] = {9, 8, 6, 5, 3, 2, 1, 0};

    for (size_t i = 0; i < 8; i++) {
        text[places[i]] = (char) ('0' + yyyymmdd % 10);
        yyyymmdd /= 10;
    }
    return yyyymmdd == 0 && tn_date_parse_birth(tn_bytes(text, 10), &day) == TN_OK;
}

/* Whole years on the civil day `today`; negative when born later. */
static int age_on(uint32_t birth, uint64_t today)
{
    unsigned year;
    unsigned month;
    unsigned date;
    int years;

    tn_day_to_date((uint32_t) today, &year, &month, &date);
    years = (int) year - (int) (birth / 10000);
    return month * 100 + date < birth % 10000 ? years - 1 : years;
}

static void end_field(struct canonical_person *person, enum tn_vault_field field, size_t from)
{
    person->fields[person->count].field = field;
    person->fields[person->count].at = from;
    person->fields[person->count].size = person->text.size - from;
    person->count += person->text.size > from ? 1u : 0u;
}

static enum tn_status canonical_names(const struct tn_person_form *form, size_t member,
                                      struct canonical_person *person, struct tn_error *error)
{
    size_t from = person->text.size;

    if (tn_canonical_text(form->given_names, &person->text) != TN_OK) {
        return refuse_field(error, member, "given_names", "has no canonical form");
    }
    end_field(person, TN_FIELD_GIVEN_NAMES, from);
    from = person->text.size;
    if (tn_canonical_text(form->family_names, &person->text) != TN_OK) {
        return refuse_field(error, member, "family_names", "has no canonical form");
    }
    end_field(person, TN_FIELD_FAMILY_NAMES, from);
    /* Who has one name only has it here, as in a passport's primary identifier (ICAO Doc 9303). */
    return person->text.size > from ? TN_OK
                                    : refuse_field(error, member, "family_names", "is empty");
}

static enum tn_status canonical_person_make(const struct tn_intake *intake,
                                            const struct tn_person_form *form, size_t member,
                                            struct canonical_person *person, struct tn_error *error)
{
    enum tn_status status = canonical_names(form, member, person, error);
    uint8_t birth[TN_DATE_CANONICAL_SIZE];
    size_t from;
    int age;

    if (status != TN_OK) {
        return status;
    }
    if (!is_date(form->birth)) {
        return refuse_field(error, member, "date_of_birth", "is not a date");
    }
    age = age_on(form->birth, intake->today);
    if (age < 0) {
        return refuse_field(error, member, "date_of_birth", "lies in the future");
    }
    person->adult = (uint32_t) age >= intake->policy->adult_years;
    from = person->text.size;
    tn_canonical_date(form->birth, birth);
    tn_buffer_append(&person->text, birth, sizeof(birth));
    sodium_memzero(birth, sizeof(birth));
    if (tn_buffer_status(&person->text) != TN_OK) {
        return tn_fail(error, TN_MEMORY, "no memory for what members gave");
    }
    end_field(person, TN_FIELD_DATE_OF_BIRTH, from);
    from = person->text.size;
    if (tn_canonical_code(form->nationality, &person->text) != TN_OK ||
        person->text.size - from != NATIONALITY_SIZE) {
        return refuse_field(error, member, "nationality", "is not a code of three letters");
    }
    memcpy(person->nationality, person->text.data + from, NATIONALITY_SIZE);
    for (size_t i = 0; i < NATIONALITY_SIZE; i++) {
        if (person->nationality[i] < 'A' || person->nationality[i] > 'Z') {
            return refuse_field(error, member, "nationality", "is not a code of three letters");
        }
    }
    end_field(person, TN_FIELD_NATIONALITY, from);
    from = person->text.size;
    if (form->document.size > 0 && tn_canonical_code(form->document, &person->text) != TN_OK) {
        return refuse_field(error, member, "document", "is not a number of a document");
    }
    end_field(person, TN_FIELD_DOCUMENT, from);
    return TN_OK;
}

static enum tn_status commit_fields(const struct tn_intake *intake,
                                    const struct tn_intake_command *command,
                                    const struct canonical_person *person, const uint8_t *nonce,
                                    struct tn_new_member *member, struct tn_arena *arena,
                                    struct tn_error *error)
{
    struct tn_commitment *items = tn_arena_array(arena, person->count, sizeof(*items));
    enum tn_status status = TN_OK;

    if (!items) {
        return tn_fail(error, TN_MEMORY, "no memory for commitments");
    }
    for (size_t i = 0; status == TN_OK && i < person->count; i++) {
        struct tn_bytes value =
            tn_bytes(person->text.data + person->fields[i].at, person->fields[i].size);

        items[i].field = person->fields[i].field;
        status = tn_vault_commit_field(intake->vault, &command->writes, member->member, nonce,
                                       person->fields[i].field, value, items[i].commitment, error);
    }
    member->commitments.items = items;
    member->commitments.count = person->count;
    return status;
}

/* Seal one member and make its commitments and its tag. `number` is its place in the form. */
static enum tn_status take_member(const struct tn_intake *intake, const struct tn_person_form *form,
                                  size_t number, const uint8_t *nonce, struct tn_new_member *member,
                                  struct tn_intake_command *command, struct tn_error *error)
{
    struct tn_desk_tag *tag = &command->tags[command->request.tag_count];
    struct canonical_person person = {.count = 0};
    struct tn_person_form sealed = *form;
    struct tn_identity identity = {form->family_names, form->given_names, form->birth,
                                   form->nationality};
    struct tn_buffer profile;
    enum tn_status status;

    tn_buffer_init(&person.text, 3 * (size_t) TN_TEXT_CANONICAL_MAX);
    tn_buffer_init(&profile, TN_SEALED_PLAIN_MAX);
    status = canonical_person_make(intake, form, number, &person, error);
    if (status == TN_OK && tn_vault_person_tag(intake->vault->keys, &identity, tag->tag) != TN_OK) {
        status = refuse_field(error, number, "family_names", "has no canonical form");
    }
    if (status != TN_OK) {
        goto out;
    }
    tn_random_fill(intake->random, member->member, TN_ID_SIZE);
    tn_random_fill(intake->random, tag->candidate, TN_ID_SIZE);
    tag->kind = TN_INDEX_PERSON;
    tag->id = member->person;
    command->request.tag_count++;
    member->adult = person.adult ? 1 : 0;
    status = tn_vault_begin_subject(intake->vault, &command->writes, member->member, intake->random,
                                    error);
    if (status == TN_OK) {
        status = commit_fields(intake, command, &person, nonce, member, &command->arena, error);
    }
    if (status == TN_OK) {
        sealed.nationality = tn_bytes(person.nationality, NATIONALITY_SIZE);
        tn_profile_write(&sealed, &profile);
        status = tn_vault_seal(intake->vault, &command->writes, member->member, TN_RECORD_PROFILE,
                               1, tn_buffer_view(&profile), intake->random, error);
    }

out:
    tn_buffer_close_secret(&profile);
    tn_buffer_close_secret(&person.text);
    sodium_memzero(person.nationality, sizeof(person.nationality));
    return status;
}

/* ---- a registration's own subject ---- */

static enum tn_status take_destination(const struct tn_intake *intake, struct tn_bytes address,
                                       struct tn_facts_register *facts,
                                       struct tn_intake_command *command, struct tn_error *error)
{
    struct tn_desk_tag *tag = &command->tags[command->request.tag_count];
    struct tn_buffer canonical;
    enum tn_status status = TN_OK;

    if (address.size == 0) {
        return TN_OK;
    }
    tn_buffer_init(&canonical, TN_TEXT_CANONICAL_MAX);
    if (tn_canonical_text(address, &canonical) != TN_OK || canonical.size == 0 ||
        tn_vault_place_tag(intake->vault->keys, address, tag->tag) != TN_OK) {
        status = tn_fail(error, TN_INVALID, "destination has no canonical form");
        goto out;
    }
    tn_random_fill(intake->random, tag->candidate, TN_ID_SIZE);
    tag->kind = TN_INDEX_PLACE;
    tag->id = facts->place;
    command->request.tag_count++;
    status = tn_vault_commit_field(intake->vault, &command->writes, facts->registration,
                                   facts->nonce, TN_FIELD_DESTINATION, tn_buffer_view(&canonical),
                                   facts->destination, error);
    if (status == TN_OK) {
        status = tn_vault_seal(intake->vault, &command->writes, facts->registration,
                               TN_RECORD_DESTINATION, 1, address, intake->random, error);
    }

out:
    tn_buffer_close_secret(&canonical);
    return status;
}

static bool language_is_known(const struct tn_policy *policy, struct tn_bytes language)
{
    bool known = language.size == 0;

    for (uint32_t i = 0; i < policy->language_count; i++) {
        known = known || tn_bytes_equal_string(language, policy->languages[i]);
    }
    return known;
}

static enum tn_status take_contact(const struct tn_intake *intake,
                                   const struct tn_registration_form *form,
                                   const uint8_t *registration, struct tn_intake_command *command,
                                   struct tn_error *error)
{
    struct tn_buffer text;
    enum tn_status status = TN_OK;

    if (!language_is_known(intake->policy, form->language)) {
        return tn_fail(error, TN_INVALID, "language is none of the policy's");
    }
    if (form->contact.size == 0 && form->language.size == 0) {
        return TN_OK;
    }
    tn_buffer_init(&text, TN_TEXT_CANONICAL_MAX);
    if (tn_canonical_text(form->contact, &text) != TN_OK) {
        status = tn_fail(error, TN_INVALID, "contact has no canonical form");
    } else {
        tn_buffer_reset(&text);
        tn_contact_write(form->contact, form->language, &text);
        status = tn_vault_seal(intake->vault, &command->writes, registration, TN_RECORD_CONTACT, 1,
                               tn_buffer_view(&text), intake->random, error);
    }
    tn_buffer_close_secret(&text);
    return status;
}

enum tn_status tn_intake_register(const struct tn_intake *intake,
                                  const struct tn_intake_caller *caller,
                                  const struct tn_registration_form *form,
                                  struct tn_intake_command *command, struct tn_error *error)
{
    struct tn_facts_register *facts = &command->request.command.facts.register_facts;
    const struct tn_vault *vault = intake->vault;
    struct tn_new_member *members;
    enum tn_status status;

    if (form->member_count == 0 || form->member_count > TN_INTAKE_MEMBERS_MAX) {
        return tn_fail(error, TN_INVALID, "members has to name 1 to %d people",
                       TN_INTAKE_MEMBERS_MAX);
    }
    tn_intake_begin(intake, caller, TN_COMMAND_register, command);
    tn_random_fill(intake->random, facts->registration, TN_ID_SIZE);
    tn_random_fill(intake->random, facts->nonce, TN_ID_SIZE);
    tn_random_fill(intake->random, command->token, TN_TOKEN_SIZE);
    if (tn_is_zero(command->request.command.actor.id, TN_ID_SIZE)) {
        memcpy(command->request.command.actor.id, facts->registration, TN_ID_SIZE);
    }
    tn_sha256(facts->token, tn_bytes(command->token, TN_TOKEN_SIZE));
    facts->today = intake->today;
    members = tn_arena_array(&command->arena, form->member_count, sizeof(*members));
    if (!members) {
        return tn_fail(error, TN_MEMORY, "no memory for a group");
    }
    status =
        tn_vault_begin_subject(vault, &command->writes, facts->registration, intake->random, error);
    for (size_t i = 0; status == TN_OK && i < form->member_count; i++) {
        status =
            take_member(intake, &form->members[i], i, facts->nonce, &members[i], command, error);
    }
    facts->members.items = members;
    facts->members.count = form->member_count;
    if (status == TN_OK) {
        status = take_destination(intake, form->destination, facts, command, error);
    }
    if (status == TN_OK) {
        status = take_contact(intake, form, facts->registration, command, error);
    }
    if (status == TN_OK) {
        status = tn_vault_seal(vault, &command->writes, facts->registration, TN_RECORD_TOKEN,
                               tn_vault_once_version(command->request.command.id),
                               tn_bytes(command->token, TN_TOKEN_SIZE), intake->random, error);
    }
    return status == TN_OK ? tn_intake_attach_writes(command, error) : status;
}

enum tn_status tn_intake_add_member(const struct tn_intake *intake,
                                    const struct tn_intake_caller *caller,
                                    const uint8_t registration[static TN_ID_SIZE],
                                    const struct tn_person_form *person,
                                    struct tn_intake_command *command, struct tn_error *error)
{
    struct tn_facts_add_member *facts = &command->request.command.facts.add_member_facts;
    enum tn_status status;

    tn_intake_begin(intake, caller, TN_COMMAND_add_member, command);
    memcpy(facts->registration, registration, TN_ID_SIZE);
    tn_random_fill(intake->random, facts->nonce, TN_ID_SIZE);
    facts->today = intake->today;
    status = take_member(intake, person, 0, facts->nonce, &facts->member, command, error);
    return status == TN_OK ? tn_intake_attach_writes(command, error) : status;
}
