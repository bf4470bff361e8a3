/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * wake.pml - who sleeps is woken: the drain on `wake`, producers on `freed`, without any timeout.
 *
 * Plain stores of the drain go through a store buffer and become visible at any later moment (TSO); the
 * program's side makes all its stores that matter by locked instructions. A locked instruction, a fence
 * and a futex call wait until the buffer is empty. A futex call compares and falls asleep in one step.
 *
 * Two producers: each writes a sub-buffer written and needs another one; the pool has one to begin with. The
 * drain frees what is written, and grows the pool by one at some moment. A producer may be killed asleep.
 * Shown: nobody sleeps for ever while there is something for it. Timeouts (200 ms, 100 ms) then cover only
 * the hints (wake_at, taken), and death. An invalid end state is a lost wake-up.
 * MUTATION:
 *     1  the pool grows, and `freed` moves only if a waiter is seen
 *     2  the drain reads `wake` after it has looked
 *     3  `sleeping` may be visible late: no fence before the drain sleeps, and the kernel has none
 *     4  the drain looks for waiters before `freed` has moved
 *     5  a producer wakes the drain before it says that it waits
 */
#include "mutation.h"

#define PRODUCERS 2

byte wake, freed, waiters;
bool sleeping, drain_asleep, asleep[PRODUCERS], gone[PRODUCERS];
byte available = 1, written; /* free sub-buffers with memory; those that are left */

chan buffer = [3] of { byte }; /* the drain's stores on their way */
#define SLEEPING_1 1
#define SLEEPING_0 2
#define ONE_MORE 3

active proctype Store_buffer()
{
	byte what;
end:	do
	:: atomic {
		buffer ? what ->
		if
		:: what == SLEEPING_1 -> sleeping = true
		:: what == SLEEPING_0 -> sleeping = false
		:: what == ONE_MORE -> available++
		fi
	}
	od
}

#define FENCE empty(buffer)

inline wake_producers()
{
	if
	:: waiters > 0 -> d_step { asleep[0] = false; asleep[1] = false }
	:: else
	fi
}

active proctype Drain()
{
	byte before, n;
	bool grown, work, seen;
	do
	:: if
	   :: !MUTATION(2) -> before = wake
	   :: else
	   fi;
	   work = false;
	   if /* feed_pool */
	   :: !grown ->
		grown = true;
		work = true;
		buffer ! ONE_MORE;
		if
		:: MUTATION(1) ->
			if
			:: waiters > 0 -> FENCE -> freed++; wake_producers()
			:: else
			fi
		:: else -> atomic { FENCE -> freed++ } wake_producers()
		fi
	   :: grown || waiters == 0 || written > 0
	   fi;
	   n = written; /* gather, commit */
	   if
	   :: n > 0 ->
		work = true;
		written = written - n;
		do
		:: n > 0 -> buffer ! ONE_MORE; n--
		:: else -> break
		od;
		if
		:: MUTATION(4) ->
			seen = waiters > 0;
			atomic { FENCE -> freed++ }
			if
			:: seen -> d_step { asleep[0] = false; asleep[1] = false }
			:: else
			fi
		:: else -> atomic { FENCE -> freed++ } wake_producers()
		fi
	   :: else
	   fi;
	   if
	   :: !work ->
		if
		:: MUTATION(2) -> before = wake
		:: else
		fi;
		buffer ! SLEEPING_1;
		if
		:: !MUTATION(3) -> FENCE
		:: else
		fi;
		atomic {
			if
			:: wake == before -> drain_asleep = true
			:: else
			fi
		}
end_asleep:
		!drain_asleep;
		buffer ! SLEEPING_0
	   :: else
	   fi
	od
}

inline wake_drain()
{
	wake++;
	if
	:: sleeping -> drain_asleep = false
	:: else
	fi
}

proctype Producer(byte me; byte need)
{
	byte before;
	bool got;
	do
	:: need == 0 -> break
	:: else ->
		got = false;
		do
		:: got -> break
		:: else ->
			before = freed;
			atomic {
				if
				:: available > 0 -> available--; got = true
				:: else
				fi
			}
			if
			:: !got ->
				if
				:: MUTATION(5) -> wake_drain(); waiters++
				:: else -> waiters++; wake_drain()
				fi;
				atomic {
					if
					:: freed == before -> asleep[me] = true
					:: else
					fi
				}
				if
				:: !asleep[me]
				:: gone[me] -> goto dead /* killed asleep: waiters stays */
				fi;
				waiters--
			:: else
			fi
		od;
		need--;
		written++ /* written written, left */
	od;
dead:	skip
}

active proctype Kernel()
{
	if
	:: gone[1] = true
	:: true
	fi
}

init { atomic { run Producer(0, 2); run Producer(1, 1) } }
