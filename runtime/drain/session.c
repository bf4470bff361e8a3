/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * session.c - opening a run to drain it: ring, lease, clock, store; and what it knows of processes
 * and threads.
 */
#define _GNU_SOURCE
#include "drain/clock.h"
#include "drain/session.h"

#include "base/atomic.h"
#include "base/os.h"
#include "base/testpoint.h"
#include "instr/hooks.h"
#include "instr/version.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

uint64_t irt_now_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* ---- processes and threads ---------------------------------------------------------------------- */

struct irt_drained_process *irt_session_process(struct irt_session *s, uint32_t id)
{
	uint32_t low = 0, high = s->process_count;
	while (low < high) {
		uint32_t middle = (low + high) / 2;
		if (s->processes[middle]->facts.process_id < id)
			low = middle + 1;
		else
			high = middle;
	}
	return low < s->process_count && s->processes[low]->facts.process_id == id ? s->processes[low] : NULL;
}

struct irt_drained_process *irt_session_add_process(struct irt_session *s, const struct irt_process *facts, uint32_t slot)
{
	struct irt_drained_process **all = realloc(s->processes, (s->process_count + 1) * sizeof(struct irt_drained_process *));
	struct irt_drained_process *p = calloc(1, sizeof(*p));
	struct irt_cct_config tree = {.other_function = irt_symbols_other(s->symbols)};
	if (all)
		s->processes = all;
	if (!all || !p)
		goto fail;
	p->facts = *facts;
	p->slot = slot;
	p->end_ticks = IRT_STORE_NULL;
	p->exit_code = p->exit_signal = -1;
	p->changed = 1;
	p->pid = slot != UINT32_MAX ? irt_find_process(facts->pid, facts->pid_namespace, facts->start_time) : 0;
	p->proc_pid = p->pid ? irt_number_in_proc(p->pid) : 0;
	p->foreign = irt_is_foreign(facts->pid_namespace);
	p->watch = s->watch && p->pid ? irt_watch_add(s->watch, p->pid, facts->start_time) : -1;
	if (irt_cct_create(&p->cct, &tree) != 0)
		goto fail_watch;
	if (irt_functions_create(&p->functions, s->functions) != 0)
		goto fail_tree;
	if (irt_heap_create(&p->heap, facts->joined_by == IRT_JOINED_FORK) != 0)
		goto fail_functions;
	if (irt_blocks_create(&p->blocks) != 0)
		goto fail_heap;
	if (irt_locks_create(&p->locks) != 0)
		goto fail_blocks;
	if (irt_creators_create(&p->creators) != 0)
		goto fail_locks;
	uint32_t at = s->process_count++;
	while (at > 0 && s->processes[at - 1]->facts.process_id > facts->process_id) {
		s->processes[at] = s->processes[at - 1];
		at--;
	}
	s->processes[at] = p;
	s->dirty = 1;
	return p;
fail_locks:
	irt_locks_destroy(p->locks);
fail_blocks:
	irt_blocks_destroy(p->blocks);
fail_heap:
	irt_heap_destroy(p->heap);
fail_functions:
	irt_functions_destroy(p->functions);
fail_tree:
	irt_cct_destroy(p->cct);
fail_watch:
	if (p->watch >= 0)
		irt_watch_remove(s->watch, p->watch);
fail:
	free(p);
	return NULL;
}

void irt_session_free_process(struct irt_session *s, struct irt_drained_process *p)
{
	if (s->watch && p->watch >= 0)
		irt_watch_remove(s->watch, p->watch);
	irt_functions_destroy(p->functions);
	irt_heap_destroy(p->heap);
	irt_blocks_destroy(p->blocks);
	free(p->heap_packed);
	irt_locks_destroy(p->locks);
	free(p->locks_packed);
	irt_creators_destroy(p->creators);
	irt_cct_destroy(p->cct);
	free(p->ended);
	free(p);
}

static int function_of(void *user, uint64_t tag, uint64_t ticks, struct irt_function_answer *answer)
{
	struct irt_drained_thread *t = user;
	return irt_symbols_find(t->session->symbols, t->process->facts.process_id, t->process->pid,
				t->process->facts.start_time, tag, (int64_t)(ticks - t->session->at.facts.start_ticks),
				t->final_names, &answer->function, &answer->flags);
}

static int site_of(void *user, uint64_t tag, uint64_t ticks, struct irt_function_answer *answer)
{
	struct irt_drained_thread *t = user;
	return irt_symbols_find_site(t->session->symbols, t->process->facts.process_id, tag,
				     (int64_t)(ticks - t->session->at.facts.start_ticks), t->final_names, &answer->function);
}

struct forgetting {
	struct irt_walk *walk;
	uint64_t origin_ticks;
};

static int forget_one(void *arg, int64_t ticks)
{
	struct forgetting *f = arg;
	return irt_walk_forget_rows(f->walk, (uint64_t)ticks + f->origin_ticks) == 0;
}

static int forget_unmapped(struct irt_session *s, struct irt_drained_thread *t)
{
	struct forgetting f = {t->walk, s->at.facts.start_ticks};
	return irt_symbols_changes_since(s->symbols, t->process->facts.process_id, t->start_ticks, forget_one, &f);
}

/* Threads are kept in a table by id: ids come in ascending order, so the search is by halves. */
struct irt_drained_thread *irt_session_thread(struct irt_session *s, uint64_t id)
{
	uint32_t low = 0, high = s->thread_count;
	while (low < high) {
		uint32_t middle = (low + high) / 2;
		if (s->threads[middle]->id < id)
			low = middle + 1;
		else
			high = middle;
	}
	return low < s->thread_count && s->threads[low]->id == id ? s->threads[low] : NULL;
}

struct irt_drained_thread *irt_session_add_thread(struct irt_session *s, uint64_t id, struct irt_drained_process *p,
						  int64_t start_ticks)
{
	struct irt_drained_thread *t = calloc(1, sizeof(*t));
	if (s->thread_count == s->thread_room) {
		uint32_t room = s->thread_room ? 2 * s->thread_room : 64;
		struct irt_drained_thread **all = realloc(s->threads, room * sizeof(struct irt_drained_thread *));
		if (all) {
			s->threads = all;
			s->thread_room = room;
		}
	}
	if (!t || s->thread_count == s->thread_room) {
		free(t);
		return NULL;
	}
	struct irt_walk_config c = {
		.cct = p->cct, .functions = p->functions, .heap = p->heap, .blocks = p->blocks, .locks = p->locks, .creators = p->creators, .thread = (uint32_t)id, .origin_ticks = s->at.facts.start_ticks,
		.time_unit_ticks = s->time_unit, .pause_ticks = IRT_PAUSE_TICKS, .function_of = function_of, .site_of = site_of,
		.user = t,
	};
	t->id = id;
	t->process = p;
	t->session = s;
	t->slot = UINT32_MAX;
	t->next_sequence = 1;
	t->start_ticks = start_ticks;
	t->end_ticks = IRT_STORE_NULL;
	t->changed = 1;
	/* It may have called what is gone by now: the names log is read further than threads were seen. */
	if (irt_walk_create(&t->walk, &c) != 0 || !forget_unmapped(s, t)) {
		irt_walk_destroy(t->walk);
		free(t);
		return NULL;
	}
	uint32_t at = s->thread_count++;
	while (at > 0 && s->threads[at - 1]->id > id) {
		s->threads[at] = s->threads[at - 1];
		at--;
	}
	s->threads[at] = t;
	p->live_threads++;
	s->dirty = 1;
	return t;
}

/* A tid comes again: who had it in the same process is found by it. */
static struct irt_drained_thread **tid_slot(struct irt_session *s, int32_t tid)
{
	return &s->by_tid[(uint32_t)tid % IRT_TID_SLOTS];
}

void irt_session_set_tid(struct irt_session *s, struct irt_drained_thread *t, int32_t tid)
{
	struct irt_drained_thread **slot = tid_slot(s, tid);
	t->tid = tid;
	t->next_by_tid = *slot;
	*slot = t;
}

struct irt_drained_thread *irt_session_same_tid(struct irt_session *s, const struct irt_drained_thread *t,
						struct irt_drained_thread *after)
{
	struct irt_drained_thread *o = after ? after->next_by_tid : *tid_slot(s, t->tid);
	while (o && (o == t || o->tid != t->tid || o->process != t->process))
		o = o->next_by_tid;
	return o;
}

void irt_session_drop_thread(struct irt_session *s, struct irt_drained_thread *t)
{
	for (struct irt_drained_thread **at = tid_slot(s, t->tid); *at; at = &(*at)->next_by_tid) {
		if (*at == t) {
			*at = t->next_by_tid;
			break;
		}
	}
	t->process->live_threads--;
	s->inheriting -= t->inherit != 0;
	irt_pasts_keep(&s->pasts, t);
	irt_walk_destroy(t->walk);
	free(t->queue);
	free(t->done);
	free(t->holes);
	free(t->old_holes);
	free(t->first);
	free(t);
}

void irt_session_hole_gone(struct irt_session *s, uint64_t thread_id, uint64_t position)
{
	struct irt_store_hole *h = realloc(s->gone_holes, (s->gone_hole_count + 1) * sizeof(*h));
	if (!h)
		return;
	s->gone_holes = h;
	h[s->gone_hole_count++] = (struct irt_store_hole){(int64_t)thread_id, (int64_t)position, 0};
}

/* Kept until a round commits them. The same text is kept once at a time. */
void irt_session_message(struct irt_session *s, const char *severity, const char *text)
{
	struct message **last = &s->messages;
	for (; *last; last = &(*last)->next)
		if (!strcmp((*last)->text, text))
			return;
	struct message *m = calloc(1, sizeof(*m));
	if (!m)
		return;
	m->severity = strdup(severity);
	m->text = strdup(text);
	m->ticks = (int64_t)(irt_ticks() - s->at.facts.start_ticks);
	if (!m->severity || !m->text) {
		free(m->severity);
		free(m->text);
		free(m);
		return;
	}
	*last = m;
	s->dirty = 1;
}

/* ---- the file ----------------------------------------------------------------------------------- */

static void hex(char *out, const uint8_t *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		sprintf(out + 2 * i, "%02x", bytes[i]);
}

/* May the file of that other run make way for ours? Not if that run began after ours, as when this drain
 * is the late one of a program that was killed at its start: the newest run's file stays. Not if a
 * process of it is alive: its folder lies beside ours; without a folder it is over. If only its drain
 * lives it is about to end: wait for its lease. A run that died without its drain is completed here, by
 * the same code as always. */
static enum irt_store_verdict other_run(void *arg, const struct irt_store_info *other)
{
	struct irt_session *s = arg;
	char folder[IRT_PATH_BYTES + 80];
	const char *slash = strrchr(s->at.folder, '/');
	if (other->start_monotonic_ns != IRT_STORE_NULL && !strcmp(other->boot_id, s->at.facts.boot_id) &&
	    other->start_monotonic_ns > (int64_t)s->at.facts.start_monotonic_ns)
		return IRT_STORE_RUN_NEWER;
	if (!irt_is_run_name(other->run_id) || !slash ||
	    strcmp(other->boot_id, s->at.facts.boot_id))
		return IRT_STORE_RUN_DEAD;
	snprintf(folder, sizeof(folder), "%.*s/%s", (int)(slash - s->at.folder), s->at.folder, other->run_id);

	struct irt_attached a;
	char error[300];
	int r = irt_look(&a, folder, error, sizeof(error));
	if (r != 0) /* one that cannot be seen now may be anything */
		return r == INSTR_ERR_IO ? IRT_STORE_RUN_LIVE : IRT_STORE_RUN_DEAD;
	IRT_TESTPOINT(other_run_met);
	r = irt_run_is_live(&a) ? INSTR_ERR_BUSY : irt_take_lease(&a, a.facts.lingering ? 0 : 10000);
	if (r == 0)
		r = irt_drain_dead_run(&a, IRT_SESSION_DEAD, error, sizeof(error));
	else
		irt_detach(&a);
	/* What could not be completed now (its disk is full) stays where it is found again. */
	int over = r == 0 || r == INSTR_ERR_NOT_FOUND || r == INSTR_ERR_NOT_OURS || r == INSTR_ERR_FORMAT || r == INSTR_ERR_VERSION;
	return over ? IRT_STORE_RUN_DEAD : IRT_STORE_RUN_LIVE;
}

static int open_store(struct irt_session *s, enum irt_session_kind kind)
{
	char run_id[33];
	struct irt_store_error error;
	hex(run_id, s->at.facts.run_id, 16);
	struct irt_store_config c = {
		.run_id = run_id, .max_db_bytes = (int64_t)s->at.facts.max_db_bytes, .keep_events = s->keep_events,
		.is_live = other_run, .is_live_arg = s, .ask_always = true,
	};
	int pid = s->at.map.processes[0].pid;
	char other_name[320], *dot = strrchr(s->at.facts.out_name, '.');
	int stem = dot && dot != s->at.facts.out_name ? (int)(dot - s->at.facts.out_name) : (int)strlen(s->at.facts.out_name);
	snprintf(other_name, sizeof(other_name), "%.*s.%d%s", stem, s->at.facts.out_name, pid, s->at.facts.out_name + stem);

	/* This run's file, under either name, if an earlier drain has begun it. */
	const char *names[] = {s->at.facts.out_name, other_name};
	int unusable = 0;
	for (int i = 0; i < 2; i++) {
		int r = irt_store_open(s->out_fd, names[i], IRT_STORE_CONTINUE, &c, &s->store, &error);
		if (r == 0) {
			snprintf(s->out_name, sizeof(s->out_name), "%s", names[i]);
			return 0;
		}
		if (r != INSTR_ERR_NOT_FOUND && r != INSTR_ERR_NOT_OURS && kind != IRT_SESSION_LIVE && !unusable) {
			/* It may be there and only not be writable, now and by us. */
			snprintf(s->error, sizeof(s->error), "%s", error.text);
			unusable = r;
		}
	}
	if (unusable)
		return unusable;
	if (kind == IRT_SESSION_BEGUN ||
	    (kind == IRT_SESSION_DEAD && irt_load_relaxed(&s->at.map.ring->heartbeat) > 0)) {
		/* It had a file, which somebody has removed: nothing to complete. */
		snprintf(s->error, sizeof(s->error), "%s", error.text);
		return INSTR_ERR_NOT_FOUND;
	}
	char why[sizeof(s->error) + 128] = "The file named by out= was that of another run, live or newer; this run took a name of its own.";
	int r = 0, tries = 0;
	for (int i = 0; i < 2; i++) {
		r = irt_store_open(s->out_fd, names[i], IRT_STORE_START, &c, &s->store, &error);
		snprintf(s->out_name, sizeof(s->out_name), "%s", names[i]);
		if (r == 0) {
			if (i)
				irt_session_message(s, "note", why);
			return 1;
		}
		snprintf(s->error, sizeof(s->error), "%s", error.text);
		if (r != INSTR_ERR_BUSY && !i && !tries++)
			i--; /* what failed once may not fail again */
		else if (r == INSTR_ERR_NOT_OURS || r == INSTR_ERR_PERMISSION)
			snprintf(why, sizeof(why), "The file named by out= could not make way (%s); this run took a name of its own.", s->error);
		else if (r != INSTR_ERR_BUSY)
			break;
	}
	return r;
}

void irt_session_put_facts(struct irt_session *s)
{
	static const char *const on_off[] = {"off", "on"};
	char number[32], run_id[33];
	const struct irt_ring *f = &s->at.facts;
	hex(run_id, f->run_id, 16);
	irt_store_put_run(s->store, "boot_id", f->boot_id, 0);
	irt_store_put_run(s->store, "version", INSTR_VERSION, 0);
	irt_store_put_run(s->store, "abi", NULL, INSTR_ABI);
	irt_store_put_run(s->store, "clock", "tsc", 0);
	if (!irt_clock_is_steady())
		irt_session_message(s, "note", "neither processor nor kernel say that the timestamp counter keeps its rate: it is compared with "
				    "the kernel's clock every ten seconds");
	irt_store_put_run(s->store, "clock_step_ticks", NULL, s->clock_step);
	irt_store_put_run(s->store, "time_unit_ticks", NULL, s->time_unit);
	irt_store_put_run(s->store, "hook_cost_ticks", NULL, s->hook_cost);
	irt_store_put_run(s->store, "unit_bytes", NULL, INSTR_UNIT_BYTES);
	irt_store_put_run(s->store, "sub_buffer_units", NULL, IRT_SUB_UNITS);
	s->last_anchor = (struct irt_store_clock){0, (int64_t)f->start_monotonic_ns, (int64_t)f->start_realtime_ns,
						  (int64_t)f->start_ticks};
	irt_store_put_clock(s->store, &s->last_anchor);
	const struct { const char *key; uint64_t bytes; } numbers[] = {
		{"ring_bytes", f->ring_bytes}, {"ring_max_bytes", (uint64_t)f->sub_max * IRT_SUB_BYTES},
		{"max_db_bytes", f->max_db_bytes}, {"time_unit", f->time_unit_ticks},
	};
	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++) {
		snprintf(number, sizeof(number), "%llu", (unsigned long long)numbers[i].bytes);
		irt_store_put_setting(s->store, &(struct irt_store_setting){"runtime", numbers[i].key, number});
	}
	irt_store_put_setting(s->store, &(struct irt_store_setting){"runtime", "events", on_off[s->keep_events]});
	irt_store_put_setting(s->store, &(struct irt_store_setting){"runtime", "overflow",
		f->flags & IRT_RING_OVERFLOW_DROP ? "drop" : "wait"});
	irt_store_put_setting(s->store, &(struct irt_store_setting){"runtime", "out", s->out_name});
}

/* If that fails they go with the first round. */
static void store_facts(struct irt_session *s)
{
	if (irt_store_begin(s->store) != 0)
		return;
	irt_session_put_facts(s);
	IRT_TESTPOINT(facts_put);
	s->facts_put = irt_store_commit(s->store) == 0;
}

static int take_fact(void *arg, const char *key, const char *text, int64_t number)
{
	(void)text;
	(void)number;
	*(int *)arg |= !strcmp(key, "boot_id");
	return 0;
}

/* A drain that died between making the file and saying what is in it: its successor says it. */
static int put_missing_facts(struct irt_session *s)
{
	int there = 0, r = irt_store_read_run(s->store, &there, take_fact);
	s->facts_put = there;
	if (r == 0 && !there)
		store_facts(s);
	return r;
}

/* ---- opening ------------------------------------------------------------------------------------ */

int irt_session_open(struct irt_session *s, const char *folder, enum irt_session_kind kind, int lease_fd,
		     unsigned lease_wait_ms)
{
	memset(s, 0, sizeof(*s));
	s->out_fd = -1;
	int r = irt_attach(&s->at, folder, s->error, sizeof(s->error));
	if (r != 0) {
		if (lease_fd >= 0)
			close(lease_fd);
		return r;
	}
	s->at.lease_fd = lease_fd; /* taken once more, it stays whose it is */
	r = irt_take_lease(&s->at, lease_wait_ms);
	if (r != 0) {
		snprintf(s->error, sizeof(s->error), "%s: another process is draining this run", folder);
		irt_detach(&s->at);
		return r;
	}
	IRT_TESTPOINT(session_leased);
	s->recovering = kind != IRT_SESSION_LIVE;
	s->next_loss_id = 1;
	s->keep_events = (s->at.facts.flags & IRT_RING_EVENTS) != 0;
	irt_clock_measure(&s->clock_step, &s->hook_cost);
	uint64_t unit = s->at.facts.time_unit_ticks ? s->at.facts.time_unit_ticks : s->clock_step;
	s->time_unit = (uint32_t)(unit < IRT_WALK_UNIT_MAX ? unit : IRT_WALK_UNIT_MAX);
	s->out_fd = open(s->at.facts.out_directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	s->sub_owner = calloc(s->at.facts.sub_max, sizeof(*s->sub_owner));
	s->claims = calloc(IRT_PROCESS_MAX, sizeof(*s->claims));
	s->symbols = irt_symbols_create(&s->at);
	if (s->out_fd < 0) {
		r = errno == ENOENT || errno == ENOTDIR ? INSTR_ERR_NOT_FOUND : INSTR_ERR_PERMISSION;
		snprintf(s->error, sizeof(s->error), "%s: %s", s->at.facts.out_directory, strerror(errno));
	} else if (!s->sub_owner || !s->claims || !s->symbols || irt_functions_create(&s->functions, NULL) != 0 ||
		   irt_encoder_create(&s->encoder) != 0) {
		snprintf(s->error, sizeof(s->error), "no memory");
		r = INSTR_ERR_MEMORY;
	}
	if (r == 0 && kind == IRT_SESSION_LIVE) {
		s->watch = irt_watch_create(&s->at.map.ring->wake);
		if (!s->watch)
			r = INSTR_ERR_MEMORY;
	}
	if (r == 0)
		r = open_store(s, kind);
	if (r == 0) {
		IRT_TESTPOINT(file_continued);
		r = put_missing_facts(s);
		if (r == 0)
			r = irt_session_restore(s);
	} else if (r > 0) {
		IRT_TESTPOINT(file_started);
		store_facts(s);
		r = 0;
	}
	IRT_TESTPOINT(session_open);
	if (r != 0)
		irt_session_close(s);
	return r;
}

void irt_session_close(struct irt_session *s)
{
	while (s->thread_count)
		irt_session_drop_thread(s, s->threads[--s->thread_count]);
	for (uint32_t i = 0; i < s->process_count; i++)
		irt_session_free_process(s, s->processes[i]);
	while (s->messages) {
		struct message *m = s->messages;
		s->messages = m->next;
		free(m->severity);
		free(m->text);
		free(m);
	}
	free(s->processes);
	free(s->threads);
	free(s->sub_owner);
	free(s->claims);
	free(s->gone_holes);
	irt_pasts_fini(&s->pasts);
	irt_store_close(s->store);
	irt_watch_destroy(s->watch);
	irt_encoder_destroy(s->encoder);
	irt_functions_destroy(s->functions);
	irt_symbols_destroy(s->symbols);
	if (s->out_fd >= 0)
		close(s->out_fd);
	irt_detach(&s->at);
	s->processes = NULL;
	s->threads = NULL;
	s->store = NULL;
	s->watch = NULL;
}

int irt_drain_dead_run(struct irt_attached *a, enum irt_session_kind kind, char *error, size_t bytes)
{
	enum { IDLE_ROUNDS = 100 };
	struct irt_session s;
	char folder[sizeof(a->folder)];
	strcpy(folder, a->folder);
	int mapped = irt_is_mapped(a);
	if (mapped) { /* a child of fork that has not joined yet */
		irt_detach(a);
		snprintf(error, bytes, mapped < 0 ? "%s: the ring cannot be looked at" : "%s: a process will join this run", folder);
		return mapped < 0 ? mapped : INSTR_ERR_BUSY;
	}
	/* Who joins from here on is not dead: it is left for a drain of its own. */
	uint32_t last = a->facts.next_process_id;
	int lease_fd = a->lease_fd; /* kept without a gap: nobody comes in between */
	a->lease_fd = -1;
	irt_detach(a);
	int r = irt_session_open(&s, folder, kind, lease_fd, 0);
	if (r != 0) {
		snprintf(error, bytes, "%s", s.error);
		return r;
	}
	s.last_process_id = last;
	for (unsigned idle = 0; !s.failed;) {
		uint64_t walked = irt_gather(&s);
		int left = 0;
		for (uint32_t i = 0; i < s.thread_count; i++)
			left |= !s.threads[i]->ended;
		if (!walked && !left && !s.starved)
			break;
		IRT_TESTPOINT(recovery_gathered);
		irt_commit(&s, 0);
		idle = walked || s.inheriting ? 0 : idle + 1;
		if (idle == IDLE_ROUNDS) { /* nothing will change any more, unless there is memory another time */
			snprintf(error, bytes, "%s: the ring cannot be walked to its end: no memory", folder);
			irt_session_close(&s);
			return INSTR_ERR_MEMORY;
		}
	}
	for (int turn = 0; turn < 2 && !s.failed && (r = irt_commit(&s, 1)) != 0; turn++)
		;
	if (r != 0 && !s.failed) {
		snprintf(s.error, sizeof(s.error), "%s: no memory for the totals", folder);
		s.failed = INSTR_ERR_MEMORY;
	}
	IRT_TESTPOINT(recovery_committed);
	if (!s.failed) {
		r = irt_finish(&s, "recovered");
		if (r != 0 && r != INSTR_ERR_BUSY) {
			snprintf(s.error, sizeof(s.error), "%s", irt_store_error(s.store));
			s.failed = r;
		}
	}
	IRT_TESTPOINT(recovery_finished);
	enum irt_run_end end = s.failed ? IRT_RUN_REMOVED : irt_end_run(&s.at, last);
	if (end == IRT_RUN_UNKNOWN) {
		snprintf(s.error, sizeof(s.error), "%s: the ring cannot be looked at", folder);
		s.failed = INSTR_ERR_IO;
	} else if (end != IRT_RUN_REMOVED) {
		snprintf(s.error, sizeof(s.error), "%s: a process has joined this run", folder);
		s.failed = INSTR_ERR_BUSY;
	}
	snprintf(error, bytes, "%s", s.error);
	irt_session_close(&s);
	return s.failed;
}
