# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# --show-sql prints a query that any SQLite program runs with the same answer.
# traces: main troubled processes
t instr-report main.db --show-sql
t instr-report main.db --tree --limit 5 --process 1 --show-sql
t instr-report main.db --info --show-sql
for trace in main.db troubled.db processes.db; do
	same $trace
	same $trace --sort total
	same $trace --sort calls --limit 2
	same $trace --process 1
	same $trace --tree
	same $trace --tree --min 1
	same $trace --tree --limit 2 --sort self
	same $trace --tree --thread 1
	same $trace --tree --process 1
done
say top and tree are the views of the file
view() {
	echo "SELECT * FROM $2;" | stock_sqlite "$1" >theirs
	shift 2
	instr-report "$@" --format csv >ours 2>/dev/null
	cmp ours theirs && echo "same: $*"
}
for trace in main.db troubled.db processes.db; do
	view $trace top $trace
	view $trace top_by_total $trace --sort total
	view $trace top_by_calls $trace --sort calls
	view $trace tree $trace --tree
done
