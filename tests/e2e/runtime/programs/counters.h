/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * counters.h - a program's own count of its calls, in the file "counters": it outlives the program,
 * however that ends. 64 counters, each written by one thread, 64 bytes apart; read with od.
 */
#ifndef COUNTERS_H
#define COUNTERS_H

#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

struct counter {
	volatile uint64_t calls; /* that have returned */
	uint64_t pad[7];
};

/* No call of these is traced: they would be part of what is counted. */
#define UNTRACED __attribute__((annotate("instr_skip")))

UNTRACED static inline struct counter *open_counters(void)
{
	int fd = open("counters", O_RDWR | O_CREAT | O_TRUNC, 0600);
	struct counter *c;
	if (fd < 0 || ftruncate(fd, 64 * sizeof(*c)) != 0)
		abort();
	c = mmap(NULL, 64 * sizeof(*c), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (c == MAP_FAILED)
		abort();
	return c;
}

#endif
