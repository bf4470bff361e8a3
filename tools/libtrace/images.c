/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * images.c - see code.h. Names of another build would be lies: a file counts only if its build id is the one that was
 * recorded. An image without a build id counts if neither it nor what it points to was changed since the run began; its debug
 * file by the checksum that the image has of it.
 *
 *     the image ─► /usr/lib/debug/.build-id/ab/cdef.debug ─► .gnu_debuglink: beside it, in .debug/, in /usr/lib/debug/FOLDER/
 *
 * INSTR_DEBUG_PATH has other folders than /usr/lib/debug, with ":" between them.
 */
#define _GNU_SOURCE
#include "libtrace/code.h"

#include <elf.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- one file ---- */

static const void *bytes_at(const struct tr_elf *e, uint64_t at, uint64_t count)
{
	return at <= e->count && count <= e->count - at ? e->bytes + at : NULL;
}

static void read_build_id(struct tr_elf *e, uint64_t at, uint64_t bytes, uint64_t align)
{
	const unsigned char *notes = bytes_at(e, at, bytes);

	if (notes)
		irt_elf_find_build_id(notes, bytes, align, e->build_id);
}

/* Section number i; 0: it does not lie in the file. */
static int get_section(const struct tr_elf *e, uint64_t i, Elf64_Shdr *section)
{
	Elf64_Ehdr header;
	memcpy(&header, e->bytes, sizeof(header));
	if (header.e_shentsize != sizeof(*section) || !header.e_shoff || i > UINT32_MAX)
		return 0;
	const void *from = header.e_shoff <= UINT64_MAX / 2 ? bytes_at(e, header.e_shoff + i * sizeof(*section), sizeof(*section)) : NULL;
	if (from)
		memcpy(section, from, sizeof(*section));
	return from != NULL;
}

static uint64_t section_count(const struct tr_elf *e, uint64_t *names)
{
	Elf64_Ehdr header;
	Elf64_Shdr first;

	memcpy(&header, e->bytes, sizeof(header));
	*names = header.e_shstrndx;
	if (!get_section(e, 0, &first))
		return 0;
	if (header.e_shstrndx == SHN_XINDEX)
		*names = first.sh_link;
	return header.e_shnum ? header.e_shnum : first.sh_size;
}

/* A text of a table of texts; "" if there is none. */
static const char *text_at(const struct tr_elf *e, const Elf64_Shdr *texts, uint64_t at)
{
	const char *all = bytes_at(e, texts->sh_offset, texts->sh_size);
	if (!all || at >= texts->sh_size || !memchr(all + at, 0, texts->sh_size - at))
		return "";
	return all + at;
}

static int find_section(const struct tr_elf *e, const char *name, Elf64_Shdr *section)
{
	uint64_t names, count = section_count(e, &names);
	Elf64_Shdr texts;

	if (!get_section(e, names, &texts))
		return 0;
	for (uint64_t i = 1; i < count && get_section(e, i, section); i++)
		if (!strcmp(text_at(e, &texts, section->sh_name), name))
			return 1;
	return 0;
}

int tr_elf_section(const struct tr_elf *e, const char *name, const unsigned char **bytes, uint64_t *count)
{
	Elf64_Shdr section;

	if (!find_section(e, name, &section) || section.sh_type == SHT_NOBITS)
		return 0;
	*bytes = bytes_at(e, section.sh_offset, section.sh_size);
	*count = section.sh_size;
	return *bytes && *count;
}

void tr_elf_symbols(const struct tr_elf *e, void (*each)(void *arg, uint64_t address, const char *name, int is_global), void *arg)
{
	Elf64_Shdr table, texts;

	if (!find_section(e, ".symtab", &table) && !find_section(e, ".dynsym", &table))
		return;
	const unsigned char *symbols = bytes_at(e, table.sh_offset, table.sh_size);
	if (table.sh_type == SHT_NOBITS || !symbols || !get_section(e, table.sh_link, &texts) || texts.sh_type != SHT_STRTAB)
		return;
	for (uint64_t at = 0; at + sizeof(Elf64_Sym) <= table.sh_size; at += sizeof(Elf64_Sym)) {
		Elf64_Sym symbol;
		memcpy(&symbol, symbols + at, sizeof(symbol));
		if (ELF64_ST_TYPE(symbol.st_info) == STT_FUNC && symbol.st_value && symbol.st_shndx != SHN_UNDEF)
			each(arg, symbol.st_value, text_at(e, &texts, symbol.st_name), ELF64_ST_BIND(symbol.st_info) == STB_GLOBAL);
	}
}

static void read_notes(struct tr_elf *e)
{
	Elf64_Ehdr header;
	Elf64_Phdr segment;
	Elf64_Shdr section;
	uint64_t names, count = section_count(e, &names);

	memcpy(&header, e->bytes, sizeof(header));
	for (uint64_t i = 1; i < count && !*e->build_id && get_section(e, i, &section); i++)
		if (section.sh_type == SHT_NOTE)
			read_build_id(e, section.sh_offset, section.sh_size, section.sh_addralign);
	for (uint64_t i = 0; i < header.e_phnum && !*e->build_id && header.e_phentsize == sizeof(segment); i++) {
		const void *from = bytes_at(e, header.e_phoff, (i + 1) * sizeof(segment));
		if (!from)
			return;
		memcpy(&segment, (const char *)from + i * sizeof(segment), sizeof(segment));
		if (segment.p_type == PT_NOTE)
			read_build_id(e, segment.p_offset, segment.p_filesz, segment.p_align);
	}
}

static void close_elf(struct tr_elf *e)
{
	if (e->bytes)
		munmap((void *)(uintptr_t)e->bytes, e->count);
	if (e->fd >= 0)
		close(e->fd);
	*e = (struct tr_elf){.fd = -1};
}

int tr_elf_open(struct tr_elf *e, const char *path)
{
	struct stat st;
	Elf64_Ehdr header;

	*e = (struct tr_elf){.fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)};
	snprintf(e->path, sizeof(e->path), "%s", path);
	if (e->fd < 0 || fstat(e->fd, &st) || !S_ISREG(st.st_mode) || st.st_size < (off_t)sizeof(header))
		goto fail;
	void *bytes = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, e->fd, 0);
	if (bytes == MAP_FAILED)
		goto fail;
	e->bytes = bytes;
	e->count = (uint64_t)st.st_size;
	memcpy(&header, bytes, sizeof(header));
	if (memcmp(header.e_ident, ELFMAG, SELFMAG) || header.e_ident[EI_CLASS] != ELFCLASS64 ||
	    header.e_ident[EI_DATA] != ELFDATA2LSB || header.e_machine != EM_X86_64)
		goto fail;
	read_notes(e);
	return 1;
fail:
	close_elf(e);
	return 0;
}

/* ---- which file ---- */

static int has_debug(const struct tr_elf *e)
{
	static const char *const names[] = {".debug_info", ".zdebug_info", ".debug_line"};
	const unsigned char *bytes;
	uint64_t count;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (tr_elf_section(e, names[i], &bytes, &count))
			return 1;
	return 0;
}

/* That of .gnu_debuglink, which is that of zlib. */
static uint32_t checksum(const unsigned char *bytes, uint64_t count)
{
	uint32_t table[256], sum = UINT32_MAX;

	for (uint32_t i = 0; i < 256; i++) {
		table[i] = i;
		for (int k = 0; k < 8; k++)
			table[i] = table[i] >> 1 ^ (table[i] & 1 ? UINT32_C(0xedb88320) : 0);
	}
	while (count--)
		sum = sum >> 8 ^ table[(sum ^ *bytes++) & 255];
	return ~sum;
}

/* A debug file by its name; link: what the image says its checksum is, or NULL. */
static int try_debug(const struct tr_image *image, struct tr_elf *found, const uint32_t *link, const char *path)
{
	if (!tr_elf_open(found, path))
		return 0;
	int fits = image->build_id ? !strcmp(found->build_id, image->build_id) : link && checksum(found->bytes, found->count) == *link;
	if (fits && has_debug(found))
		return 1;
	close_elf(found);
	return 0;
}

/* The folders that debug files are kept in, one after the other; NULL: no more. */
static const char *next_folder(const char **rest, char folder[PATH_MAX])
{
	size_t bytes = strcspn(*rest, ":");
	if (!bytes && !**rest)
		return NULL;
	snprintf(folder, PATH_MAX, "%.*s", (int)(bytes < PATH_MAX ? bytes : 0), *rest);
	*rest += bytes + ((*rest)[bytes] == ':');
	return folder;
}

static const char *folders(void)
{
	const char *asked = getenv("INSTR_DEBUG_PATH");
	return asked && *asked ? asked : "/usr/lib/debug";
}

static int by_build_id(const struct tr_image *image, struct tr_elf *found)
{
	char folder[PATH_MAX], path[2 * PATH_MAX];

	if (!image->build_id || strlen(image->build_id) < 4 || image->build_id[strspn(image->build_id, "0123456789abcdef")])
		return 0;
	for (const char *rest = folders(); next_folder(&rest, folder);) {
		snprintf(path, sizeof(path), "%s/.build-id/%.2s/%s.debug", folder, image->build_id, image->build_id + 2);
		if (try_debug(image, found, NULL, path))
			return 1;
	}
	return 0;
}

static int by_link(const struct tr_image *image, const struct tr_elf *own, struct tr_elf *found)
{
	const unsigned char *bytes;
	uint64_t count;
	uint32_t sum;
	char folder[PATH_MAX], path[3 * PATH_MAX];
	const int home = (int)(strrchr(own->path, '/') - own->path);

	if (!tr_elf_section(own, ".gnu_debuglink", &bytes, &count) || !memchr(bytes, 0, count) || strchr((const char *)bytes, '/'))
		return 0;
	const char *name = (const char *)bytes;
	uint64_t at = (strlen(name) + 4) / 4 * 4;
	if (!*name || at + 4 > count || at >= PATH_MAX)
		return 0;
	memcpy(&sum, bytes + at, 4);
	snprintf(path, sizeof(path), "%.*s/%s", home, own->path, name);
	if (strcmp(path, own->path) && try_debug(image, found, &sum, path))
		return 1;
	snprintf(path, sizeof(path), "%.*s/.debug/%s", home, own->path, name);
	if (try_debug(image, found, &sum, path))
		return 1;
	for (const char *rest = folders(); next_folder(&rest, folder);) {
		snprintf(path, sizeof(path), "%s%.*s/%s", folder, home, own->path, name);
		if (try_debug(image, found, &sum, path))
			return 1;
	}
	return 0;
}

/* Is the file what has run? If not, why is a sentence. */
static int is_as_recorded(const struct tr_image *image, const struct tr_elf *own, char *why, size_t why_bytes)
{
	struct stat st;

	if (image->build_id) {
		if (!strcmp(image->build_id, own->build_id))
			return 1;
		snprintf(why, why_bytes, "it is another build than the one that was recorded (build id %.16s, not %.16s)",
			 *own->build_id ? own->build_id : "none", image->build_id);
		return 0;
	}
	if (!*own->build_id && !fstat(own->fd, &st) &&
	    (int64_t)st.st_mtim.tv_sec < image->start_realtime_ns / 1000000000 &&
	    (int64_t)st.st_ctim.tv_sec <= image->start_realtime_ns / 1000000000)
		return 1;
	snprintf(why, why_bytes, "it has no build id, and was changed since it was recorded");
	return 0;
}

int tr_find_debug(const struct tr_image *image, struct tr_elf *found, struct tr_elf *own, char *why, size_t why_bytes)
{
	*why = 0;
	*found = (struct tr_elf){.fd = -1};
	if (tr_elf_open(own, image->path) && !is_as_recorded(image, own, why, why_bytes))
		close_elf(own);
	if (own->fd >= 0 && has_debug(own)) {
		*found = *own;
		return 1;
	}
	if (by_build_id(image, found) || (own->fd >= 0 && by_link(image, own, found))) {
		*why = 0;
		return 1;
	}
	return 0;
}
