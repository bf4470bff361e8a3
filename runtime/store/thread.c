/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * thread.c - the rows of who has created which thread, to the file and back; as write.c and read.c.
 */
#include "store/store_internal.h"

int irt_store_put_creator(struct irt_store *store, const struct irt_store_creator *row)
{
	struct irt_binding b = irt_bind(store, IRT_ST_CREATOR);

	irt_bind_number(&b, row->thread_id);
	irt_bind_number(&b, row->process_id);
	irt_bind_number(&b, row->context_id);
	irt_bind_number(&b, row->site_id);
	irt_bind_number(&b, row->creator_thread_id);
	return irt_bind_done(&b, "write who has created a thread");
}

int irt_store_put_creation(struct irt_store *store, const struct irt_store_creation *row)
{
	struct irt_binding b = irt_bind(store, IRT_ST_CREATION);

	irt_bind_number(&b, row->process_id);
	irt_bind_number(&b, row->number);
	irt_bind_number(&b, row->key);
	irt_bind_number(&b, row->context_id);
	irt_bind_number(&b, row->site_id);
	irt_bind_number(&b, row->thread_id);
	irt_bind_number(&b, row->start_ticks);
	irt_bind_number(&b, row->end_ticks);
	return irt_bind_done(&b, "write the creation of a thread");
}

int irt_store_delete_creation(struct irt_store *store, int64_t process_id, int64_t number)
{
	struct irt_binding b = irt_bind(store, IRT_ST_DELETE_CREATION);

	irt_bind_number(&b, process_id);
	irt_bind_number(&b, number);
	return irt_bind_done(&b, "delete the creation of a thread");
}

IRT_READER(creator)
static void creator_columns(struct irt_cursor *c, struct irt_store_creator *row)
{
	row->thread_id = irt_row_number(c);
	row->context_id = irt_row_number(c);
	row->site_id = irt_row_number(c);
	row->creator_thread_id = irt_row_optional(c);
	row->process_id = 0;
}

int irt_store_read_creators(struct irt_store *store, void *arg,
			    int (*each)(void *arg, const struct irt_store_creator *row))
{
	struct creator_caller caller = {each};

	return irt_store_read_rows(store,
				   "SELECT thread_id, context_id, site_id, creator_thread_id FROM thread_creators"
				   " ORDER BY thread_id, context_id, site_id",
				   IRT_NO_KEY, 0, 0, arg, &caller, creator_row);
}

IRT_READER(creation)
static void creation_columns(struct irt_cursor *c, struct irt_store_creation *row)
{
	row->process_id = irt_row_number(c);
	row->number = irt_row_number(c);
	row->key = irt_row_number(c);
	row->context_id = irt_row_number(c);
	row->site_id = irt_row_number(c);
	row->thread_id = irt_row_number(c);
	row->start_ticks = irt_row_number(c);
	row->end_ticks = irt_row_number(c);
}

int irt_store_read_creations(struct irt_store *store, int64_t process_id, void *arg,
			     int (*each)(void *arg, const struct irt_store_creation *row))
{
	struct creation_caller caller = {each};

	return irt_store_read_rows(store,
				   "SELECT process_id, number, key, context_id, site_id, thread_id, start_ticks, end_ticks"
				   " FROM thread_creations WHERE process_id = ? ORDER BY number",
				   1, process_id, 0, arg, &caller, creation_row);
}
