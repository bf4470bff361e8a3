# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# Who calls a function, and what it calls.
# traces: main processes deep names hostile overflow
t instr-report main.db --callers hash
t instr-report main.db --callees 'worker(Queue&)'
say recursion counts once
t body main.db --callers visit
t body main.db --callees visit
t body deep.db --callers descend
t body deep.db --callees descend
say every order and limit, several functions
for sort in self total calls; do
	t body main.db --callers 'v*' --sort $sort
	t body main.db --callees worker --sort $sort
done
t body main.db --callers '*' --limit 3
t body main.db --callees 't*'
say one thread, threads of one name, one process
t instr-report main.db --callers hash --thread 2
t body main.db --callees worker --thread worker
t body main.db --callers hash --thread indexer
t body processes.db --callers main
t body processes.db --callees 'sp*' --process 2
t body processes.db --callers main --process 3
say narrow and ASCII
for columns in 60 80; do
	COLUMNS=$columns t body names.db --callers '*parse*'
	COLUMNS=$columns t body names.db --callees '*parse*'
done
LC_ALL=C t body main.db --callers visit
t body names.db --callers '(anonymous namespace)::Parser::parse'
say rows for programs
t instr-report main.db --callers visit --format csv
t instr-report main.db --callees worker --limit 1 --format json
say every answer is a query
for mode in --callers --callees; do
	same main.db $mode visit
	same main.db $mode 'w*' --thread worker
	same processes.db $mode '*' --process 2 --sort calls --limit 2
	same deep.db $mode descend
done
say and what a walk through trees says that were made at random
s '"$PYTHON" "$TESTS/calls_check.py" 1 2 3'
say files made to do harm
for trace in hostile.db overflow.db; do
	t body $trace --callers round
	t body $trace --callees round
done
say names that are none
t instr-report main.db --callers insert
t instr-report main.db --callers tokenise
t instr-report main.db --callees nothing
t instr-report main.db --callers fast_path
t instr-report main.db --callees report_all
t instr-report main.db --callers 'v[a-z]sit'
t instr-report main.db --callers 'v?sit'
t instr-report main.db --callers ''
say what does not go together
t instr-report main.db --callers hash --callees hash
t instr-report main.db --callers hash --tree
t instr-report main.db --callers hash --blocks
t instr-report main.db --callers hash --heap
t instr-report main.db --callers hash --only hash
t instr-report main.db --callers hash --sort bytes
