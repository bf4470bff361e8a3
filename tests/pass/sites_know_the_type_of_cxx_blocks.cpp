// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// `new` says its type, the allocator of a container what it is a template of, whether that was inlined or not;
// for the rest it is as in C. Names have their scopes, and std::string is called that. Without -g the name of an
// allocator's own function says it, and nothing else does.
//
// RUN: %irxx -O0 -g %s > %t && %sites < %t | FileCheck %s --check-prefixes=CHECK,O0 && %verify < %t
// RUN: %irxx -O2 -g %s > %t && %sites < %t | FileCheck %s --check-prefixes=CHECK,O2 && %verify < %t
// RUN: %irxx -O2 -g -gsimple-template-names %s | %sites | FileCheck %s --check-prefix=SIMPLE
// RUN: %irxx -O0 %s | %sites | FileCheck %s --check-prefix=BARE
//
// CHECK-DAG: {{^}}_Z4newsv.1{{.*}} _Znwm: ns::foo{{$}}
// CHECK-DAG: {{^}}_Z4newsv.2{{.*}} _Znam: ns::foo::inner{{$}}
// CHECK-DAG: {{^}}_Z4newsv.3{{.*}} _Znwm: ns::v1::box<int, ns::foo>{{$}}
// CHECK-DAG: {{^}}_Z4newsv.4{{.*}} _Znam: int{{$}}
// CHECK-DAG: {{^}}_Z4newsv.5{{.*}} _Znam: ns::foo *{{$}}
// CHECK-DAG: {{^}}_Z4newsv.6{{.*}} _Znwm: std::string{{$}}
// CHECK-DAG: {{^}}_Z4newsv.7{{.*}} _Znwm: ns::(anonymous namespace)::hidden{{$}}
// CHECK-DAG: {{^}}_Z4newsv.8{{.*}} _Znwm: color{{$}}
// CHECK-DAG: {{^}}_Z4newsv.9{{.*}} _Znwm: news::local{{$}}
// CHECK-DAG: {{^}}_Z4newsv.10{{.*}} _Znwm: ns::v1::box<ns::v1::box<int, int>, int>{{$}}
// CHECK-DAG: {{^}}_Z4newsv.11{{.*}} _Znwm{{$}}
// CHECK-DAG: {{^}}_Z5castsm.1{{.*}} malloc: ns::foo{{$}}
// CHECK-DAG: {{^}}_Z5castsm.2{{.*}} _Znwm: ns::foo{{$}}
// O0-DAG: {{^}}_ZN7derived3setEv.1{{.*}} malloc: ns::foo{{$}}
// O0-DAG: {{^}}_ZN7derived3setEv.2{{.*}} malloc: int{{$}}
// O2-DAG: {{^}}_Z3useR7derived.1{{.*}} malloc: ns::foo{{$}}
// O2-DAG: {{^}}_Z3useR7derived.2{{.*}} malloc: int{{$}}
// O0-DAG: {{^}}_ZN3lib9allocatorIiE8allocateEm.1{{.*}} _Znwm: int{{$}}
// O0-DAG: {{^}}_ZN3lib9allocatorINS_4nodeINSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEEEEEE8allocateEm.1{{.*}} _Znwm: lib::node<std::string>{{$}}
// O2-DAG: {{^}}_Z10containersRN3lib9containerIiNS_9allocatorIiEEEERNS0_INSt7__cxx1112basic_string{{[^ ]*}}.1{{.*}} _Znwm: int{{$}}
// O2-DAG: {{^}}_Z10containersRN3lib9containerIiNS_9allocatorIiEEEERNS0_INSt7__cxx1112basic_string{{[^ ]*}}.2{{.*}} _Znwm: lib::node<std::string>{{$}}
// O2-DAG: {{^}}_Z10containersRN3lib9containerIiNS_9allocatorIiEEEERNS0_INSt7__cxx1112basic_string{{[^ ]*}}.3{{.*}} _Znwm: int{{$}}
//
// O0-DAG: {{^}}_ZN3lib17__libcpp_allocateINS_4nodeIiEEEEPT_m.1{{.*}} _Znwm: lib::node<int>{{$}}
// O2-DAG: {{^}}_Z6libcxxm.1{{.*}} _Znwm: lib::node<int>{{$}}
//
// SIMPLE-DAG: {{^}}_Z10containers{{.*}}.1{{.*}} _Znwm: int{{$}}
// SIMPLE-DAG: {{^}}_Z10containers{{.*}}.2{{.*}} _Znwm: lib::node{{.*$}}
//
// BARE-DAG: {{^}}_Z4newsv.1 _Znwm{{$}}
// BARE-DAG: {{^}}_Z5castsm.1 malloc{{$}}
// BARE-DAG: {{^}}_ZN3lib9allocatorIiE8allocateEm.1 _Znwm: int{{$}}
// BARE-DAG: {{^}}_ZN3lib9allocatorINS_4nodeINSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEEEEEE8allocateEm.1 _Znwm: lib::node<std::string>{{$}}
#include <stdlib.h>
#include <string>

namespace ns {
struct foo {
	int a[10];
	struct inner {
		long x;
	};
};
inline namespace v1 {
template <class T, class U> struct box {
	T t;
	U u;
};
} // namespace v1
namespace {
struct hidden {
	int a;
};
} // namespace
} // namespace ns
enum class color { red };

void use(const void *);

void news()
{
	struct local {
		int b;
	};
	use(new ns::foo);
	use(new ns::foo::inner[3]);
	use(new ns::box<int, ns::foo>);
	use(new int[5]);
	use(new const ns::foo *[3]);
	use(new std::string);
	use(new ns::hidden);
	use(new color);
	use(new local);
	use(new ns::box<ns::box<int, int>, int>);
	use(::operator new(100));
}

void casts(size_t n)
{
	auto *f = static_cast<ns::foo *>(malloc(n));
	use(f);
	auto *g = (ns::foo *)::operator new(n);
	use(g);
}

struct base {
	ns::foo *f;
	virtual ~base() {}
};
struct derived : base {
	int *g;
	derived();
	void set()
	{
		f = (ns::foo *)malloc(40);
		g = (int *)malloc(40);
	}
};
derived::derived() {}
void use(derived &d) { d.set(); }

/* As those of the C++ libraries are, whichever is there. */
namespace lib {
template <class T> struct allocator {
	T *allocate(size_t n) { return static_cast<T *>(::operator new(n * sizeof(T))); }
};
template <class A> struct allocator_traits {
	static auto allocate(A &a, size_t n) { return a.allocate(n); }
};
template <class T> struct node {
	node *next;
	T value;
};
template <class T, class A> struct container {
	A a;
	void *p;
	void grow() { p = allocator_traits<A>::allocate(a, 4); }
};
/* One that is no template: what stands in front of it is one of something else. */
struct plain {
	int *allocate(size_t n)
	{
		int *p = static_cast<int *>(::operator new(n));
		*p = 1;
		return p;
	}
};
template <class T> T *__libcpp_allocate(size_t n) { return static_cast<T *>(::operator new(n * sizeof(T))); }
} // namespace lib

void *libcxx(size_t n) { return lib::__libcpp_allocate<lib::node<int>>(n); }

void containers(lib::container<int, lib::allocator<int>> &a, lib::container<std::string, lib::allocator<lib::node<std::string>>> &b,
		lib::container<int, lib::plain> &c)
{
	a.grow();
	b.grow();
	c.grow();
}
