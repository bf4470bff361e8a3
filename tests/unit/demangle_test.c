/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * demangle_test.c - names that a traced program gives to its functions, honest and otherwise.
 */
#include "check.h"
#include "drain/demangle.h"

static void check_name(const char *linkage_name, const char *want)
{
	char *name = irt_demangle(linkage_name);
	int same = want ? name && !strcmp(name, want) : !name;

	if (!same)
		CHECK_FAIL("%s is %s", linkage_name, name ? name : "no name");
	check_count++;
	free(name);
}

TEST(mangled_names_become_readable)
{
	check_name("_Z4mainv", "main()");
	check_name("_ZN3foo3barIiEEvRKSt6vectorIT_SaIS2_EE", "void foo::bar<int>(std::vector<int, std::allocator<int> > const&)");
	check_name("_ZNSt6vectorIiSaIiEE9push_backEOi", "std::vector<int, std::allocator<int> >::push_back(int&&)");
}

TEST(what_is_no_mangled_name_stays_as_it_is)
{
	check_name("main", NULL);
	check_name("", NULL);
	check_name("_Z", NULL);
	check_name("_Zxyz!", NULL);
}

/* Each parameter is a pair of the one before: what k of them stand for is 2^k ints. */
static char *doubled(int times)
{
	char *name = malloc(64 + (size_t)times * 16);
	size_t n = (size_t)sprintf(name, "_Z1f4pairIiiE");

	for (int i = 0; i < times; i++) {
		char id[8] = "";
		if (i < 36)
			snprintf(id, sizeof(id), "%c", i < 10 ? '0' + i : 'A' + i - 10);
		else
			snprintf(id, sizeof(id), "%c%c", i / 36 - 1 < 10 ? '0' + i / 36 - 1 : 'A' + i / 36 - 11,
				 i % 36 < 10 ? '0' + i % 36 : 'A' + i % 36 - 10);
		n += (size_t)sprintf(name + n, "S_IS%s_S%s_E", id, id);
	}
	return name;
}

TEST(a_short_name_that_stands_for_an_endless_one_is_left)
{
	char *few = doubled(3), *many = doubled(70), *name;

	CHECK(strlen(many) < 1000);
	name = irt_demangle(few);
	CHECK(name && strlen(name) > 100); /* so these are names */
	free(name);
	check_name(many, NULL);
	free(few);
	free(many);
}

TEST_MAIN()
