# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# Help, version, man page and completion come from one table.
for tool in instr-report instr-run; do
	t $tool --help
	t $tool -h --color never
	t $tool --version
done | awk '/^\$ .* -h/ { skip = 1 } /^\$ .* --version/ { skip = 0 } !skip'
for tool in instr-report instr-run instr-recover instr-export; do
	say "$tool"
	$tool --generate man >$tool.1
	cmp $tool.1 "$SOURCE/docs/man/$tool.1" && echo the man page is current
	! command -v man >/dev/null || MANWIDTH=80 man --warnings -l $tool.1 2>&1 >/dev/null | head -5
	$tool --generate bash >$tool.bash
	bash -n $tool.bash && echo the completion is a script
	$tool --help | sed -n 's/^  \(-., \)*\(--[a-z][a-z-]*\).*/\2/p' | sort -u >in_help
	sed -n '/^\.TP/ { n; s/\\f.//g; s/\\//g; s/^-., //; s/^\(--[a-z-]*\).*/\1/p }' $tool.1 | sort -u >in_man
	diff in_help in_man && echo "$(wc -l <in_help) options in help and man page"
	for option in $(cat in_help); do grep -q -- "[ ']$option[ ']" $tool.bash || echo "$option is not completed"; done
done
say completions
bash_words() {
	bash -c 'name=$1; . ./"$name".bash; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); compopt() { :; }; "_${name//-/_}"; echo "$*: ${COMPREPLY[*]}"' words "$@"
}
bash_words instr-report --so
bash_words instr-report --he
bash_words instr-report --sort ''
bash_words instr-report --format = j
bash_words instr-report -f ''
bash_words instr-report instr-report.b
bash_words instr-run --overflow ''
bash_words instr-run --ev
