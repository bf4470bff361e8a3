/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * table.h - the inverted index that all threads fill: term -> the documents that hold it.
 *
 *     table ── shards[hash % SHARD_COUNT], a mutex each
 *                └── buckets ── struct term ── struct term ...
 *                                 └── struct posting (document, count), ascending by document
 *
 * Lists are kept ascending whatever order documents arrive in, so the table does not depend on the
 * timing of the threads that fill it.
 */
#ifndef INDEXER_TABLE_H
#define INDEXER_TABLE_H

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

#include "bag.h"

enum { SHARD_COUNT = 8 };

struct posting {
	struct posting *next;
	uint32_t document, count;
};

struct term {
	struct term *next; /* in its bucket */
	struct posting *postings;
	char *text;
};

struct shard {
	pthread_mutex_t mutex;
	struct term **buckets;
	size_t bucket_count, term_count;
};

struct table {
	struct shard shards[SHARD_COUNT];
};

void table_init(struct table *table);
void table_fini(struct table *table);
/* Adds all terms of a document. Any thread. */
void table_merge(struct table *table, uint32_t document, const struct bag *bag);

/* The rest is for when all threads are done. */
size_t table_terms(const struct table *table);
/* Fills terms[table_terms()] in no particular order. */
void table_list(const struct table *table, const struct term **terms);
const struct term *table_find(const struct table *table, const char *term);
/* In how many documents the term occurs. */
size_t term_documents(const struct term *term);

#endif
