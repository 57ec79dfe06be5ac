/* Which record a row of a projection is, from the first letter of its key. */
#ifndef TN_PROJECTIONS_TABLES_H
#define TN_PROJECTIONS_TABLES_H

#include "projections/projection.h"

/* NULL for a letter that the projection does not use. `name` gets the table's name. */
const struct tn_record *tn_table_record(size_t projection, char letter, const char **name);

/* The letter of a table by its name, as `turno state` writes it; 0 when there is none. */
char tn_table_letter(size_t projection, struct tn_bytes name);

#endif
