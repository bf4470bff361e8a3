# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# The profile by calling context, cut by share and by number.
# traces: main
t instr-report --tree
t instr-report --tree --min 0
t instr-report --tree --min 20%
t instr-report --tree --limit 2
t instr-report --tree --min 100
t instr-report --tree --sort calls --min 0
t instr-report --tree --sort self --thread 1
