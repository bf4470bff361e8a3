#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# options_on_page.sh INSTR_CLANG PAGE - whatever --instr-help names stands on the manual page: each
# option, environment variable and setting as an entry of its own, and nothing else does.
set -eu
program=$1 page=$2
help=$("$program" --instr-help)
# Entries: the first word of each line that is indented by two, as "name".
wanted=$(printf '%s\n' "$help" | sed -n 's/^  \([^ =]*\).*/\1/p' | sort)
# Entries of the page: the line behind each .TP, its first word without troff; examples are none.
there=$(awk '/^\.SH/ { on = ($2 ~ /OPTIONS|SETTINGS|ENVIRONMENT/) } on && last == ".TP" { print } { last = $0 }' "$page" |
	sed -e 's/^\.B //' -e 's/\\f.//g' -e 's/\\-/-/g' -e 's/[ =].*//' | sort)
test -n "$wanted"
if [ "$wanted" != "$there" ]; then
	printf '%s --instr-help names\n%s\n%s has\n%s\n' "$program" "$wanted" "$page" "$there"
	exit 1
fi
echo "$(printf '%s\n' "$wanted" | wc -l) entries of --instr-help are on $page"
