/* Fault points: places where a test can make the nth call fail. Unarmed, one costs a branch. */
#ifndef TN_LEDGER_BASE_FAULT_H
#define TN_LEDGER_BASE_FAULT_H

#include <stdbool.h>

/* Make the nth point reached from now on (0 the first) fail, once. Tests only. */
void tn_fault_arm(unsigned nth);
/* The same, of the points with this name only. */
void tn_fault_arm_named(const char *name, unsigned nth);
/* Disarm; true when the armed point was reached. */
bool tn_fault_disarm(void);
/* The name of the point that failed since points were armed last, disarmed or not; NULL: none. */
const char *tn_fault_failed(void);
/* True when this point must fail now. `name` is a literal. */
bool tn_fault(const char *name);

#endif
