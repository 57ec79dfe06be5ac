/* Rounds: one checkpoint, the witnesses that are asked for it, and what becomes of their answers.
 * The life of a round is told in witnesses.h. Everything here on the witnesses' thread. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "api/remote/witnesses_internal.h"
#include "ledger/base/check.h"
#include "ledger/base/clock.h"
#include "ledger/base/fault.h"
#include "ledger/base/logline.h"

#define SECOND_US ((uint64_t) 1000000)
/* Witnesses say the time too: an old cosignature is renewed although nothing has grown. */
#define RENEW_US (60 * SECOND_US)
/* A witness that did not sign is asked again for the same checkpoint. */
#define RETRY_US (5 * SECOND_US)
/* How long a witness that fails is left alone: shorter where publication waits for it. */
#define BACKOFF_US_MAX (60 * SECOND_US)
#define BACKOFF_HELD_BACK_US_MAX (5 * SECOND_US)

static uint64_t bit_of(const struct tn_peer *peer)
{
    return UINT64_C(1) << peer->i;
}

static bool met(const struct tn_witnesses *witnesses)
{
    return witnesses->round.any &&
           tn_witness_policy_met(&witnesses->policy, witnesses->round.signed_by);
}

static void say(struct tn_peer *peer, const char *words)
{
    /* As much of them as there is room for. */
    (void) snprintf(peer->state.words, sizeof(peer->state.words), "%.*s",
                    (int) sizeof(peer->state.words) - 1, words);
}

/* When it begins to fail, and when it is well again: once each. */
static void say_outcome(struct tn_witnesses *witnesses, enum tn_round_work work,
                        enum tn_status status, const struct tn_error *error)
{
    static const struct {
        const char *failed;
        const char *well;
    } words[TN_ROUND_WORKS] = {
        [TN_ROUND_BEGIN] = {"a round could not begin", "rounds begin again"},
        [TN_ROUND_GATHER] = {"cosignatures could not be added", "cosignatures are added again"},
        [TN_ROUND_SETTLE] = {"a cosigned checkpoint could not be written",
                             "cosigned checkpoints are written again"},
    };

    if (status != TN_OK && !witnesses->warned[work]) {
        tn_logline(TN_LOG_WARN, "witnesses: %s: %s", words[work].failed, error->text);
    } else if (status == TN_OK && witnesses->warned[work]) {
        tn_logline(TN_LOG_INFO, "witnesses: %s", words[work].well);
    }
    witnesses->warned[work] = status != TN_OK;
}

/* ---- what was gathered ---- */

/* The round's checkpoint with the log's signature, its own time and all cosignatures. */
static enum tn_status whole_note(struct tn_witnesses *witnesses, struct tn_buffer *note,
                                 struct tn_error *error)
{
    struct tn_round *round = &witnesses->round;
    struct tn_buffer lines;
    enum tn_status status;

    tn_buffer_init(&lines, TN_NOTE_BYTES_MAX);
    tn_note_cosign(&lines, tn_buffer_view(&round->text), &witnesses->ledger->cosigner,
                   tn_desk_cosignature_time_s(witnesses->ledger->desk));
    tn_buffer_append_bytes(&lines, tn_buffer_view(&round->lines));
    status = tn_buffer_status(&lines);
    if (status == TN_OK) {
        status = tn_note_merge(tn_buffer_view(&round->base), tn_buffer_view(&lines), note, error);
    }
    tn_buffer_close(&lines);
    return status;
}

/* Publish what was held back, add to what is published, keep what is enough. `lines`: new ones. */
static void settle(struct tn_witnesses *witnesses, struct tn_bytes lines)
{
    struct tn_round *round = &witnesses->round;
    struct tn_log *log = witnesses->ledger->log;
    struct tn_buffer published;
    struct tn_buffer note;
    struct tn_error error = {0};
    uint64_t size = 0;
    enum tn_status status;

    tn_buffer_init(&published, TN_NOTE_BYTES_MAX);
    tn_buffer_init(&note, TN_NOTE_BYTES_MAX);
    status = tn_log_published(log, &published, &size, &error);
    if (status == TN_OK && met(witnesses)) {
        status = whole_note(witnesses, &note, &error);
    }
    if (status == TN_OK && met(witnesses) && witnesses->ledger->hold_back &&
        (round->size > size || published.size == 0)) {
        status = tn_log_publish_note(log, tn_buffer_view(&note), &error);
    } else if (status == TN_OK && round->size == size && lines.size > 0) {
        status = tn_log_add_signatures(log, size, lines, &error);
        status = status == TN_NOT_FOUND ? TN_OK : status; /* a newer one was published meanwhile */
    }
    if (status == TN_OK && met(witnesses)) {
        status = tn_fault("witnesses_keep")
                     ? tn_fail(&error, TN_IO, "a test made it fail")
                     : tn_log_keep_cosigned(log, tn_buffer_view(&note), &error);
        witnesses->cosigned_size = status == TN_OK ? round->size : witnesses->cosigned_size;
    }
    if (status != TN_OK || met(witnesses)) { /* before that nothing was to be written */
        say_outcome(witnesses, TN_ROUND_SETTLE, status, &error);
    }
    tn_buffer_close(&published);
    tn_buffer_close(&note);
}

/* The newest line of each witness: through a note, for that is what merging knows. */
static enum tn_status gather(struct tn_round *round, struct tn_bytes lines, struct tn_error *error)
{
    struct tn_buffer note;
    struct tn_buffer merged;
    struct tn_note parsed;
    enum tn_status status;

    if (round->lines.size == 0) {
        tn_buffer_append_bytes(&round->lines, lines);
        return tn_buffer_status(&round->lines);
    }
    tn_buffer_init(&note, TN_NOTE_BYTES_MAX);
    tn_buffer_init(&merged, TN_NOTE_BYTES_MAX);
    tn_note_begin(&note, tn_buffer_view(&round->text));
    tn_buffer_append_bytes(&note, tn_buffer_view(&round->lines));
    status = tn_note_merge(tn_buffer_view(&note), lines, &merged, error);
    if (status == TN_OK) {
        status = tn_note_parse(tn_buffer_view(&merged), &parsed, error);
    }
    if (status == TN_OK) {
        tn_buffer_reset(&round->lines);
        tn_buffer_append_bytes(&round->lines, parsed.signatures);
        status = tn_buffer_status(&round->lines);
    }
    tn_buffer_close(&note);
    tn_buffer_close(&merged);
    return status;
}

/* ---- answers ---- */

static void failed(struct tn_peer *peer, const char *words)
{
    uint64_t wait_us = SECOND_US << (peer->state.failures < 6 ? peer->state.failures : 6);
    uint64_t wait_us_max = peer->witnesses->ledger->hold_back ? BACKOFF_HELD_BACK_US_MAX
                                                              : BACKOFF_US_MAX;

    peer->state.failures++;
    peer->not_before_us = tn_clock_monotonic_us() + (wait_us < wait_us_max ? wait_us : wait_us_max);
    say(peer, words);
}

static void note_times(struct tn_witnesses *witnesses, struct tn_bytes text, struct tn_bytes lines)
{
    const struct tn_witness_policy *policy = &witnesses->policy;

    while (lines.size > 0) {
        const uint8_t *end = memchr(lines.data, '\n', lines.size);
        size_t size = end ? (size_t) (end - lines.data) + 1 : lines.size;
        uint64_t time_s;
        size_t which;

        if (tn_note_verify_line(text, tn_bytes(lines.data, size), witnesses->verifiers,
                                policy->witness_count, &which, &time_s, NULL) == TN_OK) {
            witnesses->peers[which].state.time_s = time_s;
        }
        lines = tn_bytes(lines.data + size, lines.size - size);
    }
}

static void signed_answer(struct tn_peer *peer)
{
    struct tn_witnesses *witnesses = peer->witnesses;
    struct tn_round *round = &witnesses->round;
    struct tn_error error = {0};
    struct tn_buffer lines;
    uint64_t signed_by;
    enum tn_status status;

    tn_buffer_init(&lines, TN_WITNESS_ANSWER_BYTES_MAX);
    status = tn_witness_answer_lines(tn_buffer_view(&peer->text),
                                     tn_buffer_view(&peer->call.answer), witnesses->verifiers,
                                     witnesses->policy.witness_count, &lines, &signed_by, &error);
    if (status != TN_OK) {
        failed(peer, error.text);
        tn_buffer_close(&lines);
        return;
    }
    peer->state.failures = 0;
    peer->state.fork = false;
    peer->not_before_us = 0;
    peer->known_size = peer->sent_size;
    peer->state.size = peer->sent_size;
    say(peer, "signed");
    note_times(witnesses, tn_buffer_view(&peer->text), tn_buffer_view(&lines));
    if (peer->sent_size == round->size) {
        status = gather(round, tn_buffer_view(&lines), &error);
        if (status == TN_OK) {
            round->signed_by |= signed_by;
            settle(witnesses, tn_buffer_view(&lines));
        }
    } else {
        /* An answer to an earlier round: of use only while that checkpoint is still the one. */
        status = tn_log_add_signatures(witnesses->ledger->log, peer->sent_size,
                                       tn_buffer_view(&lines), &error);
        status = status == TN_NOT_FOUND ? TN_OK : status;
    }
    say_outcome(witnesses, TN_ROUND_GATHER, status, &error);
    tn_buffer_close(&lines);
}

static bool ask(struct tn_peer *peer);

/* No honest witness has signed more than is committed. Sizes up to that may have been shown to it
 * although nothing of them is published: held back, or by a process that ended before it was. If
 * such a size is another history's, the proof from there does not fit, which is the same alarm. */
static uint64_t committed_size(struct tn_witnesses *witnesses)
{
    struct tn_log_head head;

    tn_log_head(witnesses->ledger->log, &head);
    return head.size;
}

static void forked(struct tn_peer *peer, unsigned status, uint64_t told)
{
    tn_peer_report_fork(peer, status, told);
    failed(peer, "it holds another history of this log");
    peer->not_before_us = tn_clock_monotonic_us() + RETRY_US;
}

static void stale_answer(struct tn_peer *peer, uint64_t told)
{
    struct tn_witnesses *witnesses = peer->witnesses;

    if (told > committed_size(witnesses)) {
        forked(peer, 409, told);
        return;
    }
    peer->known_size = told;
    peer->state.size = told;
    if (peer->again || told > peer->sent_size || peer->sent_size != witnesses->round.size) {
        failed(peer, "it has signed another size; the next checkpoint is proved from there");
        peer->not_before_us = 0;
        return;
    }
    peer->again = true;
    if (!ask(peer)) {
        failed(peer, "the second request could not be sent");
    }
}

void tn_peer_done(struct tn_call *call)
{
    struct tn_peer *peer = TN_CONTAINER_OF(call, struct tn_peer, call);
    struct tn_witness_answer answer;
    char words[TN_WITNESS_WORDS_MAX];

    peer->busy = false;
    if (call->status != TN_OK) {
        failed(peer, call->error.text);
        return;
    }
    tn_witness_answer_read(call->http_status, tn_bytes_from_string(call->content_type),
                           tn_buffer_view(&call->answer), peer->sent_old == peer->sent_size,
                           &answer);
    (void) snprintf(words, sizeof(words), "answered %u", call->http_status);
    switch (answer.outcome) {
    case TN_WITNESS_SIGNED:
        signed_answer(peer);
        break;
    case TN_WITNESS_STALE:
        stale_answer(peer, answer.size);
        break;
    case TN_WITNESS_FORK:
        forked(peer, call->http_status, 0);
        break;
    case TN_WITNESS_REJECTED:
        tn_peer_raise_alarm(peer, call->http_status);
        failed(peer, words);
        break;
    case TN_WITNESS_FAILED:
        failed(peer, words);
        break;
    }
}

/* ---- asking ---- */

/* Send the round's checkpoint with a proof from what the witness has. */
static bool ask(struct tn_peer *peer)
{
    struct tn_witnesses *witnesses = peer->witnesses;
    struct tn_round *round = &witnesses->round;
    uint8_t proof[TN_PROOF_HASHES_MAX * TN_HASH_SIZE];
    struct tn_error error = {0};
    size_t count = 0;
    enum tn_status status = TN_OK;

    peer->sent_size = round->size;
    peer->sent_old = peer->known_size <= round->size ? peer->known_size : 0;
    memcpy(peer->sent_root, round->root, TN_HASH_SIZE);
    if (peer->sent_old > 0 && peer->sent_old < round->size) {
        status = tn_log_prove_consistency(witnesses->ledger->log, peer->sent_old, round->size,
                                          proof, &count, &error);
    }
    tn_buffer_reset(&peer->body);
    tn_buffer_reset(&peer->text);
    if (status == TN_OK && count <= TN_WITNESS_PROOF_MAX) {
        tn_buffer_append_bytes(&peer->text, tn_buffer_view(&round->text));
        tn_witness_request_format(&peer->body, peer->sent_old, proof, count,
                                  tn_buffer_view(&round->base));
        status = tn_buffer_status(&peer->body);
    }
    peer->call.body = tn_buffer_view(&peer->body);
    if (status == TN_OK) {
        status = tn_calls_start(witnesses->calls, &peer->call, &error);
    }
    if (status != TN_OK) {
        failed(peer, error.text);
    }
    peer->busy = status == TN_OK;
    return peer->busy;
}

static void ask_all(struct tn_witnesses *witnesses, bool renew)
{
    uint64_t now_us = tn_clock_monotonic_us();

    for (size_t i = 0; i < witnesses->policy.witness_count; i++) {
        struct tn_peer *peer = &witnesses->peers[i];
        bool wanted = renew || (witnesses->round.signed_by & bit_of(peer)) == 0;

        if (peer->state.asked && !peer->busy && wanted && now_us >= peer->not_before_us) {
            peer->again = false;
            (void) ask(peer);
        }
    }
}

static bool all_idle(const struct tn_witnesses *witnesses)
{
    for (size_t i = 0; i < witnesses->policy.witness_count; i++) {
        if (witnesses->peers[i].busy) {
            return false;
        }
    }
    return true;
}

/* ---- rounds ---- */

/* The checkpoint to be cosigned, as a note and its size: the published one, or the head where
 * publication waits for this. */
static enum tn_status target(struct tn_witnesses *witnesses, struct tn_buffer *note, uint64_t *size,
                             struct tn_error *error)
{
    struct tn_ledger *ledger = witnesses->ledger;

    return ledger->hold_back ? tn_log_sign_head(ledger->log, &ledger->signer, NULL, 0, note, size)
                             : tn_log_published(ledger->log, note, size, error);
}

static enum tn_status begin(struct tn_witnesses *witnesses, const struct tn_buffer *note,
                            struct tn_error *error)
{
    struct tn_round *round = &witnesses->round;
    struct tn_checkpoint checkpoint;
    struct tn_note parsed;
    enum tn_status status = tn_note_parse(tn_buffer_view(note), &parsed, error);

    if (status == TN_OK) {
        status = tn_checkpoint_parse(parsed.text, &checkpoint, error);
    }
    if (status != TN_OK) {
        return status;
    }
    tn_buffer_reset(&round->text);
    tn_buffer_reset(&round->base);
    tn_buffer_reset(&round->lines);
    tn_buffer_append_bytes(&round->text, parsed.text);
    tn_note_begin(&round->base, parsed.text);
    tn_note_sign(&round->base, parsed.text, &witnesses->ledger->signer);
    round->size = checkpoint.size;
    memcpy(round->root, checkpoint.root, TN_HASH_SIZE);
    round->signed_by = 0;
    round->any = true;
    witnesses->rounds++;
    return tn_buffer_status(&round->base);
}

/* When it begins to be so, and when it ends: once each. */
static void say_quorum(struct tn_witnesses *witnesses)
{
    bool unmet = !met(witnesses);

    if (unmet == witnesses->said_unmet) {
        return;
    }
    if (unmet) {
        tn_logline(TN_LOG_WARN,
                   "not enough witnesses cosigned size %" PRIu64 " (/readyz says who)%s",
                   witnesses->round.size,
                   witnesses->ledger->hold_back
                       ? ": publication waits, and receipts promise it within 10 s"
                       : "");
    } else {
        tn_logline(TN_LOG_INFO, "enough witnesses cosigned size %" PRIu64, witnesses->round.size);
    }
    witnesses->said_unmet = unmet;
}

void tn_round_step(struct tn_witnesses *witnesses)
{
    struct tn_round *round = &witnesses->round;
    uint64_t now_us = tn_clock_monotonic_us();
    uint64_t since_us = now_us - round->started_us;
    struct tn_error error = {0};
    struct tn_buffer note;
    uint64_t size = 0;
    bool grown;
    enum tn_status status;

    /* A round goes on while it may still become enough. */
    if (round->any &&
        (since_us < witnesses->interval_us || (!met(witnesses) && !all_idle(witnesses)))) {
        return;
    }
    if (round->any) {
        say_quorum(witnesses);
    }
    tn_buffer_init(&note, TN_NOTE_BYTES_MAX);
    status = target(witnesses, &note, &size, &error);
    grown = status == TN_OK && note.size > 0 && (!round->any || size != round->size);
    if (grown) {
        status = begin(witnesses, &note, &error);
        round->renewed_us = now_us;
        round->started_us = now_us;
        if (status == TN_OK) {
            settle(witnesses, tn_bytes(NULL, 0)); /* where nobody is needed */
            ask_all(witnesses, true);
        }
    } else if (round->any && now_us - round->renewed_us >= RENEW_US) {
        round->renewed_us = now_us;
        round->started_us = now_us;
        ask_all(witnesses, true);
    } else if (round->any && since_us >= RETRY_US) {
        round->started_us = now_us;
        ask_all(witnesses, false);
    }
    say_outcome(witnesses, TN_ROUND_BEGIN, status, &error);
    tn_buffer_close(&note);
}

static void recall(struct tn_witnesses *witnesses, struct tn_bytes bytes, uint64_t size)
{
    struct tn_note note;

    if (bytes.size == 0 || tn_note_verify(bytes, witnesses->verifiers,
                                          witnesses->policy.witness_count, &note, NULL) != TN_OK) {
        return;
    }
    for (size_t i = 0; i < witnesses->policy.witness_count; i++) {
        struct tn_peer *peer = &witnesses->peers[i];

        if ((note.verified & bit_of(peer)) != 0 && size > peer->known_size) {
            peer->known_size = size;
            peer->state.size = size;
        }
    }
}

void tn_round_recall(struct tn_witnesses *witnesses)
{
    struct tn_buffer note;
    struct tn_error error = {0};
    uint64_t size;

    tn_buffer_init(&note, TN_NOTE_BYTES_MAX);
    if (tn_log_published(witnesses->ledger->log, &note, &size, &error) == TN_OK) {
        recall(witnesses, tn_buffer_view(&note), size);
    }
    if (tn_log_cosigned(witnesses->ledger->log, &note, &size, &error) == TN_OK) {
        recall(witnesses, tn_buffer_view(&note), size);
        witnesses->cosigned_size = size;
    }
    tn_buffer_close(&note);
}
