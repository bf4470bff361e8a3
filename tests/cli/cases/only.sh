# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# The profile of some functions, and how long their calls took.
# traces: main heap waiting processes names deep hostile overflow
t instr-report main.db --only tokenize
t body main.db --top --only 'w*' --sort total
t body main.db --only '*' --limit 2 --sort calls
t body main.db --only hash --thread 2
t body main.db --only hash --process 1
t body main.db --only hash --thread indexer
t body names.db --only 'Matrix<4u, 4u>::operator()(unsigned long, unsigned long)'
t body heap.db --top --heap --only '*' --limit 2 --sort bytes
t body waiting.db --top --blocks --only 'serve*'
t body waiting.db --top --blocks --only '(no function)'
say how long calls took
t instr-report main.db --only tokenize --histogram
t body main.db --top --histogram
t body main.db --only 't*' --histogram --limit 1
t body main.db --top --histogram --limit 2 --sort calls
t body main.db --only tokenize --histogram --thread 3
t body main.db --only hash --histogram --thread indexer
t body deep.db --only descend --histogram
COLUMNS=60 LC_ALL=C t body main.db --only visit --histogram
say rows for programs
t instr-report main.db --only 'w*' --format csv
t instr-report main.db --only visit --histogram --format csv
t instr-report main.db --only main --histogram --format json
say every answer is a query
for only in visit 't*' 'worker(Queue&)'; do
	same main.db --only "$only"
	same main.db --only "$only" --sort calls --limit 1
	same main.db --only "$only" --process 1 --sort total
	same main.db --only "$only" --heap
	same main.db --top --blocks --only "$only"
done
s 'instr-report main.db --only hash --histogram --show-sql | grep -c histogram_count'
say a histogram that is damaged, and files made to do harm
cp main.db damaged.db
echo "UPDATE totals SET histogram = x'ff' WHERE context_id = 5;" | change damaged.db
s 'instr-report damaged.db --only tokenize --histogram | tail -1'
s 'instr-report damaged.db --only hash --histogram | tail -1'
for trace in hostile.db overflow.db; do
	s "instr-report $trace --only round 2>&1 | sed '1,/^\$/d'"
	s "instr-report $trace --only round --histogram 2>&1 | tail -1"
done
say what does not go together
t instr-report main.db --only tokenise
t instr-report main.db --only fast_path --histogram
t instr-report main.db --only ''
t instr-report main.db --tree --only hash
t instr-report main.db --tree --histogram
t instr-report main.db --top --histogram --heap
t instr-report main.db --top --histogram --blocks
t instr-report main.db --threads --only hash
