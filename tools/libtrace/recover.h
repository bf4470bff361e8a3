/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * recover.h - completing traces whose run is over although its drain did not finish them. tr_open
 * does it for the trace that it opens; these are for whoever wants it done, and told what was found.
 *
 * Any number of processes may try at once: one completes the trace, the others find it complete.
 */
#ifndef TOOLS_LIBTRACE_RECOVER_H
#define TOOLS_LIBTRACE_RECOVER_H

#include "libtrace/trace.h"

enum tr_recovery {
	TR_RECOVERY_NOTHING,    /* its run has left nothing behind: the file is all there is */
	TR_RECOVERY_LIVE,       /* processes of the run live; nothing was touched */
	TR_RECOVERY_WAITED,     /* its drain was still at work and has finished now */
	TR_RECOVERY_DONE,       /* completed here */
	TR_RECOVERY_UNWRITABLE, /* not this user's to complete; nothing was touched */
};

/* Completes the trace at path; a drain that is just finishing it is waited for, at most 10 seconds.
 * Returns 0 and an outcome; or a negative enum instr_err with a sentence, if it cannot be read as a
 * trace or cannot be completed. */
int tr_recover(const char *path, enum tr_recovery *outcome, struct tr_error *error);

/* Completes every dead run of this user that left its ring behind, wherever the trace lies. For each
 * it calls each(arg, where, outcome, error): where names the run, error is NULL or says why it could
 * not be completed (then outcome means nothing); both are valid during the call. Returns how many
 * runs there were. */
unsigned tr_recover_all(void *arg, void (*each)(void *arg, const char *where, enum tr_recovery outcome,
						const struct tr_error *error));

#endif
