/* One line of talk to standard error: instant, level, words. Never personal data (P5). */
#ifndef TN_LEDGER_BASE_LOGLINE_H
#define TN_LEDGER_BASE_LOGLINE_H

#include "ledger/base/status.h"

enum tn_log_level { TN_LOG_INFO, TN_LOG_WARN, TN_LOG_ERROR };

/* Any thread; one write(2) a line, so lines never mix. */
void tn_logline(enum tn_log_level level, const char *format, ...) TN_PRINTF(2, 3);

#endif
