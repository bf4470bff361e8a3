// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One sentence each, no crash, no object.
//
// RUN: rm -f %t.o
// RUN: not %clang -c %s -o %t.o -Xclang -mllvm -Xclang -instr=alow=f 2>&1 | FileCheck %s --check-prefix=KEY
// KEY: error: instr: -instr: unknown setting 'alow'; did you mean 'allow'?
// KEY-NOT: PLEASE
// RUN: not test -e %t.o
// RUN: env INSTR_OPTIONS=dney=f not %clang -c %s -o %t.o 2>&1 | FileCheck %s --check-prefix=ENVIRONMENT
// ENVIRONMENT: error: instr: INSTR_OPTIONS: unknown setting 'dney'; did you mean 'deny'?
// RUN: not %clang -c %s -o %t.o -Xclang -mllvm -Xclang -instr=unwind=perhaps 2>&1 | FileCheck %s --check-prefix=FLAG
// FLAG: error: instr: -instr: setting 'unwind' cannot be 'perhaps'; it takes on or off
// RUN: not %clang -c %s -o %t.o -Xclang -mllvm -Xclang -instr=tail=yes 2>&1 | FileCheck %s --check-prefix=CHOICE
// CHOICE: error: instr: -instr: setting 'tail' cannot be 'yes'; it takes call|keep
// RUN: not %clang -c %s -o %t.o -Xclang -mllvm -Xclang -instr=deny 2>&1 | FileCheck %s --check-prefix=VALUE
// VALUE: error: instr: -instr: setting 'deny' needs a value
// RUN: env INSTR_CONFIG=%t.none not %clang -c %s -o %t.o 2>&1 | FileCheck %s --check-prefix=FILE
// FILE: error: instr: INSTR_CONFIG: cannot read {{.*}}: No such file
// RUN: printf 'verbose=on\nunwind=of\n' > %t.conf
// RUN: env INSTR_CONFIG=%t.conf not %clang -c %s -o %t.o 2>&1 | FileCheck %s --check-prefix=CONFIG
// CONFIG: .conf: setting 'unwind' cannot be 'of'
//
// Settings of the runtime are not the pass's business; help and verbose talk on stderr.
// RUN: env INSTR_OPTIONS=out=x.db:ring_bytes=oops:record=off %clang -c %s -o %t.o
// RUN: env INSTR_OPTIONS=verbose=1:help=1 %clang -c %s -o %t.o 2>&1 | FileCheck %s --check-prefix=TALK
// TALK: settings of the compiler plugin
// TALK: tail
// TALK: 1 functions instrumented, 0 not
int f(void)
{
	return 1;
}
