# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# Several processes: which forked which, inherited calls, a run that nobody records any more.
# traces: processes
t instr-report
t instr-report --tree --min 0
t instr-report --tree --min 0 --process 2
t instr-report --process 2
t instr-report --info
