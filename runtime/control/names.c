/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * names.c - what the drain must know to give addresses names, appended to the run's names log:
 * the process's command line, and for each module its path, build id, address range, and (once per
 * image) a copy of its rows and texts. A stripped or deleted binary still reports names.
 *
 * Registrations may come from several threads at once (dlopen); nothing here is static but for
 * irt_log_process, which runs under irt_join.
 */
#include "control/control.h"

#include "base/testpoint.h"

/* ---- appending ---------------------------------------------------------------------------- */

/* Claims room for a record at the log's tail. Whoever finds a claimed record at the tail moves the
 * tail over it first, so a death between the two steps holds nobody up. NULL: the log is full. */
static struct irt_log_record *append(uint64_t payload_bytes)
{
	struct irt_ring *ring = irt_map.ring;
	uint64_t bytes = (sizeof(struct irt_log_record) + payload_bytes + 15) & ~UINT64_C(15);

	if (payload_bytes >= UINT32_MAX - 64)
		return NULL;
	for (;;) {
		uint64_t used = irt_load_acquire(&ring->log_used), claim = 0; /* A15 */
		if (used + bytes + sizeof(struct irt_log_record) > irt_log_bytes(ring))
			return NULL;
		struct irt_log_record *r = (struct irt_log_record *)(irt_map.log + used);
		if (!irt_populate(r, bytes))
			return NULL;
		uint64_t mine = bytes | (uint64_t)irt_local.process->process_id << 32;
		int won = irt_cas_acq_rel(&r->claim, &claim, mine); /* R15 */
		uint64_t step = won ? bytes : claim & UINT32_MAX;
		if (won)
			IRT_TESTPOINT(log_claimed);
		irt_cas_acq_rel(&ring->log_used, &used, used + step); /* R15 */
		if (won)
			return r;
		if (!step)
			return NULL; /* damaged */
	}
}

static void publish(struct irt_log_record *r, enum irt_log_kind kind, uint64_t text_bytes, uint64_t ticks)
{
	r->text_bytes = (uint32_t)text_bytes;
	r->ticks = ticks;
	IRT_TESTPOINT(log_written);
	irt_store_release(&r->kind, (uint32_t)kind); /* R5 */
	irt_wake_drain(irt_map.ring);
}

/* ---- the process -------------------------------------------------------------------------- */

void irt_log_process(void)
{
	static char text[3 * 4096];
	size_t used = 0;
	long n = irt_read_file("/proc/self/cmdline", text, 4096);
	used = n > 0 ? (size_t)n : 0;
	if (!used || text[used - 1])
		text[used++] = 0;
	text[used++] = 0; /* an empty argument ends the list */
	n = irt_sys3(__NR_readlink, (long)"/proc/self/exe", (long)(text + used), 4000);
	used += n > 0 ? (size_t)n : 0;
	text[used++] = 0;
	n = irt_sys3(__NR_getcwd, (long)(text + used), 4000, 0);
	used += n > 0 ? (size_t)n : 1; /* counts the NUL */
	text[used - 1] = 0;

	struct irt_log_record *r = append(used);
	if (!r)
		return;
	irt_copy(r + 1, text, used);
	publish(r, IRT_LOG_PROCESS, used, irt_ticks());
}

/* ---- modules ------------------------------------------------------------------------------ */

struct image {
	char path[IRT_PATH_BYTES];
	char build_id[2 * 32 + 1];
	uint64_t off; /* which of its rows are (irt_filter_module) */
};

struct elf_header { /* Elf64_Ehdr up to e_phnum */
	uint8_t ident[16];
	uint16_t type, machine;
	uint32_t version;
	uint64_t entry, phoff, shoff;
	uint32_t flags;
	uint16_t ehsize, phentsize, phnum;
};
struct elf_program_header {
	uint32_t type, flags;
	uint64_t offset, vaddr, paddr, filesz, memsz, align;
};

static uint64_t read_hex(const char **p)
{
	uint64_t v = 0;
	for (;; (*p)++) {
		char c = **p;
		if (c >= '0' && c <= '9')
			v = v * 16 + (uint64_t)(c - '0');
		else if (c >= 'a' && c <= 'f')
			v = v * 16 + (uint64_t)(c - 'a' + 10);
		else
			return v;
	}
}

/* One line of /proc/self/maps: remembers where each file begins, and stops at the mapping that
 * holds the address. Returns 1 when found. */
struct search {
	uint64_t address, file_start;
	char file[IRT_PATH_BYTES];
};

static int take_line(struct search *s, const char *line)
{
	const char *p = line;
	uint64_t start = read_hex(&p);
	p++;
	uint64_t end = read_hex(&p);
	p += *p ? 6 : 0; /* " r-xp " */
	uint64_t offset = read_hex(&p);
	while (*p && *p != '/' && *p != '[')
		p++;
	if (*p == '/' && offset == 0) {
		size_t n = irt_length(p);
		if (n >= sizeof(s->file))
			n = sizeof(s->file) - 1;
		irt_copy(s->file, p, n);
		s->file[n] = 0;
		s->file_start = start;
	}
	return s->address >= start && s->address < end;
}

static int find_file(struct search *s)
{
	char block[512], line[IRT_PATH_BYTES + 128];
	size_t used = 0;
	int found = 0, fd = (int)irt_sys_open("/proc/self/maps", IRT_O_RDONLY | IRT_O_CLOEXEC, 0);
	long n;
	if (fd < 0)
		return 0;
	while (!found && (n = irt_sys_read(fd, block, sizeof(block))) > 0) {
		for (long i = 0; i < n && !found; i++) {
			if (block[i] != '\n') {
				if (used + 1 < sizeof(line))
					line[used++] = block[i];
				continue;
			}
			line[used] = 0;
			used = 0;
			found = take_line(s, line);
		}
	}
	irt_sys_close(fd);
	return found && s->file_start;
}

static void read_build_id(struct image *image, uint64_t start)
{
	const struct elf_header *e = (const struct elf_header *)start;
	if (!irt_same(e->ident, "\177ELF\2", 5) || e->phentsize != sizeof(struct elf_program_header))
		return;
	const struct elf_program_header *ph = (const struct elf_program_header *)(start + e->phoff);
	uint64_t bias = start;
	for (unsigned i = 0; i < e->phnum; i++)
		if (ph[i].type == 1 && ph[i].offset == 0)
			bias = start - ph[i].vaddr;
	for (unsigned i = 0; i < e->phnum; i++) {
		if (ph[i].type != 4)
			continue;
		const uint32_t *note = (const uint32_t *)(bias + ph[i].vaddr);
		const uint32_t *end = (const uint32_t *)((const char *)note + ph[i].filesz);
		while (note + 4 <= end) {
			uint32_t name = note[0], text = note[1], type = note[2];
			const uint8_t *id = (const uint8_t *)(note + 3) + ((name + 3) & ~3u);
			if (type == 3 && name == 4 && irt_same(note + 3, "GNU", 4) && text <= 32) {
				static const char hex[] = "0123456789abcdef";
				for (uint32_t b = 0; b < text; b++) {
					image->build_id[2 * b] = hex[id[b] >> 4];
					image->build_id[2 * b + 1] = hex[id[b] & 15];
				}
				image->build_id[2 * text] = 0;
				return;
			}
			note = (const uint32_t *)(id + ((text + 3) & ~3u));
		}
	}
}

static void identify(struct image *image, const struct instr_module *m)
{
	struct search s;
	irt_zero(&s, sizeof(s));
	irt_zero(image, sizeof(*image));
	s.address = (uint64_t)m;
	if (!find_file(&s))
		return;
	irt_copy(image->path, s.file, sizeof(s.file));
	read_build_id(image, s.file_start);
}

/* An image whose rows are in the log already: same path and build id, with the same rows off. Returns its offset, or 0. */
static uint64_t find_image(const struct image *image, uint32_t rows)
{
	const struct irt_ring *ring = irt_map.ring;
	uint64_t used = irt_load_acquire(&ring->log_used), at = 0; /* A15 */
	if (!image->build_id[0])
		return 0;
	while (at + sizeof(struct irt_log_record) <= used) {
		const struct irt_log_record *r = (const struct irt_log_record *)(irt_map.log + at);
		uint64_t bytes = irt_load_acquire(&r->claim) & UINT32_MAX; /* A15 */
		if (irt_load_acquire(&r->kind) == IRT_LOG_NAMES) { /* A5 */
			const struct irt_log_names *n = (const struct irt_log_names *)(r + 1);
			const char *texts = (const char *)(n + 1) + 16 * ((uint64_t)n->rows + n->skipped);
			if (n->rows == rows && n->off == image->off && irt_same(texts + n->build_id, image->build_id, irt_length(image->build_id) + 1) &&
			    irt_same(texts + n->path, image->path, irt_length(image->path) + 1))
				return at + 1;
		}
		if (!bytes)
			break;
		at += bytes;
	}
	return 0;
}

/* Texts are laid out in one pass to measure (to NULL) and one to write. Neighbouring rows mostly
 * share their file's text, which the linker has merged: a text equal to the last one by address is
 * written once. */
struct texts {
	char *to;
	uint64_t used;
	const char *last_file;
	uint32_t last_file_at;
};

static uint32_t put_text(struct texts *t, const char *s)
{
	uint32_t at = (uint32_t)t->used;
	size_t n = irt_length(s) + 1;
	if (t->to)
		irt_copy(t->to + t->used, s, n);
	t->used += n;
	return at;
}

static void put_rows(struct texts *t, struct instr_row *to, const struct instr_row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const char *name = (const char *)&rows[i] + rows[i].name;
		const char *file = (const char *)&rows[i] + rows[i].file;
		uint32_t name_at = put_text(t, rows[i].name ? name : "");
		if (!rows[i].file)
			file = "";
		if (file != t->last_file) {
			t->last_file = file;
			t->last_file_at = put_text(t, file);
		}
		if (to) {
			to[i].name = (int32_t)name_at;
			to[i].file = (int32_t)t->last_file_at;
			to[i].line = rows[i].line;
			to[i].flags = rows[i].flags;
		}
	}
}

static void put_all(struct texts *t, struct irt_log_names *n, struct instr_row *to, const struct instr_module *m,
		    const struct image *image)
{
	size_t rows = (size_t)(m->rows_end - m->rows_begin), skipped = (size_t)(m->skipped_end - m->skipped_begin);
	uint32_t path = put_text(t, image->path), build_id = put_text(t, image->build_id);
	uint32_t options = put_text(t, m->options ? m->options : "");
	put_rows(t, to, m->rows_begin, rows);
	put_rows(t, to ? to + rows : NULL, m->skipped_begin, skipped);
	if (n)
		*n = (struct irt_log_names){(uint32_t)rows, (uint32_t)skipped, (uint32_t)t->used, path, build_id, options, image->off};
}

static uint64_t log_names(const struct instr_module *m, const struct image *image, uint64_t ticks)
{
	uint64_t rows = (uint64_t)(m->rows_end - m->rows_begin), skipped = (uint64_t)(m->skipped_end - m->skipped_begin);
	struct texts measure = {NULL, 0, NULL, 0};
	put_all(&measure, NULL, NULL, m, image);
	uint64_t bytes = sizeof(struct irt_log_names) + 16 * (rows + skipped) + measure.used;
	struct irt_log_record *r = append(bytes);
	if (!r)
		return 0;
	struct irt_log_names *n = (struct irt_log_names *)(r + 1);
	struct instr_row *to = (struct instr_row *)(n + 1);
	struct texts write = {(char *)(to + rows + skipped), 0, NULL, 0};
	put_all(&write, n, to, m, image);
	r->image = 0;
	publish(r, IRT_LOG_NAMES, bytes, ticks);
	return (uint64_t)((unsigned char *)r - irt_map.log) + 1;
}

static void log_range(const struct instr_module *m, enum irt_log_kind kind, uint64_t image, uint64_t ticks)
{
	struct irt_log_record *r = append(sizeof(struct irt_log_load));
	if (!r)
		return;
	*(struct irt_log_load *)(r + 1) = (struct irt_log_load){
		(uint64_t)m->rows_begin, (uint64_t)m->rows_end, (uint64_t)m->skipped_begin, 0};
	r->image = image;
	publish(r, kind, sizeof(struct irt_log_load), ticks);
}

void irt_log_module(const struct instr_module *m, uint64_t off, uint64_t ticks)
{
	struct image image;
	identify(&image, m);
	image.off = off;
	uint64_t at = find_image(&image, (uint32_t)(m->rows_end - m->rows_begin));
	if (!at)
		at = log_names(m, &image, ticks);
	IRT_TESTPOINT(names_logged);
	log_range(m, IRT_LOG_LOAD, at, ticks);
}

void irt_log_unload(const struct instr_module *m, uint64_t ticks)
{
	IRT_TESTPOINT(unload_found);
	log_range(m, IRT_LOG_UNLOAD, 0, ticks);
	IRT_TESTPOINT(unload_logged);
}
