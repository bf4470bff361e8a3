/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * cold.c - what a hook does when the steady path in hooks.S cannot go on: join the run, give the
 * thread a slot, tell the walk a full stack pointer, hand over to the next sub-buffer, wait for the
 * drain, count what is lost.
 *
 * Every function here may be entered again at any instruction, by a signal handler of the same
 * thread that runs hooks. The rules that make this right:
 *
 *   C1  Units are reserved only by one xadd on irt_tls.cursor (irt_reserve).
 *   C2  Cursor and sequence change together only by one cmpxchg16b whose expected value is what was
 *       read before (install). A cursor that came back to an old value has another sequence.
 *   C3  With the overflow bit set, no address at or behind the cursor is ever written.
 *   C4  While the anchor of a thread that has joined is not 0, it is what the last STACK record says, by place in the
 *       stream (tell_stack).
 *   C5  A sub-buffer is taken by one CAS of its owner; it holds no unit until it is installed; if a
 *       handler has installed another one meanwhile it is given back untouched.
 *   C6  A handler may fork, and the child come back from it into the middle of this file. What its
 *       parent had taken or counted stays the parent's: after each wait, and before a sub-buffer is
 *       installed, the child is told apart and starts its hook again (has_forked).
 *   C7  The sub-buffer that `waiting` names has been left: its sequence is read first, then the cursor, whose
 *       overflow bit says that this one, or a later one, is used up. Read later, the sequence may be that of
 *       one that a handler has installed since, with room in it: the drain would pass that as left unwritten.
 *
 * Raw system calls only; no vector registers; at most 512 bytes of stack (joining uses static
 * memory). The caller is a hook: nothing here may touch libc or allocate.
 */
#include "capture/stream.h"

#include "base/testpoint.h"

enum {
	WAIT_NS = 100 * 1000 * 1000,
	RESTART_NS = 500 * 1000 * 1000, /* without a heartbeat; then a look whether there is a drain */
};
#define DEAD_NS UINT64_C(2000000000) /* without a heartbeat; then the drain counts as dead */
#define LOOK_TICKS (UINT64_C(1) << 32) /* a second or two; the cheap clock, since each lost event asks it */

_Static_assert(offsetof(struct irt_tls, cursor) == IRT_TLS_CURSOR, "hooks.S");
_Static_assert(offsetof(struct irt_tls, anchor) == IRT_TLS_ANCHOR, "hooks.S");
_Static_assert(sizeof(struct irt_tls) == 32, "fits the static-TLS surplus");
_Static_assert(IRT_OVERFLOW_BIT == IRT_SUB_BYTES, "hooks.S");
_Static_assert(IRT_ANCHOR_HALF * 2 == INSTR_SP_RANGE, "hooks.S");
_Static_assert(IRT_ANCHOR_HALF_CYG * 2 == INSTR_CYG_SP_RANGE, "hooks.S");
_Static_assert(INSTR_SP_SHIFT == 44 && INSTR_CYG_SP_SHIFT == 47 && INSTR_CYG_SHIFT == 4, "hooks.S");
_Static_assert(INSTR_ENTER == 1 && INSTR_EXIT == 2 && INSTR_UNWIND == 3 && INSTR_TAIL == 4 &&
	       INSTR_CYG_ENTER == 5 && INSTR_CYG_EXIT == 6, "hooks.S");
_Static_assert(INSTR_EXT == 7 && INSTR_EXT_NOTHING == 6, "hooks.S");
_Static_assert(sizeof(struct irt_local) == 4096 + IRT_SUB_MAX / 8, "whole pages");

__thread struct irt_tls irt_tls __attribute__((aligned(16))) = {.cursor = IRT_OVERFLOW_BIT};
struct irt_local irt_local __attribute__((aligned(IRT_PAGE)));
struct irt_map irt_map;

int irt_cold(uint64_t row, uint64_t unused, uint64_t sp);
void irt_landed(uint64_t row, uint64_t frame, uint64_t sp);

/* ---- one thread's stream ------------------------------------------------------------------ */

/* C2. Returns 1 if cursor and sequence were as expected and are now the new ones. */
static int install(struct irt_tls *tls, uint64_t old_cursor, uint64_t old_sequence, uint64_t cursor,
		   uint64_t sequence)
{
	unsigned char done;
	__asm__ volatile("cmpxchg16b %1\n\tsete %0"
			 : "=q"(done), "+m"(*(unsigned __int128 *)(void *)tls), "+a"(old_cursor),
			   "+d"(old_sequence)
			 : "b"(cursor), "c"(sequence)
			 : "memory", "cc");
	return done;
}

/* Writes an EXT record of two units: one payload unit. Returns 0 if there was no room. */
static int put_ext(struct irt_tls *tls, enum instr_ext ext, uint64_t row, uint64_t p0, uint64_t p1)
{
	uint64_t ticks = irt_ticks();
	struct instr_unit *unit;
	if (!irt_reserve(tls, 2, ticks, &unit))
		return 0;
	IRT_TESTPOINT(ext_reserved);
	irt_store_relaxed(&unit[0].tag, instr_ext_tag(ext, 2, row));
	IRT_TESTPOINT(ext_tagged);
	irt_store_relaxed(&unit[1].ticks, p0);
	irt_store_relaxed(&unit[1].tag, p1);
	irt_store_release(&unit[0].ticks, ticks); /* R2 */
	return 1;
}

/* C4. Tells the walk the full stack pointer. A handler on another stack may do the same at any moment:
 * before the unit is reserved, then ours says nothing, because the handler's later ones rely on its
 * anchor; or after, then its own is the later one. Either way the anchor tells the hook that it has
 * to come again. */
static void tell_stack(struct irt_tls *tls, uint64_t sp)
{
	uint64_t ticks = irt_ticks(), none = 0;
	irt_store_relaxed(&tls->anchor, (uint64_t)0);
	struct instr_unit *unit;
	if (!irt_reserve(tls, 2, ticks, &unit))
		return;
	IRT_TESTPOINT(stack_reserved);
	int told = irt_load_relaxed(&tls->anchor) != 0;
	irt_store_relaxed(&unit[0].tag, instr_ext_tag(told ? INSTR_EXT_NOTHING : INSTR_EXT_STACK, 2, 0));
	irt_store_relaxed(&unit[1].ticks, sp);
	irt_store_release(&unit[0].ticks, ticks); /* R2 */
	IRT_TESTPOINT(stack_told);
	if (!told)
		irt_cas_acq_rel(&tls->anchor, &none, sp); /* own */
}

/* ---- sub-buffers -------------------------------------------------------------------------- */

int irt_is_quiet(void)
{
	const struct irt_process *p = irt_load_relaxed(&irt_local.process);
	return p && irt_load_relaxed(&p->quiet);
}

void irt_wake_drain(struct irt_ring *ring)
{
	irt_add_acq_rel(&ring->wake, 1); /* R9 */
	irt_full_barrier(); /* the drain stores sleeping, then reads wake again before it sleeps */
	if (irt_load_relaxed(&ring->sleeping) && !irt_is_quiet())
		irt_sys_futex_wake(&ring->wake, 1);
}

int irt_populate(void *at, uint64_t bytes)
{
	uint64_t start = (uint64_t)at & ~(uint64_t)(IRT_PAGE - 1);
	uint64_t end = ((uint64_t)at + bytes + IRT_PAGE - 1) & ~(uint64_t)(IRT_PAGE - 1);
	long r = irt_sys_madvise((void *)start, end - start, IRT_MADV_POPULATE_WRITE);
	if (r == -IRT_EINVAL) /* Linux before 5.14: touching is all there is */
		return 1;
	return !irt_failed(r);
}

/* C5. Returns an index, or -1: none is free. */
static long take_sub(struct irt_ring *ring, uint64_t thread_id)
{
	uint32_t count = irt_load_acquire(&ring->sub_count); /* A8 */
	uint32_t from = irt_load_relaxed(&ring->free_hint); /* any value is right: two passes see all */
	if (count > ring->sub_max)
		count = ring->sub_max;
	if (from >= count)
		from = 0;
	for (int pass = 0; pass < 2; pass++) {
		for (uint32_t i = pass ? 0 : from; i < count; i++) {
			uint64_t nobody = 0;
			if (irt_load_relaxed(&irt_map.subs[i].owner))
				continue;
			if (irt_cas_acq_rel(&irt_map.subs[i].owner, &nobody, thread_id)) { /* A3 */
				IRT_TESTPOINT(sub_taken);
				irt_store_relaxed(&ring->free_hint, i + 1);
				uint32_t taken = irt_add_relaxed(&ring->taken, 1) + 1;
				if (taken >= irt_load_relaxed(&ring->wake_at) && irt_load_relaxed(&ring->sleeping))
					irt_wake_drain(ring);
				return i;
			}
		}
	}
	return -1;
}

static void give_back_sub(struct irt_ring *ring, uint32_t i)
{
	irt_store_release(&irt_map.subs[i].sequence, (uint64_t)0); /* R3 */
	irt_store_release(&irt_map.subs[i].owner, (uint64_t)0); /* R3: still all zero */
	irt_store_relaxed(&ring->free_hint, i);
	irt_sub_relaxed(&ring->taken, 1);
}

/* The first use of a sub-buffer in this process: have its pages mapped now, not by page faults in
 * the steady path. The drain has given them memory already. By touching them, not by a system call: a
 * sandbox may kill for one that the program itself never makes. It is this thread's and not installed
 * yet (C5); but a child that comes back into here from a handler that has forked (C6) has it too, while the
 * parent writes there: so the touch is a compare and exchange, which leaves whatever it finds. The read
 * comes first because the kernel then maps all that is there of the 64 KiB around it. */
static void map_sub(uint32_t i)
{
	unsigned char bit = (unsigned char)(1u << (i & 7));
	if (!(irt_load_relaxed(&irt_local.populated[i >> 3]) & bit)) { /* seen too late: touched twice */
		struct instr_unit *units = irt_sub_units(&irt_map, i);
		(void)*(const volatile uint64_t *)&units[0].tag;
		for (unsigned at = 0; at < IRT_SUB_UNITS; at += IRT_PAGE / INSTR_UNIT_BYTES) {
			uint64_t nothing = 0;
			irt_cas_acq_rel(&units[at].tag, &nothing, (uint64_t)0); /* own: leaves what it finds (C6) */
		}
		__atomic_fetch_or(&irt_local.populated[i >> 3], bit, __ATOMIC_RELAXED);
	}
}

static void count_loss(struct irt_thread *thread)
{
	uint64_t now = irt_ticks();
	if (thread->lost_events == thread->lost_told)
		irt_store_relaxed(&thread->lost_first_ticks, now);
	irt_store_relaxed(&thread->lost_last_ticks, now);
	irt_add_relaxed(&thread->lost_events, 1); /* a handler may lose one in between */
}

/* Goes over to dropping: the drain does not move, or it moves and has nothing to give. */
static void start_dropping(uint64_t heartbeat, uint32_t freed)
{
	irt_store_relaxed(&irt_local.drop_heartbeat, heartbeat);
	irt_store_relaxed(&irt_local.drop_freed, freed);
	irt_store_relaxed(&irt_local.drop_look_ticks, irt_ticks());
	irt_store_release(&irt_local.dropping, 1u); /* R17 */
}

/* While the process drops, one look at the ring per call tells whether that is over. A drain that has
 * died meanwhile is started again from here: nobody waits for it. */
static int still_dropping(struct irt_ring *ring)
{
	if (!irt_load_acquire(&irt_local.dropping)) /* A17 */
		return 0;
	uint64_t beat = irt_load_relaxed(&irt_local.drop_heartbeat);
	if (irt_load_relaxed(&ring->freed) != irt_load_relaxed(&irt_local.drop_freed) ||
	    (beat != UINT64_MAX && irt_load_relaxed(&ring->heartbeat) != beat)) {
		irt_store_relaxed(&irt_local.dropping, 0u);
		return 0;
	}
	uint64_t now = irt_ticks(), look = irt_load_relaxed(&irt_local.drop_look_ticks);
	if (now - look >= LOOK_TICKS && irt_cas_acq_rel(&irt_local.drop_look_ticks, &look, now)) /* own */
		irt_restart_drain();
	return 1;
}

/* C6. Whether this has become another process since `thread` was read: a handler that interrupted the
 * cold path has forked, and this is the child, come back from the handler. */
static int has_forked(const struct irt_tls *tls, uint64_t thread)
{
	return irt_load_relaxed(&tls->thread) != thread || irt_load_acquire(&irt_local.gate) != IRT_GATE_ON; /* A13 */
}

/* Nanoseconds, or where the clock is refused a guess from the counter: a wait of two seconds then takes
 * one to six. */
static uint64_t now_ns(void)
{
	uint64_t ns = irt_sys_clock_ns(1);
	return ns ? ns : irt_ticks() / 3;
}

static int has_room(const struct irt_tls *tls) { return !(irt_load_relaxed(&tls->cursor) & IRT_OVERFLOW_BIT); }

/* Waits until a sub-buffer is free. Returns its index, or -1: a handler has switched meanwhile, or this event
 * is lost. Never spins: each turn sleeps until the drain frees something, at most 100 ms; where sleeping is
 * refused there is no waiting. Time is what counts, not turns: a signal ends a sleep early. */
static long wait_for_sub(struct irt_ring *ring, struct irt_tls *tls, uint64_t me, uint64_t left, uint64_t *waited_ticks)
{
	struct irt_thread *thread = irt_thread_slot(me);
	long got = -1;
	int naps = 0;

	if (ring->flags & IRT_RING_OVERFLOW_DROP || irt_load_relaxed(&ring->failed) || irt_is_quiet() ||
	    still_dropping(ring)) {
		irt_wake_drain(ring);
		return -1;
	}
	uint64_t start = irt_ticks(), beat = irt_load_relaxed(&ring->heartbeat);
	uint64_t beat_ns = now_ns(), freed_ns = beat_ns, restart_ns = beat_ns + RESTART_NS;
	irt_store_release(&thread->waiting, left + 1); /* R14 */
	IRT_TESTPOINT(wait_begun);
	for (;;) {
		uint32_t freed = irt_load_acquire(&ring->freed); /* A10 */
		got = take_sub(ring, irt_thread_id(me));
		if (got >= 0 || irt_load_relaxed(&ring->failed))
			break;
		irt_add_acq_rel(&ring->waiters, 1); /* R9: first, since the drain gives more to one that waits */
		irt_wake_drain(ring);
		int slept = irt_nap(&ring->freed, freed, WAIT_NS);
		if (has_forked(tls, me)) /* the one who waits is the parent */
			return -1;
		irt_sub_relaxed(&ring->waiters, 1);
		if (has_room(tls))
			break;
		uint64_t now = now_ns(), now_beat = irt_load_relaxed(&ring->heartbeat);
		if (now_beat != beat) {
			beat = now_beat;
			beat_ns = now;
			restart_ns = now + RESTART_NS;
		}
		if (irt_load_acquire(&ring->freed) != freed) { /* A10 */
			freed_ns = now;
			continue;
		}
		if (!slept && ++naps >= IRT_NAPS_MOST) {
			start_dropping(UINT64_MAX, freed);
			break;
		}
		if (now - beat_ns >= DEAD_NS) {
			start_dropping(beat, freed);
			break;
		}
		if (now - freed_ns >= DEAD_NS && beat_ns > freed_ns) {
			/* The drain lives but nothing comes back and the pool does not grow: live threads
			 * hold it all, or there is no memory. Waiting would never end. */
			start_dropping(UINT64_MAX, freed);
			break;
		}
		if (now >= restart_ns) {
			irt_restart_drain();
			restart_ns = now + RESTART_NS;
		}
	}
	IRT_TESTPOINT(wait_over);
	irt_store_release(&thread->waiting, (uint64_t)0); /* R14 */
	*waited_ticks = irt_ticks() - start;
	irt_add_relaxed(&thread->wait_ticks, *waited_ticks);
	irt_add_relaxed(&thread->waits, 1);
	return got;
}

/* Events that were lost are told once: a handler that comes in between, and tells of them as well, finds
 * them told. */
static void tell_gap(struct irt_tls *tls, struct irt_thread *thread)
{
	uint64_t told = irt_load_relaxed(&thread->lost_told), lost = irt_load_relaxed(&thread->lost_events) - told;
	uint64_t first = irt_load_relaxed(&thread->lost_first_ticks);
	if (!lost || !irt_cas_acq_rel(&thread->lost_told, &told, told + lost)) /* own */
		return;
	if (!put_ext(tls, INSTR_EXT_GAP, 0, lost, first))
		irt_sub_relaxed(&thread->lost_told, lost);
}

/* A handler may have come between the two last steps of joining (join_thread), or may have left a hook for
 * good while that was waiting. The stream is found under its slot all the same, and nobody waits. */
static void mend_slot(struct irt_thread *thread)
{
	if (irt_load_relaxed(&thread->state) != IRT_SLOT_LIVE)
		irt_store_release(&thread->state, (uint32_t)IRT_SLOT_LIVE); /* R4 */
	if (irt_load_relaxed(&thread->waiting))
		irt_store_release(&thread->waiting, (uint64_t)0); /* R14 */
}

enum next { NEXT_LOST, NEXT_READY, NEXT_FORKED };

/* The cursor is in the overflow half: gives the thread another sub-buffer. */
static enum next next_sub(struct irt_ring *ring, struct irt_tls *tls, uint64_t me)
{
	uint64_t waited_ticks = 0, left = irt_load_relaxed(&tls->sequence); /* C7 */

	if (has_room(tls))
		return NEXT_READY;
	long sub = take_sub(ring, irt_thread_id(me));
	if (sub < 0)
		sub = wait_for_sub(ring, tls, me, left, &waited_ticks);
	if (has_forked(tls, me)) /* what was taken is the parent's */
		return NEXT_FORKED;
	if (sub < 0 && has_room(tls))
		return NEXT_READY;
	if (sub < 0) {
		count_loss(irt_thread_slot(me));
		return NEXT_LOST;
	}
	mend_slot(irt_thread_slot(me));
	map_sub((uint32_t)sub);
	IRT_TESTPOINT(sub_mapped);
	for (;;) {
		uint64_t sequence = irt_load_relaxed(&tls->sequence);
		uint64_t cursor = irt_load_relaxed(&tls->cursor);
		if (has_forked(tls, me))
			return NEXT_FORKED;
		if (!(cursor & IRT_OVERFLOW_BIT)) { /* a handler has switched already */
			give_back_sub(ring, (uint32_t)sub);
			return NEXT_READY;
		}
		irt_store_release(&irt_map.subs[sub].sequence, sequence + 1); /* R1 */
		IRT_TESTPOINT(sub_told);
		if (install(tls, cursor, sequence, (uint64_t)irt_sub_units(&irt_map, (uint32_t)sub), sequence + 1))
			break;
	}
	IRT_TESTPOINT(sub_installed);
	tell_gap(tls, irt_thread_slot(me));
	if (waited_ticks)
		put_ext(tls, INSTR_EXT_WAIT, 0, waited_ticks, 0);
	return NEXT_READY;
}

/* ---- joining ------------------------------------------------------------------------------ */

void irt_raise(uint32_t *high, uint32_t to)
{
	uint32_t seen = irt_load_relaxed(high);
	while (seen < to && !irt_cas_acq_rel(high, &seen, to)) /* R4 */
		;
}

/* Its owner is a claim until it has its id: in case this one dies over it. */
static int take_slot(struct irt_ring *ring, uint32_t i)
{
	struct irt_thread *t = &irt_map.threads[i];
	uint64_t nobody = 0, claim = IRT_CLAIM | irt_local.process->process_id;

	if (irt_load_relaxed(&t->owner) || !irt_cas_acq_rel(&t->owner, &nobody, claim)) /* A7 */
		return 0;
	irt_store_relaxed(&ring->thread_hint, i + 1);
	return 1;
}

/* A free slot, from where the drain has freed one on; else one that was never used; else any. So the
 * table stays about as small as the number of threads alive at one time, and the search short. A page that
 * the drain has not given memory yet is populated before it is touched: a full /dev/shm would answer a
 * touch with SIGBUS. */
static struct irt_thread *claim_slot(struct irt_ring *ring)
{
	uint32_t high = irt_load_relaxed(&ring->thread_high), from = irt_load_relaxed(&ring->thread_hint);

	if (high > IRT_THREAD_MAX)
		high = IRT_THREAD_MAX;
	for (uint32_t i = from; i < high; i++)
		if (take_slot(ring, i))
			return &irt_map.threads[i];
	for (uint32_t i = high; i < IRT_THREAD_MAX; i++) {
		if (i >= irt_load_acquire(&ring->thread_room) && i >= irt_load_relaxed(&ring->thread_high) && /* A8 */
		    !irt_populate(&irt_map.threads[i], sizeof(struct irt_thread)))
			break;
		if (take_slot(ring, i)) {
			irt_raise(&ring->thread_high, i + 1);
			return &irt_map.threads[i];
		}
	}
	for (uint32_t i = 0; i < from && i < high; i++)
		if (take_slot(ring, i))
			return &irt_map.threads[i];
	return NULL;
}

/* Gives this thread a slot. A handler that comes in between makes its own, and the later of the two gives
 * its slot back. One that leaves by siglongjmp leaves a claim, which ends with the process. */
static int join_thread(struct irt_ring *ring, struct irt_tls *tls)
{
	/* A task of another process in this one's memory (vfork, CLONE_VM) is no thread of it. (A sandbox may
	 * refuse to say.) */
	long pid = irt_is_quiet() ? 0 : irt_sys_getpid();
	struct irt_thread *t = pid <= 0 || pid == irt_local.process->pid ? claim_slot(ring) : NULL;
	if (!t) {
		irt_add_relaxed(&irt_local.process->lost_early, 1);
		return 0;
	}
	IRT_TESTPOINT(thread_claimed);
	/* All but its owner and its state, which is FREE and which the drain looks at. */
	irt_zero(&t->process_id, sizeof(*t) - offsetof(struct irt_thread, process_id));
	t->process_id = irt_local.process->process_id;
	t->process_slot = irt_local.process_slot;
	t->tid = (int32_t)irt_sys_gettid();
	t->join_ticks = irt_ticks();
	uint64_t number = irt_load_relaxed(&tls->anchor);
	t->key = instr_hidden(number & INSTR_KEY_NUMBER ? number : irt_thread_control());
	if (irt_local.process->joined_by == IRT_JOINED_FORK && t->tid == irt_local.process->pid) {
		t->parent_thread_id = irt_local.process->parent_thread_id;
		t->parent_position = irt_local.process->parent_position;
	}
	if (!irt_is_quiet()) /* else the drain gives it one within a second */
		irt_sys3(__NR_prctl, 16 /* PR_GET_NAME */, (long)t->name, 0);
	uint64_t id = irt_add_acq_rel(&ring->next_thread_id, 1) + 1, none = 0; /* own */
	uint64_t me = id * IRT_THREAD_MAX + (uint64_t)(t - irt_map.threads);
	irt_store_release(&t->owner, id); /* R6: the process is there by now */
	if (!irt_cas_acq_rel(&tls->thread, &none, me)) { /* own; a handler was faster */
		irt_store_release(&t->owner, (uint64_t)0); /* R7 */
		return 1;
	}
	if (number & INSTR_KEY_NUMBER)
		irt_cas_acq_rel(&tls->anchor, &number, (uint64_t)0); /* own */
	IRT_TESTPOINT(thread_filled);
	irt_store_release(&t->state, (uint32_t)IRT_SLOT_LIVE); /* R4 */
	IRT_TESTPOINT(thread_live);
	/* It asks how long threads have run, and would find this one gone. (A hint: in between it looks by itself.) */
	if (irt_load_relaxed(&ring->sleeping) == IRT_SLEEPS_LONG)
		irt_wake_drain(ring);
	return 1;
}

void irt_thread_reset(struct irt_tls *tls)
{
	irt_store_relaxed(&tls->thread, (uint64_t)0);
	irt_store_relaxed(&tls->anchor, (uint64_t)0);
	irt_store_relaxed(&tls->sequence, (uint64_t)0);
	irt_store_relaxed(&tls->cursor, (uint64_t)IRT_OVERFLOW_BIT);
}

/* ---- entry points ------------------------------------------------------------------------- */

int irt_make_ready(uint64_t sp)
{
	uint64_t gate = irt_load_acquire(&irt_local.gate); /* A13 */
	if (gate == IRT_GATE_COLD) {
		if (!irt_join())
			return 0;
		gate = irt_load_acquire(&irt_local.gate); /* A13 */
	}
	if (gate != IRT_GATE_ON)
		return 0;

	struct irt_ring *ring = irt_map.ring;
	struct irt_tls *tls = &irt_tls;
	if (!tls->thread && !join_thread(ring, tls))
		return 0;

	uint64_t me = irt_load_relaxed(&tls->thread);
	uint64_t cursor = irt_load_relaxed(&tls->cursor), sequence = irt_load_relaxed(&tls->sequence);
	if (cursor & IRT_OVERFLOW_BIT) {
		/* Back to the start of the overflow half, so that nested handlers never run out of it. */
		uint64_t start = (cursor & ~(uint64_t)(IRT_SUB_BYTES - 1));
		if (cursor != start)
			install(tls, cursor, sequence, start, sequence);
		enum next next = next_sub(ring, tls, me);
		if (next != NEXT_READY)
			return next == NEXT_FORKED;
	}
	if (sp - irt_load_relaxed(&tls->anchor) + IRT_ANCHOR_HALF_CYG >= 2 * IRT_ANCHOR_HALF_CYG)
		tell_stack(tls, sp);
	return 1;
}

int irt_cold(uint64_t row, uint64_t unused, uint64_t sp)
{
	(void)row;
	(void)unused;
	return irt_make_ready(sp);
}

void irt_landed(uint64_t row, uint64_t frame, uint64_t sp)
{
	if (((const struct instr_row *)row)->flags & INSTR_ROW_OFF)
		return;
	while (irt_load_relaxed(&irt_local.gate) != IRT_GATE_OFF) {
		if (!(irt_load_relaxed(&irt_tls.cursor) & IRT_OVERFLOW_BIT) &&
		    irt_load_relaxed(&irt_local.gate) == IRT_GATE_ON &&
		    put_ext(&irt_tls, INSTR_EXT_LANDED, row, frame, 0))
			return;
		if (!irt_make_ready(sp))
			return;
	}
}
