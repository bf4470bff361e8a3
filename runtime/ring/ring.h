/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * ring.h - the memory that traced programs and their drain share: one file per run, mapped by all.
 *
 *     /dev/shm/instr-UID/RUN/ring      this file (sparse)
 *     /dev/shm/instr-UID/RUN/lease     locked by whoever drains the run
 *
 *     offset 0           struct irt_ring            one page of facts and shared words
 *     processes_offset   struct irt_process[]       registry of the run's processes
 *     threads_offset     struct irt_thread[]        registry of its threads
 *     subs_offset        struct irt_sub[]           one header per sub-buffer
 *     log_offset         names log                  append-only: processes, modules and their names
 *     data_offset        sub-buffer 0, hole, sub-buffer 1, hole, ...
 *
 * Sub-buffer i lies at data_offset + i * 2S (S = IRT_SUB_BYTES). The second half of each pair is a
 * hole in the sparse file that nobody touches: a cursor that has run past the end of its sub-buffer
 * points there, which is what the hook's bit test sees.
 *
 * Life of a sub-buffer. Each arrow names who moves along it:
 *
 *     FREE  owner 0, all bytes zero
 *       | producer: one CAS writes its thread id into owner               (take_sub)
 *     OWNED  sequence 0
 *       | producer: stores sequence (release R1)                          (install_sub)
 *     INSTALLED  records are written, each published by its word 1 (R2)
 *       | drain: walked to the end, and the chunk's transaction committed
 *       | drain: owner IRT_RELEASING, zeroes the bytes, sequence 0, then owner 0 (R3)   (free_sub)
 *     FREE
 *
 *     OWNED -> FREE also by the producer (a handler had switched already: give back), or by the
 *     drain when the owning thread is dead.
 *
 * Ordering (docs/memory-model.md has all labels):
 *     R1 sub.sequence release / A1 drain acquire: owner is valid.
 *     R2 unit.ticks release   / A2 drain acquire: the whole record is valid.
 *     R3 sub.owner release    / A3 producer CAS acquire: the sub-buffer is all zero.
 *     R4 process/thread state release / A4 drain acquire: the slot's fields are valid.
 *     R5 log record kind release / A5 drain acquire: the record's bytes are valid.
 *
 * The drain treats every byte here as hostile: it copies, then checks, then uses.
 */
#ifndef IRT_RING_RING_H
#define IRT_RING_RING_H

#include "instr/record.h"

#include <stddef.h>
#include <stdint.h>

#define IRT_RING_MAGIC UINT64_C(0x31676e6972746e69) /* "intring1" */

enum {
	IRT_RING_VERSION = 1,
	IRT_SLEEPS_LONG = 2,    /* longer than it should be before it sees a new thread */
	IRT_SUB_SHIFT = 15,
	IRT_SUB_BYTES = 1 << IRT_SUB_SHIFT, /* S: 32 KiB = 2048 units */
	IRT_SUB_STRIDE = 2 * IRT_SUB_BYTES,
	IRT_SUB_UNITS = IRT_SUB_BYTES / INSTR_UNIT_BYTES,
	IRT_PROCESS_MAX = 1024,  /* at one time; slots are used again */
	IRT_THREAD_MAX = 16384,  /* at one time, over all processes of the run */
	IRT_SUB_MAX = 32768,     /* 1 GiB of records */
	IRT_PATH_BYTES = 1024,
	IRT_PAGE = 4096,
};

enum irt_ring_flag { IRT_RING_EVENTS = 1, IRT_RING_OVERFLOW_DROP = 2, IRT_RING_VERBOSE = 4, IRT_RING_SANDBOX = 8 };

/* Facts, written by the process that makes the run before anybody else can see the file, constant
 * afterwards; then words that change, each on a cache line of its own side. */
struct irt_ring {
	uint64_t magic;
	uint32_t version, header_bytes;
	uint8_t run_id[16];
	char boot_id[40];
	uint64_t file_bytes, processes_offset, threads_offset, subs_offset, log_offset, data_offset;
	uint32_t process_max, thread_max, sub_max, sub_bytes;
	uint64_t ring_bytes, max_db_bytes, time_unit_ticks;
	uint64_t start_ticks, start_monotonic_ns, start_realtime_ns;
	uint32_t flags;      /* enum irt_ring_flag */
	uint32_t max_cpus;   /* CPUs that the first process may use */
	char out_directory[IRT_PATH_BYTES]; /* absolute */
	char out_name[256];                 /* file name in it */

	/* written by programs */
	_Alignas(64) uint32_t next_process_id; /* the last one given */
	uint32_t wake;          /* futex: the drain sleeps on it; programs add 1 and wake when it sleeps */
	uint64_t next_thread_id;
	uint64_t log_used;      /* bytes of the names log handed out */
	uint32_t drain_starts;  /* drains started so far in this run */
	uint32_t starting_pid;  /* pid that is starting one, 0 = nobody */
	uint64_t last_start_monotonic_ns;
	uint32_t process_high;  /* slots at and above this index were never used */
	uint32_t thread_high;
	uint32_t unjoined;      /* processes of this run that could not join it: a system call failed */

	/* written by the drain */
	_Alignas(64) uint32_t sub_count; /* sub-buffers that have memory; grows to sub_max */
	uint32_t freed;         /* futex: producers wait on it; the drain adds 1 with every release */
	uint32_t sleeping;      /* 1 = the drain sleeps on wake; IRT_SLEEPS_LONG */
	uint32_t drain_pid;     /* 0 = none yet */
	uint64_t heartbeat;     /* completed rounds */
	uint32_t failed;        /* 1 = no drain can work here (output folder): drop, do not wait */
	uint32_t wake_at;       /* producers wake a sleeping drain when so many sub-buffers are taken */
	uint32_t lingering;     /* 1 = all processes are gone but for children that have not joined yet */
	uint32_t free_hint;     /* index below which no free sub-buffer is likely; only a hint */
	uint32_t thread_room;   /* thread slots that have memory: those in use and some more */

	/* written by both */
	_Alignas(64) uint32_t taken; /* sub-buffers not FREE: producers add, the drain subtracts; a hint for waking early */
	uint32_t waiters;            /* producers asleep on freed; too many after one was killed there, or has
	                              * left by siglongjmp */
	uint32_t thread_hint;        /* thread slots below this index are likely taken; only a hint */
};

/* A thread slot's owner between claim and join: this bit and the process id, by which the drain frees it if
 * the process dies meanwhile. A sub-buffer's owner while the drain zeroes it: a drain that is killed over it
 * leaves it to the next one. */
#define IRT_CLAIM (UINT64_C(1) << 63)
#define IRT_RELEASING UINT64_MAX

/* A process's CLAIMED has the claimer's pid, as it sees itself, in the bits above the state's. */
enum irt_slot_state { IRT_SLOT_FREE = 0, IRT_SLOT_CLAIMED = 1, IRT_SLOT_LIVE = 2 };
enum { IRT_SLOT_STATE_BITS = 8, IRT_SLOT_STATE_MASK = 255 }; /* pids have 22 bits at most */
enum irt_joined_by { IRT_JOINED_START = 0, IRT_JOINED_FORK = 1, IRT_JOINED_EXEC = 2 };

enum irt_heap_word { IRT_HEAP_ALLOCS, IRT_HEAP_BYTES, IRT_HEAP_LIVE_BLOCKS, IRT_HEAP_LIVE_BYTES, IRT_HEAP_PEAK_BYTES, IRT_HEAP_WORDS };

/* One process. Written by the process, but for the fields marked; freed by the drain when the
 * process is dead and everything of it is in the database. */
struct irt_process {
	uint32_t state;             /* enum irt_slot_state; R4/A4 */
	uint32_t process_id;        /* ours, from 1 */
	uint32_t parent_process_id; /* 0 = none */
	int32_t pid;
	uint64_t pid_namespace;     /* inode of /proc/self/ns/pid */
	uint64_t start_time;        /* field 22 of /proc/PID/stat: with pid and boot it names the process */
	uint64_t join_ticks;
	uint64_t parent_thread_id;  /* fork: the thread that forked */
	uint64_t parent_position;   /* fork: its stream's position; 0 = none */
	uint32_t joined_by;         /* enum irt_joined_by */
	uint32_t exit_known;        /* 1 = exit_code holds what exit() was given */
	int32_t exit_code;
	uint32_t flush;             /* the process adds 1: "commit what I have published, I am going" */
	uint32_t flushed;           /* drain: the flush it has done last; futex */
	uint32_t lost_early;        /* events dropped before a thread had a slot */
	uint32_t quiet;             /* 1 = hooks make no system calls: sandbox=on, or the drain has seen that a
	                             * sandbox was put up around it */
	uint32_t pad;
	uint64_t heap[IRT_HEAP_WORDS]; /* drain: enum irt_heap_word, for instr_memstats */
};

/* One thread. Written by the thread, but for the fields marked. */
struct irt_thread {
	uint64_t owner;             /* thread id, ours, from 1; 0 = free slot; taken by CAS (IRT_CLAIM) */
	uint32_t state;             /* enum irt_slot_state; R4/A4 */
	uint32_t process_id;
	int32_t tid;
	uint32_t process_slot;
	uint64_t join_ticks;
	uint64_t parent_thread_id, parent_position; /* first thread of a fork child */
	uint64_t key;               /* what the one who has created it told of it, too (instr_hidden): INSTR_KEY_NUMBER and a number
	                             * of the process's that no other thread has, or the address of its control block,
	                             * which is used again. 0 = not known */
	uint64_t waiting;           /* sequence + 1 of the sub-buffer it has left while it waits for another; 0 = not waiting */
	uint64_t wait_ticks, waits; /* waited for the drain */
	uint64_t lost_events, lost_first_ticks, lost_last_ticks; /* first and last of the gap that is open or was last */
	char name[16];
	uint64_t lost_told;         /* lost_events that a GAP record has told already */
};

struct irt_sub {
	uint64_t owner;    /* thread id, 0 = free, IRT_RELEASING; CAS by producers, R3 by the drain */
	uint64_t sequence; /* place in the owner's stream, from 1; 0 = not installed; R1/A1 */
};

_Static_assert(sizeof(struct irt_ring) <= IRT_PAGE, "the header is one page");
_Static_assert(sizeof(struct irt_process) == 128, "layout of the registry");
_Static_assert(sizeof(struct irt_thread) == 128, "layout of the registry");
_Static_assert(sizeof(struct irt_sub) == 16, "layout of the sub-buffer headers");

/* Names log. A record is appended by claiming the tail (irt_log_append): `bytes` is set by the CAS
 * that claims, so that a death at any moment leaves a log that can be walked; `kind` is stored last. */
enum irt_log_kind {
	IRT_LOG_UNWRITTEN = 0,
	IRT_LOG_PROCESS = 1,    /* three texts: command line (arguments end in NUL), executable, working directory */
	IRT_LOG_LOAD = 2,       /* struct irt_log_load: a module is mapped here */
	IRT_LOG_UNLOAD = 3,     /* struct irt_log_load: the same range is gone */
	IRT_LOG_NAMES = 4,      /* struct irt_log_names and its rows and texts: once per image and choice of rows that are off */
};

struct irt_log_record {
	uint64_t claim;      /* bytes of the whole record (low 32 bits, a multiple of 16) | process_id << 32 */
	uint32_t kind;       /* enum irt_log_kind; R5/A5 */
	uint32_t text_bytes; /* of the payload that follows this header */
	uint64_t ticks;
	uint64_t image;      /* LOAD: offset in the log of the image's NAMES record + 1; 0 = it is not there */
};

struct irt_log_load {
	uint64_t rows_begin, rows_end; /* addresses */
	uint64_t skipped_begin;        /* address; tells two images apart that share a row range in time */
	uint64_t reserved;
};

/* Payload: this, then `rows` + `skipped` struct instr_row whose name and file are byte offsets from
 * the start of the texts, then the texts. */
struct irt_log_names {
	uint32_t rows, skipped;
	uint32_t texts_bytes;
	uint32_t path, build_id, options; /* offsets in the texts; "" when not known */
	uint64_t off;                         /* a number for which rows are off; 0: none */
};

_Static_assert(sizeof(struct irt_log_record) == 32, "layout of the names log");
_Static_assert(sizeof(struct irt_log_load) == 32, "layout of the names log");
_Static_assert(sizeof(struct irt_log_names) == 32, "layout of the names log");

/* A mapped ring: addresses in this process. */
struct irt_map {
	struct irt_ring *ring;
	struct irt_process *processes;
	struct irt_thread *threads;
	struct irt_sub *subs;
	unsigned char *log;
	unsigned char *data; /* aligned to IRT_SUB_STRIDE */
};

static inline struct irt_map irt_ring_map(void *base, const struct irt_ring *facts)
{
	unsigned char *at = base;
	struct irt_map m = {
		.ring = base,
		.processes = (struct irt_process *)(at + facts->processes_offset),
		.threads = (struct irt_thread *)(at + facts->threads_offset),
		.subs = (struct irt_sub *)(at + facts->subs_offset),
		.log = at + facts->log_offset,
		.data = at + facts->data_offset,
	};
	return m;
}

static inline uint64_t irt_log_bytes(const struct irt_ring *r)
{
	return r->data_offset - r->log_offset;
}

static inline struct instr_unit *irt_sub_units(const struct irt_map *m, uint32_t sub)
{
	return (struct instr_unit *)(m->data + (uint64_t)sub * IRT_SUB_STRIDE);
}

/* Position of a unit in its thread's stream. Sequences count from 1. */
static inline uint64_t irt_position(uint64_t sequence, uint32_t unit)
{
	return (sequence - 1) * IRT_SUB_UNITS + unit;
}

/* Fills offsets and sizes of a new ring with room for ring_max_bytes of records. The names log gets
 * as much address space again; memory only as far as it is used. */
static inline void irt_ring_layout(struct irt_ring *r, uint64_t ring_max_bytes)
{
	uint64_t subs = ring_max_bytes / IRT_SUB_BYTES;
	if (subs < 32)
		subs = 32;
	if (subs > IRT_SUB_MAX)
		subs = IRT_SUB_MAX;
	r->magic = IRT_RING_MAGIC;
	r->version = IRT_RING_VERSION;
	r->header_bytes = sizeof(struct irt_ring);
	r->process_max = IRT_PROCESS_MAX;
	r->thread_max = IRT_THREAD_MAX;
	r->sub_max = (uint32_t)subs;
	r->sub_bytes = IRT_SUB_BYTES;
#define IRT_UP(n, to) (((n) + (to) - 1) / (to) * (to))
	r->processes_offset = IRT_PAGE;
	r->threads_offset = IRT_UP(r->processes_offset + sizeof(struct irt_process) * IRT_PROCESS_MAX, IRT_PAGE);
	r->subs_offset = IRT_UP(r->threads_offset + sizeof(struct irt_thread) * IRT_THREAD_MAX, IRT_PAGE);
	r->log_offset = IRT_UP(r->subs_offset + sizeof(struct irt_sub) * subs, IRT_PAGE);
	r->data_offset = IRT_UP(r->log_offset + subs * IRT_SUB_BYTES, IRT_SUB_STRIDE);
	r->file_bytes = r->data_offset + subs * IRT_SUB_STRIDE;
#undef IRT_UP
}

/* Whether a header read from a file describes exactly the layout that this code makes, for a file
 * of that size. Everything that follows from offsets may then be trusted. */
static inline int irt_ring_is_valid(const struct irt_ring *r, uint64_t file_bytes)
{
	struct irt_ring want;
	if (r->magic != IRT_RING_MAGIC || r->version != IRT_RING_VERSION ||
	    r->header_bytes != sizeof(struct irt_ring) || r->sub_max < 32 || r->sub_max > IRT_SUB_MAX)
		return 0;
	irt_ring_layout(&want, (uint64_t)r->sub_max * IRT_SUB_BYTES);
	return want.file_bytes == file_bytes && r->file_bytes == file_bytes &&
	       r->processes_offset == want.processes_offset && r->threads_offset == want.threads_offset &&
	       r->subs_offset == want.subs_offset && r->log_offset == want.log_offset &&
	       r->data_offset == want.data_offset && r->process_max == want.process_max &&
	       r->thread_max == want.thread_max && r->sub_bytes == want.sub_bytes;
}

#endif
