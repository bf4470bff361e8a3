# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# Names of every kind are shown whole where there is room, sensibly shortened where not, and never
# reach the terminal as controls; CSV and JSON keep them as they are.
# traces: names
COLUMNS=80 t instr-report
COLUMNS=40 t instr-report
COLUMNS=80 t instr-report --tree --min 0
COLUMNS=100 t instr-report --info
s 'COLUMNS= instr-report | cut -c 1-220'
s 'instr-report --format csv | cut -c 1-220'
s 'instr-report --format json | cut -c 1-220'
s "instr-report --format json | \$PYTHON -c 'import json, sys; print(len(json.load(sys.stdin)))'"
s "instr-report --format csv | \$PYTHON -c 'import csv, io, sys; print(len(list(csv.reader(io.TextIOWrapper(sys.stdin.buffer, errors=\"replace\", newline=\"\")))))'"
