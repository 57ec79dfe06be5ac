/* The root key's file: 64 hexadecimal digits and a newline, mode 0400, outside the data directory.
 * Source: spec/privacy.md 2. */
#ifndef TN_LEDGER_VAULT_ROOT_KEY_H
#define TN_LEDGER_VAULT_ROOT_KEY_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include "ledger/base/status.h"

#define TN_ROOT_KEY_SIZE 32
#define TN_ROOT_KEY_TEXT_SIZE 65 /* as it stands in the file */

/* Where it is: `option`, or `<DIR>.root-key`, or in a simulation `<DIR>/simulated.root-key`. DIR
 * exists. TN_INVALID: `option` lies inside DIR and this is no simulation: a copy of the directory
 * would hold the key and what it opens. */
TN_MUST_USE enum tn_status tn_root_key_path(const char *directory, const char *option,
                                            bool simulated, char path[static PATH_MAX],
                                            struct tn_error *error);
/* Write a new file and sync it and its folder. Never over an existing one: TN_EXISTS. `text` is
 * TN_ROOT_KEY_TEXT_SIZE bytes of secret memory to work in; it is wiped. */
TN_MUST_USE enum tn_status tn_root_key_write(const char *path,
                                             const uint8_t key[static TN_ROOT_KEY_SIZE],
                                             uint8_t text[static TN_ROOT_KEY_TEXT_SIZE],
                                             struct tn_error *error);
/* Read it into `key`, which is secret memory too. TN_NOT_FOUND, TN_DENIED: a symlink, not a plain
 * file, another owner's, group or others have any right, or it is not a root key. */
TN_MUST_USE enum tn_status tn_root_key_read(const char *path, uint8_t key[static TN_ROOT_KEY_SIZE],
                                            uint8_t text[static TN_ROOT_KEY_TEXT_SIZE],
                                            struct tn_error *error);

#endif
