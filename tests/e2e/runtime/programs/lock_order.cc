/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * lock_order.cc [CASE] - as lock_order.c, with the locks of the C++ library.
 */
#include <cstdio>
#include <cstring>
#include <mutex>
#include <shared_mutex>
#include <thread>

namespace guards {
std::mutex a, b;
void first() { std::lock_guard<std::mutex> x(a), y(b); }
void second() { std::lock_guard<std::mutex> x(b), y(a); }
}

namespace scoped {
std::mutex a, b;
void first() { std::scoped_lock both(a, b); }
void second() { std::scoped_lock both(b, a); }
}

namespace at_once {
std::mutex a, b;
void first()
{
	std::unique_lock<std::mutex> x(a, std::defer_lock), y(b, std::defer_lock);
	std::lock(x, y);
}
void second()
{
	std::unique_lock<std::mutex> x(a, std::defer_lock), y(b, std::defer_lock);
	std::lock(y, x);
}
}

namespace again {
std::recursive_mutex a;
std::mutex b;
void first() { std::lock_guard<std::recursive_mutex> x(a); std::lock_guard<std::mutex> y(b); std::lock_guard<std::recursive_mutex> z(a); }
void second() { first(); }
}

namespace shared {
std::shared_mutex a;
std::mutex b;
void first() { std::shared_lock<std::shared_mutex> x(a); std::lock_guard<std::mutex> y(b); }
void second() { std::lock_guard<std::mutex> y(b); std::unique_lock<std::shared_mutex> x(a); }
}

int main(int argc, char **argv)
{
	static const struct { const char *name; void (*threads[2])(); } orders[] = {
		{"guards", {guards::first, guards::second}}, {"scoped", {scoped::first, scoped::second}},
		{"at_once", {at_once::first, at_once::second}}, {"again", {again::first, again::second}},
		{"shared", {shared::first, shared::second}},
	};
	bool known = false;

	for (const auto &o : orders)
		if (argc < 2 || !strcmp(argv[1], o.name)) {
			fprintf(stderr, "== %s\n", o.name);
			for (auto f : o.threads)
				std::thread(f).join();
			known = true;
		}
	return !known;
}
