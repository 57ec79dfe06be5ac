/* Which decisions a sample leaves out, and what then passes as it stands. */
#include <string.h>

#include "ledger/base/check.h"
#include "projections/recompute_internal.h"

/* Only what people and officers ask for is sampled: all else is rare, or decides for many. The kind
 * of the command tells, not who the log says was asking. */
static const struct {
    enum tn_command_kind command;
    enum tn_kind_number behind[2]; /* what its rule adds to the first event */
} sampled[] = {
    {TN_COMMAND_register, {TN_KIND_destination_declared, TN_KIND_member_added}},
    {TN_COMMAND_add_member, {0}},
    {TN_COMMAND_remove_member, {TN_KIND_member_dropped}},
    {TN_COMMAND_withdraw_registration, {0}},
    {TN_COMMAND_restore_registration, {0}},
    {TN_COMMAND_merge_registrations, {0}},
    {TN_COMMAND_request_appointment, {0}},
    {TN_COMMAND_withdraw_request, {0}},
    {TN_COMMAND_accept_offer, {TN_KIND_appointment_confirmed}},
    {TN_COMMAND_decline_offer, {TN_KIND_seats_returned}},
    {TN_COMMAND_cancel_appointment, {TN_KIND_seats_returned}},
    {TN_COMMAND_validate, {0}},
};

static size_t find(enum tn_command_kind command)
{
    size_t i = 0;

    while (i < TN_ARRAY_SIZE(sampled) && sampled[i].command != command) {
        i++;
    }
    return i;
}

/* How many events may follow the first one. */
static size_t behind_max(const struct tn_event *event, const struct tn_command *command)
{
    if (event->kind == TN_KIND_command_refused) {
        return 0;
    }
    return command->kind == TN_COMMAND_register ? 1 + command->facts.register_facts.members.count
                                                : 1;
}

bool tn_recompute_leaves_out(struct tn_recompute *recompute, const struct tn_event *event,
                             const struct tn_command *command)
{
    const struct tn_recompute_options *options = &recompute->options;
    uint64_t x = options->sample_seed + (event->index + 1) * 0x9e3779b97f4a7c15u;
    size_t at = find(command->kind);

    if (options->sample_ppm == 0 || options->sample_ppm >= TN_RECOMPUTE_ALL_PPM ||
        !event->has_command || at == TN_ARRAY_SIZE(sampled)) {
        return false;
    }
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u; /* splitmix64 */
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    x ^= x >> 31;
    if (x % TN_RECOMPUTE_ALL_PPM < options->sample_ppm) {
        return false;
    }
    recompute->passing = true;
    recompute->passing_kinds = sampled[at].behind;
    recompute->passing_left = behind_max(event, command);
    memcpy(recompute->passing_command, event->command, TN_ID_SIZE);
    recompute->report.left_out++;
    return true;
}

bool tn_recompute_passes(struct tn_recompute *recompute, const struct tn_event *event)
{
    bool passes = recompute->passing && recompute->passing_left > 0 && event->has_command &&
                  memcmp(event->command, recompute->passing_command, TN_ID_SIZE) == 0 &&
                  (event->kind == (uint32_t) recompute->passing_kinds[0] ||
                   event->kind == (uint32_t) recompute->passing_kinds[1]);

    recompute->passing_left -= passes ? 1 : 0;
    return passes;
}
