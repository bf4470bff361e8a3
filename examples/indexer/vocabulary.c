/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * vocabulary.c - see vocabulary.h.
 */
#include "vocabulary.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The table has its terms in the order in which threads happened to add them: this order is ours. */
static int compare_terms(const void *a, const void *b)
{
	const struct term *left = *(const struct term *const *)a, *right = *(const struct term *const *)b;
	size_t left_documents = term_documents(left), right_documents = term_documents(right);
	if (left_documents != right_documents)
		return left_documents > right_documents ? -1 : 1;
	return strcmp(left->text, right->text);
}

void vocabulary_list(struct index *index)
{
	index->vocabulary_count = table_terms(&index->table);
	index->vocabulary = memory_get(index->vocabulary_count * sizeof *index->vocabulary);
	table_list(&index->table, index->vocabulary);
	qsort(index->vocabulary, index->vocabulary_count, sizeof *index->vocabulary, compare_terms);
}

static void offer_keyword(struct document *document, const struct term *term, double weight)
{
	int at = KEYWORDS;
	while (at && (!document->keywords[at - 1] || document->keyword_weights[at - 1] < weight))
		at--;
	if (at == KEYWORDS)
		return;
	for (int i = KEYWORDS - 1; i > at; i--) {
		document->keywords[i] = document->keywords[i - 1];
		document->keyword_weights[i] = document->keyword_weights[i - 1];
	}
	document->keywords[at] = term;
	document->keyword_weights[at] = weight;
}

/* TF-IDF. Terms of a single document say nothing about others, numbers little about anything. */
void vocabulary_pick_keywords(struct index *index)
{
	for (size_t i = 0; i < index->vocabulary_count; i++) {
		const struct term *term = index->vocabulary[i];
		size_t documents = term_documents(term);
		if (documents < 2)
			break;
		if (term->text[0] <= '9')
			continue;
		double rarity = log((double)index->indexed / (double)documents);
		for (const struct posting *p = term->postings; p; p = p->next)
			offer_keyword(&index->documents[p->document], term, rarity * p->count);
	}
}
