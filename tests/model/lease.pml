/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * lease.pml - who drains a run, and when its ring may go: drains, readers, and processes that come late.
 *
 * P has begun the run. C is its fork child, which has the ring mapped and joins with its first traced call, if
 * it makes one. X has been started by exec: it has found P in the registry, and then opens the ring (run.c).
 * All of them end at any moment. One drain was started with the run; a process that finds no drain starts
 * another one (irt_restart_drain). A drain may be killed anywhere. A reader tries to complete the run, once at
 * any moment and once when all else is over. (main.c, session.c, recover.c, attach.c.)
 *
 * Shown: at most one of them walks; what is published is drained in the end, by the reader at the latest;
 * and no ring stays behind.
 * MUTATION:
 *     1  the ring is removed without a hold on its file: somebody may open it behind the last look
 *     2  who has opened the ring does not ask whether it is there still
 *     3  the reader removes the ring without looking who has come meanwhile
 *     4  a second drain does not ask for the lock
 *     5  the reader takes all for dead that it finds, also who has joined meanwhile
 *     6  the reader does not ask who has the ring mapped
 */
#include "mutation.h"

#define P 0
#define C 1
#define X 2
#define DRAIN 3 /* and 4: the second */
#define READER 5
#define NOBODY 9

bool ring_linked = true, lock_linked;
byte lock_file;           /* which inode the name `lease` stands for */
byte lock_holder[5] = NOBODY; /* by inode */
byte ring_held = NOBODY;  /* file lease on the ring: opening it for writing waits */
bool mapped[6];           /* has the ring open or mapped */
bool dead[3], live[3];    /* live: the slot in the registry */
bool published[3], drained[3];
byte walking = NOBODY;
byte drains = 1, kills;   /* drains started, killed */
bool drain_over[2];

#define MAPPED_BY_ANY (mapped[P] || mapped[C] || mapped[X] || mapped[DRAIN] || mapped[DRAIN + 1] || mapped[READER])
#define ALL_DEAD (dead[P] && dead[C] && dead[X])
#define HOLDS(who) (lock_holder[my_file] == who)
#define DRAINS (lock_linked && lock_holder[lock_file] != NOBODY)

inline publish(who)
{
	atomic {
		if
		:: live[who] && mapped[who] -> published[who] = true
		:: else
		fi
	}
}

inline end_process(who) { d_step { dead[who] = true; mapped[who] = false } }

/* Starts a drain if the lock is free: the producer's rules on how often are timeouts. */
inline restart_drain()
{
	atomic {
		if
		:: !DRAINS && drains < 2 && kills > 0 -> drains++; run Drain(1)
		:: else
		fi
	}
}

proctype Process_P()
{
	publish(P);
	end_process(P)
}

proctype Process_C()
{
	if
	:: true -> /* it calls something that is traced */
		live[C] = true;
		publish(C);
		restart_drain()
	:: true
	fi;
	end_process(C)
}

proctype Process_X()
{
	bool there;
	if
	:: d_step { live[P] && !dead[P] } -> /* its snapshot of registry and ancestors */
		there = ring_linked; /* the path is looked up */
		if
		:: !there
		:: there ->
			atomic { ring_held == NOBODY -> mapped[X] = true } /* tried again until then */
			if
			:: !MUTATION(2) && !ring_linked -> mapped[X] = false /* a run of its own */
			:: else ->
				live[X] = true;
				publish(X);
				restart_drain()
			fi
		fi
	:: true /* a run of its own */
	fi;
	end_process(X)
}

/* irt_attach and irt_take_lease. Leaves result: 0 it has the lock, 1 not. */
inline take_lock(who)
{
	result = 1;
	atomic {
		if
		:: ring_linked -> mapped[who] = true
		:: else
		fi
	}
	if
	:: !mapped[who]
	:: else ->
		d_step { /* opened, or made */
			if
			:: lock_linked
			:: !lock_linked -> lock_file++; lock_linked = true
			fi;
			my_file = lock_file
		}
		d_step {
			if
			:: lock_holder[my_file] == NOBODY || MUTATION(4) -> lock_holder[my_file] = who
			:: else
			fi
		}
		if
		:: HOLDS(who) ->
			if
			:: lock_linked && my_file == lock_file -> result = 0
			:: else -> lock_holder[my_file] = NOBODY
			fi
		:: else
		fi;
		if
		:: result -> mapped[who] = false
		:: else
		fi
	fi
}

inline give_lock(who)
{
	d_step {
		mapped[who] = false;
		if
		:: lock_holder[my_file] == who -> lock_holder[my_file] = NOBODY
		:: else
		fi;
		if
		:: ring_held == who -> ring_held = NOBODY
		:: else
		fi;
		if
		:: walking == who -> walking = NOBODY
		:: else
		fi
	}
}

inline walk_one(my_self, who, knows)
{
	if
	:: live[who] && knows ->
		assert(my_self != READER || dead[who]); /* it takes them for dead */
		drained[who] = drained[who] || published[who];
		if
		:: dead[who] -> live[who] = false /* retired */
		:: else -> all_dead = false
		fi
	:: else
	fi
}

/* A drain looks at all who have joined; the reader at those that had when it made sure that they are dead. */
inline walk_all(my_self)
{
	d_step { assert(walking == NOBODY); walking = my_self }
	d_step {
		all_dead = true;
		walk_one(my_self, P, true);
		walk_one(my_self, C, my_self != READER || knows_C);
		walk_one(my_self, X, my_self != READER || knows_X)
	}
	walking = NOBODY
}

/* The last steps of a run: the ring is let go of; if nobody has it, and nobody has joined, it goes. */
inline end_run(who)
{
	mapped[who] = false;
	gone = false;
	if
	:: !MUTATION(1) ->
		atomic {
			if
			:: !MAPPED_BY_ANY && ring_held == NOBODY -> ring_held = who
			:: else
			fi
		}
		if
		:: ring_held == who ->
			if
			:: live[P] || live[C] || live[X]
			:: else -> ring_linked = false; gone = true
			fi;
			ring_held = NOBODY
		:: else
		fi
	:: else ->
		gone = !MAPPED_BY_ANY;
		if
		:: live[P] || live[C] || live[X] -> gone = false
		:: else
		fi;
		if
		:: gone -> ring_linked = false
		:: else
		fi
	fi;
	if
	:: gone -> lock_linked = false
	:: else
	fi
}

proctype Drain(byte which)
{
	byte my_file;
	bool knows_C, knows_X;
	bool result, gone, all_dead, again;
	{
		do
		:: take_lock(DRAIN + which);
			if
			:: result -> break
			:: else
			fi;
			do
			:: walk_all(DRAIN + which);
				if
				:: all_dead -> break
				:: else
				fi
			od;
			do /* lingers */
			:: end_run(DRAIN + which);
				again = live[P] || live[C] || live[X];
				if
				:: gone || again -> break
				:: else
				fi
			od;
			give_lock(DRAIN + which);
			if
			:: gone -> break
			:: else /* somebody has joined: from the beginning */
			fi
		od
	} unless { which == 0 && kills == 1 && !drain_over[0] }
	give_lock(DRAIN + which);
	drain_over[which] = true
}

inline recover()
{
	take_lock(READER);
	if
	:: result
	:: else ->
		all_dead = (dead[P] || !live[P]) && (dead[C] || !live[C]) && (dead[X] || !live[X]);
		d_step { knows_C = live[C] || MUTATION(5); knows_X = live[X] || MUTATION(5) }
		mapped[READER] = false;
		if
		:: all_dead && (!MAPPED_BY_ANY || MUTATION(6)) ->
			mapped[READER] = true;
			walk_all(READER);
			if
			:: !MUTATION(3) -> end_run(READER)
			:: else -> mapped[READER] = false; ring_linked = false; lock_linked = false
			fi
		:: else
		fi;
		give_lock(READER)
	fi
}

proctype Reader()
{
	byte my_file;
	bool knows_C, knows_X;
	bool result, gone, all_dead;
	if
	:: recover()
	:: true
	fi;
	ALL_DEAD && drain_over[0] && (drains < 2 || drain_over[1]);
	recover();
	assert(!ring_linked);
	assert(!published[P] || drained[P]);
	assert(!published[C] || drained[C]);
	assert(!published[X] || drained[X])
}

proctype Kernel()
{
	if
	:: kills = 1
	:: true
	fi
}

init
{
	atomic {
		live[P] = true;
		mapped[P] = true;
		mapped[C] = true;
		run Process_P();
		run Process_C();
		run Process_X();
		run Reader();
		run Kernel();
		run Drain(0)
	}
}
