/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * index.h - an index over a list of files: built by several threads, then read by several.
 */
#ifndef INDEXER_INDEX_H
#define INDEXER_INDEX_H

#include <stdint.h>

#include "files.h"
#include "table.h"

enum { KEYWORDS = 3 };

struct document {
	size_t text_bytes, words, terms; /* terms: words that are not stop words */
	enum text_result result;
	const struct term *keywords[KEYWORDS]; /* what sets it apart, best first; NULL: no more */
	double keyword_weights[KEYWORDS];
};

struct index {
	const struct file_list *files;
	struct document *documents; /* one per file */
	size_t indexed;             /* documents with TEXT_OK */
	double average_terms;
	struct table table;
	const struct term **vocabulary; /* most widespread first, then by text */
	size_t vocabulary_count;
};

void index_build(struct index *index, const struct file_list *files, unsigned threads);
void index_free(struct index *index);
/* A number that depends on every term and posting: the same for the same files. */
uint64_t index_checksum(const struct index *index);

/* Calls work(context, number) for every number below count, on that many threads. */
void run_on_threads(unsigned threads, size_t count, void (*work)(void *context, size_t number), void *context);

#endif
