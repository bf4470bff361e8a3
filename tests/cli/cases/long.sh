# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# Files made to take all memory, or all time, before or behind what SQLite can be told to limit.
# traces: main long
say names that fill memory, and take time to be shortened
export COLUMNS=80
for mode in --top --tree --info '--tree --limit 0 --min 0'; do
	s "\"\$PYTHON\" \"\$TESTS/peak.py\" 400 instr-report long.db $mode"
done
t instr-report long.db
unset COLUMNS
say a view in place of what is read first, without an end
cp main.db view.db
echo "DROP TABLE run; CREATE VIEW run AS WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT 'x' AS key, i AS value FROM n;" |
	change view.db
t instr-report view.db
t instr-recover view.db
