#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# suggest.sh BUILD - instr-report --suggest-filter: what it writes, used as a settings file when the program is compiled again, or when it
# runs again as it is, brings the hooks' time under what was asked for. The calls of what is left stay as they were.
. "$(dirname "$0")/trace.sh"

compiles() { "$build/bin/instr-clang" -g -O1 -o "$1" "$programs/suggest.c"; }
runs() { rm -f trace.db*; exits_with 0 "./$1" && says out done && complete trace.db; }
report() { "$build/bin/instr-report" --no-pager "$@"; }

# cpu_ns is of the processor, so a busy machine does not change what hooks are a part of.
suggests() {
	compiles all && runs all && report --suggest-filter 5% >filter 2>err && [ ! -s err ] || { cat err; return 1; }
	grep -v '^#' filter | grep . | sort >denied
	printf 'deny=mix\ndeny=next\noff=mix\noff=next\n' | cmp - denied || { cat filter; return 1; }
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

left() {
	calls trace.db mix 0 && calls trace.db next 0 && calls trace.db work 40 && calls trace.db rarely 40 && calls trace.db main 1 &&
		is trace.db "SELECT DISTINCT reason FROM functions WHERE name IN ('mix', 'next')" "$1" && nothing
}

compiled_again() { INSTR_CONFIG=$PWD/filter compiles less && runs less && left 'filter (allow=, deny=)'; }
check compiled_again_hooks_take_less compiled_again
run_again() { INSTR_CONFIG=$PWD/filter runs all && left 'switched off when it ran (off=)'; }
check run_again_hooks_take_less run_again
finish
