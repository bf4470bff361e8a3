// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Each function of the table, at any level: the same arguments, then the site's row and what was
// called; behind those that print, a call of its own. The program works as before.
//
// RUN: %ir -O0 %s > %t && FileCheck %s < %t && %verify < %t
// RUN: %ir -O2 -fno-builtin %s > %t && FileCheck %s < %t && %verify < %t
// RUN: %clang -O0 %s %stub -o %t.0 && env STUB=off %t.0
// RUN: %clang -O2 %s %stub -o %t.2 && env STUB=off %t.2
//
// CHECK-LABEL: define{{.*}} @all(
// CHECK: call {{.*}} @__instr_alloc(i64 {{.*}}10, {{.*}} @__instr_site.all.1{{.*}}@malloc{{.*}})
// CHECK: call {{.*}} @__instr_realloc({{.*}}, i64 {{.*}}20, {{.*}} @__instr_site.all.2{{.*}}@realloc{{.*}})
// CHECK: call {{.*}} @__instr_reallocarray({{.*}}, i64 {{.*}}3, i64 {{.*}}40, {{.*}} @__instr_site.all.3{{.*}}@reallocarray{{.*}})
// CHECK: call void @__instr_free({{.*}} @__instr_site.all.4{{.*}}@free{{.*}})
// CHECK: call {{.*}} @__instr_calloc(i64 {{.*}}3, i64 {{.*}}4, {{.*}} @__instr_site.all.5{{.*}}@calloc{{.*}})
// CHECK: call {{.*}} @__instr_posix_memalign({{.*}}, i64 {{.*}}64, i64 {{.*}}65, {{.*}} @__instr_site.all.7{{.*}}@posix_memalign{{.*}})
// CHECK: call {{.*}} @__instr_aligned_alloc(i64 {{.*}}64, i64 {{.*}}128, {{.*}} @__instr_site.all.9{{.*}}@aligned_alloc{{.*}})
// CHECK: call {{.*}} @__instr_aligned_alloc(i64 {{.*}}64, i64 {{.*}}66, {{.*}} @__instr_site.all.11{{.*}}@memalign{{.*}})
// CHECK: call {{.*}} @__instr_alloc(i64 {{.*}}3, {{.*}} @__instr_site.all.13{{.*}}@valloc{{.*}})
// CHECK: call {{.*}} @__instr_alloc(i64 {{.*}}4, {{.*}} @__instr_site.all.15{{.*}}@pvalloc{{.*}})
// CHECK: call {{.*}} @__instr_strdup({{.*}} @__instr_site.all.17{{.*}}@strdup{{.*}})
// CHECK: call {{.*}} @__instr_strndup({{.*}}, i64 {{.*}}2, {{.*}} @__instr_site.all.19{{.*}}@strndup{{.*}})
// CHECK: call {{.*}} @__instr_wcsdup({{.*}} @__instr_site.all.21{{.*}}@wcsdup{{.*}})
// CHECK: [[PRINTED:%[0-9a-z]+]] = call i32 ({{.*}}, ...) @asprintf({{.*}}, i32 {{.*}}3, double {{.*}}1.5
// CHECK: call void @__instr_printed({{.*}}, i32 [[PRINTED]], {{.*}} @__instr_site.all.23{{.*}})
// CHECK: call i64 @__instr_getdelim({{.*}}, i32 {{.*}}120, {{.*}} @__instr_site.all.25{{.*}}@getdelim{{.*}})
// CHECK-LABEL: define{{.*}} @line(
// CHECK: call i64 @__instr_get{{line|delim}}({{.*}} @__instr_site.line.1{{.*}}@{{getline|__getdelim}}{{.*}})
// CHECK-LABEL: define{{.*}} @print(
// CHECK: call i32 @vasprintf(
// CHECK: call void @__instr_printed({{.*}} @__instr_site.print.1{{.*}})
// CHECK-LABEL: define{{.*}} @checked(
// CHECK: call i32 ({{.*}}, ...) @__asprintf_chk({{.*}}, i32 {{.*}}1, {{.*}}, i32 {{.*}}7)
// CHECK: call void @__instr_printed({{.*}} @__instr_site.checked.1{{.*}})
//
// No hook is called through the lazy resolver.
// CHECK-DAG: declare {{.*}} @__instr_alloc({{.*}}) [[ATTRIBUTES:#[0-9]+]]
// CHECK-DAG: attributes [[ATTRIBUTES]] = { nonlazybind }
#define _GNU_SOURCE
#include <malloc.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>
int failures;
static inline void expect(int ok)
{
	if (!ok)
		failures++;
}
__attribute__((noinline)) void all(const char *text, const wchar_t *wide, FILE *in)
{
	char *s = NULL, *t = NULL;
	void *p = malloc(10);
	size_t bytes = 0;
	p = realloc(p, 20);
	p = reallocarray(p, 3, 40);
	free(p);
	p = calloc(3, 4);
	free(p);
	expect(posix_memalign(&p, 64, 65) == 0 && (size_t)p % 64 == 0);
	free(p);
	free(aligned_alloc(64, 128));
	free(memalign(64, 66));
	free(valloc(3));
	free(pvalloc(4));
	s = strdup(text);
	expect(!strcmp(s, text));
	free(s);
	s = strndup(text, 2);
	expect(strlen(s) == 2);
	free(s);
	p = wcsdup(wide);
	free(p);
	expect(asprintf(&s, "%s %d %.1f", text, 3, 1.5) == 10 && !strcmp(s, "text 3 1.5"));
	free(s);
	expect(getdelim(&t, &bytes, 'x', in) == 3);
	free(t);
}
__attribute__((noinline)) long line(char **s, size_t *bytes, FILE *in)
{
	return getline(s, bytes, in);
}
__attribute__((noinline)) int print(char **s, const char *format, ...)
{
	va_list list;
	va_start(list, format);
	int result = vasprintf(s, format, list);
	va_end(list);
	return result;
}
int __asprintf_chk(char **, int, const char *, ...);
void checked(char **s)
{
	__asprintf_chk(s, 1, "%d", 7);
}
int main(void)
{
	char data[] = "text\nline\n", *s = NULL;
	size_t bytes = 0;
	FILE *in = fmemopen(data, sizeof data - 1, "r");
	all("text", L"wide", in);
	expect(line(&s, &bytes, in) == 2 && !strcmp(s, "t\n"));
	free(s);
	expect(print(&s, "%d %.1f", 2, 2.5) == 5 && !strcmp(s, "2 2.5"));
	free(s);
	checked(&s);
	expect(!strcmp(s, "7"));
	free(s);
	fclose(in);
	return failures;
}
