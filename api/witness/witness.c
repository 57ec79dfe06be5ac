/* A witness: routes, requests, what it remembers. The life of a request is told in witness.h. */
#include "api/witness/witness.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api/http/server.h"
#include "api/witness/witness_store.h"
#include "ledger/base/check.h"
#include "ledger/base/clock.h"
#include "ledger/base/hash.h"
#include "ledger/base/logline.h"
#include "ledger/log/lines.h"
#include "ledger/log/witness.h"
#include "ledger/vault/secret.h"

#define TEXT "text/plain; charset=utf-8"
#define COMMON_FIELDS                                                                              \
    "Access-Control-Allow-Origin: *\r\n"                                                           \
    "X-Content-Type-Options: nosniff\r\n"
#define ARENA_BYTES ((size_t) 512 << 10)

/* What is remembered of one origin. */
struct remembered {
    char hex[2 * TN_HASH_SIZE + 1]; /* SHA-256 of the origin */
    pthread_mutex_t lock;           /* over the rest: one step with the store */
    struct tn_witness_known known;
    struct tn_buffer note; /* as it is stored; empty: nothing was cosigned */
};

struct tn_witness {
    char *directory;
    int lock;
    struct tn_secret secret; /* its key, from which the signer signs */
    struct tn_signer signer;
    struct tn_http_server *server;
    struct tn_verifier verifiers[TN_WITNESS_LOGS_MAX];
    struct tn_witness_log logs[TN_WITNESS_LOGS_MAX];
    size_t log_count;
    struct remembered origins[TN_WITNESS_LOGS_MAX];
    size_t origin_count;
};

/* One request on its way; in the request's arena. */
struct adding {
    struct tn_witness *witness;
    struct tn_witness_decision decision;
    struct tn_buffer line;
    bool failed; /* it could not be written: nothing is signed */
};

/* ---- deciding, on a pool thread ---- */

static void hash_origin(struct tn_bytes origin, char hex[static 2 * TN_HASH_SIZE + 1])
{
    uint8_t hash[TN_HASH_SIZE];

    tn_sha256(hash, origin);
    tn_hex_encode(hex, hash, sizeof(hash));
}

static struct remembered *find(struct tn_witness *witness, const char *hex)
{
    for (size_t i = 0; i < witness->origin_count; i++) {
        if (strcmp(witness->origins[i].hex, hex) == 0) {
            return &witness->origins[i];
        }
    }
    return NULL;
}

/* The checkpoint with the signatures that were verified and our own: what strangers add to a note
 * is not kept for them. */
static enum tn_status note_to_keep(const struct tn_witness *witness,
                                   const struct tn_witness_decision *decision,
                                   struct tn_bytes own_line, struct tn_buffer *note)
{
    struct tn_bytes rest = decision->note.signatures;
    struct tn_bytes line;

    tn_note_begin(note, decision->note.text);
    while (tn_line_take(&rest, &line)) {
        struct tn_bytes whole = tn_bytes(line.data, line.size + 1);

        for (size_t i = 0; i < witness->log_count; i++) {
            uint64_t time_s;
            size_t which;

            if (tn_bytes_equal(witness->logs[i].origin, decision->checkpoint.origin) &&
                tn_note_verify_line(decision->note.text, whole, &witness->verifiers[i], 1, &which,
                                    &time_s, NULL) == TN_OK) {
                tn_buffer_append_bytes(note, whole);
                break;
            }
        }
    }
    tn_buffer_append_bytes(note, own_line);
    return tn_buffer_status(note);
}

/* Persist, then remember. With the origin's lock held. */
static enum tn_status keep(struct adding *adding, struct remembered *origin, struct tn_error *error)
{
    const struct tn_witness_decision *decision = &adding->decision;
    struct tn_buffer note;
    enum tn_status status;

    tn_buffer_init(&note, TN_NOTE_BYTES_MAX);
    tn_note_cosign(&adding->line, decision->note.text, &adding->witness->signer,
                   tn_clock_wall_us() / 1000000);
    status = tn_buffer_status(&adding->line);
    if (status == TN_OK) {
        status = note_to_keep(adding->witness, decision, tn_buffer_view(&adding->line), &note);
    }
    if (status == TN_OK) {
        status = tn_witness_store_write(adding->witness->directory, origin->hex,
                                        tn_buffer_view(&note), error);
    }
    if (status == TN_OK) {
        struct tn_buffer before = origin->note;

        origin->note = note;
        note = before;
        origin->known.size = decision->checkpoint.size;
        memcpy(origin->known.root, decision->checkpoint.root, TN_HASH_SIZE);
    }
    tn_buffer_close(&note);
    return status;
}

static void add_work(struct tn_http_request *request)
{
    struct adding *adding = request->user;
    struct tn_witness *witness = adding->witness;
    struct tn_witness_decision *decision = &adding->decision;
    struct remembered *origin;
    struct tn_error error = {0};
    char hex[2 * TN_HASH_SIZE + 1];

    tn_witness_admit(request->body, witness->logs, witness->log_count, decision);
    if (decision->status != 200) {
        return;
    }
    hash_origin(decision->checkpoint.origin, hex);
    origin = find(witness, hex);
    TN_CHECK(origin);
    pthread_mutex_lock(&origin->lock);
    tn_witness_decide(&origin->known, decision);
    if (decision->status == 200 && keep(adding, origin, &error) != TN_OK) {
        adding->failed = true;
        tn_logline(TN_LOG_ERROR, "nothing was signed for %.*s: %s",
                   (int) decision->checkpoint.origin.size,
                   (const char *) decision->checkpoint.origin.data, error.text);
    }
    pthread_mutex_unlock(&origin->lock);
    if (decision->status == 422) {
        tn_logline(TN_LOG_WARN, "size %" PRIu64 " of %.*s does not grow out of what was signed",
                   decision->checkpoint.size, (int) decision->checkpoint.origin.size,
                   (const char *) decision->checkpoint.origin.data);
    }
}

static void respond_text(struct tn_http_request *request, unsigned status, const char *type,
                         struct tn_bytes body)
{
    struct tn_http_reply_field field = {"cache-control", tn_bytes_from_string("no-store")};

    tn_http_respond(request, status, type, body, &field, 1);
}

static void add_answer(struct tn_http_request *request)
{
    struct adding *adding = request->user;
    const struct tn_witness_decision *decision = &adding->decision;
    struct tn_buffer line = adding->line;
    struct tn_buffer words;

    tn_buffer_init(&words, 256);
    if (adding->failed) {
        tn_http_respond_problem(request, TN_PROBLEM_INTERNAL,
                                "the checkpoint could not be written; nothing was signed");
    } else if (decision->status == 200) {
        respond_text(request, 200, TEXT, tn_buffer_view(&line));
    } else if (decision->status == 409) {
        tn_buffer_printf(&words, "%" PRIu64 "\n", decision->known_size);
        respond_text(request, 409, TN_WITNESS_SIZE_TYPE, tn_buffer_view(&words));
    } else {
        tn_buffer_printf(&words, "%s\n", decision->words);
        respond_text(request, decision->status, TEXT, tn_buffer_view(&words));
    }
    tn_buffer_close(&words);
    tn_buffer_close(&line);
}

/* ---- routes ---- */

static void on_add_checkpoint(struct tn_http_request *request)
{
    struct adding *adding = tn_arena_alloc(request->arena, sizeof(*adding));

    if (!adding) {
        tn_http_respond_problem(request, TN_PROBLEM_INTERNAL, NULL);
        return;
    }
    memset(adding, 0, sizeof(*adding));
    adding->witness = request->context;
    tn_buffer_init(&adding->line, TN_NOTE_LINE_BYTES_MAX);
    request->user = adding;
    if (tn_http_work(request, add_work, add_answer) != TN_OK) {
        tn_http_respond_problem(request, TN_PROBLEM_BUSY, NULL);
    }
}

/* What is remembered, for whoever watches logs. */
static void on_checkpoint(struct tn_http_request *request)
{
    struct tn_witness *witness = request->context;
    struct tn_bytes name = request->parameters[0];
    struct remembered *origin = NULL;
    struct tn_buffer copy;
    char hex[2 * TN_HASH_SIZE + 1];

    if (name.size == sizeof(hex) - 1 && !request->escaped && request->query.size == 0) {
        memcpy(hex, name.data, name.size);
        hex[name.size] = '\0';
        origin = find(witness, hex);
    }
    if (!origin) {
        tn_http_respond_problem(request, TN_PROBLEM_NOT_FOUND, NULL);
        return;
    }
    /* A copy, for the lock may not be held while the answer is written. */
    tn_buffer_init(&copy, TN_NOTE_BYTES_MAX);
    pthread_mutex_lock(&origin->lock);
    tn_buffer_append_bytes(&copy, tn_buffer_view(&origin->note));
    pthread_mutex_unlock(&origin->lock);
    if (copy.size == 0) {
        tn_http_respond_problem(request, TN_PROBLEM_NOT_FOUND, "nothing was cosigned yet");
    } else {
        respond_text(request, 200, TEXT, tn_buffer_view(&copy));
    }
    tn_buffer_close(&copy);
}

static const struct tn_http_route routes[] = {
    {
        .method = TN_HTTP_POST,
        .pattern = "/add-checkpoint",
        .access = TN_ACCESS_PUBLIC,
        .body_max = TN_WITNESS_REQUEST_BYTES_MAX,
        .handler = on_add_checkpoint,
    },
    {
        .method = TN_HTTP_GET,
        .pattern = "/{origin}/checkpoint",
        .access = TN_ACCESS_PUBLIC,
        .handler = on_checkpoint,
    },
};

/* ---- opening and closing ---- */

/* What is on disk must be ours and of this origin: a damaged memory is no memory. */
static enum tn_status recall(struct tn_witness *witness, struct remembered *origin,
                             struct tn_bytes name, struct tn_error *error)
{
    struct tn_checkpoint checkpoint;
    struct tn_note note;
    enum tn_status status =
        tn_witness_store_read(witness->directory, origin->hex, &origin->note, error);

    if (status != TN_OK || origin->note.size == 0) {
        return status;
    }
    status =
        tn_note_verify(tn_buffer_view(&origin->note), &witness->signer.verifier, 1, &note, error);
    if (status == TN_OK) {
        status = tn_checkpoint_parse(note.text, &checkpoint, error);
    }
    if (status != TN_OK || !tn_bytes_equal(checkpoint.origin, name)) {
        return tn_fail(error, TN_CORRUPT,
                       "%s/logs/%s: what was cosigned last for %.*s cannot be read. Restore the "
                       "file; without it this witness could be made to sign another history",
                       witness->directory, origin->hex, (int) name.size, (const char *) name.data);
    }
    origin->known.size = checkpoint.size;
    memcpy(origin->known.root, checkpoint.root, TN_HASH_SIZE);
    return TN_OK;
}

static enum tn_status open_logs(struct tn_witness *witness,
                                const struct tn_witness_options *options, struct tn_error *error)
{
    enum tn_status status = TN_OK;

    if (options->log_count > TN_WITNESS_LOGS_MAX) {
        return tn_fail(error, TN_INVALID, "a witness serves at most %d keys of logs",
                       TN_WITNESS_LOGS_MAX);
    }
    for (size_t i = 0; status == TN_OK && i < options->log_count; i++) {
        struct tn_bytes name;
        struct remembered *origin = &witness->origins[witness->origin_count];

        if (options->logs[i].type != TN_KEY_ED25519) {
            return tn_fail(error, TN_INVALID, "%s: a log's key signs checkpoints (type 01)",
                           options->logs[i].name);
        }
        witness->verifiers[i] = options->logs[i];
        name = tn_bytes_from_string(witness->verifiers[i].name);
        witness->logs[i] = (struct tn_witness_log){name, witness->verifiers[i]};
        witness->log_count++;
        hash_origin(name, origin->hex);
        if (find(witness, origin->hex)) {
            continue; /* a second key of a log */
        }
        pthread_mutex_init(&origin->lock, NULL);
        tn_buffer_init(&origin->note, TN_NOTE_BYTES_MAX);
        witness->origin_count++;
        status = recall(witness, origin, name, error);
    }
    return status;
}

static enum tn_status open_server(struct tn_witness *witness,
                                  const struct tn_witness_options *options, struct tn_error *error)
{
    struct tn_http_options http = {
        .host = options->host,
        .port = options->port,
        .routes = routes,
        .route_count = TN_ARRAY_SIZE(routes),
        .context = witness,
        .common_fields = COMMON_FIELDS,
        .loops = options->loops,
        .arena_max = ARENA_BYTES,
        .response_max = 2 * TN_NOTE_BYTES_MAX,
    };

    return tn_http_server_open(&witness->server, &http, error);
}

enum tn_status tn_witness_open(const struct tn_witness_options *options, struct tn_witness **out,
                               struct tn_error *error)
{
    struct tn_witness *witness = calloc(1, sizeof(*witness));
    enum tn_status status;

    *out = NULL;
    if (witness) {
        witness->directory = strdup(options->directory);
        witness->lock = -1;
    }
    if (!witness || !witness->directory) {
        free(witness);
        return tn_fail(error, TN_MEMORY, "no memory for a witness");
    }
    /* Whoever only asks for the key may do so beside a running witness. */
    status = tn_witness_store_open(options->directory, &witness->lock, error);
    if (status == TN_BUSY && !options->host) {
        status = TN_OK;
    }
    if (status == TN_OK) {
        status = tn_secret_open(&witness->secret, TN_WITNESS_SECRET_SIZE, options->allow_unlocked,
                                error);
    }
    if (status == TN_OK) {
        status = tn_witness_store_key(options->directory, options->name, witness->secret.data,
                                      &witness->signer, error);
    }
    if (status == TN_OK) {
        tn_secret_freeze(&witness->secret);
        if (!witness->secret.locked) {
            tn_logline(TN_LOG_WARN, "the witness's key is " TN_SECRET_UNLOCKED_WORDS);
        }
    }
    if (status == TN_OK && options->host) {
        status = open_logs(witness, options, error);
    }
    if (status == TN_OK && options->host) {
        status = open_server(witness, options, error);
    }
    if (status != TN_OK) {
        tn_witness_close(witness);
        return status;
    }
    *out = witness;
    return TN_OK;
}

const struct tn_verifier *tn_witness_verifier(const struct tn_witness *witness)
{
    return &witness->signer.verifier;
}

uint16_t tn_witness_port(const struct tn_witness *witness)
{
    return tn_http_server_port(witness->server);
}

void tn_witness_drain(struct tn_witness *witness)
{
    tn_http_server_drain(witness->server);
}

void tn_witness_close(struct tn_witness *witness)
{
    if (!witness) {
        return;
    }
    tn_http_server_close(witness->server);
    for (size_t i = 0; i < witness->origin_count; i++) {
        tn_buffer_close(&witness->origins[i].note);
        pthread_mutex_destroy(&witness->origins[i].lock);
    }
    tn_signer_close(&witness->signer);
    tn_secret_close(&witness->secret);
    if (witness->lock >= 0) {
        close(witness->lock);
    }
    free(witness->directory);
    free(witness);
}
