/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * limits.h - may a process limit its own addresses? Sanitizers reserve terabytes of them.
 */
#ifndef TOOLS_LIBTRACE_LIMITS_H
#define TOOLS_LIBTRACE_LIMITS_H

#ifdef __has_feature
#define INSTR_ADDRESSES_ARE_OURS !(__has_feature(address_sanitizer) || __has_feature(thread_sanitizer))
#elif defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define INSTR_ADDRESSES_ARE_OURS 0
#else
#define INSTR_ADDRESSES_ARE_OURS 1
#endif

#endif
