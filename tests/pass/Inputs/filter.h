/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * filter.h - a function whose source path differs from that of the unit that includes it.
 */
namespace ns {
inline long f(long x) { return x; }
}
