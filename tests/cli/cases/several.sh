# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# Several traces as one.
# traces: main heap locks blocks creators processes names deep troubled waiting hostile overflow empty
cp main.db other.db
change other.db <<'END'
UPDATE totals SET calls = calls * 3, returns = returns * 3 WHERE context_id > 5;
UPDATE function_totals SET calls = calls * 3, returns = returns * 3 WHERE function_id IN (4, 6);
UPDATE functions SET function_id = function_id + 90 WHERE function_id > 0;
UPDATE function_totals SET function_id = function_id + 90;
UPDATE contexts SET function_id = function_id + 90 WHERE function_id > 0;
INSERT INTO functions VALUES (3, 1, 8, 'fast(int)', '_Z4fasti', '/home/me/src/fast.cpp', 3, 1, NULL, 5);
INSERT INTO contexts VALUES (8, 1, 4, 2, 3, 2, 0, 0);
INSERT INTO totals VALUES (2, 8, 10, 10, 0, 0, 2000, 2000, 90, 400, x'014e0a');
INSERT INTO function_totals VALUES (1, 3, 10, 10, 0, 0, 0, 2000, 2000, 90, 200, 390, 400), (0, 3, 10, 10, 0, 0, 0, 2000, 2000, 90, 200, 390, 400);
END
t instr-report main.db other.db
t instr-report main.db other.db --tree --min 10
t instr-report other.db main.db main.db --top --only hash --histogram
s 'instr-report main.db other.db --info | grep -v KiB'
t instr-report main.db other.db --process 2 --limit 2
t instr-report main.db other.db --format csv --limit 2
t instr-report --diff main.db main.db main.db --sort calls --limit 2
t instr-report main.db other.db --gate 'calls of hash = 10800000; calls of fast = 10'
say together is the sum
together() { s "\"\$PYTHON\" \"\$TESTS/merge_check.py\" $*"; }
together main.db other.db
together main.db other.db main.db
together heap.db heap.db
together locks.db locks.db
together blocks.db blocks.db
together creators.db creators.db
for trace in processes deep names waiting troubled; do
	together $trace.db $trace.db
done
say what was lost, and what is open
t instr-report troubled.db main.db --limit 2
s 'instr-report troubled.db troubled.db --threads | tail -5'
say without events
t instr-report main.db other.db --stacks --at 1s
s 'instr-report heap.db heap.db --heap-at 3s | tail -3'
say other tables, and none
t instr-report main.db empty.db --limit 1
t instr-report empty.db main.db --limit 1
say clocks that tick differently
cp main.db fast.db
echo 'UPDATE clocks SET monotonic_ns = 5000000000000 + (monotonic_ns - 5000000000000) / 2;' | change fast.db
t instr-report main.db fast.db
say what cannot be
t instr-report main.db nothing.db
t instr-report nothing.db main.db
s 'TMPDIR=/nowhere instr-report main.db main.db'
say files made to do harm
for trace in hostile overflow; do
	s "instr-report main.db $trace.db --limit 2 2>&1 | tail -4"
	s "instr-report $trace.db main.db --tree --limit 2 2>&1 | tail -2"
	s "instr-report $trace.db $trace.db --allocs 2>&1 | tail -2"
done
cp hostile.db like.db
echo "DELETE FROM clocks; INSERT INTO clocks VALUES (0, 5000000000000, 0, 0), (16420000000, 5008210000000, 0, 16420000000);" | change like.db
t instr-report main.db like.db --limit 3
s 'instr-report like.db main.db --tree --limit 3 2>&1 | tail -5'
s 'instr-report like.db main.db like.db --locks 2>&1 | tail -3'
for table in threads functions messages contexts; do
	"$PYTHON" "$TESTS/endless.py" main.db endless.db $table
	s "instr-report main.db endless.db 2>&1 | tail -1"
done
say nothing stays behind
mkdir temporary
export TMPDIR="$PWD/temporary"
s 'instr-report main.db other.db --limit 1 >/dev/null; instr-report main.db endless.db 2>/dev/null >&2; ls temporary'
