/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * queue.c - see queue.h.
 */
#include "queue.h"

void queue_init(struct queue *queue)
{
	pthread_mutex_init(&queue->mutex, NULL);
	pthread_cond_init(&queue->not_empty, NULL);
	pthread_cond_init(&queue->not_full, NULL);
	queue->head = queue->count = 0;
	queue->closed = 0;
}

void queue_fini(struct queue *queue)
{
	pthread_cond_destroy(&queue->not_full);
	pthread_cond_destroy(&queue->not_empty);
	pthread_mutex_destroy(&queue->mutex);
}

void queue_put(struct queue *queue, size_t item)
{
	pthread_mutex_lock(&queue->mutex);
	while (queue->count == QUEUE_SLOTS)
		pthread_cond_wait(&queue->not_full, &queue->mutex);
	queue->slots[(queue->head + queue->count++) % QUEUE_SLOTS] = item;
	pthread_cond_signal(&queue->not_empty);
	pthread_mutex_unlock(&queue->mutex);
}

int queue_take(struct queue *queue, size_t *item)
{
	pthread_mutex_lock(&queue->mutex);
	while (!queue->count && !queue->closed)
		pthread_cond_wait(&queue->not_empty, &queue->mutex);
	int found = queue->count != 0;
	if (found) {
		*item = queue->slots[queue->head];
		queue->head = (queue->head + 1) % QUEUE_SLOTS;
		queue->count--;
		pthread_cond_signal(&queue->not_full);
	}
	pthread_mutex_unlock(&queue->mutex);
	return found;
}

void queue_close(struct queue *queue)
{
	pthread_mutex_lock(&queue->mutex);
	queue->closed = 1;
	pthread_cond_broadcast(&queue->not_empty);
	pthread_mutex_unlock(&queue->mutex);
}
