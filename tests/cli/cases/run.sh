# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# instr-run: settings become INSTR_OPTIONS, the command's status is passed on.
here() { sed "s|$PWD|HERE|g"; }
s 'instr-run --events off --ring-bytes 16m --overflow=drop --print'
s 'instr-run -o x.db --print | here'
s "instr-run --out 'a:b c.db' --print | here"
s 'instr-run --out /abs/olute.db --print'
s 'INSTR_OPTIONS=verbose=1:out=other.db instr-run --record off --print'
t instr-run --print
say wrong values
t instr-run --events maybe
t instr-run --overflow block true
t instr-run --ring-bytes 16q true
t instr-run --time-unit -1 true
t instr-run --out "it's" true
t instr-run --eventz off true
t instr-run
t instr-run --events
say the command
t instr-run printf '%s\n' --help --print
t instr-run -- echo --print
t instr-run sh -c 'exit 42'
s 'instr-run --record off sh -c "echo \$INSTR_OPTIONS"'
s 'INSTR_OPTIONS=events=off instr-run sh -c "echo \$INSTR_OPTIONS"'
t instr-run no-such-command
echo >plain
t instr-run ./plain
t instr-run ./missing/plain
s 'instr-run sh -c "kill -9 \$\$"; echo $?'
say what was closed stays closed
s 'instr-run sh -c "for fd in 0 1 2; do [ -e /proc/\$\$/fd/\$fd ] || echo \$fd; done" <&-'
