/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * demangle.h - C++ names as people write them.
 */
#ifndef IRT_DRAIN_DEMANGLE_H
#define IRT_DRAIN_DEMANGLE_H

/* A demangled name is at most so long, bytes. */
#define IRT_DEMANGLED_MAX 65536

/* Returns malloc'ed text, or NULL: not a mangled name, one whose text would be longer, or no memory. */
char *irt_demangle(const char *linkage_name);

#endif
