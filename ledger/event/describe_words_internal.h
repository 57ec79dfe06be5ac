/* The words of EVENTS.md. Private to describe.c. */
#ifndef TN_LEDGER_EVENT_DESCRIBE_WORDS_INTERNAL_H
#define TN_LEDGER_EVENT_DESCRIBE_WORDS_INTERNAL_H

#include <stddef.h>
#include <stdint.h>

/* What something is, by its name; both are NULL at the end of a list. */
struct tn_words {
    const char *name;
    const char *words;
};

/* A field by its name; `record` is NULL where it means the same in every record that has it. */
struct tn_field_words {
    const char *record;
    const char *name;
    const char *words;
};

/* One value of a code in a body; the list ends with a NULL code. */
struct tn_code_words {
    const char *code;
    uint64_t number;
    const char *name;
    const char *words;
};

extern const struct tn_words tn_words_kinds[];
extern const struct tn_words tn_words_commands[];
extern const struct tn_words tn_words_records[];
extern const struct tn_words tn_words_roles[];
extern const struct tn_field_words tn_words_fields[];
extern const struct tn_code_words tn_words_codes[];

#endif
