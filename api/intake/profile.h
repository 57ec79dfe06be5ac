/* What is sealed about a member and about a registration, as canonical msgpack. Pure.
 *
 * PROFILE (version 1 and up), a map; what is empty is left out:
 *
 *   key  type   value
 *   1    bin    given names, as typed (UTF-8)
 *   2    bin    family names, as typed
 *   3    uint   date of birth, YYYYMMDD
 *   4    bin    nationality, three letters in upper case
 *   5    bin    number of a document, as typed
 *
 * CONTACT, a map:
 *
 *   1    bin    e-mail or telephone, as typed
 *   2    bin    language
 *
 * DESTINATION is the address as typed; TOKEN the 32 bytes; CONFIRMATION the number, 8 bytes
 * big-endian. */
#ifndef TN_API_INTAKE_PROFILE_H
#define TN_API_INTAKE_PROFILE_H

#include "api/intake/intake.h"

void tn_profile_write(const struct tn_person_form *person, struct tn_buffer *out);
/* Views into `bytes`. TN_CORRUPT: not a profile. */
TN_MUST_USE enum tn_status tn_profile_read(struct tn_bytes bytes, struct tn_person_form *person);
void tn_contact_write(struct tn_bytes contact, struct tn_bytes language, struct tn_buffer *out);

#endif
