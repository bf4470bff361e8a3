/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * table.c - see table.h.
 */
#include "table.h"

#include <stdlib.h>
#include <string.h>

#include "words.h"

/* A function that is inlined is part of its caller, in a profile too. These are to be seen. */
#define OUT_OF_LINE __attribute__((noinline))

enum { BUCKETS_AT_START = 64 };

void table_init(struct table *table)
{
	for (int i = 0; i < SHARD_COUNT; i++) {
		struct shard *shard = &table->shards[i];
		pthread_mutex_init(&shard->mutex, NULL);
		shard->bucket_count = BUCKETS_AT_START;
		shard->term_count = 0;
		shard->buckets = memory_zeroed(shard->bucket_count, sizeof(struct term *));
	}
}

static void free_term(struct term *term)
{
	for (struct posting *p = term->postings, *next; p; p = next) {
		next = p->next;
		free(p);
	}
	free(term->text);
	free(term);
}

void table_fini(struct table *table)
{
	for (int i = 0; i < SHARD_COUNT; i++) {
		struct shard *shard = &table->shards[i];
		for (size_t b = 0; b < shard->bucket_count; b++)
			for (struct term *term = shard->buckets[b], *next; term; term = next) {
				next = term->next;
				free_term(term);
			}
		free(shard->buckets);
		pthread_mutex_destroy(&shard->mutex);
	}
}

/* The low bits of the hash choose the shard, the others the bucket. */
static struct term **bucket_of(struct term **buckets, size_t bucket_count, uint32_t hash)
{
	return &buckets[hash / SHARD_COUNT & (bucket_count - 1)];
}

OUT_OF_LINE static void shard_lock(struct shard *shard)
{
	pthread_mutex_lock(&shard->mutex);
}

OUT_OF_LINE static void shard_grow(struct shard *shard)
{
	size_t bucket_count = shard->bucket_count * 2;
	struct term **buckets = memory_zeroed(bucket_count, sizeof *buckets);
	for (size_t b = 0; b < shard->bucket_count; b++)
		for (struct term *term = shard->buckets[b], *next; term; term = next) {
			next = term->next;
			struct term **bucket = bucket_of(buckets, bucket_count, word_hash(term->text));
			term->next = *bucket;
			*bucket = term;
		}
	free(shard->buckets);
	shard->buckets = buckets;
	shard->bucket_count = bucket_count;
}

static struct term *find_term(const struct shard *shard, const char *text, uint32_t hash)
{
	struct term *term = *bucket_of(shard->buckets, shard->bucket_count, hash);
	while (term && strcmp(term->text, text))
		term = term->next;
	return term;
}

OUT_OF_LINE static struct term *create_term(struct shard *shard, const char *text, uint32_t hash)
{
	if (shard->term_count >= shard->bucket_count)
		shard_grow(shard);
	struct term **bucket = bucket_of(shard->buckets, shard->bucket_count, hash);
	struct term *term = memory_get(sizeof *term);
	term->text = memory_text(text, strlen(text));
	term->postings = NULL;
	term->next = *bucket;
	*bucket = term;
	shard->term_count++;
	return term;
}

/* Keeps the list ascending by document. */
OUT_OF_LINE static void insert_posting(struct term *term, uint32_t document, uint32_t count)
{
	struct posting **at = &term->postings;
	while (*at && (*at)->document < document)
		at = &(*at)->next;
	struct posting *posting = memory_get(sizeof *posting);
	posting->document = document;
	posting->count = count;
	posting->next = *at;
	*at = posting;
}

OUT_OF_LINE static void table_add(struct table *table, const struct bag_entry *entry, uint32_t document)
{
	struct shard *shard = &table->shards[entry->hash % SHARD_COUNT];
	shard_lock(shard);
	struct term *term = find_term(shard, entry->term, entry->hash);
	if (!term)
		term = create_term(shard, entry->term, entry->hash);
	insert_posting(term, document, entry->count);
	pthread_mutex_unlock(&shard->mutex);
}

void table_merge(struct table *table, uint32_t document, const struct bag *bag)
{
	for (size_t i = 0; i < bag->slot_count; i++)
		if (bag->slots[i].term)
			table_add(table, &bag->slots[i], document);
}

size_t table_terms(const struct table *table)
{
	size_t terms = 0;
	for (int i = 0; i < SHARD_COUNT; i++)
		terms += table->shards[i].term_count;
	return terms;
}

void table_list(const struct table *table, const struct term **terms)
{
	for (int i = 0; i < SHARD_COUNT; i++)
		for (size_t b = 0; b < table->shards[i].bucket_count; b++)
			for (const struct term *term = table->shards[i].buckets[b]; term; term = term->next)
				*terms++ = term;
}

const struct term *table_find(const struct table *table, const char *term)
{
	uint32_t hash = word_hash(term);
	return find_term(&table->shards[hash % SHARD_COUNT], term, hash);
}

size_t term_documents(const struct term *term)
{
	size_t documents = 0;
	for (const struct posting *p = term->postings; p; p = p->next)
		documents++;
	return documents;
}
