/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * clock_test.c - is a change of the timestamp counter's rate seen, and nothing else taken for one?
 */
#include "check.h"

#include "base/clock.h"
#include "drain/clock.h"

#include <stdint.h>
#include <time.h>

static const int64_t second = 1000000000;

static struct irt_clock_anchor at(int64_t ticks, int64_t ns)
{
	return (struct irt_clock_anchor){ticks, ns};
}

TEST(a_steady_clock_has_no_drift)
{
	/* 3 ticks per ns, from any time on. */
	CHECK_EQ(irt_clock_drift(at(0, 77), at(30 * second, 77 + 10 * second), at(60 * second, 77 + 20 * second)), 0);
	/* A kernel clock that is steered by 500 millionths. */
	CHECK_EQ(irt_clock_drift(at(0, 0), at(30 * second, 10 * second), at(60 * second, 20 * second + 5000000)), 0);
	/* Anchors that are not read exactly, and near each other. */
	CHECK_EQ(irt_clock_drift(at(0, 0), at(3 * second / 1000, second / 1000 + 40000), at(6 * second / 1000, second / 500 - 40000)), 0);
	/* Far behind two that were near each other: their rate is not exact enough to say more. */
	CHECK_EQ(irt_clock_drift(at(0, 0), at(3 * second / 10, second / 10 + 90000), at(30 * second, 10 * second)), 0);
}

TEST(a_change_of_the_rate_is_told)
{
	/* Half a percent more ticks in as many ns. */
	CHECK(irt_clock_drift(at(0, 0), at(30 * second, 10 * second), at(60 * second + 150000000, 20 * second)) > 4900);
	CHECK(irt_clock_drift(at(0, 0), at(30 * second, 10 * second), at(60 * second + 150000000, 20 * second)) < 5100);
	CHECK(irt_clock_drift(at(0, 0), at(30 * second, 10 * second), at(60 * second - 150000000, 20 * second)) < -4900);
	/* The counter stood still while the machine slept, or the kernel's clock did. */
	CHECK(irt_clock_drift(at(0, 0), at(30 * second, 10 * second), at(33 * second, 20 * second)) < -800000);
	CHECK(irt_clock_drift(at(0, 0), at(30 * second, 10 * second), at(90 * second, 11 * second)) > 1000000);
}

TEST(what_is_no_time_is_no_drift)
{
	CHECK_EQ(irt_clock_drift(at(0, 0), at(0, 0), at(0, 0)), 0);
	CHECK_EQ(irt_clock_drift(at(0, 5), at(3, 5), at(6, 7)), 0);
	CHECK_EQ(irt_clock_drift(at(0, 0), at(30, 10), at(20, 20)), 0);
	CHECK_EQ(irt_clock_drift(at(INT64_MIN, INT64_MIN), at(INT64_MAX, INT64_MAX), at(INT64_MIN, INT64_MAX)), 0);
}

/* However busy the machine: the rates of stretches that a thread is stopped in now and then are the same. */
TEST(moments_are_exact)
{
	enum { MOMENTS = 12 };
	struct irt_moment moments[MOMENTS];

	for (int i = 0; i < MOMENTS; i++) {
		moments[i] = irt_read_moment();
		CHECK(moments[i].monotonic_ns && moments[i].realtime_ns);
		CHECK(!i || moments[i].ticks > moments[i - 1].ticks);
		nanosleep(&(struct timespec){0, 20000000}, NULL);
	}
	for (int i = 2; i < MOMENTS; i++)
		CHECK_EQ(irt_clock_drift(at((int64_t)moments[0].ticks, (int64_t)moments[0].monotonic_ns),
					 at((int64_t)moments[i - 1].ticks, (int64_t)moments[i - 1].monotonic_ns),
					 at((int64_t)moments[i].ticks, (int64_t)moments[i].monotonic_ns)), 0);
}

TEST(reading_the_clock_takes_some_ticks)
{
	uint32_t step, cost;
	irt_clock_measure(&step, &cost);
	CHECK(step >= 1 && step < 1024);
	CHECK(cost >= 1 && cost < 1024);
}

TEST_MAIN()
