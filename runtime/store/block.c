/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * block.c - the rows of calls that may block, to the file and back; as write.c and read.c.
 */
#include "store/store_internal.h"

int irt_store_put_block_totals(struct irt_store *store, const struct irt_store_block_totals *row)
{
	struct irt_binding b = irt_bind(store, IRT_ST_BLOCK_TOTALS);

	irt_bind_number(&b, row->context_id);
	irt_bind_number(&b, row->site_id);
	irt_bind_number(&b, row->descriptor);
	irt_bind_number(&b, row->with_lock);
	irt_bind_number(&b, row->calls);
	irt_bind_number(&b, row->failed);
	irt_bind_number(&b, row->bytes);
	irt_bind_number(&b, row->total_ticks);
	irt_bind_number(&b, row->max_ticks);
	irt_bind_blob(&b, row->times, row->times_bytes);
	return irt_bind_done(&b, "write totals of calls that may block");
}

IRT_READER(block_totals)
static void block_totals_columns(struct irt_cursor *c, struct irt_store_block_totals *row)
{
	row->context_id = irt_row_number(c);
	row->site_id = irt_row_number(c);
	row->descriptor = irt_row_number(c);
	row->with_lock = irt_row_number(c);
	row->calls = irt_row_number(c);
	row->failed = irt_row_number(c);
	row->bytes = irt_row_number(c);
	row->total_ticks = irt_row_number(c);
	row->max_ticks = irt_row_number(c);
	row->times = irt_row_blob(c, &row->times_bytes);
}

int irt_store_read_block_totals(struct irt_store *store, int64_t first, int64_t last, void *arg,
				int (*each)(void *arg, const struct irt_store_block_totals *row))
{
	struct block_totals_caller caller = {each};

	return irt_store_read_rows(store,
				   "SELECT context_id, site_id, descriptor, with_lock, calls, failed, bytes, total_ticks, max_ticks, times"
				   " FROM block_totals WHERE context_id BETWEEN ? AND ? ORDER BY context_id, site_id, descriptor, with_lock",
				   IRT_NO_KEY, first, last, arg, &caller, block_totals_row);
}
