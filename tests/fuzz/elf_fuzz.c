/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * elf_fuzz.c - any bytes as a file that a traced program has mapped, and as the name of a function. For
 * libFuzzer; without it fuzz_main.c makes the inputs.
 *
 * A first byte below 128 takes the rest as the file; otherwise the rest are changes to a small valid
 * one: a byte or a number at a place.
 */
#define _GNU_SOURCE
#include <elf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "drain/demangle.h"
#include "drain/elf.h"
#include "fuzz.h"

enum { SYMBOLS = 12, SECTIONS = 4, SEGMENTS = 2 };

struct file {
	Elf64_Ehdr header;
	Elf64_Phdr segments[SEGMENTS];
	Elf64_Shdr sections[SECTIONS];
	Elf64_Sym symbols[SYMBOLS];
	char texts[128];
	char code[256];
};

static void make_valid(struct file *f)
{
	static const char names[] = "\0f\0main\0_ZN1a1bIiE1cEv\0versioned@@V1";

	memset(f, 0, sizeof(*f));
	memcpy(f->header.e_ident, ELFMAG, SELFMAG);
	f->header.e_ident[EI_CLASS] = ELFCLASS64;
	f->header.e_ident[EI_DATA] = ELFDATA2LSB;
	f->header.e_type = ET_DYN;
	f->header.e_machine = EM_X86_64;
	f->header.e_phoff = offsetof(struct file, segments);
	f->header.e_phentsize = sizeof(Elf64_Phdr);
	f->header.e_phnum = SEGMENTS;
	f->header.e_shoff = offsetof(struct file, sections);
	f->header.e_shentsize = sizeof(Elf64_Shdr);
	f->header.e_shnum = SECTIONS;
	for (int i = 0; i < SEGMENTS; i++)
		f->segments[i] = (Elf64_Phdr){.p_type = PT_LOAD, .p_flags = PF_R | PF_X, .p_vaddr = 0x1000u * (unsigned)i,
					      .p_offset = offsetof(struct file, code) + 128u * (unsigned)i, .p_filesz = 128};
	f->sections[1] = (Elf64_Shdr){.sh_type = SHT_DYNSYM, .sh_offset = offsetof(struct file, symbols), .sh_link = 2,
				      .sh_size = sizeof(f->symbols) / 2, .sh_entsize = sizeof(Elf64_Sym)};
	f->sections[2] = (Elf64_Shdr){.sh_type = SHT_STRTAB, .sh_offset = offsetof(struct file, texts), .sh_size = sizeof(f->texts)};
	f->sections[3] = f->sections[1];
	f->sections[3].sh_type = SHT_SYMTAB;
	f->sections[3].sh_size = sizeof(f->symbols);
	for (unsigned i = 1; i < SYMBOLS; i++)
		f->symbols[i] = (Elf64_Sym){.st_name = i % 4 == 0 ? 1 : i % 4 == 1 ? 3 : i % 4 == 2 ? 8 : 24, .st_shndx = 1,
					    .st_info = ELF64_ST_INFO(i % 3, STT_FUNC), .st_value = 0x1000 + i * 10, .st_size = i % 5 * 4};
	memcpy(f->texts, names, sizeof(names));
}

static void take_name(const char *name)
{
	char *demangled = irt_demangle(name);

	if (demangled)
		FUZZ_CHECK(*demangled && strlen(demangled) <= IRT_DEMANGLED_MAX);
	free(demangled);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	struct fuzz_input in = {data, bytes};
	struct file valid;
	const void *from = data;
	uint8_t style = fuzz_byte(&in);

	if (style >= 128) {
		make_valid(&valid);
		while (in.bytes) {
			size_t at = (fuzz_byte(&in) | (size_t)fuzz_byte(&in) << 8) % sizeof(valid);
			uint64_t number = style & 1 ? fuzz_byte(&in) : fuzz_number(&in);
			size_t width = style & 1 ? 1 : style & 2 ? 4 : 8;
			memcpy((char *)&valid + at, &number, width < sizeof(valid) - at ? width : sizeof(valid) - at);
		}
		from = &valid;
		bytes = sizeof(valid);
	} else if (bytes) {
		from = data + 1;
		bytes--;
	}
	int fd = memfd_create("elf", MFD_CLOEXEC);
	FUZZ_CHECK(fd >= 0 && pwrite(fd, from, bytes, 0) == (ssize_t)bytes);
	struct irt_elf *elf = irt_elf_read(fd);
	for (size_t offset = 0; elf && offset < bytes + 8; offset += 1 + offset / 256) {
		const char *name = irt_elf_function(elf, offset);
		(void)irt_elf_address(elf, offset);
		if (name) {
			FUZZ_CHECK(*name);
			take_name(name);
		}
	}
	FUZZ_CHECK(!elf || strlen(irt_elf_build_id(elf)) <= 128);
	irt_elf_destroy(elf);
	close(fd);

	char *name = malloc(bytes + 3);
	FUZZ_CHECK(name != NULL);
	memcpy(name, "_Z", 2);
	memcpy(name + 2, from, bytes);
	name[bytes + 2] = 0;
	take_name(name);
	free(name);
	return 0;
}
