# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# The tree of only some call paths, to some depth, and from functions to what calls them.
# traces: main processes deep names hostile overflow
t instr-report main.db --tree --focus tokenize
t instr-report main.db --tree --ignore 'worker(Queue&)'
t body main.db --tree --focus hash --min 0
t body main.db --tree --focus visit --ignore worker --sort calls
t body main.db --tree --focus 't*' --ignore hash --thread 2
t body main.db --tree --focus hash
t body main.db --tree --focus hash --ignore worker --min 0
t body processes.db --tree --focus spawn
t body processes.db --tree --focus spawn --process 1
t body deep.db --tree --focus descend
say to some depth
t body main.db --tree --depth 1
t body main.db --tree --depth 2 --focus visit
t body processes.db --tree --depth 0
t body main.db --tree --heap --depth 1
t body main.db --tree --blocks --depth 2 --limit 2
say from functions to what calls them
t body main.db --tree --inverted
t body main.db --tree --inverted --min 0 --limit 0 --sort calls
t body main.db --tree --inverted --depth 1
t body main.db --tree --inverted --focus worker --ignore hash --thread worker
t body processes.db --tree --inverted --min 0
t body deep.db --tree --inverted
t body deep.db --tree --inverted --depth 0
t body names.db --tree --inverted --limit 5 --min 0
say narrow and ASCII
COLUMNS=60 t body main.db --tree --inverted
COLUMNS=60 t body main.db --tree --focus visit
LC_ALL=C t body main.db --tree --inverted --focus visit
say rows for programs
t instr-report main.db --tree --focus visit --format csv
t instr-report main.db --tree --inverted --depth 2 --format csv
t instr-report main.db --tree --inverted --limit 1 --format json
say every answer is a query
same main.db --tree --focus visit
same main.db --tree --ignore 't*' --depth 1 --sort calls
same main.db --tree --depth 2 --min 1
same main.db --tree --inverted
same main.db --tree --inverted --min 1 --thread worker --sort calls
same processes.db --tree --focus spawn --process 2
same processes.db --tree --inverted --depth 0 --ignore child
same deep.db --tree --focus descend --depth 40
say files made to do harm
for trace in hostile.db overflow.db; do
	s "instr-report $trace --tree --focus round --min 0 2>&1 | sed '1,/^\$/d'"
	s "instr-report $trace --tree --inverted --min 0 --depth 0 2>&1 | sed '1,/^\$/d'"
	s "instr-report $trace --tree --ignore round --format csv 2>&1 | tail -1"
done
say what does not go together
t instr-report main.db --tree --focus tokenise
t instr-report main.db --tree --focus hash --heap
t instr-report main.db --tree --inverted --blocks
t instr-report main.db --inverted
t instr-report main.db --paths --depth 3
t instr-report main.db --top --focus hash
