# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# Wrong usage: status 2, a sentence on stderr, nothing on stdout.
# traces: main
t instr-report --topp
t instr-report --nonsense-altogether
t instr-report -x
t instr-report --sort
t instr-report --sort size
t instr-report --sort=
t instr-report --limit -1
t instr-report --limit 3x
t instr-report --limit 99999999999999999999
t instr-report --limit ''
t instr-report --min 101
t instr-report --min x
t instr-report --top --tree
t instr-report --tree --info --tree
t instr-report --top=5
t instr-report --form json
t instr-report a.db b.db
t instr-report -n
t instr-report --color sometimes
s 'instr-report --topp 2>/dev/null'
say options that the report would pass over
t instr-report --info --process 1
t instr-report --info --thread main
t instr-report --info --sort calls
t instr-report --top --min 5
t instr-report --min 5
say right usage in its other forms
s 'instr-report -n1 -scalls -fcsv'
s 'instr-report --limit=1 --sort=calls --format=csv -- trace.db'
s 'instr-report trace.db --top --top --limit 1 --limit 2 --format csv'
