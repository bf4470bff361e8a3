/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * request.c - what a query's WHERE and ORDER BY say that makes reading shorter. SQLite tests all conditions itself, too:
 * here is only left out what cannot be meant.
 *
 * idxStr has three characters for each argument of xFilter: a letter for what is bound ('A' + enum sql_bound), the
 * relation (= < > for at most and at least), and which parameter it is ('0' ...). idxNum has flags.
 */
#include "sql/internal.h"

#include <math.h>
#include <string.h>

enum { MOST_TERMS = 24, TERM = 3 };

static char relation_of(const struct sqlite3_index_constraint *c)
{
	switch (c->op) {
	case SQLITE_INDEX_CONSTRAINT_EQ:
	case SQLITE_INDEX_CONSTRAINT_IS:
		return '=';
	case SQLITE_INDEX_CONSTRAINT_LT:
	case SQLITE_INDEX_CONSTRAINT_LE:
		return '<';
	case SQLITE_INDEX_CONSTRAINT_GT:
	case SQLITE_INDEX_CONSTRAINT_GE:
		return '>';
	default:
		return 0;
	}
}

static bool is_ordered(const struct sql_shape *shape, const sqlite3_index_info *info)
{
	const struct sqlite3_index_orderby *o = info->aOrderBy;

	if (info->nOrderBy < 1 || info->nOrderBy > 2 || o[0].desc || (o[0].iColumn != shape->time_ns && o[0].iColumn != shape->time_ticks))
		return false;
	/* Several ticks may be one nanosecond: behind the time in ns nothing else is in order. */
	return info->nOrderBy == 1 || (!o[1].desc && o[1].iColumn == shape->thread && o[0].iColumn == shape->time_ticks);
}

int sql_best_index(const struct sql_shape *shape, sqlite3_index_info *info)
{
	char terms[MOST_TERMS * TERM + 1], *t = terms;
	double rows = 1e8, share = 1;
	bool counts = info->colUsed == 0, has_thread = false, has_function = false;
	int bounds_of_time = 0;

	for (int i = 0; i < info->nConstraint; i++) {
		const struct sqlite3_index_constraint *c = &info->aConstraint[i];
		const char relation = relation_of(c);
		if (c->iColumn < 0 || c->iColumn >= shape->columns || !relation)
			continue;
		const enum sql_bound bound = shape->bounds[c->iColumn];
		if (bound == SQL_NONE || (bound < SQL_TIME_NS && relation != '=') || (bound == SQL_PARAMETER && c->op != SQLITE_INDEX_CONSTRAINT_EQ))
			continue;
		if (bound == SQL_EVENT && sqlite3_stricmp(sqlite3_vtab_collation(info, i), "BINARY")) /* 'ENTER' may be meant, too */
			continue;
		if (!c->usable) {
			if (bound == SQL_PARAMETER) /* of a table that comes later: not in this order */
				return SQLITE_CONSTRAINT;
			continue;
		}
		if (t == terms + MOST_TERMS * TERM)
			break;
		*t++ = (char)('A' + bound);
		*t++ = relation;
		*t++ = (char)('0' + (bound == SQL_PARAMETER ? c->iColumn - shape->first_parameter : 0));
		info->aConstraintUsage[i].argvIndex = (int)(t - terms) / TERM;
		info->aConstraintUsage[i].omit = bound == SQL_PARAMETER;
		counts = false;
		has_thread |= bound == SQL_THREAD;
		has_function |= bound == SQL_FUNCTION || bound == SQL_CONTEXT || bound == SQL_EVENT;
		if (bound >= SQL_TIME_NS && bound <= SQL_START_TICKS)
			bounds_of_time += relation == '=' ? 2 : 1;
	}
	*t = 0;
	share *= has_thread ? 0.1 : 1;
	share *= has_function ? 0.02 : 1;
	share *= bounds_of_time > 1 ? 0.01 : bounds_of_time ? 0.5 : 1;
	info->estimatedRows = (sqlite3_int64)(rows * share);
	/* An event that is passed over costs, too. */
	info->estimatedCost = rows * (has_function ? 0.2 : 1) * (has_thread ? 0.1 : 1) * (bounds_of_time > 1 ? 0.01 : bounds_of_time ? 0.5 : 1) + 1000;
	bool by_time = is_ordered(shape, info);
	info->orderByConsumed = by_time;
	/* Where an order was asked for that is not this one, rows are sorted in any case. */
	if (!by_time && !info->nOrderBy && !counts && shape->needs_order)
		by_time = true;
	info->idxNum = (by_time ? SQL_BY_TIME : 0) | (counts && shape->first_parameter == shape->columns ? SQL_COUNT_ONLY : 0);
	for (int i = 0; shape->costly && shape->costly[i] >= 0; i++)
		if (info->colUsed >> (shape->costly[i] < 63 ? shape->costly[i] : 63) & 1)
			info->idxNum |= 1 << (SQL_WANTS_SHIFT + i);
	info->idxStr = sqlite3_mprintf("%s", terms);
	info->needToFreeIdxStr = 1;
	return info->idxStr ? SQLITE_OK : SQLITE_NOMEM;
}

/* A number as an integer that bounds the same integers from below (or, rounded down, from above); false: it is none, and
 * SQLite knows what to make of it. */
static bool read_number(sqlite3_value *value, char relation, int64_t *number, bool *nothing)
{
	double real;

	switch (sqlite3_value_type(value)) {
	case SQLITE_INTEGER:
		*number = sqlite3_value_int64(value);
		return true;
	case SQLITE_FLOAT:
		real = sqlite3_value_double(value);
		if (relation == '=' && real != floor(real))
			*nothing = true;
		real = relation == '<' ? floor(real) : ceil(real);
		*number = real >= 0x1p63 ? INT64_MAX : real < -0x1p63 ? INT64_MIN : (int64_t)real;
		return true;
	case SQLITE_NULL:
		*nothing = true;
		return true;
	default:
		return false;
	}
}

static void narrow(int64_t *from, int64_t *to, char relation, int64_t low, int64_t high)
{
	if (relation != '<' && low > *from)
		*from = low;
	if (relation != '>' && high < *to)
		*to = high;
}

static void choose(int64_t *chosen, int64_t number, bool *nothing)
{
	if (number < 0 || (*chosen != SQL_ANY && *chosen != number))
		*nothing = true;
	*chosen = number;
}

int sql_request_read(struct sql_request *r, struct sql_source *source, int index, const char *text, int count, sqlite3_value **values)
{
	*r = (struct sql_request){.thread_id = SQL_ANY, .process_id = SQL_ANY, .context_id = SQL_ANY, .function_id = SQL_ANY,
				  .from = INT64_MIN, .to = INT64_MAX, .start_from = INT64_MIN, .start_to = INT64_MAX,
				  .by_time = index & SQL_BY_TIME, .count_only = (index & SQL_COUNT_ONLY) != 0, .wants = (unsigned)index >> SQL_WANTS_SHIFT};

	for (int i = 0; i < count; i++, text += TERM) {
		const enum sql_bound bound = (enum sql_bound)(text[0] - 'A');
		int64_t n, low, high;
		if (bound == SQL_EVENT) {
			r->event = values[i];
			continue;
		}
		if (bound == SQL_PARAMETER) {
			r->parameters[text[2] - '0'] = values[i];
			continue;
		}
		if (!read_number(values[i], text[1], &n, &r->nothing) || r->nothing)
			continue;
		low = high = n;
		if (bound == SQL_TIME_NS || bound == SQL_START_NS) {
			low = sql_ticks_at(source, n);
			high = n == INT64_MAX ? INT64_MAX : sql_ticks_at(source, n + 1);
			high = high == INT64_MAX || high == INT64_MIN ? high : high - 1;
		}
		switch (bound) {
		case SQL_THREAD:
			choose(&r->thread_id, n, &r->nothing);
			break;
		case SQL_PROCESS:
			choose(&r->process_id, n, &r->nothing);
			break;
		case SQL_CONTEXT:
			choose(&r->context_id, n, &r->nothing);
			break;
		case SQL_FUNCTION:
			choose(&r->function_id, n, &r->nothing);
			break;
		case SQL_TIME_NS:
		case SQL_TIME_TICKS:
			r->has_time = true;
			narrow(&r->from, &r->to, text[1], low, high);
			break;
		case SQL_START_NS:
		case SQL_START_TICKS:
			narrow(&r->start_from, &r->start_to, text[1], low, high);
			break;
		default:
			break;
		}
	}
	if (r->from > r->to || r->start_from > r->start_to)
		r->nothing = true;
	return SQLITE_OK;
}
