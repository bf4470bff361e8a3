/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * sub.pml - the life of sub-buffers: one thread with a signal handler, and the drain.
 *
 * The thread runs hooks and may be interrupted between any two instructions by a handler that runs hooks
 * too (hooks.S; take_sub, next_sub, give_back_sub in cold.c). It may die anywhere. The drain looks, walks,
 * passes holes, commits and releases (gather.c, commit.c); it may be killed anywhere, and then another one
 * goes on from what the file says (restore.c).
 *
 * Each statement below is one instruction, or several that touch memory of one side only. Stores of one
 * thread become visible in their order and a dead thread's are all visible, so store buffers (TSO) add
 * nothing here: no side reads one word to decide whether the other has seen its store to another.
 *
 * Shown: what is published is committed exactly once; nothing else is; a sub-buffer is all zero when it is
 * taken; nothing is written into one that is not the thread's; none stays out of the pool.
 * MUTATION: one rule left out; the checker has to find it.
 *     1  the install compares the cursor alone (C2)
 *     2  sub-buffers are released before the transaction that holds them
 *     3  a sub-buffer is released although a hole of it is open
 *     4  a hook whose handler has switched does not give back what it took (C5)
 *     5  a release is not marked: killed in the middle, it cannot be told from a take
 *     6  word 1 is stored before word 2
 *     7  the drain does not wait for content before it trusts a header
 */
#include "mutation.h"

#define SUBS 2
#define UNITS 2
#define EVENTS 4 /* 1 and 2 outside of the handler, 3 and 4 in it */
#define THREAD 1
#define RELEASING 2
#define NONE 9
#define AT(s, u) ((s) * UNITS + (u))

byte owner[SUBS], seq[SUBS], tag[SUBS * UNITS], tick[SUBS * UNITS];

/* The thread's words. Unit UNITS and above is the overflow half. */
byte cursor_sub, cursor_unit = UNITS, cursor_seq;
byte running; /* whose turn it is on this thread: 0 the program, 1 its handler; 7: it is dead */
bool ended[2];

/* The file. */
byte file_next = 1, file_unit;
bool file_hole[SUBS * UNITS], kill_drain;
byte committed[EVENTS + 1];
bool published[EVENTS + 1];

#define EMPTY(s) (tag[AT(s, 0)] == 0 && tag[AT(s, 1)] == 0)
#define ALL_ZERO(s) (EMPTY(s) && tick[AT(s, 0)] == 0 && tick[AT(s, 1)] == 0 && seq[s] == 0)

inline take()
{
	got = NONE;
	if
	:: owner[0] == 0 -> got = 0
	:: owner[1] == 0 -> got = 1
	:: else
	fi;
	if
	:: got == NONE -> done = true /* dropped and counted */
	:: else ->
		d_step {
			if
			:: owner[got] == 0 -> owner[got] = THREAD; assert(ALL_ZERO(got))
			:: else -> got = NONE /* the handler was faster: again */
			fi
		}
	fi
}

inline hook(event)
{
	done = false;
	do
	:: done -> break
	:: else ->
		d_step { /* xadd */
			at_sub = cursor_sub;
			at_unit = cursor_unit;
			cursor_unit++;
			assert(cursor_unit < 4 * UNITS)
		}
		if
		:: at_unit < UNITS ->
			d_step {
				assert(owner[at_sub] == THREAD && tag[AT(at_sub, at_unit)] == 0);
				if
				:: !MUTATION(6) -> tag[AT(at_sub, at_unit)] = event
				:: else -> tick[AT(at_sub, at_unit)] = event; published[event] = true
				fi
			}
			d_step {
				assert(owner[at_sub] == THREAD);
				if
				:: !MUTATION(6) -> tick[AT(at_sub, at_unit)] = event; published[event] = true
				:: else -> tag[AT(at_sub, at_unit)] = event
				fi
			}
			done = true
		:: else ->
			d_step { old_sub = cursor_sub; old_unit = cursor_unit; old_seq = cursor_seq }
			d_step { /* pulled back, if nothing has changed */
				if
				:: old_unit >= UNITS && cursor_sub == old_sub && cursor_unit == old_unit &&
				   cursor_seq == old_seq -> cursor_unit = UNITS
				:: else
				fi
			}
			if
			:: old_unit < UNITS /* a handler has switched already */
			:: else ->
				take();
				do
				:: got == NONE -> break
				:: else ->
					old_seq = cursor_seq;
					d_step { old_sub = cursor_sub; old_unit = cursor_unit }
					if
					:: old_unit < UNITS ->
						seq[got] = 0;
						if
						:: !MUTATION(4) -> owner[got] = 0
						:: else
						fi;
						break
					:: else ->
						seq[got] = old_seq + 1; /* R1 */
						d_step { /* cmpxchg16b */
							if
							:: cursor_sub == old_sub && cursor_unit == old_unit &&
							   (cursor_seq == old_seq || MUTATION(1)) ->
								cursor_sub = got; cursor_unit = 0; cursor_seq = old_seq + 1;
								got = NONE
							:: else
							fi
						}
					fi
				od
			fi
		fi
	od
}

active proctype Program() provided (running == 0)
{
	byte at_sub, at_unit, old_sub, old_unit, old_seq, got, event = 1;
	bool done;
	do
	:: event <= 2 -> hook(event); event++
	:: else -> break
	od;
	ended[0] = true
}

active proctype Handler() provided (running == 1)
{
	byte at_sub, at_unit, old_sub, old_unit, old_seq, got, event = 3;
	bool done;
	if
	:: event = 4 /* one call: what it has installed has room left */
	:: true
	fi;
	do
	:: event <= EVENTS -> hook(event); event++
	:: else -> break
	od;
	atomic { ended[1] = true; running = 0 }
}

active proctype Kernel()
{
	bool interrupted, killed;
	do
	:: atomic { !interrupted && running == 0 && !ended[0] -> interrupted = true; running = 1 }
	:: atomic { !killed && running != 7 -> killed = true; kill_drain = true }
	:: atomic { running != 7 && !killed -> running = 7 } break
	:: break
	od
}

/* ---- the drain -------------------------------------------------------------------------------- */

bool hole[SUBS * UNITS], finished[SUBS];
byte walked[EVENTS + 1];

/* The sub-buffer to walk next. One that has no content may still become another's, or get another
 * sequence; once there is content its header stays. So the header is read again behind the content. */
inline find_head()
{
	d_step {
		head = NONE;
		for (i : 0 .. SUBS - 1) {
			if
			:: seq[i] == next && owner[i] == THREAD && !finished[i] &&
			   (head == NONE || (EMPTY(head) && !EMPTY(i))) -> head = i
			:: else
			fi
		}
		i = 0
	}
	if
	:: head != NONE && EMPTY(head) && !gone && !MUTATION(7) -> head = NONE
	:: else
	fi;
	d_step {
		if
		:: head != NONE && (seq[head] != next || owner[head] != THREAD) -> head = NONE
		:: else
		fi
	}
}

/* Does a later sub-buffer have content? */
inline look_behind()
{
	d_step {
		later = false;
		for (i : 0 .. SUBS - 1) {
			if
			:: seq[i] > next && owner[i] == THREAD && !EMPTY(i) -> later = true
			:: else
			fi
		}
		i = 0
	}
}

inline walk()
{
	do
	:: unit == UNITS -> d_step { finished[head] = true; next++; unit = 0 }; break
	:: else ->
		event = tick[AT(head, unit)]; /* A2 */
		if
		:: event ->
			d_step {
				assert(tag[AT(head, unit)] == event);
				assert(walked[event] + committed[event] == 0);
				walked[event] = 1;
				unit++
			}
		:: else ->
			look_behind();
			past = gone || later;
			if
			:: unit == 0 && tick[AT(head, 1)] -> past = true
			:: else
			fi;
			if
			:: !past -> break
			:: tick[AT(head, unit)] /* again, after the proof */
			:: past && !tick[AT(head, unit)] ->
				if
				:: gone && !later && !(unit == 0 && tick[AT(head, 1)]) ->
					d_step { finished[head] = true; next++; unit = 0 }; break /* the end */
				:: gone && (later || (unit == 0 && tick[AT(head, 1)])) -> unit++
				:: !gone ->
					if
					:: d_step { hole[AT(head, unit)] = true; unit++ }
					:: break /* it is given time */
					fi
				fi
			fi
		fi
	od
}

inline look_at_holes()
{
	d_step {
		for (i : 0 .. SUBS * UNITS - 1) {
			event = tick[i];
			if
			:: hole[i] && event ->
				assert(walked[event] + committed[event] == 0);
				walked[event] = 1;
				hole[i] = false
			:: hole[i] && !event && gone -> hole[i] = false
			:: else
			fi
		}
		i = 0;
		event = 0
	}
}

inline commit()
{
	d_step {
		file_next = next;
		file_unit = unit;
		for (i : 0 .. SUBS * UNITS - 1) { file_hole[i] = hole[i] }
		for (i : 1 .. EVENTS) { committed[i] = committed[i] + walked[i]; walked[i] = 0 }
		i = 0
	}
}

inline free(s)
{
	if
	:: !MUTATION(5) -> owner[s] = RELEASING
	:: else
	fi;
	d_step { tag[AT(s, 0)] = 0; tick[AT(s, 0)] = 0 }
	d_step { tag[AT(s, 1)] = 0; tick[AT(s, 1)] = 0; finished[s] = false }
	seq[s] = 0;
	owner[s] = 0 /* R3 */
}

inline release()
{
	do
	:: d_step {
		s = NONE;
		for (i : 0 .. SUBS - 1) {
			if
			:: finished[i] && ((!hole[AT(i, 0)] && !hole[AT(i, 1)]) || MUTATION(3)) -> s = i
			:: else
			fi
		}
		i = 0
		}
		if
		:: s == NONE -> break
		:: else -> free(s)
		fi
	od
}

/* Takes back what one owner has: a dead thread, or a drain that died over a release. */
inline free_all(whose)
{
	do
	:: d_step {
		s = NONE;
		for (i : 0 .. SUBS - 1) {
			if
			:: owner[i] == whose -> s = i
			:: else
			fi
		}
		i = 0
		}
		if
		:: s == NONE -> break
		:: else -> free(s)
		fi
	od
}

inline restore()
{
	d_step {
		next = file_next;
		unit = file_unit;
		for (i : 0 .. SUBS * UNITS - 1) { hole[i] = file_hole[i] }
		for (i : 1 .. EVENTS) { walked[i] = 0 }
		for (i : 0 .. SUBS - 1) { /* take_back */
			finished[i] = owner[i] == THREAD && seq[i] && seq[i] < next && !EMPTY(i)
		}
		i = 0
	}
	free_all(RELEASING)
}

active proctype Drain()
{
	byte next = 1, unit, head, event, i, s;
	bool gone, later, past, quiet;
again:
	{
		do
		:: d_step { gone = running == 7; quiet = gone || (ended[0] && running == 0) }
			look_at_holes();
			do
			:: find_head();
				if
				:: head == NONE -> break
				:: else
				fi;
				s = head;
				walk();
				if
				:: finished[s] /* the next one */
				:: else -> break
				fi
			od;
			if
			:: MUTATION(2) -> release()
			:: else
			fi;
			commit();
			release();
			if
			:: gone -> free_all(THREAD) /* retire */
			:: else
			fi;
			if
			:: quiet -> break
			:: else
			fi
		od;
		skip;
		d_step {
			for (i : 1 .. EVENTS) { assert(committed[i] == published[i]) }
			for (i : 0 .. SUBS - 1) {
				assert((owner[i] == 0 && ALL_ZERO(i)) ||
				       (!gone && owner[i] == THREAD && i == cursor_sub && seq[i] == cursor_seq))
			}
			i = 0
		}
	} unless { kill_drain }
	if
	:: kill_drain -> kill_drain = false; restore(); goto again
	:: else
	fi
}
