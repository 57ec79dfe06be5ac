/* One line of talk to standard error. */
#include "ledger/base/logline.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ledger/base/civil.h"
#include "ledger/base/clock.h"

/* Below PIPE_BUF, so that a line to a pipe is one write too; what is longer is cut. */
#define LINE_SIZE_MAX 1024

static const char *level_name(enum tn_log_level level)
{
    switch (level) {
    case TN_LOG_INFO:
        return "info";
    case TN_LOG_WARN:
        return "warn";
    case TN_LOG_ERROR:
        return "error";
    }
    return "?";
}

void tn_logline(enum tn_log_level level, const char *format, ...)
{
    char instant[28];
    tn_instant_format(tn_clock_wall_us(), instant);

    char line[LINE_SIZE_MAX] = "";
    int head = snprintf(line, sizeof(line), "%s %s ", instant, level_name(level));
    size_t size = head < 0 ? 0 : (size_t) head;

    va_list arguments;
    va_start(arguments, format);
    (void) vsnprintf(line + size, sizeof(line) - 1 - size, format, arguments);
    va_end(arguments);

    /* A control character could start a line of its own or talk to the terminal. */
    size_t length = strlen(line);
    for (size_t i = 0; i < length; i++) {
        if ((unsigned char) line[i] < 0x20 || line[i] == 0x7f) {
            line[i] = ' ';
        }
    }
    line[length] = '\n';
    /* There is nobody to tell when standard error is gone. */
    ssize_t written = write(STDERR_FILENO, line, length + 1);
    (void) written;
}
