/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * mutation.h - for the models: which rule is left out, by the environment of the checker, so that one
 * compilation serves all. MUTATION=0 (or nothing): none.
 */
c_code {
	static int mutation;
	__attribute__((constructor)) static void choose_mutation(void)
	{
		const char *m = getenv("MUTATION");
		mutation = m ? atoi(m) : 0;
	}
};
#define MUTATION(n) c_expr { mutation == n }
