/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * varint.h - integers of variable length (LEB128): seven bits to a byte, the lowest first, the top
 * bit of a byte says that another one follows. At most ten bytes; bits beyond 64 are an error.
 */
#ifndef IRT_FOLD_VARINT_H
#define IRT_FOLD_VARINT_H

#include <stdbool.h>
#include <stdint.h>

enum { IRT_VARINT_MAX = 10 };

/* Writes and returns the place behind it; there are IRT_VARINT_MAX bytes of room. */
static inline uint8_t *irt_put_varint(uint8_t *p, uint64_t v)
{
	while (v >= 128) {
		*p++ = (uint8_t)(v | 128);
		v >>= 7;
	}
	*p++ = (uint8_t)v;
	return p;
}

/* false: the bytes end within it, or it does not fit; *p is then anywhere up to end. */
static inline bool irt_get_varint(const uint8_t **p, const uint8_t *end, uint64_t *v)
{
	const uint8_t *at = *p;
	uint64_t r = 0;

	for (unsigned shift = 0; shift < 70 && at < end; shift += 7) {
		uint8_t byte = *at++;
		if (shift == 63 && byte > 1)
			return false;
		r |= (uint64_t)(byte & 127) << shift;
		if (byte < 128) {
			*p = at;
			*v = r;
			return true;
		}
	}
	return false;
}

/* Signed integers: 0, -1, 1, -2 ... as 0, 1, 2, 3 ... */
static inline uint64_t irt_zigzag(int64_t v)
{
	return (uint64_t)v << 1 ^ (v < 0 ? ~UINT64_C(0) : 0);
}
static inline int64_t irt_unzigzag(uint64_t v)
{
	return (int64_t)(v >> 1 ^ (v & 1 ? ~UINT64_C(0) : 0));
}

#endif
