/* The words of the refusals, in two tables by who is told. Private to refusal_text.c. */
#ifndef TN_LEDGER_EVENT_REFUSAL_WORDS_INTERNAL_H
#define TN_LEDGER_EVENT_REFUSAL_WORDS_INTERNAL_H

#include "ledger/event/kinds.h"

/* Each says what it means and what to do next, in at most 220 bytes, so that it fits a short
 * message. A code stands in exactly one of the tables; its row in the other is NULL. */
struct tn_refusal_words {
    const char *in[TN_LANGUAGE_COUNT];
};

/* What a person who applies, or who helps one, can meet. */
extern const struct tn_refusal_words tn_refusal_words_people[TN_REFUSAL_LIMIT];
/* What officers and those who run the programme can meet. */
extern const struct tn_refusal_words tn_refusal_words_staff[TN_REFUSAL_LIMIT];

#endif
