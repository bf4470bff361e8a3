#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# race.sh PROGRAM MUTATED - ThreadSanitizer finds no race between producers and drain, and no call is lost;
# it finds some where releases are left out.
. "$(dirname "$0")/../harness/check.sh"
program=$1 mutated=$2

races() {
	mkdir -m 700 run && TSAN_OPTIONS=halt_on_error=0:exitcode=66 "$program" "$scratch/run"
}
found() {
	mkdir -m 700 mutated && TSAN_OPTIONS=exitcode=66 exits_with 66 "$mutated" "$scratch/mutated" && says err 'data race'
}
check producers_and_drain_race_for_nothing races
check releases_that_are_left_out_are_found found
finish
