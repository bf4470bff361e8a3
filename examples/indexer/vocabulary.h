/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * vocabulary.h - what one thread does when the table is filled: put the terms in order, and find the
 * ones that set each document apart.
 */
#ifndef INDEXER_VOCABULARY_H
#define INDEXER_VOCABULARY_H

#include "index.h"

/* Fills index->vocabulary. */
void vocabulary_list(struct index *index);
/* Fills the keywords of all documents; needs the vocabulary. */
void vocabulary_pick_keywords(struct index *index);

#endif
