#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# suggest.sh BUILD - instr-report --suggest-filter: what it writes, used as a settings file when the program is compiled again, brings
# the hooks' time under what was asked for. The calls of what is left stay as they were.
. "$(dirname "$0")/trace.sh"

compiles() { "$build/bin/instr-clang" -g -O1 -o "$1" "$programs/suggest.c"; }
runs() { rm -f trace.db*; exits_with 0 "./$1" && says out done && complete trace.db; }
report() { "$build/bin/instr-report" --no-pager "$@"; }

# cpu_ns is of the processor, so a busy machine does not change what hooks are a part of.
suggests() {
	compiles all && runs all && report --suggest-filter 5% >filter 2>err && [ ! -s err ] || { cat err; return 1; }
	grep -v '^#' filter | grep . | sort >denied
	printf 'deny=mix\ndeny=next\n' | cmp - denied || { cat filter; return 1; }
	[ "$(grep -c '^# Hooks took about .* of the processor: ' filter)" = 1 ] && grep -q '^# Without those of 2 functions: about ' filter &&
		grep -q '^# mix suggest.c:[0-9]*: 2,000,000 calls of [0-9.]* ns, hooks included; hooks [0-9.]* ms$' filter || { cat filter; return 1; }
}
check short_calls_are_to_be_left_out suggests

rows() {
	[ "$(report --suggest-filter 5 --format csv | tr -d '\r' | cut -d, -f1,5 | sort)" = "$(printf 'linkage_name,calls\nmix,2000000\nnext,2000000')" ]
}
check the_same_as_rows rows

nothing() {
	report --suggest-filter 100% >nothing && grep -q '^# That is no more than was asked for: no function need be left out\.$' nothing &&
		! grep -q '^deny' nothing || { cat nothing; return 1; }
}

works() {
	INSTR_CONFIG=$PWD/filter compiles less && runs less && calls trace.db mix 0 && calls trace.db next 0 && calls trace.db work 40 &&
		calls trace.db rarely 40 && calls trace.db main 1 || return 1
	is trace.db "SELECT group_concat(name || ' ' || reason, ', ') FROM (SELECT name, reason FROM functions WHERE name IN ('mix', 'next') ORDER BY name)" \
		'mix filter (allow=, deny=), next filter (allow=, deny=)' && nothing
}
check hooks_of_what_is_left_are_below_it works

# Settings of pass and runtime stand in one file: the runtime passes over what is the compiler's.
file_for_both() {
	rm -f trace.db*
	INSTR_CONFIG=$PWD/filter ./all >out 2>err && [ ! -s err ] && complete trace.db && calls trace.db work 40
}
check a_program_takes_the_file_as_its_own_too file_for_both
finish
