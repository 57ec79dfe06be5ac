/* What a reader without keys learns from the genesis. */
#include "tools/genesis.h"

#include "ledger/event/event.h"

static enum tn_status read_key(struct tn_ledger *ledger, enum tn_key_type type,
                               struct tn_verifier *verifier, struct tn_error *error)
{
    struct tn_buffer entry;
    struct tn_arena arena;
    struct tn_event event;
    enum tn_status status;

    tn_buffer_init(&entry, TN_ENTRY_BYTES_MAX);
    tn_arena_init(&arena, (size_t) 1 << 20);
    status = tn_log_read(ledger->log, 0, &entry, error);
    if (status == TN_OK) {
        status = tn_event_decode(tn_buffer_view(&entry), 0, &arena, &event, error);
    }
    if (status == TN_OK) {
        const struct tn_facts_create_ledger *facts = &event.body.ledger_created.facts;

        status = tn_verifier_init(verifier, tn_bytes_from_string(ledger->origin), type,
                                  type == TN_KEY_ED25519 ? facts->log_key : facts->cosigner_key);
        if (status != TN_OK) {
            status = tn_fail(error, TN_CORRUPT, "the genesis names no key");
        }
    }
    tn_arena_close(&arena);
    tn_buffer_close(&entry);
    return status;
}

enum tn_status tn_genesis_verifier(struct tn_ledger *ledger, struct tn_verifier *verifier,
                                   struct tn_error *error)
{
    return read_key(ledger, TN_KEY_ED25519, verifier, error);
}

enum tn_status tn_genesis_cosigner(struct tn_ledger *ledger, struct tn_verifier *verifier,
                                   struct tn_error *error)
{
    return read_key(ledger, TN_KEY_COSIGNATURE, verifier, error);
}
