/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * shared.h - what both files of the classes program include: functions that exist once (inline,
 * template), once per file (static) and nowhere (always_inline).
 */
#ifndef CLASSES_SHARED_H
#define CLASSES_SHARED_H

#include <string>

#define NOINLINE __attribute__((noinline))

/* One copy per file, same name, same file, same line: only their sum can be told. */
static NOINLINE int per_file(int x)
{
	asm volatile("");
	return x + 1;
}

inline NOINLINE int shared_inline(int x)
{
	asm volatile("");
	return x + 2;
}

__attribute__((always_inline)) inline int nowhere(int x)
{
	asm volatile("");
	return x + 3;
}

template <class T> NOINLINE T shared_template(T x)
{
	asm volatile("");
	return x + x;
}

/* Implicit members: no source, but code. */
struct implicit_parts {
	std::string name = "n";
	int value = 1;
};

struct left {
	virtual int turn();
	virtual ~left();
	int a = 0;
};

struct right {
	virtual int turn();
	virtual right *self();
	virtual ~right();
	int b = 0;
};

struct base {
	NOINLINE base(int x);
	NOINLINE base(const base &other);
	int v;
};

/* A virtual base gives complete and base variants of constructors and destructors, the second base
 * class thunks, and the covariant result a thunk that adjusts it. */
struct both : left, right, virtual base {
	both(int x);
	both(const both &other);
	int turn() override;
	both *self() override;
	~both() override;
};

struct inherits : base {
	using base::base;
	implicit_parts parts;
};

int run_other(int rounds);
int recurse(int depth);

#endif
