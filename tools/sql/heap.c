/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * heap.c - heap_at: what was alive at a moment, by calling context and place.
 *
 *     heap_at(at_ns, kind)    at_ns NULL: the end; kind 'heap' (NULL), 'pools' or 'mappings'
 *
 * It goes through the table allocations up to that time, and keeps the blocks that are alive. A realloc has a block in its hands
 * until it tells what became of it; one that failed leaves it.
 */
#include "sql/internal.h"

#include <stdlib.h>
#include <string.h>

#include "fold/keyed.h"

enum { PROCESS, CONTEXT, SITE, BLOCKS, BYTES, AT_NS, KIND, COLUMNS };
static const char declaration[] = ",process_id INTEGER,context_id INTEGER,site_id INTEGER,blocks INTEGER,bytes INTEGER,at_ns INTEGER HIDDEN,kind TEXT HIDDEN";

struct block { /* alive, or in the hands of a thread's realloc */
	uint64_t key[2]; /* process and address; thread and 0 */
	int64_t context_id, site_id, bytes;
	uint64_t address;
	bool alive;
};

struct row {
	uint64_t key[2]; /* context_id, site_id */
	int64_t process_id, blocks, bytes;
};

struct cursor {
	sqlite3_vtab_cursor base;
	struct sql_source *source;
	struct irt_keyed blocks, hands, rows;
	size_t dead;
	size_t at;
};

static const char operations_sql[] =
	"SELECT operation, process_id, thread_id, address, context_id, site_id, bytes, failed FROM allocations"
	" WHERE kind = coalesce(?2, 'heap') AND time_ns <= coalesce(?1, 9223372036854775807) ORDER BY time_ns";
enum { OPERATION, OF_PROCESS, OF_THREAD, ADDRESS, OF_CONTEXT, OF_SITE, OF_BYTES, FAILED };

static void clear(struct cursor *c)
{
	irt_keyed_fini(&c->blocks);
	irt_keyed_fini(&c->hands);
	irt_keyed_fini(&c->rows);
	c->dead = c->at = 0;
}

/* ---- blocks ----------------------------------------------------------------------------------------- */

static bool is_alive(void *block) { return ((const struct block *)block)->alive; }

static struct block *find_block(const struct irt_keyed *table, uint64_t owner, uint64_t address)
{
	const uint64_t key[2] = {owner, address};
	const uint32_t i = irt_keyed_find(table, key);
	struct block *b = i == IRT_KEYED_NONE ? NULL : irt_keyed_row(table, i);

	return b && b->alive ? b : NULL;
}

static void end_block(struct cursor *c, struct block *b)
{
	b->alive = false;
	if (++c->dead > 1024 && c->dead > c->blocks.count / 2) {
		irt_keyed_keep(&c->blocks, is_alive);
		c->dead = 0;
	}
}

/* NULL: no memory. */
static struct block *put_block(struct irt_keyed *table, uint64_t owner, uint64_t address)
{
	const uint64_t key[2] = {owner, address};

	if (!irt_keyed_room(table, 1))
		return NULL;
	struct block *b = irt_keyed_row(table, irt_keyed_put(table, key));
	b->alive = true;
	return b;
}

static int begin_block(struct cursor *c, uint64_t process, uint64_t address, int64_t context_id, int64_t site_id, int64_t bytes)
{
	const uint64_t key[2] = {process, address};
	const uint32_t before = irt_keyed_find(&c->blocks, key);
	struct block *b;

	if (before != IRT_KEYED_NONE && !((struct block *)irt_keyed_row(&c->blocks, before))->alive)
		c->dead--;
	if (!(b = put_block(&c->blocks, process, address)))
		return SQLITE_NOMEM;
	b->context_id = context_id;
	b->site_id = site_id;
	b->bytes = bytes;
	b->address = address;
	return SQLITE_OK;
}

/* ---- operations ------------------------------------------------------------------------------------- */

static int take_in_hand(struct cursor *c, uint64_t thread, struct block *b)
{
	struct block *hand = put_block(&c->hands, thread, 0);

	if (!hand)
		return SQLITE_NOMEM;
	hand->context_id = b->context_id;
	hand->site_id = b->site_id;
	hand->bytes = b->bytes;
	hand->address = b->address;
	end_block(c, b);
	return SQLITE_OK;
}

static int leave_behind(struct cursor *c, sqlite3_stmt *s, uint64_t process, uint64_t thread)
{
	struct block *hand = find_block(&c->hands, thread, 0);

	if (hand)
		hand->alive = false;
	if (sqlite3_column_int(s, FAILED))
		return hand ? begin_block(c, process, hand->address, hand->context_id, hand->site_id, hand->bytes) : SQLITE_OK;
	if (sqlite3_column_type(s, ADDRESS) == SQLITE_NULL)
		return SQLITE_OK;
	return begin_block(c, process, (uint64_t)sqlite3_column_int64(s, ADDRESS), sqlite3_column_int64(s, OF_CONTEXT), sqlite3_column_int64(s, OF_SITE),
			   sqlite3_column_int64(s, OF_BYTES));
}

static int apply(struct cursor *c, sqlite3_stmt *s)
{
	const char *operation = (const char *)sqlite3_column_text(s, OPERATION);
	const uint64_t process = (uint64_t)sqlite3_column_int64(s, OF_PROCESS), thread = (uint64_t)sqlite3_column_int64(s, OF_THREAD);
	struct block *b;

	if (!operation)
		return SQLITE_NOMEM;
	if (!strcmp(operation, "reallocated"))
		return leave_behind(c, s, process, thread);
	if (sqlite3_column_type(s, ADDRESS) == SQLITE_NULL || sqlite3_column_int(s, FAILED))
		return SQLITE_OK;
	b = find_block(&c->blocks, process, (uint64_t)sqlite3_column_int64(s, ADDRESS));
	if (!strcmp(operation, "alloc"))
		return begin_block(c, process, (uint64_t)sqlite3_column_int64(s, ADDRESS), sqlite3_column_int64(s, OF_CONTEXT), sqlite3_column_int64(s, OF_SITE),
				   sqlite3_column_int64(s, OF_BYTES));
	if (b && !strcmp(operation, "realloc"))
		return take_in_hand(c, thread, b);
	if (b && !strcmp(operation, "free"))
		end_block(c, b);
	return SQLITE_OK;
}

static int count_block(struct cursor *c, const struct block *b, int64_t process_id)
{
	const uint64_t key[2] = {(uint64_t)b->context_id, (uint64_t)b->site_id};

	if (!irt_keyed_room(&c->rows, 1))
		return SQLITE_NOMEM;
	struct row *row = irt_keyed_row(&c->rows, irt_keyed_put(&c->rows, key));
	row->process_id = process_id;
	row->blocks++;
	row->bytes += b->bytes;
	return SQLITE_OK;
}

/* ---- the table -------------------------------------------------------------------------------------- */

static int filter(sqlite3_vtab_cursor *base, int given, const char *unused, int count, sqlite3_value **values)
{
	struct cursor *c = (struct cursor *)base;
	sqlite3_stmt *s = NULL;
	int at = 0, rc = sqlite3_prepare_v2(c->source->db, operations_sql, -1, &s, NULL);

	(void)unused;
	(void)count;
	clear(c);
	for (int i = 0; i < 2 && rc == SQLITE_OK; i++)
		if (given & 1 << i)
			rc = sqlite3_bind_value(s, i + 1, values[at++]);
	while (rc == SQLITE_OK && (rc = sqlite3_step(s)) == SQLITE_ROW)
		rc = apply(c, s);
	if (rc == SQLITE_DONE)
		rc = SQLITE_OK;
	if (rc != SQLITE_OK && rc != SQLITE_NOMEM)
		rc = sql_fail(base->pVtab, rc, "%s", sqlite3_errmsg(c->source->db));
	sqlite3_finalize(s);
	for (size_t i = 0; i < c->blocks.count && rc == SQLITE_OK; i++) {
		const struct block *b = irt_keyed_row(&c->blocks, i);
		if (b->alive)
			rc = count_block(c, b, (int64_t)b->key[0]);
	}
	irt_keyed_fini(&c->blocks);
	irt_keyed_fini(&c->hands);
	return rc;
}

static int next_row(sqlite3_vtab_cursor *base)
{
	((struct cursor *)base)->at++;
	return SQLITE_OK;
}

static int is_at_end(sqlite3_vtab_cursor *base) { return ((struct cursor *)base)->at >= ((struct cursor *)base)->rows.count; }

static int get_column(sqlite3_vtab_cursor *base, sqlite3_context *context, int column)
{
	const struct cursor *c = (struct cursor *)base;
	const struct row *row = irt_keyed_row(&c->rows, c->at);
	const int64_t values[] = {[PROCESS] = row->process_id, [CONTEXT] = (int64_t)row->key[0], [SITE] = (int64_t)row->key[1], [BLOCKS] = row->blocks,
				  [BYTES] = row->bytes};

	if (column <= BYTES)
		sqlite3_result_int64(context, values[column]);
	return SQLITE_OK;
}

static int get_rowid(sqlite3_vtab_cursor *base, sqlite3_int64 *rowid)
{
	*rowid = (sqlite3_int64)((struct cursor *)base)->at + 1;
	return SQLITE_OK;
}

/* A parameter that depends on what is not known yet: another plan. */
static int best_index(sqlite3_vtab *table, sqlite3_index_info *info)
{
	int which[2] = {-1, -1}, at = 0;

	(void)table;
	for (int i = 0; i < info->nConstraint; i++) {
		const int column = info->aConstraint[i].iColumn;
		if ((column != AT_NS && column != KIND) || info->aConstraint[i].op != SQLITE_INDEX_CONSTRAINT_EQ)
			continue;
		if (!info->aConstraint[i].usable)
			return SQLITE_CONSTRAINT;
		which[column - AT_NS] = i;
	}
	for (int i = 0; i < 2; i++)
		if (which[i] >= 0) {
			info->aConstraintUsage[which[i]].argvIndex = ++at;
			info->aConstraintUsage[which[i]].omit = 1;
			info->idxNum |= 1 << i;
		}
	info->estimatedCost = 1e6;
	info->estimatedRows = 1000;
	return SQLITE_OK;
}

static int connect_heap(sqlite3 *db, void *source, int argc, const char *const *argv, sqlite3_vtab **table, char **error)
{
	return sql_connect(db, source, NULL, declaration, argc, argv, table, error);
}

static int open_cursor(sqlite3_vtab *table, sqlite3_vtab_cursor **cursor)
{
	struct cursor *c = calloc(1, sizeof(*c));

	if (!c)
		return SQLITE_NOMEM;
	c->source = ((struct sql_table *)table)->source;
	c->blocks = c->hands = (struct irt_keyed)IRT_KEYED(struct block, 2);
	c->rows = (struct irt_keyed)IRT_KEYED(struct row, 2);
	*cursor = &c->base;
	return SQLITE_OK;
}

static int close_cursor(sqlite3_vtab_cursor *base)
{
	clear((struct cursor *)base);
	free(base);
	return SQLITE_OK;
}

const sqlite3_module sql_heap_module = {
	.iVersion = 1, .xConnect = connect_heap, .xBestIndex = best_index, .xDisconnect = sql_disconnect, .xOpen = open_cursor, .xClose = close_cursor,
	.xFilter = filter, .xNext = next_row, .xEof = is_at_end, .xColumn = get_column, .xRowid = get_rowid,
};
