/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * addresses.h - which place in which file an address of a traced process is, and what function lies
 * there. For code without rows of its own (-finstrument-functions).
 *
 * The maps of the live process are asked when an address is first seen, and remembered for the time
 * after its end. What a process mapped and never ran before it was killed is not known.
 */
#ifndef IRT_DRAIN_ADDRESSES_H
#define IRT_DRAIN_ADDRESSES_H

#include <stdint.h>

struct irt_addresses;

struct irt_place {
	uint32_t file;    /* the same number for the same file in every process; 0 = in no file */
	uint64_t offset;  /* in the file */
	const char *path; /* of the file; NULL if in no file */
	const char *base; /* its name without its folder */
	uint64_t address; /* in the file, as the linker counts; 0 if the file could not be read */
	const char *build_id; /* of the file; NULL if it has none, or could not be read */
	const char *symbol; /* of the function there; NULL if the file does not tell */
};

struct irt_addresses *irt_addresses_create(void);
void irt_addresses_destroy(struct irt_addresses *a); /* NULL is allowed */

/* start_time (field 22 of its stat) tells the process from a later one with the same pid. Texts of
 * the place are valid as long as the addresses. */
struct irt_place irt_addresses_find(struct irt_addresses *a, uint32_t process_id, int pid, uint64_t start_time,
				    uint64_t address);

/* A fork child has what its parent had mapped. Returns 0: no memory. */
int irt_addresses_inherit(struct irt_addresses *a, uint32_t child, uint32_t parent);

void irt_addresses_forget(struct irt_addresses *a, uint32_t process_id);

#endif
