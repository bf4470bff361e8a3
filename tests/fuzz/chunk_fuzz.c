/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * chunk_fuzz.c - any bytes as a chunk, as a set of functions, as a histogram, as what of a heap was
 * pending. For libFuzzer; without it fuzz_main.c makes the inputs.
 */
#include <stdlib.h>

#include "encode/chunk.h"
#include "fold/heap.h"
#include "fold/histogram.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

/* Two hundred contexts: every kind of place in a tree that a chunk can name. */
static struct irt_contexts *make_contexts(void)
{
	struct irt_contexts *contexts;

	if (irt_contexts_create(&contexts))
		abort();
	for (uint32_t i = 1; i < 200; i++)
		if (irt_contexts_add(contexts, i, (i - 1) / 3, (i - 1) % 3, i % 50))
			abort();
	return contexts;
}

/* What is taken can be settled, and what is packed is taken again. */
static void unpack_heap(const uint8_t *data, size_t bytes)
{
	struct irt_heap *heap, *again;
	struct irt_heap_place place = {.context = 1, .site_id = 1, .allocs = 100, .bytes = 1 << 20};
	uint8_t *packed;
	size_t packed_bytes;

	if (irt_heap_create(&heap, false) || irt_heap_restore_place(heap, &place))
		abort();
	if (irt_heap_unpack(heap, data, bytes) == 0) {
		if (irt_heap_pack(heap, &packed, &packed_bytes) || irt_heap_create(&again, false) ||
		    irt_heap_restore_place(again, &place) ||
		    (packed_bytes && irt_heap_unpack(again, packed, packed_bytes)))
			abort();
		free(packed);
		irt_heap_destroy(again);
		for (int64_t until = 0; until < INT64_MAX / 2; until = 2 * until + 1000)
			if (irt_heap_settle(heap, until))
				abort();
		if (irt_heap_settle(heap, INT64_MAX) || irt_heap_is_waiting(heap))
			abort();
	}
	irt_heap_destroy(heap);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	static struct irt_contexts *contexts;
	static struct irt_chunk_decoder *decoder;
	static struct irt_event events[512];
	struct irt_chunk_header header;
	struct irt_histogram histogram = {0};
	uint64_t total = 0;
	long n;

	if (!contexts) {
		contexts = make_contexts();
		if (irt_chunk_decoder_create(&decoder))
			abort();
	}
	if (irt_chunk_open(decoder, contexts, data, bytes) == 0) {
		if (irt_chunk_read_header(data, bytes, &header))
			abort();
		while ((n = irt_chunk_next(decoder, events, 512)) > 0) {
			total += (uint64_t)n;
			for (long i = 0; i < n; i++)
				if (events[i].context >= 200)
					abort();
		}
		if (total > header.events || (n == 0 && total != header.events))
			abort();
	}
	unpack_heap(data, bytes);
	irt_chunk_has_function(data, bytes, 7);
	irt_histogram_read(&histogram, data, bytes);
	if (irt_histogram_quantile(&histogram, 500, 10, 1000) > 1000)
		abort();
	irt_histogram_fini(&histogram);
	return 0;
}
