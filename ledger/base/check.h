/* Assertions that stay on in release, and small macros that every module uses. */
#ifndef TN_LEDGER_BASE_CHECK_H
#define TN_LEDGER_BASE_CHECK_H

#include <stddef.h>

/* Abort with file and line when `condition` is false. For our own bugs only: never for input, disk
 * or network. */
#define TN_CHECK(condition)                                                                        \
    ((condition) ? (void) 0 : tn_check_failed(#condition, __FILE__, __LINE__))

_Noreturn void tn_check_failed(const char *condition, const char *file, int line);

#define TN_ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))
#define TN_CONTAINER_OF(pointer, type, member)                                                     \
    ((type *) (void *) ((char *) (pointer) -offsetof(type, member)))

#endif
