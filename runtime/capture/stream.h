/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * stream.h - a record of several units into the thread's stream (instr/record.h): what hooks.S does for the one unit
 * of a call. The order is clock, reserve, store, and the store of word 1 is the only publication.
 */
#ifndef IRT_CAPTURE_STREAM_H
#define IRT_CAPTURE_STREAM_H

#include "capture/capture.h"

#include "base/atomic.h"
#include "base/os.h"
#include "instr/hooks.h"

static inline void irt_publish(struct instr_unit *unit, uint64_t tag, uint64_t ticks)
{
	irt_store_relaxed(&unit->tag, tag);
	irt_store_release(&unit->ticks, ticks); /* R2 */
}

/* Reserves a record of some units in the current sub-buffer. 0: there is no room, take another one. A record that
 * would cross the end leaves PAD in its part. */
static inline __attribute__((always_inline)) int irt_reserve(struct irt_tls *tls, unsigned units, uint64_t ticks,
							     struct instr_unit **unit)
{
	const uint64_t bytes = (uint64_t)units * INSTR_UNIT_BYTES;
	uint64_t at = bytes;

	__asm__ volatile("xaddq %0, %1" : "+r"(at), "+m"(tls->cursor) : : "memory", "cc"); /* C1 */
	*unit = (struct instr_unit *)at;
	if (!((at | (at + bytes - 1)) & IRT_OVERFLOW_BIT))
		return 1;
	if (!(at & IRT_OVERFLOW_BIT))
		irt_publish(*unit, INSTR_PAD, ticks);
	return 0;
}

/* When the clock is read: as it comes, or when all before it is done. (Else a processor reads it some hundred cycles
 * early, while it waits for a lock or a pointer that another thread hands over.) */
enum irt_stamp { IRT_STAMP_EARLY, IRT_STAMP_FENCED };

/* A record of so many units, 1 to 3. off: a word of irt_local that says that such are not made. now: the stamp,
 * if it was read already; 0: it is read here. A record that has had to wait for room is stamped again. The stamp that
 * it got, or 0: none was made. */
static inline __attribute__((always_inline)) uint64_t irt_record(const uint32_t *off, enum irt_stamp stamp, uint64_t now,
							     enum instr_ext ext, const struct instr_row *site, unsigned units,
							     uint64_t p0, uint64_t p1, uint64_t p2)
{
	for (;;) {
		uint64_t gate = irt_load_acquire(&irt_local.gate); /* A13: *off is set when it is on */
		if (gate == IRT_GATE_OFF || irt_load_relaxed(off))
			return 0;
		if (gate == IRT_GATE_ON) {
			if (!now && stamp == IRT_STAMP_FENCED)
				__asm__ volatile("lfence" : : : "memory");
			uint64_t ticks = now ? now : irt_ticks();
			struct instr_unit *unit;
			if (irt_reserve(&irt_tls, units, ticks, &unit)) {
				irt_store_relaxed(&unit[0].tag, instr_ext_tag(ext, units, (uint64_t)site));
				if (units > 1) {
					irt_store_relaxed(&unit[1].ticks, p0);
					irt_store_relaxed(&unit[1].tag, p1);
				}
				if (units > 2) {
					irt_store_relaxed(&unit[2].ticks, p2);
					irt_store_relaxed(&unit[2].tag, 0);
				}
				irt_store_release(&unit[0].ticks, ticks); /* R2 */
				return ticks;
			}
		}
		if (!irt_make_ready((uint64_t)__builtin_frame_address(0)))
			return 0;
		now = 0; /* what has come in between is before it in the stream */
	}
}

#endif
