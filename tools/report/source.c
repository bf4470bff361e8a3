/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * source.c - see source.h.
 */
#include "report/source.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/buffer.h"

enum { LARGEST_BYTES = 16 << 20, LONGEST_FUNCTION = 20000, TAB = 4, SHOWN_BYTES = 1000 };

/* 0, or why it cannot be read. */
static const char *read_file(struct source *s, const char *path)
{
	/* Not blocked by a FIFO, nor made its terminal by a terminal. */
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	const char *why = NULL;
	struct stat status;
	size_t bytes = 0;
	ssize_t n;

	if (fd < 0)
		return strerror(errno);
	if (fstat(fd, &status))
		why = strerror(errno);
	else if (!S_ISREG(status.st_mode))
		why = "it is no plain file";
	else if (status.st_size > LARGEST_BYTES)
		why = "it is too large for a source file";
	if (!why) {
		s->text = cli_realloc(NULL, (size_t)status.st_size + 1, 1);
		while (bytes < (size_t)status.st_size && (n = read(fd, s->text + bytes, (size_t)status.st_size - bytes)) > 0)
			bytes += (size_t)n;
		s->text[bytes] = 0;
		if (memchr(s->text, 0, bytes))
			why = "it is no text";
	}
	close(fd);
	if (why) {
		free(s->text);
		s->text = NULL;
		return why;
	}
	s->changed_seconds = status.st_mtim.tv_sec;
	s->path = cli_strdup(path);
	return NULL;
}

static void split(struct source *s)
{
	for (char *p = s->text; *p;) {
		s->lines = cli_room_for(s->lines, s->count, sizeof(*s->lines));
		s->lines[s->count++] = p;
		p += strcspn(p, "\n");
		if (*p) {
			if (p > s->text && p[-1] == '\r')
				p[-1] = 0;
			*p++ = 0;
		}
	}
}

/* In a folder: by the whole path, and by less and less of it. */
static int find_below(struct source *s, const char *folder, size_t bytes, const char *recorded)
{
	for (const char *rest = recorded; rest; rest = strchr(rest, '/')) {
		struct cli_buffer path = {0};
		while (*rest == '/')
			rest++;
		if (!*rest)
			break;
		cli_add(&path, folder, bytes);
		cli_add_format(&path, "/%s", rest);
		const char *why = read_file(s, cli_text_of(&path));
		cli_buffer_fini(&path);
		if (!why)
			return 1;
	}
	return 0;
}

void source_find(struct source *s, const char *recorded, const char *search)
{
	const char *why = "the trace has no path of it";

	*s = (struct source){0};
	for (const char *folder = search; folder && *folder && !s->path;) {
		size_t bytes = strcspn(folder, ":");
		if (bytes && *recorded)
			find_below(s, folder, bytes, recorded);
		folder += bytes + (folder[bytes] == ':');
	}
	if (!s->path && *recorded)
		why = read_file(s, recorded);
	if (s->path)
		split(s);
	else
		snprintf(s->why, sizeof(s->why), "%s", why);
}

void source_fini(struct source *s)
{
	free(s->path);
	free(s->text);
	free(s->lines);
	*s = (struct source){0};
}

/* ---- where a function ends ----------------------------------------------------------------------------- */

/* Behind a literal that begins at p. */
static const char *pass_literal(const char *p)
{
	const char quote = *p++;

	while (*p && *p != quote)
		p += *p == '\\' && p[1] ? 2 : 1;
	return *p ? p + 1 : p;
}

size_t source_function_end(const struct source *s, size_t line)
{
	int in_comment = 0;
	long depth = 0;

	for (size_t at = line; at && at <= s->count && at < line + LONGEST_FUNCTION; at++) {
		const char *begin = s->lines[at - 1];
		for (const char *p = begin; *p;) {
			if (in_comment) {
				in_comment = strncmp(p, "*/", 2) != 0;
				p += in_comment ? 1 : 2;
			} else if (!strncmp(p, "//", 2)) {
				break;
			} else if (!strncmp(p, "/*", 2)) {
				in_comment = 1;
				p += 2;
			} else if (*p == '"' || (*p == '\'' && (p == begin || !isxdigit((unsigned char)p[-1])))) { /* not 1'000 */
				p = pass_literal(p);
			} else {
				depth += (*p == '{') - (*p == '}');
				if (depth < 0 || (!depth && (*p == '}' || *p == ';')))
					return depth < 0 ? 0 : at;
				p++;
			}
		}
	}
	return 0;
}

char *source_line(const struct source *s, size_t line, size_t *indent)
{
	const char *p = s->lines[line - 1];

	for (*indent = 0; *p == ' ' || *p == '\t'; p++)
		*indent += *p == '\t' ? TAB - *indent % TAB : 1;
	char *copy = strndup(p, SHOWN_BYTES);
	if (!copy)
		return cli_strdup("");
	for (char *c = copy; *c; c++)
		*c = *c == '\t' ? ' ' : *c;
	return copy;
}
