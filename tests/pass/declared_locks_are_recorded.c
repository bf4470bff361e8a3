// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Calls of what acquire=, try_acquire= and release= declare stay as they are; hooks stand in front of what takes a lock and
// behind it, behind what tries, and in front of what gives it back: by the name of the lock, in the function that the call
// is in when the optimiser has inlined all of it. A declared lock that is made of others shows as itself; what it takes of
// pthread is a lock like any other.
//
// RUN: env "INSTR_OPTIONS=acquire=spin_lock(lock=0):try_acquire=spin_try(lock=0,success=nonzero):release=*_unlock(lock=0):acquire=timed_lock(lock=1,success=zero):acquire=read_lock(lock=0,mode=read)" %ir -O0 -g %s > %t && FileCheck %s < %t && FileCheck %s --check-prefix=STAYS < %t && %verify < %t
// RUN: env "INSTR_OPTIONS=acquire=spin_lock(lock=0):try_acquire=spin_try(lock=0,success=nonzero):release=*_unlock(lock=0):acquire=timed_lock(lock=1,success=zero):acquire=read_lock(lock=0,mode=read)" %ir -O2 -g %s > %t && FileCheck %s < %t && FileCheck %s --check-prefix=GONE < %t && %verify < %t
// RUN: env "INSTR_OPTIONS=heap=off:acquire=spin_lock(lock=0):try_acquire=spin_try(lock=0,success=nonzero):release=*_unlock(lock=0):acquire=timed_lock(lock=1,success=zero):acquire=read_lock(lock=0,mode=read)" %ir -O2 -g %s | FileCheck %s
// RUN: env "INSTR_OPTIONS=lock=off:acquire=spin_lock(lock=0):release=*_unlock(lock=0)" %ir -O2 -g %s | FileCheck %s --check-prefix=OFF
// OFF-NOT: __instr_acquir
// OFF-NOT: __instr_releas
// OFF-NOT: __instr_mark
//
// CHECK-DAG: c"spin_lock\1Ftable.guard\00"
// CHECK-DAG: c"spin_try\1Ftable.guard\00"
// CHECK-DAG: c"spin_unlock\1Ftable.guard\00"
// CHECK-DAG: c"timed_lock\1Fother
// CHECK-DAG: c"read_lock\1Fother
//
// Kind 3, family 6 (of the program's own); the last 7 (for reading).
// CHECK-DAG: @__instr_site.use.1 = {{.*}}, i32 132611 }
// CHECK-DAG: @__instr_site.use.{{5|6}} = {{.*}}, i32 132867 }
//
// CHECK-LABEL: define{{.*}} @use(
// CHECK: call void @__instr_acquiring({{.*}}@table{{.*}}, {{.*}}@__instr_site.use.[[S1:[0-9]+]]{{[^0-9]}}
// STAYS: call void @spin_lock(
// GONE-NOT: call void @spin_lock(
// CHECK: call void @__instr_acquired({{.*}}@table{{.*}}, i64 {{.*}}1, {{.*}}@__instr_site.use.[[S1]]{{[^0-9]}}
// CHECK: call void @__instr_releasing({{.*}}@table{{.*}}, {{.*}}@__instr_site.use.[[S2:[0-9]+]]{{[^0-9]}}
// CHECK: icmp {{eq|ne}} i32
// CHECK: zext i1
// CHECK: call void @__instr_tried({{.*}}@table{{.*}}, i64 %{{.*}}, {{.*}}@__instr_site.use.[[S3:[0-9]+]]{{[^0-9]}}
// CHECK: call void @__instr_acquiring({{.*}}@other{{.*}}, {{.*}}@__instr_site.use.[[S4:[0-9]+]]{{[^0-9]}}
// CHECK: icmp eq i32
// CHECK: call void @__instr_acquired({{.*}}@other{{.*}}, i64 %{{.*}}, {{.*}}@__instr_site.use.[[S4]]{{[^0-9]}}
// CHECK: call void @__instr_acquiring({{.*}}@other{{.*}}, {{.*}}@__instr_site.use.[[S5:[0-9]+]]{{[^0-9]}}
// CHECK: call void @__instr_acquired({{.*}}@other{{.*}}, i64 {{.*}}1, {{.*}}@__instr_site.use.[[S5]]{{[^0-9]}}
// CHECK-NOT: __instr_mark
struct lock { int word; };
static struct { int x; struct lock guard; } table;
static struct lock other;
int pthread_mutex_lock(void *);
int timed_lock(long ns, struct lock *l);
void read_lock(struct lock *l);

// Its own business.
// STAYS-LABEL: define{{.*}} @spin_lock(
// STAYS: call i32 @spin_try(
// STAYS-NOT: @__instr_tried
// STAYS: call i32 {{.*}}@__instr_lock{{.*}}@pthread_mutex_lock
// STAYS-NOT: @__instr_tried
// STAYS: ret
static int spin_try(struct lock *l)
{
	return !__atomic_exchange_n(&l->word, 1, __ATOMIC_ACQUIRE);
}
static void spin_lock(struct lock *l)
{
	while (!spin_try(l))
		pthread_mutex_lock(l);
}
static void spin_unlock(struct lock *l)
{
	__atomic_store_n(&l->word, 0, __ATOMIC_RELEASE);
}
int use(void)
{
	int r;
	spin_lock(&table.guard);
	spin_unlock(&table.guard);
	r = spin_try(&table.guard);
	r += timed_lock(3, &other);
	read_lock(&other);
	return r;
}
