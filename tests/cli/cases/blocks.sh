# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# Calls that may block: what is in, what is left out and said to be, every order and every kind of row.
# traces: blocks main
say what is shown and what is not
t instr-report blocks.db --blocks
t instr-report blocks.db --blocks --all
t instr-report blocks.db --blocks --process 2
t instr-report main.db --blocks
t instr-report main.db --blocks --process 1
say calls that have not returned, of the whole run and of a process, live and over
cp blocks.db live.db
echo "UPDATE run SET value = 'recording' WHERE key = 'state'; UPDATE threads SET end_ticks = NULL; DELETE FROM open_blocks WHERE process_id = 1;" | change live.db
s 'instr-report live.db --blocks | grep "not counted"'
s 'instr-report blocks.db --stacks | sed "1,/^$/d"'
s 'instr-report blocks.db --blocks --process 1 --format csv | wc -l'
say rows of every kind
t body blocks.db --blocks --by site
t body blocks.db --blocks --by context
t body blocks.db --blocks --all --by context --limit 2
t body blocks.db --blocks --limit 2
say every order
for sort in time calls bytes longest failed; do
	t body blocks.db --blocks --sort $sort --limit 3
	t body blocks.db --blocks --all --by site --sort $sort --limit 2
done
t body blocks.db --blocks --process 2 --sort bytes
say narrow, wide and ASCII
for columns in 60 80; do
	COLUMNS=$columns t body blocks.db --blocks
	COLUMNS=$columns t body blocks.db --blocks --by context --limit 2
done
LC_ALL=C t body blocks.db --blocks --all
say rows for programs
t instr-report blocks.db --blocks --format csv
t instr-report blocks.db --blocks --by site --all --format csv
t instr-report blocks.db --blocks --by context --limit 1 --format json
s 'instr-report blocks.db --blocks --sort calls --show-sql | sqlite3 -readonly blocks.db | head -2'
say the rules are rows
s 'sqlite3 -readonly blocks.db "SELECT * FROM idle_waits"'
say what does not go together
t instr-report blocks.db --blocks --thread 1
t instr-report blocks.db --blocks --by type
t instr-report blocks.db --blocks --sort self
t instr-report blocks.db --allocs --all
t instr-report blocks.db --blocks --kind pools
t instr-report blocks.db --blocks --allocs
