# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# A settings file that leaves out what costs much and tells little (--suggest-filter).
# traces: main waiting blank hostile
t instr-report main.db --suggest-filter 0.2%
t instr-report main.db --suggest-filter 0.1
t instr-report main.db --suggest-filter 5%
say nothing can be left out by name, so that nothing is left of hooks
t instr-report main.db --suggest-filter 0
say rows for programs
t instr-report main.db --suggest-filter 0.1 --format csv
t instr-report main.db --suggest-filter 0.1 --format json
say all that the choice is made from is a query
instr-report main.db --suggest-filter 0.1 --show-sql >query.sql
stock_sqlite main.db <query.sql
say threads whose time of the processor is not known, and waits
cp main.db not-known.db
echo "UPDATE threads SET cpu_ns = NULL WHERE thread_id = 2;
INSERT INTO sites VALUES (1, 1, 9, 'block', 1, 'read', 'read', '/home/me/src/worker.cpp', 44, 3, NULL);
INSERT INTO block_totals VALUES (4, 1, 5, 0, 10, 0, 1000, 4000000000, 900000000, x'01b8040a'), (0, 1, 5, 0, 10, 0, 1000, 8000000000, 900000000, x'01b8040a');" | change not-known.db
t instr-report not-known.db --suggest-filter 0.2
say more calls than there was time for their hooks
cp main.db rough.db
echo "UPDATE threads SET cpu_ns = 1000000;" | change rough.db
t instr-report rough.db --suggest-filter 100%
say names that a pattern would take for more, that need quotes, and that no filter can have
cp main.db names.db
echo "UPDATE functions SET linkage_name = '_Z8operator[]*?\\' WHERE function_id = 6; UPDATE functions SET linkage_name = ' a:b' WHERE function_id = 5;
UPDATE functions SET linkage_name = 'it''s/a' || char(10) || 'deny=*', name = 'a' || char(10) || 'deny=*' WHERE function_id = 4; UPDATE functions SET name = 'b' || char(10) || 'deny=*', file = 'c' || char(10) || 'deny=*' WHERE function_id = 3;" | change names.db
t instr-report names.db --suggest-filter 0
say what hooks cost is not known, nothing was called
cp main.db cost.db
echo "DELETE FROM run WHERE key = 'hook_cost_ticks';" | change cost.db
t instr-report cost.db --suggest-filter 5
t instr-report blank.db --suggest-filter 5
t instr-report hostile.db --suggest-filter 5
say it is of the whole run
t instr-report main.db --suggest-filter 5 --limit 3
t instr-report main.db --suggest-filter 5 --thread worker
t instr-report main.db --suggest-filter 5 --sort calls
t instr-report main.db --suggest-filter 500
t instr-report main.db --suggest-filter 5 --coverage
