/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
namespace ns {
inline long f(long x) { return x; }
}
