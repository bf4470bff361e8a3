/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * gather_test.c - what the drain makes of a ring: the test writes slots, sub-buffers and names as programs
 * leave them in moments that are hard to meet, and looks at them by irt_gather and irt_commit.
 */
#define _GNU_SOURCE
#include "check.h"

#include "drain/session.h"

#include "base/atomic.h"
#include "base/os.h"
#include "instr/hooks.h"

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#ifndef IRT_CLAIM
#define IRT_CLAIM (UINT64_C(1) << 63)
#define IRT_RELEASING UINT64_MAX
#endif

static char folder[] = "/tmp/gather_test.XXXXXX";
static struct irt_map ring;
static struct irt_session session;
static struct irt_ring facts;

static uint64_t own_namespace(void)
{
	struct stat st;
	return stat("/proc/self/ns/pid", &st) == 0 ? (uint64_t)st.st_ino : 0;
}

static void put_process(uint32_t slot, uint32_t id, int pid, uint64_t pid_namespace)
{
	ring.processes[slot] = (struct irt_process){.state = IRT_SLOT_LIVE, .process_id = id, .pid = pid,
		.start_time = irt_start_time(getpid(), 0, NULL), .pid_namespace = pid_namespace, .join_ticks = irt_ticks()};
	if (ring.ring->next_process_id < id)
		ring.ring->next_process_id = id;
	if (ring.ring->process_high <= slot)
		ring.ring->process_high = slot + 1;
}

static void put_thread(uint32_t slot, uint64_t id, uint32_t process_id, int tid)
{
	ring.threads[slot] = (struct irt_thread){.owner = id, .state = IRT_SLOT_LIVE, .process_id = process_id, .tid = tid,
		.join_ticks = irt_ticks()};
	if (ring.ring->next_thread_id < id)
		ring.ring->next_thread_id = id;
	if (ring.ring->thread_high <= slot)
		ring.ring->thread_high = slot + 1;
}

/* Calls of one function: two units each. */
static void put_calls(uint32_t sub, uint32_t first_unit, uint32_t calls)
{
	struct instr_unit *u = irt_sub_units(&ring, sub) + first_unit;
	for (uint32_t i = 0; i < calls * 2; i++) {
		u[i].tag = instr_tag(i & 1 ? INSTR_EXIT : INSTR_ENTER, 0x5000, 0x7ffe0000);
		u[i].ticks = irt_ticks();
	}
}

static void put_sub(uint32_t sub, uint64_t owner, uint64_t sequence)
{
	ring.subs[sub] = (struct irt_sub){owner, sequence};
}

static void open_session(void)
{
	int r = irt_session_open(&session, folder, IRT_SESSION_LIVE, -1, 0);
	if (r != 0)
		printf("  %s\n", session.error);
	CHECK_EQ(r, 0);
}

/* A new run: this process is its process 1, this thread its thread 1 in slot 0. It has asked for a flush, so
 * that rows without names hold up nothing. */
static void begin(void)
{
	char path[128];
	if (session.store)
		irt_session_close(&session);
	if (ring.ring)
		munmap(ring.ring, facts.file_bytes);
	if (!strchr(folder, 'X')) {
		snprintf(path, sizeof(path), "rm -rf %s", folder);
		CHECK_EQ(system(path), 0);
	}
	strcpy(folder, "/tmp/gather_test.XXXXXX");
	CHECK(mkdtemp(folder));
	memset(&facts, 0, sizeof(facts));
	irt_ring_layout(&facts, 1 << 20);
	facts.sub_count = 32;
	facts.ring_bytes = 1 << 20;
	facts.flags = IRT_RING_EVENTS;
	facts.max_cpus = 1;
	facts.start_ticks = irt_ticks();
	facts.start_monotonic_ns = irt_now_ns();
	strcpy(facts.boot_id, "gather_test");
	strcpy(facts.out_directory, folder);
	strcpy(facts.out_name, "trace.db");
	snprintf(path, sizeof(path), "%s/ring", folder);
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	CHECK(fd >= 0 && ftruncate(fd, (off_t)facts.file_bytes) == 0);
	void *base = mmap(NULL, facts.file_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	CHECK(base != MAP_FAILED);
	memcpy(base, &facts, sizeof(facts));
	ring = irt_ring_map(base, &facts);
	put_process(0, 1, getpid(), own_namespace());
	ring.processes[0].flush = 1;
	put_thread(0, 1, 1, (int)irt_sys_gettid());
}

static uint64_t events_of(uint64_t id)
{
	struct irt_drained_thread *t = irt_session_thread(&session, id);
	struct irt_walk_counters c = {0};
	if (t)
		irt_walk_counters(t->walk, &c);
	return c.events;
}

TEST(a_tid_that_comes_again_ends_the_older_thread)
{
	begin();
	put_thread(0, 2, 1, (int)irt_sys_gettid()); /* slots are used again in any order */
	put_thread(1, 1, 1, (int)irt_sys_gettid());
	open_session();
	irt_gather(&session);
	CHECK(irt_session_thread(&session, 2) && !irt_session_thread(&session, 2)->dead);
	struct irt_drained_thread *old = irt_session_thread(&session, 1);
	CHECK(!old || old->dead);
}

TEST(one_pid_in_two_namespaces_is_two_processes)
{
	begin();
	put_process(1, 2, getpid(), own_namespace() + 1);
	open_session();
	irt_gather(&session);
	CHECK(irt_session_process(&session, 1) && irt_session_process(&session, 2));
	CHECK(!irt_session_process(&session, 1)->dead);
	CHECK(!irt_session_thread(&session, 1)->dead);
}

TEST(a_slot_whose_process_died_over_joining_is_free_again)
{
	begin();
	put_process(1, 2, 0x3ffffff, own_namespace());
	put_thread(1, 0, 0, 0);
	put_thread(2, 0, 0, 0);
	put_thread(3, 7, 2, 0x3ffffff);
	ring.threads[1].state = ring.threads[2].state = ring.threads[3].state = IRT_SLOT_FREE;
	ring.threads[1].owner = IRT_CLAIM | 2;
	ring.threads[2].owner = IRT_CLAIM | 1;
	open_session();
	irt_gather(&session);
	CHECK_EQ(ring.threads[1].owner, 0);
	CHECK_EQ(ring.threads[2].owner, IRT_CLAIM | 1); /* it lives, and will go on */
	CHECK_EQ(ring.threads[3].owner, 0);
}

TEST(names_that_are_never_written_hold_up_nobody)
{
	begin();
	static const char text[] = "command\0\0/bin/command\0/";
	struct irt_log_record *dead = (struct irt_log_record *)ring.log, *r = dead + 4;
	dead->claim = 4 * sizeof(*dead) | UINT64_C(2) << 32;
	r->claim = 2 * sizeof(*r) | UINT64_C(1) << 32;
	r->text_bytes = sizeof(text);
	memcpy(r + 1, text, sizeof(text));
	r->kind = IRT_LOG_PROCESS;
	ring.ring->log_used = 6 * sizeof(*r);
	open_session();
	irt_gather(&session);
	CHECK_STR(irt_symbols_process(session.symbols, 1)->executable, "/bin/command");
	/* What comes late is taken, too. */
	dead->text_bytes = sizeof(text);
	memcpy(dead + 1, text, sizeof(text));
	irt_store_release(&dead->kind, (uint32_t)IRT_LOG_PROCESS);
	irt_gather(&session);
	CHECK_STR(irt_symbols_process(session.symbols, 2)->executable, "/bin/command");
}

/* Appends to the names log. */
static struct irt_log_record *put_log(uint64_t process_id, enum irt_log_kind kind, uint64_t image, const void *payload,
				      uint32_t bytes)
{
	struct irt_log_record *r = (struct irt_log_record *)(ring.log + ring.ring->log_used);
	uint32_t all = (uint32_t)sizeof(*r) + (bytes + 15) / 16 * 16;
	*r = (struct irt_log_record){all | process_id << 32, kind, bytes, irt_ticks(), image};
	memcpy(r + 1, payload, bytes);
	ring.ring->log_used += all;
	return r;
}

/* A library of one function: where its names stand in the log, + 1. */
static uint64_t put_library(const char *function)
{
	struct {
		struct irt_log_names n;
		struct instr_row row;
		char texts[32];
	} payload = {{1, 0, 32, 1, 0, 0, 0}, {1, 0, 1, INSTR_ROW_FUNCTION}, {0}};
	strcpy(payload.texts + 1, function);
	return (uint64_t)((unsigned char *)put_log(1, IRT_LOG_NAMES, 0, &payload, sizeof(payload)) - ring.log) + 1;
}

static void put_call(uint32_t sub, uint32_t unit, uint64_t row)
{
	struct instr_unit *u = irt_sub_units(&ring, sub) + unit;
	for (int i = 0; i < 2; i++) {
		u[i].tag = instr_tag(i ? INSTR_EXIT : INSTR_ENTER, row, 0x7ffe0000);
		u[i].ticks = irt_ticks();
	}
}

/* It has called two functions, one by one. */
static void check_two_functions(uint64_t thread_id)
{
	struct irt_cct *cct = irt_session_thread(&session, thread_id)->process->cct;
	CHECK_EQ(events_of(thread_id), 4);
	CHECK_EQ(irt_cct_count(cct), 3); /* the root, and both */
	CHECK(irt_cct_node(cct, 1)->function != irt_cct_node(cct, 2)->function);
}

TEST(a_thread_that_is_seen_after_an_unloading_has_both_names)
{
	static const struct irt_log_load here = {0x7000, 0x7010, 0x8000, 0};
	begin();
	uint64_t alpha = put_library("alpha"), beta = put_library("beta");
	put_log(1, IRT_LOG_LOAD, alpha, &here, sizeof(here));
	put_thread(1, 2, 1, (int)irt_sys_gettid() + 1);
	ring.threads[1].state = IRT_SLOT_FREE; /* the look at threads is over */
	put_call(0, 0, here.rows_begin);
	put_log(1, IRT_LOG_UNLOAD, 0, &here, sizeof(here));
	put_log(1, IRT_LOG_LOAD, beta, &here, sizeof(here));
	put_call(0, 2, here.rows_begin);
	open_session();
	irt_gather(&session); /* has read the names */
	ring.threads[1].state = IRT_SLOT_LIVE;
	put_sub(0, 2, 1);
	irt_gather(&session);
	check_two_functions(2);
}

/* The child's library is in the log before it is known what it has from its parent. */
TEST(a_fork_child_that_changes_libraries_at_once_has_both_names)
{
	static const struct irt_log_load here = {0x7000, 0x7010, 0x8000, 0};
	begin();
	uint64_t alpha = put_library("alpha"), beta = put_library("beta");
	put_log(1, IRT_LOG_LOAD, alpha, &here, sizeof(here));
	put_process(1, 2, getpid(), own_namespace() + 1);
	ring.processes[1].parent_process_id = 1;
	ring.processes[1].joined_by = IRT_JOINED_FORK;
	ring.processes[1].state = IRT_SLOT_FREE; /* the look at processes is over */
	put_thread(1, 2, 2, (int)irt_sys_gettid() + 1);
	ring.threads[1].state = IRT_SLOT_FREE;
	put_call(0, 0, here.rows_begin);
	put_log(2, IRT_LOG_UNLOAD, 0, &here, sizeof(here));
	put_log(2, IRT_LOG_LOAD, beta, &here, sizeof(here));
	put_call(0, 2, here.rows_begin);
	open_session();
	irt_gather(&session);
	ring.processes[1].state = IRT_SLOT_LIVE;
	ring.threads[1].state = IRT_SLOT_LIVE;
	put_sub(0, 2, 1);
	irt_gather(&session);
	check_two_functions(2);
}

TEST(what_a_killed_drain_was_releasing_is_free_again)
{
	begin();
	put_sub(3, IRT_RELEASING, 5); /* killed in the middle of its bytes */
	put_calls(3, 100, 10);
	put_sub(4, IRT_RELEASING, 0); /* and behind the last of them */
	open_session();
	irt_gather(&session);
	irt_commit(&session, 0);
	CHECK_EQ(ring.subs[3].owner, 0);
	CHECK_EQ(ring.subs[3].sequence, 0);
	CHECK_EQ(ring.subs[4].owner, 0);
	for (uint32_t i = 0; i < IRT_SUB_UNITS; i++)
		CHECK(!irt_sub_units(&ring, 3)[i].tag && !irt_sub_units(&ring, 3)[i].ticks);
	CHECK_EQ(events_of(1), 0);
}

TEST(who_was_killed_while_it_waited_waits_no_more)
{
	begin();
	put_process(1, 2, 0x3ffffff, own_namespace());
	put_thread(1, 2, 2, 0x3ffffff);
	ring.threads[1].waiting = 5;
	ring.ring->waiters = 1;
	open_session();
	irt_gather(&session);
	CHECK(!irt_pool_is_awaited(&session));
	ring.threads[0].waiting = 2;
	CHECK(irt_pool_is_awaited(&session));
}

TEST(a_missing_sub_buffer_holds_up_no_living_thread_and_is_counted)
{
	begin();
	put_sub(0, 1, 3);
	put_calls(0, 0, 4);
	open_session();
	irt_gather(&session);
	CHECK_EQ(events_of(1), 8);
	CHECK(!irt_session_thread(&session, 1)->dead);
	CHECK_EQ(irt_session_thread(&session, 1)->abandoned, 2 * IRT_SUB_UNITS);
	irt_commit(&session, 1);
	irt_session_close(&session);
	put_sub(1, 1, 6); /* and again, for the next drain */
	put_calls(1, 0, 4);
	open_session();
	irt_gather(&session);
	CHECK_EQ(events_of(1), 16);
	CHECK_EQ(irt_session_thread(&session, 1)->abandoned, 4 * IRT_SUB_UNITS); /* behind a hole in the third */
}

TEST(an_empty_twin_hides_nothing_after_a_restart)
{
	begin();
	put_sub(5, 1, 1);
	put_calls(5, 0, 4);
	open_session();
	irt_gather(&session);
	irt_commit(&session, 1);
	CHECK_EQ(events_of(1), 8);
	irt_session_close(&session);
	put_sub(2, 1, 1); /* a hook was about to install it, and its handler is still at work */
	put_calls(5, 8, 3);
	open_session();
	irt_gather(&session);
	CHECK_EQ(events_of(1), 14);
}

TEST(a_sub_buffer_that_was_given_back_is_walked_for_its_new_owner)
{
	begin();
	put_thread(1, 2, 1, 0x3fffffe);
	put_sub(0, 1, 1);
	put_calls(0, 0, 4);
	put_sub(5, 1, 2); /* about to be installed, and given back later */
	open_session();
	irt_gather(&session);
	CHECK_EQ(events_of(1), 8);
	put_sub(5, 2, 1);
	put_calls(5, 0, 2);
	irt_gather(&session);
	CHECK_EQ(events_of(2), 4);
	CHECK_EQ(events_of(1), 8);
}

TEST(a_unit_that_is_written_in_part_holds_up_no_dead_thread)
{
	begin();
	put_sub(0, 1, 1);
	put_calls(0, 0, 4);
	put_calls(0, 9, 4);
	open_session();
	irt_gather(&session);
	CHECK_EQ(events_of(1), 16);
	irt_sub_units(&ring, 0)[8].ticks = irt_ticks(); /* and never its tag */
	irt_session_thread(&session, 1)->dead = 1;
	for (int i = 0; i < 3; i++)
		irt_gather(&session);
	CHECK(irt_session_thread(&session, 1)->ended);
	CHECK_EQ(irt_session_thread(&session, 1)->abandoned, 1);
	CHECK_EQ(events_of(1), 16);
}

/* One record of a call; stack: how far below the outermost one's. */
static void put_event(uint32_t unit, enum instr_kind kind, uint64_t row, uint64_t stack)
{
	struct instr_unit *u = irt_sub_units(&ring, 0) + unit;
	u->tag = instr_tag(kind, row, 0x7ffe0000 - stack);
	u->ticks = irt_ticks();
}

/* Stack pointers are known behind this: two units. */
static void put_stack(void)
{
	struct instr_unit *u = irt_sub_units(&ring, 0);
	u[1] = (struct instr_unit){0x7ffe0000, 0};
	u[0] = (struct instr_unit){irt_ticks(), instr_ext_tag(INSTR_EXT_STACK, 2, 0)};
}

static void check_all_is_walked(uint64_t events)
{
	const struct irt_drained_thread *t = irt_session_thread(&session, 1);
	struct irt_walk_counters c;
	irt_walk_counters(t->walk, &c);
	CHECK_EQ(c.events, events);
	CHECK_EQ(c.orphans, 0);
	CHECK_EQ(irt_walk_depth(t->walk), 0);
	CHECK_EQ(t->hole_count, 0);
}

TEST(an_entry_that_comes_late_waits_for_the_calls_of_the_handler)
{
	begin();
	put_sub(0, 1, 1);
	put_stack();
	put_event(3, INSTR_ENTER, 0x5000, 0x100); /* unit 2 is of the hook that the handler has interrupted */
	put_event(4, INSTR_ENTER, 0x6000, 0x200);
	open_session();
	irt_gather(&session);
	CHECK_EQ(events_of(1), 2);
	put_event(5, INSTR_EXIT, 0x6000, 0x200);
	put_event(6, INSTR_EXIT, 0x5000, 0x100);
	put_event(2, INSTR_ENTER, 0x7000, 0);
	put_event(7, INSTR_EXIT, 0x7000, 0);
	irt_gather(&session);
	check_all_is_walked(6);
}

TEST(an_exit_that_comes_late_waits_for_the_calls_of_the_handler)
{
	begin();
	put_sub(0, 1, 1);
	put_stack();
	put_event(2, INSTR_ENTER, 0x7000, 0);
	put_event(4, INSTR_ENTER, 0x5000, 0x100);
	open_session();
	irt_gather(&session);
	CHECK_EQ(events_of(1), 2);
	put_event(5, INSTR_EXIT, 0x5000, 0x100);
	put_event(3, INSTR_EXIT, 0x7000, 0);
	put_event(6, INSTR_ENTER, 0x7000, 0);
	put_event(7, INSTR_EXIT, 0x7000, 0);
	irt_gather(&session);
	check_all_is_walked(6);
}

TEST(hooks_that_interrupted_each_other_are_walked_from_the_inside)
{
	begin();
	put_sub(0, 1, 1);
	put_stack();
	put_event(3, INSTR_ENTER, 0x5000, 0x100);
	open_session();
	irt_gather(&session);
	CHECK_EQ(events_of(1), 1);
	put_event(5, INSTR_ENTER, 0x6000, 0x300); /* unit 4 is a hook's of the first handler */
	irt_gather(&session);
	CHECK_EQ(events_of(1), 2);
	put_event(6, INSTR_EXIT, 0x6000, 0x300);
	put_event(4, INSTR_ENTER, 0x8000, 0x200);
	put_event(7, INSTR_EXIT, 0x8000, 0x200);
	put_event(8, INSTR_EXIT, 0x5000, 0x100);
	put_event(2, INSTR_ENTER, 0x7000, 0);
	put_event(9, INSTR_EXIT, 0x7000, 0);
	irt_gather(&session);
	check_all_is_walked(8);
}

TEST(calls_that_a_handler_has_left_for_good_hold_up_no_record_that_comes_late)
{
	begin();
	put_sub(0, 1, 1);
	put_stack();
	put_event(2, INSTR_ENTER, 0x8000, 0);
	put_event(4, INSTR_ENTER, 0x5000, 0x200); /* both are left by longjmp */
	put_event(5, INSTR_ENTER, 0x6000, 0x300);
	open_session();
	irt_gather(&session);
	CHECK_EQ(events_of(1), 3);
	put_event(3, INSTR_ENTER, 0x7000, 0x100);
	put_event(6, INSTR_EXIT, 0x7000, 0x100);
	put_event(7, INSTR_EXIT, 0x8000, 0);
	irt_gather(&session);
	check_all_is_walked(7); /* two calls ended unseen, together */
}

TEST(a_thread_that_ends_in_a_handler_keeps_no_record_that_came_late)
{
	begin();
	put_sub(0, 1, 1);
	put_stack();
	put_event(3, INSTR_ENTER, 0x5000, 0x100);
	open_session();
	irt_gather(&session);
	put_event(2, INSTR_ENTER, 0x7000, 0);
	irt_gather(&session);
	CHECK_EQ(events_of(1), 1);
	irt_session_thread(&session, 1)->dead = 1;
	for (int i = 0; i < 3; i++)
		irt_gather(&session);
	CHECK(irt_session_thread(&session, 1)->ended);
	CHECK_EQ(irt_session_thread(&session, 1)->abandoned, 0);
	CHECK_EQ(events_of(1), 3); /* the handler's call is over, too */
}

/* The number of a thread of this process that lives, and does nothing. */
static int32_t other_tid;
static void *be_another(void *arg)
{
	irt_store_release(&other_tid, (int32_t)irt_sys_gettid());
	for (;;)
		pause();
	return arg;
}

static int other_thread(void)
{
	pthread_t thread;
	if (!other_tid)
		CHECK_EQ(pthread_create(&thread, NULL, be_another, NULL), 0);
	while (!irt_load_acquire(&other_tid))
		sched_yield();
	return other_tid;
}

/* A record of the heap: two units. ticks 0: its hook is still at it. */
static void put_heap(uint32_t sub, uint32_t unit, enum instr_ext kind, uint64_t address, uint64_t bytes, uint64_t ticks)
{
	struct instr_unit *u = irt_sub_units(&ring, sub) + unit;
	u[1] = (struct instr_unit){address, bytes | (uint64_t)INSTR_FAMILY_MALLOC << INSTR_HEAP_FAMILY_SHIFT};
	u[0] = (struct instr_unit){ticks, instr_ext_tag(kind, 2, 0x6000)};
}

static struct irt_heap_sums heap_sums(void)
{
	struct irt_heap_sums sums = {0};
	irt_heap_sums(irt_session_process(&session, 1)->heap, IRT_HEAP_HEAP, &sums);
	return sums;
}

/* A checkpoint, and perhaps another drain that goes on from it. */
static void checkpoint(int restarts)
{
	irt_commit(&session, 1);
	if (restarts) {
		irt_session_close(&session);
		open_session();
	}
}

enum { BLOCK = 0x10000, OTHER = 0x20000 };

/* Thread 1 allocates, thread 2 frees, thread 1 gets the address again; the hook of the free is held up
 * before its record is there. */
TEST(the_heap_is_right_when_a_thread_that_frees_is_held_up)
{
	for (int restarts = 0; restarts < 2; restarts++) {
		begin();
		put_thread(1, 2, 1, other_thread());
		put_sub(0, 1, 1);
		put_sub(1, 2, 1);
		put_calls(1, 0, 1);
		put_heap(0, 0, INSTR_EXT_ALLOC, BLOCK, 100, irt_ticks());
		put_heap(0, 2, INSTR_EXT_ALLOC, OTHER, 7, irt_ticks());
		uint64_t freed = irt_ticks();
		put_heap(1, 2, INSTR_EXT_FREE, BLOCK, 0, 0);
		put_heap(0, 4, INSTR_EXT_ALLOC, BLOCK, 40, irt_ticks());
		open_session();
		irt_gather(&session);
		checkpoint(restarts);
		irt_gather(&session);
		CHECK_EQ(heap_sums().lost, 0);
		irt_store_release(&irt_sub_units(&ring, 1)[2].ticks, freed);
		irt_gather(&session);
		checkpoint(restarts);
		for (int i = 0; i < 4; i++)
			irt_gather(&session);
		struct irt_heap_sums s = heap_sums();
		CHECK_EQ(s.allocs, 3);
		CHECK_EQ(s.frees, 1);
		CHECK_EQ(s.freed_bytes, 100);
		CHECK_EQ(s.crossed, 1);
		CHECK_EQ(s.lost, 0);
		CHECK_EQ(s.unknown_frees, 0);
		CHECK_EQ(s.peak_bytes, 107);
		CHECK(!irt_heap_is_waiting(irt_session_process(&session, 1)->heap));
		checkpoint(1);
		CHECK_EQ(heap_sums().peak_bytes, 107);
		CHECK_EQ(heap_sums().frees, 1);
	}
}

/* Thread 1 is behind: the call before its allocation has no name yet. What thread 2 did since waits; a free of
 * what nobody allocated is no fault before that is known. */
TEST(the_heap_waits_for_a_thread_that_is_behind)
{
	static const struct irt_log_load here = {0x7000, 0x7010, 0x8000, 0};
	for (int restarts = 0; restarts < 2; restarts++) {
		begin();
		ring.processes[0].flush = 0; /* names are waited for */
		uint64_t alpha = put_library("alpha"), sites = put_library("site");
		static const struct irt_log_load site = {0x6000, 0x6010, 0x9000, 0};
		put_log(1, IRT_LOG_LOAD, sites, &site, sizeof(site));
		put_thread(1, 2, 1, other_thread());
		put_sub(0, 1, 1);
		put_sub(1, 2, 1);
		put_call(0, 0, here.rows_begin);
		put_heap(0, 2, INSTR_EXT_ALLOC, BLOCK, 100, irt_ticks());
		put_heap(1, 0, INSTR_EXT_FREE, BLOCK, 0, irt_ticks());
		put_heap(1, 2, INSTR_EXT_ALLOC, OTHER, 30, irt_ticks());
		open_session();
		for (int i = 0; i < 4; i++)
			irt_gather(&session);
		CHECK_EQ(events_of(1), 0);
		CHECK_EQ(events_of(2), 2);
		CHECK_EQ(heap_sums().unknown_frees, 0);
		CHECK_EQ(heap_sums().allocs, 0);
		CHECK(irt_heap_is_waiting(irt_session_process(&session, 1)->heap));
		checkpoint(restarts);
		for (int i = 0; i < 4; i++)
			irt_gather(&session);
		CHECK_EQ(heap_sums().allocs, 0);
		put_log(1, IRT_LOG_LOAD, alpha, &here, sizeof(here))->ticks = facts.start_ticks; /* was about to be written */
		for (int i = 0; i < 4; i++)
			irt_gather(&session);
		CHECK_EQ(events_of(1), 3);
		struct irt_heap_sums s = heap_sums();
		CHECK_EQ(s.allocs, 2);
		CHECK_EQ(s.frees, 1);
		CHECK_EQ(s.crossed, 1);
		CHECK_EQ(s.unknown_frees, 0);
		CHECK_EQ(s.peak_bytes, 100);
		checkpoint(1);
		CHECK_EQ(heap_sums().bytes - heap_sums().freed_bytes, 30);
	}
}

/* Thread 1 has gone on behind a hook that it has left before it had written its unit: its free is there, and not
 * walked yet. What thread 2 did with the address since waits. */
TEST(the_heap_waits_for_what_is_behind_a_unit_that_is_not_written)
{
	static const struct irt_log_load site = {0x6000, 0x6010, 0x9000, 0};
	for (int has_tag = 0; has_tag < 2; has_tag++) {
		begin();
		ring.processes[0].flush = 0; /* at its end a process waits for nobody */
		put_log(1, IRT_LOG_LOAD, put_library("site"), &site, sizeof(site));
		put_thread(1, 2, 1, other_thread());
		put_sub(0, 1, 1);
		put_sub(1, 2, 1);
		uint64_t left = irt_ticks();
		put_heap(0, 0, INSTR_EXT_ALLOC, BLOCK, 100, irt_ticks());
		if (has_tag)
			put_heap(0, 2, INSTR_EXT_ALLOC, OTHER, 7, 0);
		put_heap(0, 4, INSTR_EXT_FREE, BLOCK, 0, irt_ticks());
		usleep(1000);
		put_heap(1, 0, INSTR_EXT_ALLOC, BLOCK, 40, irt_ticks());
		usleep(1000);
		open_session();
		for (int i = 0; i < 6; i++)
			irt_gather(&session);
		CHECK_EQ(events_of(1), 1);
		CHECK_EQ(events_of(2), 1);
		CHECK_EQ(heap_sums().lost, 0);
		CHECK_EQ(heap_sums().allocs, 0); /* behind thread 1's another one of the same time may come */
		put_heap(0, 2, INSTR_EXT_ALLOC, OTHER, 7, left);
		for (int i = 0; i < 6; i++)
			irt_gather(&session);
		struct irt_heap_sums s = heap_sums();
		CHECK_EQ(s.allocs, 3);
		CHECK_EQ(s.frees, 1);
		CHECK_EQ(s.freed_bytes, 100);
		CHECK_EQ(s.crossed, 0);
		CHECK_EQ(s.lost, 0);
		CHECK_EQ(s.unknown_frees, 0);
	}
}

int main(int argc, char **argv)
{
	char command[128];
	int r = check_main(argc, argv);
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	return system(command) || r;
}
