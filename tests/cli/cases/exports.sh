# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# instr-export: what it is asked, what it refuses, and traces that are made to do harm. What formats hold is for
# tests/export.
# traces: main heap waiting troubled names hostile overflow deep
say formats and files
t instr-export
t instr-export foldde
t instr-export svg
t instr-export folded main.db heap.db
t instr-export folded missing.db
t instr-export folded main.db
s 'cp main.db trace.db; instr-export folded -o out.folded; wc -l <out.folded; ls out.folded*'
t instr-export folded main.db -o main.db
t instr-export folded main.db -o nowhere/out
s 'instr-export folded main.db -o /dev/stdout | wc -l'
s 'instr-export folded main.db >/dev/full'
s 'instr-export folded main.db -o /dev/full'
say what goes with what
t instr-export pprof main.db --value calls
t instr-export folded main.db --profile heap
t instr-export callgrind main.db --value lock
t instr-export pprof main.db --profile heap --all
t instr-export pprof main.db --profile mutex --thread 1
s 'instr-export pprof troubled.db | gzip -cd | tr -c "[:print:]" "\n" | grep LOST'
say a time, call by call
t instr-export chrome main.db
t instr-export chrome main.db --from 2s --to 1s
t instr-export chrome main.db --from 2
t instr-export chrome main.db --value calls
t instr-export folded main.db --from 1s
t instr-export chrome hostile.db
t instr-export chrome main.db --thread 77
say views as CSV
t instr-export csv
t instr-export csv tpo main.db
t instr-export csv sqlite_schema main.db
t instr-export csv 'top; DELETE FROM run' main.db
t instr-export csv top main.db
t instr-export csv top main.db heap.db
t instr-export csv top main.db --thread 1
t instr-export csv modules main.db --show-sql
t instr-export csv names.db
t instr-export csv top hostile.db
say values
t instr-export folded heap.db --value alloc_bytes
t instr-export folded waiting.db --value lock
t instr-export folded waiting.db --value blocked
t instr-export folded waiting.db --value blocked --all
t instr-export folded main.db --value nonsense
t instr-export folded main.db --all
say processes and threads
t instr-export folded waiting.db --process 2
t instr-export folded waiting.db --process 3
t instr-export folded main.db --thread worker
t instr-export folded main.db --thread 1
t instr-export folded main.db --thread nobody
t instr-export folded heap.db --value alloc_bytes --thread 1
say what is missing comes before what is there
s 'instr-export folded troubled.db | head -3'
say 'names can be read back: no line break, no ";" that is not between two'
s 'instr-export folded names.db | grep -c .; instr-export folded names.db | grep -vc " [0-9]*$"'
say queries
t instr-export folded --show-sql --value calls --thread worker main.db
for value in time alloc_bytes lock; do
	s "instr-export folded --show-sql --value $value waiting.db >query.sql; stock_sqlite waiting.db <query.sql >rows; head -3 rows | cut -c1-100"
done
say harm
t instr-export folded overflow.db -o harm
t instr-export folded hostile.db --value lock -o harm
say the same where all contexts have callers
echo 'DELETE FROM contexts WHERE context_id NOT IN (5, 7); UPDATE contexts SET context_id = 4 WHERE context_id = 5; UPDATE contexts SET parent_id = 4 WHERE context_id = 7;' | change hostile.db
for value in time alloc_bytes lock blocked; do
	t instr-export folded hostile.db --value $value -o harm
done
s 'ls | grep harm'
"$PYTHON" "$TESTS/endless.py" main.db endless.db contexts
s 'instr-export folded endless.db --value alloc_bytes >/dev/null'
"$PYTHON" "$TESTS/endless.py" main.db endless.db losses
s 'instr-export folded endless.db >/dev/null'
s 'instr-export folded deep.db | tail -1 | tr ";" "\n" | wc -l'
for profile in heap block mutex threads; do
	t instr-export pprof hostile.db --profile $profile -o harm
done
say deeper than any that is recorded, and a value below zero
cp deep.db deeper.db
echo 'WITH RECURSIVE n (i) AS (SELECT 601 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)
INSERT INTO contexts SELECT i, 1, i - 1, 0, 1, i, 1, 0 FROM n;' | change deeper.db
s 'instr-export folded deeper.db >/dev/null'
cp main.db below.db
echo 'UPDATE totals SET self_ticks = -5 WHERE context_id = 3;' | change below.db
s 'instr-export folded below.db >/dev/null'
