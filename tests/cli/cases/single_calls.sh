# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# --calls: the longest single calls of a function, from events.
# traces: main processes troubled hostile overflow
cp main.db calls.db
echo "INSERT INTO sites VALUES (90, 1, 20, 'block', 'read', 'read', 'read', '/home/me/src/worker.cpp', 44, 3, NULL),
(91, 1, 21, 'lock', 'mutex', 'pthread_mutex_lock', 'pthread_mutex_lock', '/home/me/src/table.cpp', 90, 2, 'table.lock'),
(92, 1, 22, 'alloc', 'malloc', 'malloc', 'malloc', '/home/me/src/tokenize.cpp', 9, 2, 'char'),
(93, 1, 23, 'block', 'sync', 'fsync', 'fsync', NULL, NULL, NULL, char(27) || '[2J'),
(94, 1, 24, 'alloc', 'new', 'operator new(unsigned long)', '_Znwm', '/home/me/src/table.cpp', 91, 2, 'Posting');" | change calls.db
put calls.db <<END
1 10 enter 1
1 1000000 enter 5            # visit: 4 ms, in it another one of 1 ms that ends by an exception
1 3000000 enter 5
1 4000000 block 93 400000 0
1 5000000 unwind
1 9000000 exit
1 chunk
1 10000000 enter 5           # of 7.5 ms: in another chunk it ends by a jump, after half a millisecond for the drain
1 chunk
1 12000000 wait 1000000
1 26000000 pop 1
1 chunk
1 26000100 enter 5
1 26000120 exit
2 20000000 enter 2           # worker, which ends in the last chunk
2 20000100 enter 3           # tokenize: 1 ms, 0.5 ms, 3 ms
2 20000200 alloc 92 0x1000 100
2 20000300 free 92 0x1000
2 20000300 alloc 92 0x1000 300
2 20000400 alloc 94 0x1000 300   # the same block, by its new
2 22000100 exit
2 22000200 enter 3
2 22000300 enter 6
2 22000310 exit
2 23000200 exit
2 chunk
2 24000000 enter 3
2 25000000 block 90 900000 4096
2 26000000 block 90 600000 0
2 27000000 waiting 91 0x5000
2 28000000 waited 91 0x5000
2 30000000 exit
2 chunk
2 30000010 enter 4
2 30000020 exit
2 40000000 exit
3 50000000 enter 2
3 50000010 enter 3
3 50000012 exit
END
t instr-report calls.db --calls tokenize
t body calls.db --calls visit
t body calls.db --calls worker
t body calls.db --calls '/^[tv]/' --limit 3
say what is open, of a thread that has no end of it in its events
echo "INSERT INTO open_frames VALUES (3, 0, 4, 50000000, 0, 0, 0);" | change calls.db
t body calls.db --calls worker
t body calls.db --calls worker --thread 3
t body calls.db --calls 'worker(Queue&)' --process 1 --thread worker --limit 1
say when they began
t body calls.db --calls tokenize --from 11ms --to 12ms
t body calls.db --calls visit --to 4999999ns
t body calls.db --calls visit --from 5ms --to 12ms
t body calls.db --calls visit --from 1h
say rows for programs
t instr-report calls.db --calls visit --format csv
t instr-report calls.db --calls tokenize --format json --limit 2
s 'instr-report calls.db --calls visit --format csv >ours; instr-report calls.db --calls visit --show-sql | stock_sqlite calls.db | cmp - ours && wc -l <ours'
say narrow, and ASCII
COLUMNS=60 t body calls.db --calls tokenize --limit 2
LC_ALL=C t body calls.db --calls visit --limit 2
say events that are missing, cannot be read, or are not there at all
cp main.db lost.db
put lost.db <<END
2 20000000 enter 2
2 20000100 enter 3
2 lost 5
2 22000300 exit
2 22000400 enter 3
2 22000500 exit
END
t body lost.db --calls tokenize
t body main.db --calls tokenize
t instr-report main.db --calls tokenize --format csv
cp main.db off.db
echo "DELETE FROM chunks; UPDATE settings SET value = 'off' WHERE key = 'events';" | change off.db
t instr-report off.db --calls tokenize
t instr-report off.db --calls tokenize --format csv
t instr-report main.db calls.db --calls tokenize
say bytes that are changed one by one end in rows or in words
cat >change_bytes.py <<'END'
import sqlite3, subprocess, sys
db = sqlite3.connect("calls.db")
chunks = db.execute("SELECT chunk_id, data FROM chunks").fetchall()
answers = set()
for chunk_id, data in chunks:
    for at in range(0, len(data), 3):
        for value in (0, 255, data[at] ^ 1):
            changed = data[:at] + bytes([value]) + data[at + 1:]
            db.execute("UPDATE chunks SET data = ? WHERE chunk_id = ?", (changed, chunk_id))
            db.commit()
            answers.add(subprocess.run(["instr-report", "calls.db", "--calls", "/./"], capture_output=True).returncode)
    db.execute("UPDATE chunks SET data = ? WHERE chunk_id = ?", (data, chunk_id))
print(sorted(answers))
END
s '"$PYTHON" change_bytes.py'
say files made to do harm
for trace in hostile.db overflow.db; do
	t body $trace --calls round
done
echo "UPDATE chunks SET first_event = 4611686018427387904, events = 4611686018427387904, start_depth = -5, min_depth = -9223372036854775808,
functions = x'01ffffffffffffffffffff', start_ticks = 9223372036854775807 WHERE chunk_id = (SELECT min(chunk_id) FROM chunks WHERE thread_id = 2);
UPDATE chunks SET end_ticks = -9223372036854775808 WHERE thread_id = 1;
INSERT INTO open_frames VALUES (1, -5, 1, -9223372036854775808, 0, 0, 0), (1, 9223372036854775807, 2, 9223372036854775807, 0, 0, 0), (2, 1, 999999999, 0, 0, 0, 0), (2, 2, -1, 0, 0, 0, 0);" | change calls.db
t body calls.db --calls '/./'
say names that are none, and what does not go together
t instr-report main.db --calls tokenise
t instr-report main.db --calls ''
t instr-report main.db --calls hash --callers hash
t instr-report main.db --calls hash --sort calls
t instr-report main.db --calls hash --heap
t instr-report main.db --from 1s
t instr-report main.db --tree --to 1s
t instr-report main.db --calls hash --from 2s --to 1s
