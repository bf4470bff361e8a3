/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * recover.h - completing the trace of a run that is over although its drain did not finish it.
 *
 * Recovery is nothing else than taking a free lease and draining, by the drain's own code. Any
 * number of processes may try at once: one gets the lease, the others find the work done.
 */
#ifndef IRT_DRAIN_RECOVER_H
#define IRT_DRAIN_RECOVER_H

#include <stddef.h>

enum irt_recovery {
	IRT_RECOVERY_NOTHING, /* the run has no ring any more: its file is all there is */
	IRT_RECOVERY_LIVE,    /* processes of the run live; nothing was touched */
	IRT_RECOVERY_WAITED,  /* its drain was still at work and has finished now */
	IRT_RECOVERY_DONE,    /* completed here */
	IRT_RECOVERY_UNWRITABLE, /* the ring or the folder of the trace is not this user's to write */
};

/* The run whose trace PATH is. Waits at most wait_ms for a drain that is about to finish. Returns 0 and
 * an outcome, or a negative irt_err with a sentence (PATH cannot be read as a trace, or cannot be
 * completed). */
int irt_recover_trace(const char *path, unsigned wait_ms, enum irt_recovery *outcome, char *error, size_t error_bytes);

/* A run that is to write PATH may have begun a moment ago, and its drain may not have come to making the file:
 * until then PATH is of an earlier run, or not there. Waits for that, at most wait_ms; a dead run that no drain
 * has come to by then is completed here. Returns at once where there is no such run. */
void irt_await_begun(const char *path, unsigned wait_ms);

/* For a trace that may not be written: completes a copy of it and of its run's ring, and changes nothing
 * else. Returns 0 if there was something to complete, with the folder in which the copy is, under the name
 * IRT_COPY_NAME; irt_remove_copy removes both. Else a negative irt_err, and there is no copy (INSTR_ERR_BUSY:
 * its run is live or somebody completes it; INSTR_ERR_NOT_FOUND: it has left nothing). */
#define IRT_COPY_NAME "trace.db"
int irt_recover_copy(const char *path, char *folder, size_t folder_bytes, char *error, size_t error_bytes);
void irt_remove_copy(const char *folder);

/* Completes every dead run of this user that left a ring in /dev/shm, calling each(arg, folder,
 * result of the recovery) for it. Returns how many there were. */
unsigned irt_recover_all(void *arg, void (*each)(void *arg, const char *folder, enum irt_recovery outcome, int result,
						   const char *error));

/* Completes and removes what dead runs left beside this one: their processes were killed before they
 * had a drain, or with it. Live runs and young ones are not touched. */
void irt_sweep(const char *own_folder);

#endif
