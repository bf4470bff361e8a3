/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * blocks.c - the calls of the run's processes that may block: how their sums become rows and come back from
 * them. What they mean is in fold/blocks.h.
 *
 * They stand where the walks of the process's threads stand. A checkpoint puts both in one round, so what is
 * replayed behind it is what the rows do not have.
 */
#include "drain/commit.h"

/* ---- rows ------------------------------------------------------------------------------------------- */

struct put {
	struct irt_session *s;
	const struct irt_drained_process *p;
};

static int put_row(void *arg, const struct irt_block_row *row)
{
	const struct put *put = arg;
	uint8_t times[IRT_HISTOGRAM_BYTES_MAX];
	size_t bytes = irt_histogram_write(&row->times, times);
	return irt_store_put_block_totals(put->s->store, &(struct irt_store_block_totals){
		.context_id = irt_context_id(put->p, row->context), .site_id = row->site_id, .descriptor = row->descriptor,
		.with_lock = row->with_lock,
		.calls = (int64_t)row->calls, .failed = (int64_t)row->failed, .bytes = (int64_t)row->bytes,
		.total_ticks = (int64_t)row->total_ticks, .max_ticks = (int64_t)row->max_ticks,
		.times = times, .times_bytes = (int64_t)bytes});
}

void irt_put_blocks(struct irt_session *s)
{
	for (uint32_t i = 0; i < s->process_count; i++) {
		struct put put = {s, s->processes[i]};
		irt_blocks_each_changed(s->processes[i]->blocks, &put, put_row);
	}
}

void irt_blocks_committed(struct irt_session *s)
{
	for (uint32_t i = 0; i < s->process_count; i++)
		irt_blocks_saved(s->processes[i]->blocks);
}

/* ---- continuing a run -------------------------------------------------------------------------------- */

static int take_row(void *arg, const struct irt_store_block_totals *row)
{
	const struct irt_drained_process *p = arg;
	struct irt_block_row r = {
		.context = row->context_id < 0 ? 0 : irt_context_index(row->context_id), .site_id = (uint32_t)row->site_id,
		.descriptor = (uint32_t)row->descriptor, .with_lock = row->with_lock != 0, .calls = (uint64_t)row->calls, .failed = (uint64_t)row->failed,
		.bytes = (uint64_t)row->bytes, .total_ticks = (uint64_t)row->total_ticks, .max_ticks = (uint64_t)row->max_ticks};
	int e = row->times_bytes > 0 ? irt_histogram_read(&r.times, row->times, (size_t)row->times_bytes) : 0;
	if (!e)
		e = irt_blocks_restore(p->blocks, &r);
	if (e)
		irt_histogram_fini(&r.times);
	return e;
}

int irt_restore_blocks(struct irt_session *s)
{
	int e = 0;
	for (uint32_t i = 0; i < s->process_count && !e; i++) {
		int64_t first = irt_context_id(s->processes[i], 0);
		e = irt_store_read_block_totals(s->store, first, first + IRT_CCT_ID_SPAN - 1, s->processes[i], take_row);
	}
	return e;
}
