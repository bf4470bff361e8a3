/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * errors.h - results of functions that can fail: 0, or one of these negative numbers.
 */
#ifndef INSTR_ERRORS_H
#define INSTR_ERRORS_H

enum instr_err {
	INSTR_OK = 0,
	INSTR_ERR_MEMORY = -1,      /* no memory */
	INSTR_ERR_IO = -2,          /* a read, write or system call failed; errno may say more */
	INSTR_ERR_FORMAT = -3,      /* the bytes are not what the format says; nothing was used */
	INSTR_ERR_VERSION = -4,     /* written by another version of the format or contract */
	INSTR_ERR_BUSY = -5,        /* somebody else holds the lease */
	INSTR_ERR_FULL = -6,        /* no space: disk, pool or table */
	INSTR_ERR_NOT_FOUND = -7,
	INSTR_ERR_PERMISSION = -8,
	INSTR_ERR_NOT_OURS = -9,    /* a file that this project did not write: left alone */
	INSTR_ERR_AGAIN = -10,      /* cannot go on now; call again later */
};

#endif
