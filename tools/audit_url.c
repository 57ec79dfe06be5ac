/* The audit of a log over HTTP. */
#include "tools/audit.h"

enum tn_status tn_audit_url(struct tn_audit_job *job)
{
    return tn_fail(&job->error, TN_UNSUPPORTED, "not yet");
}
