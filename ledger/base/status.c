/* Status names and the words of an error. */
#include "ledger/base/status.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum tn_status tn_fail(struct tn_error *error, enum tn_status status, const char *format, ...)
{
    if (error != NULL) {
        va_list arguments;
        va_start(arguments, format);
        error->status = status;
        error->text[0] = '\0';
        (void) vsnprintf(error->text, sizeof(error->text), format, arguments);
        va_end(arguments);
    }
    return status;
}

enum tn_status tn_fail_context(struct tn_error *error, const char *format, ...)
{
    if (error == NULL) {
        return TN_UNKNOWN;
    }
    char before[sizeof(error->text)] = "";
    va_list arguments;
    va_start(arguments, format);
    (void) vsnprintf(before, sizeof(before), format, arguments);
    va_end(arguments);

    /* Make room before the text that is there; what is too long loses its tail. */
    const size_t size_max = sizeof(error->text) - 1;
    error->text[size_max] = '\0';
    size_t shift = strlen(before) + 2;
    if (shift < size_max) {
        size_t kept = strlen(error->text);
        if (kept > size_max - shift) {
            kept = size_max - shift;
        }
        memmove(error->text + shift, error->text, kept);
        error->text[shift + kept] = '\0';
        memcpy(error->text + shift - 2, ": ", 2);
        memcpy(error->text, before, shift - 2);
    } else {
        memcpy(error->text, before, sizeof(before));
    }
    return error->status;
}

const char *tn_status_name(enum tn_status status)
{
    switch (status) {
    case TN_OK:
        return "ok";
    case TN_INVALID:
        return "invalid";
    case TN_NOT_FOUND:
        return "not_found";
    case TN_EXISTS:
        return "exists";
    case TN_CORRUPT:
        return "corrupt";
    case TN_IO:
        return "io";
    case TN_FULL:
        return "full";
    case TN_NO_SPACE:
        return "no_space";
    case TN_BUSY:
        return "busy";
    case TN_PAUSED:
        return "paused";
    case TN_CONFLICT:
        return "conflict";
    case TN_FENCED:
        return "fenced";
    case TN_UNKNOWN:
        return "unknown";
    case TN_UNAVAILABLE:
        return "unavailable";
    case TN_TRIMMED:
        return "trimmed";
    case TN_DENIED:
        return "denied";
    case TN_UNSUPPORTED:
        return "unsupported";
    case TN_MISMATCH:
        return "mismatch";
    case TN_REFUSED:
        return "refused";
    case TN_MEMORY:
        return "memory";
    case TN_GONE:
        return "gone";
    }
    return "not_a_status";
}
