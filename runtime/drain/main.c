/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * main.c - instr-drain: started by the runtime inside the first process of a run, lives until the
 * last one is gone and everything is in the file. Composes ring, fold, encode and store.
 */
#define _GNU_SOURCE
#include "drain/recover.h"
#include "drain/session.h"

#include "base/atomic.h"
#include "base/os.h"
#include "base/testpoint.h"
#include "instr/hooks.h"
#include "instr/schema.h"
#include "instr/version.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
	START_SUBS = (1 << 20) / IRT_SUB_BYTES,
	GROW_SUBS = (4 << 20) / IRT_SUB_BYTES,
	ONE_CPU_SUBS = (1 << 20) / IRT_SUB_BYTES,
	SLEEP_NS = 200 * 1000 * 1000,
	LITTLE_UNITS = 4 * IRT_SUB_UNITS,
	NAP_NS = 100 * 1000,
	NAP_MOST_NS = 1000 * 1000,
	LONG_NS = 20 * 1000 * 1000, /* new threads wake it out of longer sleeps (cpu.c) */
};
#define FINISH_NS UINT64_C(5000000000)
#ifndef IRT_PATIENCE_NS /* with memory or space that is missing when all is over; tests have less */
#define IRT_PATIENCE_NS UINT64_C(1000000000)
#endif

/* Away from the program that started us: no terminal, no descriptors, no signals of its group, no
 * limits that would kill the one process that keeps its data. */
static void step_aside(void)
{
	static const int ignored[] = {SIGTERM, SIGINT, SIGHUP, SIGPIPE, SIGXFSZ, SIGXCPU, SIGQUIT, SIGTSTP};
	static const int limits[] = {RLIMIT_FSIZE, RLIMIT_CPU, RLIMIT_NOFILE, RLIMIT_DATA, RLIMIT_AS};
	sigset_t none;
	cpu_set_t cpus;
	struct rlimit l;

	setsid();
	int null = open("/dev/null", O_RDWR);
	for (int fd = 0; fd < 3 && null >= 0; fd++)
		dup2(null, fd);
	close_range(3, ~0u, 0);
	for (size_t i = 0; i < sizeof(ignored) / sizeof(*ignored); i++)
		signal(ignored[i], SIG_IGN);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	for (size_t i = 0; i < sizeof(limits) / sizeof(*limits); i++) {
		if (getrlimit((__rlimit_resource_t)limits[i], &l) == 0) {
			l.rlim_cur = l.rlim_max;
			setrlimit((__rlimit_resource_t)limits[i], &l);
		}
	}
	memset(&cpus, 0xff, sizeof(cpus));
	sched_setaffinity(0, sizeof(cpus), &cpus);
	prctl(PR_SET_NAME, "instr-drain");
}

/* Keeps the pool ahead of demand: more when half of it is taken, up to ring_bytes and one sub-buffer
 * for each thread that may live; and beyond that when producers wait and nothing is on its way back. */
static void feed_pool(struct irt_session *s)
{
	struct irt_ring *ring = s->at.map.ring;
	uint32_t want = (uint32_t)(s->at.facts.ring_bytes / IRT_SUB_BYTES);
	uint32_t taken = irt_load_relaxed(&ring->taken), before = s->at.sub_count;
	irt_grow_threads(&s->at);
	if (s->at.facts.max_cpus <= 1 && want > ONE_CPU_SUBS)
		want = ONE_CPU_SUBS;
	want += s->staying + s->joined; /* what dead ones hold comes back with the next round */
	if (irt_session_quiet(s) && s->at.sub_count < want) /* there is no waiting */
		irt_grow(&s->at, want);
	else if (taken * 2 >= s->at.sub_count && s->at.sub_count < want)
		irt_grow(&s->at, s->at.sub_count + GROW_SUBS < want ? s->at.sub_count + GROW_SUBS : want);
	else if (irt_pool_is_awaited(s) && !s->held_subs && taken >= s->at.sub_count &&
		 irt_load_relaxed(&ring->next_thread_id) == s->seen_thread_id) /* who came since may be gone */
		irt_grow(&s->at, s->at.sub_count + START_SUBS);
	if (s->at.sub_count > before) { /* first the word, then a look at who waits (commit.c, too) */
		irt_add_acq_rel(&ring->freed, 1); /* R10 */
		if (irt_load_acquire(&ring->waiters)) /* A10 */
			irt_sys_futex_wake(&ring->freed, 1 << 30);
	}
	irt_store_relaxed(&ring->wake_at, taken + s->at.sub_count / 4);
}

static void answer_flushes(struct irt_session *s)
{
	for (uint32_t i = 0; i < s->process_count; i++) {
		struct irt_drained_process *p = s->processes[i];
		if (p->flush == p->flushed || p->slot == UINT32_MAX)
			continue;
		p->flushed = p->flush;
		uint32_t *word = &s->at.map.processes[p->slot].flushed;
		irt_store_release(word, p->flush); /* R12 */
		irt_sys_futex_wake(word, 1 << 30);
	}
}

static int flush_is_wanted(const struct irt_session *s)
{
	for (uint32_t i = 0; i < s->process_count; i++)
		if (s->processes[i]->flush != s->processes[i]->flushed)
			return 1;
	return 0;
}

/* Of a program that does nothing any more, the last it did has been stored as events alone. */
static int checkpoint_is_due(const struct irt_session *s)
{
	return s->owes_checkpoint && irt_now_ns() - s->checkpoint_ns >= IRT_CHECKPOINT_NS;
}

static int all_threads_ended(const struct irt_session *s)
{
	for (uint32_t i = 0; i < s->thread_count; i++)
		if (!s->threads[i]->ended)
			return 0;
	return 1;
}

/* There has been no memory for some time, and nobody is left who would wait for us. (Processes may be among
 * what there was no memory for.) */
static int is_hopeless(const struct irt_session *s, uint64_t *since_ns)
{
	uint64_t now = irt_now_ns();
	if (!s->starved)
		*since_ns = 0;
	else if (!*since_ns)
		*since_ns = now;
	return *since_ns && now - *since_ns >= IRT_PATIENCE_NS && !irt_run_is_live(&s->at);
}

/* A look costs as much as some hundred events, also when it finds few, and takes the processor from a thread of the
 * program, which may have a lock that others want. Whoever keeps up with the programs lets more of them come: as many
 * as a look may find, if they come on as they did. */
static uint64_t nap_ns(uint64_t walked, uint64_t since_ns)
{
	uint64_t ns = since_ns < NAP_MOST_NS ? since_ns * LITTLE_UNITS / walked : NAP_MOST_NS;
	return ns < NAP_NS ? NAP_NS : ns < NAP_MOST_NS ? ns : NAP_MOST_NS;
}

static int worth_a_nap(const struct irt_session *s, uint64_t walked)
{
	uint32_t taken = irt_load_relaxed(&s->at.map.ring->taken);
	return walked < LITTLE_UNITS && taken < s->at.sub_count - s->at.sub_count / 4 && !irt_pool_is_awaited(s);
}

/* Returns 0 when all that there was is in the file or counted; else there was no memory to look at it, or it
 * could not be stored, and the ring is left to whoever reads the trace. */
static int drain(struct irt_session *s)
{
	struct irt_ring *ring = s->at.map.ring;
	struct timespec failed_turn = {0, SLEEP_NS / 40};
	uint64_t over_ns = 0, starved_ns = 0, looked_ns = irt_now_ns();
	s->round_start_ns = s->checkpoint_ns = s->anchor_ns = irt_now_ns();
	if (s->at.sub_count < START_SUBS)
		irt_grow(&s->at, START_SUBS);
	irt_store_relaxed(&ring->lingering, 0u);
	IRT_TESTPOINT(drain_unnamed);
	irt_store_release(&ring->drain_pid, (uint32_t)getpid()); /* R16 */
	irt_add_acq_rel(&ring->freed, 1); /* R10 */
	irt_sys_futex_wake(&ring->freed, 1 << 30);

	for (;;) {
		uint32_t before = irt_load_acquire(&ring->wake); /* A9 */
		feed_pool(s);
		uint64_t walked = irt_gather(s), now_ns = irt_now_ns(), elapsed = now_ns - s->round_start_ns, since_ns = now_ns - looked_ns;
		looked_ns = now_ns;
		IRT_TESTPOINT(round_gathered);
		int flush = flush_is_wanted(s) && !s->chunk_full && !s->more;
		int gone = s->process_count && !irt_session_living(s), over = gone && all_threads_ended(s) && !s->starved;
		if (gone && !over_ns)
			over_ns = irt_now_ns();
		int late = gone && irt_now_ns() - over_ns >= IRT_PATIENCE_NS;
		int full = s->chunk_full || s->ended >= IRT_ROUND_ENDED || s->round_events >= IRT_ROUND_EVENTS ||
			   s->held_subs * 2 >= s->at.sub_count ||
			   (irt_pool_is_awaited(s) && s->held_subs && !walked);
		if (flush || over) {
			int r = s->dirty || s->must_checkpoint || s->owes_checkpoint ? irt_commit(s, 1) : 0;
			if (r) /* what failed once may not fail again */
				r = irt_commit(s, 1);
			if (!r && (over || !irt_session_staying(s)))
				irt_finish(s, "complete");
			IRT_TESTPOINT(flush_finished);
			answer_flushes(s);
			IRT_TESTPOINT(flush_told);
			if (over && r && !late) { /* it may pass */
				nanosleep(&failed_turn, NULL);
				continue;
			}
			if (over && r)
				return r;
		} else if (is_hopeless(s, &starved_ns)) {
			return INSTR_ERR_MEMORY;
		} else if (full || (elapsed >= IRT_ROUND_NS && (s->dirty || checkpoint_is_due(s)))) {
			int r = irt_commit(s, 0);
			if (r != 0 && r != INSTR_ERR_AGAIN) /* the ring keeps it meanwhile */
				nanosleep(&failed_turn, NULL);
		} else if (!walked || worth_a_nap(s, walked)) {
			uint64_t left = s->dirty && elapsed < IRT_ROUND_NS ? IRT_ROUND_NS - elapsed : SLEEP_NS;
			if ((irt_pool_is_awaited(s) || irt_session_quiet(s)) && left > IRT_HURRY_NS / 4)
				left = IRT_HURRY_NS / 4; /* the pool grows, or what is held up is passed */
			if (left > irt_cpu_nap(s))
				left = irt_cpu_nap(s);
			if (walked && left > nap_ns(walked, since_ns))
				left = nap_ns(walked, since_ns);
			/* Sleep protocol: say so, then look once more at the word that programs add to. */
			irt_store_release(&ring->sleeping, left > LONG_NS ? IRT_SLEEPS_LONG : 1u); /* R9 */
			irt_full_barrier();
			irt_sys_futex_wait(&ring->wake, before, (int64_t)left);
			irt_store_release(&ring->sleeping, 0u); /* R9 */
			if (!s->dirty)
				irt_add_acq_rel(&ring->heartbeat, 1); /* own: a round with nothing in it */
		}
		if (over)
			break;
	}
	/* A reader holds the -wal: it may let go in a moment. */
	int r = INSTR_ERR_BUSY;
	for (uint64_t since = irt_now_ns(); s->store && !s->finished;) {
		if (irt_now_ns() - since >= (r == INSTR_ERR_BUSY ? FINISH_NS : IRT_PATIENCE_NS))
			break;
		irt_sys_futex_wait(&ring->wake, irt_load_acquire(&ring->wake), SLEEP_NS / 4); /* A9 */
		r = irt_finish(s, "complete");
	}
	return 0;
}

/* All processes are gone and the file is whole. A child that was forked before but has not called a
 * traced function yet (a daemon) belongs to the run all the same. Waits until no process has the ring
 * mapped, and removes the run: 0; or until one has joined: 1. Negative: that cannot be seen. */
static int linger(struct irt_session *s)
{
	struct timespec turn = {0, 1000000};
	enum irt_run_end end;
	uint64_t blind_ns = 0;
	uint32_t last = s->process_count ? s->processes[s->process_count - 1]->facts.process_id : 0;
	irt_store_relaxed(&s->at.map.ring->lingering, 1u);
	IRT_TESTPOINT(linger_begun);
	irt_watch_destroy(s->watch); /* wakes a word in the ring */
	s->watch = NULL;
	while ((end = irt_end_run(&s->at, last)) == IRT_RUN_MAPPED || end == IRT_RUN_UNKNOWN) {
		if (end == IRT_RUN_MAPPED)
			blind_ns = 0;
		else if (!blind_ns)
			blind_ns = irt_now_ns();
		else if (irt_now_ns() - blind_ns >= IRT_PATIENCE_NS)
			return INSTR_ERR_IO;
		IRT_TESTPOINT(linger_on);
		nanosleep(&turn, NULL);
		if (turn.tv_nsec < SLEEP_NS)
			turn.tv_nsec *= 2;
	}
	return end == IRT_RUN_JOINED;
}

/* What fails for want of memory or descriptors may pass in a moment. */
static int open_session(struct irt_session *s, const char *folder)
{
	enum { TURNS = 5 };
	struct timespec turn = {0, 10000000};
	int r = 0;
	for (int i = 0; i < TURNS; i++) {
		r = irt_session_open(s, folder, IRT_SESSION_LIVE, -1, 2000);
		if (r == 0 || r == INSTR_ERR_BUSY)
			break;
		nanosleep(&turn, NULL);
		turn.tv_nsec *= 2;
	}
	return r;
}

/* No file can be written: the programs must not wait. Only the holder of the lease may say so. Where there
 * was no memory the ring is left to whoever reads the trace. */
static void give_up(const char *folder, int remove)
{
	struct irt_attached a;
	char error[300];
	if (irt_attach(&a, folder, error, sizeof(error)) != 0)
		return;
	if (irt_take_lease(&a, 0) == 0) {
		irt_store_release(&a.map.ring->failed, 1u); /* R10 */
		if (remove)
			irt_remove_run(&a);
	}
	irt_detach(&a);
}

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "--version")) {
		printf("instr-drain %s (schema %d, contract %d)\n", INSTR_VERSION, INSTR_SCHEMA_VERSION, INSTR_ABI);
		return 0;
	}
	if (argc != 3 || strcmp(argv[1], "--run")) {
		FILE *to = argc == 2 && !strcmp(argv[1], "--help") ? stdout : stderr;
		fprintf(to, "usage: instr-drain --run FOLDER\n\n"
			    "Writes the trace of a running program. The program starts it by itself; to complete the\n"
			    "trace of a program that is gone, use instr-recover.\n");
		return to == stdout ? 0 : 2;
	}
	step_aside();
	IRT_TESTPOINT(drain_aside);
	struct irt_session s;
	irt_store_single_thread();
	int r = open_session(&s, argv[2]);
	if (r == INSTR_ERR_BUSY)
		return 0; /* somebody else drains it */
	if (r != 0) {
		give_up(argv[2], r != INSTR_ERR_MEMORY);
		return 3;
	}
	while ((r = drain(&s)) == 0 && (r = linger(&s)) > 0) {
		IRT_TESTPOINT(linger_joined);
		while (s.thread_count)
			irt_session_drop_thread(&s, s.threads[--s.thread_count]);
		struct irt_pasts pasts = s.pasts; /* for the one that has just joined */
		memset(&s.pasts, 0, sizeof(s.pasts));
		irt_session_close(&s);
		r = open_session(&s, argv[2]);
		s.pasts = pasts;
		if (r != 0)
			return r == INSTR_ERR_BUSY ? 0 : 3;
	}
	if (r != 0)
		return 3; /* the lease ends with us: whoever reads the trace completes it */
	irt_session_close(&s);
	IRT_TESTPOINT(sweep_begun);
	irt_sweep(argv[2]); /* now that nobody waits for us */
	return 0;
}
