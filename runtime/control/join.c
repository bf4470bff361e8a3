/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * join.c - the process's life in a run.
 *
 *     irt_local.gate:  COLD --irt_join--> ON    recording (from whichever thread, but see forked_thread)
 *                           --irt_join--> OFF   record=off, set-user-id program, or impossible
 *                      ON, OFF --fork--> COLD   in the child (MADV_WIPEONFORK)
 *
 * Joining happens at the first registration of a module or at the first hook, whichever comes
 * first, and again in a fork child at its first hook. Everything runs with signals blocked, by one
 * thread; others wait for it.
 */
#include "control/control.h"

#include "base/testpoint.h"
#include "instr/errors.h"

enum { FLUSH_WAIT_NS = 100 * 1000 * 1000, FLUSH_SILENT_NS = 500 * 1000 * 1000, AT_PHDR = 3, AT_SECURE = 23 };
#define FLUSH_NS UINT64_C(10000000000)

/* Kept over fork: the child's parent in the run. */
static uint32_t own_process_id;
static int no_recording;
static uint32_t lost_before; /* events of a fork child that cannot join yet */

/* An entry of the auxiliary vector. Returns 0 if it is not known. */
static int read_auxv(uint64_t type, uint64_t *value)
{
	uint64_t pair[2];
	int fd = (int)irt_sys_open("/proc/self/auxv", IRT_O_RDONLY | IRT_O_CLOEXEC, 0), found = 0;
	if (fd < 0)
		return 0;
	while (!found && irt_sys_read(fd, pair, sizeof(pair)) == (long)sizeof(pair) && pair[0])
		found = pair[0] == type;
	irt_sys_close(fd);
	if (found)
		*value = pair[1];
	return found;
}

/* With rights that its caller does not have? What cannot be known is taken for yes: the file is root's
 * where the program's may be run but not read. */
static int is_raised(void)
{
	uint64_t secure = 1;
	if (!read_auxv(AT_SECURE, &secure) &&
	    irt_sys3(__NR_getuid, 0, 0, 0) == irt_sys3(__NR_geteuid, 0, 0, 0) &&
	    irt_sys3(__NR_getgid, 0, 0, 0) == irt_sys3(__NR_getegid, 0, 0, 0))
		irt_say("cannot record: /proc/self/auxv cannot be read", "", "");
	return secure != 0;
}

static struct irt_process *claim_process(struct irt_ring *ring, uint32_t claimed)
{
	for (uint32_t i = 0; i < IRT_PROCESS_MAX; i++) {
		struct irt_process *p = &irt_map.processes[i];
		uint32_t nobody = IRT_SLOT_FREE;
		if (i >= irt_load_relaxed(&ring->process_high) && !irt_populate(p, sizeof(*p)))
			return NULL;
		if (!irt_load_relaxed(&p->state) && irt_cas_acq_rel(&p->state, &nobody, claimed)) { /* A7 */
			irt_raise(&ring->process_high, i + 1);
			irt_zero((char *)p + sizeof(p->state), sizeof(*p) - sizeof(p->state));
			irt_local.process_slot = i;
			return p;
		}
	}
	return NULL;
}

/* Takes a slot in the run that irt_map shows. */
static int enter_run(const struct irt_identity *me, enum irt_joined_by how, uint32_t parent_id,
		     uint64_t parent_thread_id, uint64_t parent_position)
{
	uint32_t claimed = IRT_SLOT_CLAIMED | (uint32_t)me->pid << IRT_SLOT_STATE_BITS, state = claimed;
	struct irt_process *p = claim_process(irt_map.ring, claimed);
	if (!p)
		return INSTR_ERR_FULL;
	IRT_TESTPOINT(process_claimed);
	p->process_id = irt_add_acq_rel(&irt_map.ring->next_process_id, 1) + 1; /* own */
	p->parent_process_id = parent_id;
	p->pid = me->pid;
	p->start_time = me->start_time;
	p->pid_namespace = me->pid_namespace;
	p->join_ticks = irt_ticks();
	p->parent_thread_id = parent_thread_id;
	p->parent_position = parent_position;
	p->joined_by = how;
	p->lost_early = lost_before;
	p->quiet = (irt_map.ring->flags & IRT_RING_SANDBOX) != 0;
	uint32_t id = p->process_id, lost = lost_before;
	IRT_TESTPOINT(process_filled);
	if (!irt_cas_acq_rel(&p->state, &state, (uint32_t)IRT_SLOT_LIVE)) /* R4 */
		return enter_run(me, how, parent_id, parent_thread_id, parent_position); /* stopped for so long that it was taken for dead */
	own_process_id = id;
	lost_before -= lost;
	irt_local.process = p;
	irt_local.heap_off = !irt_config.heap;
	irt_local.block_off = !irt_config.block;
	irt_local.lock_off = !irt_config.lock;
	irt_local.thread_off = !irt_config.thread;
	IRT_TESTPOINT(process_live);
	return 0;
}

/* In a fork child, the block of the one thread that has come over: its main thread. If another thread is
 * the first to run a hook, that block must be found and cleared, or the main thread would go on in its
 * parent's stream. glibc registers a list of robust mutexes for each thread, again after fork; it lies in
 * what %fs points to, so the two threads' lists are as far apart as their blocks. NULL: not known. */
static struct irt_tls *forked_thread(void)
{
	long pid = irt_sys_getpid();
	uint64_t mine = 0, its = 0, bytes = 0, here;

	if (irt_sys_gettid() == pid)
		return &irt_tls;
	__asm__("movq %%fs:0, %0" : "=r"(here));
	if (irt_failed(irt_sys3(__NR_get_robust_list, 0, (long)&mine, (long)&bytes)) || mine - here >= IRT_PAGE ||
	    irt_failed(irt_sys3(__NR_get_robust_list, pid, (long)&its, (long)&bytes)) || !its)
		return NULL;
	uint64_t there = its - (mine - here);
	/* %fs:0 holds %fs. The kernel reads it first, for it might be no memory: all signals are blocked
	 * already, whatever it reads. */
	if (there % 16 || irt_failed(irt_sys4(__NR_rt_sigprocmask, IRT_SIG_BLOCK, (long)there, 0, 8)) ||
	    *(const uint64_t *)there != there)
		return NULL;
	return (struct irt_tls *)(there + ((uint64_t)&irt_tls - here));
}

static int join_as_fork_child(const struct irt_identity *me, struct irt_tls *tls)
{
	uint64_t thread_id = 0, position = 0;
	if (tls->thread && tls->sequence) {
		uint64_t units = (tls->cursor & (IRT_SUB_BYTES - 1)) / INSTR_UNIT_BYTES;
		if (tls->cursor & IRT_OVERFLOW_BIT)
			units = IRT_SUB_UNITS;
		thread_id = irt_thread_id(tls->thread);
		position = irt_position(tls->sequence, (uint32_t)units);
	}
	irt_thread_reset(tls);
	IRT_TESTPOINT(fork_found);
	return enter_run(me, IRT_JOINED_FORK, own_process_id, thread_id, position);
}

/* Not part of join: its texts would take a fork child's stack, too. */
static __attribute__((noinline)) void say_verbose(void)
{
	char line[256];
	struct irt_text t = irt_text_in(line, sizeof(line));
	irt_text_add(&t, "; ring ");
	irt_text_number(&t, irt_map.ring->ring_bytes >> 10);
	irt_text_add(&t, " KiB, at most ");
	irt_text_number(&t, ((uint64_t)irt_map.ring->sub_max * IRT_SUB_BYTES) >> 10);
	irt_text_add(&t, " KiB");
	char path[IRT_PATH_BYTES + 300];
	struct irt_text where = irt_text_in(path, sizeof(path));
	irt_text_add(&where, irt_map.ring->out_directory);
	irt_text_add(&where, "/");
	irt_text_add(&where, irt_map.ring->out_name);
	irt_say("recording to ", path, line);
}

/* Returns the gate's new value. COLD: not now. */
static uint64_t join(void)
{
	struct irt_identity me;
	struct irt_tls *forked;
	uint32_t parent = 0;
	int same_pid = 0;

	if (no_recording)
		return IRT_GATE_OFF;
	if (irt_map.ring) { /* the range below is the parent's, with its advice */
		forked = forked_thread();
		if (!forked)
			return IRT_GATE_COLD; /* until the main thread comes itself */
		if (irt_identify(&me) != 0 || join_as_fork_child(&me, forked) != 0) {
			irt_add_relaxed(&irt_map.ring->unjoined, 1); /* it is too late to say so here */
			return IRT_GATE_OFF;
		}
		irt_wake_drain(irt_map.ring);
		return IRT_GATE_ON;
	}
	no_recording = 1;
	if (is_raised())
		return IRT_GATE_OFF;
	/* The address range that fork children see zeroed. Without it a child would write into its
	 * parent's stream, so then there is no recording. */
	long r = irt_sys_madvise(&irt_local, sizeof(irt_local), IRT_MADV_WIPEONFORK);
	if (irt_failed(r)) {
		irt_say("cannot record: ", r == -IRT_EINVAL ? "the kernel lacks MADV_WIPEONFORK (Linux 4.14)" :
			"the system call madvise is refused", "");
		return IRT_GATE_OFF;
	}
	if (irt_config_read(&irt_config) != 0 || !irt_config.record)
		return IRT_GATE_OFF;
	if (irt_identify(&me) != 0) {
		irt_say("cannot record: /proc cannot be read", "", "");
		return IRT_GATE_OFF;
	}
	int found = irt_run_find(&me, &parent, &same_pid);
	if (found == INSTR_ERR_BUSY) {
		if (irt_config.verbose)
			irt_say("another copy of the runtime records this process; this one stays off", "", "");
		return IRT_GATE_OFF;
	}
	if (found == 0) {
		IRT_TESTPOINT(run_found);
		if (enter_run(&me, same_pid ? IRT_JOINED_EXEC : IRT_JOINED_START, parent, 0, 0) != 0) {
			irt_say("cannot record: the run already has as many processes as it can hold", "", "");
			return IRT_GATE_OFF;
		}
	} else {
		if (irt_config_check_output(&irt_config) != 0 || irt_run_create(&irt_config, &me) != 0)
			return IRT_GATE_OFF;
		if (enter_run(&me, IRT_JOINED_START, 0, 0, 0) != 0) {
			irt_run_abandon();
			irt_say("cannot record: no memory for the ring in ", irt_ring_folder, "");
			return IRT_GATE_OFF;
		}
		if (irt_launch_drain() != 0) {
			irt_store_release(&irt_map.ring->failed, 1u); /* R10 */
			irt_say("no drain process could be started: events will be dropped and counted", "", "");
		}
	}
	IRT_TESTPOINT(drain_launched);
	no_recording = 0;
	irt_log_process();
	IRT_TESTPOINT(process_logged);
	if (irt_config.verbose)
		say_verbose();
	irt_wake_drain(irt_map.ring);
	return IRT_GATE_ON;
}

int irt_join(void)
{
	uint64_t blocked = UINT64_MAX, before = 0;
	uint32_t state = 0;
	int32_t tid = (int32_t)irt_sys_gettid();

	int is_blocked = !irt_failed(irt_sys4(__NR_rt_sigprocmask, IRT_SIG_SETMASK, (long)&blocked, (long)&before, 8));
	if (irt_cas_acq_rel(&irt_local.join, &state, 1u)) { /* A13 */
		irt_local.joiner_tid = tid;
		uint64_t gate = IRT_GATE_OFF;
		if (is_blocked)
			gate = join();
		else if (irt_map.ring)
			irt_add_relaxed(&irt_map.ring->unjoined, 1);
		else if (!no_recording) /* else a child of a process that has said why */
			irt_say("cannot record: the system call rt_sigprocmask is refused", "", "");
		irt_local.joiner_tid = 0;
		lost_before += gate == IRT_GATE_COLD;
		irt_store_release(&irt_local.gate, gate); /* R13 */
		irt_store_release(&irt_local.join, gate == IRT_GATE_COLD ? 0u : 2u); /* R13 */
		irt_sys_futex_wake(&irt_local.join, 1 << 30);
	} else if (state == 1 && irt_load_relaxed(&irt_local.joiner_tid) != tid) {
		for (int naps = 0; irt_load_acquire(&irt_local.join) == 1 && naps < IRT_NAPS_MOST;) /* A13 */
			naps += !irt_nap(&irt_local.join, 1, FLUSH_WAIT_NS);
	}
	if (is_blocked)
		irt_sys4(__NR_rt_sigprocmask, IRT_SIG_SETMASK, (long)&before, 0, 8);
	return irt_load_acquire(&irt_local.gate) == IRT_GATE_ON; /* A13 */
}

/* ---- the end ------------------------------------------------------------------------------ */

/* At a normal exit: everything published so far is committed, and if this is the last process of
 * the run, trace.db is finished, before the program returns. Waits at most 10 s, and only for a
 * live drain; not at all where the clock or sleeping is refused. */
static void flush(void)
{
	struct irt_ring *ring = irt_map.ring;
	if (irt_load_acquire(&irt_local.gate) != IRT_GATE_ON || irt_load_relaxed(&ring->failed)) /* A13 */
		return;
	if (irt_is_quiet()) { /* the drain sees that without being asked */
		irt_add_acq_rel(&irt_local.process->flush, 1); /* R11 */
		return;
	}
	uint32_t want = irt_add_acq_rel(&irt_local.process->flush, 1) + 1; /* R11 */
	IRT_TESTPOINT(flush_asked);
	irt_wake_drain(ring);
	uint64_t start = irt_sys_clock_ns(1), beat_ns = start, beat = irt_load_relaxed(&ring->heartbeat);
	int naps = 0;
	for (uint64_t now = start; now && now - start < FLUSH_NS; now = irt_sys_clock_ns(1)) {
		uint32_t done = irt_load_acquire(&irt_local.process->flushed); /* A12 */
		if ((int32_t)(done - want) >= 0 || irt_load_relaxed(&ring->failed)) {
			IRT_TESTPOINT(flush_answered);
			return;
		}
		if (!irt_nap(&irt_local.process->flushed, done, FLUSH_WAIT_NS) && ++naps >= IRT_NAPS_MOST)
			return; /* a sandbox: whoever reads the trace waits for the drain */
		uint64_t now_beat = irt_load_relaxed(&ring->heartbeat);
		if (now_beat != beat) {
			beat = now_beat;
			beat_ns = now;
		} else if (now - beat_ns >= FLUSH_SILENT_NS) {
			if (!irt_restart_drain())
				return; /* there is none: whoever reads the trace completes it */
			beat_ns = now;
		}
		irt_wake_drain(ring);
	}
}

static void note_exit(int status, void *unused)
{
	(void)unused;
	if (irt_load_acquire(&irt_local.gate) == IRT_GATE_ON) { /* A13 */
		irt_local.process->exit_code = status & 255;
		IRT_TESTPOINT(exit_noted);
		irt_store_release(&irt_local.process->exit_known, 1u); /* R11 */
	}
}

/* glibc only; two entries of its static table. Weak: other libcs lack it, the status is then unknown. */
extern int on_exit(void (*)(int, void *), void *) __attribute__((weak));

__attribute__((constructor)) static void at_start(void)
{
	if (on_exit)
		on_exit(note_exit, NULL);
}

/* exit() runs its handlers latest first; the one that runs all destructors, flush among them, is
 * entered after this library's constructors but before the executable's. So the status is known to
 * flush only if the handler is entered again from there. An executable's module lies within 2 GiB
 * behind its program headers. */
void irt_note_exit_from(const void *module)
{
	static uint32_t entered;
	uint32_t no = 0;
	uint64_t headers = 0;
	if (!on_exit || irt_load_relaxed(&entered) || !read_auxv(AT_PHDR, &headers))
		return;
	if (headers && (uint64_t)module - headers < UINT64_C(1) << 31 && irt_cas_acq_rel(&entered, &no, 1u)) /* own */
		on_exit(note_exit, NULL);
}

/* Where the runtime is a part of the executable, its destructor comes before those that take leave of
 * the modules: the last of them is the end then. (One that never comes: the file is completed when the
 * process is gone.) */
static uint32_t modules, ended;

void irt_count_module(int change)
{
	uint32_t before = irt_add_acq_rel(&modules, (uint32_t)change); /* own */
	if (before == 1 && change < 0 && irt_load_relaxed(&ended))
		flush();
}

__attribute__((destructor)) static void at_end(void)
{
	irt_store_relaxed(&ended, 1u);
	if (!irt_load_relaxed(&modules))
		flush();
}
