# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# What changed between two traces.
# traces: main processes deep names heap locks blocks troubled hostile overflow
body() { instr-report "$@" | awk 'n > 2; /^$/ { n++ }'; }
sums() { instr-report "$@" | awk 'n > 1; /^$/ { n++ }'; }
cp main.db new.db
change new.db <<'END'
UPDATE totals SET calls = 1200000, returns = 1200000, total_ticks = total_ticks * 13 / 10, self_ticks = self_ticks * 13 / 10, histogram = x'01cd01809f49' WHERE thread_id = 2 AND context_id = 5;
UPDATE totals SET calls = 40, returns = 40 WHERE thread_id = 3 AND context_id = 7;
DELETE FROM totals WHERE context_id = 3;
DELETE FROM contexts WHERE context_id = 3;
INSERT INTO functions VALUES (11, 1, 6, 'stem(char const*) (.llvm.4711)', '_Z4stemPKc', '/home/me/src/stem.cpp', 8, 1, NULL, 1);
INSERT INTO contexts VALUES (8, 1, 5, 1, 11, 3, 0, 0);
INSERT INTO totals VALUES (2, 8, 700, 700, 0, 0, 70000, 70000, 90, 120, x'014ebc05');
INSERT INTO heap_totals SELECT 8, 1, 0, 700, 7000, 700, 7000, 0, 0, 0, 0, 700, 1, 10, 0, NULL, NULL, 700, 7000, 0, 0, 0, 0;
END
t instr-report --diff main.db new.db
t instr-report new.db --diff main.db --by context
say the other way round, in every order
for sort in total calls bytes allocs blocked lock acquisitions; do
	t body --diff new.db main.db --sort $sort
done
say no difference
t instr-report --diff main.db main.db
for trace in processes deep names heap locks blocks troubled; do
	t sums --diff $trace.db $trace.db
done
say less of it
t body --diff main.db new.db --limit 2
t body --diff main.db new.db --min 1
t body --diff main.db new.db --by context --limit 1
say narrow and ASCII
for columns in 60 80; do
	COLUMNS=$columns t body --diff main.db new.db
done
LC_ALL=C t body --diff names.db main.db --by context --limit 3
say rows for programs
t instr-report --diff main.db new.db --format csv
t instr-report --diff main.db new.db --by context --format json --limit 2
s 'instr-report --diff troubled.db main.db --format csv 2>&1 >/dev/null'
say other programs
t sums --diff heap.db locks.db
t body --diff main.db processes.db --by context
say names of optimisers
cp main.db clones.db
echo "UPDATE functions SET name = 'hash(char const*) [clone .constprop.0]' WHERE function_id = 6; UPDATE functions SET name = 'main.llvm.12' WHERE function_id = 1;" | change clones.db
t body --diff main.db clones.db
say time that hooks took
cp main.db busy.db
echo "UPDATE totals SET calls = calls * 2, returns = returns * 2, self_ticks = self_ticks * 2, total_ticks = total_ticks * 2 WHERE context_id = 6;" | change busy.db
t body --diff main.db busy.db
say against what lists of calls say that were made at random
s '"$PYTHON" "$TESTS/compare_check.py" 1'
say the query, of each
s 'instr-report --diff main.db new.db --show-sql | head -3'
say files made to do harm
for trace in hostile overflow; do
	t sums --diff main.db $trace.db
	s "instr-report --diff $trace.db main.db --by context --format csv 2>&1 | tail -1"
	s "instr-report --diff $trace.db $trace.db --by context 2>&1 | tail -4"
done
"$PYTHON" "$TESTS/endless.py" main.db endless.db contexts
t instr-report --diff main.db endless.db
t instr-report --diff endless.db main.db
echo "UPDATE totals SET histogram = x'02b90401' WHERE context_id = 1;" | change new.db
t instr-report --diff main.db new.db
t instr-report --diff new.db main.db --format csv
say what cannot be
t instr-report --diff nothing.db main.db
t instr-report --diff main.db nothing.db
t instr-report --diff main.db
t instr-report --diff
t instr-report --diff main.db new.db --tree
t instr-report --diff main.db new.db --callers hash
t instr-report --diff main.db new.db --thread 1
t instr-report --diff main.db new.db --process 1
t instr-report --diff main.db new.db --by site
t instr-report --diff main.db new.db --sort cpu
t instr-report --diff main.db new.db --heap
t instr-report --diff main.db new.db --only hash
t instr-report --diff main.db main.db new.db
