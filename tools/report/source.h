/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * source.h - a source file, found by the path that a trace has of it, and its lines as they are to be shown.
 *
 * Path and text are from anywhere: only plain files are opened, of a size that a source file can have, and what is
 * shown of them goes through cli/text.h.
 */
#ifndef TOOLS_REPORT_SOURCE_H
#define TOOLS_REPORT_SOURCE_H

#include <stddef.h>
#include <stdint.h>

struct source {
	char *path;          /* where it was found; NULL: nowhere */
	char why[200];       /* ... and why not */
	char *text;
	char **lines;        /* ended by 0, from line 1 at [0] */
	size_t count;
	int64_t changed_seconds; /* since 1970 */
};

/* Looks in each folder of search ("a:b", or NULL) for recorded, whole and from each of its folders on, and then for recorded
 * itself. source_fini, whatever comes of it. */
void source_find(struct source *, const char *recorded, const char *search);
void source_fini(struct source *);

/* The line in which the function ends whose definition is in that line: by its braces. 0: that is not to be seen. */
size_t source_function_end(const struct source *, size_t line);

/* A line without what it is indented by; that is how many columns, with tabs of four. Tabs within it are blanks. To be freed. */
char *source_line(const struct source *, size_t line, size_t *indent);

#endif
