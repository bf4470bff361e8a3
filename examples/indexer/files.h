/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * files.h - which files to index, and their text.
 *
 * Only regular files that are reached without following a symbolic link below the given paths, on
 * the same file system, not hidden. Paths come sorted: a file's place is its document number, so
 * numbers do not depend on the order in which folders list their entries.
 */
#ifndef INDEXER_FILES_H
#define INDEXER_FILES_H

#include <stddef.h>

enum { FILE_MAX_BYTES = 8 << 20 };

struct file_list {
	char **paths;
	size_t count, capacity;
	size_t unreadable; /* folders and arguments that could not be opened */
};

/* Adds what lies at path: a file or everything below a folder. Returns 0, or -1 if path itself
 * cannot be opened or is neither (said on stderr). */
int files_add(struct file_list *list, const char *path);
/* Sorts, and drops what was named twice. */
void files_sort(struct file_list *list);
void files_free(struct file_list *list);

enum text_result { TEXT_OK, TEXT_UNREADABLE, TEXT_BINARY, TEXT_TOO_LARGE };

/* Reads a whole file. On TEXT_OK the caller frees *text. A file with a NUL byte in its first 4 KiB
 * is binary. */
enum text_result text_read(const char *path, char **text, size_t *bytes);

#endif
