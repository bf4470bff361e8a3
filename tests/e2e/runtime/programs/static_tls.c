/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * static_tls.c - a library that takes -DBYTES of the static TLS that is left for libraries loaded late.
 */
char *take(void);

static __thread char block[BYTES] __attribute__((tls_model("initial-exec"), aligned(16)));

char *take(void)
{
	return block;
}
