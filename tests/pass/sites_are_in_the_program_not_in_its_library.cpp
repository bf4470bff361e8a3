// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A container allocates in a header of the C++ library. Inlined, the site is where the program used it.
//
// RUN: %ir -O2 -g %s | FileCheck %s
//
// CHECK-DAG: @__instr_site._Z4fillR6Bufferm.1{{.*}} = {{.*}}, i32 17, i32
// CHECK-DAG: c"{{.*}}sites_are_in_the_program_not_in_its_library.cpp\00"
# 1 "/usr/include/c++/12/buffer.h"
struct Buffer {
	char *data;
	inline __attribute__((always_inline)) void grow(unsigned long n) { data = new char[n]; }
};
# 15 "sites_are_in_the_program_not_in_its_library.cpp"
void fill(Buffer &b, unsigned long n)
{
	b.grow(n);
}
