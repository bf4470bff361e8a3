/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * decode.c - bytes of a chunk to events, for input that may be damaged or hostile.
 *
 * The same walk over states as the encoder's (fold/walk.h), without rows: a successor is
 *
 *     0               none yet
 *     SUCC_EXIT ..    one of the three ends of a call
 *     else            context << 1 | folded
 *
 * State 2c = "just entered c", 2c + 1 = "just returned from c to its parent". Contexts come from the
 * side stream alone and are checked there, so every number below is in bounds.
 *
 * Calls that the chunk begins are on a stack of their own. Below them lie those that were open when it
 * began: of these only the innermost is known at any time; each, when it ends, takes its enter time
 * and the one below it from the list of closed calls.
 */
#include "encode/decode_internal.h"

#include <emmintrin.h>
#include <stdlib.h>
#include <string.h>

#include "fold/array.h"
#include "fold/heap.h"
#include "fold/varint.h"

enum {
	GOING = 1,
	BLOCK = IRT_DECODE_BLOCK,
	RANKS = 4,
};
#define unlikely(x) __builtin_expect(!!(x), 0)
#define SUCC_EXIT UINT32_C(0xfffffff0)
#define SUCC_UNWIND (SUCC_EXIT + 1)
#define SUCC_TAIL (SUCC_EXIT + 2)

int irt_chunk_decoder_create(struct irt_chunk_decoder **out)
{
	struct irt_chunk_decoder *d = calloc(1, sizeof(*d));

	*out = NULL;
	if (!d)
		return INSTR_ERR_MEMORY;
	*out = d;
	return 0;
}

void irt_chunk_decoder_destroy(struct irt_chunk_decoder *d)
{
	if (!d)
		return;
	ZSTD_freeDCtx(d->zstd);
	free(d->streams);
	free(d->states);
	free(d->touched);
	free(d->calls);
	free(d->popped);
	free(d);
}

void irt_chunk_decoder_trim(struct irt_chunk_decoder *d)
{
	ZSTD_freeDCtx(d->zstd);
	d->zstd = NULL;
}

size_t irt_chunk_decoder_bytes(const struct irt_chunk_decoder *d)
{
	/* Of what is zero until it is used, what is. */
	return sizeof(*d) + d->stream_room + d->touched_count * (2 * RANKS * sizeof(*d->states) + sizeof(*d->touched)) +
	       d->call_room * sizeof(*d->calls) + d->popped_room * sizeof(*d->popped) + (d->zstd ? ZSTD_sizeof_DCtx(d->zstd) : 0);
}

/* ---- the head ------------------------------------------------------------------------------------ */

struct layout {
	unsigned codecs[STREAMS];
	uint64_t stored[STREAMS];
	uint64_t raw[STREAMS];
	uint64_t closed_count, closed_bytes;
};

static int read_head(const uint8_t *data, size_t bytes, struct irt_chunk_header *h, struct layout *l)
{
	const uint8_t *p = data + 2, *end = data + bytes;
	uint64_t unit, ticks, context, side;

	memset(h, 0, sizeof(*h));
	if (bytes < 2)
		return INSTR_ERR_FORMAT;
	h->version = data[0];
	if (h->version != CHUNK_VERSION)
		return INSTR_ERR_VERSION;
	for (int i = 0; i < STREAMS; i++) {
		l->codecs[i] = data[1] >> 2 * i & 3;
		if (l->codecs[i] != IRT_CODEC_NONE && l->codecs[i] != IRT_CODEC_ZSTD)
			return INSTR_ERR_FORMAT;
		if (l->codecs[i])
			h->codec = l->codecs[i];
	}
	if (data[1] >> 6 || !irt_get_varint(&p, end, &h->events) || !irt_get_varint(&p, end, &unit) ||
	    !irt_get_varint(&p, end, &ticks) || !irt_get_varint(&p, end, &context) ||
	    !irt_get_varint(&p, end, &h->start_depth) || !irt_get_varint(&p, end, &l->closed_count) ||
	    !irt_get_varint(&p, end, &l->closed_bytes) || !irt_get_varint(&p, end, &side))
		return INSTR_ERR_FORMAT;
	for (int i = 0; i < STREAMS; i++)
		if (!irt_get_varint(&p, end, &l->stored[i]))
			return INSTR_ERR_FORMAT;
	if (h->events == 0 || h->events > CHUNK_EVENTS_MAX || unit == 0 || unit > IRT_WALK_UNIT_MAX ||
	    context >= IRT_CCT_ID_SPAN || h->start_depth >= UINT32_MAX - CHUNK_EVENTS_MAX ||
	    l->closed_count > h->start_depth || l->closed_bytes > CHUNK_SIDE_MAX || side > CHUNK_SIDE_MAX ||
	    l->closed_bytes + side > CHUNK_SIDE_MAX || (context == IRT_CCT_ROOT) != (h->start_depth == 0))
		return INSTR_ERR_FORMAT;
	h->time_unit_ticks = (uint32_t)unit;
	h->start_ticks = irt_unzigzag(ticks);
	h->start_context = (uint32_t)context;
	h->min_depth = h->start_depth - l->closed_count;
	h->header_bytes = (size_t)(p - data);
	l->raw[0] = (h->events + 3) / 4;
	l->raw[1] = (h->events + 1) / 2;
	l->raw[2] = l->closed_bytes + side;
	side = (uint64_t)(end - p);
	for (int i = 0; i < STREAMS; i++) {
		if (l->stored[i] > side || (!l->codecs[i] && l->stored[i] != l->raw[i]))
			return INSTR_ERR_FORMAT;
		side -= l->stored[i];
	}
	return side ? INSTR_ERR_FORMAT : 0;
}

int irt_chunk_read_header(const uint8_t *data, size_t bytes, struct irt_chunk_header *header)
{
	struct layout l;

	return read_head(data, bytes, header, &l);
}

/* ---- beginning a chunk ------------------------------------------------------------------------------ */

static int unpack_stream(struct irt_chunk_decoder *d, unsigned codec, const uint8_t *in, size_t in_bytes,
			 uint8_t *out, size_t out_bytes)
{
	if (codec == IRT_CODEC_NONE) {
		if (in_bytes)
			memcpy(out, in, in_bytes);
		return 0;
	}
	if (!d->zstd && !(d->zstd = ZSTD_createDCtx()))
		return INSTR_ERR_MEMORY;
	size_t n = ZSTD_decompressDCtx(d->zstd, out, out_bytes, in, in_bytes);
	return ZSTD_isError(n) || n != out_bytes ? INSTR_ERR_FORMAT : 0;
}

static void forget_states(struct irt_chunk_decoder *d)
{
	for (size_t i = 0; i < d->touched_count; i++)
		memset(d->states + (size_t)d->touched[i] * RANKS, 0, RANKS * sizeof(*d->states));
	d->touched_count = 0;
}

int irt_chunk_open(struct irt_chunk_decoder *d, const struct irt_contexts *contexts, const uint8_t *data,
		   size_t bytes)
{
	struct layout l;
	const uint8_t *in;
	uint8_t *out;
	int err = read_head(data, bytes, &d->header, &l);

	forget_states(d);
	d->result = INSTR_ERR_FORMAT; /* until it is open */
	if (err)
		return err;
	if (!irt_contexts_has(contexts, d->header.start_context))
		return INSTR_ERR_FORMAT;
	if (contexts->limit > d->state_room) {
		/* all zero at this point */
		free(d->states);
		d->state_room = 0;
		d->states = calloc((size_t)contexts->limit * 2 * RANKS, sizeof(*d->states));
		if (!d->states)
			return INSTR_ERR_MEMORY;
		d->state_room = contexts->limit;
	}
	if (!irt_grow(&d->streams, &d->stream_room, l.raw[0] + l.raw[1] + l.raw[2] + 1, 1))
		return INSTR_ERR_MEMORY;
	in = data + d->header.header_bytes;
	out = d->streams;
	for (int i = 0; i < STREAMS; i++) {
		err = unpack_stream(d, l.codecs[i], in, l.stored[i], out, l.raw[i]);
		if (err)
			return err;
		in += l.stored[i];
		out += l.raw[i];
	}
	d->contexts = contexts;
	d->tokens = d->streams;
	d->times = d->tokens + l.raw[0];
	d->closed = d->times + l.raw[1];
	d->closed_end = d->side = d->closed + l.closed_bytes;
	d->side_end = out;
	d->done = d->unpacked = 0;
	if (d->heap_used)
		memset(&d->heap, 0, sizeof(d->heap));
	d->heap_used = false;
	memset(d->heap_count, 0, sizeof(d->heap_count));
	d->ticks = d->closed_enter = d->header.start_ticks;
	d->stopped = 0;
	d->state = 2 * d->header.start_context;
	d->call_count = 0;
	d->below_context = d->header.start_context;
	d->below_depth = d->header.start_depth;
	d->closed_left = l.closed_count;
	d->result = GOING;
	return 0;
}

/* ---- events ----------------------------------------------------------------------------------------- */

/* The next block of symbols: token << 4 | time. */
static void unpack_block(struct irt_chunk_decoder *d)
{
	const uint8_t *tokens = d->tokens + d->unpacked / 4, *times = d->times + d->unpacked / 2;
	uint64_t left = d->header.events - d->unpacked;
	size_t n = left < BLOCK ? (size_t)left : BLOCK, i = 0;
	const __m128i low = _mm_set1_epi8(15), three = _mm_set1_epi8(0x30), zero = _mm_setzero_si128();

	for (; i + 16 <= n; i += 16) {
		uint32_t four;
		__m128i t, v, a, b;
		memcpy(&four, tokens + i / 4, 4);
		t = _mm_cvtsi32_si128((int)four);
		/* each byte four times: bbbb; then its bits 0-1, 2-3, 4-5, 6-7 to bits 4-5 of each */
		t = _mm_unpacklo_epi8(t, t);
		t = _mm_unpacklo_epi16(t, t);
		a = _mm_and_si128(_mm_slli_epi32(t, 4), _mm_set1_epi32(0x00000030));
		a = _mm_or_si128(a, _mm_and_si128(_mm_slli_epi32(t, 2), _mm_set1_epi32(0x00003000)));
		a = _mm_or_si128(a, _mm_and_si128(t, _mm_set1_epi32(0x00300000)));
		a = _mm_or_si128(a, _mm_and_si128(_mm_srli_epi32(t, 2), _mm_set1_epi32(0x30000000)));
		a = _mm_and_si128(a, three);
		v = _mm_loadl_epi64((const __m128i *)(const void *)(times + i / 2));
		b = _mm_unpacklo_epi8(v, zero);
		b = _mm_and_si128(_mm_or_si128(b, _mm_slli_epi16(b, 4)), low);
		_mm_storeu_si128((__m128i *)(void *)(d->block + i), _mm_or_si128(a, b));
	}
	for (; i < n; i++)
		d->block[i] = (uint8_t)((tokens[i / 4] >> 2 * (i % 4) & 3) << 4 |
					(times[i / 2] >> 4 * (i % 2) & 15));
	d->unpacked += n;
}

/* Ends the innermost of the calls that were open before the chunk. */
static int end_below(struct irt_chunk_decoder *d, struct call *ended)
{
	uint64_t step, below;

	if (d->closed_left == 0 || d->below_context == IRT_CCT_ROOT ||
	    !irt_get_varint(&d->closed, d->closed_end, &step) ||
	    !irt_get_varint(&d->closed, d->closed_end, &below))
		return INSTR_ERR_FORMAT;
	d->closed_enter = (int64_t)((uint64_t)d->closed_enter - (uint64_t)irt_unzigzag(step));
	ended->enter = d->closed_enter;
	ended->context = d->below_context;
	ended->after = below ? 2 * (uint32_t)(below - 1) : 2 * d->below_context + 1;
	below = below ? below - 1 : d->contexts->rows[d->below_context].parent;
	if (!irt_contexts_has(d->contexts, below) ||
	    (below == IRT_CCT_ROOT) != (d->below_depth == 1))
		return INSTR_ERR_FORMAT;
	d->below_context = (uint32_t)below;
	d->below_depth--;
	d->closed_left--;
	return 0;
}

/* Ends the innermost call; which, in *ended. */
static int end_call(struct irt_chunk_decoder *d, struct call *ended)
{
	if (d->call_count == 0)
		return end_below(d, ended);
	*ended = d->calls[d->call_count--];
	return 0;
}

/* An operation, with its time. */
static int end_operation(struct irt_chunk_decoder *d, struct irt_event *e)
{
	if (e->operation == IRT_OP_WAIT) {
		d->stopped = (int64_t)((uint64_t)d->stopped + e->value);
	} else if (e->operation == IRT_OP_POP || e->operation == IRT_OP_LANDED) {
		for (uint64_t i = 1; i <= e->value; i++)
			d->popped[d->popped_count - i].ticks += (uint64_t)(e->ticks - d->stopped);
	} else if (e->operation == IRT_OP_BLOCKING) {
		d->heap.has_begun = true;
		d->heap.begun_ticks = e->ticks;
	} else if (e->operation == IRT_OP_BLOCK) {
		if (d->heap.has_begun)
			e->value += (uint64_t)e->ticks - (uint64_t)d->heap.begun_ticks;
		if (e->value >> 55)
			return INSTR_ERR_FORMAT;
	}
	return 0;
}

/* An operation that is no successor: its event. */
static int operate(struct irt_chunk_decoder *d, uint64_t opcode, struct irt_event *e)
{
	const uint8_t *end;
	struct call ended;
	uint64_t length;

	e->operation = (uint32_t)opcode;
	e->value = e->extra = 0;
	e->context = current_context(d);
	e->depth = depth_of(d);
	switch (opcode) {
	case IRT_OP_POP:
	case IRT_OP_LANDED:
		if (!irt_get_varint(&d->side, d->side_end, &e->value) || e->value == 0 ||
		    e->value > d->call_count + d->closed_left)
			return INSTR_ERR_FORMAT;
		if (!irt_grow(&d->popped, &d->popped_room, d->popped_count + (size_t)e->value, sizeof(*d->popped)))
			return INSTR_ERR_MEMORY;
		for (uint64_t i = 0; i < e->value; i++) {
			if (end_call(d, &ended))
				return INSTR_ERR_FORMAT;
			/* until the time is known: less the time that it was entered at */
			d->popped[d->popped_count++] = (struct irt_popped_call){0 - (uint64_t)ended.enter, ended.context};
		}
		d->state = ended.after;
		return 0;
	case IRT_OP_ORPHAN:
	case IRT_OP_WAIT:
		return irt_get_varint(&d->side, d->side_end, &e->value) ? 0 : INSTR_ERR_FORMAT;
	case IRT_OP_GAP:
		return irt_get_varint(&d->side, d->side_end, &e->value) &&
		       irt_get_varint(&d->side, d->side_end, &e->extra) ? 0 : INSTR_ERR_FORMAT;
	case IRT_OP_STACK:
		return 0;
	default:
		if (opcode < OPCODE_WITH_LENGTH || opcode > UINT32_MAX ||
		    !irt_get_varint(&d->side, d->side_end, &length) ||
		    length > (uint64_t)(d->side_end - d->side))
			return INSTR_ERR_FORMAT;
		end = d->side + length;
		if (((opcode >= IRT_OP_ALLOC && opcode <= IRT_OP_RESET) ||
		     (opcode >= IRT_OP_ACQUIRED && opcode <= IRT_OP_CONDITION)) && irt_decode_heap(d, end, NULL, 0, e))
			return INSTR_ERR_FORMAT;
		if ((opcode == IRT_OP_BLOCK || opcode == IRT_OP_BLOCKING) && irt_decode_block(d, end, NULL, e))
			return INSTR_ERR_FORMAT;
		if (opcode == IRT_OP_THREAD && irt_decode_thread(d, end, e))
			return INSTR_ERR_FORMAT;
		d->side = end; /* whatever more a later version may say */
		return 0;
	}
}

enum { IS_EVENT = 1 };

/* An escaped token: a successor (0; in *successor, made the first of its state) or an operation
 * (IS_EVENT; in *e, without its time). */
static __attribute__((noinline)) int escape(struct irt_chunk_decoder *d, uint32_t *successor,
					    struct irt_event *e)
{
	uint32_t *q = d->states + (size_t)d->state * RANKS;
	uint64_t what, opcode, context;

	if (!irt_get_varint(&d->side, d->side_end, &what))
		return INSTR_ERR_FORMAT;
	if (what == IRT_SIDE_EXIT) {
		*successor = SUCC_EXIT;
	} else if (what == IRT_SIDE_OPERATION) {
		if (!irt_get_varint(&d->side, d->side_end, &opcode))
			return INSTR_ERR_FORMAT;
		if (opcode == IRT_OP_UNWIND) {
			*successor = SUCC_UNWIND;
		} else if (opcode == IRT_OP_TAIL) {
			*successor = SUCC_TAIL;
		} else if (opcode == IRT_OP_FOLD) {
			if (!irt_get_varint(&d->side, d->side_end, &context) || context == IRT_CCT_ROOT ||
			    !irt_contexts_has(d->contexts, context))
				return INSTR_ERR_FORMAT;
			*successor = (uint32_t)context << 1 | 1;
		} else {
			int err = operate(d, opcode, e);
			return err ? err : IS_EVENT;
		}
	} else if (what % 2 == 0) {
		const struct irt_heap_prediction known = d->heap.slots[d->heap.last];
		int err = INSTR_ERR_FORMAT;
		if (known.operation == IRT_OP_BLOCK || known.operation == IRT_OP_BLOCKING)
			err = what == IRT_SIDE_HEAP ? irt_decode_block(d, d->side_end, &known, e) : INSTR_ERR_FORMAT;
		else if (known.operation)
			err = irt_decode_heap(d, d->side_end, &known, (what - IRT_SIDE_HEAP) / 2, e);
		return err ? err : IS_EVENT;
	} else {
		uint32_t child = 0;
		if ((what - IRT_SIDE_CHILD) / 2 <= UINT32_MAX)
			child = irt_contexts_child(d->contexts, current_context(d),
						   (uint32_t)((what - IRT_SIDE_CHILD) / 2));
		if (!child)
			return INSTR_ERR_FORMAT;
		*successor = child << 1;
	}
	if (q[0] == 0) {
		if (!irt_grow(&d->touched, &d->touched_room, d->touched_count + 1, sizeof(*d->touched)))
			return INSTR_ERR_MEMORY;
		d->touched[d->touched_count++] = d->state;
	}
	q[2] = q[1];
	q[1] = q[0];
	q[0] = *successor;
	return 0;
}

static __attribute__((noinline)) int long_time(struct irt_chunk_decoder *d, uint64_t *steps)
{
	if (!irt_get_varint(&d->side, d->side_end, steps))
		return INSTR_ERR_FORMAT;
	*steps += TIME_ESCAPE;
	return 0;
}

/* The event of a successor. Moves the stack; in *state, the next state. */
static inline int happen(struct irt_chunk_decoder *d, uint32_t successor, struct call **top, uint32_t depth,
			 struct irt_event *e, uint32_t *state)
{
	if (successor - 2 < SUCC_EXIT - 2) {
		struct call *call = ++*top;
		uint32_t context = successor >> 1;
		call->enter = e->ticks - d->stopped;
		call->context = context;
		call->after = 2 * context + 1;
		if (successor & 1) /* folded */
			call->after = 2 * (call > d->calls + 1 ? call[-1].context : d->below_context);
		*state = 2 * context;
		e->operation = IRT_OP_ENTER;
		e->value = 0;
		e->context = context;
		e->depth = depth + 1;
		return 0;
	}
	if (unlikely(successor == 0))
		return INSTR_ERR_FORMAT;
	e->depth = depth;
	e->operation = IRT_OP_EXIT + (successor - SUCC_EXIT);
	if (*top > d->calls) {
		const struct call *call = (*top)--;
		*state = call->after;
		e->value = (uint64_t)(e->ticks - d->stopped) - (uint64_t)call->enter;
		e->context = call->context;
		return 0;
	} else {
		struct call ended;
		if (end_below(d, &ended))
			return INSTR_ERR_FORMAT;
		*state = ended.after;
		e->value = (uint64_t)(e->ticks - d->stopped) - (uint64_t)ended.enter;
		e->context = ended.context;
		return 0;
	}
}

/* Decodes into [e, last) from the block's symbols; where it stopped, and in d->result why. Room for
 * the calls is there. */
static struct irt_event *decode(struct irt_chunk_decoder *d, const uint8_t *symbol, struct irt_event *e,
				const struct irt_event *last)
{
	const uint64_t unit = d->header.time_unit_ticks;
	uint32_t *const states = d->states, state = d->state;
	struct call *top = d->calls + d->call_count; /* calls[0]: none */
	uint64_t ticks = (uint64_t)d->ticks;

	for (; e < last; e++) {
		uint32_t *q = states + (size_t)state * RANKS, successor = q[0];
		uint64_t steps = *symbol & 15;
		unsigned token = *symbol++ >> 4;

		if (token != 0) {
			if (token == 1) {
				successor = q[1];
				q[1] = q[0];
				q[0] = successor;
			} else if (token == 2) {
				successor = q[2];
				q[2] = q[1];
				q[1] = q[0];
				q[0] = successor;
			} else {
				int err;
				d->state = state;
				d->call_count = (size_t)(top - d->calls);
				err = escape(d, &successor, e);
				state = d->state;
				top = d->calls + d->call_count;
				if (err < 0) {
					d->result = err;
					break;
				}
				if (err == IS_EVENT) {
					if (steps == TIME_ESCAPE && long_time(d, &steps)) {
						d->result = INSTR_ERR_FORMAT;
						break;
					}
					ticks += steps * unit;
					e->ticks = (int64_t)ticks;
					if (end_operation(d, e)) {
						d->result = INSTR_ERR_FORMAT;
						break;
					}
					continue;
				}
			}
		}
		if (steps == TIME_ESCAPE && long_time(d, &steps)) {
			d->result = INSTR_ERR_FORMAT;
			break;
		}
		ticks += steps * unit;
		e->ticks = (int64_t)ticks;
		if (happen(d, successor, &top, (uint32_t)(d->below_depth + (uint64_t)(top - d->calls)) - 1, e,
			   &state)) {
			d->result = INSTR_ERR_FORMAT;
			break;
		}
	}
	d->state = state;
	d->call_count = (size_t)(top - d->calls);
	d->ticks = (int64_t)ticks;
	return e;
}

long irt_chunk_next(struct irt_chunk_decoder *d, struct irt_event *events, size_t max)
{
	const uint8_t *symbol, *symbols_end;
	struct irt_event *end;

	d->popped_count = 0;
	if (d->result == GOING && d->done == d->header.events)
		d->result = d->side == d->side_end && d->closed == d->closed_end && d->closed_left == 0
				    ? 0 : INSTR_ERR_FORMAT; /* everything must have been used up */
	if (d->result != GOING || max == 0)
		return d->result != GOING ? d->result : 0;
	if (d->done == d->unpacked)
		unpack_block(d);
	symbols_end = d->block + ((d->unpacked - 1) % BLOCK + 1);
	symbol = symbols_end - (d->unpacked - d->done);
	if (max > (size_t)(symbols_end - symbol))
		max = (size_t)(symbols_end - symbol);
	if (!irt_grow(&d->calls, &d->call_room, d->call_count + max + 1, sizeof(*d->calls)))
		return INSTR_ERR_MEMORY;
	end = decode(d, symbol, events, events + max);
	d->done += (uint64_t)(end - events);
	return end > events ? end - events : d->result;
}

const struct irt_popped_call *irt_chunk_popped(const struct irt_chunk_decoder *d)
{
	return d->popped;
}

int irt_chunk_replay(struct irt_chunk_decoder *d, struct irt_walk *walk, uint64_t skip)
{
	struct irt_event events[256];
	long n;

	while ((n = irt_chunk_next(d, events, sizeof(events) / sizeof(events[0]))) > 0) {
		for (long i = 0; i < n; i++) {
			int err;
			if (skip) {
				skip--;
				irt_walk_replay_pass(walk, &events[i]);
				continue;
			}
			err = irt_walk_replay(walk, &events[i]);
			if (err)
				return err;
		}
	}
	return (int)n;
}
