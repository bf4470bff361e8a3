/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * attach.h - the drain's hold on a run's ring: the folder, the mapped file, the lease, its memory.
 *
 * Every byte of the mapping may change at any moment and may be wrong; `facts` is the copy of the
 * header that was checked once.
 */
#ifndef IRT_DRAIN_ATTACH_H
#define IRT_DRAIN_ATTACH_H

#include "ring/ring.h"

#include "base/atomic.h"

#include <stddef.h>
#include <string.h>

struct irt_attached {
	struct irt_map map;
	struct irt_ring facts;
	int folder_fd, ring_fd, lease_fd;
	uint32_t sub_count; /* sub-buffers that have memory */
	char folder[IRT_PATH_BYTES];
};

/* What does not change while a slot is live; all else is read by itself. */
static inline struct irt_process irt_process_facts(const struct irt_process *in)
{
	struct irt_process facts = {.state = IRT_SLOT_LIVE};
	memcpy(&facts.process_id, &in->process_id, offsetof(struct irt_process, exit_known) - offsetof(struct irt_process, process_id));
	return facts;
}
static inline struct irt_thread irt_thread_facts(const struct irt_thread *in)
{
	struct irt_thread facts = {.owner = irt_load_relaxed(&in->owner), .state = IRT_SLOT_LIVE};
	memcpy(&facts.process_id, &in->process_id, offsetof(struct irt_thread, waiting) - offsetof(struct irt_thread, process_id));
	memcpy(facts.name, in->name, sizeof(facts.name));
	return facts;
}

/* The folder in which runs of this user lie: in /dev/shm, or with `beside` that in the folder of their trace
 * (absolute; "" is the root), where there is no room in /dev/shm. A run's own folder there has its name. */
void irt_runs_folder(const char *beside, char *folder, size_t bytes);

/* Whether a run can have that name: 32 hexadecimal digits. */
int irt_is_run_name(const char *name);

/* Opens and checks a run's folder, for reading, and copies the header: whoever asks whether a process has
 * the ring mapped (irt_is_mapped) is not misled by it. The folder and its files must belong to this user
 * and be closed to others. Returns 0, or a negative irt_err with a sentence in `error`. */
int irt_look(struct irt_attached *a, const char *folder, char *error, size_t error_bytes);

/* The same, and maps the ring for reading and writing. */
int irt_attach(struct irt_attached *a, const char *folder, char *error, size_t error_bytes);

/* Unmaps and closes; gives up the lease if it was taken. */
void irt_detach(struct irt_attached *a);

/* Takes the run's lease: an OFD lock that ends with this process at the latest. Waits at most
 * wait_ms. Returns 0, or INSTR_ERR_BUSY. */
int irt_take_lease(struct irt_attached *a, unsigned wait_ms);

/* Gives memory to sub-buffers until `want` have it; fewer when there is no space. The pages are
 * allocated and mapped here, ahead of use, never in a hook. */
void irt_grow(struct irt_attached *a, uint32_t want);

/* Gives memory to the slots of the threads that will come next, so that they need not ask for it. */
void irt_grow_threads(struct irt_attached *a);

/* Lets go of the ring itself; folder and lease stay. */
void irt_unmap(struct irt_attached *a);

/* Where the ring is not mapped here: does a process have the ring mapped? Children of fork that have not called a traced
 * function yet are in no registry, but this shows them. Negative: it cannot be seen now. */
int irt_is_mapped(const struct irt_attached *a);

/* The last step of who holds the run's lease and has drained the processes up to that id: lets go of the ring,
 * and removes the run if nobody else has it mapped and no other process has joined. */
enum irt_run_end { IRT_RUN_REMOVED, IRT_RUN_MAPPED, IRT_RUN_JOINED, IRT_RUN_UNKNOWN /* it cannot be seen now */ };
enum irt_run_end irt_end_run(struct irt_attached *a, uint32_t last_process_id);

/* Removes the run's folder and its files, whoever uses them. */
void irt_remove_run(struct irt_attached *a);

#endif
