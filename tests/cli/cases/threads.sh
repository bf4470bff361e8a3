# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# Reports on one thread, by number and by name; percentiles from the histograms of its contexts.
# traces: main
t instr-report --thread 2
t instr-report --thread worker
t instr-report -t worker --tree
t instr-report --thread worker --sort total --format csv
t instr-report --thread 9
t instr-report --thread worked
t instr-report --thread nobody
t instr-report --process 2
