/* A refusal in words for the person (R02). */
#include "ledger/event/refusal_words_internal.h"

/* For a code of a newer program: better than nothing in a foreign language. */
static const struct tn_refusal_words unknown = {{
    [TN_LANGUAGE_EN] = "This was refused. Ask whoever runs this service what the code means.",
    [TN_LANGUAGE_ES] =
        "Esto fue rechazado. Pregunte a quien administra este servicio qué significa el código.",
    [TN_LANGUAGE_HT] = "Yo refize sa. Mande moun k ap jere sèvis la sa kòd la vle di.",
    [TN_LANGUAGE_PT] =
        "Isto foi recusado. Pergunte a quem administra este serviço o que o código significa.",
    [TN_LANGUAGE_RU] = "В этом отказано. Узнайте у администратора, что означает код.",
}};

const char *tn_refusal_text(uint64_t code, enum tn_language language)
{
    /* A language from outside the list is English. */
    unsigned place = (unsigned) language < TN_LANGUAGE_COUNT ? (unsigned) language : TN_LANGUAGE_EN;

    if (code >= TN_REFUSAL_LIMIT) {
        return unknown.in[place];
    }
    if (tn_refusal_words_people[code].in[place]) {
        return tn_refusal_words_people[code].in[place];
    }
    return tn_refusal_words_staff[code].in[place] ? tn_refusal_words_staff[code].in[place]
                                                  : unknown.in[place];
}
