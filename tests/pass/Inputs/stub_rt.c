/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * stub_rt.c - a runtime for the tests of the pass: keeps every event in memory and prints, when
 * the program ends, what it was told. Knows hooks.h and nothing else of the project.
 *
 *     STUB=totals   (default) one line per function or site: its row and how often each hook ran
 *     STUB=log      every event in order
 *     STUB=off      the registrations only
 *
 * All on stderr; sorted by name, file and line, so that output compares.
 */
#include "stub_rt.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The runtime's names are what a program links against. */
char __instr_abi_1, __instr_runtime_not_linked__use_instr_clang_or_add_libinstr_rt;

enum { EVENT_MAX = 1 << 20, ROW_MAX = 1 << 14 };
enum kind { ENTER, EXIT, UNWIND, TAIL, LANDED, CALLED, KINDS };

struct event {
	const struct instr_row *row;
	enum kind kind;
	const void *frame;
};

struct known {
	const struct instr_row *row;
	unsigned from, until; /* events in whose time the row was registered */
	char *name, *file;
	unsigned line, flags, count[KINDS];
};

static struct event events[EVENT_MAX];
static unsigned event_count;
static struct known known[ROW_MAX];
static unsigned known_count;

static void note(const struct instr_row *row, enum kind kind, const void *frame)
{
	unsigned at = __atomic_fetch_add(&event_count, 1, __ATOMIC_RELAXED);

	if (at < EVENT_MAX)
		events[at] = (struct event){row, kind, frame};
}

#define HOOK __attribute__((preserve_all))
HOOK void __instr_enter(const struct instr_row *row);
HOOK void __instr_exit(const struct instr_row *row);
HOOK void __instr_unwind(const struct instr_row *row);
HOOK void __instr_tail(const struct instr_row *row);
HOOK void __instr_landed(const struct instr_row *row, const void *frame);
void __instr_register(struct instr_module *module);
void __instr_unregister(struct instr_module *module);

HOOK void __instr_enter(const struct instr_row *row) { note(row, ENTER, NULL); }
HOOK void __instr_exit(const struct instr_row *row) { note(row, EXIT, NULL); }
HOOK void __instr_unwind(const struct instr_row *row) { note(row, UNWIND, NULL); }
HOOK void __instr_tail(const struct instr_row *row) { note(row, TAIL, NULL); }
HOOK void __instr_landed(const struct instr_row *row, const void *frame) { note(row, LANDED, frame); }

void stub_called(const struct instr_row *site) { note(site, CALLED, NULL); }

static const char *text(const struct instr_row *row, int32_t offset)
{
	return (const char *)row + offset;
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

void __instr_register(struct instr_module *module)
{
	fprintf(stderr, "register abi=%u bytes=%u rows=%ld skipped=%ld symbols=%d options=%s\n", module->abi,
		module->bytes, (long)(module->rows_end - module->rows_begin),
		(long)(module->skipped_end - module->skipped_begin),
		module->abi_symbol == &__instr_abi_1 &&
			module->link_symbol == &__instr_runtime_not_linked__use_instr_clang_or_add_libinstr_rt,
		module->options ? module->options : "(none)");
	for (const struct instr_row *row = module->rows_begin; row < module->rows_end; row++)
		if (known_count < ROW_MAX)
			known[known_count++] = (struct known){
				.row = row, .from = event_count, .until = ~0u,
				.name = strdup(text(row, row->name)), .file = strdup(text(row, row->file)),
				.line = row->line, .flags = row->flags,
			};
	for (const struct instr_row *row = module->skipped_begin; row < module->skipped_end; row++)
		fprintf(stderr, "skipped %s reason=%u %s:%u\n", text(row, row->name),
			row->flags >> INSTR_ROW_REASON_SHIFT & 255, base_name(text(row, row->file)), row->line);
}

void __instr_unregister(struct instr_module *module)
{
	for (unsigned i = 0; i < known_count; i++)
		if (known[i].row >= module->rows_begin && known[i].row < module->rows_end && known[i].until == ~0u)
			known[i].until = event_count;
	fprintf(stderr, "unregister\n");
}

static struct known *find(const struct instr_row *row, unsigned at)
{
	struct known *earlier = NULL;

	/* Constructors may run before their module registers: then the first owner is meant. */
	for (unsigned i = 0; i < known_count; i++)
		if (known[i].row == row && at < known[i].until) {
			earlier = &known[i];
			break;
		}
	for (unsigned i = 0; !earlier && i < known_count; i++)
		if (known[i].row == row)
			earlier = &known[i];
	return earlier;
}

static int by_name(const void *a, const void *b)
{
	const struct known *x = a, *y = b;
	int order = strcmp(x->name, y->name);

	if (!order)
		order = strcmp(x->file, y->file);
	return order ? order : (x->line > y->line) - (x->line < y->line);
}

__attribute__((destructor)) static void report(void)
{
	static const char *const words[KINDS] = {"enter", "exit", "unwind", "tail", "landed", "called"};
	const char *mode = getenv("STUB");
	unsigned count = event_count < EVENT_MAX ? event_count : EVENT_MAX, unknown = 0;

	if (mode && !strcmp(mode, "off"))
		return;
	for (unsigned i = 0; i < count; i++) {
		struct known *k = find(events[i].row, i);
		if (!k)
			unknown++;
		else
			k->count[events[i].kind]++;
		if (mode && !strcmp(mode, "log"))
			fprintf(stderr, "%s %s\n", words[events[i].kind], k ? k->name : "?");
	}
	if (unknown)
		fprintf(stderr, "events without a row: %u\n", unknown);
	if (mode && !strcmp(mode, "log"))
		return;
	qsort(known, known_count, sizeof *known, by_name);
	for (unsigned i = 0; i < known_count; i++) {
		fprintf(stderr, "%s %s:%u flags=%x", known[i].name, base_name(known[i].file), known[i].line,
			known[i].flags);
		for (int k = 0; k < KINDS; k++)
			if (known[i].count[k])
				fprintf(stderr, " %s=%u", words[k], known[i].count[k]);
		fputc('\n', stderr);
	}
}
