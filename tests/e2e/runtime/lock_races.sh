#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# lock_races.sh BUILD - ThreadSanitizer finds in programs that are traced what it finds in them without, and no more: hooks
# hide no race, and make none.
. "$(dirname "$0")/trace.sh"

builds() {
	for program in lock_torture locks; do
		traced $program "$programs/$program.c" -pthread -fsanitize=thread &&
			plain $program-plain "$programs/$program.c" -pthread -fsanitize=thread || return 1
	done
}
check builds builds

# What it found in ./err, by kind and place; how often, if that is the same each time: with COUNTED.
found() { sed -n 's/^SUMMARY: ThreadSanitizer: \([^(/]*[^(/ ]\) .* in \([^ ]*\)$/\1 in \2/p' err | sort | if [ "${1:-}" = counted ]; then uniq -c; else uniq; fi; }

# same HOW PROGRAM ARGUMENT...
same() {
	how=$1 program=$2
	shift 2
	rm -f trace.db*
	TSAN_OPTIONS=exitcode=0:halt_on_error=0 exits_with 0 "./$program-plain" "$@" && found "$how" >found-plain && mv out out-plain &&
		TSAN_OPTIONS=exitcode=0:halt_on_error=0 exits_with 0 "./$program" "$@" && found "$how" >found-traced && complete trace.db && sound trace.db &&
		cat found-plain && diff found-plain found-traced
}

torture() {
	same counted lock_torture && [ ! -s found-plain ] && [ "$(cat out)" = '12000 12000 12000 750 12000 1' ] && cmp out out-plain || return 1
	is trace.db "SELECT sum(acquisitions) FILTER (WHERE mode = 2), sum(acquisitions) FILTER (WHERE mode = 3), sum(acquisitions) FILTER (WHERE mode = 4)
		FROM lock_totals" '1500|12000|12000' && is trace.db 'SELECT sum(lost), sum(unknown) FROM locks' '0|0'
}
check nothing_is_found_where_nothing_is_wrong torture
race() { same once lock_torture race && [ "$(grep -c 'data race in work' found-plain)" = 1 ]; }
check a_race_is_found race
waits() { same counted locks waits && [ ! -s found-plain ]; }
check nothing_is_found_where_a_condition_is_waited_for waits
misuse() { same counted locks codes && [ "$(wc -l <found-plain)" -ge 3 ] && cmp out out-plain; }
check each_misuse_of_a_lock_is_found_as_often misuse
finish
