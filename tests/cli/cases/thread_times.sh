# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# --threads: where the time of each thread went.
# traces: main troubled processes hostile overflow
t instr-report main.db --threads
for sort in ready blocked self calls lived; do
	t body main.db --threads --sort $sort
done
t body main.db --threads --limit 1
t instr-report main.db --threads --thread worker
t body main.db --threads --thread 1
say threads that are merged, and those that nobody looked at
t body troubled.db --threads
say several processes
t body processes.db --threads
t body processes.db --threads --process 2
say narrow and ASCII
COLUMNS=60 t body main.db --threads
LC_ALL=C t body troubled.db --threads
say rows for programs
t instr-report main.db --threads --format csv
t instr-report troubled.db --threads --format json --limit 2
s 'instr-report main.db --threads --show-sql --sort lived | stock_sqlite main.db'
say figures that cannot be
t body hostile.db --threads
t body overflow.db --threads
t instr-report overflow.db --threads --format csv --sort blocked
say what does not go together
t instr-report main.db --threads --sort total
t instr-report main.db --threads --heap
t instr-report main.db --threads --tree
