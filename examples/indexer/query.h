/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * query.h - ranked queries over an index.
 */
#ifndef INDEXER_QUERY_H
#define INDEXER_QUERY_H

#include "index.h"

enum { HITS = 5 };

struct hit {
	size_t document;
	double score;
};

struct answer {
	struct hit hits[HITS]; /* best first; equal scores by document number */
	int count;
	size_t matches; /* documents that hold any of the terms */
};

/* Ranks all documents for some terms (NULL entries are skipped). Any number of threads at once. */
void query_terms(const struct index *index, const struct term *const *terms, size_t count, struct answer *answer);
/* The same for a text, split as documents are. */
void query_text(const struct index *index, const char *text, struct answer *answer);
/* For each document its keywords as a query: what else is like it. Fills answers[documents]. */
void query_all_related(const struct index *index, unsigned threads, struct answer *answers);

#endif
