/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * heap_stage.h - a heap and a few events, for tests of one rule at a time.
 */
#ifndef TESTS_UNIT_HEAP_STAGE_H
#define TESTS_UNIT_HEAP_STAGE_H

#include "heap_file.h"

static struct irt_heap *heap;
static struct heap_file file;
static int64_t now;
static uint32_t context;

enum { P = 0x1000, Q = 0x2000, R = 0x3000, S = 0x4000, SLACK = IRT_HEAP_SLACK_TICKS };
enum { MALLOC = INSTR_FAMILY_MALLOC, NEW = INSTR_FAMILY_NEW };
#define FAILED IRT_HEAP_FAILED

static inline void begin(void)
{
	irt_heap_destroy(heap);
	file_fini(&file);
	CHECK_EQ(irt_heap_create(&heap, false), 0);
	now = 1000000;
	context = 1;
}

static inline int try_put(uint32_t thread, uint32_t operation, uint64_t address, uint64_t bytes, uint32_t site)
{
	struct irt_shared_event e = {.ticks = now, .address = address, .bytes = bytes, .context = context, .site = site,
				   .thread = thread, .operation = operation};
	int err = irt_heap_add(heap, &e);
	now += err ? 0 : 100;
	return err;
}

static inline void put(uint32_t thread, uint32_t operation, uint64_t address, uint64_t bytes, uint32_t site)
{
	CHECK_EQ(try_put(thread, operation, address, bytes, site), 0);
}

/* Sites: 10 takes, 20 gives back, 30 resizes; families: that of malloc. */
static inline void alloc(uint32_t thread, uint64_t address, uint64_t bytes)
{
	put(thread, IRT_OP_ALLOC, address, bytes, irt_site(10, MALLOC));
}
static inline void release(uint32_t thread, uint64_t address) { put(thread, IRT_OP_FREE, address, 0, irt_site(20, MALLOC)); }
static inline void resize(uint32_t thread, uint64_t address) { put(thread, IRT_OP_RESIZE, address, 0, irt_site(30, MALLOC)); }
static inline void resized(uint32_t thread, uint64_t address, uint64_t bytes)
{
	put(thread, IRT_OP_RESIZED, address, bytes, irt_site(30, MALLOC));
}
static inline void settle(void) { CHECK_EQ(irt_heap_settle(heap, INT64_MAX), 0); }

static inline struct irt_heap_sums sums(void)
{
	struct irt_heap_sums s;
	irt_heap_sums(heap, IRT_HEAP_HEAP, &s);
	return s;
}

/* Brings all to rows, and looks at what must always hold. */
static inline void done(void)
{
	settle();
	file_save(&file, heap);
	CHECK_EQ(file.pending_bytes, 0);
	file_check(&file);
}

/* Another drain goes on. */
static inline void restart(void)
{
	file_save(&file, heap);
	irt_heap_destroy(heap);
	heap = NULL;
	heap = file_restore(&file, false);
}

static inline struct irt_heap_place place(uint32_t site_id)
{
	const struct file_place *p = file_place(&file, context, site_id);
	return p ? p->row : (struct irt_heap_place){0};
}

static inline uint64_t faults(enum irt_heap_fault_kind kind)
{
	uint64_t n = 0;
	for (size_t i = 0; i < file.fault_count; i++)
		n += file.faults[i].kind == kind ? file.faults[i].count : 0;
	return n;
}

static inline uint64_t bucket_count(const uint8_t *bytes, size_t count, unsigned bucket)
{
	struct irt_histogram h = {0};
	CHECK_EQ(irt_histogram_read(&h, bytes, count), 0);
	uint64_t n = bucket >= h.first && bucket < (unsigned)h.first + h.span ? h.counts[bucket - h.first] : 0;
	irt_histogram_fini(&h);
	return n;
}

static inline int heap_stage_main(int argc, char **argv)
{
	int failed = check_main(argc, argv);
	irt_heap_destroy(heap);
	file_fini(&file);
	return failed;
}

#endif
