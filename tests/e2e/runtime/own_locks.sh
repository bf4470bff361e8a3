#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# own_locks.sh BUILD - locks of a program's own, as settings or the source declare them.
. "$(dirname "$0")/trace.sh"

settings='--instr=acquire=SpinLock::lock(lock=0):try_acquire=SpinLock::try_lock(lock=0,success=nonzero):release=SpinLock::unlock(lock=0)'
settings="$settings:acquire=enter(lock=0,mode=read):acquire=close_within(lock=1,success=zero):release=leave(lock=0)"

# Those of the standard library that the second one is made of are locks as well.
counted() {
	rm -f trace.db*
	exits_with 0 "./$1" counts "$2" && complete trace.db 30 && sound trace.db &&
		is trace.db "SELECT iif(linkage_name LIKE '%SpinLock%', 'SpinLock', 'Gate'), mode, sum(acquisitions), sum(failed)
			FROM lock_contexts JOIN sites USING (site_id) WHERE mode IN ('own', 'read') AND acquisitions + failed > 0
			GROUP BY 1, 2 ORDER BY 1, 2" "$(cat out)" &&
		is trace.db 'SELECT sum(lost), sum(unknown), count(*) FROM locks WHERE kind = 6' '0|0|2' &&
		is trace.db "SELECT count(*) FROM lock_users" 0 && is trace.db "SELECT count(*) > 0 FROM locks WHERE kind = 1" 1
}
each_count() {
	for n in 1 2 8; do counted "$1" $n || { echo "with $n threads"; return 1; }; done
}
for level in -O0 -O2; do
	builds() { tracedxx "own$level" "$programs/own_locks.cc" -pthread -std=c++17 "$level" && each_count "own$level"; }
	check "calls_of_a_lock_of_its_own_are_counted_at_$level" builds
done
by_settings() {
	tracedxx settings "$programs/own_locks.cc" -pthread -std=c++17 -O2 -DSETTINGS "$settings" && each_count settings &&
		tracedxx lto "$programs/own_locks.cc" -pthread -std=c++17 -O2 -DSETTINGS "$settings" -flto -fuse-ld=lld && counted lto 4
}
check so_are_they_by_settings_and_with_lto by_settings
sanitized() {
	tracedxx sanitized "$programs/own_locks.cc" -pthread -std=c++17 -O1 -fsanitize=thread && counted sanitized 4 && ! grep . err
}
check a_sanitizer_for_threads_sees_no_race sanitized
undeclared() {
	tracedxx undeclared "$programs/own_locks.cc" -pthread -std=c++17 -DSETTINGS && rm -f trace.db* && exits_with 0 ./undeclared counts 2 &&
		complete trace.db && is trace.db 'SELECT count(*) FROM locks WHERE kind = 6' 0
}
check what_is_not_declared_is_no_lock undeclared

# Times of the program's own contain those of the calls around them, and what others want the processor for in between:
# they agree in one of some runs.
known() {
	for turn in 1 2 3 4 5; do
		rm -f trace.db*
		exits_with 0 ./own-O2 known "$1" && complete trace.db && sound trace.db && read -r waits waited held <out &&
			is trace.db "SELECT sum(contended) >= $waits, min(name) FROM lock_list WHERE kind = 'own'" '1|table.guard' &&
			is trace.db "SELECT holder LIKE 'first_holder(%' FROM lock_wait_list GROUP BY holder ORDER BY sum(wait_ns) DESC LIMIT 1" 1 || return 1
		is trace.db "SELECT abs(sum(wait_ns) - $waited) < $waited * 0.01 + 1e6 * $1, abs(max(max_hold_ns) - $held) < $held * 0.01 + 1e6
			FROM lock_list WHERE kind = 'own'" '1|1' && return 0
	done
	return 1
}
check who_waits_for_a_lock_of_its_own_is_told_for_whom known 3

off() {
	rm -f trace.db*
	INSTR_OPTIONS=lock=off exits_with 0 ./own-O0 counts 2 && complete trace.db && is trace.db 'SELECT count(*) FROM locks' 0
}
check lock_off_records_none_of_them off
finish
