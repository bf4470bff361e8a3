/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * fuzz_db.h - files made from input: a small whole trace, and what is done to it.
 */
#ifndef TESTS_FUZZ_FUZZ_DB_H
#define TESTS_FUZZ_FUZZ_DB_H

#include "fuzz.h"

struct fuzz_file {
	unsigned char *data;
	size_t bytes;
	const char *beside; /* suffix of the file that lies beside it, with these bytes */
	const uint8_t *beside_data;
	size_t beside_bytes;
};

/* Makes the trace that all start from: a run recorded by fuzz_ring.c, and drained. */
void fuzz_db_open(void);
void fuzz_db_make(struct fuzz_file *file, struct fuzz_input *in);
void fuzz_db_write(const struct fuzz_file *file, const char *path);
/* Whether the file at path has those bytes still, and nothing lies beside it. */
int fuzz_db_is(const struct fuzz_file *file, const char *path);
void fuzz_db_free(struct fuzz_file *file);

/* While armed, canary() called from any connection is a finding. */
void fuzz_db_arm(int armed);

#endif
