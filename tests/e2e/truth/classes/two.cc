/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * two.cc - the other half of the classes program; see one.cc.
 */
#include "shared.h"

namespace {

NOINLINE int same_name(int x)
{
	asm volatile("");
	return x * 3;
}

struct counted {
	NOINLINE counted() { count++; }
	static int count;
};

int counted::count = 0;

} // namespace

static counted at_start;

static NOINLINE int same_static(int x)
{
	asm volatile("");
	return x + 10;
}

int left::turn()
{
	return a;
}

left::~left() {}

int right::turn()
{
	return b;
}

right *right::self()
{
	return this;
}

right::~right() {}

base::base(int x) : v(x) {}

base::base(const base &other) : v(other.v + 1) {}

both::both(int x) : base(x)
{
	b = x;
}

both::both(const both &other) : base(other), left(other), right(other)
{
	b = other.b + 1;
}

int both::turn()
{
	return left::turn() + b;
}

both *both::self()
{
	return this;
}

both::~both() {}

int recurse(int depth)
{
	return depth == 0 ? counted::count : recurse(depth - 1) + recurse(depth - 1);
}

int run_other(int rounds)
{
	int sum = 0;

	for (int i = 0; i < rounds; i++) {
		static counted on_first_call;

		sum += same_name(i) + same_static(i) + per_file(i) + shared_inline(i) + nowhere(i);
		sum += shared_template(i) + (int)shared_template(0.5);
	}
	return sum;
}
