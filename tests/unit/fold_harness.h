/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * fold_harness.h - runs a stream through walk, encoder and decoder, and compares with the model.
 */
#ifndef TESTS_FOLD_HARNESS_H
#define TESTS_FOLD_HARNESS_H

#include "check.h"
#include "encode/chunk.h"
#include "fold/blocks.h"
#include "fold/creators.h"
#include "fold/heap.h"
#include "fold_model.h"
#include "plain_decoder.h"

/* Of the stream at work, for messages. */
static struct harness_about {
	uint64_t seed;
	unsigned features;
} harness_about;

struct kept_chunk { /* as in table chunks */
	struct irt_walk_chunk columns;
	uint8_t *data, *functions;
	size_t data_bytes, function_bytes;
	size_t event_at; /* of its first event in harness.events */
};

struct harness {
	/* settings */
	struct stream stream;
	uint32_t unit, chunk_events, max_contexts, max_depth, max_frames, pause_ticks;
	uint64_t origin;
	unsigned max_split;      /* units given at once, at random; 0 = all */
	unsigned close_one_in;   /* close the chunk after that many runs, at random; 0 = only full ones */
	unsigned unknown_one_in; /* answers "not known yet" */
	int creeping_horizon, plain_too;
	const uint32_t *close_at; /* close the chunk before these units (as an earlier run did) */
	size_t close_count;

	/* results */
	struct irt_cct *cct;
	struct irt_functions *run_functions, *functions;
	struct irt_blocks *blocks; /* never saved: all rows are changed ones */
	struct irt_creators *creators; /* the same */
	struct irt_heap *heap; /* never settled: it keeps what it got */
	struct irt_walk *walk;
	struct irt_encoder *encoder;
	struct irt_contexts *contexts;
	struct irt_chunk_decoder *decoder;
	uint64_t seed;
	struct kept_chunk *chunks;
	size_t chunk_count, chunk_room;
	struct irt_event *events;
	size_t event_count, event_room;
	uint32_t *closed_at; /* units before which a chunk was closed */
	size_t closed_count, closed_room;
};

static int harness_function_of(void *user, uint64_t tag, uint64_t ticks, struct irt_function_answer *answer)
{
	struct harness *h = user;
	if (h->unknown_one_in && stream_random(&h->seed) % h->unknown_one_in == 0)
		return 1;
	return stream_function_of(&h->stream, tag, ticks, answer);
}

static int harness_site_of(void *user, uint64_t tag, uint64_t ticks, struct irt_function_answer *answer)
{
	struct harness *h = user;
	if (h->unknown_one_in && stream_random(&h->seed) % h->unknown_one_in == 0)
		return 1;
	return stream_site_of(&h->stream, tag, ticks, answer);
}

static inline void harness_config(struct harness *h, struct irt_walk_config *config)
{
	memset(config, 0, sizeof(*config));
	config->cct = h->cct;
	config->functions = h->functions;
	config->heap = h->heap;
	config->blocks = h->blocks;
	config->creators = h->creators;
	config->thread = 7;
	config->site_of = harness_site_of;
	config->origin_ticks = h->origin;
	config->time_unit_ticks = h->unit;
	config->chunk_events = h->chunk_events;
	config->max_frames = h->max_frames;
	config->pause_ticks = h->pause_ticks;
	config->function_of = harness_function_of;
	config->user = h;
}

/* The same settings and stream, nothing walked. */
static inline struct harness harness_again(const struct harness *h)
{
	struct harness n = *h;
	n.chunks = NULL;
	n.chunk_count = n.chunk_room = 0;
	n.events = NULL;
	n.event_count = n.event_room = 0;
	n.closed_at = NULL;
	n.closed_count = n.closed_room = 0;
	return n;
}

static inline void harness_open(struct harness *h)
{
	struct irt_cct_config tree = {h->max_contexts, h->max_depth, 250};
	struct irt_walk_config config;

	CHECK_EQ(irt_cct_create(&h->cct, &tree), 0);
	CHECK_EQ(irt_functions_create(&h->run_functions, NULL), 0);
	CHECK_EQ(irt_functions_create(&h->functions, h->run_functions), 0);
	CHECK_EQ(irt_heap_create(&h->heap, false), 0);
	CHECK_EQ(irt_blocks_create(&h->blocks), 0);
	CHECK_EQ(irt_creators_create(&h->creators), 0);
	harness_config(h, &config);
	CHECK_EQ(irt_walk_create(&h->walk, &config), 0);
	CHECK_EQ(irt_encoder_create(&h->encoder), 0);
	CHECK_EQ(irt_contexts_create(&h->contexts), 0);
	CHECK_EQ(irt_chunk_decoder_create(&h->decoder), 0);
	if (h->stream.reload_ticks)
		CHECK_EQ(irt_walk_forget_rows(h->walk, h->stream.reload_ticks), 0);
}

static inline void harness_close(struct harness *h)
{
	irt_walk_destroy(h->walk);
	irt_heap_destroy(h->heap);
	irt_blocks_destroy(h->blocks);
	irt_creators_destroy(h->creators);
	irt_functions_destroy(h->functions);
	irt_functions_destroy(h->run_functions);
	irt_cct_destroy(h->cct);
	irt_encoder_destroy(h->encoder);
	irt_contexts_destroy(h->contexts);
	irt_chunk_decoder_destroy(h->decoder);
	for (size_t i = 0; i < h->chunk_count; i++) {
		free(h->chunks[i].data);
		free(h->chunks[i].functions);
	}
	free(h->chunks);
	free(h->events);
	free(h->closed_at);
}

static inline void harness_compare_event(const struct irt_event *a, const struct irt_event *b, size_t i)
{
	if (a->ticks != b->ticks || a->operation != b->operation || a->context != b->context || a->depth != b->depth)
		CHECK_FAIL("seed %" PRIu64 " features %#x event %zu: op %u context %u depth %u ticks %" PRId64
			   ", not op %u context %u depth %u ticks %" PRId64, harness_about.seed, harness_about.features, i,
			   a->operation, a->context, a->depth, a->ticks, b->operation, b->context, b->depth, b->ticks);
	if (a->operation != IRT_OP_ENTER && a->operation != IRT_OP_STACK && a->value != b->value)
		CHECK_FAIL("seed %" PRIu64 " features %#x event %zu: op %u value %" PRIu64 ", not %" PRIu64,
			   harness_about.seed, harness_about.features, i, a->operation, a->value, b->value);
	if (a->operation == IRT_OP_GAP)
		CHECK_EQ(a->extra, b->extra);
	if ((a->operation >= IRT_OP_ALLOC && a->operation <= IRT_OP_RESIZED) || a->operation == IRT_OP_BLOCK ||
	    a->operation == IRT_OP_BLOCKING || a->operation == IRT_OP_THREAD) {
		if (a->operation != IRT_OP_BLOCKING)
			CHECK_EQ(a->extra, b->extra);
		CHECK_EQ(a->site, b->site);
	}
	check_count++;
}

static inline struct plain_context *harness_plain_contexts(const struct harness *h)
{
	uint32_t n = irt_cct_count(h->cct);
	struct plain_context *c = calloc(n, sizeof(*c));
	for (uint32_t i = 0; i < n; i++)
		c[i] = (struct plain_context){irt_cct_node(h->cct, i)->parent,
					      i ? irt_cct_node(h->cct, i)->ordinal : UINT32_MAX};
	return c;
}

/* Decodes a chunk behind the events that are there; checks its columns and its set of functions. */
static inline size_t harness_decode(struct harness *h, const uint8_t *data, size_t bytes,
				    const struct irt_walk_chunk *columns, const uint8_t *functions,
				    size_t function_bytes)
{
	struct irt_chunk_header header;
	size_t first = h->event_count;
	uint64_t operations = 3;
	long n;

	CHECK_EQ(irt_contexts_add_tree(h->contexts, h->cct), 0);
	CHECK_EQ(irt_chunk_read_header(data, bytes, &header), 0);
	CHECK_EQ(header.events, columns->events);
	CHECK_EQ(header.start_ticks, columns->start_ticks);
	CHECK_EQ(header.start_context, columns->start_context);
	CHECK_EQ(header.start_depth, columns->start_depth);
	CHECK_EQ(header.min_depth, columns->min_depth);
	CHECK_EQ(header.time_unit_ticks, columns->time_unit_ticks);
	CHECK_EQ(irt_chunk_open(h->decoder, h->contexts, data, bytes), 0);
	do {
		size_t ask = 1 + stream_random(&h->seed) % 700;
		MODEL_ROOM(h->events, h->event_room, h->event_count + ask);
		n = irt_chunk_next(h->decoder, h->events + h->event_count, ask);
		if (n < 0)
			CHECK_FAIL("decoder says %ld at event %zu of %" PRIu64, n, h->event_count - first, columns->events);
		h->event_count += (size_t)n;
	} while (n);
	CHECK_EQ(h->event_count - first, columns->events);
	CHECK_EQ(h->events[first].ticks, columns->start_ticks);
	CHECK_EQ(h->events[h->event_count - 1].ticks, columns->end_ticks);
	for (size_t i = first; i < h->event_count; i++) {
		const struct irt_event *e = &h->events[i];
		uint32_t f = irt_contexts_function(h->contexts, e->context);
		operations |= UINT64_C(1) << e->operation;
		if (e->operation <= IRT_OP_POP || e->operation == IRT_OP_LANDED)
			CHECK(irt_chunk_has_function(functions, function_bytes, f));
		if (e->operation == IRT_OP_ORPHAN)
			CHECK(irt_chunk_has_function(functions, function_bytes, (uint32_t)e->value));
	}
	CHECK_EQ(operations, columns->operations & ~(UINT64_C(1) << IRT_OP_FOLD));
	if (h->plain_too) {
		struct plain_context *plain = harness_plain_contexts(h);
		size_t count;
		struct irt_event *events = plain_decode(plain, irt_cct_count(h->cct), data, bytes, &count);
		CHECK_EQ(count, columns->events);
		for (size_t i = 0; i < count; i++)
			harness_compare_event(&h->events[first + i], &events[i], first + i);
		free(events);
		free(plain);
	}
	return h->event_count - first;
}

static inline void harness_close_chunk(struct harness *h, size_t unit, int keep)
{
	struct irt_chunk_bytes out;
	struct kept_chunk *c;
	enum irt_codec codec = stream_random(&h->seed) % 3 ? IRT_CODEC_ZSTD : IRT_CODEC_NONE;
	int err = irt_chunk_encode(h->encoder, h->walk, codec, &out);

	if (err == INSTR_ERR_NOT_FOUND)
		return;
	CHECK_EQ(err, 0);
	CHECK(out.codec == codec || out.codec == IRT_CODEC_NONE);
	if (!keep) { /* an open chunk: decodes as well, and is encoded again later */
		size_t n = harness_decode(h, out.data, out.data_bytes, &out.columns, out.functions, out.function_bytes);
		h->event_count -= n;
		return;
	}
	MODEL_ROOM(h->chunks, h->chunk_room, h->chunk_count + 1);
	c = &h->chunks[h->chunk_count++];
	c->columns = out.columns;
	c->data = memcpy(malloc(out.data_bytes), out.data, out.data_bytes);
	c->data_bytes = out.data_bytes;
	c->functions = memcpy(malloc(out.function_bytes), out.functions, out.function_bytes);
	c->function_bytes = out.function_bytes;
	c->event_at = h->event_count;
	CHECK_EQ(c->columns.first_event, h->event_count);
	harness_decode(h, c->data, c->data_bytes, &c->columns, c->functions, c->function_bytes);
	irt_walk_next_chunk(h->walk);
	MODEL_ROOM(h->closed_at, h->closed_room, h->closed_count + 1);
	h->closed_at[h->closed_count++] = (uint32_t)unit;
}

/* Walks units [from, to); at and behind `from` no chunk is open. Closes the last chunk if asked. */
static inline void harness_run(struct harness *h, size_t from, size_t to)
{
	size_t at = from, need = 0, next_close = 0;
	uint64_t horizon = h->stream.units[from].ticks;

	while (next_close < h->close_count && h->close_at[next_close] <= from)
		next_close++;
	if (h->creeping_horizon)
		irt_walk_set_horizon(h->walk, horizon);
	while (at < to) {
		size_t n = to - at, used, more;
		enum irt_walk_stop stop;
		if (h->max_split && n > 1 + stream_random(&h->seed) % h->max_split)
			n = 1 + stream_random(&h->seed) % h->max_split;
		n = n > to - at ? to - at : n;
		if (need > n)
			n = need;
		need = 0;
		if (h->close_at && next_close < h->close_count) {
			if (at == h->close_at[next_close]) {
				harness_close_chunk(h, at, 1);
				next_close++;
				continue;
			}
			if (at + n > h->close_at[next_close])
				n = h->close_at[next_close] - at;
		}
		stop = irt_walk_run(h->walk, h->stream.units + at, n, at, &used, &more);
		at += used;
		switch (stop) {
		case IRT_WALK_ALL:
			CHECK_EQ(used, n);
			break;
		case IRT_WALK_SHORT:
			CHECK(more <= to - at);
			need = more;
			break;
		case IRT_WALK_UNKNOWN:
			CHECK(h->unknown_one_in);
			break;
		case IRT_WALK_CHUNK_FULL:
			harness_close_chunk(h, at, 1);
			break;
		case IRT_WALK_HORIZON:
			CHECK(h->creeping_horizon);
			CHECK(h->stream.units[at].ticks > horizon);
			horizon = h->stream.units[at].ticks + stream_random(&h->seed) % 100000;
			irt_walk_set_horizon(h->walk, horizon);
			break;
		default:
			CHECK_FAIL("stopped by %d at unit %zu", (int)stop, at);
		}
		if (h->close_one_in && stream_random(&h->seed) % h->close_one_in == 0)
			harness_close_chunk(h, at, stream_random(&h->seed) % 2);
	}
}

/* ---- comparison -------------------------------------------------------------------------------------- */

static inline void harness_model(struct harness *h, struct model *m, size_t to)
{
	size_t closed = 0;
	model_init(m, &h->stream, h->unit ? h->unit : 1);
	m->origin = h->origin;
	if (h->max_contexts)
		m->max_contexts = h->max_contexts;
	if (h->max_depth)
		m->max_depth = h->max_depth;
	if (h->max_frames)
		m->max_frames = h->max_frames;
	m->other_function = 250;
	for (size_t at = 0; at < to;) {
		for (; closed < h->closed_count && h->closed_at[closed] == at; closed++)
			m->in_chunk = 0;
		at += model_record(m, &h->stream.units[at]);
	}
}

/* The heap has got the events of the heap, and no others. */
static inline void harness_check_heap(struct harness *h, const struct irt_event *events, size_t count)
{
	struct irt_heap *heap;
	uint8_t *got, *want;
	size_t got_bytes, want_bytes;

	CHECK_EQ(irt_heap_create(&heap, false), 0);
	for (size_t i = 0; i < count; i++) {
		const struct irt_event *e = &events[i];
		if (e->operation >= IRT_OP_ALLOC && e->operation <= IRT_OP_RESIZED)
			CHECK_EQ(irt_heap_add(heap, &(struct irt_shared_event){.ticks = e->ticks, .address = e->extra,
				.bytes = e->value, .context = e->context, .site = e->site, .thread = 7, .operation = e->operation}), 0);
	}
	CHECK_EQ(irt_heap_pack(heap, &want, &want_bytes), 0);
	CHECK_EQ(irt_heap_pack(h->heap, &got, &got_bytes), 0);
	CHECK_EQ(got_bytes, want_bytes);
	CHECK(!want_bytes || !memcmp(got, want, want_bytes));
	free(got);
	free(want);
	irt_heap_destroy(heap);
}

struct harness_rows {
	struct harness *h;
	const struct model *m;
	uint64_t *open;
	unsigned char *seen;
	uint64_t self;
};

static inline uint64_t model_open(const struct model *m, uint32_t context)
{
	uint64_t n = 0;
	for (size_t i = 0; i < m->depth; i++)
		n += m->calls[i].context == context;
	return n;
}

static int harness_check_row(void *user, const struct irt_walk_totals *row)
{
	struct harness_rows *r = user;
	const struct model_context *c = &r->m->contexts[row->context];
	uint64_t counts[IRT_HISTOGRAM_BUCKETS] = {0}, read[IRT_HISTOGRAM_BUCKETS] = {0};
	uint8_t bytes[IRT_HISTOGRAM_BYTES_MAX];

	CHECK(row->context > 0 && row->context < r->m->context_count);
	r->seen[row->context] = 1;
	CHECK_EQ(row->returns, c->returns);
	CHECK_EQ(row->unwound, c->unwound);
	CHECK_EQ(row->open, model_open(r->m, row->context));
	CHECK_EQ(row->calls, row->returns + row->unwound + row->open);
	CHECK_EQ(row->total_ticks, c->total);
	CHECK_EQ(row->self_ticks, c->self);
	if (c->returns + c->unwound) {
		CHECK_EQ(row->min_ticks, c->min);
		CHECK_EQ(row->max_ticks, c->max);
	}
	for (size_t i = 0; i < c->count; i++)
		counts[plain_bucket(c->durations[i])]++;
	plain_histogram(bytes, irt_histogram_write(row->histogram, bytes), read);
	CHECK(!memcmp(counts, read, sizeof(counts)));
	return 0;
}

static inline int compare_u64(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
	return x < y ? -1 : x > y;
}

/* Function totals against sums over the model's contexts; quantiles against the sorted durations. */
static inline void harness_check_functions(struct harness *h, const struct model *m)
{
	for (uint32_t f = 0; f < 256; f++) {
		struct irt_function_row row = {0}, run = {0};
		uint64_t returns = 0, unwound = 0, open = 0, total = 0, self = 0, *all = NULL;
		size_t n = 0, room = 0;
		bool known = irt_functions_row(h->functions, f, &row);
		CHECK_EQ(irt_functions_row(h->run_functions, f, &run), known);
		CHECK(!memcmp(&row, &run, sizeof(row)));
		for (uint32_t i = 1; i < m->context_count; i++) {
			const struct model_context *c = &m->contexts[i];
			if (c->function != f)
				continue;
			returns += c->returns;
			unwound += c->unwound;
			open += model_open(m, i);
			total += c->recursive ? 0 : c->total;
			self += c->self;
			for (size_t k = 0; k < c->count; k++) {
				MODEL_ROOM(all, room, n + 1);
				all[n++] = c->durations[k];
			}
		}
		CHECK_EQ(row.returns, returns);
		CHECK_EQ(row.unwound, unwound);
		CHECK_EQ(row.open, open);
		CHECK_EQ(row.calls, returns + unwound + open);
		CHECK_EQ(row.total_ticks, total);
		CHECK_EQ(row.self_ticks, self);
		CHECK_EQ(row.orphans, m->orphans_of[f]);
		if (n) {
			uint64_t p50, p99;
			qsort(all, n, sizeof(*all), compare_u64);
			p50 = all[(n * 500 + 999) / 1000 - 1];
			p99 = all[(n * 990 + 999) / 1000 - 1];
			CHECK_EQ(row.min_ticks, all[0]);
			CHECK_EQ(row.max_ticks, all[n - 1]);
			CHECK(32 * (row.p50_ticks > p50 ? row.p50_ticks - p50 : p50 - row.p50_ticks) <= p50);
			CHECK(32 * (row.p99_ticks > p99 ? row.p99_ticks - p99 : p99 - row.p99_ticks) <= p99);
		}
		free(all);
	}
}

struct harness_block_rows {
	struct irt_block_row *rows; /* histograms stay the table's */
	size_t count, room;
};

static inline int harness_note_block(void *user, const struct irt_block_row *row)
{
	struct harness_block_rows *r = user;
	MODEL_ROOM(r->rows, r->room, r->count + 1);
	r->rows[r->count++] = *row;
	return 0;
}

/* Two tables have the same rows. */
static inline void harness_compare_blocks(const struct irt_blocks *x, const struct irt_blocks *y)
{
	struct harness_block_rows a = {0}, b = {0};
	uint8_t text[2][IRT_HISTOGRAM_BYTES_MAX];
	size_t k;

	CHECK_EQ(irt_blocks_each(x, &a, harness_note_block), 0);
	CHECK_EQ(irt_blocks_each(y, &b, harness_note_block), 0);
	CHECK_EQ(a.count, b.count);
	for (size_t i = 0; i < a.count; i++) {
		const struct irt_block_row *p = &a.rows[i];
		for (k = 0; k < b.count; k++)
			if (b.rows[k].context == p->context && b.rows[k].site_id == p->site_id && b.rows[k].descriptor == p->descriptor)
				break;
		CHECK(k < b.count);
		if (k == b.count)
			continue;
		CHECK_EQ(p->calls, b.rows[k].calls);
		CHECK_EQ(p->failed, b.rows[k].failed);
		CHECK_EQ(p->bytes, b.rows[k].bytes);
		CHECK_EQ(p->total_ticks, b.rows[k].total_ticks);
		CHECK_EQ(p->max_ticks, b.rows[k].max_ticks);
		size_t bytes = irt_histogram_write(&p->times, text[0]);
		CHECK_EQ(irt_histogram_write(&b.rows[k].times, text[1]), bytes);
		CHECK(!memcmp(text[0], text[1], bytes));
	}
	free(a.rows);
	free(b.rows);
}

/* The sums of calls that may block are those of the events. */
static inline void harness_check_blocks(struct harness *h, const struct irt_event *events, size_t count)
{
	struct irt_blocks *blocks;

	CHECK_EQ(irt_blocks_create(&blocks), 0);
	for (size_t i = 0; i < count; i++)
		if (events[i].operation == IRT_OP_BLOCK)
			CHECK_EQ(irt_blocks_add(blocks, events[i].context, events[i].site, events[i].value, events[i].extra), 0);
	harness_compare_blocks(h->blocks, blocks);
	irt_blocks_destroy(blocks);
}

static inline void harness_check_open_blocks(struct harness *h, const struct irt_event *events, size_t count)
{
	struct irt_walk_open_block open[IRT_WALK_OPEN_BLOCKS + 1], at[IRT_WALK_OPEN_BLOCKS];
	size_t n = model_open_blocks(events, count, open);

	CHECK_EQ(irt_walk_open_blocks(h->walk, at), n);
	for (size_t i = 0; i < n; i++) {
		CHECK_EQ(at[i].depth, open[i].depth);
		CHECK_EQ(at[i].start_ticks, open[i].start_ticks);
		CHECK_EQ(at[i].context, open[i].context);
		CHECK_EQ(at[i].site_id, open[i].site_id);
	}
}

static inline void harness_compare(struct harness *h, const struct model *m)
{
	struct harness_rows rows = {.h = h, .m = m};
	struct irt_walk_counters c;
	uint64_t total_self = 0, outer = 0;

	for (size_t i = 0; i < m->event_count && i < h->event_count; i++)
		harness_compare_event(&h->events[i], &m->events[i], i);
	CHECK_EQ(h->event_count, m->event_count);
	harness_check_heap(h, m->events, m->event_count);
	harness_check_blocks(h, m->events, m->event_count);
	harness_check_open_blocks(h, m->events, m->event_count);
	CHECK_EQ(irt_cct_count(h->cct), m->context_count);
	for (uint32_t i = 1; i < m->context_count; i++) {
		const struct irt_cct_node *n = irt_cct_node(h->cct, i);
		CHECK_EQ(n->parent, m->contexts[i].parent);
		CHECK_EQ(n->function, m->contexts[i].function);
		CHECK_EQ(n->ordinal, m->contexts[i].ordinal);
		CHECK_EQ(n->depth, m->contexts[i].depth);
		CHECK_EQ(n->recursive, m->contexts[i].recursive);
		CHECK_EQ(n->flags, m->contexts[i].flags);
	}
	irt_walk_counters(h->walk, &c);
	CHECK_EQ(c.events, m->event_count);
	CHECK_EQ(c.waits, m->counters.waits);
	CHECK_EQ(c.wait_ticks, m->counters.wait_ticks);
	CHECK_EQ(c.lost_events, m->counters.lost_events);
	CHECK_EQ(c.orphans, m->counters.orphans);
	CHECK_EQ(c.skipped_units, m->counters.skipped_units);
	CHECK_EQ(c.given_up, m->counters.given_up);
	CHECK_EQ(c.flags, m->counters.flags);
	CHECK_EQ(c.unbucketed, 0);
	if (m->event_count) {
		CHECK_EQ(c.first_ticks, m->events[0].ticks);
		CHECK_EQ(c.last_ticks, m->events[m->event_count - 1].ticks);
	}
	CHECK_EQ(irt_walk_depth(h->walk), m->depth);
	for (size_t i = 0; i < m->depth; i++) {
		struct irt_walk_frame f;
		irt_walk_frame(h->walk, i, &f);
		CHECK_EQ(f.context, m->calls[i].context);
		CHECK_EQ(f.enter_ticks, (int64_t)(m->calls[i].enter + m->waited_ticks - m->origin));
		CHECK_EQ(f.child_ticks, m->calls[i].child);
		CHECK_EQ((f.flags & IRT_FRAME_FOLDED) != 0, m->calls[i].folded);
	}
	CHECK_EQ(irt_walk_settle(h->walk), 0);
	rows.seen = calloc(m->context_count, 1);
	CHECK_EQ(irt_walk_each(h->walk, &rows, harness_check_row), 0);
	for (uint32_t i = 1; i < m->context_count; i++) {
		const struct model_context *x = &m->contexts[i];
		CHECK_EQ(rows.seen[i], x->returns + x->unwound + model_open(m, i) > 0);
		total_self += x->self;
	}
	/* Self times add up to the time of the outermost calls, but for what is still open. */
	for (size_t i = 0; i < m->depth; i++)
		outer += m->calls[i].child;
	for (uint32_t i = 1; !h->max_depth && !h->max_contexts && i < m->context_count; i++)
		if (m->contexts[i].parent == 0)
			outer += m->contexts[i].total;
	if (!h->max_depth && !h->max_contexts && !(c.flags & IRT_WALK_FOLDED))
		CHECK_EQ(total_self, outer);
	free(rows.seen);
	harness_check_functions(h, m);
}

#endif
