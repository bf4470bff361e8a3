/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * words.h - from text to terms: split, fold to lower case, drop stop words, strip plurals.
 *
 * A word is a run of letters, digits and non-ASCII characters that are no signs (only ASCII is
 * folded). Bytes that are not UTF-8 are taken as they are.
 * Underscores split, so ring_bytes is found under both its words.
 */
#ifndef INDEXER_WORDS_H
#define INDEXER_WORDS_H

#include <stddef.h>
#include <stdint.h>

enum { WORD_MIN_BYTES = 2, WORD_MAX_BYTES = 47 }; /* longer words are cut, not split */

struct word_reader {
	const char *at, *end;
	size_t words; /* seen so far, stop words included */
	size_t bytes; /* of the term */
	char term[WORD_MAX_BYTES + 1];
};

void words_start(struct word_reader *reader, const char *text, size_t bytes);
/* Puts the next term into reader->term. Returns 0 at the end of the text. */
int words_next(struct word_reader *reader);

uint32_t word_hash(const char *term);

#endif
