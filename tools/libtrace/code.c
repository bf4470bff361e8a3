/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * code.c - see code.h: the process that looks into an image.
 */
#define _GNU_SOURCE
#include "libtrace/code.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "drain/demangle.h"
#include "libtrace/limits.h"

enum { SECONDS_AT_MOST = 10 };
#define BYTES_AT_MOST ((rlim_t)2 << 30) /* with what is mapped already: the trace, the image */

struct named {
	char *linkage;
	int is_global;
};

struct answering {
	const struct tr_image *image;
	struct named *named; /* by place: its symbol */
};

static FILE *out;

static void write_all(const void *bytes, size_t count)
{
	if (count && fwrite(bytes, 1, count, out) != count)
		_exit(1); /* nobody listens any more */
}

static size_t length_of(const char *text)
{
	return text ? strnlen(text, TR_ANSWER_TEXT_MAX) : 0;
}

static void answer(enum tr_answer_kind kind, size_t index, const char *name, const char *linkage, const char *file, uint64_t line)
{
	const char *const texts[] = {name, linkage, file};
	struct tr_answer a = {.kind = kind, .index = (uint32_t)index, .line = line <= INT64_MAX ? (int64_t)line : 0,
			      .name_bytes = (uint32_t)length_of(name), .linkage_bytes = (uint32_t)length_of(linkage),
			      .file_bytes = (uint32_t)length_of(file)};
	write_all(&a, sizeof(a));
	for (size_t i = 0; i < 3; i++)
		write_all(texts[i], length_of(texts[i]));
}

size_t tr_place_from(const struct tr_image *image, uint64_t address)
{
	size_t from = 0, to = image->count;
	while (from < to) {
		size_t middle = from + (to - from) / 2;
		if (image->places[middle].address < address)
			from = middle + 1;
		else
			to = middle;
	}
	return from;
}

static void take_symbol(void *arg, uint64_t address, const char *name, int is_global)
{
	struct answering *a = arg;

	for (size_t from = tr_place_from(a->image, address); from < a->image->count && a->image->places[from].address == address; from++) {
		struct named *n = &a->named[from];
		if (!*name || (n->linkage && n->is_global >= is_global))
			continue;
		free(n->linkage);
		n->linkage = strndup(name, strcspn(name, "@"));
		n->is_global = is_global;
	}
}

/* The linker's name, and what people read; a place that has a name keeps it. */
static void take_code(void *arg, size_t index, const char *name, const char *linkage, const char *file, uint64_t line)
{
	struct answering *a = arg;
	char *readable = NULL;

	if (!a->image->places[index].is_unnamed) {
		name = linkage = NULL;
	} else {
		if (a->named[index].linkage)
			linkage = a->named[index].linkage;
		else if (!linkage)
			linkage = name;
		readable = linkage ? irt_demangle(linkage) : NULL;
		name = readable ? readable : linkage ? linkage : name;
	}
	if (name || file)
		answer(TR_ANSWER_PLACE, index, name, linkage, file, line);
	free(readable);
}

static void set_limits(void)
{
	const struct rlimit seconds = {SECONDS_AT_MOST, SECONDS_AT_MOST + 1}, none = {0, 0};
	struct rlimit bytes;

	setrlimit(RLIMIT_CPU, &seconds);
	setrlimit(RLIMIT_CORE, &none);
	if (INSTR_ADDRESSES_ARE_OURS && !getrlimit(RLIMIT_AS, &bytes)) {
		bytes.rlim_cur = bytes.rlim_max < BYTES_AT_MOST ? bytes.rlim_max : BYTES_AT_MOST;
		setrlimit(RLIMIT_AS, &bytes);
	}
	signal(SIGXCPU, SIG_DFL);
	signal(SIGPIPE, SIG_DFL);
}

/* What libdwarf or the C library say of damage is not for the reader of a report. */
static void be_quiet(void)
{
	int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);

	if (nowhere < 0)
		return;
	dup2(nowhere, STDOUT_FILENO);
	dup2(nowhere, STDERR_FILENO);
}

_Noreturn void tr_answer_for_image(const struct tr_image *image, int fd)
{
	static struct tr_elf found, own;
	struct answering a = {.image = image, .named = calloc(image->count, sizeof(*a.named))};
	char why[512];

	set_limits();
	be_quiet();
	out = fdopen(fd, "w");
	if (!a.named || !out)
		_exit(1);
	int has = tr_find_debug(image, &found, &own, why, sizeof(why));
	if (*why)
		answer(TR_ANSWER_SENTENCE, 0, why, NULL, NULL, 0);
	if (own.fd >= 0)
		tr_elf_symbols(&own, take_symbol, &a);
	if (has) {
		tr_elf_symbols(&found, take_symbol, &a);
		for (size_t i = 0; i < image->count; i++)
			take_code(&a, i, NULL, NULL, NULL, 0);
		const char *wrong = tr_read_dwarf(&found, image, take_code, &a);
		if (wrong)
			answer(TR_ANSWER_SENTENCE, 0, wrong, NULL, NULL, 0);
	}
	answer(TR_ANSWER_END, 0, NULL, NULL, NULL, 0);
	_exit(fflush(out) ? 1 : 0);
}
