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

int irt_store_put_open_blocks(struct irt_store *store, int64_t process_id, int64_t thread_id,
			      const struct irt_store_open_block *blocks, size_t count)
{
	struct irt_binding b = irt_bind(store, IRT_ST_DELETE_OPEN_BLOCKS);
	int result;

	irt_bind_number(&b, thread_id);
	result = irt_bind_done(&b, "write calls that block");
	for (size_t i = 0; i < count && !result; i++) {
		b = irt_bind(store, IRT_ST_OPEN_BLOCK);
		irt_bind_number(&b, process_id);
		irt_bind_number(&b, thread_id);
		irt_bind_number(&b, blocks[i].depth);
		irt_bind_number(&b, blocks[i].context_id);
		irt_bind_number(&b, blocks[i].site_id);
		irt_bind_number(&b, blocks[i].start_ticks);
		result = irt_bind_done(&b, "write calls that block");
	}
	return result;
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

IRT_READER(open_block)
static void open_block_columns(struct irt_cursor *c, struct irt_store_open_block *row)
{
	row->depth = irt_row_number(c);
	row->context_id = irt_row_number(c);
	row->site_id = irt_row_number(c);
	row->start_ticks = irt_row_number(c);
}

int irt_store_read_open_blocks(struct irt_store *store, int64_t thread_id, void *arg,
			       int (*each)(void *arg, const struct irt_store_open_block *row))
{
	struct open_block_caller caller = {each};

	return irt_store_read_rows(store,
				   "SELECT depth, context_id, site_id, start_ticks FROM open_blocks WHERE thread_id = ? ORDER BY depth",
				   0, thread_id, 0, arg, &caller, open_block_row);
}
