/* What a person who applies can be refused. */
#include <string.h>

#include "tests/projections/harness/refusals.h"

static uint8_t lapsed_offer[TN_ID_SIZE];

void refusals_set_up(struct harness *harness)
{
    static const uint64_t again[] = {8 * 8};
    struct tn_command command;
    struct tn_registration_row row;
    struct tn_slot_capacity slots[1] = {{480, 3}};
    struct tn_port_capacity port = {.port = PORT_A, .slots = {slots, 1}};

    open_from(harness, DAY_D);
    for (uint64_t r = 1; r <= 2; r++) {
        must_register(harness, r, 2, at(DAY_D, 9, 0));
        assert_int_equal(do_ask(harness, r, ask_a, 1, at(DAY_D, 13, 0)), OK);
    }
    must_register(harness, 3, 4, at(DAY_D, 9, 0));
    must_register(harness, 4, 1, at(DAY_D, 9, 0));
    must_register(harness, 5, 1, at(DAY_D, 9, 0));
    must_register(harness, 8, 1, at(DAY_D, 9, 0));
    must_register(harness, 10, 1, at(DAY_D, 9, 0));
    assert_int_equal(do_ask(harness, 10, ask_a, 1, at(DAY_D, 13, 0)), OK);
    assert_int_equal(do_withdraw(harness, 4, at(DAY_D, 9, 1)), OK);
    assert_int_equal(do_accept(harness, 1, at(DAY_D + 1, 12, 1)), OK);
    assert_int_equal(do_ask(harness, 5, ask_a, 1, at(DAY_D + 1, 12, 2)), OK);
    assert_int_equal(do_ask(harness, 8, ask_a, 1, at(DAY_D + 1, 12, 2)), OK);
    assert_int_equal(do_withdraw(harness, 8, at(DAY_D + 1, 12, 3)), OK);
    assert_int_equal(do_register(harness, 9, again, 1, at(DAY_D + 1, 12, 4)), OK);
    assert_int_equal(do_suspend(harness, PORT_C, 0, at(DAY_D + 1, 12, 5)), OK);
    command = command_by_operator(TN_COMMAND_publish_capacity, at(DAY_D + 1, 12, 6));
    command.facts.publish_capacity_facts.date = DATE + 10;
    port.ends_us = (DATE + 11) * TN_DAY_US + 7 * TN_HOUR_US;
    command.facts.publish_capacity_facts.ports = (struct tn_port_capacity_list){&port, 1};
    command.facts.publish_capacity_facts.approvers = approvers();
    assert_int_equal(harness_decide(harness, &command), OK);
    row = group_row(harness, 10);
    assert_int_equal(row.holding, TN_HOLDS_OFFER);
    memcpy(lapsed_offer, row.offer, TN_ID_SIZE);
}

/* ---- groups ---- */

static enum tn_refusal unknown_asks(struct harness *harness, uint64_t time_us)
{
    return do_ask(harness, 999, ask_a, 1, time_us);
}

static enum tn_refusal unknown_changes(struct harness *harness, uint64_t time_us)
{
    return do_withdraw(harness, 999, time_us);
}

static enum tn_refusal unknown_withdraws_request(struct harness *harness, uint64_t time_us)
{
    return do_unask(harness, 999, DAY_D + 1, time_us);
}

static enum tn_refusal withdrawn_asks(struct harness *harness, uint64_t time_us)
{
    return do_ask(harness, 4, ask_a, 1, time_us);
}

static enum tn_refusal withdrawn_grows(struct harness *harness, uint64_t time_us)
{
    return do_add(harness, 4, person(4, 1), true, time_us);
}

static enum tn_refusal live_person_registers(struct harness *harness, uint64_t time_us)
{
    static const uint64_t persons[] = {8 * 3};

    return do_register(harness, 20, persons, 1, time_us);
}

static enum tn_refusal person_twice(struct harness *harness, uint64_t time_us)
{
    static const uint64_t persons[] = {8 * 20, 8 * 20};

    return do_register(harness, 20, persons, 2, time_us);
}

/* Who is in no registration and who is in one are answered alike. */
static enum tn_refusal live_person_twice(struct harness *harness, uint64_t time_us)
{
    static const uint64_t persons[] = {8 * 3, 8 * 3};

    return do_register(harness, 20, persons, 2, time_us);
}

static enum tn_refusal another_person_twice(struct harness *harness, uint64_t time_us)
{
    static const uint64_t persons[] = {8 * 3, 8 * 20, 8 * 20};

    return do_register(harness, 20, persons, 3, time_us);
}

static enum tn_refusal merged_with_itself(struct harness *harness, uint64_t time_us)
{
    return do_merge(harness, 3, 3, time_us);
}

static enum tn_refusal too_many_people(struct harness *harness, uint64_t time_us)
{
    static const uint64_t persons[] = {160, 161, 162, 163, 164, 165, 166};

    return do_register(harness, 20, persons, 7, time_us);
}

static enum tn_refusal far_too_many_people(struct harness *harness, uint64_t time_us)
{
    static struct tn_new_member members[1000];
    static uint64_t persons[1000];
    struct tn_command command;

    for (uint64_t i = 0; i < 1000; i++) {
        persons[i] = 5000 + i;
    }
    command = command_register(20, persons, 1000, members, time_us);
    return harness_decide(harness, &command);
}

static enum tn_refusal nobody_registers(struct harness *harness, uint64_t time_us)
{
    return do_register(harness, 20, NULL, 0, time_us);
}

static enum tn_refusal last_one_leaves(struct harness *harness, uint64_t time_us)
{
    return do_remove(harness, 5, person(5, 0), person(5, 0), time_us);
}

static enum tn_refusal child_registers(struct harness *harness, uint64_t time_us)
{
    static const uint64_t persons[] = {8 * 20 + 3};

    return do_register(harness, 20, persons, 1, time_us);
}

static enum tn_refusal unknown_member_leaves(struct harness *harness, uint64_t time_us)
{
    return do_remove(harness, 3, person(5, 0), person(3, 0), time_us);
}

static enum tn_refusal child_removes(struct harness *harness, uint64_t time_us)
{
    return do_remove(harness, 3, person(3, 0), person(3, 3), time_us);
}

static enum tn_refusal stranger_removes(struct harness *harness, uint64_t time_us)
{
    return do_remove(harness, 3, person(3, 0), person(5, 0), time_us);
}

static enum tn_refusal no_destination(struct harness *harness, uint64_t time_us)
{
    static const uint64_t persons[] = {8 * 20};
    struct tn_new_member members[1];
    struct tn_command command = command_register(20, persons, 1, members, time_us);

    memset(command.facts.register_facts.place, 0, TN_ID_SIZE);
    return harness_decide(harness, &command);
}

static enum tn_refusal destinations_differ(struct harness *harness, uint64_t time_us)
{
    return do_merge(harness, 3, 5, time_us);
}

static enum tn_refusal registers_again(struct harness *harness, uint64_t time_us)
{
    static const uint64_t persons[] = {8 * 20};

    return do_register(harness, 3, persons, 1, time_us);
}

static enum tn_refusal live_is_restored(struct harness *harness, uint64_t time_us)
{
    return do_restore(harness, 3, time_us);
}

/* ---- requests ---- */

static enum tn_refusal ask_with(struct harness *harness, uint64_t version, uint64_t result,
                                uint64_t time_us)
{
    struct tn_command command = command_by(TN_COMMAND_request_appointment, 3, time_us);

    make_id(command.facts.request_appointment_facts.registration, 'r', 3);
    command.facts.request_appointment_facts.ports = (struct tn_uints){ask_a, 1};
    command.facts.request_appointment_facts.zone_version = version;
    command.facts.request_appointment_facts.zone_result = result;
    return harness_decide(harness, &command);
}

static enum tn_refusal outside_zone(struct harness *harness, uint64_t time_us)
{
    return ask_with(harness, zone_version(harness, time_us), TN_ZONE_OUTSIDE, time_us);
}

static enum tn_refusal no_position(struct harness *harness, uint64_t time_us)
{
    return ask_with(harness, zone_version(harness, time_us), TN_ZONE_NO_POSITION, time_us);
}

static enum tn_refusal old_zone(struct harness *harness, uint64_t time_us)
{
    return ask_with(harness, zone_version(harness, time_us) + 1, TN_ZONE_INSIDE, time_us);
}

static enum tn_refusal unknown_port(struct harness *harness, uint64_t time_us)
{
    static const uint64_t ports[] = {PORT_A, 9};

    return do_ask(harness, 3, ports, 2, time_us);
}

static enum tn_refusal no_port(struct harness *harness, uint64_t time_us)
{
    return do_ask(harness, 3, NULL, 0, time_us);
}

static enum tn_refusal port_beyond_16_bits(struct harness *harness, uint64_t time_us)
{
    static const uint64_t ports[] = {65536 + PORT_A};

    return do_ask(harness, 3, ports, 1, time_us);
}

static enum tn_refusal port_twice(struct harness *harness, uint64_t time_us)
{
    static const uint64_t ports[] = {PORT_A, PORT_B, PORT_A};

    return do_ask(harness, 3, ports, 3, time_us);
}

static enum tn_refusal five_ports(struct harness *harness, uint64_t time_us)
{
    static const uint64_t ports[] = {PORT_A, PORT_B, PORT_C, PORT_A, PORT_B};

    return do_ask(harness, 3, ports, 5, time_us);
}

static enum tn_refusal asks_the_same(struct harness *harness, uint64_t time_us)
{
    return do_ask(harness, 5, ask_a, 1, time_us);
}

static enum tn_refusal person_asked(struct harness *harness, uint64_t time_us)
{
    return do_ask(harness, 9, ask_a, 1, time_us);
}

static enum tn_refusal holder_asks(struct harness *harness, uint64_t time_us)
{
    return do_ask(harness, 2, ask_a, 1, time_us);
}

static enum tn_refusal appointment_holder_asks(struct harness *harness, uint64_t time_us)
{
    return do_ask(harness, 1, ask_a, 1, time_us);
}

static enum tn_refusal nothing_asked(struct harness *harness, uint64_t time_us)
{
    return do_unask(harness, 3, DAY_D + 1, time_us);
}

static enum tn_refusal day_beyond_32_bits(struct harness *harness, uint64_t time_us)
{
    return do_unask(harness, 5, (UINT64_C(1) << 32) + DAY_D + 1, time_us);
}

/* ---- offers and appointments ---- */

static enum tn_refusal offer_command(struct harness *harness, enum tn_command_kind kind,
                                     uint64_t registration, const uint8_t *offer, uint64_t time_us)
{
    struct tn_command command = command_by(kind, registration, time_us);

    make_id(command.facts.decline_offer_facts.registration, 'r', registration);
    memcpy(command.facts.decline_offer_facts.offer, offer, TN_ID_SIZE);
    return harness_decide(harness, &command);
}

static enum tn_refusal declines_nothing(struct harness *harness, uint64_t time_us)
{
    return do_decline(harness, 3, time_us);
}

static enum tn_refusal accepts_what_is_another_s(struct harness *harness, uint64_t time_us)
{
    return offer_command(harness, TN_COMMAND_decline_offer, 3, lapsed_offer, time_us);
}

static enum tn_refusal declines_an_appointment(struct harness *harness, uint64_t time_us)
{
    return do_decline(harness, 1, time_us);
}

static enum tn_refusal accepts_again(struct harness *harness, uint64_t time_us)
{
    return do_accept(harness, 1, time_us);
}

static enum tn_refusal accepts_with(struct harness *harness, size_t members, size_t tags,
                                    uint64_t time_us)
{
    struct tn_command command = command_by(TN_COMMAND_accept_offer, 2, time_us);
    struct tn_registration_row row = group_row(harness, 2);
    uint8_t ids[3][TN_ID_SIZE];

    make_id(command.facts.accept_offer_facts.registration, 'r', 2);
    memcpy(command.facts.accept_offer_facts.offer, row.offer, TN_ID_SIZE);
    for (size_t i = 0; i < 3; i++) {
        make_id(ids[i], 'm', person(2, i));
    }
    command.facts.accept_offer_facts.members =
        (struct tn_ids){(const uint8_t(*)[TN_ID_SIZE]) ids, members};
    command.facts.accept_offer_facts.tags =
        (struct tn_ids){(const uint8_t(*)[TN_ID_SIZE]) ids, tags};
    return harness_decide(harness, &command);
}

static enum tn_refusal accepts_for_more(struct harness *harness, uint64_t time_us)
{
    return accepts_with(harness, 3, 3, time_us);
}

static enum tn_refusal accepts_for_fewer(struct harness *harness, uint64_t time_us)
{
    return accepts_with(harness, 1, 1, time_us);
}

static enum tn_refusal accepts_without_a_tag(struct harness *harness, uint64_t time_us)
{
    return accepts_with(harness, 2, 1, time_us);
}

static enum tn_refusal cancels_nothing(struct harness *harness, uint64_t time_us)
{
    return do_cancel(harness, 3, time_us);
}

static enum tn_refusal cancels_an_offer(struct harness *harness, uint64_t time_us)
{
    return do_cancel(harness, 2, time_us);
}

static enum tn_refusal appointment_is_over(struct harness *harness, uint64_t time_us)
{
    return do_cancel(harness, 1, time_us);
}

static enum tn_refusal past_deadline(struct harness *harness, uint64_t time_us)
{
    return offer_command(harness, TN_COMMAND_decline_offer, 10, lapsed_offer, time_us);
}

/* ---- later ---- */

static enum tn_refusal asks_late(struct harness *harness, uint64_t time_us)
{
    return do_ask(harness, 3, ask_a, 1, time_us);
}

static enum tn_refusal withdraws_late(struct harness *harness, uint64_t time_us)
{
    return do_unask(harness, 5, DAY_D + 1, time_us);
}

static enum tn_refusal grows_late(struct harness *harness, uint64_t time_us)
{
    return do_add(harness, 5, person(5, 1), true, time_us);
}

static enum tn_refusal somebody_registers(struct harness *harness, uint64_t time_us)
{
    static const uint64_t persons[] = {8 * 30};

    return do_register(harness, 30, persons, 1, time_us);
}

static const struct refusal_row of_people[] = {
    {TN_REFUSAL_registration_unknown, "an unknown registration asks", unknown_asks},
    {TN_REFUSAL_registration_unknown, "an unknown registration withdraws", unknown_changes},
    {TN_REFUSAL_registration_unknown, "an unknown one withdraws a request",
     unknown_withdraws_request},
    {TN_REFUSAL_registration_not_live, "a withdrawn registration asks", withdrawn_asks},
    {TN_REFUSAL_registration_not_live, "a withdrawn registration grows", withdrawn_grows},
    {TN_REFUSAL_person_in_live_registration, "a person registers again", live_person_registers},
    {TN_REFUSAL_person_twice_in_group, "a person twice", person_twice},
    {TN_REFUSAL_person_twice_in_group, "a registered person twice", live_person_twice},
    {TN_REFUSAL_person_twice_in_group, "a registered person, another twice", another_person_twice},
    {TN_REFUSAL_person_twice_in_group, "a merge with itself", merged_with_itself},
    {TN_REFUSAL_group_too_large, "seven people", too_many_people},
    {TN_REFUSAL_group_too_large, "a thousand people", far_too_many_people},
    {TN_REFUSAL_group_empty, "nobody registers", nobody_registers},
    {TN_REFUSAL_group_empty, "the last one leaves", last_one_leaves},
    {TN_REFUSAL_no_adult, "a child registers", child_registers},
    {TN_REFUSAL_member_unknown, "somebody else's member", unknown_member_leaves},
    {TN_REFUSAL_not_by_own_act, "a child removes", child_removes},
    {TN_REFUSAL_not_by_own_act, "a stranger removes", stranger_removes},
    {TN_REFUSAL_destination_missing, "no destination", no_destination},
    {TN_REFUSAL_destinations_differ, "two destinations", destinations_differ},
    {TN_REFUSAL_registration_exists, "the same id", registers_again},
    {TN_REFUSAL_not_withdrawn, "a live one is restored", live_is_restored},
    {TN_REFUSAL_outside_zone, "outside", outside_zone},
    {TN_REFUSAL_outside_zone, "no position", no_position},
    {TN_REFUSAL_outside_zone, "another zone version", old_zone},
    {TN_REFUSAL_port_unknown, "no such port", unknown_port},
    {TN_REFUSAL_port_unknown, "no port at all", no_port},
    {TN_REFUSAL_port_unknown, "a port beyond 16 bits", port_beyond_16_bits},
    {TN_REFUSAL_port_twice, "a port twice", port_twice},
    {TN_REFUSAL_too_many_ports, "five ports", five_ports},
    {TN_REFUSAL_already_asked, "the same request", asks_the_same},
    {TN_REFUSAL_person_asked_today, "in another registration", person_asked},
    {TN_REFUSAL_holds_offer, "with an open offer", holder_asks},
    {TN_REFUSAL_holds_offer, "with an appointment", appointment_holder_asks},
    {TN_REFUSAL_no_request, "nothing was asked", nothing_asked},
    {TN_REFUSAL_no_request, "a day beyond 32 bits", day_beyond_32_bits},
    {TN_REFUSAL_offer_unknown, "nothing was offered", declines_nothing},
    {TN_REFUSAL_offer_unknown, "it is another's", accepts_what_is_another_s},
    {TN_REFUSAL_offer_not_open, "declined after it was accepted", declines_an_appointment},
    {TN_REFUSAL_offer_not_open, "accepted twice", accepts_again},
    {TN_REFUSAL_members_changed, "one more", accepts_for_more},
    {TN_REFUSAL_members_changed, "one fewer", accepts_for_fewer},
    {TN_REFUSAL_members_changed, "a tag is missing", accepts_without_a_tag},
    {TN_REFUSAL_no_appointment, "nothing to cancel", cancels_nothing},
    {TN_REFUSAL_no_appointment, "an offer is no appointment", cancels_an_offer},
};

struct refusal_rows refusals_of_people(void)
{
    return (struct refusal_rows){of_people, TN_ARRAY_SIZE(of_people)};
}

static const struct refusal_row outside_programme[] = {
    {TN_REFUSAL_programme_ended, "somebody registers", somebody_registers},
    {TN_REFUSAL_programme_ended, "somebody asks", unknown_asks},
};

struct refusal_rows refusals_outside_programme(void)
{
    return (struct refusal_rows){outside_programme, TN_ARRAY_SIZE(outside_programme)};
}

static const struct refusal_row people_frozen[] = {
    {TN_REFUSAL_window_closed, "after the window", asks_late},
    {TN_REFUSAL_window_closed, "withdrawn after the window", withdraws_late},
    {TN_REFUSAL_group_frozen, "a group in the pool grows", grows_late},
    {TN_REFUSAL_offer_past_deadline, "past the deadline", past_deadline},
};

struct refusal_rows refusals_of_people_frozen(void)
{
    return (struct refusal_rows){people_frozen, TN_ARRAY_SIZE(people_frozen)};
}

static const struct refusal_row people_over[] = {
    {TN_REFUSAL_appointment_past, "cancelled after its date", appointment_is_over},
};

struct refusal_rows refusals_of_people_over(void)
{
    return (struct refusal_rows){people_over, TN_ARRAY_SIZE(people_over)};
}
