/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * queue.h - a bounded queue of document numbers, from one thread to many.
 */
#ifndef INDEXER_QUEUE_H
#define INDEXER_QUEUE_H

#include <pthread.h>
#include <stddef.h>

enum { QUEUE_SLOTS = 64 };

struct queue {
	pthread_mutex_t mutex;
	pthread_cond_t not_empty, not_full;
	size_t slots[QUEUE_SLOTS];
	size_t head, count;
	int closed;
};

void queue_init(struct queue *queue);
void queue_fini(struct queue *queue);
/* Waits while the queue is full. */
void queue_put(struct queue *queue, size_t item);
/* Waits for an item. Returns 0 when the queue is closed and empty. */
int queue_take(struct queue *queue, size_t *item);
/* No queue_put may follow. */
void queue_close(struct queue *queue);

#endif
