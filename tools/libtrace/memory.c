/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * memory.c - how much memory a program that reads a trace may take (guard.c has the other limits).
 *
 * A small file can be made to grow while it is read: one long text in many rows, one row joined to many. What an honest file
 * of its size takes is far below this.
 */
#include "libtrace/internal.h"
#include "libtrace/limits.h"

#include <sys/resource.h>

static struct rlimit before;
static int limited;

void tr_limit_memory(const struct tr_trace *trace)
{
	static const rlim_t base_bytes = 1 << 30, bytes_per_byte = 16;

	if (!INSTR_ADDRESSES_ARE_OURS || getrlimit(RLIMIT_AS, &before))
		return;
	struct rlimit now = before;
	rlim_t most = base_bytes + (rlim_t)tr_stored_bytes(trace) * bytes_per_byte;
	if (most < now.rlim_cur)
		now.rlim_cur = most;
	limited = !setrlimit(RLIMIT_AS, &now);
}

void tr_unlimit_memory(void)
{
	if (limited)
		setrlimit(RLIMIT_AS, &before);
	limited = 0;
}

void tr_trim(struct tr_trace *trace)
{
	sqlite3_db_release_memory(trace->db);
}
