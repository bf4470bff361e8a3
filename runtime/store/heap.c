/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * heap.c - the rows of the heap, to the file and back; as write.c and read.c.
 */
#include "store/store_internal.h"

/* ---- writing --------------------------------------------------------------------------------------- */

int irt_store_put_site(struct irt_store *store, const struct irt_store_site *row)
{
	struct irt_binding b = irt_bind(store, IRT_ST_SITE);

	irt_bind_number(&b, row->site_id);
	irt_bind_number(&b, row->module_id);
	irt_bind_number(&b, row->row);
	irt_bind_text(&b, row->kind);
	irt_bind_text(&b, row->family);
	irt_bind_text(&b, row->name);
	irt_bind_text(&b, row->linkage_name);
	irt_bind_text(&b, row->file);
	irt_bind_optional(&b, row->line);
	irt_bind_optional(&b, row->column);
	irt_bind_text(&b, row->type);
	return irt_bind_done(&b, "write an allocation site");
}

int irt_store_put_heap(struct irt_store *store, const struct irt_store_heap *row)
{
	struct irt_binding b = irt_bind(store, IRT_ST_HEAP);

	irt_bind_number(&b, row->process_id);
	irt_bind_number(&b, row->kind);
	irt_bind_number(&b, row->allocs);
	irt_bind_number(&b, row->bytes);
	irt_bind_number(&b, row->frees);
	irt_bind_number(&b, row->freed_bytes);
	irt_bind_number(&b, row->failed);
	irt_bind_number(&b, row->resized);
	irt_bind_number(&b, row->temporary);
	irt_bind_number(&b, row->crossed);
	irt_bind_number(&b, row->lost);
	irt_bind_number(&b, row->unknown_frees);
	irt_bind_number(&b, row->peak_blocks);
	irt_bind_number(&b, row->peak_bytes);
	irt_bind_optional(&b, row->peak_ticks);
	return irt_bind_done(&b, "write a heap");
}

int irt_store_put_heap_totals(struct irt_store *store, const struct irt_store_heap_totals *row)
{
	struct irt_binding b = irt_bind(store, IRT_ST_HEAP_TOTALS);

	irt_bind_number(&b, row->context_id);
	irt_bind_number(&b, row->site_id);
	irt_bind_number(&b, row->kind);
	irt_bind_number(&b, row->allocs);
	irt_bind_number(&b, row->bytes);
	irt_bind_number(&b, row->frees);
	irt_bind_number(&b, row->freed_bytes);
	irt_bind_number(&b, row->failed);
	irt_bind_number(&b, row->resized);
	irt_bind_number(&b, row->temporary);
	irt_bind_number(&b, row->crossed);
	irt_bind_number(&b, row->max_bytes);
	irt_bind_number(&b, row->peak_blocks);
	irt_bind_number(&b, row->peak_bytes);
	irt_bind_number(&b, row->life_ticks);
	irt_bind_blob(&b, row->sizes, row->sizes ? row->sizes_bytes : 0);
	irt_bind_blob(&b, row->lifetimes, row->lifetimes ? row->lifetimes_bytes : 0);
	irt_bind_number(&b, row->released);
	irt_bind_number(&b, row->released_bytes);
	irt_bind_number(&b, row->chains);
	irt_bind_number(&b, row->grown);
	irt_bind_number(&b, row->moved);
	irt_bind_number(&b, row->moved_bytes);
	return irt_bind_done(&b, "write totals of the heap");
}

int irt_store_put_live_block(struct irt_store *store, const struct irt_store_live_block *row)
{
	struct irt_binding b = irt_bind(store, IRT_ST_LIVE_BLOCK);

	irt_bind_number(&b, row->process_id);
	irt_bind_number(&b, row->kind);
	irt_bind_number(&b, row->address);
	irt_bind_number(&b, row->bytes);
	irt_bind_number(&b, row->context_id);
	irt_bind_number(&b, row->site_id);
	irt_bind_number(&b, row->thread_id);
	irt_bind_number(&b, row->start_ticks);
	irt_bind_number(&b, row->family);
	irt_bind_optional(&b, row->resizer);
	irt_bind_optional(&b, row->pool);
	irt_bind_number(&b, row->resized);
	return irt_bind_done(&b, "write a block of memory");
}

int irt_store_put_heap_sample(struct irt_store *store, const struct irt_store_heap_sample *row)
{
	struct irt_binding b = irt_bind(store, IRT_ST_HEAP_SAMPLE);

	irt_bind_number(&b, row->process_id);
	irt_bind_number(&b, row->ticks);
	irt_bind_number(&b, row->allocs);
	irt_bind_number(&b, row->bytes);
	irt_bind_number(&b, row->live_blocks);
	irt_bind_number(&b, row->live_bytes);
	irt_bind_number(&b, row->pool_bytes);
	irt_bind_number(&b, row->mapped_bytes);
	irt_bind_optional(&b, row->rss_bytes);
	return irt_bind_done(&b, "write a sample of the heap");
}

int irt_store_put_heap_history(struct irt_store *store, const struct irt_store_heap_history *row)
{
	struct irt_binding b = irt_bind(store, IRT_ST_HEAP_HISTORY);

	irt_bind_number(&b, row->context_id);
	irt_bind_number(&b, row->site_id);
	irt_bind_number(&b, row->ticks);
	irt_bind_number(&b, row->live_blocks);
	irt_bind_number(&b, row->live_bytes);
	return irt_bind_done(&b, "write the heap of a moment");
}

int irt_store_put_heap_moment(struct irt_store *store, int64_t process_id, int64_t ticks)
{
	struct irt_binding b = irt_bind(store, IRT_ST_HEAP_MOMENT);

	irt_bind_number(&b, process_id);
	irt_bind_number(&b, ticks);
	return irt_bind_done(&b, "write a moment of the heap");
}

int irt_store_delete_heap_moments(struct irt_store *store, int64_t process_id, int64_t from_ticks)
{
	struct irt_binding b = irt_bind(store, IRT_ST_DELETE_HEAP_MOMENTS);

	irt_bind_number(&b, process_id);
	irt_bind_number(&b, from_ticks);
	return irt_bind_done(&b, "delete moments of the heap");
}

int irt_store_put_heap_fault(struct irt_store *store, const struct irt_store_heap_fault *row)
{
	struct irt_binding b = irt_bind(store, IRT_ST_HEAP_FAULT);

	irt_bind_number(&b, row->process_id);
	irt_bind_text(&b, row->kind);
	irt_bind_number(&b, row->context_id);
	irt_bind_number(&b, row->site_id);
	irt_bind_number(&b, row->block_context_id);
	irt_bind_number(&b, row->block_site_id);
	irt_bind_number(&b, row->count);
	irt_bind_number(&b, row->address);
	irt_bind_number(&b, row->first_ticks);
	return irt_bind_done(&b, "write a fault of the heap");
}

int irt_store_delete_live_block(struct irt_store *store, int64_t process_id, int64_t kind, int64_t address)
{
	struct irt_binding b = irt_bind(store, IRT_ST_DELETE_LIVE_BLOCK);

	irt_bind_number(&b, process_id);
	irt_bind_number(&b, kind);
	irt_bind_number(&b, address);
	return irt_bind_done(&b, "delete a block of memory");
}

int irt_store_delete_heap_pending(struct irt_store *store, int64_t process_id)
{
	struct irt_binding b = irt_bind(store, IRT_ST_DELETE_HEAP_PENDING);

	irt_bind_number(&b, process_id);
	return irt_bind_done(&b, "delete pending events");
}

int irt_store_put_heap_pending(struct irt_store *store, const struct irt_store_heap_pending *row)
{
	struct irt_binding b = irt_bind(store, IRT_ST_HEAP_PENDING);

	irt_bind_number(&b, row->process_id);
	irt_bind_number(&b, row->part);
	irt_bind_blob(&b, row->events, row->events_bytes);
	return irt_bind_done(&b, "write pending events");
}

/* ---- reading --------------------------------------------------------------------------------------- */

IRT_READER(heap)
static void heap_columns(struct irt_cursor *c, struct irt_store_heap *row)
{
	row->process_id = irt_row_number(c);
	row->kind = irt_row_number(c);
	row->allocs = irt_row_number(c);
	row->bytes = irt_row_number(c);
	row->frees = irt_row_number(c);
	row->freed_bytes = irt_row_number(c);
	row->failed = irt_row_number(c);
	row->resized = irt_row_number(c);
	row->temporary = irt_row_number(c);
	row->crossed = irt_row_number(c);
	row->lost = irt_row_number(c);
	row->unknown_frees = irt_row_number(c);
	row->peak_blocks = irt_row_number(c);
	row->peak_bytes = irt_row_number(c);
	row->peak_ticks = irt_row_optional(c);
}

int irt_store_read_heaps(struct irt_store *store, void *arg,
			int (*each)(void *arg, const struct irt_store_heap *row))
{
	struct heap_caller caller = {each};

	return irt_store_read_rows(store,
				   "SELECT"
				   " process_id, kind, allocs, bytes, frees, freed_bytes, failed, resized,"
				   " temporary, crossed, lost, unknown_frees, peak_blocks, peak_bytes,"
				   " peak_ticks"
				   " FROM heaps ORDER BY process_id, kind",
				   IRT_NO_KEY, 0, 0, arg, &caller, heap_row);
}

IRT_READER(heap_totals)
static void heap_totals_columns(struct irt_cursor *c, struct irt_store_heap_totals *row)
{
	row->context_id = irt_row_number(c);
	row->site_id = irt_row_number(c);
	row->kind = irt_row_number(c);
	row->allocs = irt_row_number(c);
	row->bytes = irt_row_number(c);
	row->frees = irt_row_number(c);
	row->freed_bytes = irt_row_number(c);
	row->failed = irt_row_number(c);
	row->resized = irt_row_number(c);
	row->temporary = irt_row_number(c);
	row->crossed = irt_row_number(c);
	row->max_bytes = irt_row_number(c);
	row->peak_blocks = irt_row_number(c);
	row->peak_bytes = irt_row_number(c);
	row->life_ticks = irt_row_number(c);
	row->sizes = irt_row_blob(c, &row->sizes_bytes);
	row->lifetimes = irt_row_blob(c, &row->lifetimes_bytes);
	row->released = irt_row_number(c);
	row->released_bytes = irt_row_number(c);
	row->chains = irt_row_number(c);
	row->grown = irt_row_number(c);
	row->moved = irt_row_number(c);
	row->moved_bytes = irt_row_number(c);
}

int irt_store_read_heap_totals(struct irt_store *store, int64_t first, int64_t last, void *arg,
			int (*each)(void *arg, const struct irt_store_heap_totals *row))
{
	struct heap_totals_caller caller = {each};

	return irt_store_read_rows(store,
				   "SELECT"
				   " context_id, site_id, kind, allocs, bytes, frees, freed_bytes, failed,"
				   " resized, temporary, crossed, max_bytes, peak_blocks, peak_bytes,"
				   " life_ticks, sizes, lifetimes, released, released_bytes,"
				   " chains, grown, moved, moved_bytes"
				   " FROM heap_totals WHERE context_id BETWEEN ? AND ? ORDER BY context_id, site_id",
				   IRT_NO_KEY, first, last, arg, &caller, heap_totals_row);
}

IRT_READER(live_block)
static void live_block_columns(struct irt_cursor *c, struct irt_store_live_block *row)
{
	row->process_id = irt_row_number(c);
	row->kind = irt_row_number(c);
	row->address = irt_row_number(c);
	row->bytes = irt_row_number(c);
	row->context_id = irt_row_number(c);
	row->site_id = irt_row_number(c);
	row->thread_id = irt_row_number(c);
	row->start_ticks = irt_row_number(c);
	row->family = irt_row_number(c);
	row->resizer = irt_row_optional(c);
	row->pool = irt_row_optional(c);
	row->resized = irt_row_number(c);
}

int irt_store_read_live_blocks(struct irt_store *store, int64_t process_id, void *arg,
			int (*each)(void *arg, const struct irt_store_live_block *row))
{
	struct live_block_caller caller = {each};

	return irt_store_read_rows(store,
				   "SELECT"
				   " process_id, kind, address, bytes, context_id, site_id, thread_id,"
				   " start_ticks, family, resizer, pool, resized"
				   " FROM live_blocks WHERE process_id = ? ORDER BY kind, address",
				   IRT_NO_KEY, process_id, 0, arg, &caller, live_block_row);
}

IRT_READER(heap_fault)
static void heap_fault_columns(struct irt_cursor *c, struct irt_store_heap_fault *row)
{
	row->process_id = irt_row_number(c);
	row->kind = irt_row_text(c);
	row->context_id = irt_row_number(c);
	row->site_id = irt_row_number(c);
	row->block_context_id = irt_row_number(c);
	row->block_site_id = irt_row_number(c);
	row->count = irt_row_number(c);
	row->address = irt_row_number(c);
	row->first_ticks = irt_row_number(c);
}

int irt_store_read_heap_faults(struct irt_store *store, int64_t process_id, void *arg,
			int (*each)(void *arg, const struct irt_store_heap_fault *row))
{
	struct heap_fault_caller caller = {each};

	return irt_store_read_rows(store,
				   "SELECT"
				   " process_id, kind, context_id, site_id, block_context_id, block_site_id,"
				   " count, address, first_ticks"
				   " FROM heap_faults WHERE process_id = ? ORDER BY kind, context_id, site_id, block_context_id, block_site_id",
				   IRT_NO_KEY, process_id, 0, arg, &caller, heap_fault_row);
}

IRT_READER(site)
static void site_columns(struct irt_cursor *c, struct irt_store_site *row)
{
	row->site_id = irt_row_number(c);
	row->module_id = irt_row_number(c);
	row->row = irt_row_number(c);
	row->kind = irt_row_text(c);
	row->family = irt_row_text(c);
	row->name = irt_row_text(c);
	row->linkage_name = irt_row_text(c);
	row->file = irt_row_text(c);
	row->line = irt_row_optional(c);
	row->column = irt_row_optional(c);
	row->type = irt_row_text(c);
}

int irt_store_read_sites(struct irt_store *store, void *arg,
			 int (*each)(void *arg, const struct irt_store_site *row))
{
	struct site_caller caller = {each};

	return irt_store_read_rows(store,
				   "SELECT site_id, module_id, row, kind, family, name, linkage_name, file, line, column, type"
				   " FROM sites ORDER BY site_id",
				   0, 0, 0, arg, &caller, site_row);
}

IRT_READER(heap_pending)
static void heap_pending_columns(struct irt_cursor *c, struct irt_store_heap_pending *row)
{
	row->process_id = irt_row_number(c);
	row->part = irt_row_number(c);
	row->events = irt_row_blob(c, &row->events_bytes);
}

int irt_store_read_heap_pending(struct irt_store *store, int64_t process_id, void *arg,
				int (*each)(void *arg, const struct irt_store_heap_pending *row))
{
	struct heap_pending_caller caller = {each};

	return irt_store_read_rows(store, "SELECT process_id, part, events FROM heap_pending WHERE process_id = ? ORDER BY part",
				   1, process_id, 0, arg, &caller, heap_pending_row);
}
