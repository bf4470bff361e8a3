/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * report.h - what the files of instr-report share: what was asked, and the pieces of an answer.
 *
 *     main.c ──► header.c (what was recorded, and what is missing) ──► top.c | tree.c | threads.c | stacks.c | info.c
 *                    ├──► blocks.c (its sums, and its answer; beside.c: beside the time of --top and --tree)
 *                    └──► heap.c (the heap's sums, wrong frees) ──► allocs.c (histogram.c) | live.c | memory.c | history.c
 *                    ├──► locks.c | calls.c | paths.c | single.c
 *     diff.c (both headers) | gate.c (rules.c) ──► figures.c (contexts of both, as one tree) | list.c (source.c) | coverage.c | why.c
 *                    └──► profile.c (all calling contexts) ──► flame.c | graph.c: pictures, into a file (picture.c)
 */
#ifndef TOOLS_REPORT_REPORT_H
#define TOOLS_REPORT_REPORT_H

#include "cli/buffer.h"
#include "cli/rows.h"
#include "cli/table.h"
#include "libtrace/trace.h"

enum report_mode {
	REPORT_TOP, REPORT_TREE, REPORT_THREADS, REPORT_STACKS, REPORT_INFO, REPORT_BLOCKS, REPORT_LOCKS, REPORT_WAITS, REPORT_LOCK_ORDER, REPORT_CALLERS, REPORT_CALLEES, REPORT_PATHS, REPORT_SQL, REPORT_SHELL, REPORT_SINGLE_CALLS, REPORT_DIFF, REPORT_GATE, REPORT_LIST, REPORT_COVERAGE, REPORT_WHY_MISSING, REPORT_SUGGEST, REPORT_FLAME, REPORT_GRAPH, REPORT_ALLOCS, REPORT_LEAKS, REPORT_PEAK, REPORT_MEMORY, REPORT_HEAP_AT,
	REPORT_GROWTH, REPORT_MODES,
};
/* What rows can be ordered by; what each is called stands in main.c. */
enum report_sort { /* --top, --tree, --callers, --callees, --paths; the latter ones with --heap, or with --blocks */
	SORT_SELF, SORT_TOTAL, SORT_CALLS, SORT_HEAP_BYTES, SORT_HEAP_ALLOCS, SORT_BLOCKED_TIME, SORT_LOCK_TIME,
};
enum report_wait { WAIT_BLOCKED, WAIT_FOR_WORK, WAIT_FOR_LOCKS };
enum report_threads_sort { SORT_CPU, SORT_READY, SORT_BLOCKED, SORT_IN_CALLS, SORT_ENTERED, SORT_LIVED, SORT_FOR_LOCKS };
enum report_locks_sort { SORT_WAIT, SORT_HOLD, SORT_TAKEN, SORT_CONTENDED };
enum report_allocs_sort {
	SORT_BYTES, SORT_TOTAL_BYTES, SORT_ALLOCS, SORT_LIVE, SORT_PEAK, SORT_TEMPORARY, SORT_CROSSED, SORT_RESIZED,
	SORT_FAILED, SORT_RELEASED, SORT_COPIED,
};
enum report_blocks_sort { SORT_BLOCK_TIME, SORT_BLOCK_CALLS, SORT_BLOCK_BYTES, SORT_LONGEST, SORT_BLOCK_FAILED };
enum report_live_sort { SORT_LIVE_BYTES, SORT_LIVE_BLOCKS, SORT_LIVE_AGE }; /* --leaks; without age --peak, --heap-at, --growth */
enum report_diff_sort { SORT_DIFF_SELF, SORT_DIFF_TOTAL, SORT_DIFF_CALLS, SORT_DIFF_BYTES, SORT_DIFF_ALLOCS, SORT_DIFF_BLOCKED, SORT_DIFF_LOCK, SORT_DIFF_TAKEN };
enum report_kind { KIND_HEAP, KIND_POOLS, KIND_MAPPINGS, REPORT_KINDS };
enum report_by { BY_FUNCTION, BY_SITE, BY_CONTEXT, BY_TYPE, BY_WAITER, BY_HOLDER, BY_THREAD, BY_CREATOR, BY_FILE, BY_IMAGE, BYS };

enum { NO_LIMIT = -1, ANY = -1 };

struct report {
	struct tr_trace *trace, *old; /* old: --diff: what it is compared with; NULL: nothing */
	struct tr_error error; /* of the last call that failed */

	int mode, sort;        /* enum report_mode, and the sort of that mode */
	int by;                /* enum report_by */
	int kind;              /* enum report_kind */
	int format;            /* enum cli_format */
	int show_sql;
	int64_t limit;         /* NO_LIMIT: all */
	int64_t process_id;    /* ANY: the whole run */
	int64_t thread_id;     /* ANY, or the thread asked for by number */
	const char *thread_name; /* NULL, or threads asked for by name */
	double least;          /* least share of a context in the tree, 0 to 1 */
	const char *sql;       /* --sql: the query; NULL: not asked for */
	int64_t age_ns;        /* ANY, or how old blocks are at least */
	int64_t at_ns;         /* --heap-at: when; ANY: not asked for */
	int64_t stacks_ns;     /* --stacks: when; ANY: at the end */
	int64_t now_ns;        /* --stacks, --threads of a live trace; negative: not known */
	int64_t window_ns[2];  /* --from, --to; --calls: when they began */
	const char *source_path; /* --list: folders to look in, separated by colons; NULL: none */
	int whole_file;        /* ... what is known of all lines of a file */
	int64_t span_ns[2];    /* --growth: from when until when */
	int64_t lock;          /* --locks: the one that was asked for; ANY: all */
	int64_t one_lock;      /* ... that the next query is about */
	int with_heap;         /* --top, --tree: the memory beside the time */
	int with_blocks;       /* --top, --tree: what was waited beside the time */
	int all;               /* --blocks: waits for work too; --lock-order: all orders */
	int histogram;         /* --allocs: sizes and lifetimes; --top, --blocks: times; --locks: waits and holds */
	const char *only;      /* NULL, or a function: --callers, --callees, --calls, --list, --why-missing: which; --top: only it; --blocks: what is called, or calls */
	int64_t depth;         /* --tree: levels at most; NO_LIMIT: all */
	int inverted;          /* --tree, --flame: from functions to what calls them */
	const char *focus;     /* --tree, --paths, pictures: NULL, or a function that paths must go through */
	const char *ignore;    /* ... or one that they must not */
	int limited;           /* the limit was asked for */
	int files;             /* how many traces are added up, if more than one */
	int exit_status;       /* of an answer that was given: CLI_DONE, or --gate: CLI_DIFFERENT, CLI_USAGE */
	double hooks_share;    /* --suggest-filter: what hooks may take, of the program's own time */
	const char *picture;   /* --flame, --graph: the file; "-": stdout */
	struct cli_buffer *notes; /* NULL, or the lines of the header for a picture: each '0' + its style, text, newline */

	struct cli_buffer out; /* the answer as text */
	size_t lines;          /* in it, roughly: for the pager */

	/* From the header, for the tables. */
	double hook_cost_ns;   /* what an empty call measures, and adds to its caller; 0: not known */
	int64_t stalled_ns;    /* that threads waited for the drain */
	int64_t processes;
	int recording;         /* the end that it knows of is the last checkpoint */
	int marked;            /* a time was marked as distorted */
	struct report_whole {  /* what shares are shares of: the whole run */
		int64_t functions, calls, self_ns;
	} whole;
	struct report_heap {   /* of the kind, in what was asked for; processes: those that allocated */
		int64_t processes, allocs, bytes, frees, freed_bytes, live_blocks, live_bytes, peak_blocks, peak_bytes;
		int64_t temporary, crossed, resized, failed, lost, unknown_frees;
		int64_t most_process_id, most_bytes, most_blocks, most_ns; /* the largest peak */
	} heap;
	struct report_blocks { /* calls that may block; [1]: waits for work */
		int64_t calls, failed, bytes, blocked_ns;
		char classes[160]; /* what they were for */
	} blocks[2];
	struct report_waits {  /* for locks */
		int64_t acquisitions, contended, wait_ns;
	} waits;
	struct report_kind_sums { int64_t allocs, live_bytes; } kinds[REPORT_KINDS]; /* of all kinds */
	struct report_span {   /* --heap-at, --growth: of the processes with such a moment */
		int64_t processes, apart; /* how many; in how many of them the two moments differ */
		int64_t first_ns, last_ns; /* moments that are kept, of all processes */
		int64_t from_bytes, from_blocks, to_bytes, to_blocks, grown_bytes, grown_blocks;
		char why[160];     /* why not all is of the time that was asked for; "": it is */
	} span;
};

/* Figures of a file may be any: a sum that is too large stays at the largest. */
static inline int64_t report_sum(int64_t a, int64_t b)
{
	int64_t sum;
	return !__builtin_add_overflow(a, b, &sum) ? sum : b < 0 ? INT64_MIN : INT64_MAX;
}

static inline int64_t report_difference(int64_t a, int64_t b)
{
	int64_t difference;
	return !__builtin_sub_overflow(a, b, &difference) ? difference : b > 0 ? INT64_MIN : INT64_MAX;
}

/* Where to look first: a tenth of everything in one row. */
static inline enum cli_style report_heat(double part, double whole)
{
	return whole > 0 && part >= whole / 10 ? CLI_HOT : whole > 0 && part >= whole / 100 ? CLI_PLAIN : CLI_DIM;
}

/* Does something stand beside the time? */
static inline int report_is_crowded(const struct report *report)
{
	return report->with_heap || report->with_blocks;
}

/* help.c: all but its options. */
struct cli_program;
extern struct cli_program report_program;

/* Each returns 0, or a negative enum instr_err with report->error filled. */
int report_header(struct report *);
int report_quiet_header(struct report *); /* only what is wrong, and on stderr */
int report_top(struct report *);
int report_tree(struct report *);
int report_calls(struct report *); /* --callers, --callees */
int report_paths(struct report *);
int report_has_window(const struct report *); /* is it of a window of time? */
int report_use_window(struct report *);       /* behind the header: what totals are asked for from then on is of it */
int report_sql(struct report *);
int report_shell(struct report *); /* comes back only if it failed */
int report_single_calls(struct report *); /* --calls */
int report_diff_header(struct report *); /* --diff, --gate: of both traces */
int report_diff(struct report *);
int report_list(struct report *);
int report_coverage(struct report *);
int report_why_missing(struct report *);
int report_suggest_filter(struct report *);
int report_flame(struct report *);
int report_graph(struct report *);
int report_gate(struct report *);
int report_threads(struct report *);
int report_creators(struct report *); /* --threads --by creator */
int report_stacks(struct report *);
int report_info(struct report *);
int report_locks(struct report *);
int report_waits(struct report *);
int report_lock_order(struct report *);
int report_allocs(struct report *);
int report_blocked(struct report *);
int report_live(struct report *);
int report_memory(struct report *);
int report_history(struct report *);

/* top.c: what shares are shares of: the process, or the threads, that were asked for. */
int report_read_whole(struct report *, struct report_whole *);

/* choice.c: does what was asked for exist? Returns CLI_GO, or the exit status. */
int report_check_choice(struct report *);

/* calls.c: fills *exit_status and says so if the trace has no call of a function of this name. */
int report_check_function(struct report *, const char *name, int *exit_status);

/* calls.c: which function may have been meant by a name that none has: one of the same last part ("insert": "Table::insert"), or
 * of a near name; NULL: none. With `called`, of those that were called. To be freed. */
int report_find_meant(struct report *, const char *name, int called, char **meant);

/* picture.c: whether a picture can be what was asked for; makes the file, which must be none of the traces,
 * stdout. Return CLI_GO, or the exit status. */
int report_check_picture(const struct report *, const char *option, const char *path, const char *old_path, int format, int has_sort, int has_limit,
			 int has_thread);
int report_open_picture(struct report *, const char *const *traces, int count);

/* gate.c: reads the rules of a file, or these themselves. CLI_GO, or the exit status after it has said what is wrong: compared is not 0
 * if there is an older trace. */
int report_read_rules(const char *argument, int compared);

/* sql.c: fills *exit_status and says so if the query of --sql is none. */
int report_check_sql(struct report *, int *exit_status);

/* header.c: a sentence that a reader of the figures has to know: a line of the header, or of stderr. */
void report_say(struct report *, enum cli_style, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* Facts in lines that break between them. */
void report_add_parts(struct report *, const char parts[][80], size_t count);

/* blocks.c: the sums of calls that may block into report->blocks; as text: these, and what is not shown. */
int report_blocks_header(struct report *);

/* beside.c: the same, and of waits for locks into report->waits. */
int report_waits_header(struct report *);
/* Says that what stands beside the time was not recorded, if none of it was. */
void report_say_none_beside(struct report *);
/* Time in calls that may block, with waits for work if these are shown. */
int64_t report_blocked_ns(const struct report *);
/* Are there columns for it? */
int report_shows_waits(const struct report *, enum report_wait);
/* A cell with a duration; "-" for none. */
void report_wait_cell(struct cli_table *, int64_t ns);

/* heap.c: the sums of the heap into report->heap; as text: what is wrong with frees, and the sums. */
int report_heap_header(struct report *);
/* "at the end", or what else it is. */
const char *report_end(const struct report *);
/* Says that there is no heap, if there is none. */
int report_has_no_heap(struct report *);
/* A cell with the place of the columns file, line and column, and what is called there: "malloc(node)" where it is
 * known what it allocates. */
/* It shortens what is called there: "new(..entry<..>)". */
void report_shorten_called(struct cli_buffer *out, const char *called, size_t width);
void report_place_cell(struct cli_table *, struct tr_query *);
/* A cell with bytes or a count; "-" for none. */
void report_bytes_cell(struct cli_table *, int64_t bytes);
void report_count_cell(struct cli_table *, int64_t count);
/* A cell with a time in ns, or what stands for one that is NULL. */
void report_duration_cell(struct cli_table *, struct tr_query *, const char *column, const char *unknown);
/* A table with a row for each function, place, or place and call path: as many as the limit says, and what is left. */
struct report_places {
	const char *query, *order; /* its column that rows are ordered by */
	const char *part;          /* ... and that shares are of */
	double whole;              /* what that is in all; 0: not known, or no sum */
	int stops_at_none;         /* rows that have nothing of it are left out */
	size_t path_from;          /* below each row its call path, which begins about so far from the left; 0: none */
	const struct cli_column *columns;
	const int *which;          /* by column: what add_cell is given */
	size_t count;
	void (*add_cell)(struct report *, struct cli_table *, struct tr_query *, int which);
	void (*add_below)(struct cli_buffer *, struct tr_query *); /* lines below the row; NULL: there are none */
	const char *other_path, *other_title; /* a column with one more call path, and what stands above that; NULL: none */
	void (*say_nothing)(struct report *); /* in place of a table without rows */
};
int report_places(struct report *, const struct report_places *);

/* Below a row of a table of so many columns its call path, "leaf < middle < main", which begins about so far from the left. */
void report_path_rows(struct cli_table *, size_t columns, const char *path, size_t from);

/* history.c: says which moments those are that --heap-at and --growth show, and what they have together. */
int report_history_header(struct report *);

/* histogram.c: sizes and lifetimes, or how long things took, of the rows that the report shows in the order sort. */
int report_histogram(struct report *, const char *sort);

/* query.c: the query with what was asked for as its parameters, in the order sort (SQL of ours, or
 * NULL). */
int report_query(struct report *, struct tr_query **query, const char *name, const char *sort);
/* The same with a row more than the limit, which tells that there are more. */
int report_query_and_one(struct report *, struct tr_query **query, const char *name, const char *sort);
/* The same with another limit. */
int report_query_limited(struct report *, struct tr_query **query, const char *name, const char *sort, int64_t limit);
/* By enum report_kind, as the views call them. */
extern const char *const report_kinds[REPORT_KINDS];
/* What the row has in a column. */
int64_t report_number(struct tr_query *query, const char *column);
/* The rows of a query as CSV or JSON, so many at most. */
int report_print_rows(struct report *, struct tr_query *query, int64_t limit);
/* The whole query as CSV or JSON, or its SQL. */
int report_rows(struct report *, const char *query_name, const char *sort);

/* names.c: shortens a C++ name to width columns by giving up what tells least: parameters, template
 * arguments, then its middle. For struct cli_column. */
void report_shorten_name(struct cli_buffer *out, const char *name, size_t width);
/* A name without what optimisers append to it; to be freed. */
char *report_stem(const char *name);
/* A function's name, "(no name)" for an empty one. */
const char *report_name(struct tr_query *query, size_t function);
/* "file.c:12", without folders; "" if not known. Valid until the next call. */
/* "thread::join" of "std::thread::join()", "sem_wait pool.free" with what it waits for, if there is such a column. To be freed. */
char *report_called(struct tr_query *query, size_t called, size_t object);

const char *report_place(struct tr_query *query, size_t file, size_t line);

/* 1 if half of this self time or more may be hooks: calls are those of the function itself and, where
 * known, those that it made. */
int report_is_distorted(const struct report *, int64_t self_ns, int64_t calls);
/* The line that explains the mark, if one was printed. */
void report_explain_marks(struct report *, int marked);

#endif
