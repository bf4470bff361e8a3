/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * fuzz.h - what fuzz targets share: input taken piece by piece, folders in memory.
 *
 * Targets that need deep states take their input as small operations on something valid, so that any
 * bytes get past the checks that only a fuzzer's patience would pass.
 */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

struct fuzz_input {
	const uint8_t *data;
	size_t bytes;
};

/* Zero at the end. */
uint8_t fuzz_byte(struct fuzz_input *in);
/* One to nine bytes: an interesting number (limits of types and tables), a small one, or any. */
uint64_t fuzz_number(struct fuzz_input *in);
/* At most `most` bytes, of which *taken says how many there were. */
const uint8_t *fuzz_bytes(struct fuzz_input *in, size_t most, size_t *taken);

/* A folder of this process below /dev/shm (else /tmp), mode 0700; removed when the process ends. */
const char *fuzz_folder(void);
/* Removes what is in FOLDER, not what is in folders there. */
void fuzz_empty(const char *folder);

#define FUZZ_CHECK(condition)                                                               \
	do {                                                                                \
		if (!(condition))                                                           \
			fuzz_fail(__FILE__, __LINE__, #condition);                          \
	} while (0)
_Noreturn void fuzz_fail(const char *file, int line, const char *what);

#endif
