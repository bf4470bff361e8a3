/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * chrome.c - trace events as chrome://tracing and Perfetto read them:
 * https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU
 *
 * Calls, calls that may block and waits are B and E, thread by thread, in order: so they are nested strictly also where two
 * begin in one nanosecond. Microseconds with three decimals are nanoseconds. A wait for a lock that was had points to who gave
 * it back (s, f). The heap is a counter (C).
 */
#include "export/export.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/rows.h"
#include "cli/text.h"
#include "cli/units.h"
#include "instr/version.h"

enum { EVENTS_MAX = 2000000, TOO_MANY = 1, CAUSE_NS = 3000, COUNTER_STEPS = 2000 };
#define AS_IT_WAS UINT64_MAX /* bytes: of a realloc that failed */

struct handover { /* a lock was given back, or a wait for it is over */
	int64_t ns, since_ns; /* since: of a wait; -1: given back */
	int64_t process_id, thread_id;
	uint64_t address;
	uint64_t number; /* in the order they came */
};

struct block { /* of the heap: an event of it */
	int64_t ns, process_id;
	uint64_t address, bytes, number;
	int is_free;
};

struct chrome {
	struct export *export;
	struct tr_window window;
	struct cli_buffer text;
	struct export_map functions, sites; /* ids to names */
	struct export_texts names;
	int64_t count;
	int any; /* events were written */
	/* the thread that is told of */
	int64_t process_id, thread_id;
	struct { int64_t since_ns; uint64_t address; } *open;
	size_t depth, open_room;
	struct handover *handovers;
	size_t handover_count, handover_room;
	struct block *blocks;
	size_t block_count, block_room;
	/* blocks that are older than the window */
	struct export_map older; /* address, mixed with the process, to index */
	struct { int64_t ns; uint64_t bytes; } *sizes;
	size_t size_room;
};

static void flush(struct chrome *c)
{
	cli_out(c->text.data, c->text.bytes);
	cli_buffer_clear(&c->text);
}

/* "{"ph":"B","pid":1,"tid":2,"ts":3.004": the object is still open. */
static void put_head(struct chrome *c, char phase, int64_t process_id, int64_t thread_id, int64_t ns)
{
	cli_add_format(&c->text, "%s\n{\"ph\":\"%c\",\"pid\":%" PRId64 ",\"tid\":%" PRId64 ",\"ts\":%" PRId64 ".%03d", c->any ? "," : "", phase,
		       process_id, thread_id, ns / 1000, (int)(ns % 1000));
	c->any = 1;
}

static void put_name(struct chrome *c, const char *before, const char *name)
{
	cli_add_text(&c->text, ",\"name\":");
	flush(c);
	if (!*before) {
		cli_out_json_string(name, strlen(name));
		return;
	}
	struct cli_buffer whole = {0};
	cli_add_format(&whole, "%s%s", before, name);
	cli_out_json_string(whole.data, whole.bytes);
	cli_buffer_fini(&whole);
}

/* ---- names ---- */

static int read_names(struct chrome *c, const char *query_name, struct export_map *map)
{
	struct tr_query *query;
	int status = tr_prepare(c->export->trace, &query, query_name, NULL, NULL, 0, &c->export->error);

	if (status)
		return status;
	while ((status = tr_next(query, &c->export->error)) == 1) {
		size_t bytes;
		const char *text = tr_columns(query) > 2 && tr_type(query, 2) == TR_TEXT ? tr_text(query, 2, &bytes) : tr_text(query, 1, &bytes);
		char *clean = export_clean(text, bytes < 4096 ? bytes : 4096);
		export_map_add(map, (uint64_t)tr_integer(query, 0), export_texts_add(&c->names, *clean ? clean : "(no name)"));
		free(clean);
	}
	tr_finish(query);
	return status;
}

static const char *name_of(const struct chrome *c, const struct export_map *map, int64_t id)
{
	uint32_t index;
	return export_map_get(map, (uint64_t)id, &index) ? export_texts_get(&c->names, index) : "(not known)";
}

/* Names of processes and threads; the first events. */
static int write_names(struct chrome *c, const char *query_name, const char *kind)
{
	struct tr_query *query;
	const int is_process = !strcmp(kind, "process_name");
	int status = tr_prepare(c->export->trace, &query, query_name, NULL, NULL, 0, &c->export->error);

	if (status)
		return status;
	while ((status = tr_next(query, &c->export->error)) == 1) {
		const int64_t process = tr_integer(query, tr_column(query, "process_id"));
		const int64_t thread = is_process ? 0 : tr_integer(query, tr_column(query, "thread_id"));
		size_t bytes;
		const char *text = tr_text(query, tr_column(query, is_process ? "command" : "name"), &bytes);
		char *clean = export_clean(text, bytes < 4096 ? bytes : 4096);

		put_head(c, 'M', process, thread, 0);
		put_name(c, "", kind);
		cli_add_text(&c->text, ",\"args\":{\"name\":");
		flush(c);
		cli_out_json_string(*clean ? clean : is_process ? "(not known)" : "thread", *clean ? strlen(clean) : is_process ? 11 : 6);
		cli_add_text(&c->text, "}}");
		flush(c);
		free(clean);
	}
	tr_finish(query);
	return status;
}

/* ---- what happened ---- */

static int count_event(void *state, const struct tr_happened *h)
{
	struct chrome *c = state;
	(void)h;
	return ++c->count > EVENTS_MAX ? TOO_MANY : 0;
}

static void add_handover(struct chrome *c, const struct tr_happened *h, int64_t since_ns, uint64_t address)
{
	if (c->handover_count == c->handover_room) {
		c->handover_room = c->handover_room ? c->handover_room * 2 : 1024;
		c->handovers = cli_realloc(c->handovers, c->handover_room, sizeof(*c->handovers));
	}
	c->handovers[c->handover_count] = (struct handover){h->ns, since_ns, h->process_id, h->thread_id, address, c->handover_count};
	c->handover_count++;
}

static void add_block(struct chrome *c, const struct tr_happened *h)
{
	if (c->block_count == c->block_room) {
		c->block_room = c->block_room ? c->block_room * 2 : 1024;
		c->blocks = cli_realloc(c->blocks, c->block_room, sizeof(*c->blocks));
	}
	c->blocks[c->block_count] = (struct block){h->ns, h->process_id, h->address, h->value, c->block_count, h->what == TR_FREES};
	c->block_count++;
}

static void begin(struct chrome *c, const struct tr_happened *h)
{
	if (c->depth == c->open_room) {
		c->open_room = c->open_room ? c->open_room * 2 : 256;
		c->open = cli_realloc(c->open, c->open_room, sizeof(*c->open));
	}
	c->open[c->depth].since_ns = h->ns;
	c->open[c->depth++].address = h->what == TR_WAITS ? h->address : 0;
	put_head(c, 'B', h->process_id, h->thread_id, h->ns);
	if (h->what == TR_CALL) {
		cli_add_text(&c->text, ",\"cat\":\"call\"");
		put_name(c, "", name_of(c, &c->functions, h->function_id));
	} else if (h->what == TR_PAUSED) {
		cli_add_text(&c->text, ",\"cat\":\"instr\"");
		put_name(c, "", "waits for the drain of the trace");
	} else {
		cli_add_text(&c->text, h->what == TR_WAITS ? ",\"cat\":\"lock\"" : ",\"cat\":\"block\"");
		put_name(c, h->what == TR_WAITS ? "waits for lock " : "blocked: ", name_of(c, &c->sites, h->site_id));
	}
	cli_add_text(&c->text, "}");
}

static int take(void *state, const struct tr_happened *h)
{
	struct chrome *c = state;

	if (h->process_id != c->process_id || h->thread_id != c->thread_id) {
		c->process_id = h->process_id;
		c->thread_id = h->thread_id;
		c->depth = 0;
	}
	switch (h->what) {
	case TR_CALL:
	case TR_BLOCKED:
	case TR_WAITS:
	case TR_PAUSED:
		begin(c, h);
		break;
	case TR_ENDS:
		if (!c->depth)
			break;
		c->depth--;
		if (h->address && c->open[c->depth].address == h->address)
			add_handover(c, h, c->open[c->depth].since_ns, h->address);
		put_head(c, 'E', h->process_id, h->thread_id, h->ns);
		cli_add_text(&c->text, "}");
		break;
	case TR_GIVES:
		if (h->value) /* an arrow needs something to point to */
			add_handover(c, h, -1, h->address);
		break;
	case TR_ALLOCATES:
	case TR_FREES:
		add_block(c, h);
		break;
	case TR_MISSES:
		put_head(c, 'i', h->process_id, h->thread_id, h->ns);
		put_name(c, "", "events are missing from before this moment");
		cli_add_text(&c->text, ",\"s\":\"t\"}");
		break;
	}
	if (c->text.bytes > 1 << 16)
		flush(c);
	return 0;
}

/* ---- from a wait to who gave the lock back ---- */

static int by_lock(const void *a, const void *b)
{
	const struct handover *p = a, *q = b;
	if (p->process_id != q->process_id)
		return p->process_id < q->process_id ? -1 : 1;
	if (p->address != q->address)
		return p->address < q->address ? -1 : 1;
	if (p->ns != q->ns)
		return p->ns < q->ns ? -1 : 1;
	return p->number < q->number ? -1 : p->number > q->number;
}

/* Clocks of two processors may differ by a little: who gave it back may be stamped behind the end of the wait. */
static const struct handover *find_giver(const struct chrome *c, size_t wait)
{
	const struct handover *w = &c->handovers[wait], *found = NULL;

	for (size_t i = wait; i-- > 0 && !found;) {
		const struct handover *h = &c->handovers[i];
		if (h->process_id != w->process_id || h->address != w->address || h->ns < w->since_ns)
			break;
		if (h->since_ns < 0 && h->thread_id != w->thread_id)
			found = h;
	}
	for (size_t i = wait + 1; i < c->handover_count && !found; i++) {
		const struct handover *h = &c->handovers[i];
		if (h->process_id != w->process_id || h->address != w->address || h->ns > w->ns + CAUSE_NS)
			break;
		if (h->since_ns < 0 && h->thread_id != w->thread_id)
			found = h;
	}
	return found;
}

static void write_arrows(struct chrome *c)
{
	uint64_t id = 0;

	if (c->handover_count)
		qsort(c->handovers, c->handover_count, sizeof(*c->handovers), by_lock);
	for (size_t i = 0; i < c->handover_count; i++) {
		const struct handover *w = &c->handovers[i], *giver = w->since_ns < 0 ? NULL : find_giver(c, i);
		if (!giver)
			continue;
		id++;
		put_head(c, 's', w->process_id, w->thread_id, w->since_ns);
		cli_add_format(&c->text, ",\"id\":%" PRIu64 ",\"cat\":\"lock\",\"name\":\"waits for\"}", id);
		put_head(c, 'f', giver->process_id, giver->thread_id, giver->ns);
		cli_add_format(&c->text, ",\"bp\":\"e\",\"id\":%" PRIu64 ",\"cat\":\"lock\",\"name\":\"waits for\"}", id);
		flush(c);
	}
}

/* ---- the heap ---- */

static int by_time(const void *a, const void *b)
{
	const struct block *p = a, *q = b;
	if (p->process_id != q->process_id)
		return p->process_id < q->process_id ? -1 : 1;
	if (p->ns != q->ns)
		return p->ns < q->ns ? -1 : 1;
	return p->number < q->number ? -1 : p->number > q->number;
}

static uint64_t key_of(int64_t process_id, uint64_t address) { return address ^ (uint64_t)process_id << 48; }

static uint32_t size_at(struct chrome *c, uint64_t key)
{
	const size_t count = c->older.count;
	const uint32_t at = export_map_add(&c->older, key, (uint32_t)count);

	if (at == count) {
		if (count == c->size_room) {
			c->size_room = c->size_room ? c->size_room * 2 : 1024;
			c->sizes = cli_realloc(c->sizes, c->size_room, sizeof(*c->sizes));
		}
		c->sizes[at].ns = -1;
		c->sizes[at].bytes = 0;
	}
	return at;
}

/* Of an address that is wanted the last allocation before the window. */
static int take_older(void *state, const struct tr_happened *h)
{
	struct chrome *c = state;
	uint32_t at;

	if (h->what == TR_ALLOCATES && h->value != AS_IT_WAS && export_map_get(&c->older, key_of(h->process_id, h->address), &at) &&
	    h->ns >= c->sizes[at].ns) {
		c->sizes[at].ns = h->ns;
		c->sizes[at].bytes = h->value;
	}
	return 0;
}

static void put_counter(struct chrome *c, int64_t process_id, int64_t ns, int64_t bytes)
{
	put_head(c, 'C', process_id, 0, ns);
	cli_add_format(&c->text, ",\"name\":\"heap\",\"args\":{\"bytes\":%" PRId64 "}}", bytes > 0 ? bytes : 0);
	flush(c);
}

/* One process's blocks, in order. In each step of time the most and the last are told. */
static void write_counter(struct chrome *c, const struct block *blocks, size_t count, int64_t alive)
{
	const int64_t step = (blocks[count - 1].ns - blocks[0].ns) / COUNTER_STEPS + 1;
	int64_t most = alive, most_ns = blocks[0].ns, until = blocks[0].ns + step;

	for (size_t i = 0; i < count; i++) {
		const uint32_t at = size_at(c, key_of(blocks[i].process_id, blocks[i].address));
		if (blocks[i].is_free)
			alive -= (int64_t)(c->sizes[at].bytes & INT64_MAX);
		else if (blocks[i].bytes != AS_IT_WAS)
			c->sizes[at].bytes = blocks[i].bytes & INT64_MAX >> 1;
		if (!blocks[i].is_free)
			alive += (int64_t)(c->sizes[at].bytes & INT64_MAX);
		if (alive >= most || !i) {
			most = alive;
			most_ns = blocks[i].ns;
		}
		if (i + 1 < count && blocks[i + 1].ns < until)
			continue;
		if (most_ns < blocks[i].ns)
			put_counter(c, blocks[i].process_id, most_ns, most);
		put_counter(c, blocks[i].process_id, blocks[i].ns, alive);
		most = INT64_MIN;
		until = blocks[i].ns + step;
	}
}

/* What was alive when the window began. */
static int read_alive(struct chrome *c, int64_t process_id, int64_t *bytes)
{
	const struct tr_argument arguments[] = {{.name = "process", .type = TR_INTEGER, .integer = process_id},
						{.name = "to", .type = TR_INTEGER, .integer = c->window.from_ns}};
	struct tr_query *query;
	int status = tr_prepare(c->export->trace, &query, "heap_moments", NULL, arguments, 2, &c->export->error);

	*bytes = 0;
	if (status)
		return status;
	if ((status = tr_next(query, &c->export->error)) == 1)
		*bytes = tr_integer(query, tr_column(query, "to_bytes"));
	tr_finish(query);
	return status < 0 ? status : 0;
}

static int write_heap(struct chrome *c)
{
	const struct tr_window past = {0, c->window.from_ns - 1, c->window.process_id, -1, NULL};
	int status = 0;
	char why[160];

	if (!c->block_count || c->window.thread_id >= 0 || c->window.thread_name)
		return 0; /* of a thread alone: blocks go from one to another */
	qsort(c->blocks, c->block_count, sizeof(*c->blocks), by_time);
	for (size_t i = 0; i < c->block_count; i++)
		size_at(c, key_of(c->blocks[i].process_id, c->blocks[i].address));
	if (c->window.from_ns > 0 && ((status = tr_timeline(c->export->trace, &past, take_older, c, &c->export->error)) ||
				      (status = tr_heap_at(c->export->trace, -1, &c->window.from_ns, 1, why, sizeof(why), &c->export->error))))
		return status;
	for (size_t from = 0, to; !status && from < c->block_count; from = to) {
		int64_t alive = 0;
		for (to = from; to < c->block_count && c->blocks[to].process_id == c->blocks[from].process_id; to++)
			;
		if (c->window.from_ns > 0)
			status = read_alive(c, c->blocks[from].process_id, &alive);
		if (!status)
			write_counter(c, &c->blocks[from], to - from, alive);
	}
	return status;
}

/* ---- all ---- */

static int cannot(struct chrome *c, const char *what)
{
	snprintf(c->export->error.text, sizeof(c->export->error.text), "%.700s: %s", tr_path(c->export->trace), what);
	c->export->error.code = INSTR_ERR_NOT_FOUND;
	return INSTR_ERR_NOT_FOUND;
}

static int check_size(struct chrome *c)
{
	char most[CLI_NUMBER_BYTES], took[CLI_NUMBER_BYTES], text[256];
	int status = tr_timeline(c->export->trace, &c->window, count_event, c, &c->export->error);

	if (status == TOO_MANY) {
		snprintf(text, sizeof(text), "it has more than %s events in this time, which no page shows: --from TIME --to TIME choose less; the run took %s",
			 cli_count(most, EVENTS_MAX), cli_duration(took, c->export->duration_ns));
		return cannot(c, text);
	}
	return !status && !c->count ? cannot(c, "no events of this time are kept") : status;
}

static int write_all(struct chrome *c)
{
	int status;

	if ((status = check_size(c)) || (status = read_names(c, "run_functions", &c->functions)) ||
	    (status = read_names(c, "site_names", &c->sites)))
		return status;
	cli_out_text("{\"displayTimeUnit\":\"ns\",\"otherData\":{\"exporter\":\"instr-export " INSTR_VERSION "\",\"command\":");
	cli_out_json_string(cli_text_of(&c->export->command), c->export->command.bytes);
	cli_out_text(",\"missing\":");
	cli_out_json_string(cli_text_of(&c->export->comments), c->export->comments.bytes);
	cli_out_text("},\n\"traceEvents\":[");
	if ((status = write_names(c, "processes", "process_name")) || (status = write_names(c, "thread_names", "thread_name")) ||
	    (status = tr_timeline(c->export->trace, &c->window, take, c, &c->export->error)))
		return status;
	write_arrows(c);
	if ((status = write_heap(c)))
		return status;
	flush(c);
	cli_out_text("\n]}\n");
	return 0;
}

int export_chrome(struct export *export, int64_t from_ns, int64_t to_ns)
{
	struct chrome c = {.export = export, .window = {from_ns, to_ns, export->process_id, export->thread_id, export->thread_name},
			   .process_id = -1};
	int status = write_all(&c);

	cli_buffer_fini(&c.text);
	export_map_fini(&c.functions);
	export_map_fini(&c.sites);
	export_map_fini(&c.older);
	export_texts_fini(&c.names);
	free(c.open);
	free(c.handovers);
	free(c.blocks);
	free(c.sizes);
	return status;
}
