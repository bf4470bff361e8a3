/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * fuzz.c - see fuzz.h.
 */
#define _GNU_SOURCE
#include "fuzz.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

uint8_t fuzz_byte(struct fuzz_input *in)
{
	if (!in->bytes)
		return 0;
	in->bytes--;
	return *in->data++;
}

const uint8_t *fuzz_bytes(struct fuzz_input *in, size_t most, size_t *taken)
{
	const uint8_t *at = in->data;

	*taken = most < in->bytes ? most : in->bytes;
	in->data += *taken;
	in->bytes -= *taken;
	return at;
}

uint64_t fuzz_number(struct fuzz_input *in)
{
	static const uint64_t interesting[] = {
		0, 1, 2, 15, 16, 17, 31, 255, 512, 1024, 2047, 2048, 4095, 4096, 16384, 32767, 32768, 65535, 65536,
		1 << 20, 1 << 21, 1 << 24, INT32_MAX, UINT32_MAX, UINT64_C(1) << 32, (UINT64_C(1) << 32) + 1,
		UINT64_C(1) << 42, UINT64_C(1) << 47, UINT64_C(1) << 53, INT64_MAX, UINT64_C(1) << 63, UINT64_MAX,
	};
	enum { INTERESTING = sizeof(interesting) / sizeof(interesting[0]) };
	uint8_t style = fuzz_byte(in);
	uint64_t n = 0;
	size_t taken;

	if (style < INTERESTING)
		return interesting[style];
	if (style < 2 * INTERESTING)
		return style - INTERESTING;
	const uint8_t *at = fuzz_bytes(in, style < 192 ? 2 : 8, &taken);
	memcpy(&n, at, taken);
	return n;
}

/* ---- folders --------------------------------------------------------------------------------- */

static char root[64];
static pid_t maker;

void fuzz_empty(const char *folder)
{
	DIR *d = opendir(folder);

	for (struct dirent *e; d && (e = readdir(d));)
		unlinkat(dirfd(d), e->d_name, 0);
	if (d)
		closedir(d);
}

static void remove_root(void)
{
	if (getpid() != maker)
		return;
	DIR *d = opendir(root);
	for (struct dirent *e; d && (e = readdir(d));) {
		char path[400];
		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
			continue;
		snprintf(path, sizeof(path), "%s/%s", root, e->d_name);
		fuzz_empty(path);
		if (rmdir(path))
			unlink(path);
	}
	if (d)
		closedir(d);
	rmdir(root);
}

const char *fuzz_folder(void)
{
	static const char *const where[] = {"/dev/shm", "/tmp"};

	for (int i = 0; i < 2 && !*root; i++) {
		snprintf(root, sizeof(root), "%s/instr-fuzz-XXXXXX", where[i]);
		if (!mkdtemp(root))
			*root = 0;
	}
	if (!*root) {
		perror("no folder for the fuzzer's files");
		exit(2);
	}
	if (!maker) {
		maker = getpid();
		atexit(remove_root);
	}
	return root;
}

void fuzz_fail(const char *file, int line, const char *what)
{
	fprintf(stderr, "%s:%d: not true: %s\n", file, line, what);
	abort();
}
