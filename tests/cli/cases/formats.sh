# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# Rows for programs; what a reader must know goes to stderr.
# traces: main troubled
t instr-report main.db --format csv
t instr-report main.db --format json --limit 2
t instr-report main.db --tree --format csv
t instr-report main.db --tree --format json --min 20
s 'instr-report troubled.db --format csv 2>/dev/null'
s 'instr-report troubled.db --format csv >/dev/null'
say every answer in JSON is JSON
for options in "--top" "--tree" "--info" "--top --thread worker"; do
	s "instr-report main.db $options --format json | \$PYTHON -c 'import json, sys; print(type(json.load(sys.stdin)).__name__)'"
done
