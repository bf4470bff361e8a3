/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * thread.c - the hooks of calls that create threads (instr/hooks.h). The creator's record and the new thread's slot have
 * the same key (irt_thread.key); the drain finds the two (fold/creators.h).
 *
 * Where it is for the caller to say what the thread runs, the key is a number. It travels in a start:
 *
 *     creator   take_start ──► the real call(.., begin_thread, start)
 *     thread                   begin_thread: key, free_start ──► goes on in what it was to run
 *
 * The thread goes on by a jump: nothing of ours is on its stack. There are as many starts as threads may be under way at one
 * time; beyond that who has created a thread is not told. (Each has the id of the process that took it: what was under
 * way in the parent of a fork child does not arrive there.)
 *
 * std::thread of libstdc++ says itself what its thread runs. There the key is the new thread's control block, which its
 * object has when the call has returned. (That of pthread_create and thrd_create may lie in memory that the thread has given
 * back by then.)
 *
 * No system calls, no vector registers; errno is not touched. A creator may be interrupted by a handler that creates threads
 * anywhere.
 */
#include "capture/stream.h"

#include "instr/hooks.h"

/* Their prototypes are the compiler plugin's business: instr/hooks.h has them in words. */
#pragma GCC diagnostic ignored "-Wmissing-prototypes"
#define HOOK __attribute__((visibility("default")))

typedef void *start_function(void *); /* that of thrd_create returns an int, in the same register */

struct start {
	start_function *function;
	void *argument;
	uint64_t key;
	uint32_t process_id; /* who has taken it; 0 = nobody */
};

enum { STARTS = 4096 }; /* 128 KiB, of which pages that are used are touched */
static struct start starts[STARTS];

static uint64_t last_number;

static int is_on(void)
{
	if (irt_load_relaxed(&irt_local.gate) == IRT_GATE_COLD)
		irt_make_ready((uint64_t)__builtin_frame_address(0)); /* the process joins */
	return irt_load_acquire(&irt_local.gate) == IRT_GATE_ON && !irt_load_relaxed(&irt_local.thread_off); /* A13 */
}

/* ---- a start ------------------------------------------------------------------------------------------- */

/* NULL: there is none. */
static struct start *take_start(start_function *function, void *argument)
{
	const uint32_t mine = irt_local.process->process_id;

	for (struct start *s = starts; s < starts + STARTS; s++) {
		uint32_t who = irt_load_relaxed(&s->process_id);
		if (who == mine || !irt_cas_acq_rel(&s->process_id, &who, mine)) /* own */
			continue;
		s->function = function;
		s->argument = argument;
		s->key = INSTR_KEY_NUMBER | (irt_add_acq_rel(&last_number, 1) + 1); /* own */
		return s;
	}
	return NULL;
}

static void free_start(struct start *s) { irt_store_release(&s->process_id, 0u); /* own */ }

/* The first that a new thread does. */
static void *begin_thread(void *given)
{
	struct start *s = given;
	start_function *function = s->function;
	void *argument = s->argument;

	if (!irt_load_relaxed(&irt_tls.thread)) /* a handler may have joined */
		irt_store_relaxed(&irt_tls.anchor, s->key);
	free_start(s);
	return function(argument);
}

static void record(uint64_t begun, uint64_t key, const struct instr_row *site)
{
	irt_record(&irt_local.thread_off, IRT_STAMP_EARLY, 0, INSTR_EXT_THREAD, site, 2, instr_hidden(key), begun, 0);
}

/* ---- hooks ------------------------------------------------------------------------------------------- */

#define CREATED_BY(call, plain_call)                                                \
	struct start *s = is_on() ? take_start(start, argument) : NULL;             \
	if (!s)                                                                     \
		return plain_call;                                                  \
	uint64_t key = s->key, begun = irt_ticks();                                 \
	int32_t result = call;                                                      \
	if (result)                                                                 \
		free_start(s); /* there is no thread */                             \
	else                                                                        \
		record(begun, key, site);                                           \
	return result

HOOK int32_t __instr_pthread_create(void *id, const void *attributes, start_function *start, void *argument,
				    const struct instr_row *site,
				    int32_t (*f)(void *, const void *, start_function *, void *))
{
	CREATED_BY(f(id, attributes, begin_thread, s), f(id, attributes, start, argument));
}

HOOK int32_t __instr_thrd_create(void *id, start_function *start, void *argument, const struct instr_row *site,
				 int32_t (*f)(void *, start_function *, void *))
{
	CREATED_BY(f(id, begin_thread, s), f(id, start, argument));
}

HOOK uint64_t __instr_thread_begin(void) { return is_on() ? irt_ticks() : 0; }

/* std::thread begins with its pthread_t. */
HOOK void __instr_thread_end(uint64_t begun, const uint64_t *thread, const struct instr_row *site)
{
	if (begun && *thread)
		record(begun, *thread, site);
}
