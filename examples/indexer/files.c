/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * files.c - the folder walk and the reading of files; see files.h.
 */
#define _GNU_SOURCE
#include "files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "memory.h"

enum { DEPTH_MAX = 64, BINARY_PROBE_BYTES = 4096 };

static void add_path(struct file_list *list, const char *path)
{
	if (list->count == list->capacity) {
		list->capacity = list->capacity ? list->capacity * 2 : 256;
		list->paths = memory_resize(list->paths, list->capacity * sizeof *list->paths);
	}
	list->paths[list->count++] = memory_text(path, strlen(path));
}

/* Takes over folder_fd. */
static void walk(struct file_list *list, int folder_fd, const char *path, dev_t device, int depth)
{
	DIR *folder = fdopendir(folder_fd);
	if (!folder) {
		close(folder_fd);
		list->unreadable++;
		return;
	}
	for (struct dirent *entry; (entry = readdir(folder));) {
		struct stat st;
		if (entry->d_name[0] == '.' ||
		    fstatat(dirfd(folder), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) || st.st_dev != device)
			continue;
		size_t bytes = strlen(path) + strlen(entry->d_name) + 2;
		char *below = memory_get(bytes);
		snprintf(below, bytes, "%s%s%s", path, path[strlen(path) - 1] == '/' ? "" : "/", entry->d_name);
		if (S_ISREG(st.st_mode)) {
			add_path(list, below);
		} else if (S_ISDIR(st.st_mode)) {
			int fd = depth < DEPTH_MAX ? openat(dirfd(folder), entry->d_name,
							    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
						   : -1;
			if (fd < 0)
				list->unreadable++;
			else
				walk(list, fd, below, device, depth + 1);
		}
		free(below);
	}
	closedir(folder);
}

int files_add(struct file_list *list, const char *path)
{
	struct stat st;
	size_t bytes = strlen(path);
	while (bytes > 1 && path[bytes - 1] == '/')
		bytes--;
	char *start = memory_text(path, bytes);
	int result = -1, fd;

	if (stat(start, &st)) {
		fprintf(stderr, "indexer: %s: %s\n", start, strerror(errno));
	} else if (S_ISREG(st.st_mode)) {
		add_path(list, start);
		result = 0;
	} else if (!S_ISDIR(st.st_mode)) {
		fprintf(stderr, "indexer: %s is neither a file nor a folder\n", start);
	} else if ((fd = open(start, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0) {
		fprintf(stderr, "indexer: %s: %s\n", start, strerror(errno));
	} else {
		walk(list, fd, start, st.st_dev, 0);
		result = 0;
	}
	free(start);
	return result;
}

static int compare_paths(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

void files_sort(struct file_list *list)
{
	size_t kept = 0;
	if (list->count)
		qsort(list->paths, list->count, sizeof *list->paths, compare_paths);
	for (size_t i = 0; i < list->count; i++) {
		if (kept && !strcmp(list->paths[kept - 1], list->paths[i]))
			free(list->paths[i]);
		else
			list->paths[kept++] = list->paths[i];
	}
	list->count = kept;
}

void files_free(struct file_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->paths[i]);
	free(list->paths);
}

enum text_result text_read(const char *path, char **text, size_t *bytes)
{
	/* O_NONBLOCK: a named pipe put in the file's place since the walk must not hang us. */
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	struct stat st;
	if (fd < 0)
		return TEXT_UNREADABLE;
	enum text_result result = TEXT_UNREADABLE;
	if (fstat(fd, &st) || !S_ISREG(st.st_mode))
		goto out;
	result = TEXT_TOO_LARGE;
	if (st.st_size > FILE_MAX_BYTES)
		goto out;

	/* The size is only a hint: the file may grow while it is read, and /proc says 0. */
	size_t capacity = (size_t)st.st_size + 1, have = 0;
	char *buffer = memory_get(capacity);
	for (;;) {
		if (have == capacity) {
			if (capacity > FILE_MAX_BYTES) {
				free(buffer);
				goto out;
			}
			capacity = capacity * 2 + 4096;
			buffer = memory_resize(buffer, capacity);
		}
		ssize_t got = read(fd, buffer + have, capacity - have);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0) {
			free(buffer);
			result = TEXT_UNREADABLE;
			goto out;
		}
		if (!got)
			break;
		have += (size_t)got;
	}
	if (memchr(buffer, 0, have < BINARY_PROBE_BYTES ? have : BINARY_PROBE_BYTES)) {
		free(buffer);
		result = TEXT_BINARY;
		goto out;
	}
	*text = buffer;
	*bytes = have;
	result = TEXT_OK;
out:
	close(fd);
	return result;
}
