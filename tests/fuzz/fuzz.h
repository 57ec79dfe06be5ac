/* What a fuzz target is: one function over untrusted bytes, and perhaps one that prepares. */
#ifndef TN_TESTS_FUZZ_FUZZ_H
#define TN_TESTS_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>

/* Feed `data` to the code under test; abort on a broken promise. Always 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
/* Optional: runs once before the first input. Always 0. */
int LLVMFuzzerInitialize(int *argc, char ***argv);

#endif
