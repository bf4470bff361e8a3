/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * addresses.c - see addresses.h. A mapping whose file was deleted or replaced since gives no names:
 * another build's would be wrong ones.
 */
#define _GNU_SOURCE
#include "drain/addresses.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "drain/elf.h"
#include "drain/watch.h"

/* Libraries come and go: what was read is believed for so long while the process lives. */
enum { FRESH_MS = 20, MAPPINGS_MAX = 1 << 16, FILES_MAX = 1 << 16 };

struct file {
	char *path;
	uint64_t inode;
	char device[24];
	struct irt_elf *elf;
	int tried;
};

struct mapping {
	uint64_t start, end, offset;
	uint32_t file; /* index + 1 */
};

struct process {
	uint32_t process_id, mapping_count;
	struct mapping *mappings;
	int64_t read_ms; /* 0 = never */
};

struct irt_addresses {
	struct file *files;
	struct process *processes;
	uint32_t file_count, process_count;
};

struct irt_addresses *irt_addresses_create(void) { return calloc(1, sizeof(struct irt_addresses)); }

void irt_addresses_destroy(struct irt_addresses *a)
{
	if (!a)
		return;
	for (uint32_t i = 0; i < a->file_count; i++) {
		free(a->files[i].path);
		irt_elf_destroy(a->files[i].elf);
	}
	for (uint32_t i = 0; i < a->process_count; i++)
		free(a->processes[i].mappings);
	free(a->files);
	free(a->processes);
	free(a);
}

static int64_t now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000 + 1;
}

static struct process *process_of(struct irt_addresses *a, uint32_t process_id, int make)
{
	for (uint32_t i = a->process_count; i-- > 0;)
		if (a->processes[i].process_id == process_id)
			return &a->processes[i];
	struct process *more = make ? realloc(a->processes, (a->process_count + 1) * sizeof(*more)) : NULL;
	if (!more)
		return NULL;
	a->processes = more;
	more[a->process_count] = (struct process){.process_id = process_id};
	return &more[a->process_count++];
}

/* Index + 1, or 0. */
static uint32_t file_of(struct irt_addresses *a, const char *path, const char *device, uint64_t inode)
{
	for (uint32_t i = a->file_count; i-- > 0;) {
		struct file *f = &a->files[i];
		if (f->inode == inode && !strcmp(f->path, path) && !strcmp(f->device, device))
			return i + 1;
	}
	struct file *more = a->file_count < FILES_MAX ? realloc(a->files, (a->file_count + 1) * sizeof(*more)) : NULL;
	if (!more)
		return 0;
	a->files = more;
	struct file *f = &more[a->file_count];
	*f = (struct file){.path = strdup(path), .inode = inode};
	if (!f->path)
		return 0;
	snprintf(f->device, sizeof(f->device), "%s", device);
	return ++a->file_count;
}

/* Takes the executable mappings of files. What was known stays if the process has ended meanwhile. */
static void read_maps(struct irt_addresses *a, struct process *p, int pid, uint64_t start_time)
{
	char name[64], *line = NULL;
	size_t line_bytes = 0;
	struct mapping *found = NULL;
	uint32_t count = 0, room = 0;

	snprintf(name, sizeof(name), "/proc/%d/maps", irt_number_in_proc(pid));
	FILE *f = fopen(name, "re");
	if (f && irt_start_time(pid, 0, NULL) != start_time) { /* asked when the maps are ours for good */
		fclose(f);
		f = NULL;
	}
	while (f && count < MAPPINGS_MAX && getline(&line, &line_bytes, f) > 0) {
		unsigned long long start, end, offset, inode;
		char access[8], device[24];
		int path_at = 0;
		if (sscanf(line, "%llx-%llx %7s %llx %23s %llu %n", &start, &end, access, &offset, device, &inode, &path_at) < 6 ||
		    !path_at || line[path_at] != '/' || !strchr(access, 'x'))
			continue;
		line[strcspn(line, "\n")] = 0;
		if (count == room) {
			room = room ? room * 2 : 32;
			struct mapping *more = realloc(found, room * sizeof(*more));
			if (!more)
				break;
			found = more;
		}
		found[count++] = (struct mapping){start, end, offset, file_of(a, line + path_at, device, inode)};
	}
	free(line);
	if (f)
		fclose(f);
	if (!count) {
		free(found);
		return;
	}
	free(p->mappings);
	p->mappings = found;
	p->mapping_count = count;
	p->read_ms = now_ms();
}

static const struct mapping *find_mapping(const struct process *p, uint64_t address)
{
	for (uint32_t i = 0; i < p->mapping_count; i++)
		if (address >= p->mappings[i].start && address < p->mappings[i].end)
			return &p->mappings[i];
	return NULL;
}

/* The file as the process sees it (it may live in another root), then as this one does. A device
 * number is not compared: some file systems show two. */
static void read_symbols(struct file *f, int pid)
{
	char path[4096 + 32];
	struct stat st;

	f->tried = 1;
	for (int own = 0; own < 2 && !f->elf; own++) {
		if (own)
			snprintf(path, sizeof(path), "%s", f->path);
		else
			snprintf(path, sizeof(path), "/proc/%d/root%s", irt_number_in_proc(pid), f->path);
		int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
		if (fd < 0)
			continue;
		if (!fstat(fd, &st) && (uint64_t)st.st_ino == f->inode)
			f->elf = irt_elf_read(fd);
		close(fd);
	}
}

struct irt_place irt_addresses_find(struct irt_addresses *a, uint32_t process_id, int pid, uint64_t start_time,
				    uint64_t address)
{
	struct irt_place place = {0};
	struct process *p = process_of(a, process_id, 1);

	if (!p)
		return place;
	const struct mapping *m = find_mapping(p, address);
	if (!m || now_ms() - p->read_ms > FRESH_MS) {
		read_maps(a, p, pid, start_time);
		m = find_mapping(p, address);
	}
	if (!m || !m->file)
		return place;
	struct file *f = &a->files[m->file - 1];
	if (!f->tried)
		read_symbols(f, pid);
	place.file = m->file;
	place.offset = address - m->start + m->offset;
	place.path = f->path;
	place.base = strrchr(f->path, '/') + 1;
	if (f->elf) {
		place.symbol = irt_elf_function(f->elf, place.offset);
		place.address = irt_elf_address(f->elf, place.offset);
		place.build_id = *irt_elf_build_id(f->elf) ? irt_elf_build_id(f->elf) : NULL;
	}
	return place;
}

int irt_addresses_inherit(struct irt_addresses *a, uint32_t child, uint32_t parent)
{
	struct process *p = process_of(a, parent, 0);
	if (!p || !p->mapping_count || process_of(a, child, 0))
		return 1;
	struct mapping *copy = malloc(p->mapping_count * sizeof(*copy));
	struct process *c = copy ? process_of(a, child, 1) : NULL;
	if (!c) {
		free(copy);
		return 0;
	}
	p = process_of(a, parent, 0); /* they may have moved */
	memcpy(copy, p->mappings, p->mapping_count * sizeof(*copy));
	c->mappings = copy;
	c->mapping_count = p->mapping_count;
	c->read_ms = p->read_ms;
	return 1;
}

void irt_addresses_forget(struct irt_addresses *a, uint32_t process_id)
{
	struct process *p = process_of(a, process_id, 0);
	if (!p)
		return;
	free(p->mappings);
	*p = a->processes[--a->process_count];
}
