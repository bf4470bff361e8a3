# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# The hottest call paths, also those through a function, and those that are not.
# traces: main processes deep names hostile overflow
t instr-report main.db --paths
say every order and limit
for sort in self total calls; do
	t body main.db --paths --sort $sort --limit 3
done
say through a function, and not
t instr-report main.db --paths --focus tokenize
t instr-report main.db --paths --ignore 'worker(Queue&)'
t body main.db --paths --focus visit --sort total
t body main.db --paths --focus worker --ignore 't*'
t body main.db --paths --focus hash --ignore worker
t body main.db --paths --limit 1 --focus tokenize
say one thread, threads of one name, one process
t instr-report main.db --paths --thread 2 --limit 2
t body main.db --paths --thread worker --focus hash
t body processes.db --paths
t body processes.db --paths --process 2
t body processes.db --paths --process 2 --ignore child
say recursion, and what may stand in a name
t body deep.db --paths --limit 2
t body names.db --paths --limit 4
say narrow and ASCII
for columns in 60 80; do
	COLUMNS=$columns t body main.db --paths --limit 4
done
LC_ALL=C t body main.db --paths --focus visit
say rows for programs
t instr-report main.db --paths --focus visit --format csv
t instr-report main.db --paths --limit 1 --format json
say every answer is a query
same main.db --paths
same main.db --paths --sort calls --limit 2 --thread worker
same main.db --paths --focus 't*' --ignore visit
same processes.db --paths --process 2 --sort total
same deep.db --paths --focus descend
say files made to do harm
for trace in hostile.db overflow.db; do
	s "instr-report $trace --paths 2>&1 | sed '1,/^\$/d'"
	s "instr-report $trace --paths --focus round 2>&1 | tail -3"
	s "instr-report $trace --paths --ignore round --format csv 2>&1 | tail -1"
done
say what does not go together
t instr-report main.db --paths --focus tokenise
t instr-report main.db --paths --ignore ''
t instr-report main.db --paths --tree
t instr-report main.db --focus hash
t instr-report main.db --callers hash --ignore hash
t instr-report main.db --paths --heap
t instr-report main.db --paths --sort bytes
