/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * config.c - the runtime's settings: INSTR_CONFIG (a file), then INSTR_OPTIONS, which wins.
 *
 * Both are read from /proc/self/environ, since libc's environ may not be there yet (and must not be
 * touched). The grammar and the table are instr/options.h and options.def; the compiler plugin's
 * keys are skipped. A wrong key or value is said once, before main, and the program runs on with
 * that setting's default.
 */
#include "control/control.h"

#include "instr/errors.h"
#include "instr/options.h"

enum { TEXT_BYTES = 16384 };

struct irt_config irt_config;
const char *irt_extra_options;

static char settings_text[TEXT_BYTES];
static char file_text[TEXT_BYTES];
static char config_path[IRT_PATH_BYTES];

void irt_say(const char *a, const char *b, const char *c)
{
	char buffer[2048];
	struct irt_text t = irt_text_in(buffer, sizeof(buffer));
	irt_text_add(&t, "instr: ");
	irt_text_add(&t, a);
	irt_text_add(&t, b);
	irt_text_add(&t, c);
	irt_text_add(&t, "\n");
	irt_sys_write(2, buffer, t.used);
}

enum { NOT_SET = -1, UNREADABLE = -2 };

/* Copies NAME's value out of /proc/self/environ, however large that is. Returns its length, or one of
 * the above. */
static long read_variable(const char *name, char *value, size_t bytes)
{
	char block[1024];
	size_t name_bytes = irt_length(name), matched = 0, used = 0;
	int skip = 0, inside = 0;
	int fd = (int)irt_sys_open("/proc/self/environ", IRT_O_RDONLY | IRT_O_CLOEXEC, 0);
	long n;

	if (fd < 0)
		return UNREADABLE;
	while ((n = irt_sys_read(fd, block, sizeof(block))) > 0) {
		for (long i = 0; i < n; i++) {
			char c = block[i];
			if (inside) {
				if (!c)
					goto out;
				if (used + 1 < bytes)
					value[used++] = c;
			} else if (!c) {
				matched = 0;
				skip = 0;
			} else if (!skip) {
				if (matched == name_bytes && c == '=')
					inside = 1;
				else if (matched < name_bytes && c == name[matched])
					matched++;
				else
					skip = 1;
			}
		}
	}
out:
	irt_sys_close(fd);
	if (!inside)
		return n < 0 ? UNREADABLE : NOT_SET;
	value[used] = 0;
	return (long)used;
}

static void say_bad_value(const struct instr_option *o, const struct instr_setting *s)
{
	char buffer[512];
	struct irt_text t = irt_text_in(buffer, sizeof(buffer));
	irt_text_add(&t, o->key);
	irt_text_add(&t, "=");
	irt_text_bytes(&t, s->value ? s->value : "", s->value_bytes);
	irt_text_add(&t, o->kind == INSTR_OPTION_FLAG ? ": expected on or off" :
			 o->kind == INSTR_OPTION_BYTES ? ": expected a number of bytes, such as 8m" :
			 o->kind == INSTR_OPTION_COUNT ? ": expected a number" :
			 o->kind == INSTR_OPTION_TEXT ? ": expected a text" : ": expected ");
	if (o->kind == INSTR_OPTION_CHOICE)
		irt_text_add(&t, o->fallback);
	irt_say(buffer, "; the default stays", "");
}

static void apply(struct irt_config *c, const struct instr_setting *s)
{
	int id = instr_find_option(s->key, s->key_bytes);
	if (id < 0) {
		char key[64];
		struct irt_text t = irt_text_in(key, sizeof(key));
		irt_text_bytes(&t, s->key, s->key_bytes);
		irt_say("unknown setting ", key, "");
		irt_say("the nearest one is ", instr_options[instr_nearest_option(s->key, s->key_bytes)].key,
			" (INSTR_OPTIONS=help=1 lists all)");
		return;
	}
	const struct instr_option *o = &instr_options[id];
	if (!(o->side & INSTR_SIDE_RUNTIME))
		return;
	const char *v = s->value;
	size_t n = s->value_bytes;
	int bad = 0, choice = 0;
	uint64_t number = 0;
	switch (id) {
	case INSTR_OPT_help: bad = instr_parse_flag(v, n, &c->help); break;
	case INSTR_OPT_verbose: bad = instr_parse_flag(v, n, &c->verbose); break;
	case INSTR_OPT_heap:
		bad = instr_parse_choice(v, n, o->fallback, &choice);
		if (!bad)
			c->heap = choice != 3; /* off; between on, all and wrap the link has decided */
		break;
	case INSTR_OPT_block: bad = instr_parse_flag(v, n, &c->block); break;
	case INSTR_OPT_lock: bad = instr_parse_flag(v, n, &c->lock); break;
	case INSTR_OPT_thread: bad = instr_parse_flag(v, n, &c->thread); break;
	case INSTR_OPT_record: bad = instr_parse_flag(v, n, &c->record); break;
	case INSTR_OPT_sandbox: bad = instr_parse_flag(v, n, &c->sandbox); break;
	case INSTR_OPT_events: bad = instr_parse_flag(v, n, &c->events); break;
	case INSTR_OPT_overflow:
		bad = instr_parse_choice(v, n, o->fallback, &choice);
		if (!bad)
			c->drop = choice == 1;
		break;
	case INSTR_OPT_ring_bytes: bad = instr_parse_number(v, n, 1, &number); if (!bad) c->ring_bytes = number; break;
	case INSTR_OPT_ring_max_bytes: bad = instr_parse_number(v, n, 1, &number); if (!bad) c->ring_max_bytes = number; break;
	case INSTR_OPT_max_db_bytes: bad = instr_parse_number(v, n, 1, &number); if (!bad) c->max_db_bytes = number; break;
	case INSTR_OPT_time_unit: bad = instr_parse_number(v, n, 0, &number); if (!bad) c->time_unit = number; break;
	case INSTR_OPT_off:
		if (n && !irt_filter_add(v, n))
			irt_say("no memory for the setting ", "off=", "; it is ignored");
		break;
	case INSTR_OPT_out:
		if (!n || n >= sizeof(c->out)) {
			bad = -1;
		} else {
			irt_copy(c->out, v, n);
			c->out[n] = 0;
		}
		break;
	}
	if (bad)
		say_bad_value(o, s);
}

static void apply_all(struct irt_config *c, const char *text, size_t bytes)
{
	struct instr_setting s;
	while (instr_next_setting(&text, &bytes, &s))
		apply(c, &s);
}

static void say_help(void)
{
	for (int i = 0; i < INSTR_OPTION_COUNT_ALL; i++) {
		const struct instr_option *o = &instr_options[i];
		if (!(o->side & INSTR_SIDE_RUNTIME))
			continue;
		char line[400];
		struct irt_text t = irt_text_in(line, sizeof(line));
		irt_text_add(&t, o->key);
		irt_text_add(&t, "=");
		irt_text_add(&t, o->fallback);
		irt_text_add(&t, "  ");
		while (t.used < 28)
			irt_text_add(&t, " ");
		irt_say(line, o->help, "");
	}
}

struct kernel_stat { /* struct stat of x86-64, as the kernel writes it */
	uint64_t dev, ino, nlink;
	uint32_t mode, uid, gid, pad;
	uint64_t rdev;
	int64_t size;
	uint64_t rest[12];
};

static int look_at(const char *path, struct kernel_stat *st)
{
	return irt_sys4(__NR_newfstatat, IRT_AT_FDCWD, (long)path, (long)st, 0) == 0;
}

/* Where a settings file's text is, and stays; NULL after it was said why it is not. */
static const char *read_settings_file(const char *path, size_t *bytes)
{
	struct kernel_stat st;
	char *to = file_text;
	size_t room = sizeof(file_text);

	st.size = 0;
	if (look_at(path, &st) && st.size > INSTR_SETTINGS_FILE_MAX) {
		irt_say("the settings file ", path, " is larger than one can be (1 MiB); its settings are ignored");
		return NULL;
	}
	if (st.size >= (int64_t)room) {
		long at = irt_sys_mmap(NULL, (size_t)st.size + 1, IRT_PROT_RW, IRT_MAP_PRIVATE | IRT_MAP_ANONYMOUS, -1, 0);
		if (at < 0) {
			irt_say("no memory for the settings file ", path, "; its settings are ignored");
			return NULL;
		}
		to = (char *)at;
		room = (size_t)st.size + 1;
	}
	long n = irt_read_file(path, to, room);
	if (n < 0) {
		irt_say("cannot read the settings file ", path, "; its settings are ignored");
		return NULL;
	}
	*bytes = (size_t)n;
	return to;
}

int irt_config_read(struct irt_config *c)
{
	static const char fallback_out[] = "trace.db";
	irt_zero(c, sizeof(*c));
	c->record = 1;
	c->events = 1;
	c->heap = 1;
	c->block = 1;
	c->lock = 1;
	c->thread = 1;
	c->ring_bytes = 8 << 20;
	c->ring_max_bytes = 256 << 20;
	irt_copy(c->out, fallback_out, sizeof(fallback_out));
	irt_filter_clear();

	long named = read_variable("INSTR_CONFIG", config_path, sizeof(config_path));
	long n = read_variable("INSTR_OPTIONS", settings_text, sizeof(settings_text));
	if (named == UNREADABLE || n == UNREADABLE) { /* they may say record=off */
		irt_say("cannot record: the settings cannot be read from /proc/self/environ", "", "");
		return INSTR_ERR_IO;
	}
	if (named > 0) {
		size_t bytes;
		const char *text = read_settings_file(config_path, &bytes);
		if (text)
			apply_all(c, text, bytes);
	}
	if (n == (long)sizeof(settings_text) - 1)
		irt_say("INSTR_OPTIONS is longer than settings can be there (16 KiB): the rest is ignored; INSTR_CONFIG names a file", "", "");
	if (n > 0)
		apply_all(c, settings_text, (size_t)n);
	if (irt_extra_options)
		apply_all(c, irt_extra_options, irt_length(irt_extra_options));
	if (c->help)
		say_help();
	if (c->ring_max_bytes < c->ring_bytes)
		c->ring_max_bytes = c->ring_bytes;
	return 0;
}

/* ---- the output file's place --------------------------------------------------------------- */

static int is_folder(const char *path)
{
	struct kernel_stat st;
	return look_at(path, &st) && (st.mode & 0170000) == 0040000;
}

/* 1 = no file there, or a trace of ours; 0 = somebody else's; negative: it cannot be seen which. */
static int may_replace(const char *path)
{
	unsigned char head[100];
	struct kernel_stat st;
	int fd = (int)irt_sys_open(path, IRT_O_RDONLY | IRT_O_CLOEXEC | 04000 /* O_NONBLOCK */, 0);
	if (fd < 0)
		return fd == -2 /* ENOENT */ ? 1 : fd;
	long r = irt_sys3(__NR_fstat, fd, (long)&st, 0);
	long n = r == 0 && (st.mode & 0170000) == 0100000 ? irt_sys_read(fd, head, sizeof(head)) : -1;
	irt_sys_close(fd);
	return n == 100 && irt_same(head, "SQLite format 3", 16) && irt_same(head + 68, "inst", 4);
}

int irt_config_check_output(struct irt_config *c)
{
	static char path[IRT_PATH_BYTES + 16];
	struct irt_text t = irt_text_in(path, sizeof(path));
	struct kernel_stat st;

	if (c->out[0] != '/') {
		long n = irt_sys3(__NR_getcwd, (long)path, (long)sizeof(path) - 2, 0);
		if (n <= 0 || path[0] != '/') {
			irt_say("cannot record: the working directory has no path; set out= to an absolute path", "", "");
			return INSTR_ERR_IO;
		}
		t.used = (size_t)n - 1;
		if (path[t.used - 1] != '/')
			irt_text_add(&t, "/");
	}
	for (const char *p = c->out; *p; p++) {
		if (p[0] == '%' && p[1] == 'p') {
			irt_text_number(&t, (uint64_t)irt_sys_getpid());
			p++;
		} else {
			irt_text_bytes(&t, p, 1);
		}
	}
	int folder = path[t.used - 1] == '/';
	while (t.used > 1 && path[t.used - 1] == '/')
		path[--t.used] = 0;
	if (is_folder(path)) {
		irt_text_add(&t, "/trace.db");
	} else if (folder) {
		irt_say("cannot record: there is no folder ", path, "");
		return INSTR_ERR_NOT_FOUND;
	}
	size_t slash = t.used;
	while (path[slash] != '/')
		slash--;
	size_t name_bytes = t.used - slash - 1;
	if (!name_bytes || name_bytes >= sizeof(c->out_name) - 16 || slash + 1 >= sizeof(c->out_directory)) {
		irt_say("cannot record: ", c->out, " is not a usable file name");
		return INSTR_ERR_IO;
	}
	irt_copy(c->out_name, path + slash + 1, name_bytes + 1);
	irt_copy(c->out_directory, path, slash ? slash : 1);
	c->out_directory[slash ? slash : 1] = 0;

	long r = irt_sys4(__NR_newfstatat, IRT_AT_FDCWD, (long)c->out_directory, (long)&st, 0);
	if (r != 0 || (st.mode & 0170000) != 0040000) {
		irt_say("cannot record: there is no folder ", c->out_directory, "");
		return INSTR_ERR_NOT_FOUND;
	}
	r = irt_sys4(__NR_faccessat, IRT_AT_FDCWD, (long)c->out_directory, 3 /* W_OK | X_OK */, 0);
	if (r != 0) {
		irt_say("cannot record: the folder ", c->out_directory,
			r == -30 ? " is on a read-only file system" : " cannot be written to");
		return INSTR_ERR_PERMISSION;
	}
	uint64_t fs[16]; /* struct statfs: type, bsize, blocks, bfree, bavail ... */
	irt_zero(fs, sizeof(fs));
	if (irt_sys3(__NR_statfs, (long)c->out_directory, (long)fs, 0) == 0 && fs[2] &&
	    fs[4] * fs[1] < (4u << 20)) {
		irt_say("cannot record: the file system of ", c->out_directory, " is full (less than 4 MiB free)");
		return INSTR_ERR_FULL;
	}
	int may = may_replace(path);
	if (may < 0) {
		irt_say("cannot record: ", path, " cannot be opened; it is left alone (set out= to another file)");
		return INSTR_ERR_PERMISSION;
	}
	if (!may) {
		irt_say("cannot record: ", path, " is there and is not a trace; it is left alone (set out= to another file)");
		return INSTR_ERR_NOT_OURS;
	}
	return 0;
}
