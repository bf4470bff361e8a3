/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * elf.h - the functions of an ELF file, by where their code lies in it. For code without rows of its
 * own (-finstrument-functions), of which a record has an address only.
 *
 * Offsets in the file, not addresses, are asked for: a mapping tells the offset, the file's program
 * headers lead from there to the address that its symbols have. So it makes no difference where the
 * file is mapped, and whether it is a program at a fixed address, one at any address, or a library.
 */
#ifndef IRT_DRAIN_ELF_H
#define IRT_DRAIN_ELF_H

#include <stdint.h>

struct irt_elf;

/* Reads the symbols of the file behind fd, which stays the caller's. NULL: not a 64-bit ELF file of
 * this machine, damaged, or no memory; one without symbols has addresses. */
struct irt_elf *irt_elf_read(int fd);
void irt_elf_destroy(struct irt_elf *elf); /* NULL is allowed */

/* The symbol of the function whose code covers this byte of the file, or NULL. Valid as long as elf. */
const char *irt_elf_function(const struct irt_elf *elf, uint64_t file_offset);
/* The address of this byte of code as the linker counts, or 0. */
uint64_t irt_elf_address(const struct irt_elf *elf, uint64_t file_offset);
/* Its GNU build id, hexadecimal; "" if it has none. */
const char *irt_elf_build_id(const struct irt_elf *elf);

enum { IRT_BUILD_ID_TEXT = 2 * 64 + 1 }; /* bytes of the longest that is taken, as text */
/* The build id among these notes (of a segment or section with this alignment), if there is one: else the text stays. */
void irt_elf_find_build_id(const unsigned char *notes, uint64_t bytes, uint64_t align, char text[IRT_BUILD_ID_TEXT]);

#endif
