# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# Which functions were called at all (--coverage), and why one is not in the profile (--why-missing).
# traces: main processes troubled names waiting blank empty hostile overflow
t instr-report main.db --coverage
t body main.db --coverage --by image
t body main.db --coverage --by function
say several images, functions that several files have, some without files
cp main.db more.db
echo "INSERT INTO modules VALUES (2, '/home/me/lib/libstore.so', NULL, 5);
INSERT INTO functions VALUES
(20, 2, 0, 'put(Key)', '_Z3put3Key', '/home/me/src/store.cpp', 12, 1, NULL, 1),
(21, 2, 1, 'get(Key)', '_Z3get3Key', '/home/me/src/store.cpp', 14, 1, NULL, 1),
(22, 2, 2, 'min(int)', '_Z3mini', '/home/me/src/min.h', 3, 1, NULL, 1),
(23, 2, 3, 'min(int)', '_Z3mini', '/home/me/src/min.h', 3, 1, NULL, 1),
(24, 2, 4, 'init', 'init', NULL, NULL, 1, NULL, 1), (25, 2, 5, 'init', 'init', NULL, NULL, 1, NULL, 1),
(26, 2, 6, 'max(int)', '_Z3maxi', '/home/me/src/min.h', 4, 1, NULL, 1), (27, 2, 7, 'max(int)', '_Z3maxi', '/home/me/src/min.h', 4, 1, NULL, 1);
INSERT INTO function_totals VALUES (0, 23, 5, 5, 0, 0, 0, 100, 100, 1, 1, 1, 1), (0, 25, 1, 1, 0, 0, 3, 100, 100, 1, 1, 1, 1);" | change more.db
t body more.db --coverage
t body more.db --coverage --by image
t body more.db --coverage --by function
t body more.db --coverage --limit 1
t body more.db --coverage --by function --limit 2
say one process, which had one of the images
t body more.db --coverage --process 1
say every answer is a query
same more.db --coverage
same more.db --coverage --by image
same more.db --coverage --by function
same more.db --coverage --process 1 --limit 3
same more.db --why-missing '*a*'
same more.db --why-missing '/(in|ax)/'
t instr-report more.db --coverage --format csv
t instr-report more.db --coverage --by image --format json
say nothing with hooks, and all of them called
t body blank.db --coverage
t body blank.db --coverage --by function
cp main.db all.db
echo "DELETE FROM functions WHERE function_id IN (7, 8, 9, 10);" | change all.db
t body all.db --coverage --by function
say why a function is not there
t instr-report main.db --why-missing tokenize
t body main.db --why-missing report_all
t body main.db --why-missing fast_path
t body main.db --why-missing memcpy_ifunc
t body main.db --why-missing 'an*'
t body main.db --why-missing '/^(visit|fast|report)/' --limit 2
t body troubled.db --why-missing '*'
echo "DELETE FROM function_totals WHERE function_id = 24; INSERT INTO function_totals VALUES (0, 24, 0, 0, 0, 0, 1, 0, 0, NULL, NULL, NULL, NULL);
UPDATE functions SET instrumented = 0, reason = 'filter (allow=, deny=)' WHERE function_id = 26;" | change more.db
t body more.db --why-missing init
t body more.db --why-missing max
say a name that no function has
t instr-report main.db --why-missing tokenise
t body main.db --why-missing report_al
t body main.db --why-missing insert
t body main.db --why-missing '/^tokenise/'
t body waiting.db --why-missing read
echo "INSERT INTO modules SELECT 10 + value, '/lib/lib' || value || '.so', NULL, 1 FROM (WITH RECURSIVE n (value) AS (SELECT 0 UNION ALL SELECT value + 1 FROM n WHERE value < 7) SELECT * FROM n);
INSERT INTO processes VALUES (2, 1, 4712, 1, 'sh', '/bin/sh', '/', 'fork', 0, 1, 'exit', 0, NULL);" | change more.db
t body more.db --why-missing nothing_like_it
say rows for programs
t instr-report main.db --why-missing '*a*' --format csv
t instr-report main.db --why-missing nothing_like_it --format json
say narrow
COLUMNS=50 t body main.db --why-missing tokenise
COLUMNS=50 t body more.db --coverage
say files made to do harm
for trace in hostile overflow empty; do
	t body $trace.db --coverage
	t body $trace.db --coverage --by function
	t body $trace.db --why-missing '/./'
	t body $trace.db --why-missing none
done
cp main.db harm.db
echo "UPDATE functions SET name = char(27) || '[2J' || char(10) || 'x', file = 'a' || char(10) || 'b' WHERE function_id > 5; UPDATE functions SET reason = char(27) || '[2J';
UPDATE modules SET path = char(27) || '[2J' || char(10);" | change harm.db
t body harm.db --coverage
t body harm.db --coverage --by function
t body harm.db --why-missing '/./'
t body harm.db --why-missing none
say what does not go together
t instr-report main.db --coverage --by site
t instr-report main.db --coverage --thread 1
t instr-report main.db --coverage --sort calls
t instr-report main.db --coverage --only main
t instr-report main.db --why-missing main --thread worker
t instr-report main.db --why-missing main --process 1
t instr-report main.db --why-missing '/(/'
t instr-report main.db --by file
