# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# From narrow to unlimited; ASCII where the locale is not UTF-8.
# traces: main
for columns in 1 40 60 80 140; do
	COLUMNS=$columns t instr-report
done
COLUMNS=60 t instr-report --tree --min 0
COLUMNS=60 t instr-report --info
COLUMNS= t instr-report
LC_ALL=C t instr-report
LC_ALL=C t instr-report --tree
COLUMNS=nonsense t instr-report --limit 1
