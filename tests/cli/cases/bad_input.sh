# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# Each kind of file that is no trace gets its sentence and status 3.
# traces: main
say missing
t instr-report missing.db
t instr-report missing/trace.db
t instr-report trace.db/inside
say no database
: >empty
t instr-report empty
echo hello >text
t instr-report text
printf 'SQLite format 3' >short
t instr-report short
mkdir folder
t instr-report folder
t instr-report /dev/null
say a database, but no trace
echo 'CREATE TABLE t (x);' | change other.db
t instr-report other.db
say schemas
cp main.db new.db
echo 'PRAGMA user_version = 7;' | change new.db
t instr-report new.db
cp main.db old.db
echo 'PRAGMA user_version = 0;' | change old.db
t instr-report old.db
say truncated
head -c 60 main.db >cut60.db
t instr-report cut60.db
head -c 5000 main.db >cut5000.db
t instr-report cut5000.db
say damaged
"$PYTHON" -c '
import os
data = bytearray(open("main.db", "rb").read())
data[4096 * 2:] = os.urandom(1)[:0] + bytes([170]) * (len(data) - 4096 * 2)
open("damaged.db", "wb").write(data)'
t instr-report damaged.db
say tables
cp main.db lacks.db
echo 'DROP TABLE losses;' | change lacks.db
t instr-report lacks.db
cp main.db column.db
echo 'ALTER TABLE messages DROP COLUMN severity;' | change column.db
t instr-report column.db
say permission
cp main.db secret.db
chmod 0 secret.db
t unprivileged instr-report secret.db
mkdir locked
cp main.db locked/trace.db
chmod 0 locked
t unprivileged instr-report locked/trace.db
chmod 755 locked
say locked by a program that writes
"$PYTHON" "$TESTS/hold.py" lock main.db instr-report main.db 2>&1
say every report reads them alike
for mode in --top --tree --info --allocs --leaks --peak; do
	for format in text csv json; do
		instr-report new.db $mode --format $format >out 2>err
		echo "$mode $format: $? $(wc -c <out) $(cat err)"
	done
done
