/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * count.c - the independent counts of calls, linked into the programs of the truth tests beside our
 * own runtime. Compile it without any instrumentation. It counts what three parts of clang insert:
 *
 *   cyg      -finstrument-functions (before inlining) or -finstrument-functions-after-inlining
 *            (in code generation, after every pass of ours): enters and exits, by function address
 *   late     -fsanitize-coverage=func,trace-pc-guard,pc-table: enters, at the extension point where
 *            our hooks go in too. It alone knows thunks and global initialisers.
 *   profile  -fprofile-instr-generate: its counters live in clang's own runtime, which would write
 *            them from atexit; compiled with COUNT_PROFILE, this file has them written behind
 *            the last destructor.
 *
 * One text line per function goes to the file that COUNTS names, when the program ends:
 *
 *     cyg ADDRESS ENTERS EXITS     address relative to the ELF header, hexadecimal
 *     late ADDRESS ENTERS
 *     end                          the last line of a complete file
 *
 * Counters are atomic: any thread, any moment. Nothing here allocates. Not for signal handlers that
 * interrupt the first call of a function, not for programs that fork.
 */
#include <dirent.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <sys/syscall.h>

/* Open addressing by function address; four times as many slots as the largest program has
 * functions. */
enum { SLOTS = 1 << 16, GUARDS = 1 << 16, SAMPLES = 4 };

static struct slot {
	_Atomic uintptr_t function;
	_Atomic uint64_t enters, exits;
} slots[SLOTS];

static _Atomic uint64_t late[GUARDS]; /* by guard number, from 1 */
static uintptr_t late_function[GUARDS];
static uint32_t guards_known, functions_known;

extern const char __ehdr_start[] __attribute__((visibility("hidden")));
#ifdef COUNT_PROFILE
int __llvm_profile_write_file(void);
void __llvm_profile_initialize_file(void);
extern int __llvm_profile_runtime;

/* Its presence keeps clang's runtime from writing by itself: it would do so too early, and a second
 * time means appending everything once more. */
int __llvm_profile_runtime;
#endif

static void give_up(const char *why)
{
	fprintf(stderr, "count.c: %s\n", why);
	_exit(99);
}

static struct slot *find_slot(uintptr_t function)
{
	uint32_t i = (uint32_t)((function * 0x9e3779b97f4a7c15u) >> 48);

	for (uint32_t tries = 0; tries < SLOTS; tries++, i = (i + 1) % SLOTS) {
		uintptr_t seen = atomic_load_explicit(&slots[i].function, memory_order_relaxed);

		if (seen == 0 &&
		    atomic_compare_exchange_strong(&slots[i].function, &seen, function))
			return &slots[i];
		if (seen == function)
			return &slots[i];
	}
	give_up("more functions than slots");
	return NULL;
}

void __cyg_profile_func_enter(void *function, void *site);
void __cyg_profile_func_exit(void *function, void *site);
void __sanitizer_cov_trace_pc_guard_init(uint32_t *start, uint32_t *stop);
void __sanitizer_cov_pcs_init(const uintptr_t *start, const uintptr_t *stop);
void __sanitizer_cov_trace_pc_guard(const uint32_t *guard);

void __cyg_profile_func_enter(void *function, void *site)
{
	(void)site;
	atomic_fetch_add_explicit(&find_slot((uintptr_t)function)->enters, 1, memory_order_relaxed);
}

void __cyg_profile_func_exit(void *function, void *site)
{
	(void)site;
	atomic_fetch_add_explicit(&find_slot((uintptr_t)function)->exits, 1, memory_order_relaxed);
}

/* A constructor of every object (priority 2) calls both with the whole range of the program; only the
 * first call counts. A function that runs before them meets guard 0 and is found out at the end. */
void __sanitizer_cov_trace_pc_guard_init(uint32_t *start, uint32_t *stop)
{
	if (start == stop || *start)
		return;
	if (stop - start >= GUARDS)
		give_up("more functions than guards");
	for (; start < stop; start++)
		*start = ++guards_known;
}

void __sanitizer_cov_pcs_init(const uintptr_t *start, const uintptr_t *stop)
{
	if (functions_known)
		return;
	if (stop - start >= 2 * GUARDS)
		give_up("more functions than guards");
	for (; start < stop; start += 2)
		late_function[++functions_known] = start[0];
}

void __sanitizer_cov_trace_pc_guard(const uint32_t *guard)
{
	atomic_fetch_add_explicit(&late[*guard], 1, memory_order_relaxed);
}

/* Time on a processor of all threads but this one, ns; -1 if there is none, -2 if one runs now. */
static long long others_time(void)
{
	DIR *tasks = opendir("/proc/self/task");
	long long sum = -1, self = syscall(SYS_gettid);
	struct dirent *entry;

	while (tasks && (entry = readdir(tasks))) {
		char path[300], state = '?';
		long long ns = 0;
		FILE *file;

		if (entry->d_name[0] == '.' || atoll(entry->d_name) == self)
			continue;
		snprintf(path, sizeof path, "/proc/self/task/%s/schedstat", entry->d_name);
		if ((file = fopen(path, "r"))) {
			if (fscanf(file, "%lld", &ns) != 1)
				ns = 0;
			fclose(file);
		}
		snprintf(path, sizeof path, "/proc/self/task/%s/stat", entry->d_name);
		if ((file = fopen(path, "r"))) {
			if (fscanf(file, "%*d (%*[^)]) %c", &state) != 1)
				state = '?';
			fclose(file);
		}
		if (state == 'R') {
			sum = -2;
			break;
		}
		sum = (sum < 0 ? 0 : sum) + ns;
	}
	if (tasks)
		closedir(tasks);
	return sum;
}

/* Threads that outlive main (LevelDB's background thread) may still be on their way back into their
 * wait: every count here and in the trace has to be taken behind their last call. They are at rest
 * when none of them got a processor for a while. */
static void wait_for_other_threads(void)
{
	long long before = others_time();
	int quiet = before == -1 ? SAMPLES : 0;

	for (int tries = 0; quiet < SAMPLES; tries++) {
		struct timespec pause = {.tv_nsec = 5000000};
		long long now;

		nanosleep(&pause, NULL);
		now = others_time();
		quiet = now == before && now != -2 ? quiet + 1 : 0;
		before = now;
		if (tries == 2000)
			give_up("the other threads do not come to rest");
	}
}

/* Runs behind all other destructors and atexit handlers of the program. */
__attribute__((destructor(101))) static void write_counts(void)
{
	const char *path = getenv("COUNTS");
	FILE *file;

	if (!path)
		return;
	wait_for_other_threads();
#ifdef COUNT_PROFILE
	__llvm_profile_initialize_file();
	if (__llvm_profile_write_file() != 0)
		give_up("the profile cannot be written");
#endif
	if (guards_known != functions_known)
		give_up("guards and functions do not fit together");
	/* The constructor that registers our module is the one function that runs earlier. */
	if (late[0] > 1)
		give_up("a function ran before its guard was numbered");
	file = fopen(path, "w");
	if (!file)
		give_up("COUNTS cannot be written");
	for (int i = 0; i < SLOTS; i++) {
		if (slots[i].function)
			fprintf(file, "cyg %lx %lu %lu\n",
				(unsigned long)(slots[i].function - (uintptr_t)__ehdr_start),
				(unsigned long)slots[i].enters, (unsigned long)slots[i].exits);
	}
	for (uint32_t i = 1; i <= guards_known; i++)
		fprintf(file, "late %lx %lu\n", (unsigned long)(late_function[i] - (uintptr_t)__ehdr_start),
			(unsigned long)late[i]);
	fprintf(file, "end\n");
	if (ferror(file) | fclose(file))
		give_up("COUNTS cannot be written");
}
