# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# loaded.sh - what tests of libinstr_sql.so share. Sourced behind trace.sh.
#
#     loaded FILE SQL            the answer of the stock shell with the library, columns separated by |
#     gives FILE SQL ANSWER      fails, and says both, unless the answer is this one
#     fails FILE SQL TEXT        the answer is an error with this text
#     recorded NAME COMMAND..    runs the program; its trace, whole, is NAME.db
# shellcheck shell=sh
library=$build/lib/libinstr_sql

loaded() { sqlite3 -batch -bail -readonly -cmd ".load $library" "$1" "$2"; }

gives() {
	gives_got=$(loaded "$1" "$2" 2>&1)
	[ "$gives_got" = "$3" ] && return 0
	printf '%s: %s\ngives\n%s\nnot\n%s\n' "$1" "$2" "$gives_got" "$3"
	return 1
}

fails() {
	if loaded "$1" "$2" >"$scratch/out" 2>"$scratch/err"; then
		echo "no error: $2"
		return 1
	fi
	says err "$3"
}

recorded() {
	recorded_name=$1
	shift
	rm -f trace.db*
	"$@" >/dev/null || { echo "exit status $?: $*"; return 1; }
	complete trace.db 20 && mv trace.db "$recorded_name.db"
}
