/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * fuzz_main.c - runs a fuzz target without a fuzzer: on files that are named, or on those of a folder
 * (a corpus, inputs that once failed), then on inputs made from a fixed seed, the same every time.
 *
 *     NAME_fuzz [-runs=N] [FILE | FOLDER]...
 *
 * Without -runs= files that are named are all.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

enum { BYTES_MAX = 1 << 16 };
static uint8_t data[BYTES_MAX];
static uint64_t seed = 1;
static unsigned long files;

static uint64_t random_number(void)
{
	uint64_t z = (seed += UINT64_C(0x9e3779b97f4a7c15));

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

static int run_file(const char *name)
{
	FILE *f = fopen(name, "rb");
	size_t n;

	if (!f) {
		fprintf(stderr, "cannot read %s\n", name);
		return 2;
	}
	n = fread(data, 1, sizeof(data), f);
	fclose(f);
	LLVMFuzzerTestOneInput(data, n);
	files++;
	return 0;
}

static int run_path(const char *path)
{
	DIR *d = opendir(path);
	int result = 0;

	if (!d)
		return run_file(path);
	for (struct dirent *e; !result && (e = readdir(d));) {
		char name[4096];
		snprintf(name, sizeof(name), "%s/%s", path, e->d_name);
		if (e->d_name[0] != '.')
			result = run_file(name);
	}
	closedir(d);
	return result;
}

/* Small numbers more often than large ones: that is what lengths and varints are made of. */
static uint8_t random_byte(unsigned style)
{
	uint64_t r = random_number();

	return style == 0 ? (uint8_t)r : style == 1 ? (uint8_t)(r & 15) : (uint8_t)(r >> 8 >> r % 56);
}

int main(int argc, char **argv)
{
	unsigned long runs = argc > 1 ? 0 : 2000;

	for (int i = 1; i < argc; i++) {
		if (!strncmp(argv[i], "-runs=", 6))
			runs = strtoul(argv[i] + 6, NULL, 10);
		else if (run_path(argv[i]))
			return 2;
	}
	for (unsigned long run = 0; run < runs; run++) {
		unsigned style = (unsigned)(random_number() % 3);
		size_t n = random_number() % (run % 10 ? 400 : 9000);
		for (size_t i = 0; i < n; i++)
			data[i] = random_byte(style);
		if (n && run % 2)
			data[0] = 1; /* the version, where there is one */
		LLVMFuzzerTestOneInput(data, n);
	}
	fprintf(stderr, "%lu files, %lu runs\n", files, runs);
	return 0;
}
