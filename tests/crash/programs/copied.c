/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * copied.c - the library that copies.c loads.
 */
int from_library(int n);

int from_library(int n) { return n; }
