/* The trust policy file. */
#include "ledger/log/witness_policy.h"

#include <inttypes.h>
#include <string.h>

#include "ledger/log/lines.h"

#define GROUP_BIT 32u

_Static_assert(TN_WITNESS_POLICY_ITEMS_MAX <= GROUP_BIT, "a bit each in 64");
_Static_assert(TN_WITNESS_POLICY_ITEMS_MAX <= TN_VERIFIERS_MAX, "one call verifies all witnesses");

struct reading {
    struct tn_witness_policy *policy;
    struct tn_error *error;
    uint64_t line; /* for people: from 1 */
    uint64_t used; /* members of some group already */
    bool has_quorum;
};

static enum tn_status wrong(const struct reading *reading, const char *what)
{
    return tn_fail(reading->error, TN_INVALID, "witness policy, line %" PRIu64 ": %s",
                   reading->line, what);
}

/* The next item of a line; empty at its end. */
static struct tn_bytes item_take(struct tn_bytes *rest)
{
    struct tn_bytes item;
    size_t begin = 0;
    size_t end;

    while (begin < rest->size && (rest->data[begin] == ' ' || rest->data[begin] == '\t')) {
        begin++;
    }
    end = begin;
    while (end < rest->size && rest->data[end] != ' ' && rest->data[end] != '\t') {
        end++;
    }
    item = tn_bytes(rest->data + begin, end - begin);
    *rest = tn_bytes(rest->data + end, rest->size - end);
    return item;
}

/* The bit of a defined name; 0 when it is not defined. */
static uint64_t find(const struct tn_witness_policy *policy, struct tn_bytes name)
{
    for (size_t i = 0; i < policy->witness_count; i++) {
        if (tn_bytes_equal(policy->witnesses[i].name, name)) {
            return UINT64_C(1) << i;
        }
    }
    for (size_t i = 0; i < policy->group_count; i++) {
        if (tn_bytes_equal(policy->groups[i].name, name)) {
            return UINT64_C(1) << (GROUP_BIT + i);
        }
    }
    return 0;
}

static enum tn_status read_key(const struct reading *reading, struct tn_bytes text,
                               enum tn_key_type type, struct tn_verifier *verifier)
{
    enum tn_status status = tn_vkey_parse(text, verifier, reading->error);

    if (status != TN_OK) {
        tn_fail_context(reading->error, "witness policy, line %" PRIu64, reading->line);
        return status;
    }
    if (verifier->type != type) {
        return wrong(reading, type == TN_KEY_ED25519
                                  ? "a log's key signs checkpoints (type 01), this one does not"
                                  : "a witness's key cosigns (type 04), this one does not");
    }
    return TN_OK;
}

/* The optional URL, which ends a line. */
static enum tn_status read_url(const struct reading *reading, struct tn_bytes *rest,
                               struct tn_bytes *url)
{
    struct tn_bytes scheme;

    *url = item_take(rest);
    scheme = *url;
    if (url->size > 0 &&
        (url->size > TN_WITNESS_POLICY_URL_MAX ||
         !(tn_prefix_take(&scheme, "https://") || tn_prefix_take(&scheme, "http://")) ||
         scheme.size == 0)) {
        return wrong(reading, "the URL does not begin with http:// or https://, or is too long");
    }
    return item_take(rest).size == 0 ? TN_OK : wrong(reading, "more stands there than belongs");
}

static enum tn_status read_log(struct reading *reading, struct tn_bytes *rest)
{
    struct tn_witness_policy *policy = reading->policy;
    struct tn_policy_log *log = &policy->logs[policy->log_count];
    enum tn_status status;

    if (policy->log_count == TN_WITNESS_POLICY_ITEMS_MAX) {
        return wrong(reading, "more than 32 logs");
    }
    status = read_key(reading, item_take(rest), TN_KEY_ED25519, &log->verifier);
    for (size_t i = 0; status == TN_OK && i < policy->log_count; i++) {
        if (memcmp(policy->logs[i].verifier.public_key, log->verifier.public_key,
                   TN_KEY_PUBLIC_SIZE) == 0) {
            status = wrong(reading, "this key stands there twice");
        }
    }
    if (status == TN_OK) {
        status = read_url(reading, rest, &log->url);
    }
    policy->log_count += status == TN_OK ? 1 : 0;
    return status;
}

static enum tn_status read_name(const struct reading *reading, struct tn_bytes *rest,
                                struct tn_bytes *name)
{
    *name = item_take(rest);
    if (name->size == 0 || name->size > TN_WITNESS_POLICY_NAME_MAX) {
        return wrong(reading, "a name is missing or too long");
    }
    if (tn_bytes_equal_string(*name, "none") || find(reading->policy, *name) != 0) {
        return wrong(reading, "this name means something already");
    }
    return TN_OK;
}

static enum tn_status read_witness(struct reading *reading, struct tn_bytes *rest)
{
    struct tn_witness_policy *policy = reading->policy;
    struct tn_policy_witness *witness = &policy->witnesses[policy->witness_count];
    enum tn_status status;

    if (policy->witness_count == TN_WITNESS_POLICY_ITEMS_MAX) {
        return wrong(reading, "more than 32 witnesses");
    }
    status = read_name(reading, rest, &witness->name);
    if (status == TN_OK) {
        status = read_key(reading, item_take(rest), TN_KEY_COSIGNATURE, &witness->verifier);
    }
    for (size_t i = 0; status == TN_OK && i < policy->witness_count; i++) {
        if (memcmp(policy->witnesses[i].verifier.public_key, witness->verifier.public_key,
                   TN_KEY_PUBLIC_SIZE) == 0) {
            status = wrong(reading, "this key stands there twice");
        }
    }
    if (status == TN_OK) {
        status = read_url(reading, rest, &witness->url);
    }
    policy->witness_count += status == TN_OK ? 1 : 0;
    return status;
}

static enum tn_status read_members(struct reading *reading, struct tn_bytes *rest,
                                   struct tn_policy_group *group, unsigned *count)
{
    for (struct tn_bytes name = item_take(rest); name.size > 0; name = item_take(rest)) {
        uint64_t bit = find(reading->policy, name);

        if (bit == 0) {
            return wrong(reading, "a member is not defined on a line before");
        }
        if (((reading->used | group->members) & bit) != 0) {
            return wrong(reading, "a member belongs to a group already");
        }
        group->members |= bit;
        (*count)++;
    }
    return *count > 0 ? TN_OK : wrong(reading, "a group without members");
}

static enum tn_status read_group(struct reading *reading, struct tn_bytes *rest)
{
    struct tn_witness_policy *policy = reading->policy;
    struct tn_policy_group *group = &policy->groups[policy->group_count];
    struct tn_bytes threshold;
    uint64_t number = 0;
    unsigned count = 0;
    enum tn_status status;

    if (policy->group_count == TN_WITNESS_POLICY_ITEMS_MAX) {
        return wrong(reading, "more than 32 groups");
    }
    *group = (struct tn_policy_group){.members = 0};
    status = read_name(reading, rest, &group->name);
    threshold = item_take(rest);
    if (status == TN_OK) {
        status = read_members(reading, rest, group, &count);
    }
    if (status != TN_OK) {
        return status;
    }
    if (tn_bytes_equal_string(threshold, "all")) {
        number = count;
    } else if (tn_bytes_equal_string(threshold, "any")) {
        number = 1;
    } else if (!tn_decimal_parse(threshold, &number) || number == 0 || number > count) {
        return wrong(reading, "a group asks for all, any, or a number from 1 to its members");
    }
    group->threshold = (unsigned) number;
    reading->used |= group->members;
    policy->group_count++;
    return TN_OK;
}

static enum tn_status read_quorum(struct reading *reading, struct tn_bytes *rest)
{
    struct tn_bytes name = item_take(rest);

    if (reading->has_quorum) {
        return wrong(reading, "a second quorum");
    }
    reading->has_quorum = true;
    reading->policy->quorum = find(reading->policy, name);
    if (reading->policy->quorum == 0 && !tn_bytes_equal_string(name, "none")) {
        return wrong(reading, "the quorum is neither `none` nor defined on a line before");
    }
    return item_take(rest).size == 0 ? TN_OK : wrong(reading, "more stands there than belongs");
}

static bool octets_allowed(struct tn_bytes line)
{
    for (size_t i = 0; i < line.size; i++) {
        if ((line.data[i] < 0x20 && line.data[i] != '\t') || line.data[i] == 0x7f) {
            return false;
        }
    }
    return true;
}

static enum tn_status read_line(struct reading *reading, struct tn_bytes line)
{
    static const struct {
        const char *word;
        enum tn_status (*read)(struct reading *reading, struct tn_bytes *rest);
    } lines[] = {
        {"log", read_log},
        {"witness", read_witness},
        {"group", read_group},
        {"quorum", read_quorum},
    };
    struct tn_bytes word;

    if (!octets_allowed(line)) {
        return wrong(reading, "a control character");
    }
    word = item_take(&line);
    if (word.size == 0 || word.data[0] == '#') {
        return TN_OK;
    }
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        if (tn_bytes_equal_string(word, lines[i].word)) {
            return lines[i].read(reading, &line);
        }
    }
    return wrong(reading, "a line begins with log, witness, group or quorum");
}

enum tn_status tn_witness_policy_parse(struct tn_bytes text, struct tn_witness_policy *policy,
                                       struct tn_error *error)
{
    struct reading reading = {.policy = policy, .error = error};
    struct tn_bytes line;
    enum tn_status status = TN_OK;

    memset(policy, 0, sizeof(*policy));
    if (text.size > TN_WITNESS_POLICY_BYTES_MAX) {
        status = tn_fail(error, TN_INVALID, "the witness policy is too long");
    }
    while (status == TN_OK && tn_line_take(&text, &line)) {
        reading.line++;
        status = read_line(&reading, line);
    }
    if (status == TN_OK && text.size > 0) {
        reading.line++;
        status = wrong(&reading, "the last line does not end in a newline");
    }
    if (status == TN_OK && !reading.has_quorum) {
        status = tn_fail(error, TN_INVALID, "the witness policy has no quorum line");
    }
    if (status != TN_OK) {
        memset(policy, 0, sizeof(*policy));
    }
    return status;
}

bool tn_witness_policy_met(const struct tn_witness_policy *policy, uint64_t signed_by)
{
    /* Groups come after their members, so one pass is enough. */
    uint64_t met = signed_by & ((UINT64_C(1) << policy->witness_count) - 1);

    for (size_t i = 0; i < policy->group_count; i++) {
        uint64_t members = policy->groups[i].members & met;
        unsigned count = 0;

        for (; members != 0; members &= members - 1) {
            count++;
        }
        met |= count >= policy->groups[i].threshold ? UINT64_C(1) << (GROUP_BIT + i) : 0;
    }
    return policy->quorum == 0 || (met & policy->quorum) != 0;
}
