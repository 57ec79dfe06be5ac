/* The end of a program that found a bug in itself. */
#include "ledger/base/check.h"

#include <stdio.h>
#include <stdlib.h>

_Noreturn void tn_check_failed(const char *condition, const char *file, int line)
{
    (void) fprintf(stderr, "%s:%d: check failed: %s\n", file, line, condition);
    (void) fflush(stderr);
    abort();
}
