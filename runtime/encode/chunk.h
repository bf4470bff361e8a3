/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * chunk.h - the events of one chunk as bytes, and back. The bytes are in docs/format.md.
 *
 *     walk's open chunk ──► irt_chunk_encode ──► chunks.data, chunks.functions
 *     chunks.data + the process's contexts ──► irt_chunk_decoder ──► struct irt_event
 *
 * Three streams (tokens, four to a byte; times, two to a byte; side bytes) are packed and compressed
 * apart; each is stored as it is where compression does not make it smaller. A chunk can be decoded
 * alone, given the parent and ordinal of each context.
 *
 * Threads: encoder, decoder and context map each belong to one thread at a time; decoders may share a
 * map that nobody changes.
 */
#ifndef IRT_ENCODE_CHUNK_H
#define IRT_ENCODE_CHUNK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fold/event.h"
#include "fold/walk.h"
#include "instr/errors.h"

enum irt_codec { /* chunks.codec */
	IRT_CODEC_NONE = 0,
	IRT_CODEC_ZSTD = 2, /* 1 is not used */
};

/* ---- encoding ------------------------------------------------------------------------------------- */

struct irt_encoder;

/* Scratch memory of one drain thread, about 2 MB when used. INSTR_ERR_MEMORY. */
int irt_encoder_create(struct irt_encoder **encoder);
void irt_encoder_destroy(struct irt_encoder *encoder); /* NULL is allowed */

struct irt_chunk_bytes {
	struct irt_walk_chunk columns; /* position, events, ticks, contexts ...; its material is not valid
	                                * any more once the walk is used */
	enum irt_codec codec;
	const uint8_t *data;           /* chunks.data */
	size_t data_bytes;
	const uint8_t *functions;      /* chunks.functions */
	size_t function_bytes;
};

/* Encodes the walk's open chunk as it is now; a later call with more events in it gives a whole chunk
 * again. The bytes are the encoder's until its next call. INSTR_ERR_MEMORY; INSTR_ERR_NOT_FOUND: the
 * chunk has no events. */
int irt_chunk_encode(struct irt_encoder *encoder, struct irt_walk *walk, enum irt_codec codec,
		     struct irt_chunk_bytes *out);

/* ---- contexts ------------------------------------------------------------------------------------- */

/* What a decoder needs of a process's contexts: indexes (context_id modulo IRT_CCT_ID_SPAN) by parent
 * and ordinal. */
struct irt_contexts;

int irt_contexts_create(struct irt_contexts **contexts); /* holds the root */
void irt_contexts_destroy(struct irt_contexts *contexts); /* NULL is allowed */

/* Rows in any order, the root's too (ignored). INSTR_ERR_MEMORY; INSTR_ERR_FORMAT: index or parent is
 * not below IRT_CCT_ID_SPAN, or the row contradicts an earlier one. */
int irt_contexts_add(struct irt_contexts *contexts, uint32_t index, uint32_t parent, uint32_t ordinal,
		     uint32_t function);

/* Everything a tree has that the map has not (in the drain, and in tests). */
int irt_contexts_add_tree(struct irt_contexts *contexts, const struct irt_cct *cct);

uint32_t irt_contexts_function(const struct irt_contexts *contexts, uint32_t index); /* 0 if not there */
uint32_t irt_contexts_parent(const struct irt_contexts *contexts, uint32_t index);   /* 0 if not there */

/* ---- decoding ------------------------------------------------------------------------------------- */

/* What stands at the head of the bytes; a chunk can be decoded without its row's columns. */
struct irt_chunk_header {
	uint32_t version;
	enum irt_codec codec;       /* NONE if no stream was made smaller */
	uint64_t events;
	uint32_t time_unit_ticks;
	int64_t start_ticks;
	uint32_t start_context;
	uint64_t start_depth, min_depth;
	size_t header_bytes;        /* where the streams begin */
};

struct irt_chunk_decoder;

int irt_chunk_decoder_create(struct irt_chunk_decoder **decoder); /* INSTR_ERR_MEMORY */
void irt_chunk_decoder_destroy(struct irt_chunk_decoder *decoder); /* NULL is allowed */

/* For who has many chunks open: gives back what only opening needs. */
void irt_chunk_decoder_trim(struct irt_chunk_decoder *decoder);
/* About how much memory it takes as it is now. */
size_t irt_chunk_decoder_bytes(const struct irt_chunk_decoder *decoder);

/* Reads the head alone. INSTR_ERR_FORMAT, INSTR_ERR_VERSION. */
int irt_chunk_read_header(const uint8_t *data, size_t bytes, struct irt_chunk_header *header);

/* Begins a chunk; one decoder serves any number of chunks in turn. data may be freed afterwards,
 * contexts must live on. Safe on any input. INSTR_ERR_FORMAT, INSTR_ERR_VERSION, INSTR_ERR_MEMORY. */
int irt_chunk_open(struct irt_chunk_decoder *decoder, const struct irt_contexts *contexts,
		   const uint8_t *data, size_t bytes);

/* The next events, at most max. Returns how many; 0 = the end; negative: INSTR_ERR_FORMAT (the bytes
 * are damaged; the events given out before were what the bytes said), INSTR_ERR_MEMORY. */
long irt_chunk_next(struct irt_chunk_decoder *decoder, struct irt_event *events, size_t max);

/* The calls that the POP and LANDED events of the last irt_chunk_next have ended, those of one behind those of the other:
 * as many as `value` says, the innermost first. Valid until the next call. */
struct irt_popped_call {
	uint64_t ticks; /* how long it took, waits not counted */
	uint32_t context;
};
const struct irt_popped_call *irt_chunk_popped(const struct irt_chunk_decoder *decoder);

/* Folds the chunk's events behind the first `skip` into a walk that is being restored.
 * INSTR_ERR_FORMAT: damaged, or it does not fit the walk's state; INSTR_ERR_MEMORY. */
int irt_chunk_replay(struct irt_chunk_decoder *decoder, struct irt_walk *walk, uint64_t skip);

/* Whether the function may occur in the chunk whose chunks.functions this is. Damaged bytes: true. */
bool irt_chunk_has_function(const uint8_t *functions, size_t bytes, uint32_t function);

#endif
