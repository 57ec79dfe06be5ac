/* What every cmocka program needs: cmocka wants these headers before its own. */
#ifndef TN_TESTS_LEDGER_BASE_UNIT_H
#define TN_TESTS_LEDGER_BASE_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#endif
