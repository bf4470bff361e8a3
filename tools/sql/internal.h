/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * internal.h - what the files of the SQL tables share.
 *
 *     struct sql_source   of a connection: clocks, contexts and statements, kept between queries (source.c)
 *     struct sql_request  what a query asks a table for, as far as that narrows down what is read (request.c)
 *     struct sql_streams  of a query: the events of the threads that it is about, by time (streams.c)
 */
#ifndef TOOLS_SQL_INTERNAL_H
#define TOOLS_SQL_INTERNAL_H

#include <sqlite3ext.h>
SQLITE_EXTENSION_INIT3

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "encode/chunk.h"
#include "sql/sql.h"

/* ---- source.c --------------------------------------------------------------------------------------- */

struct sql_anchor { /* a row of the view anchors */
	int64_t ticks, ns;
	double ns_per_tick;
};

struct sql_contexts { /* of one process */
	struct irt_contexts *map;
	int64_t process_id;
	int64_t last_id; /* context_id up to which they are in the map */
	int64_t count;
	unsigned users, query;
};

enum sql_statement {
	SQL_CLOCKS, SQL_CLOCKS_KEY, SQL_CONTEXTS, SQL_THREADS, SQL_CHUNKS, SQL_CHUNK, SQL_DATA, SQL_OPEN, SQL_LOWEST, SQL_FIRST, SQL_UP,
	SQL_STATEMENTS,
};

struct sql_source {
	sqlite3 *db;
	const struct instr_sql_limit *limit;
	unsigned users;    /* modules and functions of the connection that have it */
	unsigned query;    /* counts queries: what is kept is looked after once in each */
	struct sql_anchor *anchors;
	size_t anchor_count, anchor_room, anchor; /* the one that was used last */
	int64_t clocks_key[2];
	bool has_clocks;
	double ns_per_tick; /* of the whole run */
	struct sql_contexts *contexts;
	size_t context_count, context_room;
	int64_t chunks_read;
	size_t decoders_bytes; /* what decoders of a query may take together: SQL_DECODERS_BYTES */
};

/* For sqlite3_create_module_v2 and its like. */
void sql_source_leave(void *source);

/* A query begins: clocks as they are now. SQLITE_OK, or what went wrong, said by sql_fail. */
int sql_source_begin(struct sql_source *, sqlite3_vtab *table);

/* Prepared for the caller, who finalizes it. */
int sql_prepare(struct sql_source *, sqlite3_vtab *table, enum sql_statement which, sqlite3_stmt **statement);

/* Contexts of a process, all of them as of now; given back with sql_contexts_leave. */
int sql_contexts_of(struct sql_source *, sqlite3_vtab *table, int64_t process_id, struct irt_contexts **contexts);
void sql_contexts_leave(struct sql_source *, int64_t process_id);

/* As the views convert: a point in time, and a duration. */
int64_t sql_ns_of(struct sql_source *, int64_t ticks);
int64_t sql_duration_ns(const struct sql_source *, int64_t ticks);
/* The first tick that is at ns or behind it; INT64_MAX: none is. */
int64_t sql_ticks_at(struct sql_source *, int64_t ns);

/* The table's error text. Returns code. */
int sql_fail(sqlite3_vtab *table, int code, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* ... as the connection says it. */
int sql_fail_here(sqlite3_vtab *table, struct sql_source *, int code);

/* ---- request.c -------------------------------------------------------------------------------------- */

enum sql_bound { /* what a constraint on a column narrows down, as tables tell by column */
	SQL_NONE, SQL_EVENT, SQL_THREAD, SQL_PROCESS, SQL_CONTEXT, SQL_FUNCTION, SQL_TIME_NS, SQL_TIME_TICKS, SQL_START_NS, SQL_START_TICKS,
	SQL_PARAMETER, /* hidden: an argument of the table-valued function */
};

enum { /* idxNum */
	SQL_BY_TIME = 1,   /* rows in the order of time, then thread */
	SQL_COUNT_ONLY = 2, /* no column is looked at */
	SQL_WANTS_SHIFT = 2, /* from here on: the bits that the table has for columns that cost something */
};

enum { SQL_PARAMETERS = 5 };

struct sql_request {
	int64_t thread_id, process_id, context_id, function_id; /* SQL_ANY: all */
	int64_t from, to;             /* time, ticks, both included */
	int64_t start_from, start_to; /* when calls began */
	bool has_time;                /* from or to was given */
	bool nothing;                 /* no row can be meant */
	bool by_time, count_only;
	unsigned wants;
	sqlite3_value *event;         /* its name; NULL: any. Valid in xFilter alone, and so are: */
	sqlite3_value *parameters[SQL_PARAMETERS];
};

enum { SQL_ANY = -1 };

/* xBestIndex. columns: by column; time: the columns whose order rows have, their time in ns and in ticks; thread: the one
 * that decides among equal ones; wants: costly columns, as bits of sqlite3_index_info.colUsed, told as request.wants. */
struct sql_shape {
	const enum sql_bound *bounds; /* by column */
	int columns;
	int time_ns, time_ticks, thread;
	int first_parameter;          /* columns from here on are parameters; = columns: none are */
	const int *costly;            /* columns, ends with -1: bit i of wants is the i-th of them */
	bool needs_order;             /* false: rows come in an order of their own */
};
int sql_best_index(const struct sql_shape *, sqlite3_index_info *);

/* xFilter's arguments. */
int sql_request_read(struct sql_request *, struct sql_source *, int index, const char *text, int count, sqlite3_value **values);

/* ---- streams.c -------------------------------------------------------------------------------------- */

struct sql_chunk { /* what the index chunks_by_time has */
	int64_t chunk_id, thread_id, start_ticks, end_ticks, events;
};

struct sql_chunk_head { /* the rest of the row */
	int64_t first_event, start_context_id, start_depth, min_depth, operations;
};

struct sql_thread {
	int64_t thread_id, process_id;
	int64_t waits, totals_events, flags;
	bool is_forked;
	int64_t born_ticks; /* when its process began */
};

enum sql_choice { SQL_READ, SQL_PASS_OVER, SQL_THREAD_DONE };

enum {
	SQL_BATCH = 256,
	SQL_IDLE_DECODERS = 8,
	SQL_DECODERS_BYTES = 96 << 20, /* of all that are open: sql_streams */
};

struct sql_stream {
	struct sql_thread thread;
	const struct sql_chunk *chunks; /* those of the thread that the time leaves */
	size_t next, count;
	const struct sql_chunk *chunk;  /* the one that is being read; NULL: none */
	struct sql_chunk_head head;
	struct irt_contexts *contexts;
	struct irt_chunk_decoder *decoder;
	struct irt_event *events;       /* the batch */
	long at, end;                   /* in it */
	int64_t done;                   /* events of the chunk in earlier batches */
	int64_t resume;                 /* its decoder was given up: from this event on it goes on */
	size_t bytes;                   /* of its decoder */
	int64_t key;                    /* time of its next event; INT64_MAX: it has none */
	int64_t last_ticks;
	bool is_new;                    /* no chunk of it was considered yet */
	/* Of calls.c: */
	struct sql_frame *frames;       /* [0] is that below the `base` outermost calls; then `tracked` ones */
	size_t frame_room, tracked;
	int64_t base;
	bool is_whole;                  /* its calls are known from the thread's first event on */
	int64_t follows_event;          /* the event that comes behind what was read last */
	size_t popped;                  /* calls that POP events of the batch have ended and that were passed */
	int64_t floor, wanted;          /* calls with a depth from floor to below wanted are open, and what is asked for */
	int64_t inherited;              /* so many of the outermost calls began in the parent process */
};

struct sql_streams {
	struct sql_source *source;
	sqlite3_vtab *table;
	struct sql_request request;
	uint64_t operations;            /* chunks with one of these alone; bit n: enum irt_operation */
	bool functions_on_stack;        /* a chunk may matter although the function only is on its stack */
	/* Decides about a chunk (s->chunk) when its head is read; NULL: all are read. */
	int (*choose)(struct sql_streams *, struct sql_stream *s, enum sql_choice *choice);
	/* Moves s->next back, where chunks before that matter; NULL: none do. */
	int (*extend)(struct sql_streams *, struct sql_stream *s);
	struct sql_chunk *chunks;
	size_t chunk_count, chunk_room;
	struct sql_stream *streams;
	size_t stream_count, stream_room;
	uint32_t *heap;                 /* streams that have events, the earliest first */
	size_t heap_count;
	sqlite3_stmt *head, *data;
	struct irt_chunk_decoder *idle[SQL_IDLE_DECODERS];
	size_t idle_count;
	size_t decoder_bytes, most_bytes; /* of those that are open */
};

/* Threads and chunks that the request leaves. all: zeroed, but for what decides about chunks. */
int sql_streams_begin(struct sql_streams *, struct sql_source *, sqlite3_vtab *table, const struct sql_request *);
void sql_streams_fini(struct sql_streams *);

/* The stream with the next event, with it at s->events[s->at]; NULL: there are no more. *limit: up to which time this
 * stream goes on alone. */
int sql_streams_next(struct sql_streams *, struct sql_stream **stream, int64_t *limit);
/* No more events of this stream. */
void sql_stream_end(struct sql_streams *, struct sql_stream *);
/* The head of a chunk into *head. */
int sql_chunk_head(struct sql_streams *, int64_t chunk_id, struct sql_chunk_head *head);

/* ---- tables ----------------------------------------------------------------------------------------- */

struct sql_table {
	sqlite3_vtab base;
	struct sql_source *source;
	const void *kind; /* of the module */
};

/* xConnect for all of them. */
int sql_connect(sqlite3 *db, struct sql_source *source, const void *kind, const char *declaration, int argc, const char *const *argv,
		sqlite3_vtab **table, char **error);
int sql_disconnect(sqlite3_vtab *table);

/* functions.c */
int sql_add_functions(struct sql_source *);

/* calls.c: how many calls of the parent process a thread of a fork child is still in, when s->chunk begins, into s->inherited. */
int sql_find_inherited(struct sql_streams *, struct sql_stream *s);

extern const sqlite3_module sql_heap_module, sql_calls_module, sql_events_module, sql_allocations_module, sql_lock_ops_module, sql_blocks_module,
	sql_counts_module, sql_histogram_module;

#endif
