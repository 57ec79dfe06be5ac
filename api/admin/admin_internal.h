/* What the files of admin share. */
#ifndef TN_API_ADMIN_ADMIN_INTERNAL_H
#define TN_API_ADMIN_ADMIN_INTERNAL_H

#include "api/admin/admin.h"
#include "api/http/json.h"
#include "api/http/json_writer.h"
#include "api/intake/intake.h"
#include "projections/policies.h"

/* One command being carried out. */
struct tn_admin {
    struct tn_ledger *ledger;
    const struct tn_json_value *body;
    struct tn_buffer *reply;
    struct tn_error *error;
    struct tn_arena arena;       /* of the body and of what is read on the way */
    struct tn_policies policies; /* loaded by tn_admin_policy */
    struct tn_random random;
    struct tn_intake_command command;
};

/* A policy as published, and one in force now (NULL: none is). */
TN_MUST_USE enum tn_status tn_admin_policy(struct tn_admin *admin,
                                           const struct tn_policy **in_force);
/* Submit what stands in admin->command.request.command.facts under `kind`, or with `dry_run` only
 * ask the rule. Writes {"index": n, and the caller's members}: `extra` may be NULL. */
TN_MUST_USE enum tn_status tn_admin_submit(struct tn_admin *admin, enum tn_command_kind kind,
                                           bool dry_run,
                                           void (*extra)(struct tn_admin *admin,
                                                         struct tn_json_writer *writer));
/* Members that every change by people carries, from the values of their rules. */
TN_MUST_USE enum tn_status tn_admin_approval(struct tn_admin *admin,
                                             const struct tn_json_value *approvers,
                                             const struct tn_json_value *reason, struct tn_ids *ids,
                                             struct tn_bytes *code);
bool tn_admin_is_code(struct tn_bytes text, size_t max);

/* admin_state.c */
enum tn_status tn_admin_rebuild(struct tn_admin *admin);
enum tn_status tn_admin_status(struct tn_admin *admin);

/* admin_draw.c */
enum tn_status tn_admin_anchor_chain(struct tn_admin *admin);
enum tn_status tn_admin_replace_chain(struct tn_admin *admin);
enum tn_status tn_admin_reveal_witness(struct tn_admin *admin);
enum tn_status tn_admin_record_beacon(struct tn_admin *admin);

/* admin_policy.c */
enum tn_status tn_admin_policy_publish(struct tn_admin *admin);
enum tn_status tn_admin_capacity(struct tn_admin *admin);
enum tn_status tn_admin_suspend_port(struct tn_admin *admin);
enum tn_status tn_admin_resume_port(struct tn_admin *admin);
enum tn_status tn_admin_reallocate(struct tn_admin *admin);

#endif
