// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// allow= and deny=: by mangled name, by demangled name with and without parameters, by path; deny
// wins; what a filter leaves out is listed with reason 7.
//
// RUN: echo '%irxx -O0 -g "$@" %s | sed -n "s/^@__instr_row.\([^ ]*\) .*/\1/p" | sort | tr "\n" " "' > %t.sh
// RUN: sh %t.sh | FileCheck %s --check-prefix=ALL
// ALL: _ZN2ns1fEi _ZN2ns1fEl _ZN2ns1gEi _ZN2ns5sizedIiEEiT_ main
// RUN: sh %t.sh -Xclang -mllvm -Xclang -instr=deny=_ZN2ns1fE* | FileCheck %s --check-prefix=MANGLED
// MANGLED: {{^}}_ZN2ns1gEi _ZN2ns5sizedIiEEiT_ main {{$}}
// RUN: sh %t.sh -Xclang -mllvm -Xclang '-instr=allow=ns::f' | FileCheck %s --check-prefix=NAME
// NAME: {{^}}_ZN2ns1fEi _ZN2ns1fEl {{$}}
// RUN: sh %t.sh -Xclang -mllvm -Xclang '-instr=allow=ns::f(int)' | FileCheck %s --check-prefix=FULL
// FULL: {{^}}_ZN2ns1fEi {{$}}
// RUN: sh %t.sh -Xclang -mllvm -Xclang '-instr=allow=ns::sized*' | FileCheck %s --check-prefix=TEMPLATE
// TEMPLATE: {{^}}_ZN2ns5sizedIiEEiT_ {{$}}
// RUN: sh %t.sh -Xclang -mllvm -Xclang '-instr=allow=ns::*:deny=*::g*' | FileCheck %s --check-prefix=WINS
// WINS: {{^}}_ZN2ns1fEi _ZN2ns1fEl _ZN2ns5sizedIiEEiT_ {{$}}
// RUN: sh %t.sh -Xclang -mllvm -Xclang '-instr=allow=main:allow=ns::g' | FileCheck %s --check-prefix=SUM
// SUM: {{^}}_ZN2ns1gEi main {{$}}
// RUN: sh %t.sh -Xclang -mllvm -Xclang '-instr=deny=pass/Inputs/*' | FileCheck %s --check-prefix=PATH
// PATH: {{^}}_ZN2ns1fEi _ZN2ns1gEi _ZN2ns5sizedIiEEiT_ main {{$}}
// RUN: sh %t.sh -Xclang -mllvm -Xclang '-instr=deny=/pass/Inputs/*' | FileCheck %s --check-prefix=ALL
// RUN: sh %t.sh -Xclang -mllvm -Xclang '-instr=deny=/*/pass/Inputs/*' | FileCheck %s --check-prefix=PATH
//
// The same by the environment and by a file with comments; several doors add up.
// RUN: env INSTR_OPTIONS='deny=ns::f:record=off' sh %t.sh | FileCheck %s --check-prefix=MANGLED
// RUN: printf '# what we do not want\ndeny=ns::f\n  # and this\n  deny = ns::g  \nout=x.db\n' > %t.conf
// RUN: env INSTR_CONFIG=%t.conf INSTR_OPTIONS=deny=main sh %t.sh | FileCheck %s --check-prefix=FILE
// FILE: {{^}}_ZN2ns5sizedIiEEiT_ {{$}}
//
// RUN: %clangxx -O0 %s %stub -Xclang -mllvm -Xclang -instr=allow=main -o %t && %t 2>&1 | FileCheck %s
// CHECK: options=unwind=on:heap=on:block=on:lock=on:thread=on:tail=call:lto=pre:allow=main
// CHECK: skipped _ZN2ns1gEi reason=7
#include "Inputs/filter.h"
namespace ns {
int f(int x) { return x; }
int g(int x) { return x; }
template<class T> int sized(T x) { return (int)(x + sizeof(T)); }
}
int main()
{
	return ns::f(1) + (int)ns::f(2L) + ns::g(3) + ns::sized(4) == 0;
}
