/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * race.c FOLDER - both sides of the ring in one process, for ThreadSanitizer: threads that run the cold
 * path's own code (capture/cold.c), and a thread that runs the drain's (drain/main.c and all below it), on one
 * mapping of one ring. Every acquire and release of docs/memory-model.md is then checked by what it orders.
 *
 * With RACE_MUTATION the producers' releases are relaxed; then races must be found.
 *
 * The steady path is C here (hook.h). Threads come and go, and the pool is so small that they wait. Each call
 * must be in the file.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/atomic.h"
#ifdef RACE_MUTATION
#undef irt_store_release
#define irt_store_release(p, v) irt_store_relaxed(p, v)
#endif
#include "capture/cold.c"
#include "hook.h"
#ifdef RACE_MUTATION
#undef irt_store_release
#define irt_store_release(p, v) __atomic_store_n((p), (v), __ATOMIC_RELEASE)
#endif

static void *the_ring;
static int over_and_out;

static void *map_once(void)
{
	return the_ring;
}
#define mmap(at, bytes, prot, flags, fd, offset) map_once()
#define munmap(at, bytes) ((void)0)
#include "drain/attach.c"
#undef mmap
#undef munmap

#include "drain/recover.h"
#include "drain/session.h"
/* The process does not end, so it is said to have. */
#define irt_session_living(s) (!irt_load_acquire(&over_and_out) && irt_session_living(s))
#define main drain_main
#include "drain/main.c"
#undef main

#include <sqlite3.h>

enum { WORKERS = 4, SHORT_LIVED = 40, CALLS = 60000, SHORT_CALLS = 300 };

static void call(int n)
{
	while (n-- > 0) {
		hook(INSTR_ENTER, ROW);
		hook(INSTR_EXIT, ROW);
	}
}

static void *short_lived(void *arg)
{
	call(SHORT_CALLS);
	return arg;
}

static void *work(void *arg)
{
	pthread_t id;
	for (int i = 0; i < SHORT_LIVED; i++) {
		call(CALLS / SHORT_LIVED);
		if (pthread_create(&id, NULL, short_lived, NULL) == 0)
			pthread_join(id, NULL);
	}
	return arg;
}

static struct irt_session session;

static void *drain_thread(void *folder)
{
	irt_store_single_thread();
	if (irt_session_open(&session, folder, IRT_SESSION_LIVE, -1, 0) != 0) {
		fprintf(stderr, "%s\n", session.error);
		exit(1);
	}
	drain(&session);
	return folder;
}

static void make_ring(const char *folder)
{
	static struct irt_ring facts;
	char path[300];
	irt_ring_layout(&facts, 1 << 20);
	facts.sub_count = 8;
	facts.ring_bytes = 1 << 20;
	facts.flags = IRT_RING_EVENTS;
	facts.max_cpus = 1;
	facts.start_ticks = irt_ticks();
	facts.start_monotonic_ns = irt_sys_clock_ns(1);
	strcpy(facts.boot_id, "race");
	snprintf(facts.out_directory, sizeof(facts.out_directory), "%s", folder);
	strcpy(facts.out_name, "trace.db");
	snprintf(path, sizeof(path), "%s/ring", folder);
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0 || ftruncate(fd, (off_t)facts.file_bytes) != 0)
		exit(2);
	char *room = mmap(NULL, facts.file_bytes + IRT_SUB_STRIDE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	room += -(uint64_t)room & (IRT_SUB_STRIDE - 1);
	the_ring = mmap(room, facts.file_bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0);
	close(fd);
	memcpy(the_ring, &facts, sizeof(facts));
	irt_map = irt_ring_map(the_ring, &facts);
	struct irt_process *p = irt_map.processes;
	struct stat st;
	p->process_id = irt_map.ring->next_process_id = irt_map.ring->process_high = 1;
	p->pid = getpid();
	p->start_time = irt_start_time(getpid(), 0, NULL);
	p->pid_namespace = stat("/proc/self/ns/pid", &st) == 0 ? (uint64_t)st.st_ino : 0;
	p->join_ticks = facts.start_ticks;
	p->flush = 1; /* rows without names are not waited for */
	p->state = IRT_SLOT_LIVE;
	irt_local.process = p;
	irt_local.gate = IRT_GATE_ON;
}

static long ask(const char *folder, const char *sql)
{
	char path[300];
	sqlite3 *db;
	sqlite3_stmt *stmt;
	long answer = -1;
	snprintf(path, sizeof(path), "%s/trace.db", folder);
	if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL) == SQLITE_OK &&
	    sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) == SQLITE_OK && sqlite3_step(stmt) == SQLITE_ROW)
		answer = (long)sqlite3_column_int64(stmt, 0);
	return answer;
}

int main(int argc, char **argv)
{
	pthread_t drain_id, id[WORKERS];
	long want = (long)WORKERS * (CALLS / SHORT_LIVED * SHORT_LIVED + SHORT_LIVED * SHORT_CALLS);
	if (argc != 2)
		return 2;
	make_ring(argv[1]);
	pthread_create(&drain_id, NULL, drain_thread, argv[1]);
	for (int i = 0; i < WORKERS; i++)
		pthread_create(&id[i], NULL, work, NULL);
	for (int i = 0; i < WORKERS; i++)
		pthread_join(id[i], NULL);
	irt_store_release(&over_and_out, 1);
	irt_wake_drain(irt_map.ring);
	pthread_join(drain_id, NULL);
	irt_session_close(&session);
	long calls = ask(argv[1], "SELECT sum(calls) FROM function_totals WHERE process_id = 0");
	long threads = ask(argv[1], "SELECT count(*) FROM threads"), lost = ask(argv[1], "SELECT coalesce(sum(events), 0) FROM losses");
	printf("calls %ld of %ld, %ld threads, %ld lost, %ld waits\n", calls, want, threads, lost,
	       ask(argv[1], "SELECT sum(waits) FROM threads"));
	return calls != want || threads != WORKERS * (1 + SHORT_LIVED) || lost != 0;
}
