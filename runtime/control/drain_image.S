/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * drain_image.S - the drain program, carried inside the runtime: a traced program that is copied to
 * another folder or machine still records. IRT_DRAIN_FILE is given by the build.
 */
#include <cet.h> /* only for its note: one object without it would take enforcement from a whole program */

	.section .rodata.irt_drain, "a", @progbits
	.hidden	irt_drain_image
	.hidden	irt_drain_image_end
	.globl	irt_drain_image
	.globl	irt_drain_image_end
	.p2align 4
irt_drain_image:
	.incbin	IRT_DRAIN_FILE
irt_drain_image_end:
	.byte	0

	.section .note.GNU-stack, "", @progbits
