// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One sentence each, at any level; a name that does not occur is no error, nor is what another declaration
// behind it says better.
//
// RUN: rm -f %t.o
// RUN: env "INSTR_OPTIONS=alloc=my_alloc" not %clang -c %s -o %t.o 2>&1 | FileCheck %s --check-prefix=FORM
// FORM: error: instr: INSTR_OPTIONS: setting 'alloc' cannot be 'my_alloc'; it takes a function with the numbers of its parameters, as in my_alloc(size=0) or my_calloc(count=0,size=1)
// FORM-NOT: error:
// RUN: env "INSTR_OPTIONS=alloc=my_alloc(sice=0)" not %clang -c %s -o %t.o 2>&1 | FileCheck %s --check-prefix=WORD
// WORD: error: instr: INSTR_OPTIONS: setting 'alloc' cannot be 'my_alloc(sice=0)'; it takes
// RUN: env "INSTR_OPTIONS=alloc=my_alloc(size=0,size=0)" not %clang -c %s -o %t.o 2>&1 | FileCheck %s --check-prefix=TWICE
// TWICE: setting 'alloc' cannot be 'my_alloc(size=0,size=0)'
// RUN: env "INSTR_OPTIONS=free=my_free(ptr=x)" not %clang -c %s -o %t.o 2>&1 | FileCheck %s --check-prefix=NUMBER
// NUMBER: setting 'free' cannot be 'my_free(ptr=x)'; it takes a function with the number of its parameter, as in my_free(ptr=0)
// RUN: env "INSTR_OPTIONS=realloc=my_realloc(size=1)" not %clang -c %s -o %t.o 2>&1 | FileCheck %s --check-prefix=LESS
// LESS: setting 'realloc' cannot be 'my_realloc(size=1)'; it takes
// RUN: env INSTR_OPTIONS=alloc= not %clang -c %s -o %t.o 2>&1 | FileCheck %s --check-prefix=NONE
// NONE: setting 'alloc' needs a value: a function with
// RUN: env "INSTR_OPTIONS=alloc=my_alloc(size=1)" not %clang -O2 -c %s -o %t.o 2>&1 | FileCheck %s --check-prefix=MANY
// MANY: error: instr: alloc=my_alloc(size=1): my_alloc has 1 parameter, counted from 0, and none of number 1
// MANY-NOT: error:
// RUN: env "INSTR_OPTIONS=alloc=my_realloc(size=0)" not %clang -c %s -o %t.o 2>&1 | FileCheck %s --check-prefix=INTEGER
// INTEGER: error: instr: alloc=my_realloc(size=0): parameter 0 of my_realloc is no integer of at most 64 bits
// RUN: env "INSTR_OPTIONS=free=my_realloc(ptr=1)" not %clang -c %s -o %t.o 2>&1 | FileCheck %s --check-prefix=POINTER
// POINTER: error: instr: free=my_realloc(ptr=1): parameter 1 of my_realloc is no pointer
// RUN: env "INSTR_OPTIONS=alloc=my_size(size=0)" not %clang -c %s -o %t.o 2>&1 | FileCheck %s --check-prefix=RESULT
// RESULT: error: instr: alloc=my_size(size=0): my_size returns no pointer
// RUN: not test -e %t.o
// RUN: env "INSTR_OPTIONS=alloc=elsewhere(size=7):alloc=my_*(size=0):realloc=my_realloc(ptr=0,size=1):alloc=my_s*(size=0):free=my_size(ptr=1)" %clang -c %s -o %t.o
typedef __SIZE_TYPE__ size_t;
void *my_alloc(size_t n);
void *my_realloc(void *p, size_t n);
size_t my_size(size_t n, void *p);
size_t f(size_t n)
{
	return my_size(n, my_realloc(my_alloc(n), n));
}
