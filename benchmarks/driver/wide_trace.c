/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * wide_trace.c - writes the trace of a large program that never ran, through runtime/store, as the
 * drain would have written it: to see what a report costs when there is much of everything.
 *
 *     wide-trace FUNCTIONS FILE
 *
 * FUNCTIONS functions in 8 libraries, three contexts and about 1.5 totals rows for each function,
 * 256 threads, a chunk for every ten functions (its data is noise: no report reads it). Same
 * arguments, same file but for the time of day.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "store/store.h"

enum {
	MODULES = 8, THREADS = 256, CONTEXTS_PER_FUNCTION = 3, FUNCTIONS_PER_CHUNK = 10,
	EVENTS_PER_CHUNK = 250000, CHUNK_BYTES = 4096, ROWS_PER_ROUND = 50000, RUN_SECONDS = 100,
	OPEN_FRAMES = 12,
};

static const int64_t ticks_per_second = 2600000000;
static uint64_t state = 88172645463325252u;

static uint64_t draw(uint64_t below)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state % below;
}

static void check(struct irt_store *store, int result)
{
	if (result != 0) {
		fprintf(stderr, "wide-trace: %s\n", irt_store_error(store));
		exit(3);
	}
}

/* A new round now and then: one transaction of half a million rows would not be what a drain does. */
static void count_row(struct irt_store *store)
{
	static int rows;

	if (++rows % ROWS_PER_ROUND == 0) {
		check(store, irt_store_commit(store));
		check(store, irt_store_begin(store));
	}
}

static void put_run(struct irt_store *store, int64_t chunks)
{
	int64_t end = RUN_SECONDS * ticks_per_second, events;

	irt_store_put_run(store, "version", "0", 0);
	irt_store_put_run(store, "clock", "tsc", 0);
	irt_store_put_run(store, "clock_step_ticks", NULL, 26);
	for (int i = 0; i <= 10; i++)
		irt_store_put_clock(store, &(struct irt_store_clock){
			.ticks = end / 10 * i, .monotonic_ns = 5000000000 + RUN_SECONDS * 100000000ll * i,
			.realtime_ns = 1700000000000000000 + RUN_SECONDS * 100000000ll * i,
			.counter = 1000000 + end / 10 * i});
	irt_store_put_process(store, &(struct irt_store_process){
		.process_id = 1, .parent_process_id = IRT_STORE_NULL, .pid = 4711, .pid_namespace = 1,
		.command = "./wide --all", .executable = "/usr/local/bin/wide", .working_directory = "/srv",
		.joined_by = "start", .end_ticks = end, .end_reason = "exit", .exit_signal = IRT_STORE_NULL});
	for (int i = 1; i <= THREADS; i++) {
		events = (chunks + THREADS - i) / THREADS * EVENTS_PER_CHUNK;
		irt_store_put_thread(store, &(struct irt_store_thread){
			.thread_id = i, .process_id = 1, .tid = 4710 + i, .name = i == 1 ? "wide" : "worker",
			.parent_thread_id = IRT_STORE_NULL, .parent_position = IRT_STORE_NULL,
			.start_ticks = i * 1000, .end_ticks = end, .last_ticks = end - 1000,
			.events = events, .totals_pos = events, .totals_events = events});
	}
}

static void put_functions(struct irt_store *store, int64_t functions)
{
	char path[64], name[160], linkage_name[160], file[96];

	for (int i = 1; i <= MODULES; i++) {
		snprintf(path, sizeof path, "/usr/local/lib/libwide%d.so", i);
		irt_store_put_module(store, &(struct irt_store_module){
			.module_id = i, .path = path, .build_id = "0123456789abcdef", .rows = functions / MODULES});
	}
	for (int64_t i = 1; i <= functions; i++) {
		snprintf(name, sizeof name, "wide::area%jd::Component<std::vector<int> >::operation_%jd(int, char const*)",
			 i % 97, i);
		snprintf(linkage_name, sizeof linkage_name, "_ZN4wide4areaE%jd9ComponentIE12operation_%jdEiPKc", i % 97, i);
		snprintf(file, sizeof file, "/srv/wide/source/area%jd/component%jd.cpp", i % 97, i / 40);
		irt_store_put_function(store, &(struct irt_store_function){
			.function_id = i, .module_id = 1 + i % MODULES, .row = i / MODULES, .name = name,
			.linkage_name = linkage_name, .file = file, .line = 10 + i % 40 * 25,
			.instrumented = i % 50 != 0, .reason = i % 50 ? NULL : "INSTR_SKIP"});
		count_row(store);
	}
}

/* A tree in which every node has a handful of children: context i hangs below i / 4. */
static void put_contexts(struct irt_store *store, int64_t functions)
{
	irt_store_put_context(store, &(struct irt_store_context){.process_id = 1, .parent_id = IRT_STORE_NULL});
	for (int64_t i = 1; i <= functions * CONTEXTS_PER_FUNCTION; i++) {
		int64_t depth = 0;

		for (int64_t j = i; j; j /= 4)
			depth++;
		irt_store_put_context(store, &(struct irt_store_context){
			.context_id = i, .process_id = 1, .parent_id = i / 4, .ordinal = i % 4,
			.function_id = 1 + (int64_t)draw((uint64_t)functions), .depth = depth});
		count_row(store);
	}
}

static void put_totals(struct irt_store *store, int64_t functions)
{
	char histogram[48];

	for (int64_t i = 1; i <= functions * CONTEXTS_PER_FUNCTION; i += 2) {
		int64_t calls = 1 + (int64_t)draw(100000), ticks = calls * (26 + (int64_t)draw(2000));

		for (size_t b = 0; b < sizeof histogram; b++)
			histogram[b] = (char)draw(256);
		irt_store_put_totals(store, &(struct irt_store_totals){
			.thread_id = 1 + i % THREADS, .context_id = i, .calls = calls, .returns = calls,
			.total_ticks = 3 * ticks, .self_ticks = ticks, .min_ticks = 26, .max_ticks = ticks,
			.histogram = histogram, .histogram_bytes = sizeof histogram});
		count_row(store);
	}
	for (int64_t i = 1; i <= functions; i++) {
		int64_t calls = 1 + (int64_t)draw(1000000), each = 26 + (int64_t)draw(2000);

		for (int process = 0; process <= 1; process++) {
			irt_store_put_function_totals(store, &(struct irt_store_function_totals){
				.process_id = process, .function_id = i, .calls = calls, .returns = calls,
				.total_ticks = 3 * calls * each, .self_ticks = calls * each, .min_ticks = 26,
				.p50_ticks = each, .p99_ticks = 4 * each, .max_ticks = 100 * each});
			count_row(store);
		}
	}
}

/* Every thread is still in a dozen calls, as in a server that was killed. */
static void put_open_calls(struct irt_store *store, int64_t contexts)
{
	struct irt_store_frame frames[OPEN_FRAMES];

	for (int thread = 1; thread <= THREADS; thread++) {
		for (int64_t i = 0, context = 1; i < OPEN_FRAMES; i++, context *= context * 4 <= contexts ? 4 : 1)
			frames[i] = (struct irt_store_frame){.context_id = context, .enter_ticks = 1000 * (thread + i)};
		irt_store_put_frames(store, thread, 0, frames, OPEN_FRAMES);
	}
}

static void put_chunks(struct irt_store *store, int64_t chunks)
{
	static char data[CHUNK_BYTES], set[64];
	int64_t end = RUN_SECONDS * ticks_per_second;

	for (int64_t i = 0; i < chunks; i++) {
		int64_t of_thread = i / THREADS;

		for (size_t b = 0; b < sizeof data; b++)
			data[b] = (char)draw(256);
		irt_store_put_chunk(store, &(struct irt_store_chunk){
			.thread_id = 1 + i % THREADS, .start_pos = of_thread * EVENTS_PER_CHUNK,
			.end_pos = (of_thread + 1) * EVENTS_PER_CHUNK, .first_event = of_thread * EVENTS_PER_CHUNK,
			.events = EVENTS_PER_CHUNK, .start_ticks = end / chunks * i, .end_ticks = end / chunks * (i + 1),
			.start_context_id = 1, .start_depth = 1, .functions = set, .functions_bytes = sizeof set,
			.codec = 1, .time_unit_ticks = 26, .data = data, .data_bytes = sizeof data});
		count_row(store);
	}
}

int main(int argc, char **argv)
{
	int64_t functions = argc == 3 ? strtoll(argv[1], NULL, 10) : 0;
	struct irt_store_config config = {.run_id = "00000000000000000000000000000001", .keep_events = true};
	struct irt_store_error error;
	struct irt_store *store;

	if (functions < 1000 || functions > 1000000) {
		fprintf(stderr, "usage: wide-trace FUNCTIONS FILE (1000 to 1000000)\n");
		return 2;
	}
	char *folder = strdup(argv[2]), *slash = strrchr(folder, '/');
	const char *name = slash ? slash + 1 : folder;
	if (slash)
		*slash = 0;
	int folder_fd = open(slash ? folder : ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (irt_store_open(folder_fd, name, IRT_STORE_START, &config, &store, &error) != 0) {
		fprintf(stderr, "wide-trace: %s\n", error.text);
		return 3;
	}
	check(store, irt_store_begin(store));
	put_run(store, functions / FUNCTIONS_PER_CHUNK);
	put_functions(store, functions);
	put_contexts(store, functions);
	put_totals(store, functions);
	put_open_calls(store, functions * CONTEXTS_PER_FUNCTION);
	put_chunks(store, functions / FUNCTIONS_PER_CHUNK);
	check(store, irt_store_put_checkpoint(store, RUN_SECONDS * ticks_per_second));
	check(store, irt_store_commit(store));
	check(store, irt_store_finish(store, "complete"));
	irt_store_close(store);
	close(folder_fd);
	free(folder);
	return 0;
}
