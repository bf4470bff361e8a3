/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * ring_fuzz.c - any bytes as the ring and names log of a dead run: draining it ends, with a file whose
 * figures agree with each other, or with a sentence; then perhaps another ring of the same run, which
 * finds a trace.db that need not fit. For libFuzzer; without it fuzz_main.c makes the inputs.
 *
 * What an input says is in fuzz_ring.c.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "drain/session.h"
#include "fuzz_ring.h"

/* One number; -1 where there is none. */
static int64_t ask(sqlite3 *db, const char *sql)
{
	sqlite3_stmt *statement = NULL;
	int64_t n = -1;

	if (sqlite3_prepare_v2(db, sql, -1, &statement, NULL) == SQLITE_OK && sqlite3_step(statement) == SQLITE_ROW)
		n = sqlite3_column_int64(statement, 0);
	sqlite3_finalize(statement);
	return n;
}

/* The file that a drained run leaves. all_events: no setting has kept events out of it. */
static void check_trace(const char *folder, int all_events)
{
	sqlite3 *db = NULL;
	char path[160];

	snprintf(path, sizeof(path), "%s/trace.db", folder);
	if (access(path, F_OK)) /* the ring named another file */
		return;
	FUZZ_CHECK(sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL) == SQLITE_OK);
	FUZZ_CHECK(ask(db, "SELECT count(*) FROM totals WHERE calls <> returns + unwound + open") == 0);
	FUZZ_CHECK(ask(db, "SELECT count(*) FROM totals t WHERE NOT EXISTS"
			   " (SELECT 1 FROM contexts c WHERE c.context_id = t.context_id)") == 0);
	FUZZ_CHECK(ask(db, "SELECT count(*) FROM contexts c WHERE parent_id NOT IN (SELECT context_id FROM contexts)"
			   " OR function_id NOT IN (SELECT function_id FROM functions)") == 0);
	if (all_events)
		FUZZ_CHECK(ask(db, "SELECT count(*) FROM threads t WHERE events <> (SELECT coalesce(sum(events), 0)"
				   " FROM chunks c WHERE c.thread_id = t.thread_id)") == 0);
	sqlite3_close(db);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	struct fuzz_input in = {data, bytes};
	struct fuzz_ring ring;
	int more = 1, all_events = 1;

	for (int pass = 0; more && pass < 3; pass++) {
		char error[600] = "";
		more = fuzz_ring_make(&ring, &in);
		all_events &= (ring.facts.flags & IRT_RING_EVENTS) && !ring.facts.max_db_bytes;
		if (fuzz_ring_drain(ring.folder, error, sizeof(error)) == 0) {
			FUZZ_CHECK(access(ring.folder, F_OK) != 0);
			check_trace(ring.out, all_events);
		} else {
			FUZZ_CHECK(*error);
			all_events = 0;
			fuzz_ring_remove(&ring, 0);
		}
	}
	fuzz_ring_remove(&ring, 1);
	return 0;
}
