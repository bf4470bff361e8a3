# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# What makes figures wrong stands before any figure.
# traces: troubled
t instr-report
t instr-report --tree
t instr-report --info --limit 4
COLUMNS=60 t instr-report
