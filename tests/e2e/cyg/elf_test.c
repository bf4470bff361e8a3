/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * elf_test.c - the reader of symbols (runtime/drain/elf.c): it finds this program's own functions, and
 * survives files that are truncated at any length or damaged at any byte. Sanitizer builds see more.
 */
#define _GNU_SOURCE
#include "check.h"
#include "drain/elf.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

__attribute__((noinline)) static int some_function(int x) { return x + 41; }

/* Where a function of this program lies in its file, from the maps. */
static uint64_t offset_of(uint64_t address)
{
	FILE *f = fopen("/proc/self/maps", "r");
	char line[4400];
	uint64_t found = 0;
	while (f && fgets(line, sizeof(line), f)) {
		uint64_t start, end, offset;
		if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %*s %" SCNx64, &start, &end, &offset) == 3 && address >= start &&
		    address < end)
			found = address - start + offset;
	}
	if (f)
		fclose(f);
	return found;
}

TEST(own_functions_are_found_by_their_first_and_last_byte)
{
	int fd = open("/proc/self/exe", O_RDONLY);
	struct irt_elf *e = irt_elf_read(fd);
	CHECK(e);
	uint64_t at = offset_of((uint64_t)some_function);
	CHECK(at);
	CHECK_STR(irt_elf_function(e, at), "some_function");
	CHECK_STR(irt_elf_function(e, at + 1), "some_function");
	CHECK(!irt_elf_function(e, UINT64_MAX));
	CHECK(!irt_elf_function(e, 0)); /* the file's header is no code */
	irt_elf_destroy(e);
	close(fd);
}

TEST(what_is_no_program_is_refused)
{
	static const char *const paths[] = {"/dev/null", "/proc/self/maps", "/", "/proc/self/stat"};
	for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++) {
		int fd = open(paths[i], O_RDONLY);
		CHECK(fd >= 0);
		CHECK(!irt_elf_read(fd));
		close(fd);
	}
	CHECK(!irt_elf_read(-1));
}

/* ---- a small file, to be damaged in every way ------------------------------------------------ */

#include <elf.h>

enum { NOTE_AT = 64 + 2 * 56, NOTE_BYTES = 12 + 4 + 8, TEXT_AT = NOTE_AT + NOTE_BYTES, TEXT_BYTES = 64,
       NAMES_AT = TEXT_AT + TEXT_BYTES, NAMES_BYTES = 16, SYMBOLS_AT = NAMES_AT + NAMES_BYTES, SYMBOLS = 5, SECTIONS_AT = SYMBOLS_AT + SYMBOLS * 24,
       FILE_BYTES = SECTIONS_AT + 3 * 64 };
#define ADDRESS UINT64_C(0x401000)

static void make_small(unsigned char *to)
{
	Elf64_Ehdr h = {.e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT}, .e_type = ET_EXEC,
			.e_machine = EM_X86_64, .e_version = 1, .e_phoff = 64, .e_shoff = SECTIONS_AT,
			.e_ehsize = 64, .e_phentsize = 56, .e_phnum = 2, .e_shentsize = 64, .e_shnum = 3};
	Elf64_Nhdr note = {.n_namesz = 4, .n_descsz = 8, .n_type = NT_GNU_BUILD_ID};
	Elf64_Phdr n = {.p_type = PT_NOTE, .p_offset = NOTE_AT, .p_filesz = NOTE_BYTES, .p_align = 4};
	Elf64_Phdr p = {.p_type = PT_LOAD, .p_flags = PF_X | PF_R, .p_offset = TEXT_AT, .p_vaddr = ADDRESS,
			.p_filesz = TEXT_BYTES, .p_memsz = TEXT_BYTES};
	Elf64_Sym s[SYMBOLS] = {{0},
		{.st_name = 1, .st_info = ELF64_ST_INFO(STB_LOCAL, STT_FUNC), .st_shndx = 1, .st_value = ADDRESS, .st_size = 16},
		{.st_name = 3, .st_info = ELF64_ST_INFO(STB_GLOBAL, STT_FUNC), .st_shndx = 1, .st_value = ADDRESS, .st_size = 16},
		{.st_name = 5, .st_info = ELF64_ST_INFO(STB_GLOBAL, STT_FUNC), .st_shndx = 1, .st_value = ADDRESS + 32},
		{.st_name = 7, .st_info = ELF64_ST_INFO(STB_GLOBAL, STT_OBJECT), .st_shndx = 1, .st_value = ADDRESS + 48, .st_size = 16}};
	Elf64_Shdr t[3] = {{0},
		{.sh_type = SHT_SYMTAB, .sh_offset = SYMBOLS_AT, .sh_size = sizeof(s), .sh_link = 2, .sh_entsize = 24},
		{.sh_type = SHT_STRTAB, .sh_offset = NAMES_AT, .sh_size = NAMES_BYTES}};
	memset(to, 0, FILE_BYTES);
	memcpy(to, &h, sizeof(h));
	memcpy(to + 64, &n, sizeof(n));
	memcpy(to + 64 + sizeof(n), &p, sizeof(p));
	memcpy(to + NOTE_AT, &note, sizeof(note));
	memcpy(to + NOTE_AT + sizeof(note), "GNU\0\x01\x23\x45\x67\x89\xab\xcd\xef", 12);
	memcpy(to + NAMES_AT, "\0a\0b\0c\0d", 8);
	memcpy(to + SYMBOLS_AT, s, sizeof(s));
	memcpy(to + SECTIONS_AT, t, sizeof(t));
}

static int file_of(const unsigned char *bytes, size_t count)
{
	int fd = memfd_create("elf", MFD_CLOEXEC);
	CHECK(fd >= 0 && write(fd, bytes, count) == (ssize_t)count);
	return fd;
}

/* Whatever comes out is a text. */
static void ask_all(int fd)
{
	struct irt_elf *e = irt_elf_read(fd);
	size_t length = 0;
	for (uint64_t at = 0; e && at < FILE_BYTES + 8; at++) {
		const char *name = irt_elf_function(e, at);
		length += name ? strlen(name) : 0;
		length += irt_elf_address(e, at) != 0;
	}
	CHECK(!e || strlen(irt_elf_build_id(e)) <= 128);
	const char *far = e ? irt_elf_function(e, UINT64_MAX) : NULL;
	length += far ? strlen(far) : 0;
	CHECK(length < FILE_BYTES * (FILE_BYTES + 8));
	irt_elf_destroy(e);
}

TEST(a_global_name_wins_and_sizes_are_respected)
{
	unsigned char bytes[FILE_BYTES];
	make_small(bytes);
	int fd = file_of(bytes, FILE_BYTES);
	struct irt_elf *e = irt_elf_read(fd);
	CHECK(e);
	CHECK_STR(irt_elf_function(e, TEXT_AT), "b");
	CHECK_STR(irt_elf_function(e, TEXT_AT + 15), "b");
	CHECK(!irt_elf_function(e, TEXT_AT + 16));
	CHECK_STR(irt_elf_function(e, TEXT_AT + 32), "c"); /* without a size: its first byte */
	CHECK(!irt_elf_function(e, TEXT_AT + 33));
	CHECK(!irt_elf_function(e, TEXT_AT + 48)); /* an object */
	CHECK(!irt_elf_function(e, TEXT_AT - 1));
	CHECK(!irt_elf_function(e, TEXT_AT + TEXT_BYTES));
	irt_elf_destroy(e);
	close(fd);
}

TEST(addresses_and_the_build_id_need_no_symbols)
{
	unsigned char bytes[FILE_BYTES];
	make_small(bytes);
	for (int symbols = 1; symbols >= 0; symbols--) {
		if (!symbols)
			memset(bytes + SECTIONS_AT, 0, 3 * 64);
		int fd = file_of(bytes, FILE_BYTES);
		struct irt_elf *e = irt_elf_read(fd);
		CHECK(e);
		CHECK_STR(irt_elf_build_id(e), "0123456789abcdef");
		CHECK_EQ(irt_elf_address(e, TEXT_AT + 16), ADDRESS + 16);
		CHECK_EQ(irt_elf_address(e, TEXT_AT + TEXT_BYTES), 0);
		CHECK(!irt_elf_function(e, TEXT_AT) == !symbols);
		irt_elf_destroy(e);
		close(fd);
	}
}

TEST(every_truncation_is_survived)
{
	unsigned char bytes[FILE_BYTES];
	make_small(bytes);
	for (size_t n = 0; n < FILE_BYTES; n++) {
		int fd = file_of(bytes, n);
		struct irt_elf *e = irt_elf_read(fd);
		CHECK(!e || !irt_elf_function(e, TEXT_AT)); /* the sections come last */
		irt_elf_destroy(e);
		close(fd);
	}
}

TEST(every_damaged_byte_is_survived)
{
	static const unsigned char values[] = {0x00, 0x01, 0x7f, 0x80, 0xff};
	unsigned char bytes[FILE_BYTES];
	for (size_t at = 0; at < FILE_BYTES; at++)
		for (size_t v = 0; v < sizeof(values); v++) {
			make_small(bytes);
			bytes[at] = values[v];
			int fd = file_of(bytes, FILE_BYTES);
			ask_all(fd);
			close(fd);
		}
}

TEST(every_damaged_word_is_survived)
{
	unsigned char bytes[FILE_BYTES];
	for (size_t at = 0; at + 8 <= FILE_BYTES; at += 4) {
		make_small(bytes);
		memset(bytes + at, 0xff, 8);
		int fd = file_of(bytes, FILE_BYTES);
		ask_all(fd);
		close(fd);
	}
}

TEST_MAIN()
