/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * words.c - see words.h.
 */
#include "words.h"

#include <stdlib.h>
#include <string.h>

/* Sorted: looked up by bsearch. */
static const char stop_words[][8] = {
	"about", "all", "also", "an", "and", "any", "are", "as", "at", "be", "because", "been", "but",
	"by", "can", "could", "do", "does", "each", "for", "from", "had", "has", "have", "how", "if",
	"in", "into", "is", "it", "its", "may", "more", "most", "must", "no", "not", "of", "on", "one",
	"only", "or", "other", "our", "out", "so", "some", "such", "than", "that", "the", "their",
	"them", "then", "there", "these", "they", "this", "to", "up", "was", "we", "were", "what",
	"when", "where", "which", "who", "will", "with", "would", "you", "your",
};

static unsigned char fold[256]; /* a byte of a word folded to lower case; 0: no part of a word */

__attribute__((constructor)) static void fill_fold(void)
{
	for (int c = '0'; c <= '9'; c++)
		fold[c] = (unsigned char)c;
	for (int c = 'a'; c <= 'z'; c++)
		fold[c] = fold[c - 'a' + 'A'] = (unsigned char)c;
	for (int c = 128; c < 256; c++)
		fold[c] = (unsigned char)c;
	/* The lead bytes of U+0080..U+00BF and U+2000..U+2FFF: signs, dashes, quotes, arrows. */
	fold[0xc2] = fold[0xe2] = 0;
}

static int compare_stop_word(const void *term, const void *stop_word)
{
	return strcmp(term, stop_word);
}

static int is_stop_word(const char *term, size_t bytes)
{
	return bytes < sizeof stop_words[0] &&
	       bsearch(term, stop_words, sizeof stop_words / sizeof stop_words[0], sizeof stop_words[0],
		       compare_stop_word) != NULL;
}

/* Harman's S stemmer, "How effective is suffixing?" (1991), table 1: the first rule that fits. */
static size_t strip_plural(char *term, size_t bytes)
{
	if (bytes < 4 || term[bytes - 1] != 's')
		return bytes;
	char before = term[bytes - 2], third = term[bytes - 3];
	if (before == 'e' && third == 'i' && term[bytes - 4] != 'e' && term[bytes - 4] != 'a') {
		term[bytes - 3] = 'y';
		bytes -= 2;
	} else if (before == 'e' && third != 'a' && third != 'e' && third != 'o' && third != 'i') {
		bytes -= 1;
	} else if (before != 'u' && before != 's' && before != 'e') {
		bytes -= 1;
	}
	term[bytes] = 0;
	return bytes;
}

static int continues(unsigned char byte)
{
	return (byte & 0xc0) == 0x80;
}

/* The last byte of the UTF-8 character that starts here. */
static const unsigned char *skip_sign(const unsigned char *at, const unsigned char *end)
{
	while (at + 1 < end && continues(at[1]))
		at++;
	return at;
}

/* A long word may have been cut inside a character: drops what is left of it. */
static size_t cut_whole(const char *term, size_t bytes)
{
	size_t last = bytes;
	while (last && continues((unsigned char)term[last - 1]))
		last--;
	if (!last)
		return bytes;
	unsigned char lead = (unsigned char)term[last - 1];
	size_t whole = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc0 ? 2 : 1;
	return bytes - (last - 1) < whole ? last - 1 : bytes;
}

void words_start(struct word_reader *reader, const char *text, size_t bytes)
{
	reader->at = text;
	reader->end = text + bytes;
	reader->words = reader->bytes = 0;
	reader->term[0] = 0;
}

int words_next(struct word_reader *reader)
{
	const unsigned char *at = (const unsigned char *)reader->at, *end = (const unsigned char *)reader->end;
	while (at < end) {
		size_t bytes = 0;
		for (; at < end && !fold[*at]; at++)
			if (*at == 0xc2 || *at == 0xe2)
				at = skip_sign(at, end);
		for (; at < end && fold[*at]; at++)
			if (bytes < WORD_MAX_BYTES)
				reader->term[bytes++] = (char)fold[*at];
		if (bytes == WORD_MAX_BYTES)
			bytes = cut_whole(reader->term, bytes);
		if (bytes < WORD_MIN_BYTES)
			continue;
		reader->term[bytes] = 0;
		reader->words++;
		if (is_stop_word(reader->term, bytes))
			continue;
		reader->bytes = strip_plural(reader->term, bytes);
		reader->at = (const char *)at;
		return 1;
	}
	reader->at = reader->end;
	return 0;
}

/* FNV-1a, 32 bits. */
uint32_t word_hash(const char *term)
{
	uint32_t hash = 2166136261u;
	for (; *term; term++)
		hash = (hash ^ (unsigned char)*term) * 16777619u;
	return hash;
}
