/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * lock.c - the hooks around locks (instr/hooks.h): each calls the function that the program meant and records what it
 * did.
 *
 * What takes a lock is recorded behind the call, what gives it back before: else another thread might be seen to get
 * a lock that is not free yet. Both read the clock without a fence, which would be half of what a lock costs: a processor
 * may do so some hundred cycles early, while it still waits for the lock's memory. Who was first then shows in the fold
 * (fold/locks.h). A fence is where a wait begins: what was over by then is no wait.
 *
 * Where trying first is the same call (instr/locks.def), who gets the lock at once reads the clock once. Only who does
 * not, and who may not try, is timed: one record before the call that may wait, one behind it.
 *
 * errno and what is returned stay as they are. A wait for a condition may be cancelled: then the lock has been taken
 * again, and that is recorded on the way out, as exceptions of operator new are in heap.c (capture/passing.c).
 */
#include "capture/stream.h"

#include "instr/hooks.h"

/* Their prototypes are the compiler plugin's business: instr/hooks.h has them in words. */
#pragma GCC diagnostic ignored "-Wmissing-prototypes"
#define HOOK __attribute__((visibility("default")))

/* As in heap.c: a program without exceptions has no unwinder. */
__asm__(".weak _Unwind_Resume");

enum { OWNER_DIED = 130 /* EOWNERDEAD: the lock has been taken */, NOT_PERMITTED = 1 /* EPERM */,
       CANCELLED = -1 };

static inline __attribute__((always_inline)) void record(enum instr_ext ext, const struct instr_row *site, const void *lock,
							 uint64_t value)
{
	const uint64_t mode = site->flags >> INSTR_ROW_FAMILY_SHIFT & 255;
	const enum irt_stamp stamp = ext == INSTR_EXT_WAITING || ext == INSTR_EXT_SIGNALLED ? IRT_STAMP_FENCED : IRT_STAMP_EARLY;

	irt_record(&irt_local.lock_off, stamp, 0, ext, site, 2, instr_hidden((uint64_t)lock), value | mode << INSTR_HEAP_FAMILY_SHIFT, 0);
}

static inline int is_taken(int32_t result) { return result == 0 || result == OWNER_DIED; }

/* Did it get the lock at once? */
static inline __attribute__((always_inline)) int tried(void *lock, const struct instr_row *site, int32_t (*attempt)(void *),
						       int32_t *result)
{
	if (!attempt)
		return 0;
	*result = attempt(lock);
	if (!is_taken(*result))
		return 0;
	record(INSTR_EXT_ACQUIRED, site, lock, 0);
	return 1;
}

#define TIMED(was_tried, call)                                                        \
	({                                                                            \
		record(INSTR_EXT_WAITING, site, lock, was_tried);                     \
		int32_t r_ = call;                                                    \
		record(INSTR_EXT_WAITED, site, lock, (uint32_t)r_ & 255);             \
		r_;                                                                   \
	})

/* ---- taking ----------------------------------------------------------------------------------------- */

HOOK int32_t __instr_lock(void *lock, const struct instr_row *site, int32_t (*f)(void *), int32_t (*attempt)(void *))
{
	int32_t result;
	if (__builtin_expect(tried(lock, site, attempt, &result), 1))
		return result;
	return TIMED(attempt != NULL, f(lock));
}

HOOK int32_t __instr_lock1(void *lock, const void *until, const struct instr_row *site, int32_t (*f)(void *, const void *),
			   int32_t (*attempt)(void *))
{
	int32_t result;
	if (tried(lock, site, attempt, &result))
		return result;
	return TIMED(attempt != NULL, f(lock, until));
}

HOOK int32_t __instr_clocklock(void *lock, int32_t clock, const void *until, const struct instr_row *site,
			       int32_t (*f)(void *, int32_t, const void *), int32_t (*attempt)(void *))
{
	(void)attempt;
	return TIMED(0, f(lock, clock, until));
}

HOOK int32_t __instr_trylock(void *lock, const struct instr_row *site, int32_t (*f)(void *), int32_t (*attempt)(void *))
{
	(void)attempt;
	int32_t result = f(lock);
	if (is_taken(result))
		record(INSTR_EXT_ACQUIRED, site, lock, 0);
	else
		record(INSTR_EXT_REFUSED, site, lock, (uint32_t)result & 255);
	return result;
}

/* ---- giving back ------------------------------------------------------------------------------------ */

HOOK int32_t __instr_unlock(void *lock, const struct instr_row *site, int32_t (*f)(void *), int32_t (*attempt)(void *))
{
	(void)attempt;
	record(INSTR_EXT_RELEASED, site, lock, 0);
	return f(lock);
}

struct again {
	void *condition, *lock;
	const struct instr_row *site;
	int32_t result;
};

/* Whom no signal has woken says so. Who has not had the lock, and is told so, does not have it now. */
static inline __attribute__((nothrow)) void end_wait(const struct again *a)
{
	if (!is_taken(a->result))
		record(INSTR_EXT_CONDITION, a->site, a->condition, 1);
	if (a->result != NOT_PERMITTED)
		record(INSTR_EXT_ACQUIRED, a->site, a->lock, 0);
}

/* Until it has returned, it counts as cancelled. */
#define GIVING_BACK(its_lock)                                                                              \
	__attribute__((cleanup(end_wait))) struct again again_ = {condition, its_lock, site, CANCELLED};  \
	record(INSTR_EXT_CONDITION, site, condition, 0);                                                   \
	record(INSTR_EXT_RELEASED, site, again_.lock, 0)

HOOK int32_t __instr_cond_wait(void *condition, void *lock, const struct instr_row *site, int32_t (*f)(void *, void *),
			       const void *attempt)
{
	(void)attempt;
	GIVING_BACK(lock);
	return again_.result = f(condition, lock);
}

HOOK int32_t __instr_cond_wait1(void *condition, void *lock, const void *until, const struct instr_row *site,
				int32_t (*f)(void *, void *, const void *), const void *attempt)
{
	(void)attempt;
	GIVING_BACK(lock);
	return again_.result = f(condition, lock, until);
}

HOOK int32_t __instr_cond_clockwait(void *condition, void *lock, int32_t clock, const void *until,
				    const struct instr_row *site, int32_t (*f)(void *, void *, int32_t, const void *),
				    const void *attempt)
{
	(void)attempt;
	GIVING_BACK(lock);
	return again_.result = f(condition, lock, clock, until);
}

/* std::unique_lock begins with the pointer to its mutex, and std::mutex is at the address of that of pthread. */
HOOK void __instr_cxx_wait(void *condition, void **unique, const struct instr_row *site, void (*f)(void *, void **),
			   const void *attempt)
{
	(void)attempt;
	GIVING_BACK(*unique);
	f(condition, unique);
	again_.result = 0;
}

HOOK void __instr_cxx_wait1(void *condition, void **unique, uint64_t until, const struct instr_row *site,
			    void (*f)(void *, void **, uint64_t), const void *attempt)
{
	(void)attempt;
	GIVING_BACK(*unique);
	f(condition, unique, until);
	again_.result = 0;
}

/* What is signalled is stamped and published before it is, as what gives a lock back. */
HOOK int32_t __instr_cond_signal(void *condition, const struct instr_row *site, int32_t (*f)(void *), const void *attempt)
{
	(void)attempt;
	record(INSTR_EXT_SIGNALLED, site, condition, 0);
	return f(condition);
}

HOOK int32_t __instr_cond_broadcast(void *condition, const struct instr_row *site, int32_t (*f)(void *), const void *attempt)
{
	(void)attempt;
	record(INSTR_EXT_SIGNALLED, site, condition, 1);
	return f(condition);
}

HOOK void __instr_cxx_notify_one(void *condition, const struct instr_row *site, void (*f)(void *), const void *attempt)
{
	(void)attempt;
	record(INSTR_EXT_SIGNALLED, site, condition, 0);
	f(condition);
}

HOOK void __instr_cxx_notify_all(void *condition, const struct instr_row *site, void (*f)(void *), const void *attempt)
{
	(void)attempt;
	record(INSTR_EXT_SIGNALLED, site, condition, 1);
	f(condition);
}

/* ---- those of libc++, which return nothing, or whether they got it ---------------------------------- */

enum { BUSY = 16 /* EBUSY */, DEADLOCK = 35 /* EDEADLK */ };

struct attempted {
	void *lock;
	const struct instr_row *site;
	uint64_t result;
};

static inline __attribute__((nothrow)) void end_attempt(const struct attempted *a)
{
	record(INSTR_EXT_WAITED, a->site, a->lock, a->result);
}

/* What cannot be locked (by who has it, by too many readers) throws. */
HOOK void __instr_cxx_lock(void *lock, const struct instr_row *site, void (*f)(void *), _Bool (*attempt)(void *))
{
	if (__builtin_expect(attempt && attempt(lock), 1)) {
		record(INSTR_EXT_ACQUIRED, site, lock, 0);
		return;
	}
	record(INSTR_EXT_WAITING, site, lock, attempt != NULL);
	__attribute__((cleanup(end_attempt))) struct attempted attempted = {lock, site, DEADLOCK};
	f(lock);
	attempted.result = 0;
}

HOOK _Bool __instr_cxx_trylock(void *lock, const struct instr_row *site, _Bool (*f)(void *), const void *attempt)
{
	(void)attempt;
	_Bool got = f(lock);
	record(got ? INSTR_EXT_ACQUIRED : INSTR_EXT_REFUSED, site, lock, got ? 0 : BUSY);
	return got;
}

HOOK void __instr_cxx_unlock(void *lock, const struct instr_row *site, void (*f)(void *), const void *attempt)
{
	(void)attempt;
	record(INSTR_EXT_RELEASED, site, lock, 0);
	f(lock);
}

/* ---- those of a program's own, whose calls stay ------------------------------------------------------ */

enum { TIMED_OUT = 110 /* ETIMEDOUT */ };

/* Whether it could be had at once is not known: it is a wait if somebody else had it meanwhile. */
HOOK void __instr_acquiring(void *lock, const struct instr_row *site) { record(INSTR_EXT_WAITING, site, lock, 0); }

HOOK void __instr_acquired(void *lock, uint64_t got, const struct instr_row *site)
{
	record(INSTR_EXT_WAITED, site, lock, got ? 0 : TIMED_OUT);
}

HOOK void __instr_tried(void *lock, uint64_t got, const struct instr_row *site)
{
	record(got ? INSTR_EXT_ACQUIRED : INSTR_EXT_REFUSED, site, lock, got ? 0 : BUSY);
}

HOOK void __instr_releasing(void *lock, const struct instr_row *site) { record(INSTR_EXT_RELEASED, site, lock, 0); }

/* ---- beginning and end ------------------------------------------------------------------------------ */

HOOK int32_t __instr_lock_init(void *lock, const void *attributes, const struct instr_row *site,
			       int32_t (*f)(void *, const void *), const void *attempt)
{
	(void)attempt;
	int32_t result = f(lock, attributes);
	if (!result)
		record(INSTR_EXT_LOCK_INIT, site, lock, 0);
	return result;
}

HOOK int32_t __instr_spin_init(void *lock, int32_t kind, const struct instr_row *site, int32_t (*f)(void *, int32_t),
			       const void *attempt)
{
	(void)attempt;
	int32_t result = f(lock, kind);
	if (!result)
		record(INSTR_EXT_LOCK_INIT, site, lock, 0);
	return result;
}

/* It may be refused (EBUSY), and is recorded behind the call: nobody else may use the lock meanwhile. */
HOOK int32_t __instr_lock_destroy(void *lock, const struct instr_row *site, int32_t (*f)(void *), const void *attempt)
{
	(void)attempt;
	int32_t result = f(lock);
	if (!result)
		record(INSTR_EXT_LOCK_DESTROY, site, lock, 0);
	return result;
}

HOOK void __instr_mtx_destroy(void *lock, const struct instr_row *site, void (*f)(void *), const void *attempt)
{
	(void)attempt;
	f(lock);
	record(INSTR_EXT_LOCK_DESTROY, site, lock, 0);
}
