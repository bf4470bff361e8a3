/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * sqlite-workload.c - a fixed mixed script for the SQLite amalgamation, about a second at -O2
 * untraced. Truth tests compare the calls it makes, benchmarks its time.
 *
 *     sqlite-workload [-r ROWS] FOLDER
 *
 * prints what every statement returned (the same bytes on every run and machine) and exits 0, or
 * says which statement failed and exits 1. FOLDER takes the files of the on-disk part, which are
 * removed; two runs at once need two. ROWS (default 160000) scales the in-memory part.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sqlite3.h"

static const char *const in_memory[] = {
	"PRAGMA page_size = 4096",
	"CREATE TABLE item(id INTEGER PRIMARY KEY, grp INTEGER NOT NULL, name TEXT NOT NULL,"
	" price REAL, note BLOB)",
	"CREATE TABLE grp(id INTEGER PRIMARY KEY, label TEXT UNIQUE, parent INTEGER REFERENCES grp)",
	"BEGIN",
	"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1)"
	" INSERT INTO item SELECT i, (i * 7919) % 997,"
	" printf('item-%06x-%s', (i * 2654435761) & 16777215, char(97 + i % 26, 97 + i / 26 % 26)),"
	" ((i * 31) % 10007) / 7.0, CASE WHEN i % 5 = 0 THEN zeroblob(i % 40) END FROM n",
	"WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 996)"
	" INSERT INTO grp SELECT i, 'group ' || i, i / 3 FROM n",
	"COMMIT",
	"CREATE INDEX item_grp ON item(grp, price)",
	"CREATE INDEX item_name ON item(name COLLATE NOCASE)",
	"ANALYZE",
	"SELECT count(*), sum(price), avg(length(name)), total(length(note)) FROM item",
	"SELECT grp, count(*), round(sum(price), 3), min(name), max(name) FROM item GROUP BY grp"
	" ORDER BY sum(price) DESC LIMIT 7",
	"SELECT count(*) FROM item WHERE name LIKE '%-00%a_'",
	"SELECT count(*) FROM item WHERE name GLOB 'item-[0-3]*-[a-m]?'",
	"SELECT g.label, count(*), round(avg(i.price), 4) FROM item i JOIN grp g ON g.id = i.grp"
	" WHERE g.parent BETWEEN 100 AND 140 GROUP BY g.id ORDER BY 2 DESC, 1 LIMIT 5",
	"SELECT p.label, sum(n) FROM (SELECT grp, count(*) AS n FROM item GROUP BY grp) c"
	" JOIN grp g ON g.id = c.grp LEFT JOIN grp p ON p.id = g.parent"
	" GROUP BY p.id ORDER BY 2 DESC, 1 LIMIT 5",
	"WITH RECURSIVE up(id, depth) AS (SELECT id, 0 FROM grp WHERE id >= 900 UNION"
	" SELECT g.parent, depth + 1 FROM up JOIN grp g ON g.id = up.id WHERE depth < 12)"
	" SELECT depth, count(*) FROM up GROUP BY depth ORDER BY depth",
	"SELECT max(r), sum(s), max(d) FROM (SELECT row_number() OVER w AS r,"
	" sum(price) OVER (PARTITION BY grp ORDER BY id ROWS 3 PRECEDING) AS s,"
	" dense_rank() OVER (PARTITION BY grp % 7 ORDER BY grp) AS d FROM item WHERE id <= ?1 / 6"
	" WINDOW w AS (PARTITION BY grp ORDER BY price DESC, id))",
	"UPDATE item SET price = price * 1.1, name = upper(name) WHERE grp % 9 = 0",
	"DELETE FROM item WHERE grp % 11 = 3",
	"SELECT count(*), changes(), total_changes() FROM item",
	"SELECT group_concat(x, ' ') FROM (SELECT DISTINCT substr(name, -1) AS x FROM item"
	" WHERE id % 3 = 0 ORDER BY 1)",
	"SELECT count(*) FROM (SELECT grp FROM item WHERE price > 700 INTERSECT"
	" SELECT grp FROM item WHERE price < 60 EXCEPT SELECT id FROM grp WHERE id % 2 = 0)",
	"CREATE TRIGGER watch AFTER UPDATE OF parent ON grp BEGIN"
	" UPDATE item SET note = NEW.label WHERE grp = NEW.id AND id % 4 = 0; END",
	"UPDATE grp SET parent = parent + 1 WHERE id BETWEEN 200 AND 260",
	"SELECT count(*), min(note), max(note) FROM item WHERE typeof(note) = 'text'",
	"CREATE TABLE doc(id INTEGER PRIMARY KEY, body TEXT)",
	"INSERT INTO doc SELECT id, json_object('id', id, 'tags', json_array(grp, name, price),"
	" 'nested', json_object('a', id % 10, 'b', json('[1,2,{\"c\":null}]')))"
	" FROM item WHERE id % 12 = 0",
	"SELECT json_extract(body, '$.nested.a') AS a, count(*), sum(json_array_length(body, '$.tags'))"
	" FROM doc GROUP BY a ORDER BY a",
	"SELECT count(*), sum(CASE WHEN type = 'integer' THEN atom END) FROM doc, json_tree(doc.body)"
	" WHERE doc.id % 36 = 0",
	"SELECT json_patch(json_set(body, '$.x', 1.5), '{\"tags\":null}') FROM doc ORDER BY id LIMIT 2",
	"CREATE VIRTUAL TABLE words USING fts5(body, tokenize = 'porter unicode61')",
	"INSERT INTO words(rowid, body) SELECT id, replace(name, '-', ' ') || ' ' ||"
	" (SELECT label FROM grp WHERE grp.id = item.grp) || ' running runs' FROM item WHERE id % 15 = 0",
	"SELECT count(*) FROM words WHERE words MATCH 'run AND item'",
	"SELECT rowid, snippet(words, 0, '<', '>', '..', 4) FROM words"
	" WHERE words MATCH '\"group 77\" OR (item NEAR zz)' ORDER BY rank, rowid LIMIT 4",
	"INSERT INTO words(words) VALUES('optimize')",
	"SELECT strftime('%Y-%m-%d', 86400 * 365.25 * 30, 'unixepoch'), round(sin(1.0), 9),"
	" hex(quote('it''s')), abs(-5), instr('haystack', 'st'), soundex('robert') IS NULL",
	"SAVEPOINT s",
	"DELETE FROM item WHERE id % 2 = 0",
	"ROLLBACK TO s",
	"RELEASE s",
	"SELECT count(*) FROM item",
	"REINDEX item_name",
	"PRAGMA integrity_check",
};

static const char *const on_disk[] = {
	"PRAGMA journal_mode = DELETE",
	"PRAGMA synchronous = NORMAL",
	"PRAGMA cache_size = 50",
	"CREATE TABLE log(id INTEGER PRIMARY KEY, at INTEGER, line TEXT, UNIQUE(at, id))",
	"BEGIN",
	"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 12000)"
	" INSERT INTO log SELECT NULL, (i * 48271) % 65537, printf('%08d %.*c', i, i % 60, 'x') FROM n",
	"COMMIT",
	"DELETE FROM log WHERE at % 3 = 0",
	"PRAGMA journal_mode = WAL",
	"UPDATE log SET line = line || '!' WHERE at % 5 = 1",
	"PRAGMA wal_checkpoint(TRUNCATE)",
	"CREATE INDEX log_line ON log(substr(line, 1, 8) DESC)",
	"SELECT count(*), sum(at), min(line), sum(length(line)) FROM log",
	"ATTACH ':memory:' AS side",
	"CREATE TABLE side.copy AS SELECT * FROM log WHERE at < 20000 ORDER BY line DESC",
	"SELECT count(*), max(copy.at) FROM side.copy JOIN log USING (id)",
	"DETACH side",
	"VACUUM",
	"PRAGMA integrity_check",
	"PRAGMA journal_mode = DELETE",
};

static void run(sqlite3 *db, const char *sql, long rows)
{
	sqlite3_stmt *statement = NULL;
	int code = sqlite3_prepare_v2(db, sql, -1, &statement, NULL);

	printf("%.60s\n", sql);
	if (code == SQLITE_OK && sqlite3_bind_parameter_count(statement) > 0)
		code = sqlite3_bind_int64(statement, 1, rows);
	if (code == SQLITE_OK) {
		while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
			int columns = sqlite3_column_count(statement);

			for (int i = 0; i < columns; i++) {
				const unsigned char *text = sqlite3_column_text(statement, i);

				printf("%s%s", i ? " | " : "    ", text ? (const char *)text : "NULL");
			}
			printf("\n");
		}
	}
	sqlite3_finalize(statement);
	if (code != SQLITE_DONE) {
		printf("failed: %s\n", sqlite3_errmsg(db));
		exit(1);
	}
}

static void run_all(const char *path, const char *const *script, size_t statements, long rows)
{
	sqlite3 *db = NULL;

	if (sqlite3_open(path, &db) != SQLITE_OK) {
		printf("%s: cannot open: %s\n", path, sqlite3_errmsg(db));
		exit(1);
	}
	for (size_t i = 0; i < statements; i++)
		run(db, script[i], rows);
	if (sqlite3_close(db) != SQLITE_OK) {
		printf("cannot close\n");
		exit(1);
	}
}

static void copy_by_backup(const char *from_path)
{
	sqlite3 *from = NULL, *to = NULL;
	sqlite3_backup *backup;
	int steps = 0;

	if (sqlite3_open(from_path, &from) != SQLITE_OK || sqlite3_open(":memory:", &to) != SQLITE_OK)
		exit(1);
	backup = sqlite3_backup_init(to, "main", from, "main");
	while (sqlite3_backup_step(backup, 16) == SQLITE_OK)
		steps++;
	printf("backup %s in %d steps\n", sqlite3_backup_finish(backup) == SQLITE_OK ? "done" : "failed",
	       steps);
	run(to, "SELECT count(*), total(at) FROM log", 0);
	sqlite3_close(to);
	sqlite3_close(from);
}

int main(int argc, char **argv)
{
	long rows = 160000;
	char path[4096];
	static char buffer[4096]; /* else libc would allocate one, and some counters cannot tell whose it is */
	int option;

	setvbuf(stdout, buffer, _IOFBF, sizeof buffer);
	while ((option = getopt(argc, argv, "r:")) != -1) {
		if (option != 'r' || (rows = strtol(optarg, NULL, 10)) < 1000)
			argc = 0;
	}
	if (optind != argc - 1) {
		fprintf(stderr, "usage: sqlite-workload [-r ROWS] FOLDER (at least 1000 rows)\n");
		return 2;
	}
	run_all(":memory:", in_memory, sizeof in_memory / sizeof *in_memory, rows);
	snprintf(path, sizeof path, "%s/sqlite-workload.db", argv[optind]);
	unlink(path);
	run_all(path, on_disk, sizeof on_disk / sizeof *on_disk, rows);
	copy_by_backup(path);
	unlink(path);
	return 0;
}
