/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * api.c - what instrumented modules call besides the hooks: their constructors register rows and
 * names, their destructors take them back (instr/hooks.h).
 */
#include "control/control.h"

#include "instr/instr.h"

#define IRT_EXPORT __attribute__((visibility("default")))

IRT_EXPORT void __instr_register(const struct instr_module *m);
IRT_EXPORT void __instr_unregister(const struct instr_module *m);
IRT_EXPORT int __instr_join(void);
IRT_EXPORT int __instr_memstats(struct instr_memstats *stats);
IRT_EXPORT void __instr_pool_alloc(const void *pool, const void *block, size_t bytes);
IRT_EXPORT void __instr_pool_free(const void *pool, const void *block);
IRT_EXPORT void __instr_pool_reset(const void *pool);
IRT_EXPORT int __instr_join_with(const char *options);

static int is_usable(const struct instr_module *m)
{
	return m->abi == INSTR_ABI && m->bytes >= sizeof(*m) && m->rows_begin <= m->rows_end &&
	       m->skipped_begin <= m->skipped_end && (uint64_t)m->rows_end < UINT64_C(1) << 47;
}

void __instr_register(const struct instr_module *m)
{
	uint64_t ticks = irt_ticks();
	if (!__instr_join() || !is_usable(m))
		return;
	irt_count_module(1);
	irt_log_module(m, irt_filter_module(m), ticks);
	irt_note_exit_from(m);
}

void __instr_unregister(const struct instr_module *m)
{
	if (irt_load_acquire(&irt_local.gate) != IRT_GATE_ON || !is_usable(m)) /* A13 */
		return;
	irt_log_unload(m, irt_ticks());
	irt_count_module(-1);
}

int __instr_memstats(struct instr_memstats *stats)
{
	const struct irt_process *p = irt_load_relaxed(&irt_local.process);
	if (irt_load_acquire(&irt_local.gate) != IRT_GATE_ON || irt_load_relaxed(&irt_local.heap_off) || !p) /* A13 */
		return -1;
	stats->allocs = irt_load_relaxed(&p->heap[IRT_HEAP_ALLOCS]);
	stats->bytes = irt_load_relaxed(&p->heap[IRT_HEAP_BYTES]);
	stats->live_blocks = irt_load_relaxed(&p->heap[IRT_HEAP_LIVE_BLOCKS]);
	stats->live_bytes = irt_load_relaxed(&p->heap[IRT_HEAP_LIVE_BYTES]);
	stats->peak_bytes = irt_load_relaxed(&p->heap[IRT_HEAP_PEAK_BYTES]);
	return 0;
}

/* The compiler plugin puts hooks in the place of their calls. */
void __instr_pool_alloc(const void *pool, const void *block, size_t bytes)
{
	(void)pool, (void)block, (void)bytes;
}

void __instr_pool_free(const void *pool, const void *block) { (void)pool, (void)block; }
void __instr_pool_reset(const void *pool) { (void)pool; }

/* Brings the process into a run even if it has no instrumented module: instr-run does so to be the
 * ancestor by which its children find one run. options are settings as in INSTR_OPTIONS, which they
 * follow; they must stay. Returns 1 if it is recording. */
int __instr_join_with(const char *options)
{
	irt_extra_options = options;
	return __instr_join();
}

int __instr_join(void)
{
	uint64_t gate = irt_load_acquire(&irt_local.gate); /* A13 */
	return gate == IRT_GATE_COLD ? irt_join() : gate == IRT_GATE_ON;
}
