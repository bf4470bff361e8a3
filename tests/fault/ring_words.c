/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * ring_words.c PID WHAT - what the ring that a process has mapped says of it. Waits at most 20 s.
 *
 *     quiet    until its hooks make no system calls any more
 *     ring     prints the ring's path
 *     drain    prints the pid of its drain, once it is there
 */
#include "ring/ring.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

static int find_ring(int pid, char *path)
{
	char maps[64], line[4096];
	int found = 0;
	snprintf(maps, sizeof(maps), "/proc/%d/maps", pid);
	FILE *f = fopen(maps, "r");
	while (f && !found && fgets(line, sizeof(line), f)) {
		char *at = strchr(line, '/'), *end = strstr(line, "/ring\n");
		if (at && end && strstr(line, "instr-")) {
			end[5] = 0;
			strcpy(path, at);
			found = 1;
		}
	}
	if (f)
		fclose(f);
	return found;
}

static int look(const struct irt_ring *ring, int pid, const char *what, const char *path)
{
	const struct irt_process *p = (const void *)((const char *)ring + ring->processes_offset);
	if (!strcmp(what, "ring"))
		return puts(path) >= 0;
	if (!strcmp(what, "drain"))
		return ring->drain_pid && printf("%u\n", ring->drain_pid) > 0;
	for (int i = 0; i < IRT_PROCESS_MAX; i++)
		if (p[i].state == IRT_SLOT_LIVE && p[i].pid == pid && p[i].quiet)
			return 1;
	return 0;
}

int main(int argc, char **argv)
{
	static char path[4096];
	int pid = argc > 2 ? atoi(argv[1]) : 0;
	struct timespec turn = {0, 20000000};

	for (int turns = 0; turns < 1000; turns++) { /* nothing to wait on: another process writes it */
		int fd = pid && find_ring(pid, path) ? open(path, O_RDONLY) : -1;
		struct irt_ring facts;
		int good = fd >= 0 && pread(fd, &facts, sizeof(facts), 0) == (ssize_t)sizeof(facts) && facts.magic == IRT_RING_MAGIC;
		void *ring = good ? mmap(NULL, facts.file_bytes, PROT_READ, MAP_SHARED, fd, 0) : MAP_FAILED;
		int seen = ring != MAP_FAILED && look(ring, pid, argv[2], path);
		if (ring != MAP_FAILED)
			munmap(ring, facts.file_bytes);
		if (fd >= 0)
			close(fd);
		if (seen)
			return 0;
		nanosleep(&turn, NULL);
	}
	fprintf(stderr, "%d: no such thing\n", pid);
	return 1;
}
