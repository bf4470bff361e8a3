/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * heap_file.h - the rows of one heap as a database keeps them: what each save puts and deletes, by the keys
 * of the tables, and a heap made of them again.
 */
#ifndef TESTS_UNIT_HEAP_FILE_H
#define TESTS_UNIT_HEAP_FILE_H

#include "check.h"
#include "fold/event.h"
#include "fold/heap.h"
#include "instr/errors.h"
#include "instr/hooks.h"

struct file_place {
	struct irt_heap_place row; /* but its histograms */
	uint8_t sizes[IRT_HISTOGRAM_BYTES_MAX], lifetimes[IRT_HISTOGRAM_BYTES_MAX];
	size_t sizes_bytes, lifetimes_bytes;
};

struct heap_file {
	bool has_sums[IRT_HEAP_KINDS];
	struct irt_heap_sums sums[IRT_HEAP_KINDS];
	struct irt_heap_block *blocks;
	struct file_place *places;
	struct irt_heap_fault *faults;
	size_t block_count, block_room, place_count, place_room, fault_count, fault_room;
	uint8_t *pending;
	size_t pending_bytes;
};

#define FILE_ROOM(array, room, want)                                                        \
	do {                                                                                \
		if ((want) > (room)) {                                                      \
			(room) = 2 * (want) + 16;                                           \
			(array) = realloc((array), (room) * sizeof(*(array)));              \
		}                                                                           \
	} while (0)

static inline enum irt_heap_kind file_kind(const struct irt_heap_block *b) { return irt_heap_kind(irt_site_family(b->site)); }

static inline struct irt_heap_block *file_block(const struct heap_file *f, enum irt_heap_kind kind, uint64_t address)
{
	for (size_t i = 0; i < f->block_count; i++)
		if (f->blocks[i].address == address && file_kind(&f->blocks[i]) == kind)
			return &f->blocks[i];
	return NULL;
}

static inline struct file_place *file_place(const struct heap_file *f, uint32_t context, uint32_t site_id)
{
	for (size_t i = 0; i < f->place_count; i++)
		if (f->places[i].row.context == context && f->places[i].row.site_id == site_id)
			return &f->places[i];
	return NULL;
}

static inline int file_put_gone(void *user, enum irt_heap_kind kind, uint64_t address)
{
	struct heap_file *f = user;
	struct irt_heap_block *b = file_block(f, kind, address);
	if (b)
		*b = f->blocks[--f->block_count];
	return 0;
}

static inline int file_put_block(void *user, const struct irt_heap_block *row)
{
	struct heap_file *f = user;
	struct irt_heap_block *b = file_block(f, file_kind(row), row->address);
	if (!b) {
		FILE_ROOM(f->blocks, f->block_room, f->block_count + 1);
		b = &f->blocks[f->block_count++];
	}
	*b = *row;
	return 0;
}

static inline int file_put_place(void *user, const struct irt_heap_place *row)
{
	struct heap_file *f = user;
	struct file_place *p = file_place(f, row->context, row->site_id);
	if (!p) {
		FILE_ROOM(f->places, f->place_room, f->place_count + 1);
		p = &f->places[f->place_count++];
	}
	p->row = *row;
	p->sizes_bytes = irt_histogram_write(&row->sizes, p->sizes);
	p->lifetimes_bytes = irt_histogram_write(&row->lifetimes, p->lifetimes);
	p->row.sizes = p->row.lifetimes = (struct irt_histogram){0};
	return 0;
}

static inline int file_put_fault(void *user, const struct irt_heap_fault *row)
{
	struct heap_file *f = user;
	struct irt_heap_fault *o = f->faults;
	for (size_t i = 0; i < f->fault_count; i++, o++) {
		if (o->kind == row->kind && o->context == row->context && o->site_id == row->site_id &&
		    o->block_context == row->block_context && o->block_site_id == row->block_site_id) {
			*o = *row;
			return 0;
		}
	}
	FILE_ROOM(f->faults, f->fault_room, f->fault_count + 1);
	f->faults[f->fault_count++] = *row;
	return 0;
}

/* A checkpoint, in the drain's order. */
static inline void file_save(struct heap_file *f, struct irt_heap *heap)
{
	free(f->pending);
	CHECK_EQ(irt_heap_pack(heap, &f->pending, &f->pending_bytes), 0);
	for (int kind = 0; kind < IRT_HEAP_KINDS; kind++)
		f->has_sums[kind] |= irt_heap_sums(heap, kind, &f->sums[kind]);
	CHECK_EQ(irt_heap_each_gone(heap, f, file_put_gone), 0);
	CHECK_EQ(irt_heap_each_block(heap, f, file_put_block), 0);
	CHECK_EQ(irt_heap_each_place(heap, f, file_put_place), 0);
	CHECK_EQ(irt_heap_each_fault(heap, f, file_put_fault), 0);
	irt_heap_saved(heap);
	CHECK(!irt_heap_is_unsaved(heap));
}

/* The rows may have been changed to nonsense. 0, or what was said to them; *out is a heap in any case. */
static inline int file_try(const struct heap_file *f, bool forked, struct irt_heap **out)
{
	int err = irt_heap_create(out, forked);
	for (int kind = 0; kind < IRT_HEAP_KINDS && !err; kind++)
		err = f->has_sums[kind] ? irt_heap_restore_sums(*out, kind, &f->sums[kind]) : 0;
	for (size_t i = 0; i < f->place_count && !err; i++) {
		struct irt_heap_place row = f->places[i].row;
		err = irt_histogram_read(&row.sizes, f->places[i].sizes, f->places[i].sizes_bytes);
		if (!err)
			err = irt_histogram_read(&row.lifetimes, f->places[i].lifetimes, f->places[i].lifetimes_bytes);
		if (!err)
			err = irt_heap_restore_place(*out, &row);
		if (err) {
			irt_histogram_fini(&row.sizes);
			irt_histogram_fini(&row.lifetimes);
		}
	}
	for (size_t i = 0; i < f->block_count && !err; i++)
		err = irt_heap_restore_block(*out, &f->blocks[i]);
	for (size_t i = 0; i < f->fault_count && !err; i++)
		err = irt_heap_restore_fault(*out, &f->faults[i]);
	if (!err && f->pending_bytes)
		err = irt_heap_unpack(*out, f->pending, f->pending_bytes);
	return err;
}

static inline struct irt_heap *file_restore(const struct heap_file *f, bool forked)
{
	struct irt_heap *heap;
	CHECK_EQ(file_try(f, forked, &heap), 0);
	return heap;
}

static inline void file_fini(struct heap_file *f)
{
	free(f->blocks);
	free(f->places);
	free(f->faults);
	free(f->pending);
	memset(f, 0, sizeof(*f));
}

/* What must hold of the rows of any heap that has nothing pending: sums are those of the places, what is
 * alive has a row, and the peak is what the places had at it. */
static inline void file_check_kind(const struct heap_file *f, enum irt_heap_kind kind)
{
	const struct irt_heap_sums *s = &f->sums[kind];
	struct irt_heap_place all = {0};
	uint64_t live_blocks = 0, live_bytes = 0;
	for (size_t i = 0; i < f->place_count; i++) {
		const struct irt_heap_place *p = &f->places[i].row;
		uint64_t blocks = 0, bytes = 0;
		if (p->kind != kind)
			continue;
		for (size_t k = 0; k < f->block_count; k++) {
			const struct irt_heap_block *b = &f->blocks[k];
			if (b->context == p->context && irt_site_id(b->site) == p->site_id) {
				blocks++;
				bytes += b->bytes;
			}
		}
		CHECK_EQ(p->allocs - p->frees, blocks);
		CHECK_EQ(p->bytes - p->freed_bytes, bytes);
		CHECK(p->peak_bytes <= p->max_bytes && bytes <= p->max_bytes);
		all.allocs += p->allocs;
		all.bytes += p->bytes;
		all.frees += p->frees;
		all.freed_bytes += p->freed_bytes;
		all.failed += p->failed;
		all.resized += p->resized;
		all.temporary += p->temporary;
		all.crossed += p->crossed;
		all.released += p->released;
		all.peak_blocks += p->peak_blocks;
		all.peak_bytes += p->peak_bytes;
	}
	for (size_t k = 0; k < f->block_count; k++) {
		if (file_kind(&f->blocks[k]) != kind)
			continue;
		live_blocks++;
		live_bytes += f->blocks[k].bytes;
	}
	CHECK_EQ(s->allocs, all.allocs);
	CHECK_EQ(s->bytes, all.bytes);
	CHECK_EQ(s->frees, all.frees);
	CHECK_EQ(s->freed_bytes, all.freed_bytes);
	CHECK_EQ(s->failed, all.failed);
	CHECK_EQ(s->resized, all.resized);
	CHECK_EQ(s->temporary, all.temporary);
	CHECK_EQ(s->crossed, all.crossed);
	CHECK_EQ(s->peak_blocks, all.peak_blocks);
	CHECK_EQ(s->peak_bytes, all.peak_bytes);
	CHECK_EQ(s->frees, all.released + s->lost);
	CHECK_EQ(s->allocs - s->frees, live_blocks);
	CHECK_EQ(s->bytes - s->freed_bytes, live_bytes);
}

static inline void file_check(const struct heap_file *f)
{
	for (int kind = 0; kind < IRT_HEAP_KINDS; kind++)
		file_check_kind(f, kind);
}

#endif
