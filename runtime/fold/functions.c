/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * functions.c - totals per function, of a process and of the run.
 *
 * A flat array by function id. An addition to a process goes to the run too; both are prepared (all
 * memory taken) before either changes.
 */
#include "fold/functions.h"

#include <stdlib.h>
#include <string.h>

enum { FUNCTION_LIMIT = 1 << 26 }; /* a greater id is damage, not a function */

struct function {
	uint64_t returns, unwound, open, orphans;
	uint64_t total_ticks, self_ticks, min_ticks, max_ticks;
	struct irt_histogram histogram;
	bool known, changed;
};

struct irt_functions {
	struct irt_functions *run; /* NULL: this is the run's */
	struct function *at;
	uint32_t room;
	uint32_t *changed;         /* functions with the mark, each once */
	uint32_t changed_count, changed_room;
};

int irt_functions_create(struct irt_functions **out, struct irt_functions *run)
{
	struct irt_functions *f = calloc(1, sizeof(*f));

	*out = f;
	if (!f)
		return INSTR_ERR_MEMORY;
	f->run = run;
	return 0;
}

void irt_functions_destroy(struct irt_functions *f)
{
	if (!f)
		return;
	for (uint32_t i = 0; i < f->room; i++)
		irt_histogram_fini(&f->at[i].histogram);
	free(f->at);
	free(f->changed);
	free(f);
}

static int grow(struct irt_functions *f, uint32_t function)
{
	uint32_t room = f->room ? f->room : 16; /* a run may have thousands of small processes */
	struct function *at;

	while (room <= function)
		room *= 2;
	at = realloc(f->at, room * sizeof(*at));
	if (!at)
		return INSTR_ERR_MEMORY;
	memset(at + f->room, 0, (room - f->room) * sizeof(*at));
	for (uint32_t i = f->room; i < room; i++)
		at[i].min_ticks = UINT64_MAX;
	f->at = at;
	f->room = room;
	return 0;
}

/* Takes all memory that a change of this function needs. */
static int prepare(struct irt_functions *f, uint32_t function)
{
	if (function >= FUNCTION_LIMIT)
		return INSTR_ERR_FULL;
	if (function >= f->room) {
		int err = grow(f, function);
		if (err)
			return err;
	}
	if (!f->at[function].changed && f->changed_count == f->changed_room) {
		uint32_t room = f->changed_room ? 2 * f->changed_room : 16;
		uint32_t *changed = realloc(f->changed, room * sizeof(*changed));
		if (!changed)
			return INSTR_ERR_MEMORY;
		f->changed = changed;
		f->changed_room = room;
	}
	return 0;
}

static int prepare_histogram(struct irt_functions *f, uint32_t function, const struct irt_function_delta *d)
{
	if (!d->span)
		return 0;
	return irt_histogram_reserve(&f->at[function].histogram, d->first, (unsigned)d->first + d->span - 1);
}

static struct function *mark(struct irt_functions *f, uint32_t function)
{
	struct function *at = &f->at[function];

	if (!at->changed) {
		at->changed = at->known = true;
		f->changed[f->changed_count++] = function;
	}
	return at;
}

static void apply(struct irt_functions *f, uint32_t function, const struct irt_function_delta *d)
{
	struct function *at = mark(f, function);
	uint64_t *counts = at->histogram.counts;

	at->returns += d->returns;
	at->unwound += d->unwound;
	at->open += (uint64_t)d->open;
	at->total_ticks += d->total_ticks;
	at->self_ticks += d->self_ticks;
	if (d->returns + d->unwound) {
		if (d->min_ticks < at->min_ticks)
			at->min_ticks = d->min_ticks;
		if (d->max_ticks > at->max_ticks)
			at->max_ticks = d->max_ticks;
	}
	if (d->counts32)
		for (unsigned i = 0; i < d->span; i++)
			counts[d->first - at->histogram.first + i] += d->counts32[i];
	else
		for (unsigned i = 0; i < d->span; i++)
			counts[d->first - at->histogram.first + i] += d->counts[i];
}

int irt_functions_add(struct irt_functions *f, uint32_t function, const struct irt_function_delta *d)
{
	struct irt_functions *both[2] = {f, f->run};

	for (int i = 0; i < 2 && both[i]; i++) {
		int err = prepare(both[i], function);
		if (!err)
			err = prepare_histogram(both[i], function, d);
		if (err)
			return err;
	}
	for (int i = 0; i < 2 && both[i]; i++)
		apply(both[i], function, d);
	return 0;
}

int irt_functions_add_orphans(struct irt_functions *f, uint32_t function, uint64_t orphans)
{
	struct irt_functions *both[2] = {f, f->run};

	for (int i = 0; i < 2 && both[i]; i++) {
		int err = prepare(both[i], function);
		if (err)
			return err;
	}
	for (int i = 0; i < 2 && both[i]; i++)
		mark(both[i], function)->orphans += orphans;
	return 0;
}

bool irt_functions_row(const struct irt_functions *f, uint32_t function, struct irt_function_row *row)
{
	const struct function *at;

	if (function >= f->room || !f->at[function].known)
		return false;
	at = &f->at[function];
	memset(row, 0, sizeof(*row));
	row->function = function;
	row->returns = at->returns;
	row->unwound = at->unwound;
	row->open = at->open;
	row->calls = at->returns + at->unwound + at->open;
	row->orphans = at->orphans;
	row->total_ticks = at->total_ticks;
	row->self_ticks = at->self_ticks;
	if (at->returns + at->unwound) {
		row->min_ticks = at->min_ticks;
		row->max_ticks = at->max_ticks;
		row->p50_ticks = irt_histogram_quantile(&at->histogram, 500, at->min_ticks, at->max_ticks);
		row->p99_ticks = irt_histogram_quantile(&at->histogram, 990, at->min_ticks, at->max_ticks);
	}
	return true;
}

int irt_functions_each_changed(struct irt_functions *f, void *user,
			       int (*each)(void *user, const struct irt_function_row *row))
{
	for (uint32_t i = 0; i < f->changed_count; i++) {
		struct irt_function_row row;
		int stop;
		irt_functions_row(f, f->changed[i], &row);
		stop = each(user, &row);
		if (stop)
			return stop;
	}
	return 0;
}

void irt_functions_saved(struct irt_functions *f)
{
	for (uint32_t i = 0; i < f->changed_count; i++)
		f->at[f->changed[i]].changed = false;
	f->changed_count = 0;
}
