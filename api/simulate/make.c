/* From an action to a command, through intake.
 *
 * The player knows at once what a command will do (the desk decides in this order too), so it moves
 * the state of its groups when it makes one; what it cannot know, such as lapses, it reads at noon.
 */
#include <stdio.h>
#include <string.h>

#include "api/simulate/simulate_internal.h"
#include "ledger/base/check.h"
#include "ledger/base/endian.h"

#define KEY_SIZE 16
#define BODY_SIZE 16

/* One command as it is made. */
struct making {
    struct tn_sim *sim;
    const struct tn_sim_action *action;
    struct tn_sim_slot *slot;
    struct tn_intake intake;
    struct tn_intake_caller caller;
    uint8_t key[KEY_SIZE];
    uint8_t body[BODY_SIZE];
};

/* What a front would take from the request: a key that a retry repeats, and the body. */
static void prepare(struct making *making, struct tn_sim *sim, const struct tn_sim_action *action,
                    struct tn_sim_slot *slot)
{
    struct tn_sim_dice dice =
        tn_sim_dice(sim->options.seed, TN_SIM_LABEL_KEY, sim->day_number, action->key);

    *making = (struct making){.sim = sim, .action = action, .slot = slot};
    tn_put_be64(making->key, tn_sim_throw(&dice));
    tn_put_be64(making->key + 8, tn_sim_throw(&dice));
    tn_put_be64(making->body, action->act);
    tn_put_be32(making->body + 8, action->group);
    tn_put_be32(making->body + 12, action->detail);
    making->caller.key = tn_bytes(making->key, KEY_SIZE);
    making->caller.body = tn_bytes(making->body, BODY_SIZE);
    making->intake.vault = &sim->ledger->vault;
    making->intake.policy = tn_sim_policy_at(sim, action->time_us);
    making->intake.now_us = action->time_us;
    making->intake.today = sim->civil_day + (action->time_us >= sim->midnight_us ? 1u : 0u);
    making->intake.random = &slot->random;
}

static void act_as(struct making *making, enum tn_role role, const uint8_t *id)
{
    making->caller.actor.role = role;
    memcpy(making->caller.actor.id, id, TN_ID_SIZE);
}

/* Count a group's request of today under its size as it is now (0: it has none any more): what a
 * size's chance is reckoned over. */
static void count_asked(struct tn_sim *sim, struct tn_sim_group *group, uint8_t size)
{
    if (group->asked > 0) {
        sim->report->sizes[group->asked].asked--;
    }
    if (size > 0) {
        sim->report->sizes[size].asked++;
    }
    group->asked = size;
}

/* A group has another size; so has its request. */
static void resize(struct tn_sim *sim, struct tn_sim_group *group, unsigned size)
{
    group->size = (uint8_t) size;
    if (group->asked > 0) {
        count_asked(sim, group, group->size);
    }
}

/* ---- registrations ---- */

/* Text of a group's form; the person's own stands in `people`. */
struct form {
    struct tn_sim_person people[TN_SIM_MEMBERS_MAX];
    struct tn_person_form members[TN_SIM_MEMBERS_MAX];
    char destination[64];
    char contact[48];
};

static void fill_person(const struct tn_sim_profile *profile, const struct tn_sim_person *person,
                        struct tn_person_form *form)
{
    form->given_names = tn_bytes_from_string(person->given);
    form->family_names = tn_bytes_from_string(person->family);
    form->birth = person->birth;
    form->nationality = tn_bytes_from_string(profile->nationality);
    form->document = tn_bytes_from_string(person->document);
}

static enum tn_status make_registration(struct making *making, size_t count)
{
    struct tn_sim *sim = making->sim;
    uint32_t group = making->action->group;
    struct tn_sim_profile profile;
    struct form form;
    struct tn_registration_form registration = {.members = form.members, .member_count = count};

    tn_sim_profile(sim, group, &profile);
    for (unsigned i = 0; i < count; i++) {
        tn_sim_person(sim, group, i, &form.people[i]);
        fill_person(&profile, &form.people[i], &form.members[i]);
    }
    (void) snprintf(form.destination, sizeof(form.destination),
                    profile.shelter ? "Sample shelter %u, Sample City"
                                    : "%u Example Street, Sample City",
                    profile.address + 1);
    (void) snprintf(form.contact, sizeof(form.contact), "group%u@example.org", group);
    registration.destination = tn_bytes_from_string(form.destination);
    registration.contact = tn_bytes_from_string(form.contact);
    registration.language = tn_bytes_from_string(profile.language);
    making->caller.actor.role = TN_ROLE_APPLICANT;
    return tn_intake_register(&making->intake, &making->caller, &registration,
                              &making->slot->command, sim->error);
}

static enum tn_status play_register(struct making *making)
{
    struct tn_sim *sim = making->sim;
    struct tn_sim_group *group = &sim->groups[making->action->group];
    const struct tn_facts_register *facts =
        &making->slot->command.request.command.facts.register_facts;
    struct tn_sim_profile profile;
    enum tn_status status;

    tn_sim_profile(sim, making->action->group, &profile);
    status = make_registration(making, profile.size);
    making->slot->expect = TN_SIM_EXPECT_DONE;
    if (status != TN_OK || making->action->retry) {
        return status;
    }
    memcpy(group->id, facts->registration, TN_ID_SIZE);
    group->created = (uint16_t) (making->intake.today - sim->base_day);
    group->state = TN_SIM_WAITING;
    sim->report->registrations++;
    sim->report->people += profile.size;
    return tn_sim_group_known(sim, making->action->group);
}

static enum tn_status play_add_member(struct making *making)
{
    struct tn_sim *sim = making->sim;
    struct tn_sim_group *group = &sim->groups[making->action->group];
    struct tn_sim_profile profile;
    struct tn_sim_person person;
    struct tn_person_form form;

    tn_sim_profile(sim, making->action->group, &profile);
    tn_sim_person(sim, making->action->group, TN_SIM_MEMBERS_MAX + group->added, &person);
    fill_person(&profile, &person, &form);
    group->added++;
    resize(sim, group, group->size + 1u);
    return tn_intake_add_member(&making->intake, &making->caller, group->id, &form,
                                &making->slot->command, sim->error);
}

/* The last member, put out by the first, or an adult who leaves an appointment; `*found` false when
 * the group is not such. */
static void play_remove(struct making *making, bool *found)
{
    struct tn_sim_group *group = &making->sim->groups[making->action->group];
    const struct tn_registration_row *row = &making->sim->rows[making->action->detail].row;
    struct tn_facts_remove_member *facts =
        &making->slot->command.request.command.facts.remove_member_facts;
    size_t last = row->members.count - 1;
    bool leaves = making->action->act == TN_SIM_LEAVE;

    *found = row->members.count > 1 && (!leaves || row->members.items[last].adult);
    if (!*found) {
        return;
    }
    memcpy(facts->registration, group->id, TN_ID_SIZE);
    memcpy(facts->member, row->members.items[last].member, TN_ID_SIZE);
    memcpy(facts->by, row->members.items[leaves ? last : 0].member, TN_ID_SIZE);
    tn_intake_plain(&making->intake, &making->caller, TN_COMMAND_remove_member,
                    &making->slot->command);
    resize(making->sim, group, group->size - 1u);
}

static enum tn_status play_withdraw(struct making *making)
{
    struct tn_sim *sim = making->sim;
    struct tn_sim_group *group = &sim->groups[making->action->group];
    bool restore = making->action->act == TN_SIM_RESTORE;

    memcpy(making->slot->command.request.command.facts.withdraw_registration_facts.registration,
           group->id, TN_ID_SIZE);
    tn_intake_plain(&making->intake, &making->caller,
                    restore ? TN_COMMAND_restore_registration : TN_COMMAND_withdraw_registration,
                    &making->slot->command);
    group->state = restore ? TN_SIM_WAITING : TN_SIM_WITHDRAWN;
    count_asked(sim, group, 0);
    return restore ? TN_OK : tn_sim_list_push(&sim->withdrawn, making->action->group);
}

static void play_merge(struct making *making)
{
    struct tn_sim *sim = making->sim;
    struct tn_sim_group *group = &sim->groups[making->action->group];
    struct tn_sim_group *other = &sim->groups[making->action->detail];
    struct tn_facts_merge *facts =
        &making->slot->command.request.command.facts.merge_registrations_facts;

    memcpy(facts->registration, group->id, TN_ID_SIZE);
    memcpy(facts->other, other->id, TN_ID_SIZE);
    tn_intake_plain(&making->intake, &making->caller, TN_COMMAND_merge_registrations,
                    &making->slot->command);
    other->state = TN_SIM_MERGED;
    count_asked(sim, other, 0);
    resize(sim, group, (unsigned) group->size + other->size);
    group->unsure = 1;
}

/* ---- requests ---- */

static enum tn_status play_ask(struct making *making)
{
    struct tn_sim *sim = making->sim;
    uint32_t at = making->action->group;
    struct tn_sim_group *group = &sim->groups[at];
    struct tn_sim_dice dice =
        tn_sim_dice(sim->options.seed, TN_SIM_LABEL_PLACE, at, 2 + (uint64_t) sim->day_number);
    enum tn_sim_act act = making->action->act;
    struct tn_sim_profile profile;
    uint64_t ports[TN_POLICY_CHOICES_MAX];
    size_t count;
    int32_t lat_udeg;
    int32_t lon_udeg;

    tn_sim_profile(sim, at, &profile);
    tn_sim_position(&dice, profile.city, act == TN_SIM_ASK_OUTSIDE, &lat_udeg, &lon_udeg);
    count = tn_sim_ports(sim, &profile, act == TN_SIM_ASK_OTHERWISE ? 1 : 0, ports);
    making->intake.policy = sim->policy;
    if (act == TN_SIM_ASK) {
        count_asked(sim, group, group->size);
    }
    if (act == TN_SIM_ASK && !group->unsure) {
        making->slot->expect = TN_SIM_EXPECT_DONE;
    } else if (act == TN_SIM_ASK_OUTSIDE) {
        making->slot->expect = TN_SIM_EXPECT_REFUSED;
    }
    return tn_intake_request(&making->intake, &making->caller, group->id, ports, count,
                             tn_bytes_from_string(profile.nationality), true, lat_udeg, lon_udeg,
                             &making->slot->command, sim->error);
}

static void play_withdraw_request(struct making *making)
{
    struct tn_sim_group *group = &making->sim->groups[making->action->group];
    struct tn_facts_withdraw_request *facts =
        &making->slot->command.request.command.facts.withdraw_request_facts;

    memcpy(facts->registration, group->id, TN_ID_SIZE);
    facts->day = making->sim->window.day;
    count_asked(making->sim, group, 0);
    tn_intake_plain(&making->intake, &making->caller, TN_COMMAND_withdraw_request,
                    &making->slot->command);
}

/* ---- offers and appointments ---- */

static enum tn_status play_accept(struct making *making)
{
    struct tn_sim *sim = making->sim;
    struct tn_sim_group *group = &sim->groups[making->action->group];
    const struct tn_sim_row *row = &sim->rows[making->action->detail];
    bool late = making->action->act == TN_SIM_ACCEPT_LATE;
    enum tn_status status = tn_intake_accept(&making->intake, &making->caller, group->id, &row->row,
                                             row->offer, &making->slot->command, sim->error);

    making->slot->expect = late                    ? TN_SIM_EXPECT_REFUSED
                           : making->action->retry ? TN_SIM_EXPECT_ANY
                                                   : TN_SIM_EXPECT_DONE;
    if (status != TN_OK || late || making->action->retry) {
        return status;
    }
    group->state = TN_SIM_APPOINTED;
    group->number = making->slot->command.number;
    TN_CHECK(group->date < sim->calendar_days);
    status = tn_sim_list_push(&sim->calendar[group->date], making->action->group);
    return status == TN_OK ? tn_sim_list_push(&sim->appointed, making->action->group) : status;
}

static void play_give_back(struct making *making)
{
    struct tn_sim_group *group = &making->sim->groups[making->action->group];
    struct tn_facts_offer *facts = &making->slot->command.request.command.facts.decline_offer_facts;

    memcpy(facts->registration, group->id, TN_ID_SIZE);
    memcpy(facts->offer, group->offer, TN_ID_SIZE);
    tn_intake_plain(&making->intake, &making->caller,
                    making->action->act == TN_SIM_DECLINE ? TN_COMMAND_decline_offer
                                                          : TN_COMMAND_cancel_appointment,
                    &making->slot->command);
    making->slot->expect = TN_SIM_EXPECT_DONE;
    group->state = TN_SIM_WAITING;
}

static enum tn_status play_arrive(struct making *making)
{
    struct tn_sim *sim = making->sim;
    uint32_t at = making->action->group;
    struct tn_sim_group *group = &sim->groups[at];
    enum tn_arrival outcome = making->action->detail;
    char number[TN_CONFIRMATION_TEXT_SIZE];
    struct tn_sim_person person;

    tn_sim_person(sim, at, 0, &person);
    tn_confirmation_format(group->number, number);
    act_as(making, TN_ROLE_PORT_OFFICER, sim->staff[tn_sim_port_officer(group->port)].id);
    making->slot->expect = TN_SIM_EXPECT_DONE;
    group->state = outcome == TN_ARRIVAL_PRESENTED ? TN_SIM_SERVED : TN_SIM_WAITING;
    return tn_intake_arrival(
        &making->intake, &making->caller, sim->policies[0]->ports[group->port].code,
        sim->base_day + (uint64_t) group->date, tn_bytes_from_string(number), person.birth, outcome,
        outcome == TN_ARRIVAL_TURNED_AWAY ? 1 : 0, &making->slot->command, sim->error);
}

static void play_close_port_day(struct making *making)
{
    struct tn_sim *sim = making->sim;
    struct tn_facts_port_day *facts =
        &making->slot->command.request.command.facts.close_port_day_facts;

    facts->port = sim->policies[0]->ports[making->action->group].code;
    facts->date = making->action->detail;
    act_as(making, TN_ROLE_PORT_OFFICER, sim->staff[tn_sim_port_officer(making->action->group)].id);
    making->slot->expect = TN_SIM_EXPECT_DONE;
    tn_intake_plain(&making->intake, &making->caller, TN_COMMAND_close_port_day,
                    &making->slot->command);
}

/* Whoever travels shows their number; some show an invented one, some a wrong date of birth. */
static enum tn_status play_validate(struct making *making)
{
    struct tn_sim *sim = making->sim;
    struct tn_sim_dice dice = tn_sim_dice(sim->options.seed, TN_SIM_LABEL_QUESTION, sim->day_number,
                                          1 + (uint64_t) making->action->order);
    const struct tn_sim_list *appointed = &sim->appointed;
    enum tn_sim_question question = making->action->detail;
    enum tn_purpose purpose = (enum tn_purpose)(1 + tn_sim_below(&dice, TN_PURPOSE_LIMIT - 1));
    uint64_t number = tn_confirmation_make(&making->slot->random);
    char text[TN_CONFIRMATION_TEXT_SIZE];
    struct tn_sim_person person;
    uint32_t at = 0;

    if (appointed->count > 0) {
        at = appointed->items[tn_sim_below(&dice, appointed->count)];
    }
    tn_sim_person(sim, at, 0, &person);
    if (appointed->count > 0 && question != TN_SIM_NEVER_ISSUED) {
        number = sim->groups[at].number;
    }
    if (question == TN_SIM_WRONG_DATE) {
        person.birth += person.birth % 100 < 28 ? 1u : 0u - 1u;
    }
    tn_confirmation_format(number, text);
    act_as(making, TN_ROLE_OFFICER, sim->staff[making->action->group].id);
    return tn_intake_validate(&making->intake, &making->caller, tn_bytes_from_string(text),
                              person.birth, purpose, &making->slot->command, sim->error);
}

/* ---- all of them ---- */

static enum tn_status make(struct making *making, bool *wanted)
{
    struct tn_sim *sim = making->sim;
    const struct tn_sim_action *action = making->action;

    if (action->act != TN_SIM_REGISTER && action->act != TN_SIM_REGISTER_TWICE &&
        action->act != TN_SIM_CLOSE_PORT_DAY && action->act != TN_SIM_VALIDATE) {
        act_as(making, TN_ROLE_APPLICANT, sim->groups[action->group].id);
    }
    switch ((enum tn_sim_act) action->act) {
    case TN_SIM_REGISTER:
        return play_register(making);
    case TN_SIM_REGISTER_TWICE:
        making->slot->expect = TN_SIM_EXPECT_REFUSED;
        return make_registration(making, 1);
    case TN_SIM_ASK:
    case TN_SIM_ASK_OTHERWISE:
    case TN_SIM_ASK_SAME:
    case TN_SIM_ASK_OUTSIDE:
    case TN_SIM_ASK_REFUSED:
        return play_ask(making);
    case TN_SIM_WITHDRAW_REQUEST:
        play_withdraw_request(making);
        return TN_OK;
    case TN_SIM_ACCEPT:
    case TN_SIM_ACCEPT_LATE:
        return play_accept(making);
    case TN_SIM_DECLINE:
    case TN_SIM_CANCEL:
        play_give_back(making);
        return TN_OK;
    case TN_SIM_ADD_MEMBER:
        return play_add_member(making);
    case TN_SIM_REMOVE_MEMBER:
    case TN_SIM_LEAVE:
        play_remove(making, wanted);
        return TN_OK;
    case TN_SIM_WITHDRAW:
    case TN_SIM_RESTORE:
        return play_withdraw(making);
    case TN_SIM_MERGE:
        play_merge(making);
        return TN_OK;
    case TN_SIM_ARRIVE:
        return play_arrive(making);
    case TN_SIM_CLOSE_PORT_DAY:
        play_close_port_day(making);
        return TN_OK;
    case TN_SIM_VALIDATE:
        return play_validate(making);
    case TN_SIM_PROGRAMME:
        break;
    }
    *wanted = false;
    return TN_OK;
}

enum tn_status tn_sim_make(struct tn_sim *sim, const struct tn_sim_action *action,
                           struct tn_sim_slot *slot, bool *wanted)
{
    struct making making;

    *wanted = true;
    prepare(&making, sim, action, slot);
    return make(&making, wanted);
}
