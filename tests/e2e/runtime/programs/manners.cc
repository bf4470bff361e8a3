/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * manners.cc - new and delete that fail, are caught, are aligned. With -DOWN: of the program's own.
 */
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <new>
#include <stdexcept>
#include <vector>

static volatile size_t huge = PTRDIFF_MAX - 4096;
static int handled;

#ifdef OWN
static long news, deletes;

void *operator new(size_t bytes)
{
	news++;
	if (void *p = malloc(bytes))
		return p;
	throw std::bad_alloc();
}
void operator delete(void *p) noexcept
{
	deletes += p != nullptr;
	free(p);
}
void operator delete(void *p, size_t) noexcept { operator delete(p); }
#endif

struct alignas(256) Wide {
	char c[256];
};

struct Throws {
	int *kept = new int(1);
	Throws() { delete kept; throw std::runtime_error("from a constructor"); }
};

static void give_up()
{
	handled++;
	std::set_new_handler(nullptr);
}

static int inner(int n)
{
	std::vector<int> v(n + 1, n);
	try {
		char *p = new char[huge];
		return *p;
	} catch (const std::bad_alloc &) {
		throw; /* through frames with hooks */
	}
}

int main()
{
	int caught = 0;
	for (int i = 0; i < 20; i++) {
		try {
			caught += inner(i);
		} catch (const std::bad_alloc &) {
			caught++;
		}
		try {
			delete new Throws;
		} catch (const std::runtime_error &e) {
			caught += e.what()[0] == 'f';
		}
	}
	std::set_new_handler(give_up);
	try {
		operator delete(operator new(huge));
	} catch (const std::bad_alloc &) {
		caught++;
	}
	Wide *wide = new Wide, *more = new Wide[3];
	printf("caught %d, handler %d, nothrow %d %d, alignment %d\n", caught, handled, new (std::nothrow) char[huge] == nullptr,
	       operator new(huge, std::nothrow) == nullptr, (int)(((uintptr_t)wide | (uintptr_t)more) % 256));
	delete wide;
	delete[] more;
	delete static_cast<int *>(nullptr);
#ifdef OWN
	printf("own %d\n", news > 20 && deletes > 20);
#endif
	return 6;
}
