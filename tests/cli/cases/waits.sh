# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# Waits for locks: who for whom and what that one did meanwhile, added up in five ways; and orders that go round in a circle.
# traces: locks main
t instr-report locks.db --waits
say added up by something else, to the same sum
for by in context waiter holder thread; do
	t body locks.db --waits --by $by
done
t body locks.db --waits --sort contended --limit 2
for by in function context waiter holder thread; do
	s "instr-report locks.db --waits --by $by --format csv | sed '1d' | wc -l"
	s "instr-report locks.db --waits --by $by --show-sql | sqlite3 locks.db"
done
s "instr-report locks.db --waits --format json"
s 'sqlite3 locks.db "SELECT wait_id, link, member_id, is_last FROM lock_wait_chains WHERE wait_id = 4"'
t body locks.db --threads
t body locks.db --threads --sort lock --limit 1
say orders of locks
t body locks.db --lock-order
t body locks.db --lock-order --all
t instr-report locks.db --lock-order --format csv
s "instr-report locks.db --lock-order --show-sql | sqlite3 locks.db"
s 'sqlite3 locks.db "SELECT * FROM lock_inversions"'
say circles of more than two, of readers, of one thread, and very many
change locks.db <<'SQL'
DELETE FROM lock_orders;
CREATE TABLE numbers AS WITH RECURSIVE n (value) AS (SELECT 1 UNION ALL SELECT value + 1 FROM n WHERE value < 60) SELECT value FROM n;
INSERT INTO locks SELECT value + 10, 1, 1, 65536 + value, 2, 11, 1000, NULL, NULL, NULL, 0, 0 FROM numbers;
INSERT INTO lock_orders VALUES (11, 2, 11, 1, 12, 2, 11, 1, NULL, 1, 0, 0, '[]'), (12, 2, 11, 1, 13, 2, 11, 1, NULL, 1, 0, 0, '[]'),
    (13, 2, 11, 1, 11, 2, 11, 1, NULL, 1, 0, 0, '[]'), (13, 2, 11, 1, 14, 2, 11, 1, NULL, 1, 0, 0, '[]');
SQL
t body locks.db --lock-order
change locks.db <<'SQL'
DELETE FROM lock_orders;
INSERT INTO lock_orders VALUES (11, 2, 13, 3, 12, 2, 13, 3, NULL, 1, 0, 0, '[]'), (12, 2, 13, 3, 11, 2, 13, 3, NULL, 1, 0, 0, '[]'),
    (13, 2, 11, 1, 14, 2, 11, 1, 2, 1, 0, 0, '[]'), (14, 2, 11, 1, 13, 2, 11, 1, 2, 1, 0, 0, '[]');
SQL
t body locks.db --lock-order
change locks.db <<'SQL'
DELETE FROM lock_orders;
INSERT INTO lock_orders SELECT a.value + 10, 2, 11, 1, b.value + 10, 2, 11, 1, NULL, 1, 0, 0, '[]'
FROM numbers a, numbers b WHERE a.value <> b.value;
SQL
s "instr-report locks.db --lock-order | tail -n 3"
say none
t body main.db --waits
t body main.db --lock-order
s 'instr-report main.db --waits --format csv'
say not what was meant
t instr-report locks.db --waits --by site
t instr-report locks.db --locks --by waiter
t instr-report locks.db --blocks --by thread
t instr-report locks.db --waits --thread 1
t instr-report locks.db --lock-order --sort wait
t instr-report locks.db --waits --sort hold
