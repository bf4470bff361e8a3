/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * slots.pml - the registry's slots: threads join, publish, end; the drain retires; slots are used again.
 *
 * Two processes of one thread each, the first with a signal handler that runs hooks, too, and may leave
 * by siglongjmp, wherever it came; the first process may be killed anywhere, the second ends when it is
 * done. That one may be a fork child of the first: it joins with what it has inherited forgotten.
 * (claim_slot, join_thread, mend_slot in cold.c; irt_look_at_threads, look_at_claim in threads.c, retire in
 * commit.c.)
 *
 * Shown: no slot has two users; what a thread has published is found under its slot, whatever became
 * of the call that joined; when all are dead, all slots are free.
 * MUTATION:
 *     1  a slot that is taken does not say for which process
 *     2  only the call that joined makes the slot live
 *     3  the drain frees the owner before the state
 *     4  the handler's slot is overwritten by the call that it interrupted
 *     5  a fork child keeps its parent's slot
 */
#include "mutation.h"

#define SLOTS 2
#define NONE 9
#define CLAIM(p) (100 + (p)) /* the claim of process p, before the slot has an id */

byte owner[SLOTS];  /* 0 free; CLAIM(process); id of the thread, here its process */
byte owner_process[SLOTS];
bool live[SLOTS];
byte user[SLOTS];   /* ghost: process that will write to it; 0 nobody */
byte slot_of[3] = NONE; /* each thread's own word: its slot */
bool dead[3], over[3], published[3], found[3];
byte running = 1; /* on the first thread: 1 the program, 2 its handler, 0 dead */

inline join(process)
{
	mine = NONE;
	if
	:: owner[0] == 0 -> mine = 0
	:: owner[1] == 0 -> mine = 1
	:: else
	fi;
	if
	:: mine != NONE ->
		d_step {
			if
			:: owner[mine] == 0 ->
				assert(user[mine] == 0);
				user[mine] = process;
				if
				:: !MUTATION(1) -> owner[mine] = CLAIM(process)
				:: else -> owner[mine] = process
				fi
			:: else -> mine = NONE
			fi
		}
	:: else
	fi;
	if
	:: mine != NONE ->
		d_step { live[mine] = false; owner_process[mine] = process } /* zeroed, filled */
		owner[mine] = process;
		d_step {
			if
			:: slot_of[process] == NONE || MUTATION(4) -> slot_of[process] = mine
			:: else -> user[mine] = 0; owner[mine] = 0; mine = NONE
			fi
		}
		if
		:: mine != NONE -> assert(user[mine] == process); live[mine] = true
		:: else
		fi
	:: else
	fi
}

inline hook(process)
{
	if
	:: slot_of[process] == NONE -> join(process)
	:: else
	fi;
	if
	:: slot_of[process] != NONE -> /* the first sub-buffer (next_sub) */
		mine = slot_of[process];
		if
		:: !MUTATION(2) && !live[mine] -> live[mine] = true
		:: else
		fi;
		assert(user[mine] == process);
		published[process] = true
	:: else /* counted as lost */
	fi
}

bool jumped;

active proctype Program() provided (running == 1)
{
	byte mine;
	{
		hook(1)
	} unless { jumped }
	if
	:: jumped -> jumped = false; hook(1)
	:: else
	fi;
	mine = NONE;
	over[1] = true
}

active proctype Handler() provided (running == 2)
{
	byte mine;
	hook(1);
	if
	:: d_step { running = 1 }
	:: d_step { jumped = true; running = 1 }
	fi
}

active proctype Child()
{
	byte mine;
	if
	:: slot_of[1] != NONE && MUTATION(5) -> slot_of[2] = slot_of[1]
	:: true
	fi;
	hook(2);
	mine = NONE;
	dead[2] = true
}

active proctype Kernel()
{
	bool interrupted;
	do
	:: atomic { !interrupted && running == 1 && !over[1] -> interrupted = true; running = 2 }
	:: atomic { !dead[1] -> running = 0; dead[1] = true }
	:: dead[1] -> break
	od
}

active proctype Drain()
{
	byte i, p, seen;
	bool gone[3], all, late;
	do
	:: d_step { gone[1] = dead[1]; gone[2] = dead[2]; all = gone[1] && gone[2] }
		do
		:: i < SLOTS ->
			d_step {
				p = owner_process[i];
				seen = owner[i];
				if
				:: live[i] -> /* A4 */
					found[p] = true;
					assert(!live[1 - i] || owner_process[1 - i] != p); /* one stream, one slot */
					if
					:: gone[p] -> /* retire: it is dead, nobody writes any more */
						user[i] = 0;
						owner[i] = 0;
						if
						:: !MUTATION(3) -> live[i] = false /* before the owner: none sees it between */
						:: else -> late = true
						fi
					:: else
					fi
				:: else ->
					if
					:: seen > 100 -> p = seen - 100
					:: else /* the process is written before the id is */
					fi;
					if
					:: seen && gone[p] -> user[i] = 0; owner[i] = 0 /* it died over it */
					:: else
					fi
				fi;
				seen = 0;
				p = 0
			}
			if
			:: late -> d_step { live[i] = false; late = false }
			:: else
			fi;
			i++
		:: else -> i = 0; break
		od;
		if
		:: all -> break
		:: else
		fi
	od;
	assert(owner[0] == 0 && owner[1] == 0 && !live[0] && !live[1]);
	assert(!published[1] || found[1]);
	assert(!published[2] || found[2])
}
