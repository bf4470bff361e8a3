/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * plan.h - what is to fail inside a drain: a file "fault.plan" in the folder that the program runs in,
 * which test and drain have mapped.
 */
#ifndef TESTS_FAULT_PLAN_H
#define TESTS_FAULT_PLAN_H

#include <stdint.h>

#define FAULT_PLAN "fault.plan"

enum fault_plan_kind {
	FAULT_PLAN_MEMORY = 1, /* malloc, calloc, realloc, aligned_alloc */
	FAULT_PLAN_FILES = 2,  /* open, read, write, truncate, allocate, lock, map ... */
};

struct fault_plan {
	uint32_t kinds;
	int32_t error;    /* errno of the failure */
	uint32_t for_good; /* 1: the nth and all after it; 0: the nth alone */
	uint32_t pad;
	int64_t at;       /* n, from 1; 0 = none */
	int64_t count;    /* seen */
	int64_t fired;    /* failed */
};

#endif
