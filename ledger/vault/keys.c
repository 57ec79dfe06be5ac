/* The key ring: making, wrapping and opening the ledger's secret keys. */
#include "ledger/vault/keys.h"

#include <errno.h>
#include <limits.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ledger/base/check.h"
#include "ledger/base/endian.h"
#include "ledger/base/hash.h"
#include "ledger/vault/root_key.h"
#include "ledger/vault/secret.h"
#include "ledger/vault/twin.h"

/* DIR/keys and DIR/keys.2 (header and checksum: twin.c):
 *
 *   offset  size
 *        0    32  header: magic "turnokey", version 1, flags (1 simulated), generation,
 *                 id16 = H("turno1.rootid", root key, -, 16)
 *       32     4  LE32 length of the draw chain
 *       36    24  nonce
 *       60   288  nine keys in the order of enum tn_key, under the root key
 *      348    16  tag; XChaCha20-Poly1305-IETF, AD = bytes 0..36
 *
 * DIR/epochs and DIR/epochs.2:
 *
 *        0    32  header: magic "turnoepo", version 1, otherwise as above
 *       32     4  LE32 count, 1
 *       36     4  LE32 epoch
 *       40    24  nonce
 *       64    32  the epoch's key, under the root key
 *       96    16  tag; AD = bytes 0..40
 */
#define FILE_VERSION 1
#define FLAG_SIMULATED 1
#define KEYS_SIZE ((size_t) TN_KEY_COUNT * TN_KEY_SIZE)
#define KEYS_AD_SIZE (TN_TWIN_HEADER_SIZE + 4)
#define EPOCH_AD_SIZE (TN_TWIN_HEADER_SIZE + 8)
#define NONCE_SIZE crypto_aead_xchacha20poly1305_ietf_NPUBBYTES
#define TAG_SIZE crypto_aead_xchacha20poly1305_ietf_ABYTES
#define KEYS_FILE_SIZE (KEYS_AD_SIZE + NONCE_SIZE + KEYS_SIZE + TAG_SIZE)
#define EPOCH_FILE_SIZE (EPOCH_AD_SIZE + NONCE_SIZE + TN_KEY_SIZE + TAG_SIZE)
_Static_assert(KEYS_FILE_SIZE == 364 && EPOCH_FILE_SIZE == 112, "offset tables");
_Static_assert(crypto_aead_xchacha20poly1305_ietf_KEYBYTES == TN_KEY_SIZE, "one size of key");

static const char keys_magic[] = "turnokey";
static const char epochs_magic[] = "turnoepo";
static const char keys_name[] = "keys";
static const char epochs_name[] = "epochs";
static const struct tn_keys_options no_options;

/* All that is secret, in one locked piece of memory. */
struct ring {
    uint8_t keys[TN_KEY_COUNT][TN_KEY_SIZE];
    uint8_t epoch[TN_KEY_SIZE];
    uint8_t root[TN_ROOT_KEY_SIZE]; /* wiped once the others are unwrapped */
    uint8_t text[TN_ROOT_KEY_TEXT_SIZE];
};

struct tn_keys {
    struct tn_secret secret;
    const struct ring *ring;
    uint32_t epoch;
    uint32_t chain_length;
    unsigned damaged;
    bool simulated;
};

static enum tn_status make_directory(const char *directory, bool *made, struct tn_error *error);
static enum tn_status write_files(const char *directory, const struct ring *ring,
                                  struct tn_random *random, bool simulated, uint32_t chain_length,
                                  struct tn_error *error);
static enum tn_status load(struct tn_keys *keys, const char *directory,
                           const struct tn_keys_options *options, struct tn_error *error);

enum tn_status tn_keys_create(const char *directory, struct tn_random *random,
                              const struct tn_keys_options *options, struct tn_keys **keys,
                              struct tn_error *error)
{
    char root_path[PATH_MAX];
    struct tn_secret secret = {0};
    struct ring *ring = NULL;
    uint32_t chain_length;
    bool made_directory = false;
    bool made_root = false;
    enum tn_status status;

    *keys = NULL;
    options = options == NULL ? &no_options : options;
    chain_length = options->chain_length == 0 ? TN_KEYS_CHAIN_LENGTH : options->chain_length;
    if (chain_length > TN_KEYS_CHAIN_LENGTH_MAX) {
        return tn_fail(error, TN_INVALID, "a draw chain has at most %u days",
                       TN_KEYS_CHAIN_LENGTH_MAX);
    }
    status = tn_secret_open(&secret, sizeof(struct ring), options->allow_unlocked, error);
    if (status != TN_OK) {
        goto out;
    }
    status = make_directory(directory, &made_directory, error);
    if (status != TN_OK) {
        goto out;
    }
    if (tn_keys_exist(directory)) {
        status =
            tn_fail(error, TN_EXISTS, "%s: there are keys already; nothing was changed", directory);
        goto out;
    }
    status =
        tn_root_key_path(directory, options->root_key_path, options->simulated, root_path, error);
    if (status != TN_OK) {
        goto out;
    }
    ring = secret.data;
    tn_random_fill(random, ring->root, sizeof(ring->root));
    tn_random_fill(random, ring->keys, sizeof(ring->keys));
    tn_random_fill(random, ring->epoch, sizeof(ring->epoch));
    /* The root key first: files that it wraps must never be all that is left. */
    status = tn_root_key_write(root_path, ring->root, ring->text, error);
    if (status != TN_OK) {
        goto out;
    }
    made_root = true;
    status = write_files(directory, ring, random, options->simulated, chain_length, error);
    if (status != TN_OK) {
        goto out;
    }
    status = tn_keys_open(directory, options, keys, error);

out:
    tn_secret_close(&secret);
    if (status != TN_OK) {
        if (made_root) {
            tn_keys_remove(directory, options);
        }
        if (made_directory) {
            (void) rmdir(directory);
        }
    }
    return status;
}

void tn_keys_remove(const char *directory, const struct tn_keys_options *options)
{
    char root_path[PATH_MAX];

    tn_twin_remove(directory, keys_name);
    tn_twin_remove(directory, epochs_name);
    if (tn_root_key_path(directory, options->root_key_path, options->simulated, root_path, NULL) ==
        TN_OK) {
        (void) unlink(root_path);
    }
}

bool tn_keys_exist(const char *directory)
{
    return tn_twin_exists(directory, keys_name) || tn_twin_exists(directory, epochs_name);
}

enum tn_status tn_keys_open(const char *directory, const struct tn_keys_options *options,
                            struct tn_keys **keys, struct tn_error *error)
{
    struct tn_keys *opened = calloc(1, sizeof(*opened));
    enum tn_status status;

    *keys = NULL;
    if (opened == NULL) {
        return tn_fail(error, TN_MEMORY, "no memory for keys");
    }
    options = options == NULL ? &no_options : options;
    status = tn_secret_open(&opened->secret, sizeof(struct ring), options->allow_unlocked, error);
    if (status == TN_OK) {
        status = load(opened, directory, options, error);
    }
    if (status != TN_OK) {
        tn_keys_close(opened);
        return status;
    }
    tn_secret_freeze(&opened->secret);
    *keys = opened;
    return TN_OK;
}

void tn_keys_close(struct tn_keys *keys)
{
    if (keys == NULL) {
        return;
    }
    tn_secret_close(&keys->secret);
    free(keys);
}

const uint8_t *tn_keys_get(const struct tn_keys *keys, enum tn_key key)
{
    TN_CHECK(key < TN_KEY_COUNT);
    return keys->ring->keys[key];
}

struct tn_bytes tn_keys_view(const struct tn_keys *keys, enum tn_key key)
{
    return tn_bytes(tn_keys_get(keys, key), TN_KEY_SIZE);
}

uint32_t tn_keys_epoch_current(const struct tn_keys *keys)
{
    return keys->epoch;
}

const uint8_t *tn_keys_epoch(const struct tn_keys *keys, uint32_t epoch)
{
    return epoch == keys->epoch ? keys->ring->epoch : NULL;
}

uint32_t tn_keys_chain_length(const struct tn_keys *keys)
{
    return keys->chain_length;
}

bool tn_keys_simulated(const struct tn_keys *keys)
{
    return keys->simulated;
}

bool tn_keys_locked(const struct tn_keys *keys)
{
    return keys->secret.locked;
}

unsigned tn_keys_damaged(const struct tn_keys *keys)
{
    return keys->damaged;
}

enum tn_status tn_keys_harden_process(struct tn_error *error)
{
    const struct rlimit none = {0, 0};
    if (setrlimit(RLIMIT_CORE, &none) != 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) {
        return tn_fail(error, TN_UNAVAILABLE, "core dumps cannot be switched off: %s",
                       strerror(errno));
    }
    return TN_OK;
}

static enum tn_status make_directory(const char *directory, bool *made, struct tn_error *error)
{
    struct stat info;
    if (mkdir(directory, 0700) == 0) {
        *made = true;
        return TN_OK;
    }
    if (errno == EEXIST && stat(directory, &info) == 0 && S_ISDIR(info.st_mode)) {
        return TN_OK;
    }
    return tn_fail(error, TN_IO, "%s: %s", directory, strerror(errno));
}

static void root_id(uint8_t id[static TN_ID_SIZE], const struct ring *ring)
{
    tn_hash_one(id, TN_ID_SIZE, "turno1.rootid", tn_bytes(ring->root, sizeof(ring->root)),
                tn_bytes(NULL, 0));
}

/* Append nonce, ciphertext and tag of `secret`; AD is what `file` holds already. */
static void wrap(struct tn_buffer *file, const struct ring *ring, struct tn_random *random,
                 const uint8_t *secret, size_t size)
{
    size_t ad_size = file->size;
    uint8_t *nonce = tn_buffer_extend(file, NONCE_SIZE + size + TAG_SIZE);
    if (nonce == NULL) {
        return;
    }
    tn_random_fill(random, nonce, NONCE_SIZE);
    (void) crypto_aead_xchacha20poly1305_ietf_encrypt(nonce + NONCE_SIZE, NULL, secret, size,
                                                      file->data, ad_size, NULL, nonce, ring->root);
}

/* The inverse over bytes ad_size.. of `file`. */
static bool unwrap(const struct tn_buffer *file, size_t ad_size, const struct ring *ring,
                   uint8_t *secret)
{
    const uint8_t *nonce = file->data + ad_size;
    return crypto_aead_xchacha20poly1305_ietf_decrypt(secret, NULL, NULL, nonce + NONCE_SIZE,
                                                      file->size - ad_size - NONCE_SIZE, file->data,
                                                      ad_size, nonce, ring->root) == 0;
}

static void begin_file(struct tn_buffer *file, const char *magic, const struct ring *ring,
                       bool simulated)
{
    struct tn_twin_header header = {.version = FILE_VERSION, .generation = 1};
    uint8_t bytes[TN_TWIN_HEADER_SIZE];

    memcpy(header.magic, magic, TN_TWIN_MAGIC_SIZE);
    header.flags = simulated ? FLAG_SIMULATED : 0;
    root_id(header.id, ring);
    tn_twin_header_write(bytes, &header);
    tn_buffer_append(file, bytes, sizeof(bytes));
}

static void append_le32(struct tn_buffer *file, uint32_t value)
{
    uint8_t bytes[4];
    tn_put_le32(bytes, value);
    tn_buffer_append(file, bytes, sizeof(bytes));
}

static enum tn_status write_files(const char *directory, const struct ring *ring,
                                  struct tn_random *random, bool simulated, uint32_t chain_length,
                                  struct tn_error *error)
{
    struct tn_buffer keys_file;
    struct tn_buffer epochs_file;
    enum tn_status status;

    tn_buffer_init(&keys_file, TN_TWIN_BYTES_MAX);
    tn_buffer_init(&epochs_file, TN_TWIN_BYTES_MAX);
    begin_file(&keys_file, keys_magic, ring, simulated);
    append_le32(&keys_file, chain_length);
    wrap(&keys_file, ring, random, &ring->keys[0][0], KEYS_SIZE);
    begin_file(&epochs_file, epochs_magic, ring, simulated);
    append_le32(&epochs_file, 1);
    append_le32(&epochs_file, 1);
    wrap(&epochs_file, ring, random, ring->epoch, sizeof(ring->epoch));
    if (tn_buffer_status(&keys_file) != TN_OK || tn_buffer_status(&epochs_file) != TN_OK) {
        status = tn_fail(error, TN_MEMORY, "no memory for keys");
        goto out;
    }
    status = tn_twin_write(directory, epochs_name, tn_buffer_view(&epochs_file), error);
    if (status == TN_OK) {
        status = tn_twin_write(directory, keys_name, tn_buffer_view(&keys_file), error);
    }

out:
    tn_buffer_close(&keys_file);
    tn_buffer_close(&epochs_file);
    return status;
}

/* The header names a root key: ours, or another ledger's. */
static enum tn_status check_root(const struct tn_twin_header *header, const struct ring *ring,
                                 const char *directory, const char *name, const char *root_path,
                                 struct tn_error *error)
{
    uint8_t id[TN_ID_SIZE];
    root_id(id, ring);
    if (memcmp(id, header->id, sizeof(id)) != 0) {
        return tn_fail(error, TN_DENIED,
                       "%s is not the root key of %s/%s; nothing can be opened with it", root_path,
                       directory, name);
    }
    return TN_OK;
}

static enum tn_status repair(const char *directory, const char *name, const struct tn_buffer *file,
                             bool wanted, unsigned damaged, struct tn_error *error)
{
    if (!wanted || damaged == 0) {
        return TN_OK;
    }
    return tn_twin_write(directory, name, tn_buffer_view(file), error);
}

static enum tn_status load(struct tn_keys *keys, const char *directory,
                           const struct tn_keys_options *options, struct tn_error *error)
{
    char root_path[PATH_MAX];
    struct ring *ring = keys->secret.data;
    struct tn_twin_header keys_header;
    struct tn_twin_header epochs_header;
    struct tn_buffer keys_file;
    struct tn_buffer epochs_file;
    unsigned keys_damaged = 0;
    unsigned epochs_damaged = 0;
    enum tn_status status;

    tn_buffer_init(&keys_file, TN_TWIN_BYTES_MAX);
    tn_buffer_init(&epochs_file, TN_TWIN_BYTES_MAX);
    keys->ring = ring;
    status = tn_twin_read(directory, keys_name, keys_magic, FILE_VERSION, &keys_header, &keys_file,
                          &keys_damaged, error);
    if (status == TN_OK) {
        status = tn_twin_read(directory, epochs_name, epochs_magic, FILE_VERSION, &epochs_header,
                              &epochs_file, &epochs_damaged, error);
    }
    if (status != TN_OK) {
        goto out;
    }
    keys->damaged = keys_damaged + epochs_damaged;
    keys->simulated = (keys_header.flags & FLAG_SIMULATED) != 0;
    status = tn_root_key_path(directory, options->root_key_path, keys->simulated, root_path, error);
    if (status == TN_OK) {
        status = tn_root_key_read(root_path, ring->root, ring->text, error);
    }
    if (status == TN_OK) {
        status = check_root(&keys_header, ring, directory, keys_name, root_path, error);
    }
    if (status == TN_OK) {
        status = check_root(&epochs_header, ring, directory, epochs_name, root_path, error);
    }
    if (status != TN_OK) {
        goto out;
    }
    if (keys_file.size != KEYS_FILE_SIZE || epochs_file.size != EPOCH_FILE_SIZE ||
        tn_get_le32(epochs_file.data + TN_TWIN_HEADER_SIZE) != 1 ||
        !unwrap(&keys_file, KEYS_AD_SIZE, ring, &ring->keys[0][0]) ||
        !unwrap(&epochs_file, EPOCH_AD_SIZE, ring, ring->epoch)) {
        status = tn_fail(error, TN_CORRUPT,
                         "%s: the key files were changed by somebody without the root key; restore "
                         "them from a backup",
                         directory);
        goto out;
    }
    keys->chain_length = tn_get_le32(keys_file.data + TN_TWIN_HEADER_SIZE);
    keys->epoch = tn_get_le32(epochs_file.data + TN_TWIN_HEADER_SIZE + 4);
    sodium_memzero(ring->root, sizeof(ring->root));
    status = repair(directory, keys_name, &keys_file, options->repair, keys_damaged, error);
    if (status == TN_OK) {
        status =
            repair(directory, epochs_name, &epochs_file, options->repair, epochs_damaged, error);
    }

out:
    tn_buffer_close(&keys_file);
    tn_buffer_close(&epochs_file);
    return status;
}
