// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// INSTR_SKIP, and the attributes that arrive in IR; each is listed with its reason.
//
// RUN: %clang -O0 %s %stub -o %t.0 && %t.0 2>&1 | FileCheck %s
// RUN: %clang -O2 %s %stub -o %t.2 && %t.2 2>&1 | FileCheck %s
// RUN: %ir -O2 -I%include %s | %verify
//
// CHECK-DAG: skipped by_macro reason=5
// CHECK-DAG: skipped by_sanitizer_attribute reason=6
// CHECK-DAG: skipped by_xray_attribute reason=6
// CHECK-NOT: by_macro {{.*}}enter
// CHECK-NOT: attribute {{.*}}enter
// CHECK: other_annotation {{.*}} enter=1 exit=1
#include "instr/instr.h"
#define SEEN __attribute__((noinline))
SEEN INSTR_SKIP int by_macro(volatile int *x) { return *x; }
SEEN __attribute__((disable_sanitizer_instrumentation)) int by_sanitizer_attribute(volatile int *x) { return *x; }
SEEN __attribute__((xray_never_instrument)) int by_xray_attribute(volatile int *x) { return *x; }
SEEN __attribute__((annotate("instr_skipped"))) int other_annotation(volatile int *x) { return *x; }
int main(void)
{
	volatile int x = 0;
	return by_macro(&x) + by_sanitizer_attribute(&x) + by_xray_attribute(&x) + other_annotation(&x);
}
