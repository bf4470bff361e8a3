/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * control.h - the program's half, composed: settings, finding or starting a run, names, the end.
 *
 *   config.c    INSTR_OPTIONS, INSTR_CONFIG, the output file's place
 *   filter.c    off=: functions of which nothing is recorded
 *   run.c       which run this process belongs to; making a new one
 *   join.c      brings the process into the run (constructor, first hook, fork child); the end
 *   launch.c    starts the drain, unseen by the program
 *   names.c     modules, rows and command line into the names log
 *   api.c       __instr_register and friends
 *
 * All of it runs inside the traced program, perhaps before libc is ready: raw system calls, static
 * memory, no libc. One thread at a time (irt_local.join), signals blocked.
 */
#ifndef IRT_CONTROL_CONTROL_H
#define IRT_CONTROL_CONTROL_H

#include "capture/capture.h"

#include "base/atomic.h"
#include "base/os.h"
#include "instr/hooks.h"

struct irt_config {
	int record, verbose, help, events, drop, sandbox, heap, block, lock, thread;
	uint64_t ring_bytes, ring_max_bytes, max_db_bytes, time_unit;
	char out[IRT_PATH_BYTES];           /* as given */
	char out_directory[IRT_PATH_BYTES]; /* absolute */
	char out_name[256];
};

/* Who this process is. pid + start_time + pid_namespace + boot_id name it for as long as it lives. */
struct irt_identity {
	int32_t pid, parent_pid;
	uint64_t start_time, pid_namespace;
	char boot_id[40];
};

extern IRT_HIDDEN struct irt_config irt_config;
extern IRT_HIDDEN const char *irt_extra_options; /* settings that a caller gives; NULL: none */
extern IRT_HIDDEN char irt_ring_folder[IRT_PATH_BYTES]; /* the run's folder; "" = none */

/* config.c. Both return 0, or a negative irt_err after they have said why on descriptor 2. */
IRT_HIDDEN int irt_config_read(struct irt_config *c);
IRT_HIDDEN int irt_config_check_output(struct irt_config *c);

/* filter.c. A glob of the settings; its text must stay. 0: no memory for it. */
IRT_HIDDEN void irt_filter_clear(void);
IRT_HIDDEN int irt_filter_add(const char *text, uint64_t bytes);
/* Before its names are logged: marks the rows that are off. 0: none is; else a number for which ones. */
IRT_HIDDEN uint64_t irt_filter_module(const struct instr_module *m);
IRT_HIDDEN int irt_glob_matches(const char *pattern, const char *end, const char *text);

/* run.c */
IRT_HIDDEN int irt_identify(struct irt_identity *me);
/* INSTR_ERR_BUSY: another copy of the runtime in this process has joined (dlmopen, or one is static). */
IRT_HIDDEN int irt_run_find(const struct irt_identity *me, uint32_t *parent_process_id, int *same_pid);
IRT_HIDDEN int irt_run_create(const struct irt_config *c, const struct irt_identity *me);
/* Nothing will be recorded after all: removes what irt_run_create has made. */
IRT_HIDDEN void irt_run_abandon(void);
IRT_HIDDEN uint64_t irt_read_stat(int32_t pid, int32_t *parent_pid); /* start time, 0 = no such process; pid 0: this one */
IRT_HIDDEN long irt_read_file(const char *path, char *buffer, size_t bytes);

/* join.c. Called for each module that registers: the executable's makes exit()'s status known in time. */
IRT_HIDDEN void irt_note_exit_from(const void *module);
/* A module has come (1) or gone (-1): when the last has gone at the end, everything is committed. */
IRT_HIDDEN void irt_count_module(int change);

/* launch.c */
IRT_HIDDEN int irt_launch_drain(void);

/* names.c */
IRT_HIDDEN void irt_log_process(void);
IRT_HIDDEN void irt_log_module(const struct instr_module *m, uint64_t off, uint64_t ticks);
IRT_HIDDEN void irt_log_unload(const struct instr_module *m, uint64_t ticks);

/* Says one sentence on descriptor 2, with "instr: " before it. Only before main. */
IRT_HIDDEN void irt_say(const char *a, const char *b, const char *c);

#endif
