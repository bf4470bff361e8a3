/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * elf.c - see elf.h. The file is whatever the traced program has mapped: nothing in it is believed.
 * Every range is checked against the file's size, every name against its table. The tables are read,
 * not mapped: a file that a linker truncates under a mapping would end the drain by SIGBUS.
 *
 *     section headers ─► .symtab, else .dynsym ─► functions, sorted by address ─┐
 *                                └─► its string table ─► texts                  ├─► name
 *     program headers ─► segments: file offset ─► address ──────────────────────┘
 *                └─► notes ─► build id
 */
#include "drain/elf.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Bounds on memory, far above what programs have. */
enum { SECTIONS_MAX = 1 << 20, SYMBOLS_PER_READ = 4096, NOTES_BYTES_MAX = 1 << 16 };
#define TABLE_BYTES_MAX (UINT64_C(1) << 30)

struct function {
	uint64_t address;
	uint32_t bytes; /* 0 = known by its first byte only */
	uint32_t name;  /* offset in texts */
	uint32_t rank;  /* of several with one address, the greatest names it */
};

struct irt_elf {
	int fd; /* while reading */
	uint64_t file_bytes;
	Elf64_Phdr *segments;
	struct function *functions;
	char *texts; /* ends in NUL */
	uint64_t texts_bytes;
	uint32_t segment_count, function_count;
	char build_id[IRT_BUILD_ID_TEXT];
};

/* ---- reading ------------------------------------------------------------------------------- */

static int read_at(const struct irt_elf *e, void *to, uint64_t bytes, uint64_t at)
{
	if (at > e->file_bytes || bytes > e->file_bytes - at)
		return 0;
	for (uint64_t done = 0; done < bytes;) {
		ssize_t n = pread(e->fd, (char *)to + done, bytes - done, (off_t)(at + done));
		if (n <= 0)
			return 0; /* shorter than it was a moment ago */
		done += (uint64_t)n;
	}
	return 1;
}

/* malloc'ed, with one NUL behind it; NULL if it does not lie in the file or there is no memory. */
static void *read_table(const struct irt_elf *e, uint64_t bytes, uint64_t at)
{
	if (bytes > TABLE_BYTES_MAX || at > e->file_bytes || bytes > e->file_bytes - at)
		return NULL;
	char *table = malloc(bytes + 1);
	if (table && !read_at(e, table, bytes, at)) {
		free(table);
		return NULL;
	}
	if (table)
		table[bytes] = 0;
	return table;
}

static int read_segments(struct irt_elf *e, const Elf64_Ehdr *header)
{
	if (header->e_phentsize != sizeof(Elf64_Phdr) || !header->e_phnum)
		return 0;
	e->segments = read_table(e, (uint64_t)header->e_phnum * sizeof(Elf64_Phdr), header->e_phoff);
	e->segment_count = header->e_phnum;
	return e->segments != NULL;
}

void irt_elf_find_build_id(const unsigned char *notes, uint64_t bytes, uint64_t align, char text[IRT_BUILD_ID_TEXT])
{
	Elf64_Nhdr note;

	align = align == 8 ? 8 : 4;
	for (uint64_t at = 0; !*text && bytes - at >= sizeof(note);) {
		memcpy(&note, notes + at, sizeof(note));
		uint64_t name = at + sizeof(note), id = name + ((note.n_namesz + align - 1) & -align);
		uint64_t next = id + ((note.n_descsz + align - 1) & -align);
		if (id + note.n_descsz > bytes)
			return;
		if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == 4 && !memcmp(notes + name, "GNU", 4) &&
		    note.n_descsz <= IRT_BUILD_ID_TEXT / 2) {
			for (uint32_t i = 0; i < 2 * note.n_descsz; i++)
				text[i] = "0123456789abcdef"[notes[id + i / 2] >> (i % 2 ? 0 : 4) & 15];
			text[2 * note.n_descsz] = 0;
		}
		if (next > bytes)
			return;
		at = next;
	}
}

static void read_notes(struct irt_elf *e, const Elf64_Phdr *segment)
{
	uint64_t bytes = segment->p_filesz < NOTES_BYTES_MAX ? segment->p_filesz : NOTES_BYTES_MAX;
	unsigned char *notes = read_table(e, bytes, segment->p_offset);

	if (notes)
		irt_elf_find_build_id(notes, bytes, segment->p_align, e->build_id);
	free(notes);
}

/* In a program at a fixed address that takes the address of a library's function, that function's
 * address is, everywhere, a stub in the program: an undefined symbol with a value. */
static int is_function(const Elf64_Sym *s)
{
	return ELF64_ST_TYPE(s->st_info) == STT_FUNC && s->st_value && s->st_name;
}

static uint32_t rank_of(const Elf64_Sym *s)
{
	if (s->st_shndx == SHN_UNDEF)
		return 0;
	switch (ELF64_ST_BIND(s->st_info)) {
	case STB_GLOBAL: return 3;
	case STB_WEAK: return 2;
	default: return 1;
	}
}

static int by_address(const void *a, const void *b)
{
	const struct function *f = a, *g = b;
	if (f->address != g->address)
		return f->address < g->address ? -1 : 1;
	if (f->rank != g->rank)
		return f->rank < g->rank ? -1 : 1;
	return f->name > g->name ? -1 : f->name < g->name;
}

static int read_functions(struct irt_elf *e, const Elf64_Shdr *symbols)
{
	uint64_t count = symbols->sh_size / sizeof(Elf64_Sym), room = 0;
	Elf64_Sym *some = malloc(SYMBOLS_PER_READ * sizeof(*some));
	int good = some && symbols->sh_entsize == sizeof(*some) && symbols->sh_size <= TABLE_BYTES_MAX;

	for (uint64_t i = 0; good && i < count; i += SYMBOLS_PER_READ) {
		uint64_t n = count - i < SYMBOLS_PER_READ ? count - i : SYMBOLS_PER_READ;
		good = read_at(e, some, n * sizeof(*some), symbols->sh_offset + i * sizeof(*some));
		for (uint64_t k = 0; good && k < n; k++) {
			const Elf64_Sym *s = &some[k];
			if (!is_function(s) || s->st_name >= e->texts_bytes || !e->texts[s->st_name])
				continue;
			if (e->function_count == room) {
				room = room ? room * 2 : 256;
				struct function *more = realloc(e->functions, room * sizeof(*more));
				good = more != NULL;
				if (!good)
					break;
				e->functions = more;
			}
			e->functions[e->function_count++] = (struct function){
				s->st_value, s->st_size > UINT32_MAX ? UINT32_MAX : (uint32_t)s->st_size, s->st_name, rank_of(s)};
		}
	}
	free(some);
	if (good && e->function_count)
		qsort(e->functions, e->function_count, sizeof(*e->functions), by_address);
	return good && e->function_count;
}

static int read_symbols(struct irt_elf *e, const Elf64_Ehdr *header)
{
	uint64_t count = header->e_shnum;
	Elf64_Shdr first;

	if (header->e_shentsize != sizeof(Elf64_Shdr) || !header->e_shoff || !read_at(e, &first, sizeof(first), header->e_shoff))
		return 0;
	if (!count) /* more than fit into the header's field */
		count = first.sh_size;
	if (count > SECTIONS_MAX)
		return 0;
	Elf64_Shdr *sections = read_table(e, count * sizeof(*sections), header->e_shoff);
	const Elf64_Shdr *symbols = NULL;
	for (uint64_t i = 0; sections && i < count; i++)
		if (sections[i].sh_type == SHT_SYMTAB || (sections[i].sh_type == SHT_DYNSYM && !symbols))
			symbols = &sections[i];
	int good = 0;
	if (symbols && symbols->sh_link < count && sections[symbols->sh_link].sh_type == SHT_STRTAB) {
		const Elf64_Shdr *texts = &sections[symbols->sh_link];
		e->texts_bytes = texts->sh_size;
		e->texts = read_table(e, texts->sh_size, texts->sh_offset);
		good = e->texts && read_functions(e, symbols);
	}
	free(sections);
	return good;
}

struct irt_elf *irt_elf_read(int fd)
{
	struct stat st;
	Elf64_Ehdr header;
	struct irt_elf *e = calloc(1, sizeof(*e));

	if (!e || fstat(fd, &st) || !S_ISREG(st.st_mode))
		goto fail;
	e->fd = fd;
	e->file_bytes = (uint64_t)st.st_size;
	if (!read_at(e, &header, sizeof(header), 0) || memcmp(header.e_ident, ELFMAG, SELFMAG) ||
	    header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_ident[EI_DATA] != ELFDATA2LSB ||
	    (header.e_type != ET_EXEC && header.e_type != ET_DYN) || header.e_machine != EM_X86_64)
		goto fail;
	if (!read_segments(e, &header))
		goto fail;
	for (uint32_t i = 0; i < e->segment_count; i++)
		if (e->segments[i].p_type == PT_NOTE && !*e->build_id)
			read_notes(e, &e->segments[i]);
	if (!read_symbols(e, &header))
		e->function_count = 0;
	e->fd = -1;
	return e;
fail:
	irt_elf_destroy(e);
	return NULL;
}

void irt_elf_destroy(struct irt_elf *e)
{
	if (!e)
		return;
	free(e->segments);
	free(e->functions);
	free(e->texts);
	free(e);
}

/* ---- asking -------------------------------------------------------------------------------- */

static int find_address(const struct irt_elf *e, uint64_t offset, uint64_t *address)
{
	for (uint32_t i = 0; i < e->segment_count; i++) {
		const Elf64_Phdr *s = &e->segments[i];
		if (s->p_type == PT_LOAD && s->p_flags & PF_X && offset >= s->p_offset && offset - s->p_offset < s->p_filesz) {
			*address = offset - s->p_offset + s->p_vaddr;
			return 1;
		}
	}
	return 0;
}

uint64_t irt_elf_address(const struct irt_elf *e, uint64_t file_offset)
{
	uint64_t address;
	return find_address(e, file_offset, &address) ? address : 0;
}

const char *irt_elf_build_id(const struct irt_elf *e) { return e->build_id; }

const char *irt_elf_function(const struct irt_elf *e, uint64_t file_offset)
{
	uint64_t address;
	uint32_t low = 0, high = e->function_count;

	if (!find_address(e, file_offset, &address))
		return NULL;
	while (low < high) { /* the first one behind the address */
		uint32_t middle = low + (high - low) / 2;
		if (e->functions[middle].address <= address)
			low = middle + 1;
		else
			high = middle;
	}
	/* Functions do not lie in each other; symbols without a size may stand in between. */
	for (uint32_t i = low; i-- > 0 && low - i <= 16;) {
		const struct function *f = &e->functions[i];
		if (f->address == address || address - f->address < f->bytes)
			return e->texts + f->name;
	}
	return NULL;
}
