/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * watch.h - tells the drain at once when a traced process dies, and how.
 *
 * One thread polls pidfds and wakes the drain's futex; the drain itself sleeps on that futex alone.
 */
#ifndef IRT_DRAIN_WATCH_H
#define IRT_DRAIN_WATCH_H

#include <stddef.h>
#include <stdint.h>

struct irt_watch;

struct irt_death {
	int dead;
	int known;  /* code or signal is known */
	int code, signal;
};

/* wake: the futex word to add 1 to and wake. NULL: no memory. Where there is no thread to be had nothing
 * is watched: irt_watch_add returns -1. */
struct irt_watch *irt_watch_create(uint32_t *wake);
void irt_watch_destroy(struct irt_watch *w);

/* Watches a process. start_time (field 22 of its stat) tells it from a later one with the same pid.
 * Returns a handle, or -1: it is dead already (or cannot be watched: then dead is asked of /proc). */
int irt_watch_add(struct irt_watch *w, int pid, uint64_t start_time);

/* What became of it. Once dead, the handle may be closed with irt_watch_remove. */
struct irt_death irt_watch_look(struct irt_watch *w, int handle);
void irt_watch_remove(struct irt_watch *w, int handle);

/* Is that pid namespace (0: not known) another than this process's? */
int irt_is_foreign(uint64_t pid_namespace);

/* The process that calls itself pid in this pid namespace (inode of its /proc/PID/ns/pid), as this
 * process sees it; 0 = there is none, or it cannot be seen from here. */
int irt_find_process(int pid, uint64_t pid_namespace, uint64_t start_time);

/* What /proc calls a process of our own pid namespace: another number where /proc is of an outer one (unshare
 * --pid without a mount of its own). 0 = it does not show it. */
int irt_number_in_proc(int pid);

/* What a small file below /proc/ holds, cut off at bytes - 1: its length, or -1 if there is nothing to be read. */
long irt_read_proc(char *text, size_t bytes, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Has this thread of the process no end in sight? By their numbers in /proc; tid 0: one that is not known. Once a process has begun to end, by whatever cause, each
 * of its threads is told: 0 for all of them. *left (NULL is allowed): it is the first thread, and has left
 * alone: ask about another one. */
int irt_goes_on(int pid, int tid, int *left);

/* Start time of a process or of one of its threads (tid 0: the process); 0 = there is none. */
uint64_t irt_start_time(int pid, int tid, char *state);

#endif
