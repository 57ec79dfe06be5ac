/* Reading the tree that json_parse.cc made. */
#include "api/http/json.h"

#include <stdio.h>

#define NAME_SHOWN_MAX 64

const struct tn_json_value *tn_json_member(const struct tn_json_value *object, const char *name)
{
    if (object == NULL || object->type != TN_JSON_OBJECT) {
        return NULL;
    }
    for (uint32_t i = 0; i < object->count; i++) {
        if (tn_bytes_equal_string(object->as.members[i].name, name)) {
            return &object->as.members[i].value;
        }
    }
    return NULL;
}

/* A caller's name for an error text: cut, and without anything that is not printable ASCII. */
static const char *name_shown(struct tn_bytes name, char out[static NAME_SHOWN_MAX + 1])
{
    size_t size = name.size < NAME_SHOWN_MAX ? name.size : NAME_SHOWN_MAX;
    for (size_t i = 0; i < size; i++) {
        uint8_t c = name.data[i];
        out[i] = (char) (c >= 0x20 && c < 0x7f && c != '"' && c != '\\' ? c : '?');
    }
    out[size] = '\0';
    return out;
}

static enum tn_status fault(enum tn_json_fault_kind *kind, enum tn_json_fault_kind which,
                            struct tn_error *error, const char *what, const char *name)
{
    if (kind != NULL) {
        *kind = which;
    }
    return tn_fail(error, TN_INVALID, "%s%s%s%s", what, name[0] == '\0' ? "" : " \"", name,
                   name[0] == '\0' ? "" : "\"");
}

static const struct tn_json_rule *rule_find(const struct tn_json_rule *rules, size_t count,
                                            struct tn_bytes name)
{
    for (size_t i = 0; i < count; i++) {
        if (tn_bytes_equal_string(name, rules[i].name)) {
            return &rules[i];
        }
    }
    return NULL;
}

enum tn_status tn_json_object_read(const struct tn_json_value *object,
                                   const struct tn_json_rule *rules, size_t rule_count,
                                   const struct tn_json_value **out, enum tn_json_fault_kind *kind,
                                   struct tn_error *error)
{
    char shown[NAME_SHOWN_MAX + 1];
    for (size_t i = 0; i < rule_count; i++) {
        out[i] = NULL;
    }
    if (kind != NULL) {
        *kind = TN_JSON_FAULT_NONE;
    }
    if (object == NULL || object->type != TN_JSON_OBJECT) {
        return fault(kind, TN_JSON_FAULT_NOT_OBJECT, error, "an object is wanted", "");
    }
    for (uint32_t i = 0; i < object->count; i++) {
        const struct tn_json_member *member = &object->as.members[i];
        const struct tn_json_rule *rule = rule_find(rules, rule_count, member->name);
        if (rule == NULL) {
            return fault(kind, TN_JSON_FAULT_UNKNOWN_MEMBER, error, "unknown member",
                         name_shown(member->name, shown));
        }
        if ((rule->types & TN_JSON_MAY(member->value.type)) == 0) {
            return fault(kind, TN_JSON_FAULT_WRONG_TYPE, error, "wrong type of member", rule->name);
        }
        out[rule - rules] = &member->value;
    }
    for (size_t i = 0; i < rule_count; i++) {
        if (rules[i].required && out[i] == NULL) {
            return fault(kind, TN_JSON_FAULT_MISSING, error, "missing member", rules[i].name);
        }
    }
    return TN_OK;
}
