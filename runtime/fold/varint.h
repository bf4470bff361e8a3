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

/* The same where lengths come in no order: without a branch on them, for numbers below 2^28. */
static inline uint8_t *irt_put_any_varint(uint8_t *p, uint64_t v)
{
	if (v >> 28)
		return irt_put_varint(p, v);
	unsigned bits = 64 - (unsigned)__builtin_clzll(v | 1), bytes = (bits * 9 + 64) / 64;
	uint32_t n = (uint32_t)v, out = (n & 0x7f) | (n & 0x3f80) << 1 | (n & 0x1fc000) << 2 | (n & 0xfe00000) << 3;

	out |= UINT32_C(0x808080) & ((UINT32_C(1) << 8 * (bytes - 1)) - 1);
	__builtin_memcpy(p, &out, 4);
	return p + bytes;
}

/* The same where most are below 2^14. */
static inline uint8_t *irt_put_short_varint(uint8_t *p, uint64_t v)
{
	if (v >> 14)
		return irt_put_any_varint(p, v);
	unsigned longer = v >= 128;
	uint16_t out = (uint16_t)((v & 0x7f) | (v << 1 & 0x7f00) | longer << 7);

	__builtin_memcpy(p, &out, 2);
	return p + 1 + longer;
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
