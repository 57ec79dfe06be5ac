/* The witnesses' thread: opening, its loop, its state for others. */
#include "api/remote/witnesses.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/remote/witnesses_internal.h"
#include "ledger/base/logline.h"

#define POLL_MS 100
#define INTERVAL_MS 1000
#define INTERVAL_HELD_BACK_MS 200

/* ---- opening ---- */

static enum tn_status read_policy(struct tn_witnesses *witnesses, const char *path,
                                  struct tn_error *error)
{
    uint8_t piece[4096];
    size_t size;
    FILE *file = fopen(path, "rb");

    if (!file) {
        return tn_fail(error, TN_NOT_FOUND, "%s: %s", path, strerror(errno));
    }
    while ((size = fread(piece, 1, sizeof(piece), file)) > 0) {
        tn_buffer_append(&witnesses->policy_text, piece, size);
    }
    if (ferror(file)) {
        fclose(file);
        return tn_fail(error, TN_IO, "%s cannot be read", path);
    }
    fclose(file);
    if (tn_buffer_status(&witnesses->policy_text) != TN_OK) {
        return tn_fail(error, TN_INVALID, "%s: the witness policy is too long", path);
    }
    return tn_witness_policy_parse(tn_buffer_view(&witnesses->policy_text), &witnesses->policy,
                                   error);
}

/* A policy that names logs must name this one. */
static enum tn_status check_log(const struct tn_witnesses *witnesses, struct tn_error *error)
{
    const struct tn_verifier *own = &witnesses->ledger->signer.verifier;
    bool named = witnesses->policy.log_count == 0;

    for (size_t i = 0; i < witnesses->policy.log_count; i++) {
        const struct tn_verifier *log = &witnesses->policy.logs[i].verifier;

        named = named || (strcmp(log->name, own->name) == 0 &&
                          memcmp(log->public_key, own->public_key, TN_KEY_PUBLIC_SIZE) == 0);
    }
    return named ? TN_OK
                 : tn_fail(error, TN_INVALID,
                           "the witness policy names logs and this one (%s) is not among them",
                           own->name);
}

static void copy_text(char *out, size_t size, struct tn_bytes text)
{
    size_t length = text.size < size - 1 ? text.size : size - 1;

    memcpy(out, text.data, length);
    out[length] = '\0';
}

static void init_peer(struct tn_witnesses *witnesses, size_t i)
{
    const struct tn_policy_witness *witness = &witnesses->policy.witnesses[i];
    struct tn_peer *peer = &witnesses->peers[i];
    size_t size = witness->url.size;

    witnesses->verifiers[i] = witness->verifier;
    peer->witnesses = witnesses;
    peer->i = i;
    tn_buffer_init(&peer->body, TN_WITNESS_REQUEST_BYTES_MAX);
    tn_buffer_init(&peer->text, TN_NOTE_BYTES_MAX);
    copy_text(peer->state.name, sizeof(peer->state.name), witness->name);
    copy_text(peer->state.key_name, sizeof(peer->state.key_name),
              tn_bytes_from_string(witness->verifier.name));
    tn_witness_id(&witness->verifier, peer->state.id);
    peer->state.asked = size > 0;
    while (size > 0 && witness->url.data[size - 1] == '/') {
        size--;
    }
    (void) snprintf(peer->call.url, sizeof(peer->call.url), "%.*s/add-checkpoint", (int) size,
                    (const char *) witness->url.data);
    peer->call.answer_max = TN_WITNESS_ANSWER_BYTES_MAX;
    peer->call.done = tn_peer_done;
    (void) snprintf(peer->state.words, sizeof(peer->state.words), "%s",
                    peer->state.asked ? "not asked yet" : "no URL in the policy");
}

/* ---- the thread ---- */

static void show(struct tn_witnesses *witnesses)
{
    const struct tn_round *round = &witnesses->round;
    struct tn_witnesses_state *state = &witnesses->state;

    pthread_mutex_lock(&witnesses->lock);
    state->held_back = witnesses->ledger->hold_back;
    state->quorum_met = round->any && tn_witness_policy_met(&witnesses->policy, round->signed_by);
    state->size = round->size;
    state->cosigned_size = witnesses->cosigned_size;
    state->signed_count = (uint64_t) __builtin_popcountll(round->signed_by);
    state->rounds = witnesses->rounds;
    state->forks = 0;
    state->count = witnesses->policy.witness_count;
    for (size_t i = 0; i < state->count; i++) {
        state->witnesses[i] = witnesses->peers[i].state;
        state->forks += state->witnesses[i].fork ? 1 : 0;
    }
    pthread_mutex_unlock(&witnesses->lock);
}

static void *witnesses_main(void *context)
{
    struct tn_witnesses *witnesses = context;
    bool closing = false;

    (void) pthread_setname_np(pthread_self(), "turno-witnesses");
    while (!closing) {
        tn_round_step(witnesses);
        tn_calls_poll(witnesses->calls, POLL_MS);
        show(witnesses);
        pthread_mutex_lock(&witnesses->lock);
        closing = witnesses->closing;
        pthread_mutex_unlock(&witnesses->lock);
    }
    for (size_t i = 0; i < witnesses->policy.witness_count; i++) {
        tn_calls_cancel(witnesses->calls, &witnesses->peers[i].call);
    }
    return NULL;
}

enum tn_status tn_witnesses_open(struct tn_ledger *ledger,
                                 const struct tn_witnesses_options *options,
                                 struct tn_witnesses **out, struct tn_error *error)
{
    struct tn_calls_options calls = {
        .ca_file = options->ca_file,
        .timeout_ms = options->timeout_ms,
    };
    struct tn_witnesses *witnesses = calloc(1, sizeof(*witnesses));
    unsigned interval_ms = options->interval_ms;
    enum tn_status status;

    *out = NULL;
    if (!witnesses) {
        return tn_fail(error, TN_MEMORY, "no memory for witnesses");
    }
    witnesses->ledger = ledger;
    pthread_mutex_init(&witnesses->lock, NULL);
    tn_buffer_init(&witnesses->policy_text, TN_WITNESS_POLICY_BYTES_MAX);
    tn_buffer_init(&witnesses->round.text, TN_NOTE_BYTES_MAX);
    tn_buffer_init(&witnesses->round.base, TN_NOTE_BYTES_MAX);
    tn_buffer_init(&witnesses->round.lines, TN_NOTE_BYTES_MAX);
    if (interval_ms == 0) {
        interval_ms = ledger->hold_back ? INTERVAL_HELD_BACK_MS : INTERVAL_MS;
    }
    witnesses->interval_us = (uint64_t) interval_ms * 1000;
    status = read_policy(witnesses, options->policy_path, error);
    if (status == TN_OK) {
        status = check_log(witnesses, error);
    }
    if (status == TN_OK) {
        status = tn_calls_open(&calls, &witnesses->calls, error);
    }
    if (status == TN_OK) {
        for (size_t i = 0; i < witnesses->policy.witness_count; i++) {
            init_peer(witnesses, i);
        }
        tn_round_recall(witnesses);
        show(witnesses);
        witnesses->started = pthread_create(&witnesses->thread, NULL, witnesses_main, witnesses) ==
                             0;
        status = witnesses->started ? TN_OK : tn_fail(error, TN_MEMORY, "no thread for witnesses");
    }
    if (status != TN_OK) {
        tn_witnesses_close(witnesses);
        return status;
    }
    *out = witnesses;
    return TN_OK;
}

void tn_witnesses_close(struct tn_witnesses *witnesses)
{
    if (!witnesses) {
        return;
    }
    if (witnesses->started) {
        pthread_mutex_lock(&witnesses->lock);
        witnesses->closing = true;
        pthread_mutex_unlock(&witnesses->lock);
        tn_calls_wake(witnesses->calls);
        pthread_join(witnesses->thread, NULL);
    }
    for (size_t i = 0; i < witnesses->policy.witness_count; i++) {
        tn_call_close(&witnesses->peers[i].call);
        tn_buffer_close(&witnesses->peers[i].body);
        tn_buffer_close(&witnesses->peers[i].text);
    }
    tn_calls_close(witnesses->calls);
    tn_buffer_close(&witnesses->round.text);
    tn_buffer_close(&witnesses->round.base);
    tn_buffer_close(&witnesses->round.lines);
    tn_buffer_close(&witnesses->policy_text);
    pthread_mutex_destroy(&witnesses->lock);
    free(witnesses);
}

void tn_witnesses_state(struct tn_witnesses *witnesses, struct tn_witnesses_state *state)
{
    pthread_mutex_lock(&witnesses->lock);
    *state = witnesses->state;
    pthread_mutex_unlock(&witnesses->lock);
}
