/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * dispatch.c - libinstr.so: finds out which LLVM has loaded it and hands over to the
 * libinstr-N.so beside it, so that one file name serves every clang, opt and lld on the machine.
 *
 * It uses nothing of LLVM itself and therefore loads everywhere. Without a plugin for the LLVM at
 * hand it says so in one sentence and ends the compiler.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* PassPluginLibraryInfo is returned through memory that the caller provides and sized for its own
 * LLVM: passing the address on and returning it is that convention, whatever the struct holds. */
typedef void *plugin_info(void *result);

__attribute__((visibility("default"))) plugin_info llvmGetPassPluginInfo;

static plugin_info *real_info;

static unsigned find_llvm_major(void)
{
	void (*get_version)(unsigned *, unsigned *, unsigned *);
	unsigned major = 0;

	*(void **)&get_version = dlsym(RTLD_DEFAULT, "LLVMGetVersion");
	if (get_version) /* since 16 */
		get_version(&major, NULL, NULL);
	else if (dlsym(RTLD_DEFAULT, "LLVMConstExtractValue")) /* up to 14 */
		major = 14;
	else if (dlsym(RTLD_DEFAULT, "LLVMModuleCreateWithName"))
		major = 15;
	return major;
}

static void list_plugins(const char *folder, char *text, size_t bytes)
{
	DIR *entries = opendir(folder);
	struct dirent *entry;
	size_t used = 0;
	unsigned major;
	char rest;

	text[0] = 0;
	while (entries && (entry = readdir(entries)))
		if (sscanf(entry->d_name, "libinstr-%u.s%c", &major, &rest) == 2 && used < bytes)
			used += (size_t)snprintf(text + used, bytes - used, "%s%u", used ? ", " : "", major);
	if (entries)
		closedir(entries);
}

__attribute__((constructor)) static void hand_over(void)
{
	static const char own_name[] = "libinstr.so";
	unsigned major = find_llvm_major();
	char folder[4096] = "", path[4200], others[200];
	Dl_info self;

	if (!major)
		return; /* not a compiler: someone inspects the file */
	if (dladdr(own_name, &self) && self.dli_fname)
		snprintf(folder, sizeof folder, "%s", self.dli_fname);
	char *slash = strrchr(folder, '/');
	if (slash)
		*slash = 0;
	else
		strcpy(folder, ".");
	snprintf(path, sizeof path, "%s/libinstr-%u.so", folder, major);
	void *plugin = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (plugin)
		*(void **)&real_info = dlsym(plugin, "llvmGetPassPluginInfo");
	if (real_info)
		return;
	list_plugins(folder, others, sizeof others);
	const char *why = dlerror();
	if (strstr(why ? why : "", "No such file"))
		why = "it was not built";
	fprintf(stderr, "error: instr: this compiler is LLVM %u, but %s cannot be used: %s (there are "
		"plugins for: %s)\n", major, path, why ? why : "no entry point", *others ? others : "none");
	_Exit(1);
}

void *llvmGetPassPluginInfo(void *result)
{
	return real_info(result);
}
