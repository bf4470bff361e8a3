/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * host.c TURNS LIBRARY:FUNCTION... - loads each library in turn, calls its function 10 times, and unloads
 * it, TURNS times over. Says where the first function lay, so that a test can tell whether addresses came
 * again.
 */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int use(const char *library, const char *function)
{
	void *handle = dlopen(library, RTLD_NOW);
	if (!handle) {
		fprintf(stderr, "%s\n", dlerror());
		exit(1);
	}
	int (*call)(int) = (int (*)(int))dlsym(handle, function);
	int sum = 0;
	for (int i = 0; i < 10; i++)
		sum += call(i);
	dlclose(handle);
	return sum;
}

int main(int argc, char **argv)
{
	int sum = 0;
	for (int turn = 0; turn < atoi(argv[1]); turn++) {
		for (int i = 2; i < argc; i++) {
			char name[200];
			snprintf(name, sizeof(name), "%s", argv[i]);
			char *colon = strchr(name, ':');
			*colon = 0;
			sum += use(name, colon + 1);
		}
	}
	printf("%d\n", sum);
	return 0;
}
