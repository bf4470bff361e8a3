/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * block.c - the hooks around calls that may block (instr/hooks.h): how long each took, what it moved, and what
 * its descriptor is of.
 *
 * A record in front of the call, so that one is seen that does not return, and one behind it. How long it took is in
 * the second one, and not to be told from the stamps: that of the second may be of a later moment, if the record had to
 * wait for room, and that wait is not the program's. That of the first is the moment at which the call is counted from.
 *
 * What a descriptor is of costs a system call to know, as much as a short read itself. So it is kept, by
 * descriptor, and believed for a short call if it was asked less than a millisecond ago. A call that took longer
 * hides the price and asks anew. What opens or accepts a descriptor and has hooks corrects what is kept of
 * its number; so only one that code without hooks has closed and opened again as something else can be taken for
 * what it was before, for less than a millisecond.
 *
 * A filter of system calls may kill for one that the program does not make itself. So nothing is asked any more once a
 * call that puts one up is seen (__instr_block_shut), or where hooks make no system calls anyway (irt_is_quiet).
 *
 * Raw system calls only, no vector registers; errno is not touched. A signal handler may run hooks at any
 * instruction: what is kept is one word per descriptor.
 */
#include "capture/stream.h"

#include "instr/hooks.h"

/* Their prototypes are the compiler plugin's business: instr/hooks.h has them in words. */
#pragma GCC diagnostic ignored "-Wmissing-prototypes"
#define HOOK __attribute__((visibility("default")))

enum {
	KEPT = 1024,          /* of higher descriptors nothing is kept */
	LONG_TICKS = 1 << 14, /* some microseconds */
	OLD_TICKS = 1 << 21,  /* less than a millisecond */
	KIND_BITS = 4,
	TIMED_OUT = 110,       /* ETIMEDOUT */
	THREADS_TIMED_OUT = 4, /* thrd_timedout of C11, in glibc and musl */
};
_Static_assert(INSTR_DESCRIPTOR_KINDS <= 1 << KIND_BITS, "a kind fits what is kept");

/* By descriptor: the ticks when it was asked, with the kind in the lowest bits; 0: nothing. A child of fork has the
 * same descriptors. */
static uint64_t kept[KEPT];

/* A filter of system calls may be there. A child of fork has it too. */
static uint32_t shut;

/* ---- descriptors ------------------------------------------------------------------------------------- */

/* struct stat as the kernel fills it on x86-64. */
struct status {
	uint64_t device, inode, links;
	uint32_t mode, user, group, pad;
	uint64_t special;
	uint64_t more[12];
};
_Static_assert(sizeof(struct status) == 144, "the kernel's struct stat");

enum { MODE_KIND = 0170000, MODE_SOCKET = 0140000, MODE_FILE = 0100000, MODE_BLOCK = 0060000, MODE_DIRECTORY = 0040000,
       MODE_CHARACTER = 0020000, MODE_PIPE = 0010000 };

/* Linux, Documentation/admin-guide/devices.txt: consoles and serial lines, /dev/tty, pseudo terminals. */
static int is_terminal(uint64_t device)
{
	unsigned major = (unsigned)(device >> 8 & 0xfff);

	return major == 4 || major == 5 || (major >= 136 && major <= 143) || major == 188 || major == 204 || major == 229;
}

static unsigned ask(int descriptor)
{
	struct status s;

	if (irt_load_relaxed(&shut) || irt_is_quiet() || irt_failed(irt_sys3(__NR_fstat, descriptor, (long)&s, 0)))
		return INSTR_DESCRIPTOR_UNKNOWN;
	switch (s.mode & MODE_KIND) {
	case MODE_FILE:
		return INSTR_DESCRIPTOR_FILE;
	case MODE_DIRECTORY:
		return INSTR_DESCRIPTOR_DIRECTORY;
	case MODE_PIPE:
		return INSTR_DESCRIPTOR_PIPE;
	case MODE_SOCKET:
		return INSTR_DESCRIPTOR_SOCKET;
	case MODE_CHARACTER:
		return is_terminal(s.special) ? INSTR_DESCRIPTOR_TTY : INSTR_DESCRIPTOR_DEVICE;
	case MODE_BLOCK:
		return INSTR_DESCRIPTOR_DEVICE;
	case 0:
		return INSTR_DESCRIPTOR_EVENT;
	default:
		return INSTR_DESCRIPTOR_UNKNOWN;
	}
}

/* Nothing rides on what is kept: any of its values was true of this number at some time. */
static void keep(int descriptor, unsigned kind, uint64_t now)
{
	if (descriptor >= 0 && descriptor < KEPT)
		irt_store_relaxed(&kept[descriptor], (now >> KIND_BITS << KIND_BITS) | kind);
}

static unsigned ask_and_keep(int descriptor, uint64_t now)
{
	if (descriptor < 0)
		return INSTR_DESCRIPTOR_UNKNOWN;
	unsigned kind = ask(descriptor);
	keep(descriptor, kind, now);
	return kind;
}

static unsigned known_kind(int descriptor, uint64_t now, uint64_t took)
{
	if (took < LONG_TICKS && descriptor >= 0 && descriptor < KEPT) {
		uint64_t word = irt_load_relaxed(&kept[descriptor]);
		if (word && now - word < OLD_TICKS)
			return (unsigned)word & ((1 << KIND_BITS) - 1);
	}
	return ask_and_keep(descriptor, now);
}

static unsigned kind_of(int descriptor, int how, int64_t result, uint64_t now, uint64_t took)
{
	switch (how & INSTR_BLOCK_OF_MASK) {
	case INSTR_BLOCK_OF_ANY:
		return known_kind(descriptor, now, took);
	case INSTR_BLOCK_OF_ACCEPTED:
		keep((int)result, INSTR_DESCRIPTOR_SOCKET, now);
		return INSTR_DESCRIPTOR_SOCKET;
	case INSTR_BLOCK_OF_SOCKET:
		if (descriptor >= 0 && descriptor < KEPT &&
		    (irt_load_relaxed(&kept[descriptor]) & ((1 << KIND_BITS) - 1)) != INSTR_DESCRIPTOR_SOCKET)
			keep(descriptor, INSTR_DESCRIPTOR_SOCKET, now);
		return INSTR_DESCRIPTOR_SOCKET;
	case INSTR_BLOCK_OF_QUEUE:
		return INSTR_DESCRIPTOR_QUEUE;
	case INSTR_BLOCK_OF_NEW:
		return result < 0 ? INSTR_DESCRIPTOR_NONE : ask_and_keep((int)result, now);
	default:
		return INSTR_DESCRIPTOR_NONE;
	}
}

/* ---- hooks ------------------------------------------------------------------------------------------- */

HOOK uint64_t __instr_block_begin(const struct instr_row *site)
{
	if (irt_load_relaxed(&irt_local.gate) == IRT_GATE_OFF || irt_load_relaxed(&irt_local.block_off)) /* only saves the clock */
		return 0;
	uint64_t begun = irt_record(&irt_local.block_off, IRT_STAMP_EARLY, 0, INSTR_EXT_BLOCKING, site, 1, 0, 0, 0);
	return begun ? begun : irt_ticks(); /* that it began is lost; what it took need not be */
}

HOOK uint64_t __instr_block_begin_if(int64_t first, int64_t second, int when, const struct instr_row *site)
{
	return instr_block_waits((enum instr_block_when)when, first, second) ? __instr_block_begin(site) : 0;
}

HOOK void __instr_block_end(uint64_t begun, int64_t result, int descriptor, int how, const struct instr_row *site)
{
	const unsigned says = (unsigned)how & INSTR_BLOCK_RESULT_MASK;

	if (!begun)
		return;
	uint64_t now = irt_ticks(), took = now > begun ? now - begun : 0, bytes = 0;
	int failed = says == INSTR_BLOCK_RESULT_CODE ? result != 0 : says != INSTR_BLOCK_RESULT_NONE && result < 0;
	if (how & INSTR_BLOCK_TIMED && (result == TIMED_OUT || result == THREADS_TIMED_OUT))
		failed = 0;
	if (says == INSTR_BLOCK_RESULT_BYTES && result > 0)
		bytes = (uint64_t)result & INSTR_BLOCK_BYTES_MASK;
	uint64_t kind = kind_of(descriptor, how, result, now, took);
	irt_record(&irt_local.block_off, IRT_STAMP_EARLY, now, INSTR_EXT_BLOCK, site, 2, took,
		   bytes | kind << INSTR_BLOCK_KIND_SHIFT | (failed ? INSTR_BLOCK_FAILED : 0), 0);
}

/* linux/prctl.h, asm/unistd_64.h; without privileges, no filter comes before PR_SET_NO_NEW_PRIVS. */
enum { SET_SECCOMP = 22, SET_NO_NEW_PRIVILEGES = 38 };

HOOK void __instr_block_shut(int64_t first, int what)
{
	if (what == INSTR_BLOCK_SHUT_ALWAYS || (what == INSTR_BLOCK_SHUT_SYSCALL && first == __NR_seccomp) ||
	    (what == INSTR_BLOCK_SHUT_PRCTL && ((int)first == SET_SECCOMP || (int)first == SET_NO_NEW_PRIVILEGES)))
		irt_store_relaxed(&shut, 1u); /* this thread is the one that must see it first */
}
