/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * check.h - the unit test harness: named tests, each a claim; a failed CHECK says where and what
 * and ends that test, the others still run.
 *
 *     TEST(full_ring_waits_and_loses_nothing) { CHECK_EQ(lost, 0); }
 *     TEST_MAIN()
 *
 * Tests register themselves through constructors and run in the order of definition. An argument
 * runs only the tests whose name contains it. Exit status 0: all passed, 1: one failed.
 */
#ifndef TESTS_HARNESS_CHECK_H
#define TESTS_HARNESS_CHECK_H

#include <inttypes.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct check_test {
	const char *name;
	void (*run)(void);
	struct check_test *next;
};

static struct check_test *check_first, **check_last = &check_first;
static jmp_buf check_out;
static unsigned long check_count;

#define TEST(name)                                                                          \
	static void name(void);                                                             \
	static struct check_test check_test_##name = {#name, name, NULL};                   \
	__attribute__((constructor)) static void check_add_##name(void)                     \
	{                                                                                   \
		*check_last = &check_test_##name;                                           \
		check_last = &check_test_##name.next;                                       \
	}                                                                                   \
	static void name(void)

#define CHECK_FAIL(...)                                                                     \
	do {                                                                                \
		printf("  %s:%d: ", __FILE__, __LINE__);                                    \
		printf(__VA_ARGS__);                                                        \
		printf("\n");                                                               \
		longjmp(check_out, 1);                                                      \
	} while (0)

#define CHECK(condition)                                                                    \
	do {                                                                                \
		check_count++;                                                              \
		if (!(condition))                                                           \
			CHECK_FAIL("not true: %s", #condition);                             \
	} while (0)

#define CHECK_EQ(a, b)                                                                      \
	do {                                                                                \
		int64_t check_a = (int64_t)(a), check_b = (int64_t)(b);                     \
		check_count++;                                                              \
		if (check_a != check_b)                                                     \
			CHECK_FAIL("%s is %" PRId64 ", not %s = %" PRId64, #a, check_a, #b, check_b); \
	} while (0)

#define CHECK_STR(a, b)                                                                     \
	do {                                                                                \
		const char *check_a = (a), *check_b = (b);                                  \
		check_count++;                                                              \
		if (!check_a || strcmp(check_a, check_b))                                   \
			CHECK_FAIL("%s is \"%s\", not \"%s\"", #a, check_a ? check_a : "(null)", check_b); \
	} while (0)

static inline int check_main(int argc, char **argv)
{
	volatile unsigned passed = 0, failed = 0; /* setjmp */
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (struct check_test *volatile t = check_first; t; t = t->next) {
		if (argc > 1 && !strstr(t->name, argv[1]))
			continue;
		volatile unsigned long before = check_count;
		if (setjmp(check_out)) {
			printf("FAILED %s\n", t->name);
			failed++;
			continue;
		}
		t->run();
		if (check_count == before) {
			printf("FAILED %s: it checks nothing\n", t->name);
			failed++;
			continue;
		}
		printf("ok %s\n", t->name);
		passed++;
	}
	printf("%u passed, %u failed\n", passed, failed);
	return failed || !passed;
}

#define TEST_MAIN() \
	int main(int argc, char **argv) { return check_main(argc, argv); }

#endif
