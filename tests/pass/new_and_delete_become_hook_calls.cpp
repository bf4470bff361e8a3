// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// All forms of new and delete; where a catch clause waits, the call of the hook is an invoke with the
// same destinations.
//
// RUN: %irxx -std=c++17 -fsized-deallocation -O0 %s > %t && FileCheck %s < %t && %verify < %t
// RUN: %irxx -std=c++17 -fsized-deallocation -O2 %s > %t && FileCheck %s < %t && %verify < %t
// RUN: %clangxx -std=c++17 -fsized-deallocation -O0 %s %stub -o %t.0 && %t.0 2>&1 | FileCheck %s --check-prefix=RAN
// RUN: %clangxx -std=c++17 -fsized-deallocation -O2 %s %stub -o %t.2 && %t.2 2>&1 | FileCheck %s --check-prefix=RAN
//
// CHECK-LABEL: define{{.*}} @single(
// CHECK: @__instr_alloc(i64 {{.*}}40, {{.*}}@_Znwm{{.*}})
// CHECK-LABEL: define{{.*}} @single_free(
// CHECK: @__instr_free1({{.*}}, i64 {{.*}}40, {{.*}}@_ZdlPvm{{.*}})
// CHECK-LABEL: define{{.*}} @array(
// CHECK: @__instr_alloc(i64 {{.*}}, {{.*}}@_Znam{{.*}})
// CHECK-LABEL: define{{.*}} @array_free(
// CHECK: @__instr_free({{.*}}@_ZdaPv{{.*}})
// CHECK-LABEL: define{{.*}} @aligned(
// CHECK: @__instr_alloc1(i64 {{.*}}128, i64 {{.*}}128, {{.*}}@_ZnwmSt11align_val_t{{.*}})
// CHECK-LABEL: define{{.*}} @aligned_free(
// CHECK: @__instr_free2({{.*}}, i64 {{.*}}128, i64 {{.*}}128, {{.*}}@_ZdlPvmSt11align_val_t{{.*}})
// CHECK-LABEL: define{{.*}} @aligned_array(
// CHECK: @__instr_alloc1(i64 {{.*}}384, i64 {{.*}}128, {{.*}}@_ZnamSt11align_val_t{{.*}})
// CHECK-LABEL: define{{.*}} @aligned_array_free(
// CHECK: @__instr_free1({{.*}}, i64 {{.*}}128, {{.*}}@_ZdaPvSt11align_val_t{{.*}})
// CHECK-LABEL: define{{.*}} @nothrow(
// CHECK: @__instr_alloc1{{.*}}(i64 {{.*}}40, {{.*}}@_ZSt7nothrow, {{.*}}@_ZnwmRKSt9nothrow_t{{.*}})
// CHECK-LABEL: define{{.*}} @nothrow_array(
// CHECK: @__instr_alloc1{{.*}}(i64 {{.*}}120, {{.*}}@_ZSt7nothrow, {{.*}}@_ZnamRKSt9nothrow_t{{.*}})
// CHECK-LABEL: define{{.*}} @nothrow_aligned(
// CHECK: @__instr_alloc2(i64 {{.*}}128, i64 {{.*}}128, {{.*}}@_ZSt7nothrow, {{.*}}@_ZnwmSt11align_val_tRKSt9nothrow_t{{.*}})
// CHECK-LABEL: define{{.*}} @nothrow_free(
// CHECK: @__instr_free1{{.*}}({{.*}}@_ZSt7nothrow, {{.*}}@_ZdlPvRKSt9nothrow_t{{.*}})
// CHECK-LABEL: define{{.*}} @too_much(
// CHECK: invoke {{.*}}@__instr_alloc({{.*}}@_Znam{{.*}})
// CHECK-NEXT: to label %{{.*}} unwind label
//
// RAN: _Znam {{.*}} called=1
// RAN: array {{.*}} enter=1 exit=1
// RAN: single {{.*}} enter=1 exit=1
// RAN: too_much {{.*}} enter=1 exit=1
#include <new>
struct Plain { char bytes[40]; };
struct alignas(128) Wide { char bytes[128]; };
#define SEEN extern "C" __attribute__((noinline))
SEEN Plain *single() { return new Plain; }
SEEN void single_free(Plain *p) { delete p; }
SEEN Plain *array(unsigned long n) { return new Plain[n]; }
SEEN void array_free(Plain *p) { delete[] p; }
SEEN Wide *aligned() { return new Wide; }
SEEN void aligned_free(Wide *p) { delete p; }
SEEN Wide *aligned_array() { return new Wide[3]; }
SEEN void aligned_array_free(Wide *p) { delete[] p; }
SEEN Plain *nothrow() { return new (std::nothrow) Plain; }
SEEN Plain *nothrow_array() { return new (std::nothrow) Plain[3]; }
SEEN Wide *nothrow_aligned() { return new (std::nothrow) Wide; }
SEEN void nothrow_free(void *p) { operator delete(p, std::nothrow); }
SEEN int too_much(unsigned long n)
{
	try {
		return array(3) == reinterpret_cast<Plain *>(new char[n]);
	} catch (const std::bad_alloc &) {
		return 0;
	}
}
int main()
{
	single_free(single());
	aligned_free(aligned());
	aligned_array_free(aligned_array());
	nothrow_free(nothrow());
	array_free(nothrow_array());
	aligned_free(nothrow_aligned());
	volatile unsigned long n = ~0ul >> 1;
	return too_much(n);
}
