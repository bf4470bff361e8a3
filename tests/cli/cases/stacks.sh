# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# --stacks: the calls that are open in each thread. (tests/e2e/runtime/at_work.sh has events to read.)
# traces: main troubled processes deep hostile overflow
t instr-report troubled.db --stacks
say nothing open
t body main.db --stacks
say the same calls in several threads, other times, a thread without a name, one in no call
cp troubled.db many.db
echo "INSERT INTO threads SELECT 10 + value, 1, 200 + value, CASE value WHEN 3 THEN NULL ELSE 'reader' END, NULL, NULL, 0, NULL,
9000000000, 5, 1, 5, 0, 0, 0, 0, 0, 0, 0, NULL, NULL, NULL
FROM (WITH RECURSIVE n (value) AS (SELECT 0 UNION ALL SELECT value + 1 FROM n WHERE value < 12) SELECT * FROM n);
INSERT INTO open_frames SELECT thread_id, 0, 1, 1000000000 + thread_id * 1000, 0, 0, 0 FROM threads WHERE thread_id BETWEEN 10 AND 20;
INSERT INTO open_frames SELECT thread_id, 1, 2, 2000000000 + thread_id * 200000000, 0, 0, 0 FROM threads WHERE thread_id BETWEEN 10 AND 20;
UPDATE run SET value = 'recording' WHERE key = 'state';" | change many.db
t body many.db --stacks
t body many.db --stacks --thread 12
t body many.db --stacks --thread reader --limit 1
say what they are blocked in: the same, another, in a handler too, outside of calls, at a place that is not known. And locks
cp many.db blocked.db
echo "INSERT INTO sites VALUES (90, 1, 20, 'block', 'poll', 'epoll_wait', 'epoll_wait', '/home/me/src/server.cpp', 43, 11, NULL),
(91, 1, 21, 'block', 'join', 'std::thread::join()', '_ZNSt6thread4joinEv', '/home/me/src/server.cpp', 90, 5, NULL),
(92, 1, 22, 'lock', 'mutex', 'pthread_mutex_lock', 'pthread_mutex_lock', '/home/me/src/queue.cpp', 7, 2, 'queue.lock');
INSERT INTO open_blocks SELECT 1, thread_id, 1, 2, 90, 5000000000 + thread_id * 1000 FROM threads WHERE thread_id BETWEEN 10 AND 14;
INSERT INTO open_blocks VALUES (1, 15, 1, 2, 91, 6000000000), (1, 16, 0, 1, 90, 3000000000), (1, 16, 1, 2, 91, 6000000000),
(1, 21, -1, 0, 90, 8000000000), (1, 17, 1, 2, 999, 5000000000);
INSERT INTO locks VALUES (5, 1, 1, 4096, 1, 92, 0, NULL, NULL, NULL, 0, 0), (6, 1, 1, 8192, 1, 92, 0, NULL, NULL, NULL, 0, 0);
INSERT INTO lock_users VALUES (1, 5, 18, 0, 2, 92, 1, 8000000000), (1, 5, 19, 0, 2, 92, 1, 8100000000), (1, 6, 20, 0, 2, 92, 1, 8200000000),
(1, 6, 12, 0, 1, 92, 1, 2000000000), (1, 6, 16, 1, 2, 92, 1, 8200000000), (1, 6, 22, 0, 0, 999, 1, 8300000000);" | change blocked.db
t body blocked.db --stacks
t body blocked.db --stacks --limit 1
t instr-report blocked.db --stacks --thread 16 --format csv
t instr-report blocked.db --stacks --thread 20 --format csv
say a deep stack
t body deep.db --stacks
cp deep.db deeper.db
echo "DELETE FROM open_frames; INSERT INTO open_frames SELECT 1, value, 1 + value % 3, value * 1000, 0, 0, 0
FROM (WITH RECURSIVE n (value) AS (SELECT 0 UNION ALL SELECT value + 1 FROM n WHERE value < 70) SELECT * FROM n);" | change deeper.db
s 'instr-report deeper.db --stacks | grep -B2 -A2 " calls \.\.\."'
s 'instr-report deeper.db --stacks --limit 0 | wc -l'
say several processes
t body processes.db --stacks
t body processes.db --stacks --process 1
say at a time
t body main.db --stacks --at 1h
say events that cannot be read, or are not there
t body main.db --stacks --at 5s
t body troubled.db --stacks --at 4s
t instr-report main.db --stacks --at 5s --format csv
say narrow and ASCII
COLUMNS=40 t body many.db --stacks
LC_ALL=C t body many.db --stacks --limit 1
say rows for programs
t instr-report troubled.db --stacks --format csv
t instr-report troubled.db --stacks --format json
s 'instr-report troubled.db --stacks --show-sql | stock_sqlite troubled.db'
say figures that cannot be
t body hostile.db --stacks
t body overflow.db --stacks
t body hostile.db --stacks --at 10ns
t body overflow.db --stacks --at 10ns
t instr-report hostile.db --stacks --format csv
say what does not go together
t instr-report main.db --stacks --sort calls
t instr-report main.db --at 5s
t instr-report main.db --stacks --at 5s --show-sql
t instr-report main.db --stacks --at soon
t instr-report main.db --stacks --leaks
t instr-report main.db --stacks --min 3
