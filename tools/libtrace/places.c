/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * places.c - see code.h: files, lines and names of code that has no rows of its own, for as long as the trace is open. They
 * lie in the TEMP table code_places; a TEMP view stands in front of the table functions, so that whatever asks for a
 * function's file gets it. Nothing is made of a trace that has no such code, or none that is found here.
 */
#define _GNU_SOURCE
#include "libtrace/places.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "fold/array.h"
#include "libtrace/code.h"

enum { IMAGES_MAX = 256, PLACES_MAX = 1 << 20, SENTENCES_MAX = 8, SECONDS_AT_MOST = 20 };

static const char make_view[] =
	"CREATE TEMP VIEW functions AS SELECT f.function_id AS function_id, f.module_id AS module_id, f.row AS row,"
	" coalesce((SELECT p.name FROM temp.code_places p WHERE p.function_id = f.function_id), f.name) AS name,"
	" coalesce((SELECT p.linkage_name FROM temp.code_places p WHERE p.function_id = f.function_id), f.linkage_name) AS linkage_name,"
	" coalesce(f.file, (SELECT p.file FROM temp.code_places p WHERE p.function_id = f.function_id)) AS file,"
	" coalesce(f.line, (SELECT p.line FROM temp.code_places p WHERE p.function_id = f.function_id)) AS line,"
	" f.instrumented AS instrumented, f.reason AS reason, f.flags AS flags FROM main.functions f";

struct image {
	struct tr_image asked;
	char *path, *build_id;
	int64_t module_id;
};

static int64_t now_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void add_sentence(struct tr_trace *trace, const struct image *image, const char *format, const char *what)
{
	char text[768];

	if (trace->sentence_count >= SENTENCES_MAX)
		return;
	int bytes = snprintf(text, sizeof(text), "Lines of %.300s are not shown: ", image->path);
	snprintf(text + bytes, sizeof(text) - (size_t)bytes, format, what);
	char **more = realloc(trace->sentences, (trace->sentence_count + 1) * sizeof(*more));
	if (!more)
		return;
	trace->sentences = more;
	if ((more[trace->sentence_count] = strdup(text)))
		trace->sentence_count++;
}

/* ---- what is asked for ---- */

static int by_address(const void *a, const void *b)
{
	const struct tr_place *p = a, *q = b;
	if (p->address != q->address)
		return p->address < q->address ? -1 : 1;
	return p->function_id < q->function_id ? -1 : p->function_id > q->function_id;
}

/* The drain's name where there was no symbol: "FILE+0xOFFSET". */
static int is_unnamed(const struct image *image, const char *name)
{
	const char *slash = strrchr(image->path, '/'), *base = slash ? slash + 1 : image->path;
	size_t bytes = strlen(base);
	return name && !strncmp(name, base, bytes) && !strncmp(name + bytes, "+0x", 3);
}

static int read_places(struct tr_trace *trace, struct image *image, struct tr_error *error)
{
	sqlite3_stmt *places = NULL;
	size_t room = 0;
	int rc = sqlite3_prepare_v2(trace->db, "SELECT a.function_id, a.address, f.linkage_name FROM main.function_addresses a "
					       "CROSS JOIN main.functions f ON f.function_id = a.function_id WHERE f.module_id = ?1 LIMIT ?2",
				    -1, &places, NULL);
	if (rc == SQLITE_OK) {
		sqlite3_bind_int64(places, 1, image->module_id);
		sqlite3_bind_int(places, 2, PLACES_MAX);
		while ((rc = sqlite3_step(places)) == SQLITE_ROW) {
			if (!irt_grow(&image->asked.places, &room, image->asked.count + 1, sizeof(*image->asked.places))) {
				rc = SQLITE_NOMEM;
				break;
			}
			image->asked.places[image->asked.count++] = (struct tr_place){
				.address = (uint64_t)sqlite3_column_int64(places, 1), .function_id = sqlite3_column_int64(places, 0),
				.is_unnamed = is_unnamed(image, (const char *)sqlite3_column_text(places, 2))};
		}
	}
	int status = rc == SQLITE_DONE ? 0 : tr_fail_sqlite(trace, rc, error);
	sqlite3_finalize(places);
	if (image->asked.count)
		qsort(image->asked.places, image->asked.count, sizeof(*image->asked.places), by_address);
	return status;
}

/* ---- what is answered ---- */

struct input {
	int fd;
	int64_t until_ms;
	size_t at, count;
	char bytes[1 << 16];
};

static int fill(struct input *in)
{
	for (;;) {
		int64_t left = in->until_ms - now_ms();
		struct pollfd ready = {.fd = in->fd, .events = POLLIN};
		if (left <= 0)
			return 0;
		int polled = poll(&ready, 1, (int)left);
		if (polled < 0 && errno == EINTR)
			continue;
		ssize_t n = polled > 0 ? read(in->fd, in->bytes, sizeof(in->bytes)) : 0;
		in->at = 0;
		in->count = n > 0 ? (size_t)n : 0;
		return n > 0;
	}
}

/* Bytes of an answer; 0: there are no more, or the time is over. */
static int read_all(struct input *in, void *to, size_t count)
{
	for (char *p = to; count;) {
		if (in->at == in->count && !fill(in))
			return 0;
		size_t some = in->count - in->at < count ? in->count - in->at : count;
		memcpy(p, in->bytes + in->at, some);
		p += some;
		in->at += some;
		count -= some;
	}
	return 1;
}

static int put_place(sqlite3_stmt *put, const struct tr_place *place, const struct tr_answer *a, const char *texts)
{
	const char *name = texts, *linkage = name + a->name_bytes, *file = linkage + a->linkage_bytes;

	sqlite3_reset(put);
	sqlite3_clear_bindings(put);
	sqlite3_bind_int64(put, 1, place->function_id);
	if (a->name_bytes && place->is_unnamed)
		sqlite3_bind_text(put, 2, name, (int)a->name_bytes, SQLITE_STATIC);
	if (a->linkage_bytes && place->is_unnamed)
		sqlite3_bind_text(put, 3, linkage, (int)a->linkage_bytes, SQLITE_STATIC);
	if (a->file_bytes && a->line > 0) {
		sqlite3_bind_text(put, 4, file, (int)a->file_bytes, SQLITE_STATIC);
		sqlite3_bind_int64(put, 5, a->line);
	}
	int rc = sqlite3_step(put);
	sqlite3_reset(put);
	return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

/* Takes answers until the last one; 1: it came. */
static int take_answers(struct tr_trace *trace, const struct image *image, int fd, int64_t until_ms, sqlite3_stmt *put)
{
	struct input *in = calloc(1, sizeof(*in));
	char *texts = malloc(3 * TR_ANSWER_TEXT_MAX + 1);
	struct tr_answer a;
	int ended = 0;

	if (in) {
		in->fd = fd;
		in->until_ms = until_ms;
	}
	while (in && texts && !ended && read_all(in, &a, sizeof(a))) {
		const size_t bytes = (size_t)a.name_bytes + a.linkage_bytes + a.file_bytes;
		if (a.name_bytes > TR_ANSWER_TEXT_MAX || a.linkage_bytes > TR_ANSWER_TEXT_MAX || a.file_bytes > TR_ANSWER_TEXT_MAX ||
		    !read_all(in, texts, bytes))
			break;
		texts[bytes] = 0;
		if (a.kind == TR_ANSWER_SENTENCE)
			add_sentence(trace, image, "%s", texts);
		else if (a.kind == TR_ANSWER_PLACE && a.index < image->asked.count)
			put_place(put, &image->asked.places[a.index], &a, texts);
		else
			ended = a.kind == TR_ANSWER_END;
	}
	free(texts);
	free(in);
	return ended;
}

static void say_how_it_ended(struct tr_trace *trace, const struct image *image, int status)
{
	char text[100];

	if (WIFSIGNALED(status) && (WTERMSIG(status) == SIGXCPU || WTERMSIG(status) == SIGKILL))
		snprintf(text, sizeof(text), "reading its debug information takes too long");
	else if (WIFSIGNALED(status))
		snprintf(text, sizeof(text), "its debug information is damaged: reading it ended by signal %d", WTERMSIG(status));
	else
		snprintf(text, sizeof(text), "reading its debug information takes too much memory");
	add_sentence(trace, image, "%s", text);
}

static void ask_image(struct tr_trace *trace, struct image *image, int64_t until_ms, sqlite3_stmt *put)
{
	int ends[2], status = 0;

	if (now_ms() >= until_ms) {
		add_sentence(trace, image, "%s", "reading the debug information of others took too long");
		return;
	}
	if (pipe2(ends, O_CLOEXEC))
		return;
	pid_t child = fork();
	if (!child) {
		close(ends[0]);
		tr_answer_for_image(&image->asked, ends[1]);
	}
	close(ends[1]);
	if (child > 0) {
		int ended = take_answers(trace, image, ends[0], until_ms, put);
		if (!ended && !waitpid(child, &status, WNOHANG) && poll(NULL, 0, 100) == 0 && !waitpid(child, &status, WNOHANG))
			kill(child, SIGKILL);
		while (waitpid(child, &status, 0) < 0 && errno == EINTR)
			;
		if (!ended)
			say_how_it_ended(trace, image, status);
	}
	close(ends[0]);
}

/* ---- from the outside ---- */

static int64_t start_of_run(struct tr_trace *trace)
{
	sqlite3_stmt *start = NULL;
	int64_t ns = 0;
	if (sqlite3_prepare_v2(trace->db, "SELECT realtime_ns FROM main.clocks ORDER BY ticks LIMIT 1", -1, &start, NULL) == SQLITE_OK &&
	    sqlite3_step(start) == SQLITE_ROW)
		ns = sqlite3_column_int64(start, 0);
	sqlite3_finalize(start);
	return ns;
}

static int read_images(struct tr_trace *trace, struct image *images, size_t *count, struct tr_error *error)
{
	sqlite3_stmt *modules = NULL;
	int rc = sqlite3_prepare_v2(trace->db, "SELECT module_id, path, build_id FROM main.modules WHERE rows = 0 AND path GLOB '/*' AND "
					       "EXISTS (SELECT 1 FROM main.function_addresses) ORDER BY module_id LIMIT ?1", -1, &modules, NULL);
	int64_t start = start_of_run(trace);

	if (rc == SQLITE_OK) {
		sqlite3_bind_int(modules, 1, IMAGES_MAX);
		while ((rc = sqlite3_step(modules)) == SQLITE_ROW) {
			const char *path = (const char *)sqlite3_column_text(modules, 1), *id = (const char *)sqlite3_column_text(modules, 2);
			struct image *image = &images[(*count)++];
			image->module_id = sqlite3_column_int64(modules, 0);
			image->path = path ? strdup(path) : NULL;
			image->build_id = id ? strdup(id) : NULL;
			if (!image->path || (id && !image->build_id)) {
				rc = SQLITE_NOMEM;
				break;
			}
			image->asked = (struct tr_image){.path = image->path, .build_id = image->build_id, .start_realtime_ns = start};
		}
	}
	int status = rc == SQLITE_DONE ? 0 : tr_fail_sqlite(trace, rc, error);
	sqlite3_finalize(modules);
	return status;
}

static int ask_all(struct tr_trace *trace, struct image *images, size_t count, struct tr_error *error)
{
	sqlite3_stmt *put = NULL;
	const int64_t until_ms = now_ms() + SECONDS_AT_MOST * 1000; /* of all images */
	int64_t found = 0;
	int status = 0;
	int rc = sqlite3_exec(trace->db, "PRAGMA query_only = OFF; CREATE TEMP TABLE code_places (function_id INTEGER PRIMARY KEY,"
					 " name TEXT, linkage_name TEXT, file TEXT, line INTEGER)", NULL, NULL, NULL);

	if (rc == SQLITE_OK) /* a name may come first, and its line later */
		rc = sqlite3_prepare_v2(trace->db, "INSERT INTO temp.code_places VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO UPDATE SET"
						   " name = coalesce(excluded.name, name), linkage_name = coalesce(excluded.linkage_name, linkage_name),"
						   " file = coalesce(excluded.file, file), line = coalesce(excluded.line, line)", -1, &put, NULL);
	for (size_t i = 0; rc == SQLITE_OK && !status && i < count; i++) {
		if (!(status = read_places(trace, &images[i], error)) && images[i].asked.count)
			ask_image(trace, &images[i], until_ms, put);
		free(images[i].asked.places);
	}
	sqlite3_finalize(put);
	if (rc == SQLITE_OK && !status) {
		sqlite3_stmt *any = NULL;
		if ((rc = sqlite3_prepare_v2(trace->db, "SELECT count(function_id) FROM temp.code_places", -1, &any, NULL)) == SQLITE_OK &&
		    sqlite3_step(any) == SQLITE_ROW)
			found = sqlite3_column_int64(any, 0);
		sqlite3_finalize(any);
		if (rc == SQLITE_OK && found)
			rc = sqlite3_exec(trace->db, make_view, NULL, NULL, NULL);
	}
	if (rc == SQLITE_OK)
		rc = sqlite3_exec(trace->db, "PRAGMA query_only = ON", NULL, NULL, NULL);
	return status ? status : rc == SQLITE_OK ? 0 : tr_fail_sqlite(trace, rc, error);
}

int tr_find_places(struct tr_trace *trace, struct tr_error *error)
{
	struct image *images = calloc(IMAGES_MAX, sizeof(*images));
	size_t count = 0;

	tr_refill_steps(trace);
	if (!images)
		return tr_fail(error, INSTR_ERR_MEMORY, trace->path, "there is not enough memory to read it");
	int status = read_images(trace, images, &count, error);
	if (!status && count)
		status = ask_all(trace, images, count, error);
	for (size_t i = 0; i < count; i++) {
		free(images[i].path);
		free(images[i].build_id);
	}
	free(images);
	return status;
}

void tr_forget_sentences(struct tr_trace *trace)
{
	for (size_t i = 0; i < trace->sentence_count; i++)
		free(trace->sentences[i]);
	free(trace->sentences);
	trace->sentences = NULL;
	trace->sentence_count = 0;
}

const char *tr_missing_lines(const struct tr_trace *trace, size_t index)
{
	return index < trace->sentence_count ? trace->sentences[index] : NULL;
}
