# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# Everything about a recording.
# traces: main
t instr-report --info
t instr-report --info --limit 1
t instr-report --info --format csv
t instr-report --info --format json
