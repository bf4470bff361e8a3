/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * index.c - see index.h. Threads take documents from a queue, count the terms of each by
 * themselves, and merge the counts into the shared table; then one thread lists the vocabulary and
 * picks each document's keywords.
 */
#include "index.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "queue.h"
#include "vocabulary.h"
#include "words.h"

struct crew {
	struct queue queue;
	void (*work)(void *context, size_t number);
	void *context;
};

static void *take_work(void *argument)
{
	struct crew *crew = argument;
	size_t number;
	while (queue_take(&crew->queue, &number))
		crew->work(crew->context, number);
	return NULL;
}

void run_on_threads(unsigned threads, size_t count, void (*work)(void *context, size_t number), void *context)
{
	struct crew crew = {.work = work, .context = context};
	pthread_t *members = memory_get(threads * sizeof *members);
	unsigned started = 0;
	int trouble = 0;
	queue_init(&crew.queue);
	while (started < threads && !(trouble = pthread_create(&members[started], NULL, take_work, &crew)))
		started++;
	if (!started) {
		fprintf(stderr, "indexer: no thread can be started: %s\n", strerror(trouble));
		exit(3);
	}
	for (size_t number = 0; number < count; number++)
		queue_put(&crew.queue, number);
	queue_close(&crew.queue);
	while (started)
		pthread_join(members[--started], NULL);
	queue_fini(&crew.queue);
	free(members);
}

static void count_terms(struct bag *bag, struct document *document, const char *text, size_t bytes)
{
	struct word_reader reader;
	words_start(&reader, text, bytes);
	while (words_next(&reader)) {
		bag_add(bag, reader.term, reader.bytes);
		document->terms++;
	}
	document->words = reader.words;
}

static void index_document(void *context, size_t number)
{
	struct index *index = context;
	struct document *document = &index->documents[number];
	struct bag bag;
	char *text;

	document->result = text_read(index->files->paths[number], &text, &document->text_bytes);
	if (document->result != TEXT_OK)
		return;
	bag_init(&bag, document->text_bytes);
	count_terms(&bag, document, text, document->text_bytes);
	table_merge(&index->table, (uint32_t)number, &bag);
	bag_fini(&bag);
	free(text);
}

void index_build(struct index *index, const struct file_list *files, unsigned threads)
{
	size_t terms = 0;
	memset(index, 0, sizeof *index);
	index->files = files;
	index->documents = memory_zeroed(files->count, sizeof *index->documents);
	table_init(&index->table);
	run_on_threads(threads, files->count, index_document, index);
	for (size_t i = 0; i < files->count; i++) {
		index->indexed += index->documents[i].result == TEXT_OK;
		terms += index->documents[i].terms;
	}
	index->average_terms = index->indexed ? (double)terms / (double)index->indexed : 0;
	vocabulary_list(index);
	vocabulary_pick_keywords(index);
}

void index_free(struct index *index)
{
	free(index->vocabulary);
	free(index->documents);
	table_fini(&index->table);
}

static uint64_t mix(uint64_t sum, uint64_t value)
{
	sum = (sum ^ value) * UINT64_C(0x9e3779b97f4a7c15);
	return sum ^ sum >> 29;
}

uint64_t index_checksum(const struct index *index)
{
	uint64_t sum = index->indexed;
	for (size_t i = 0; i < index->vocabulary_count; i++) {
		sum = mix(sum, word_hash(index->vocabulary[i]->text));
		for (const struct posting *p = index->vocabulary[i]->postings; p; p = p->next)
			sum = mix(sum, (uint64_t)p->document << 32 | p->count);
	}
	return sum;
}
