# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# The profile by function of a run that went well, by every order and limit.
# traces: main
t instr-report
t instr-report --top --sort total
t instr-report -s calls -n 3
t instr-report --limit 1 trace.db
t instr-report --process 1 --limit 2
t instr-report --process 1 --sort calls --limit 2
