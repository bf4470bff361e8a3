/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * fault.h - makes the nth operation of a kind fail: SQLite's on files through a VFS of that name
 * ("fault"), system calls and memory through the linker's --wrap.
 *
 * A test runs the same work again and again with n = 1, 2, 3 ... until no fault fires any more, and
 * looks after each run at what is left.
 */
#ifndef TESTS_FAULT_FAULT_H
#define TESTS_FAULT_FAULT_H

#include <stdbool.h>

enum fault_kind {
	/* of the VFS */
	FAULT_OPEN = 1,
	FAULT_READ = 2,
	FAULT_WRITE = 4,
	FAULT_TORN_WRITE = 8, /* half of it is written */
	FAULT_TRUNCATE = 16,
	FAULT_SIZE = 32,
	FAULT_DELETE = 64,
	FAULT_LOCK = 128,
	FAULT_SHM = 256,
	/* of the C library */
	FAULT_CALLS = 512,    /* openat, ftruncate, pwrite, linkat, renameat, unlinkat, fallocate, flock, fstatat */
	FAULT_MEMORY = 1024,  /* malloc, calloc, realloc */
};

struct fault {
	unsigned kinds;
	long at;         /* which of them, from 1; 0 = none */
	bool for_good;   /* that one and all after it */
	int error;       /* errno of the failure: ENOSPC, EIO ... */
	long count;      /* seen since armed */
	long fired;      /* failed since armed */
	bool no_shared_memory; /* the file system has none */
};
extern struct fault fault;

void fault_arm(unsigned kinds, long at, bool for_good, int error);
void fault_disarm(void);
void fault_register_vfs(void);

#endif
