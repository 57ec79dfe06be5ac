/* The bytes of profiles and contacts. */
#include "api/intake/profile.h"

#include <string.h>

static void put_bin(struct tn_buffer *out, uint64_t key, struct tn_bytes value)
{
    if (value.size > 0) {
        tn_pack_uint(out, key);
        tn_pack_bin(out, value);
    }
}

void tn_profile_write(const struct tn_person_form *person, struct tn_buffer *out)
{
    uint32_t count = 0;

    count += person->given_names.size > 0;
    count += person->family_names.size > 0;
    count += person->birth > 0;
    count += person->nationality.size > 0;
    count += person->document.size > 0;
    tn_pack_map(out, count);
    put_bin(out, 1, person->given_names);
    put_bin(out, 2, person->family_names);
    if (person->birth > 0) {
        tn_pack_uint(out, 3);
        tn_pack_uint(out, person->birth);
    }
    put_bin(out, 4, person->nationality);
    put_bin(out, 5, person->document);
}

enum tn_status tn_profile_read(struct tn_bytes bytes, struct tn_person_form *person)
{
    struct tn_unpack unpack;
    uint64_t last = 0;
    uint32_t count;

    memset(person, 0, sizeof(*person));
    tn_unpack_init(&unpack, bytes);
    count = tn_unpack_map(&unpack);
    for (uint32_t i = 0; i < count && !unpack.bad; i++) {
        uint64_t key = tn_unpack_uint(&unpack);

        if (key <= last) {
            return TN_CORRUPT;
        }
        last = key;
        switch (key) {
        case 1:
            person->given_names = tn_unpack_bin(&unpack);
            break;
        case 2:
            person->family_names = tn_unpack_bin(&unpack);
            break;
        case 3:
            person->birth = (uint32_t) tn_unpack_uint(&unpack);
            break;
        case 4:
            person->nationality = tn_unpack_bin(&unpack);
            break;
        case 5:
            person->document = tn_unpack_bin(&unpack);
            break;
        default:
            return TN_CORRUPT;
        }
    }
    return tn_unpack_done(&unpack) ? TN_OK : TN_CORRUPT;
}

void tn_contact_write(struct tn_bytes contact, struct tn_bytes language, struct tn_buffer *out)
{
    tn_pack_map(out, (contact.size > 0 ? 1u : 0u) + (language.size > 0 ? 1u : 0u));
    put_bin(out, 1, contact);
    put_bin(out, 2, language);
}
