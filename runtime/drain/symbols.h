/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * symbols.h - which function an address in a record is: by address and by time.
 *
 * Reads the run's names log (ring.h), keeps images (one per build) and loads (where and when an
 * image was mapped in a process), gives every row of every image a function id, and tells the store
 * what is new. Ids are given in the order of the log; a drain that continues a run finds the same.
 */
#ifndef IRT_DRAIN_SYMBOLS_H
#define IRT_DRAIN_SYMBOLS_H

#include "drain/attach.h"
#include "store/store.h"

struct irt_symbols;

/* What the names log says about processes: command line etc. Valid until the symbols are told something. */
struct irt_process_names {
	char *command, *executable, *working_directory; /* NULL = not known */
};

struct irt_symbols *irt_symbols_create(struct irt_attached *a);
void irt_symbols_destroy(struct irt_symbols *s);

/* Continuing a run: module and function ids that the file has already. Before the first scan. A
 * greater id than `greatest` is damage: tables are as long as ids are large. */
int irt_symbols_load(struct irt_symbols *s, struct irt_store *store, uint32_t greatest);

/* Takes what is new in the names log. For each module that was unmapped, unmapped(arg, process,
 * raw ticks) is called: that process's walks must forget rows; 0 if there is no memory for that (the record
 * is taken again). is_dead(arg, process): it writes no more. Returns the number of records taken. */
unsigned irt_symbols_scan(struct irt_symbols *s, uint64_t start_ticks,
			  int (*unmapped)(void *arg, uint32_t process_id, uint64_t ticks),
			  int (*is_dead)(void *arg, uint32_t process_id), void *arg);

/* The same for a walk that comes later than the scan: each(arg, ticks) for the times, from that one on, at
 * which rows changed hands, in ticks since start. 0: each has said so. */
int irt_symbols_changes_since(const struct irt_symbols *s, uint32_t process_id, int64_t ticks,
			      int (*each)(void *arg, int64_t ticks), void *arg);

/* The last scan stopped because there was no memory: names are missing that are in the log. */
int irt_symbols_starved(const struct irt_symbols *s);

/* A fork child has what its parent had loaded, and its command line. Returns 0: no memory; nothing was taken
 * that another call would take twice. */
int irt_symbols_inherit(struct irt_symbols *s, uint32_t child, uint32_t parent, int64_t ticks);

/* Processes that are over, by ascending id: what is known of them alone goes, once it is committed. Recall:
 * takes what an heir needs of such a one from the file again; 0: no memory, as above. */
void irt_symbols_forget(struct irt_symbols *s, const uint32_t *process_ids, uint32_t count);
int irt_symbols_recall(struct irt_symbols *s, struct irt_store *store, uint32_t process_id);

/* The function of an ENTER or CYG_ENTER record (word 2) of a process at a time (ticks since start). Pid
 * and start time (as in watch.h) are the process's, which may be gone.
 * Returns 0 and sets function id and row flags; or INSTR_ERR_AGAIN: no module is known there yet.
 * With `final` set the answer is definite: a function known by its address only is made, named after
 * the symbol there, or else after the file and the offset in it. */
int irt_symbols_find(struct irt_symbols *s, uint32_t process_id, int pid, uint64_t start_time, uint64_t tag,
		     int64_t ticks, int final, uint32_t *function_id, uint32_t *row_flags);

/* The same for a record of a site: its id, which is of the numbers of functions; 0: it has none. */
int irt_symbols_find_site(struct irt_symbols *s, uint32_t process_id, uint64_t tag, int64_t ticks, int final,
			  uint32_t *site_id);

/* Puts what is new since the last commit that was followed by irt_symbols_committed. */
void irt_symbols_put(struct irt_symbols *s, struct irt_store *store);
void irt_symbols_committed(struct irt_symbols *s);

/* The id of the function "(other)". 0 is "(unknown)". */
uint32_t irt_symbols_other(const struct irt_symbols *s);
uint32_t irt_symbols_function_count(const struct irt_symbols *s);

const struct irt_process_names *irt_symbols_process(const struct irt_symbols *s, uint32_t process_id);

#endif
