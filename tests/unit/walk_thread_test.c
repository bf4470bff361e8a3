/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * walk_thread_test.c - records of threads that were created: what the process's list gets of them, and what the chunk has.
 */
#include "walk_stage.h"

#include <stdlib.h>
#include <string.h>

#include "encode/chunk.h"
#include "fold/creators.h"
#include "fold/event.h"

enum { SITE = 2 };

static struct irt_creators *creators;
static struct irt_creation rows[16];
static unsigned row_count;

static void begin_threads(void)
{
	irt_creators_destroy(creators);
	CHECK_EQ(irt_creators_create(&creators), 0);
	with_creators = creators;
	begin();
	with_creators = NULL;
	stack(TOP);
}

static int note_row(void *user, const struct irt_creation *row)
{
	(void)user;
	CHECK(row_count < 16);
	rows[row_count++] = *row;
	return 0;
}

static void read_rows(void)
{
	row_count = 0;
	CHECK_EQ(irt_creators_each_new(creators, NULL, note_row), 0);
}

TEST(a_creation_is_of_the_innermost_function_and_its_thread)
{
	begin_threads();
	ext(INSTR_EXT_THREAD, SITE, instr_hidden(0x1000), now - 5); /* outside all calls */
	enter(1, 0x1000);
	enter(3, 0xf00);
	ext(INSTR_EXT_THREAD, SITE + 1, instr_hidden(0x2000), now - 700);
	leave(3, 0xf00);
	run();
	read_rows();
	CHECK_EQ(row_count, 2);
	CHECK_EQ(rows[0].key, 0x1000);
	CHECK_EQ(rows[0].context, IRT_CCT_ROOT);
	CHECK_EQ(rows[0].thread, 5);
	CHECK_EQ(rows[0].site_id, 40 + SITE);
	CHECK_EQ(rows[0].begin_ticks, 1005); /* the record before it is of 1000 */
	CHECK_EQ(rows[0].end_ticks, 1010);
	CHECK_EQ(rows[1].key, 0x2000);
	CHECK_EQ(irt_cct_node(cct, rows[1].context)->function, 3);
	CHECK_EQ(rows[1].site_id, 41 + SITE);
	CHECK_EQ(rows[1].begin_ticks, 340);
	CHECK_EQ(rows[1].end_ticks, 1040);
	CHECK_EQ(counters().skipped_units, 0);
}

TEST(a_time_that_cannot_be_is_none)
{
	begin_threads();
	ext(INSTR_EXT_THREAD, SITE, instr_hidden(0x1000), now + 1);
	ext(INSTR_EXT_THREAD, SITE, instr_hidden(0x2000), UINT64_MAX);
	ext(INSTR_EXT_THREAD, SITE, instr_hidden(0), now); /* no thread has that */
	run();
	read_rows();
	CHECK_EQ(row_count, 2);
	CHECK_EQ(rows[0].begin_ticks, rows[0].end_ticks);
	CHECK_EQ(rows[1].begin_ticks, rows[1].end_ticks);
	CHECK_EQ(counters().events, 3);
}

TEST(without_a_list_it_is_passed_over)
{
	begin();
	stack(TOP);
	ext(INSTR_EXT_THREAD, SITE, instr_hidden(0x1000), now);
	run();
	CHECK_EQ(counters().skipped_units, 2);
	CHECK_EQ(counters().events, 0);
}

TEST(the_chunk_has_what_the_list_got)
{
	struct irt_encoder *encoder;
	struct irt_chunk_decoder *decoder;
	struct irt_contexts *contexts;
	struct irt_chunk_bytes bytes;
	struct irt_event events[16];
	unsigned count_of = 0;

	begin_threads();
	enter(1, 0x1000);
	for (uint64_t i = 0; i < 7; i++)
		ext(INSTR_EXT_THREAD, SITE + (unsigned)i % 3, instr_hidden(0x7f0000001000 + (i << 40)), now - (UINT64_C(1) << 5 * i) % 1000);
	leave(1, 0x1000);
	run();
	read_rows();
	CHECK_EQ(row_count, 7);
	CHECK_EQ(irt_encoder_create(&encoder), 0);
	CHECK_EQ(irt_chunk_encode(encoder, walk, IRT_CODEC_ZSTD, &bytes), 0);
	CHECK_EQ(bytes.columns.operations, UINT64_C(1) << IRT_OP_THREAD | 3);
	CHECK_EQ(irt_contexts_create(&contexts), 0);
	CHECK_EQ(irt_contexts_add_tree(contexts, cct), 0);
	CHECK_EQ(irt_chunk_decoder_create(&decoder), 0);
	CHECK_EQ(irt_chunk_open(decoder, contexts, bytes.data, bytes.data_bytes), 0);
	CHECK_EQ(irt_chunk_next(decoder, events, 16), 9);
	for (unsigned i = 0; i < 9; i++) {
		const struct irt_event *e = &events[i];
		if (e->operation != IRT_OP_THREAD)
			continue;
		CHECK_EQ(e->extra, rows[count_of].key);
		CHECK_EQ(e->site, rows[count_of].site_id);
		CHECK_EQ(e->context, rows[count_of].context);
		CHECK_EQ(e->ticks, rows[count_of].end_ticks);
		CHECK_EQ(e->ticks - (int64_t)e->value, rows[count_of].begin_ticks);
		count_of++;
	}
	CHECK_EQ(count_of, 7);
	irt_chunk_decoder_destroy(decoder);
	irt_contexts_destroy(contexts);
	irt_encoder_destroy(encoder);
}

int main(int argc, char **argv)
{
	int failed = walk_stage_main(argc, argv);
	irt_creators_destroy(creators);
	return failed;
}
