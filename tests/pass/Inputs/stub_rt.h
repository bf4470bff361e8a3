/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * stub_rt.h - what the files of the stub runtime tell each other.
 */
#include "instr/hooks.h"

/* A hook of this site was called. */
__attribute__((visibility("hidden"))) void stub_called(const struct instr_row *site);
