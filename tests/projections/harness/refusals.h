/* Commands that a rule refuses, one a row. A refusal changes nothing, so that all rows of one
 * moment share one ledger. */
#ifndef TN_TESTS_PROJECTIONS_HARNESS_REFUSALS_H
#define TN_TESTS_PROJECTIONS_HARNESS_REFUSALS_H

#include "tests/projections/harness/setting.h"

#define DATE (DAY_D + 6)

struct refusal_row {
    enum tn_refusal code;
    const char *label;
    enum tn_refusal (*provoke)(struct harness *harness, uint64_t time_us);
};

struct refusal_rows {
    const struct refusal_row *rows;
    size_t count;
};

/* At 13:00 of D + 1: 1 confirmed for DATE at port A, 2 and 10 with open offers, 3 live (three
 * adults, a child), 4 withdrawn, 5 asked, 8 asked and withdrawn and its person now in 9. Port C is
 * suspended, capacity of DATE + 10 published. */
void refusals_set_up(struct harness *harness);

/* While the window of D + 1 is open. */
struct refusal_rows refusals_of_people(void);
struct refusal_rows refusals_of_staff(void);
/* Between its close and its draw. */
struct refusal_rows refusals_of_people_frozen(void);
struct refusal_rows refusals_of_staff_frozen(void);
/* After DATE. */
struct refusal_rows refusals_of_people_over(void);
struct refusal_rows refusals_of_staff_over(void);
/* Before the first policy, or after the programme's end. */
struct refusal_rows refusals_outside_programme(void);

#endif
