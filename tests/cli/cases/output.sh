# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# An answer that does not arrive is an error.
# traces: main names
s 'instr-report main.db >/dev/full'
s 'instr-report main.db --format csv >/dev/full'
s 'instr-report names.db --format json >/dev/full'
s 'instr-report --help >/dev/full'
s 'instr-report --version >/dev/full'
s 'instr-report main.db >&-'
s 'instr-report main.db --format json >&-'
s 'instr-report missing.db >&-'
s 'instr-report main.db --limit 1 2>&- | tail -1'
s 'instr-report main.db --limit 1 <&- | tail -1'
say the trace is not written into, whatever is closed
s 'cp main.db before; instr-report main.db <&- >&- 2>&-; cmp main.db before'
say a reader that stops early ends it quietly
s 'instr-report names.db --format csv | head -1'
