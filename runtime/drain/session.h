/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * session.h - one run while it is drained: what the drain knows about it, and the steps of a round.
 *
 *     irt_session_open   attach, lease, store, state of an earlier drain         session.c, restore.c
 *       ┌─► irt_gather   names, processes, threads, sub-buffers; walk them        gather.c
 *       │   irt_commit   chunks, contexts, totals, losses in one transaction;     commit.c, rows.c
 *       └──              then release sub-buffers, wake producers                release.c
 *     irt_session_close
 *
 * runtime/drain/main.c is the loop for live programs; irt_drain_dead_run (session.c) is the same
 * steps for a run whose processes are gone: recovery.
 *
 * Threads: one. (The watch has one of its own, which touches nothing of this.)
 */
#ifndef IRT_DRAIN_SESSION_H
#define IRT_DRAIN_SESSION_H

#include "drain/attach.h"
#include "drain/symbols.h"
#include "drain/watch.h"
#include "encode/chunk.h"
#include "fold/functions.h"
#include "fold/blocks.h"
#include "fold/creators.h"
#include "fold/heap.h"
#include "fold/locks.h"
#include "fold/sums.h"
#include "fold/walk.h"
#include "store/store.h"

enum {
	IRT_ROUND_EVENTS = 1 << 18,
	IRT_ROUND_NS = 200 * 1000 * 1000,
	IRT_CLOSE_EVENTS = 1 << 15,             /* a chunk of so many events is closed with its round */
	IRT_HOLD_NS = 1000 * 1000 * 1000,       /* an unwritten slot or unknown row holds its thread so long */
	IRT_HURRY_NS = 20 * 1000 * 1000,        /* ... while somebody waits for the pool */
	IRT_CHECKPOINT_NS = 1000 * 1000 * 1000,
	IRT_PAUSE_TICKS = 1 << 14,              /* 4 to 8 us; a fork takes its caller five times as long */
	IRT_EDGE_NS = 50 * 1000 * 1000,         /* units behind an unwritten one are looked for so often at most */
	IRT_ROUND_ENDED = 256,                  /* so many threads that have ended are let go of at once: each has a walk */
	IRT_ENDED_APART = 1000,                 /* ended threads of a process that keep totals of their own */
	IRT_CHECK_THREADS = 64,                 /* so many new ones, or as many as there are: which are gone? */
	IRT_TID_SLOTS = 1024,
};
#define IRT_INHERIT_NS UINT64_C(3000000000) /* a fork child waits so long for a parent that does not move */

struct irt_session;

/* A process of the run. */
struct irt_drained_process {
	struct irt_process facts; /* copy of its slot when it was first seen */
	uint32_t slot;            /* UINT32_MAX: it has none any more */
	int pid;                  /* as the drain sees it: the process may call itself otherwise; 0 = it cannot be seen */
	int proc_pid;             /* what /proc calls it (irt_number_in_proc); 0 = it does not show it */
	int foreign;              /* of another pid namespace: its numbers mean nothing here */
	struct irt_cct *cct;
	struct irt_functions *functions;
	struct irt_blocks *blocks; /* calls that may block */
	struct irt_heap *heap;
	uint8_t *heap_packed;     /* its pending events, as this round puts them */
	size_t heap_packed_bytes;
	int heap_put;             /* this round puts its rows */
	int64_t heap_until;       /* up to this time its events are in them */
	int moment_put;           /* ... and those of heap_history */
	int64_t moment_ticks;     /* ... of that time */
	uint64_t moment_rows, moments_ns; /* rows of heap_history so far; when the last were put */
	int heap_pending;         /* the file has pending events of it */
	struct irt_creators *creators; /* of its threads */
	struct irt_locks *locks;
	uint8_t *locks_packed;    /* their state, as this round puts it */
	size_t locks_packed_bytes;
	int locks_put;            /* this round puts their rows */
	uint32_t contexts_stored; /* contexts below this index are in the file */
	uint32_t contexts_put;    /* ... when the open round commits */
	int watch;                /* handle, -1 = none */
	int dead;
	int inherits;             /* its parent's modules are still to become its own */
	int changed;              /* its row must be put */
	int ending;               /* it has said that it goes, or is dead: its end is known */
	uint32_t flush;           /* the flush it asked for last, and that we answered last */
	uint32_t flushed;
	int64_t end_ticks;
	const char *end_reason;   /* NULL: it lives */
	int64_t last_ticks;       /* the last sign of life: an event, or it was looked at */
	int end_unseen;           /* it was dead when somebody looked: end_ticks is its last sign of life, once
	                           * all that it has published is walked */
	uint32_t unwalked;        /* threads that the last look has not walked to their ends */
	int exit_code, exit_signal; /* -1: not known */
	uint32_t lost_early;
	int quiet;                /* its hooks make no system calls: it wakes nobody and does not wait */
	uint32_t live_threads;
	struct irt_ended *ended;  /* threads that ended before it, oldest first, whose totals are rows of their own */
	uint32_t ended_count, ended_room;
	uint32_t merging;         /* how many of them, from the first on, this round merges */
	uint32_t ending_now;      /* scratch of irt_merge_choose */
	struct irt_merge *merge;  /* between choose and put */
	uint64_t alive_check;     /* the check of its threads that has last asked whether it lives ... */
	int alive;                /* ... and the answer */
};

/* A thread that has ended, once only the file knows it. */
struct irt_ended {
	uint64_t id;
	int64_t loss_id; /* 0 = it has lost nothing */
};

/* One sub-buffer that a thread has not been walked through yet, or that waits for its commit. */
struct irt_drained_sub {
	uint64_t sequence;
	uint64_t end_pos; /* done ones: the walk's position behind it */
	uint32_t sub;
};

struct irt_hole {
	uint64_t position;
	uint64_t ticks; /* word 1 of its first unit at the last look; 0 = still a hole */
	int64_t stack;  /* irt_walk_stack when it was passed */
	uint64_t depth; /* calls that were open then; UINT64_MAX: not known, an earlier drain has passed it */
	uint32_t sub, unit, units;
	int stored;
};

/* What the kernel has counted of a thread (cpu.c). */
struct irt_cpu {
	int64_t ran_ns, ready_ns; /* since the thread began: it ran, it was ready and had no processor */
	int64_t ticks;            /* when that was read; 0 = never */
};

/* A thread of the run, while it lives. */
struct irt_drained_thread {
	uint64_t id;
	uint32_t slot;
	struct irt_drained_process *process;
	struct irt_session *session;
	struct irt_walk *walk;
	int32_t tid;
	char name[16];
	struct irt_cpu cpu;
	int64_t cpu_put_ns;      /* cpu.ran_ns as its row has it */
	uint32_t cpu_looks;      /* looks that have seen it */
	int64_t start_ticks;
	uint64_t parent_thread_id, parent_position;
	int creator_asked;       /* who has created it is known, or being looked for, or nobody has */
	int inherit;             /* not 0: it is still to begin inside its parent's calls (inherit.c) */
	uint64_t inherit_since_ns, inherit_head; /* the parent's walk stands there, since then */
	struct irt_store_frame *first; /* the calls that it begins in, until they are committed */
	size_t first_count;
	uint64_t stop_at;        /* a child waits for the walk to stand at this position; 0 = none */
	struct irt_drained_sub *queue; /* to be walked, by sequence */
	uint32_t queued;
	struct irt_drained_sub *done;  /* walked, waiting for the commit of their last unit */
	uint32_t done_count;
	uint32_t unit;           /* where the walk stands in queue[0] */
	uint64_t next_sequence;  /* of queue[0] */
	uint64_t restored_sequence; /* sub-buffers below were committed by an earlier drain */
	uint64_t committed_pos;  /* units below are in the file (or lost, and counted) */
	int caught_up;           /* this look has walked all that it had published */
	int dead;                /* it writes no more: what is there is all there will be */
	int gone_alone;          /* it was gone while its process lived */
	int merging;             /* this round merges its totals instead of storing them */
	int merged;              /* ... and that is committed: its row is no longer its own */
	int noted_gone;          /* by the check of threads that is going on */
	struct irt_drained_thread *next_by_tid;
	int close_put;           /* the chunk that this round puts is its last state */
	uint64_t held_since_ns;  /* 0 = not held up */
	uint64_t edge_since_ns;  /* when the walk came to the end of what is written; 0 = it has moved since */
	int final_names;         /* unknown rows get a definite answer now */
	struct irt_hole *holes;
	uint32_t hole_count, abandoned;
	struct irt_hole *old_holes; /* of an earlier drain, whose sub-buffers have not been seen yet */
	uint32_t old_hole_count;
	int known;               /* its row is in the file */
	int ended;
	int64_t end_ticks;       /* IRT_STORE_NULL while it lives */
	int end_put;             /* its row says that it has ended */
	uint64_t chunk_since_ns, chunk_written_ns; /* the open chunk: begun, last written */
	uint64_t chunk_end_put;  /* end_pos of what this round puts */
	uint64_t events_put;     /* events in the open chunk when it was last written */
	uint64_t events_stored;  /* ... and this was committed */
	int changed;             /* since the last checkpoint */
	uint64_t lost_seen;
	int64_t loss_id;
};

/* What is known of the calls of threads that have ended. */
struct irt_pasts {
	struct irt_kept_past {
		uint64_t thread_id, head;
		struct irt_past *past;
		uint32_t entries;
	} *at;
	uint32_t count, entries;
};

/* A process slot that somebody has claimed, as it was found first. */
struct irt_claim {
	uint32_t state; /* 0 = it is not */
	uint64_t since_ns;
};

struct irt_session {
	struct irt_attached at;
	struct irt_symbols *symbols;
	struct irt_store *store;    /* NULL: there is no file; everything is released and counted */
	struct irt_watch *watch;    /* NULL in recovery */
	struct irt_encoder *encoder;
	struct message { char *severity, *text; int64_t ticks; struct message *next; } *messages;
	struct irt_functions *functions; /* of the run */
	uint32_t last_process_id;   /* recovery: those that join behind it are not dead; 0 = all are looked at */
	int out_fd;
	char out_name[300];
	char error[600];
	uint32_t time_unit, clock_step, hook_cost;
	int keep_events;
	int recovering;             /* no process lives: what cannot be committed stays in the ring */
	int failed;                 /* ... and this is why: a negative irt_err; error says more */

	struct irt_drained_process **processes; /* by process_id */
	uint32_t process_count;
	struct irt_claim *claims;   /* by slot */
	struct irt_drained_thread **threads; /* by id, ascending */
	uint32_t thread_count, thread_room;
	struct irt_drained_thread *by_tid[IRT_TID_SLOTS];
	uint64_t seen_thread_id;    /* the last id that was given when they were looked at */
	uint32_t joined;            /* threads that have come since the last check of which are gone */
	uint32_t staying;           /* threads that this check has found there */
	uint64_t thread_checks;     /* checks so far */
	uint32_t ended;             /* threads that have ended since the last commit */
	int awaited;                /* irt_pool_is_awaited, asked once a look */
	int must_check_threads;     /* a process goes: which threads went before? */
	uint64_t *sub_owner;        /* per sub-buffer: thread id that has it queued or done, 0 = nobody */
	struct irt_pasts pasts;
	uint32_t inheriting;        /* threads that are still to begin inside their parents' calls */

	uint64_t round_events;      /* walked since the last commit */
	uint64_t round_start_ns;
	uint32_t held_subs;         /* walked, not released */
	int chunk_full;             /* end the round now */
	int owes_checkpoint;        /* rounds are stored that are in no checkpoint yet: there is one even if nothing more comes */
	int must_checkpoint;        /* a round has failed: its events are in no chunk, only in the totals */
	int more;                   /* the last look left something, so that others have a turn */
	uint64_t checkpoint_ns, anchor_ns, thread_check_ns, thread_names_ns;
	uint64_t look_ns;           /* when the present look began */
	uint64_t cpu_look_ns, cpu_put_ns; /* when the processor times of all threads were read last, and stored */
	uint64_t cpu_next_ns;       /* how long after that the next reading is, if threads are at work; else a second */
	uint64_t cpu_crowd;         /* by how much looks are rarer because there are many threads */
	int anchored;               /* there is a second anchor, so a rate */
	struct irt_store_clock last_anchor; /* that this drain, or an earlier one, has put */
	int clock_strayed;          /* and that was said */
	int finished;               /* the file is complete; the next commit makes it "recording" again */
	int starved;                /* the last look had no memory for something: it is not over */
	int facts_put;              /* what is known of the run from its start is in the file */
	int seccomp_known, seccomp_level; /* the drain's own */
	int unjoined_told;
	uint32_t thread_turn;       /* of the checks of threads */
	int swept_subs;             /* what an earlier drain had begun to release is released */
	int dirty;                  /* something happened since the last commit */
	int64_t next_loss_id;
	uint64_t lost_no_store;     /* events that could not be stored, not yet told */
	int64_t lost_no_store_id;
	const char *lost_cause;
	uint32_t walk_from;         /* the thread that the next look walks first */
	uint64_t looked_ticks; /* when this look began: a thread that it has not seen joined later */
	uint64_t horizon_ticks;
	struct irt_store_hole *gone_holes; /* rows to delete with the next round */
	uint32_t gone_hole_count;
};

/* session.c */
enum irt_session_kind {
	IRT_SESSION_LIVE,  /* processes of the run may live */
	IRT_SESSION_DEAD,  /* none does; if no drain had come so far as to make a file, one is made */
	IRT_SESSION_BEGUN, /* none does; a run that has no file gets none */
};
/* lease_fd: the run's lease, taken already (it becomes the session's, also on failure); -1: takes it, and
 * waits for it so long. INSTR_ERR_NOT_FOUND: the run has a file no more, or of kind BEGUN none: there is
 * nothing to complete. */
int irt_session_open(struct irt_session *s, const char *folder, enum irt_session_kind kind, int lease_fd,
		     unsigned lease_wait_ms);
void irt_session_close(struct irt_session *s);
struct irt_drained_process *irt_session_process(struct irt_session *s, uint32_t process_id);
struct irt_drained_process *irt_session_add_process(struct irt_session *s, const struct irt_process *facts, uint32_t slot);
struct irt_drained_thread *irt_session_thread(struct irt_session *s, uint64_t id);
/* start_ticks: none of its records is older. NULL: no memory. */
struct irt_drained_thread *irt_session_add_thread(struct irt_session *s, uint64_t id, struct irt_drained_process *p,
						  int64_t start_ticks);
void irt_session_free_process(struct irt_session *s, struct irt_drained_process *p); /* leaves it in the table */
/* Its kernel thread id; whoever of the same process had that before is returned one by one: they are gone. */
void irt_session_set_tid(struct irt_session *s, struct irt_drained_thread *t, int32_t tid);
struct irt_drained_thread *irt_session_same_tid(struct irt_session *s, const struct irt_drained_thread *t,
						struct irt_drained_thread *after);
/* Frees it; the caller takes it out of the table. */
void irt_session_drop_thread(struct irt_session *s, struct irt_drained_thread *t);
void irt_session_hole_gone(struct irt_session *s, uint64_t thread_id, uint64_t position);
void irt_session_message(struct irt_session *s, const char *severity, const char *text);
uint64_t irt_now_ns(void);

/* Does any process of the run live? (recover.c) */
int irt_run_is_live(const struct irt_attached *a);

/* Drains a run whose processes are all dead and finishes its file. a: irt_look's, with the lease taken; it
 * is detached. INSTR_ERR_BUSY: a child of fork has the ring mapped and will join the run. */
int irt_drain_dead_run(struct irt_attached *a, enum irt_session_kind kind, char *error, size_t error_bytes);

/* restore.c: takes the state that an earlier drain left in the file. */
int irt_session_restore(struct irt_session *s);

/* inherit.c. Later: the thread is to begin inside its parent's calls. Calls: those that can do so now, do;
 * how many. The others' parents have their stop_at. */
void irt_inherit_later(struct irt_session *s, struct irt_drained_thread *t);
int irt_inherit_calls(struct irt_session *s);
void irt_pasts_keep(struct irt_pasts *all, struct irt_drained_thread *t);
void irt_pasts_fini(struct irt_pasts *all);

/* gather.c: looks at everything once and walks what is there. Returns the number of units walked. */
uint64_t irt_gather(struct irt_session *s);

/* heaps.c: brings together what the look has found of the heaps. Restore: as restore.c, before the threads. */
void irt_settle_heaps(struct irt_session *s);
/* A thread has been walked on. If no other one of its process lives, what it did can be brought together while it is in the
 * cache. (Not if a record of it may still come: that would be out of its turn for certain.) */
void irt_settle_heap_early(struct irt_session *s, const struct irt_drained_thread *t);
int irt_restore_heaps(struct irt_session *s);
/* What comes later of this process is later than that. INT64_MAX: nothing more will come. */
int64_t irt_settled_until(const struct irt_session *s, const struct irt_drained_process *p);

/* locks.c: the same for locks. */
void irt_settle_locks(struct irt_session *s);
int irt_restore_locks(struct irt_session *s);

/* creators.c. Ask: the thread was seen, whose slot has this key. Restore: creations as the heaps, creators behind
 * the threads. */
void irt_ask_creator(struct irt_session *s, struct irt_drained_thread *t, uint64_t key);
void irt_settle_creators(struct irt_session *s);
int irt_restore_creations(struct irt_session *s);
int irt_restore_creators(struct irt_session *s);

/* blocks.c. Restore: as that of the heaps. */
int irt_restore_blocks(struct irt_session *s);

/* processes.c. Look: slots and ends; behind the walk, ends that nobody saw. Modules: of fork children that have just joined, from their parents.
 * Retire: slots of those that are over, and in time all that is known of them. */
void irt_look_at_processes(struct irt_session *s);
void irt_look_at_ends(struct irt_session *s);
void irt_inherit_modules(struct irt_session *s);
void irt_retire_processes(struct irt_session *s);
/* threads.c: takes note of new threads; finds out which are gone, when it is time to. */
void irt_look_at_threads(struct irt_session *s);
void irt_check_threads(struct irt_session *s);
/* The name last seen is kept: it may change during a thread's life. */
void irt_read_name(struct irt_drained_thread *t);

/* cpu.c: reads the processor times of threads, when it is time to. Nap: how long the drain may sleep at most, for the
 * next reading. */
void irt_look_at_cpu(struct irt_session *s);
uint64_t irt_cpu_nap(const struct irt_session *s);

/* Does any thread wait for the pool? ring.waiters counts too many: a thread that was killed in its wait, or
 * has left it by siglongjmp, is not taken from it. */
int irt_pool_is_awaited(const struct irt_session *s);

/* The thread's number in /proc, below its process's proc_pid; 0 = not known: where /proc is of an outer pid
 * namespace that can be told of first threads only. */
int irt_tid_in_proc(const struct irt_drained_thread *t);
/* Processes that live and have not said that they go. */
unsigned irt_session_staying(const struct irt_session *s);
unsigned irt_session_living(const struct irt_session *s);

/* merge.c: ended threads into one row set per process. In a round that is a checkpoint, behind all chunks:
 * choose, then put; kept when the round is committed. */
void irt_merge_choose(struct irt_session *s);
void irt_merge_put(struct irt_session *s);
void irt_merge_kept(struct irt_session *s);
/* A thread has ended before its process and all of it is in the file. */
void irt_merge_add_ended(struct irt_drained_process *p, uint64_t id, int64_t loss_id);
/* The walk's row that the file's says; its histogram is filled and is the caller's. */
int irt_totals_from_row(const struct irt_store_totals *row, struct irt_walk_totals *totals, struct irt_histogram *histogram);
int irt_put_totals_row(struct irt_session *s, const struct irt_drained_process *p, int64_t thread_id, const struct irt_walk_totals *row);
/* sandbox.c. Is there a process that cannot wake the drain? */
int irt_session_quiet(const struct irt_session *s);
void irt_look_for_sandbox(struct irt_session *s, struct irt_drained_thread *t, uint32_t index);
void irt_look_for_unjoined(struct irt_session *s);

/* session.c: puts them, in a round that is open. */
void irt_session_put_facts(struct irt_session *s);

/* commit.c: ends the round. `last` closes every chunk and checkpoints. INSTR_ERR_AGAIN: totals are still to be
 * stored, another round may do it. Other errors: nothing was done, and the ring still has it all. */
int64_t irt_context_id(const struct irt_drained_process *p, uint32_t index);
static inline uint32_t irt_context_index(int64_t context_id) { return (uint32_t)(context_id % IRT_CCT_ID_SPAN); }
int irt_commit(struct irt_session *s, int last);
/* 0: the file is finished, or there is none; INSTR_ERR_BUSY: all is in it, but a reader keeps its -wal. */
int irt_finish(struct irt_session *s, const char *state);

#endif
