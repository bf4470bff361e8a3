# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# --sql answers queries of the user's, --shell starts the stock shell; and what neither can answer is told.
# traces: main heap blank
t instr-report main.db --sql "SELECT function, calls, self_ns, file FROM top LIMIT 3"
t instr-report main.db --sql "SELECT function, calls * 1.5 AS more, NULL AS none, x'00ff' AS bytes FROM top LIMIT 2" --format csv
t instr-report main.db --sql "SELECT function, calls * 1.5 AS more, NULL AS none FROM top LIMIT 2;" --format json
t instr-report main.db --sql "SELECT 1.5 AS a, 'b
c' AS b, x'00ff', NULL -- a comment"
t instr-report main.db --sql "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n LIMIT 3000" --limit 4
s 'instr-report main.db --sql "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n LIMIT 3000" | tail -n 2'
s 'instr-report main.db --sql "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n LIMIT 3000" --limit 0 | tail -n 1'
s 'instr-report main.db --sql "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n LIMIT 3000" -n 2 --format csv'
t instr-report blank.db --sql "SELECT count(*) FROM events" --format csv
t instr-report blank.db --sql "SELECT start_ns, ending FROM calls"
say no room for temporary files
s 'trap "" XFSZ; ulimit -f 100; instr-report main.db --limit 1 >/dev/null && instr-report main.db --sql "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 60000) SELECT i FROM n ORDER BY randomblob(1000)" --limit 1'
say what is no query
t instr-report main.db --sql "SELECT nonsense FROM top"
t instr-report main.db --sql "SELEC 1"
t instr-report main.db --sql ""
t instr-report main.db --sql "-- nothing"
t instr-report main.db --sql "SELECT 1; SELECT 2"
t instr-report main.db --sql "DELETE FROM functions"
t instr-report main.db --sql "CREATE TABLE t (a)"
t instr-report main.db --sql "DELETE FROM calls"
t instr-report main.db --sql "PRAGMA query_only = 0"
t instr-report main.db --sql "ATTACH 'other.db' AS other"
t instr-report main.db --sql "SELECT load_extension('x')"
t instr-report main.db --sql "SELECT * FROM generate_series(1, 2)"
t instr-report main.db --sql "SELECT abs(-9223372036854775807 - 1)" --format csv
t instr-report main.db --sql "SELECT 1" --thread 1
t instr-report main.db --sql "SELECT 1" --top
t instr-report main.db --shell --format csv
say the shell
s 'echo "SELECT count(*) FROM calls; SELECT count(*) FROM top;" | instr-report blank.db --shell'
s 'echo "CREATE TABLE t (a);" | instr-report blank.db --shell 2>&1 | grep -o "readonly"'
cp blank.db "./-odd \"file.db"
s 'echo "SELECT count(*) FROM events;" | instr-report --shell -- "-odd \"file.db"'
s 'PATH=/nowhere $(command -v instr-report) blank.db --shell'
