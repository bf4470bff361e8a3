# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# Colour and pager on terminals only, and only where they are wanted.
# traces: main troubled
visible() {
	"$@" 2>&1 | sed 's/\x1b/<ESC>/g'
}
# Runs a command line on a terminal of 24 lines and 100 columns.
terminal() {
	script -qec "stty rows 24 cols 100; $1" /dev/null </dev/null | tr -d '\r' | sed 's/\x1b/<ESC>/g'
}
say never by itself
visible instr-report main.db --limit 1
say as told
visible instr-report main.db --limit 2 --color always
visible instr-report troubled.db --limit 1 --color=always
visible instr-report main.db --help --color always | head -4
say on a terminal
terminal 'instr-report main.db --limit 1'
say NO_COLOR, dumb terminals, --color never
NO_COLOR=1 terminal 'instr-report main.db --limit 1'
TERM=dumb terminal 'instr-report main.db --limit 1'
terminal 'instr-report main.db --limit 1 --color never'
say a long report goes through the pager, a short one does not
export NO_COLOR=1
INSTR_PAGER='sed s/^/pager:/' terminal 'instr-report main.db --info' | head -5
INSTR_PAGER='sed s/^/pager:/' terminal 'instr-report main.db --limit 1' | head -2
PAGER='sed s/^/pager:/' terminal 'instr-report main.db --info' | head -2
PAGER='sed s/^/pager:/' terminal 'instr-report main.db --info --no-pager' | head -2
INSTR_PAGER= PAGER='sed s/^/pager:/' terminal 'instr-report main.db --info' | head -2
say a pager that is left early is no error
INSTR_PAGER='head -1' terminal 'instr-report main.db --info; echo status $?'
