/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * ring_of.c PID|FOLDER [MS] - the folder of the run whose ring this process has mapped, or whose drain it
 * is, or that folder; and the pid of its drain, 0 if it has none; a drain that is starting is waited for
 * MS milliseconds. Exit status 1: no ring.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "ring/ring.h"

static ssize_t read_command(const char *pid, char *command, size_t bytes)
{
	char name[64];
	snprintf(name, sizeof(name), "/proc/%.20s/cmdline", pid);
	int fd = open(name, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd >= 0 ? read(fd, command, bytes - 1) : -1;
	if (fd >= 0)
		close(fd);
	command[n > 0 ? n : 0] = 0;
	return n;
}

static int find(const char *pid, char *folder, size_t bytes)
{
	char name[64], line[2000];
	int found = 0;
	if (read_command(pid, line, sizeof(line)) > 18 && !memcmp(line, "instr-drain\0--run", 18))
		return snprintf(folder, bytes, "%s", line + 18) > 0;
	snprintf(name, sizeof(name), "/proc/%.20s/maps", pid);
	FILE *f = fopen(name, "re");
	while (f && !found && fgets(line, sizeof(line), f)) {
		char *path = strchr(line, '/');
		size_t n = path ? strcspn(path, "\n") : 0;
		if (n > 38 && !strncmp(path + n - 5, "/ring", 5) && path[n - 38] == '/') {
			path[n - 5] = 0;
			found = snprintf(folder, bytes, "%s", path) > 0;
		}
	}
	if (f)
		fclose(f);
	return found;
}

static int is_drain(int pid)
{
	char text[16], command[64];
	snprintf(text, sizeof(text), "%d", pid);
	return read_command(text, command, sizeof(command)) > 0 && !strcmp(command, "instr-drain");
}

int main(int argc, char **argv)
{
	char folder[2000], name[2100];
	struct irt_ring header;
	int waited = 0, most = argc > 2 ? atoi(argv[2]) : 0;
	if (argc < 2 || (argv[1][0] == '/' ? snprintf(folder, sizeof(folder), "%s", argv[1]) <= 0 :
					     !find(argv[1], folder, sizeof(folder))))
		return 1;
	snprintf(name, sizeof(name), "%s/ring", folder);
	int fd = open(name, O_RDONLY | O_CLOEXEC), drain = 0;
	for (; fd >= 0; waited += 2) {
		struct timespec two = {0, 2000000};
		if (pread(fd, &header, sizeof(header), 0) == (ssize_t)sizeof(header) && header.drain_pid &&
		    is_drain((int)header.drain_pid))
			drain = (int)header.drain_pid;
		if (drain || waited >= most)
			break;
		nanosleep(&two, NULL);
	}
	printf("%s %d\n", folder, drain);
	return 0;
}
