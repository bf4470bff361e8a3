# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# A very deep stack stays readable.
# traces: deep
s 'COLUMNS=80 instr-report --tree | sed -n "1,12p; 45,55p; 105,\$p"'
s 'COLUMNS=80 instr-report'
s 'COLUMNS=80 instr-report --info | sed -n "1,40p"'
s 'instr-report --tree --limit 0 --min 0 | wc -l'
