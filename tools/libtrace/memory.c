/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * memory.c - how much memory a program that reads a trace may take (guard.c and temporary.c have the other limits).
 *
 * A small file can be made to grow while it is read: one long text in many rows, one row joined to many. What an honest file
 * of its size takes is far below this.
 */
#include "libtrace/internal.h"
#include "libtrace/limits.h"

#include <sys/resource.h>

enum { BYTES_PER_BYTE = 16 };

int64_t tr_bytes_at_least = 1 << 30;

static struct rlimit before;
static int limited;

int64_t tr_most_bytes(const struct tr_trace *trace)
{
	return tr_bytes_at_least + tr_stored_bytes(trace) * BYTES_PER_BYTE;
}

void tr_limit_memory(const struct tr_trace *trace)
{
	if (!INSTR_ADDRESSES_ARE_OURS || getrlimit(RLIMIT_AS, &before))
		return;
	struct rlimit now = before;
	rlim_t most = (rlim_t)tr_most_bytes(trace);
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
