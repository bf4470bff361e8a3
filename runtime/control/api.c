/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * api.c - what instrumented modules call besides the hooks: their constructors register rows and
 * names, their destructors take them back (instr/hooks.h).
 */
#include "control/control.h"

#define IRT_EXPORT __attribute__((visibility("default")))

IRT_EXPORT void __instr_register(const struct instr_module *m);
IRT_EXPORT void __instr_unregister(const struct instr_module *m);
IRT_EXPORT int __instr_join(void);
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
	irt_log_module(m, ticks);
	irt_note_exit_from(m);
}

void __instr_unregister(const struct instr_module *m)
{
	if (irt_load_acquire(&irt_local.gate) != IRT_GATE_ON || !is_usable(m)) /* A13 */
		return;
	irt_log_unload(m, irt_ticks());
	irt_count_module(-1);
}

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
