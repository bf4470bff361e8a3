# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# Traces with nothing in them.
# traces: empty blank
for trace in empty.db blank.db; do
	for mode in --top --tree --info; do
		t instr-report $trace $mode
		t instr-report $trace $mode --format csv
		t instr-report $trace $mode --format json
	done
	t instr-report $trace --allocs
	t instr-report $trace --leaks --format json
	t instr-report $trace --process 1
	t instr-report $trace --thread x
done
