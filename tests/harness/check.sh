# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# check.sh - the harness of tests that are shell scripts; check.h is that of C programs.
#
#     . "$harness/check.sh"         makes $scratch, an empty folder that goes away at the end
#     check NAME COMMAND...         one test, in $scratch; its output is shown only if it fails
#     finish                        prints the count; exit status 1 if one failed or none ran
#
# For use inside a test, each 0 or 1 with a word on why:
#
#     exits_with STATUS COMMAND...  leaves its output in $scratch/out and $scratch/err
#     says out|err TEXT             what the last exits_with left holds the text
# shellcheck shell=sh
set -u
unset INSTR_OPTIONS INSTR_CONFIG
scratch=$(mktemp -d) || exit 1
trap 'chmod -R u+rwx "$scratch"; rm -rf "$scratch"' EXIT
passed=0 failed=0

check() {
	check_name=$1
	shift
	if (cd "$scratch" && "$@") >"$scratch/.log" 2>&1; then
		passed=$((passed + 1))
		echo "ok $check_name"
	else
		failed=$((failed + 1))
		sed 's/^/  /' "$scratch/.log"
		echo "FAILED $check_name"
	fi
}

exits_with() {
	expected=$1
	shift
	"$@" >"$scratch/out" 2>"$scratch/err"
	got=$?
	[ $got -eq "$expected" ] && return 0
	echo "exit status $got, not $expected: $*"
	cat "$scratch/err"
	return 1
}

says() {
	grep -qF -- "$2" "$scratch/$1" && return 0
	echo "$1 does not say: $2"
	cat "$scratch/$1"
	return 1
}

finish() {
	echo "$passed passed, $failed failed"
	[ $failed -eq 0 ] && [ $passed -gt 0 ]
	exit
}
