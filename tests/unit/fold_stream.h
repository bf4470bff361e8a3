/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * fold_stream.h - random streams of records, as the hooks of a program would write them: a simulated
 * stack with real stack pointers, calls, returns, exceptions, longjmp, tail calls, handlers on the
 * same and on another stack, dlclose and dlopen at the same address, lost events, waits, records of the heap and of calls that may block.
 *
 * The clock is the records' ticks; everything follows from a seed.
 */
#ifndef TESTS_FOLD_STREAM_H
#define TESTS_FOLD_STREAM_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "fold/walk.h"
#include "instr/hooks.h"
#include "instr/record.h"

enum {
	STREAM_FUNCTIONS = 40,
	STREAM_CYG = 30,            /* functions from here on are CYG */
	STREAM_DEPTH = 4000,
	STREAM_ANCHOR_HALF = INSTR_SP_RANGE / 4,
	STREAM_ANCHOR_HALF_CYG = INSTR_CYG_SP_RANGE / 2,
};

enum stream_feature {
	STREAM_UNWIND = 1,
	STREAM_LANDED = 2,
	STREAM_LONGJMP = 4,  /* nobody tells */
	STREAM_TAIL = 8,
	STREAM_ORPHAN = 16,
	STREAM_GAP = 32,
	STREAM_WAIT = 64,
	STREAM_BACKWARDS = 128,
	STREAM_HANDLER = 256,
	STREAM_ALT_STACK = 512,
	STREAM_CYG_CALLS = 1024,
	STREAM_RELOAD = 2048,
	STREAM_UNKNOWN_EXT = 4096,
	STREAM_BIG_FRAMES = 8192,
	STREAM_DEEP = 16384,
	STREAM_DYNAMIC_STACK = 32768,
	STREAM_SLOW_TIME = 65536,  /* long gaps between events */
	STREAM_HEAP = 131072,
	STREAM_ALL = (1 << 18) - 1,
};

struct stream_call {
	unsigned function;
	uint64_t sp;
};

struct stream {
	uint64_t seed;
	unsigned features;
	struct instr_unit *units;
	size_t count, room;
	uint64_t ticks, anchor;
	struct stream_call calls[STREAM_DEPTH + 8];
	unsigned depth;
	unsigned muted;       /* events that are being lost */
	uint64_t lost, lost_since;
	uint64_t reload_ticks; /* functions below 10 are others from here on */
	uint64_t base_sp;
	unsigned heap_turn;
	/* what really happened, for streams that lose nothing */
	uint64_t calls_of[2 * STREAM_FUNCTIONS], ends_of[2 * STREAM_FUNCTIONS];
};

static inline uint64_t stream_random(uint64_t *seed)
{
	uint64_t z = (*seed += UINT64_C(0x9e3779b97f4a7c15));
	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}
static inline unsigned stream_pick(struct stream *s, unsigned n) { return (unsigned)(stream_random(&s->seed) % n); }
static inline int stream_chance(struct stream *s, unsigned one_in) { return stream_pick(s, one_in) == 0; }

/* Rows whose low 32 bits are equal in pairs: 2k and 2k + 1. */
static inline uint64_t stream_row(unsigned function)
{
	uint64_t low = UINT64_C(0x5000) + (function / 2) * 16;
	return (function & 1 ? UINT64_C(0x7f1200000000) : UINT64_C(0x563400000000)) + low;
}
static inline uint64_t stream_address(unsigned function)
{
	return UINT64_C(0x7f55deadb000) + function * 5;
}
static inline int stream_is_dynamic(unsigned function) { return function % 7 == 3; }

/* Function ids start at 1; those of a module loaded later at the same place are 100 higher. */
static inline int stream_function_of(const struct stream *s, uint64_t tag, uint64_t ticks,
				     struct irt_function_answer *answer)
{
	unsigned kind = instr_tag_kind(tag);
	answer->flags = 0;
	for (unsigned f = 0; f < STREAM_FUNCTIONS; f++) {
		int cyg = f >= STREAM_CYG;
		if (cyg != (kind == INSTR_CYG_ENTER || kind == INSTR_CYG_EXIT))
			continue;
		if (cyg ? instr_tag_cyg_address(tag) == stream_address(f) : instr_tag_row(tag) == stream_row(f)) {
			answer->function = f + 1;
			if (f < 10 && s->reload_ticks && ticks >= s->reload_ticks)
				answer->function += 100;
			answer->flags = stream_is_dynamic(f) ? INSTR_ROW_DYNAMIC_STACK : 0;
			return 0;
		}
	}
	answer->function = 0;
	return 0;
}

/* Sites of the heap: ids from 300 on; the first ones are of the module that is loaded at another's place. */
enum { STREAM_SITES = 20, STREAM_SITES_RELOADED = 5 };
static inline uint64_t stream_site(unsigned site) { return UINT64_C(0x5a0000000000) + 16 * site; }
static inline int stream_site_of(const struct stream *s, uint64_t tag, uint64_t ticks, struct irt_function_answer *answer)
{
	unsigned site = (unsigned)((instr_tag_row(tag) - stream_site(0)) / 16);
	answer->function = site == STREAM_SITES - 1 ? 0 : 300 + site; /* the last one has no name */
	if (site < STREAM_SITES_RELOADED && s->reload_ticks && ticks >= s->reload_ticks)
		answer->function += 100;
	return 0;
}

static inline void stream_put(struct stream *s, uint64_t ticks, uint64_t tag)
{
	if (s->count == s->room) {
		s->room = s->room ? 2 * s->room : 4096;
		s->units = realloc(s->units, s->room * sizeof(*s->units));
	}
	s->units[s->count++] = (struct instr_unit){ticks, tag};
}

static inline void stream_put_ext(struct stream *s, enum instr_ext ext, uint64_t row, uint64_t a, uint64_t b)
{
	stream_put(s, s->ticks, instr_ext_tag(ext, 2, row));
	stream_put(s, a, b);
}

/* Any address and any size: nothing of it is a history of blocks. But every other one is what a loop does that frees
 * what was allocated not long ago, so that most of it is predicted. */
static inline void stream_heap(struct stream *s)
{
	unsigned kind = stream_pick(s, 4), site = stream_pick(s, STREAM_SITES);
	uint64_t address = UINT64_C(0x7f0000000000) + 16 * stream_pick(s, 5000), bytes = 0;
	int loop = stream_chance(s, 2);
	if (loop) {
		kind = s->heap_turn++ % 2;
		site = kind;
		address = UINT64_C(0x7f0000100000) + 16 * stream_pick(s, 20);
	}
	if (stream_chance(s, 10))
		address = stream_chance(s, 2) ? 0 : stream_random(&s->seed) & IRT_HEAP_ADDRESS_MASK;
	if (kind == INSTR_EXT_ALLOC - INSTR_EXT_ALLOC || kind == INSTR_EXT_RESIZED - INSTR_EXT_ALLOC)
		bytes = loop && stream_chance(s, 2) ? 24 : stream_random(&s->seed) >> (16 + stream_pick(s, 48));
	if (kind == INSTR_EXT_RESIZED - INSTR_EXT_ALLOC && stream_chance(s, 5))
		bytes = INSTR_HEAP_BYTES_MASK;
	stream_put_ext(s, (enum instr_ext)(INSTR_EXT_ALLOC + kind), stream_site(site), instr_hidden(address),
		       bytes | (uint64_t)(loop ? 1 : 1 + stream_pick(s, 3)) << INSTR_HEAP_FAMILY_SHIFT);
}

static inline void stream_block(struct stream *s)
{
	uint64_t bytes = stream_random(&s->seed) >> (16 + stream_pick(s, 48)), took = stream_random(&s->seed) >> (9 + stream_pick(s, 54));
	unsigned site = stream_pick(s, STREAM_SITES);
	if (stream_chance(s, 50))
		took = stream_random(&s->seed); /* no such time */
	if (stream_chance(s, 2)) { /* one of two that come again and again, and mostly return */
		site = stream_pick(s, 2);
		stream_put(s, s->ticks, instr_ext_tag(INSTR_EXT_BLOCKING, 1, stream_site(site)));
		if (stream_chance(s, 4))
			return;
		took = stream_pick(s, 500);
		s->ticks += took;
	}
	stream_put_ext(s, INSTR_EXT_BLOCK, stream_site(site), took,
		       bytes | (uint64_t)stream_pick(s, 16) << INSTR_BLOCK_KIND_SHIFT | (stream_chance(s, 5) ? INSTR_BLOCK_FAILED : 0));
}

static inline void stream_thread(struct stream *s)
{
	uint64_t control = stream_chance(s, 10) ? stream_random(&s->seed) : UINT64_C(0x7f1000000000) + 64 * stream_pick(s, 100);
	uint64_t begun = stream_chance(s, 20) ? stream_random(&s->seed) : s->ticks - stream_pick(s, 1 << 20);
	stream_put_ext(s, INSTR_EXT_THREAD, stream_site(stream_pick(s, STREAM_SITES)), instr_hidden(control), begun);
}

static inline void stream_advance(struct stream *s)
{
	if ((s->features & STREAM_SLOW_TIME) && stream_chance(s, 30)) {
		uint64_t most = UINT64_C(1) << (5 + stream_pick(s, 36));
		s->ticks += stream_random(&s->seed) % most;
	} else {
		s->ticks += 26 * stream_pick(s, 6);
		if (stream_chance(s, 4))
			s->ticks += stream_pick(s, 40);
	}
}

/* A hook runs in function f at stack pointer sp. */
static inline void stream_hook(struct stream *s, enum instr_kind kind, unsigned f, uint64_t sp)
{
	uint64_t ticks;
	int cyg = f >= STREAM_CYG;
	uint64_t half = cyg ? STREAM_ANCHOR_HALF_CYG : STREAM_ANCHOR_HALF;

	stream_advance(s);
	if (s->muted) {
		if (!s->lost++)
			s->lost_since = s->ticks;
		if (--s->muted)
			return;
		s->ticks += 5;
		stream_put_ext(s, INSTR_EXT_GAP, 0, s->lost, s->lost_since);
		s->lost = 0;
		return;
	}
	if (sp - s->anchor + half >= 2 * half) {
		s->anchor = sp;
		stream_put_ext(s, INSTR_EXT_STACK, 0, sp, 0);
	}
	if ((s->features & STREAM_WAIT) && stream_chance(s, 50)) {
		uint64_t waited = stream_pick(s, 5000);
		s->ticks += waited;
		if (stream_chance(s, 5))
			waited += 9999; /* more than has passed */
		stream_put_ext(s, INSTR_EXT_WAIT, 0, waited, 0);
		s->ticks += 20;
	}
	ticks = s->ticks;
	if ((s->features & STREAM_BACKWARDS) && stream_chance(s, 40))
		ticks -= stream_pick(s, 300);
	if (cyg) {
		kind = kind == INSTR_ENTER ? INSTR_CYG_ENTER : INSTR_CYG_EXIT;
		stream_put(s, ticks, (uint64_t)kind | stream_address(f) << INSTR_CYG_SHIFT | sp << INSTR_CYG_SP_SHIFT);
	} else {
		stream_put(s, ticks, instr_tag(kind, stream_row(f), sp));
	}
	if ((s->features & STREAM_HEAP) && stream_chance(s, 4)) {
		if (stream_chance(s, 3))
			s->ticks += stream_pick(s, 200);
		if (stream_chance(s, 5))
			stream_block(s);
		else if (stream_chance(s, 10))
			stream_thread(s);
		else
			stream_heap(s);
	}
	if ((s->features & STREAM_UNKNOWN_EXT) && stream_chance(s, 60)) {
		unsigned units = 1 + stream_pick(s, 4);
		stream_put(s, s->ticks, instr_ext_tag((enum instr_ext)(50 + stream_pick(s, 100)), units, 0));
		for (unsigned i = 1; i < units; i++) {
			uint64_t nonsense = stream_random(&s->seed);
			stream_put(s, nonsense, stream_random(&s->seed));
		}
	}
}

static inline unsigned stream_id(const struct stream *s, unsigned f)
{
	return f < 10 && s->reload_ticks && s->ticks >= s->reload_ticks ? f + STREAM_FUNCTIONS : f;
}

static inline void stream_call(struct stream *s, unsigned f)
{
	uint64_t size = 16 + 16 * stream_pick(s, 40);
	uint64_t sp = s->depth ? s->calls[s->depth - 1].sp : s->base_sp;

	if (s->depth >= STREAM_DEPTH)
		return;
	if ((s->features & STREAM_BIG_FRAMES) && stream_chance(s, 20))
		size += 16 * stream_pick(s, 20000);
	sp -= size;
	s->calls[s->depth++] = (struct stream_call){f, sp};
	stream_hook(s, INSTR_ENTER, f, sp);
	s->calls_of[stream_id(s, f)]++;
}

static inline void stream_end(struct stream *s, enum instr_kind kind)
{
	struct stream_call *c = &s->calls[s->depth - 1];
	uint64_t sp = c->sp;

	if (c->function >= STREAM_CYG)
		kind = INSTR_EXIT;
	if ((s->features & STREAM_DYNAMIC_STACK) && stream_is_dynamic(c->function))
		sp -= 16 * stream_pick(s, 30);
	stream_hook(s, kind, c->function, sp);
	s->ends_of[stream_id(s, c->function)]++;
	s->depth--;
}

static inline unsigned stream_function(struct stream *s)
{
	unsigned n = s->features & STREAM_CYG_CALLS ? STREAM_FUNCTIONS : STREAM_CYG;
	unsigned f = stream_pick(s, n);
	/* a few edges are hot */
	if (!stream_chance(s, 4))
		f = s->depth ? (s->calls[s->depth - 1].function * 3 + stream_pick(s, 3)) % n : 1;
	return f;
}

static inline int stream_happens(struct stream *s, unsigned feature, unsigned one_in)
{
	return (s->features & feature) && stream_chance(s, one_in);
}

static inline void stream_step(struct stream *s)
{
	if (s->depth == 0) {
		stream_call(s, stream_function(s));
		return;
	}
	if (stream_happens(s, STREAM_UNWIND, 60)) {
		for (unsigned k = 1 + stream_pick(s, 4); k && s->depth; k--)
			stream_end(s, INSTR_UNWIND);
		return;
	}
	if (s->depth > 1 && stream_happens(s, STREAM_LANDED, 60)) {
		unsigned k = stream_pick(s, s->depth < 6 ? s->depth : 6);
		struct stream_call *to = &s->calls[s->depth - 1 - k];
		if (to->function >= STREAM_CYG)
			return; /* such code does not tell */
		for (unsigned i = 0; i < k; i++)
			s->ends_of[stream_id(s, s->calls[s->depth - 1 - i].function)]++;
		s->depth -= k;
		if (!s->muted) {
			uint64_t above = s->depth > 1 ? s->calls[s->depth - 2].sp : s->base_sp;
			stream_advance(s);
			stream_put_ext(s, INSTR_EXT_LANDED, stream_row(to->function), to->sp,
				       0);
			/* the frame address lies anywhere between stack pointer and caller */
			s->units[s->count - 1].ticks += (above - to->sp) / 16 > 1
				? 16 * stream_pick(s, (unsigned)((above - to->sp) / 16)) : 0;
		}
		return;
	}
	if (s->depth > 2 && stream_happens(s, STREAM_LONGJMP, 60)) {
		s->depth -= stream_pick(s, s->depth - 1);
		return;
	}
	if (stream_happens(s, STREAM_TAIL, 30) && s->calls[s->depth - 1].function < STREAM_CYG) {
		stream_end(s, INSTR_TAIL);
		stream_call(s, stream_function(s));
		return;
	}
	if (stream_happens(s, STREAM_ORPHAN, 80)) {
		unsigned f = stream_pick(s, STREAM_CYG);
		stream_hook(s, INSTR_EXIT, f, s->base_sp - 16 * stream_pick(s, 3000) - 8000);
		return;
	}
	if (!s->muted && stream_happens(s, STREAM_GAP, 150)) {
		s->muted = 1 + stream_pick(s, 30);
		return;
	}
	if (stream_happens(s, STREAM_HANDLER, 80)) {
		unsigned at = s->depth;
		for (unsigned k = 1 + stream_pick(s, 5); k; k--)
			stream_call(s, stream_function(s));
		while (s->depth > at)
			stream_end(s, INSTR_EXIT);
		return;
	}
	if (s->depth < STREAM_DEPTH - 20 && stream_happens(s, STREAM_ALT_STACK, 200)) {
		unsigned at = s->depth;
		uint64_t sp = s->calls[s->depth - 1].sp;
		s->calls[s->depth - 1].sp = stream_chance(s, 2) ? UINT64_C(0x7ffff0000000) : UINT64_C(0x10000000);
		for (unsigned k = 1 + stream_pick(s, 6); k; k--) {
			stream_call(s, stream_function(s));
			if (stream_chance(s, 2) && s->depth > at)
				stream_end(s, INSTR_EXIT);
		}
		while (s->depth > at)
			stream_end(s, INSTR_EXIT);
		s->calls[at - 1].sp = sp;
		return;
	}
	if ((s->features & STREAM_DEEP) && stream_chance(s, 400)) {
		unsigned f = stream_function(s), g = stream_function(s);
		for (unsigned k = 50 + stream_pick(s, 600); k && s->depth < STREAM_DEPTH - 20; k--) {
			stream_call(s, stream_chance(s, 10) ? g : f);
			if (stream_chance(s, 8)) {
				stream_call(s, stream_function(s));
				stream_end(s, INSTR_EXIT);
			}
		}
		return;
	}
	if (s->depth < 12 ? stream_pick(s, 9) < 5 : s->depth < 30 ? stream_pick(s, 9) < 4 : stream_chance(s, 4)) {
		stream_call(s, stream_function(s));
		if (stream_chance(s, 3))
			stream_end(s, INSTR_EXIT);
	} else {
		stream_end(s, INSTR_EXIT);
	}
}

/* The end of the record that begins at a unit. */
static inline size_t stream_record_end(const struct stream *s, size_t at)
{
	return at + (instr_tag_kind(s->units[at].tag) == INSTR_EXT ? instr_tag_ext_units(s->units[at].tag) : 1);
}

/* The first record's beginning at or behind a unit. */
static inline size_t stream_record_behind(const struct stream *s, size_t unit)
{
	size_t at = 0;
	while (at < unit)
		at = stream_record_end(s, at);
	return at;
}

/* About `events` events. The caller frees units. */
static inline void stream_make(struct stream *s, uint64_t seed, unsigned features, unsigned events)
{
	memset(s, 0, sizeof(*s));
	s->seed = seed;
	s->features = features;
	s->ticks = UINT64_C(1000000000) + stream_pick(s, 1000);
	s->base_sp = UINT64_C(0x7ffc12345670);
	for (unsigned i = 0; i < events; i++) {
		if ((features & STREAM_RELOAD) && i == events / 2) {
			s->ticks += 1000;
			s->reload_ticks = s->ticks;
			s->ticks += 1000;
		}
		stream_step(s);
	}
}

#endif
