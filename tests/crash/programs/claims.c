/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * claims.c RING PID - claims every free process slot of a run in the name of a process, as if that had died
 * over joining so often; then waits until they are all free again: exit status 0, or after 30 s 1.
 */
#include "ring/ring.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	struct irt_ring *ring;
	int fd = argc == 3 ? open(argv[1], O_RDWR) : -1;
	ring = mmap(NULL, IRT_PAGE + IRT_PROCESS_MAX * sizeof(struct irt_process), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (fd < 0 || ring == MAP_FAILED)
		return 1;
	struct irt_process *p = (struct irt_process *)((char *)ring + ring->processes_offset);
	for (int i = 0; i < IRT_PROCESS_MAX; i++) {
		uint32_t nobody = IRT_SLOT_FREE;
		__atomic_compare_exchange_n(&p[i].state, &nobody, IRT_SLOT_CLAIMED | (uint32_t)atoi(argv[2]) << IRT_SLOT_STATE_BITS, 0,
					    __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
	}
	__atomic_store_n(&ring->process_high, (uint32_t)IRT_PROCESS_MAX, __ATOMIC_RELEASE);
	for (int turn = 0, claimed = 1; claimed; turn++) {
		if (turn == 300)
			return 1;
		usleep(100000);
		claimed = 0;
		for (int i = 0; i < IRT_PROCESS_MAX; i++)
			claimed += (__atomic_load_n(&p[i].state, __ATOMIC_ACQUIRE) & IRT_SLOT_STATE_MASK) == IRT_SLOT_CLAIMED;
	}
	return 0;
}
