/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * cmdline.h - what a clang command line asks for, as far as a wrapper must know it.
 */
#ifndef INSTR_CC_CMDLINE_H
#define INSTR_CC_CMDLINE_H

#include <stdbool.h>

struct cmdline {
	bool reads_source; /* C, C++ or a header of theirs is read, whatever is made of it */
	bool compiles;     /* code is generated from C, C++ or LLVM IR */
	bool links;        /* an executable or shared object is made */
	bool is_shared;    /* -shared */
	bool is_static;    /* -static or -static-pie */
	bool has_libc;     /* it and the language's are linked: no -nostdlib or the like */
	bool has_libcxx;   /* -lstdc++, -lc++ */
	bool uses_lto;     /* -flto in any form */
	bool uses_lld;     /* -fuse-ld=...lld */
	int first_literal; /* index of "--", behind which everything is an input; argc if there is none */
};

/* Reads argv[1] on; response files (@file) are looked into. Nothing is changed or kept. */
void cmdline_read(struct cmdline *line, int argc, char **argv);

#endif
