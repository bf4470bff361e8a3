/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * query.c - BM25 with the usual constants (Robertson and Zaragoza, "The Probabilistic Relevance
 * Framework: BM25 and Beyond", 2009, formula 3.15); see query.h.
 */
#include "query.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "words.h"

enum { QUERY_TERMS = 16 };

static const double saturation = 1.2, length_weight = 0.75;

static int is_better(const struct hit *a, const struct hit *b)
{
	return a->score > b->score || (a->score == b->score && a->document < b->document);
}

static void offer_hit(struct answer *answer, struct hit hit)
{
	int at = answer->count;
	if (at == HITS && !is_better(&hit, &answer->hits[HITS - 1]))
		return;
	if (at == HITS)
		at--;
	else
		answer->count++;
	for (; at && is_better(&hit, &answer->hits[at - 1]); at--)
		answer->hits[at] = answer->hits[at - 1];
	answer->hits[at] = hit;
}

static void add_scores(const struct index *index, const struct term *term, double *scores)
{
	double all = (double)index->indexed, with = (double)term_documents(term);
	double rarity = log(1 + (all - with + 0.5) / (with + 0.5));
	for (const struct posting *p = term->postings; p; p = p->next) {
		double length = (double)index->documents[p->document].terms / index->average_terms;
		double count = p->count;
		scores[p->document] += rarity * count * (saturation + 1) /
				       (count + saturation * (1 - length_weight + length_weight * length));
	}
}

void query_terms(const struct index *index, const struct term *const *terms, size_t count, struct answer *answer)
{
	double *scores = memory_zeroed(index->files->count, sizeof *scores);
	memset(answer, 0, sizeof *answer);
	for (size_t i = 0; i < count; i++)
		if (terms[i])
			add_scores(index, terms[i], scores);
	for (size_t i = 0; i < index->files->count; i++)
		if (scores[i] > 0) {
			answer->matches++;
			offer_hit(answer, (struct hit){i, scores[i]});
		}
	free(scores);
}

void query_text(const struct index *index, const char *text, struct answer *answer)
{
	const struct term *terms[QUERY_TERMS];
	struct word_reader reader;
	size_t count = 0;
	words_start(&reader, text, strlen(text));
	while (count < QUERY_TERMS && words_next(&reader))
		terms[count++] = table_find(&index->table, reader.term);
	query_terms(index, terms, count, answer);
}

struct related {
	const struct index *index;
	struct answer *answers;
};

static void find_related(void *context, size_t number)
{
	struct related *related = context;
	query_terms(related->index, related->index->documents[number].keywords, KEYWORDS, &related->answers[number]);
}

void query_all_related(const struct index *index, unsigned threads, struct answer *answers)
{
	struct related related = {index, answers};
	run_on_threads(threads, index->files->count, find_related, &related);
}
