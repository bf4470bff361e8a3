/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * expand.c - see code.h: sections that are compressed by zstd, which libdwarf reads since 2023 only. They are put behind a copy of
 * the file in memory, and its section headers say so.
 */
#define _GNU_SOURCE
#include "libtrace/code.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <zstd.h>

enum { BY_ZSTD = 2 /* ELFCOMPRESS_ZSTD, in elf.h since glibc 2.37 */ };
#define SECTION_BYTES_MAX (UINT64_C(1) << 30)

static int write_at(int fd, const void *bytes, uint64_t count, uint64_t at)
{
	for (uint64_t done = 0; done < count;) {
		ssize_t n = pwrite(fd, (const char *)bytes + done, count - done, (off_t)(at + done));
		if (n <= 0)
			return 0;
		done += (uint64_t)n;
	}
	return 1;
}

/* Is it one, and what does its head say? */
static int is_by_zstd(const struct tr_elf *e, const Elf64_Shdr *section, Elf64_Chdr *head)
{
	if (!(section->sh_flags & SHF_COMPRESSED) || section->sh_type == SHT_NOBITS || section->sh_size < sizeof(*head) ||
	    section->sh_offset > e->count || section->sh_size > e->count - section->sh_offset)
		return 0;
	memcpy(head, e->bytes + section->sh_offset, sizeof(*head));
	return head->ch_type == BY_ZSTD && head->ch_size <= SECTION_BYTES_MAX;
}

static int expand(const struct tr_elf *e, int fd, Elf64_Shdr *section, const Elf64_Chdr *head, uint64_t header_at, uint64_t *end)
{
	void *bytes = malloc(head->ch_size + 1);
	int good = bytes && ZSTD_decompress(bytes, head->ch_size, e->bytes + section->sh_offset + sizeof(*head),
					    section->sh_size - sizeof(*head)) == head->ch_size &&
		   write_at(fd, bytes, head->ch_size, *end);

	free(bytes);
	section->sh_offset = *end;
	section->sh_size = head->ch_size;
	section->sh_addralign = head->ch_addralign;
	section->sh_flags &= ~(uint64_t)SHF_COMPRESSED;
	*end += (head->ch_size + 15) / 16 * 16;
	return good && write_at(fd, section, sizeof(*section), header_at);
}

int tr_elf_expand(struct tr_elf *e)
{
	uint64_t end = (e->count + 15) / 16 * 16;
	Elf64_Ehdr header;
	Elf64_Shdr section;
	Elf64_Chdr head;
	int fd = -1, good = 1;

	memcpy(&header, e->bytes, sizeof(header));
	if (header.e_shentsize != sizeof(section) || header.e_shoff > e->count)
		return 1;
	for (uint64_t i = 1; good && i < header.e_shnum; i++) {
		const uint64_t at = header.e_shoff + i * sizeof(section);
		if (at + sizeof(section) > e->count)
			break;
		memcpy(&section, e->bytes + at, sizeof(section));
		if (!is_by_zstd(e, &section, &head))
			continue;
		if (fd < 0)
			good = (fd = memfd_create("instr-debug", MFD_CLOEXEC)) >= 0 && write_at(fd, e->bytes, e->count, 0);
		good = good && expand(e, fd, &section, &head, at, &end);
	}
	if (fd >= 0 && good && !ftruncate(fd, (off_t)end)) {
		close(e->fd);
		e->fd = fd;
		return 1;
	}
	if (fd >= 0)
		close(fd);
	return fd < 0 && good;
}
