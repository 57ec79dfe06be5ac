/* A whole ledger, opened and closed. */
#include "api/desk/ledger.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/base/civil.h"
#include "ledger/base/logline.h"
#include "ledger/event/event.h"
#include "ledger/vault/secret.h"

static enum tn_status read_genesis(struct tn_ledger *ledger, struct tn_error *error)
{
    struct tn_buffer entry;
    struct tn_arena arena;
    struct tn_event event;
    enum tn_status status;

    tn_buffer_init(&entry, TN_ENTRY_BYTES_MAX);
    tn_arena_init(&arena, (size_t) 1 << 20);
    status = tn_log_read(ledger->log, 0, &entry, error);
    if (status == TN_NOT_FOUND) {
        /* Before there are keys a root key at its place is another ledger's. */
        status = tn_fail(error, TN_NOT_FOUND,
                         "%s holds an empty log: its creation was cut short; remove the directory "
                         "%sand run `turno init` again",
                         ledger->directory,
                         tn_keys_exist(ledger->directory) ? "with its root key " : "");
    }
    if (status == TN_OK) {
        status = tn_event_decode(tn_buffer_view(&entry), 0, &arena, &event, error);
    }
    if (status == TN_OK && event.kind != TN_KIND_ledger_created) {
        status = tn_fail(error, TN_CORRUPT, "the first entry of the log is not a genesis");
    }
    if (status == TN_OK) {
        const struct tn_facts_create_ledger *facts = &event.body.ledger_created.facts;

        if (facts->origin.size > TN_NAME_BYTES_MAX) {
            status = tn_fail(error, TN_CORRUPT, "the origin in the genesis is too long");
        } else {
            memcpy(ledger->origin, facts->origin.data, facts->origin.size);
            memcpy(ledger->gid_key, facts->gid_key, TN_HASH_SIZE);
            ledger->simulated = facts->simulated != 0;
        }
    }
    tn_arena_close(&arena);
    tn_buffer_close(&entry);
    return status;
}

/* What served all the same, and would be worse news later. */
static void warn_of_keys(const struct tn_ledger *ledger)
{
    unsigned damaged = tn_keys_damaged(ledger->keys);

    if (damaged > 0) {
        tn_logline(
            TN_LOG_WARN,
            "%u of the files keys, keys.2, epochs and epochs.2 in %s were damaged or missing "
            "and have been written again from the other copy: look for what changed them, "
            "check the disk, and keep a backup of them",
            damaged, ledger->directory);
    }
    if (!tn_keys_locked(ledger->keys) && !ledger->simulated) {
        tn_logline(TN_LOG_WARN, "the ledger's keys are " TN_SECRET_UNLOCKED_WORDS);
    }
}

static enum tn_status open_keys(struct tn_ledger *ledger, const struct tn_ledger_options *options,
                                struct tn_error *error)
{
    struct tn_keys_options keys = {
        .root_key_path = options->root_key_path,
        .allow_unlocked = options->allow_unlocked,
        .repair = true,
    };
    enum tn_status status = tn_keys_open(ledger->directory, &keys, &ledger->keys, error);

    if (status == TN_OK) {
        warn_of_keys(ledger);
        status = tn_vault_open(&ledger->vault, ledger->store, ledger->keys, error);
    }
    return status;
}

static enum tn_status open_signers(struct tn_ledger *ledger, struct tn_error *error)
{
    struct tn_bytes origin = tn_bytes_from_string(ledger->origin);
    enum tn_status status = tn_signer_init(&ledger->signer, origin, TN_KEY_ED25519,
                                           tn_keys_get(ledger->keys, TN_KEY_LOG_SEED));

    if (status == TN_OK) {
        status = tn_signer_init(&ledger->cosigner, origin, TN_KEY_COSIGNATURE,
                                tn_keys_get(ledger->keys, TN_KEY_COSIGNATURE_SEED));
    }
    return status == TN_OK ? TN_OK : tn_fail(error, status, "the origin is not a key name");
}

/* Family `meta`, row "hold_back": one byte 01, or no row. */
static enum tn_status open_hold_back(struct tn_ledger *ledger, enum tn_hold_back wish,
                                     struct tn_error *error)
{
    static const uint8_t on = 1;
    struct tn_bytes key = tn_bytes_from_string("hold_back");
    struct tn_family *meta;
    struct tn_batch *batch;
    struct tn_buffer value;
    enum tn_status status = tn_store_family(ledger->store, "meta", false, &meta, error);

    if (status != TN_OK) {
        return status;
    }
    tn_buffer_init(&value, 16);
    status = tn_store_get(ledger->store, meta, NULL, key, &value, &ledger->hold_back, error);
    tn_buffer_close(&value);
    if (status != TN_OK || wish == TN_HOLD_BACK_AS_IS ||
        ledger->hold_back == (wish == TN_HOLD_BACK_ON)) {
        return status;
    }
    batch = tn_batch_create();
    if (!batch) {
        return tn_fail(error, TN_MEMORY, "no memory for a row");
    }
    ledger->hold_back = wish == TN_HOLD_BACK_ON;
    if (ledger->hold_back) {
        tn_batch_put(batch, meta, key, tn_bytes(&on, 1));
    } else {
        tn_batch_delete(batch, meta, key);
    }
    status = tn_store_write(ledger->store, batch, TN_SYNCED, error);
    tn_batch_destroy(batch);
    return status;
}

static enum tn_status open_desk(struct tn_ledger *ledger, const struct tn_ledger_options *options,
                                struct tn_error *error)
{
    struct tn_desk_options desk = {
        .store = ledger->store,
        .log = ledger->log,
        .engine = ledger->engine,
        .beside = ledger->beside,
        .vault = &ledger->vault,
        .clock = options->manual_clock ? TN_CLOCK_MANUAL
                 : ledger->simulated   ? TN_CLOCK_OFFSET
                                       : TN_CLOCK_LIVE,
        .signer = options->no_publish ? NULL : &ledger->signer,
        .drawd = options->drawd,
        .cosigner = &ledger->cosigner,
        .hold_back = ledger->hold_back,
        .renew_us = options->renew_us,
        .committer_only = options->committer_only,
    };

    return tn_desk_open(&desk, &ledger->desk, error);
}

/* Nothing begins it again by itself: if it was what ended the process, no start would ever end. */
static void tell_of_cut_rebuild(struct tn_ledger *ledger)
{
    struct tn_buffer names;
    uint32_t mask = 0;

    tn_buffer_init(&names, 512);
    if (tn_rebuild_pending(ledger->store, &mask, NULL) == TN_OK && mask != 0) {
        for (size_t i = 0; i < TN_PROJECTION_COUNT; i++) {
            if ((mask >> i & 1) != 0) {
                tn_buffer_printf(&names, "%s%s", names.size > 0 ? ", " : "",
                                 tn_projection_at(i)->name);
            }
        }
        tn_logline(
            TN_LOG_WARN,
            "a rebuild (%.*s) was cut. What it had made is dropped; the rows in use are those "
            "from before it, and whole. To have them compared and replaced, run `turno "
            "rebuild` again",
            (int) names.size, (const char *) names.data);
    }
    tn_buffer_close(&names);
}

enum tn_status tn_ledger_open(const char *directory, const struct tn_ledger_options *options,
                              struct tn_ledger **out, struct tn_error *error)
{
    struct tn_store_options store = {
        .mode = options->mode == TN_LEDGER_READER ? TN_STORE_SECONDARY : TN_STORE_WRITER,
        .reserve_bytes = options->reserve_bytes,
        .cache_bytes = options->cache_bytes,
        .no_sync = options->no_sync,
    };
    struct tn_ledger *ledger = calloc(1, sizeof(*ledger));
    enum tn_status status = TN_OK;

    *out = NULL;
    if (ledger) {
        size_t size = strlen(directory) + sizeof("/seals");

        ledger->directory = strdup(directory);
        ledger->seals = malloc(size);
        if (ledger->seals) {
            (void) snprintf(ledger->seals, size, "%s/seals", directory);
        }
    }
    if (!ledger || !ledger->directory || !ledger->seals) {
        if (ledger) {
            free(ledger->directory);
            free(ledger->seals);
        }
        free(ledger);
        return tn_fail(error, TN_MEMORY, "no memory for a ledger");
    }
    ledger->mode = options->mode;
    status = tn_store_open(directory, &store, &ledger->store, error);
    if (status == TN_OK) {
        status = tn_log_open(ledger->store, &ledger->log, error);
    }
    if (status == TN_OK) {
        status = read_genesis(ledger, error);
    }
    if (status == TN_OK && options->mode != TN_LEDGER_READER) {
        status = open_keys(ledger, options, error);
    }
    if (status == TN_OK && options->mode != TN_LEDGER_READER) {
        status = open_signers(ledger, error);
    }
    if (status == TN_OK && options->mode == TN_LEDGER_DESK) {
        status = open_hold_back(ledger, options->hold_back, error);
    }
    if (status == TN_OK && options->mode == TN_LEDGER_DESK) {
        status = tn_engine_open(ledger->store, ledger->log, NULL, 0, &ledger->engine, error);
        if (status == TN_OK) {
            tell_of_cut_rebuild(ledger);
        }
    }
    if (status == TN_OK && options->mode == TN_LEDGER_DESK) {
        const struct tn_beside_options beside = {
            .store = ledger->store, .log = ledger->log, .directory = ledger->seals};

        status = tn_beside_open(&beside, &ledger->beside, error);
    }
    if (status == TN_OK && options->mode == TN_LEDGER_DESK) {
        status = open_desk(ledger, options, error);
    }
    if (status != TN_OK) {
        tn_ledger_close(ledger);
        return status;
    }
    *out = ledger;
    return TN_OK;
}

void tn_ledger_close(struct tn_ledger *ledger)
{
    if (!ledger) {
        return;
    }
    tn_desk_close(ledger->desk);
    tn_beside_close(ledger->beside);
    if (ledger->engine) {
        tn_engine_close(ledger->engine);
    }
    if (ledger->log) {
        tn_log_close(ledger->log);
    }
    tn_signer_close(&ledger->signer);
    tn_signer_close(&ledger->cosigner);
    tn_keys_close(ledger->keys);
    if (ledger->store) {
        tn_store_close(ledger->store);
    }
    free(ledger->directory);
    free(ledger->seals);
    free(ledger);
}

/* The first officers enrolled are the approvers of genesis. */
enum tn_status tn_ledger_approvers(struct tn_ledger *ledger, uint8_t approvers[2][TN_ID_SIZE],
                                   struct tn_error *error)
{
    uint64_t indices[2];
    size_t count = 2;
    struct tn_buffer entry;
    struct tn_arena arena;
    enum tn_status status =
        tn_log_read_kind(ledger->log, TN_KIND_officer_enrolled, 0, false, indices, &count, error);

    if (status == TN_OK && count < 2) {
        status = tn_fail(error, TN_CORRUPT, "the log names no approvers");
    }
    tn_buffer_init(&entry, TN_ENTRY_BYTES_MAX);
    tn_arena_init(&arena, (size_t) 1 << 20);
    for (size_t i = 0; status == TN_OK && i < 2; i++) {
        struct tn_event event;

        status = tn_log_read(ledger->log, indices[i], &entry, error);
        if (status == TN_OK) {
            status = tn_event_decode(tn_buffer_view(&entry), indices[i], &arena, &event, error);
        }
        if (status == TN_OK) {
            memcpy(approvers[i], event.body.officer_enrolled.facts.officer, TN_ID_SIZE);
        }
    }
    tn_arena_close(&arena);
    tn_buffer_close(&entry);
    return status;
}

enum tn_status tn_ledger_today(const struct tn_policy *policy, uint64_t time_us, uint64_t *day,
                               struct tn_error *error)
{
    uint32_t civil_day = 0;
    uint32_t minute = 0;
    enum tn_status status =
        tn_civil_from_instant(policy->window.zone, time_us, &civil_day, &minute);

    *day = civil_day;
    return status == TN_OK
               ? TN_OK
               : tn_fail(error, status, "the system has no time zone %s: install tzdata",
                         policy->window.zone);
}
