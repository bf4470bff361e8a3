/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * heap_ranges.c - see heap_internal.h: mappings. munmap takes any range: parts of a mapping, several at once, and
 * gaps between them; what is left of one stays where it came from.
 *
 *     |== A ==|   |==== B ====|         two mappings
 *         |-- munmap --|
 *     |= A|             |= B =|         two mappings
 *
 * All keys stand in one ascending array: a process has tens of thousands of mappings at most (vm.max_map_count).
 */
#include "fold/heap_internal.h"

/* Of the first mapping that begins behind the key. */
static size_t find_behind(const struct irt_heap *h, uint64_t key)
{
	size_t low = 0, high = h->range_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (h->ranges[middle] <= key)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

void irt_heap_add_range(struct irt_heap *h, uint64_t key)
{
	size_t at = find_behind(h, key);

	memmove(h->ranges + at + 1, h->ranges + at, (h->range_count++ - at) * sizeof(*h->ranges));
	h->ranges[at] = key;
}

void irt_heap_drop_range(struct irt_heap *h, uint64_t key)
{
	size_t at = find_behind(h, key);

	memmove(h->ranges + at - 1, h->ranges + at, (h->range_count-- - at) * sizeof(*h->ranges));
}

/* The part of a mapping between the two is gone: one piece is left of it, or two. */
static void cut_part(struct irt_heap *h, const struct irt_shared_event *e, struct block *b, uint64_t from, uint64_t to)
{
	struct block piece = *b;
	uint64_t end = b->address + b->bytes, gone = to - from;
	struct place *p = irt_heap_touch(h, b->place);
	struct irt_heap_sums *s = &h->sums[p->row.kind];

	if (b->stored)
		h->gone[h->gone_count++] = b->address;
	piece.stored = piece.seen = 0;
	irt_heap_remove(h, b);
	if (from > piece.address && to < end) {
		p->row.allocs++;
		p->row.resized++;
		s->allocs++;
		s->resized++;
	}
	p->row.freed_bytes += gone;
	s->freed_bytes += gone;
	irt_heap_count_release(h, e, 0, gone);
	if (from > piece.address) {
		piece.bytes = from - piece.address;
		irt_heap_insert(h, &piece);
	}
	if (to < end) {
		piece.address = to;
		piece.bytes = end - to;
		irt_heap_insert(h, &piece);
	}
}

uint64_t irt_heap_cut(struct irt_heap *h, const struct irt_shared_event *e, const struct heap_thread *t)
{
	uint64_t from = e->address, to = from + e->bytes, cut = 0;
	size_t i = find_behind(h, from);

	if (i) /* the one before may reach into it */
		i--;
	while (i < h->range_count && h->ranges[i] < to) {
		struct block *b = irt_heap_find(h, h->ranges[i]), ended = *b;
		uint64_t end = b->address + b->bytes;
		uint64_t first = from > b->address ? from : b->address, last = to < end ? to : end;
		if (first >= last && (b->bytes || b->address < from)) {
			i++;
			continue;
		}
		cut += last - first;
		if (first > b->address || last < end) {
			i += first > b->address;
			cut_part(h, e, b, first, last);
			if (last < end)
				break;
			continue;
		}
		irt_heap_remove(h, b);
		irt_heap_end_block(h, e, t, &ended);
	}
	return cut;
}
