/* The zones of the first policy: Mexico in integer polygons, drawn coarsely from public geography.
 *
 * Coasts run some 20 km out at sea, the border with the United States follows straight survey lines
 * and the bends of the Colorado and the Rio Grande closely enough to part the twin towns, borders
 * between states are approximate. Whoever runs a real programme publishes its own. Pure.
 * Source: spec/domain.md 3. */
#ifndef TN_LEDGER_RULES_POLICY_ZONES_H
#define TN_LEDGER_RULES_POLICY_ZONES_H

#include "ledger/rules/zone.h"

/* Area codes of these zones. */
#define TN_ZONE_AREA_MEXICO 1
#define TN_ZONE_AREA_NORTH 2     /* Mexico north of latitude 19.000000 */
#define TN_ZONE_AREA_SOUTHEAST 3 /* Tabasco and Chiapas */

/* Version 1, from 2023-01-12: everybody from Mexico north of 19 N. */
void tn_policy_zone_north(struct tn_zone *zone);
/* Version 2, from 2024-08-23: and from Tabasco and Chiapas; citizens of Mexico from all of it. */
void tn_policy_zone_southeast(struct tn_zone *zone);

#endif
