/* Is a log of the tests what an auditor decides again? */
#ifndef TN_TESTS_API_AUDIT_SUPPORT_H
#define TN_TESTS_API_AUDIT_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ledger/log/log.h"
#include "projections/audit.h"

static inline void assert_audit_agrees(struct tn_log *log)
{
    const struct tn_audit_options options = {0};
    struct tn_audit *audit = NULL;
    struct tn_log_head head;
    struct tn_buffer entry;
    struct tn_error error = {0};
    enum tn_status status = tn_audit_create(&options, &audit, &error);

    tn_log_head(log, &head);
    tn_buffer_init(&entry, TN_ENTRY_BYTES_MAX);
    for (uint64_t i = 0; status == TN_OK && i < head.size; i++) {
        tn_buffer_reset(&entry);
        status = tn_log_read(log, i, &entry, &error);
        if (status == TN_OK) {
            status = tn_audit_entry(audit, tn_buffer_view(&entry), &error);
        }
    }
    if (status == TN_OK) {
        status = tn_audit_finish(audit, &error);
    }
    tn_audit_destroy(audit);
    tn_buffer_close(&entry);
    if (status != TN_OK) {
        fail_msg("the audit: %s", error.text);
    }
}

#endif
