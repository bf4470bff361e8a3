#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# objects.sh BUILD - waits for conditions, semaphores, barriers, what is done once, futexes and files' locks: each is counted,
# by the name of what is waited for, and the program does not notice.
. "$(dirname "$0")/trace.sh"

builds() {
	traced objects "$programs/objects.c" -pthread && plain objects-plain "$programs/objects.c" -pthread &&
		traced O2 "$programs/objects.c" -pthread -O2 && traced unwind "$programs/objects.c" -pthread -fexceptions &&
		plain unwind-plain "$programs/objects.c" -pthread -fexceptions && traced static "$programs/objects.c" -pthread -static
}
check builds builds

# What the trace has, in the lines of the program.
lines="SELECT called, coalesce(object, ''), sum(calls), sum(failed) FROM block_contexts
	WHERE class IN ('condition', 'semaphore', 'barrier', 'once', 'futex') GROUP BY 1, 2"
agrees() {
	ask trace.db "$lines" | sort >traced.counts && sort "${1:-out}" >own.counts && cmp own.counts traced.counts && return 0
	diff own.counts traced.counts
	return 1
}
tortured() {
	rm -f trace.db*
	exits_with 0 "./$1" torture "$2" && complete trace.db 30 && sound trace.db && agrees &&
		is trace.db 'SELECT sum(lost), sum(unknown) FROM locks' '0|0' && is trace.db 'SELECT count(*) FROM lock_users' 0
}
torture() { for n in 2 4 16; do tortured "$1" $n || { echo "with $n threads"; return 1; }; done; }
check each_wait_of_a_torture_is_counted torture objects
check so_is_it_of_optimised_code tortured O2 8
check so_is_it_of_a_static_program tortured static 4
lto() { traced lto "$programs/objects.c" -pthread -O2 -flto -fuse-ld=lld && tortured lto 4; }
check so_is_it_with_lto lto

# A wait in which its thread is cancelled has not returned. Where the program unwinds, its lock is seen to be taken again.
cancelled() {
	rm -f trace.db*
	exits_with 0 "./$1" cancels "$2" && complete trace.db 30 && sound trace.db && agrees
}
cancels() {
	for n in 2 8; do cancelled objects $n && cancelled O2 $n && cancelled unwind $n || { echo "with $n threads"; return 1; }; done
	is trace.db 'SELECT sum(lost), sum(unknown) FROM locks' '0|0' && is trace.db 'SELECT count(*) FROM lock_users' 0
}
check waits_that_are_cancelled_do_not_count cancels

# Without -g the variable alone is known.
nameless() {
	"$build/bin/instr-clang" -O1 -pthread "$programs/objects.c" -o nameless && rm -f trace.db* && exits_with 0 ./nameless torture 4 &&
		complete trace.db 30 && sed 's/\([a-z]\)\.[a-z]*|/\1|/' out >short && agrees short
}
check without_g_what_is_waited_for_goes_by_its_variable nameless

# The same with the sanitizer for threads: it sees no race that is not there.
sanitized() {
	traced sanitized "$programs/objects.c" -pthread -O1 -fsanitize=thread && tortured sanitized 4 && ! grep . err
}
check a_sanitizer_for_threads_sees_no_race sanitized

# Between the clocks of the program and ours it may be stopped for as long as others want the processor: never the other way.
known() {
	for turn in 1 2 3 4 5; do
		rm -f trace.db*
		exits_with 0 ./objects known "$1" && complete trace.db && sound trace.db && cut -d '|' -f 1-4 out >counts && agrees counts || return 1
		ask trace.db "SELECT called, coalesce(object, ''), sum(blocked_ns) FROM block_contexts WHERE object IS NOT NULL GROUP BY 1, 2" |
			sort >traced.times
		sort out | cut -d '|' -f 1,2,5 | paste -d '|' - traced.times | awk -F '|' -v threads="$1" '
			{ missing = $3 - $6; if (missing < -2000 * threads || missing > $3 / 100 + 2000 * threads) { print; far = 1 } }
			END { exit far || NR < 4 }' && return 0
	done
	return 1
}
check known_waits_take_as_long_as_they_do known 4

check what_calls_return_is_what_they_return_without as_plain objects manners
counts_of_manners() {
	is trace.db "SELECT class, called, sum(calls), sum(failed) FROM block_contexts
		WHERE class NOT IN ('child', 'sleep', 'join', 'open') GROUP BY 1, 2 ORDER BY 1, 2" "barrier|pthread_barrier_wait|1|0
condition|pthread_cond_clockwait|2|1
condition|pthread_cond_timedwait|3|1
condition|pthread_cond_wait|1|1
filelock|fcntl|3|2
filelock|flock|2|0
filelock|lockf|2|1
futex|futex|2|2
once|pthread_once|1|0
semaphore|sem_clockwait|1|1
semaphore|sem_timedwait|2|2
semaphore|sem_wait|2|1
semaphore|semop|2|2" && is trace.db "SELECT DISTINCT descriptor FROM block_contexts WHERE class = 'filelock' AND failed = 0" file
}
check only_what_waits_is_counted_and_what_fails_has_failed counts_of_manners
check nor_does_a_program_notice_that_unwinds as_plain unwind manners
# One waits without having the lock.
taken_again() { is trace.db 'SELECT sum(lost), sum(unknown) FROM locks' '0|1'; }
check who_is_cancelled_in_a_wait_has_taken_its_lock_again taken_again

reports() {
	tortured objects 4 && "$build/bin/instr-report" --blocks --all >shown 2>&1 && grep -q 'sem_wait pool.free ' shown &&
		grep -q 'pthread_cond_wait queue.changed ' shown && { ! grep -q futex out || grep -q 'futex gate.word ' shown; } || { cat shown; return 1; }
	"$build/bin/instr-report" --blocks >shown && ! grep -q cond_ shown && grep -q 'pthread_barrier_wait step ' shown &&
		grep -q '^idle, and not shown: .*(condition, semaphore): --all shows them$' shown || { cat shown; return 1; }
}
check reports_say_what_is_waited_for reports

# waits, timed waits, what was done once, locks taken and refused, taken for reading and writing: of the program itself.
# What a library has in headers is counted as what it calls.
cxx() {
	rm -f trace.db*
	exits_with 0 "$1" && complete trace.db && sound trace.db && read -r waits timed onces taken refused read_locked written <out &&
		is trace.db "SELECT sum(calls) FROM block_contexts WHERE class = 'condition' AND called LIKE '%::wait(%'" "$waits" &&
		is trace.db "SELECT sum(calls) FROM block_contexts WHERE class = 'condition' AND called NOT LIKE '%::wait(%'" "$timed" &&
		is trace.db "SELECT sum(acquisitions), sum(failed) FROM lock_list WHERE kind = 'mutex' AND acquisitions > 100" "$taken|$refused" &&
		is trace.db "SELECT sum(acquisitions) FROM lock_list WHERE kind = 'rwlock'" $((read_locked + written)) &&
		is trace.db 'SELECT sum(lost), sum(unknown) FROM locks' '0|0'
}
# It has waited for others for as long as they let it wait, in one of some runs: in the others it may have been late itself.
# How often, of atomics alone is in the hands of the library.
waited() {
	for turn in 1 2 3 4 5; do
		cxx "$1" || return 1
		is trace.db "SELECT sum(calls), sum(blocked_ns) > 8e7 FROM block_contexts WHERE class = 'join' AND called NOT LIKE '%thread%'" '1|1' &&
			is trace.db "SELECT coalesce(sum(calls), 0) BETWEEN $2 AND 9, coalesce(sum(blocked_ns), 0) >= $3
				FROM block_contexts WHERE class = 'futex'" '1|1' && return 0
	done
	return 1
}
libstdcxx() {
	tracedxx cxx "$programs/objects.cc" -std=c++17 -pthread && waited ./cxx 0 0 &&
		is trace.db "SELECT sum(calls) FROM block_contexts WHERE class = 'once'" 12
}
check waits_and_locks_of_libstdcxx_are_seen libstdcxx
latest() {
	tracedxx cxx20 "$programs/objects.cc" -std=c++20 -O2 -pthread && waited ./cxx20 4 160000000
}
check so_are_atomics_semaphores_and_latches latest
if echo 'int main() {}' | plainxx probe -stdlib=libc++ -x c++ - -include mutex 2>/dev/null; then
	libcxx() { tracedxx libcxx "$programs/objects.cc" -std=c++17 -stdlib=libc++ -pthread && waited ./libcxx 0 0; }
	check waits_and_locks_of_libcxx_are_seen libcxx
	libcxx_latest() { tracedxx libcxx20 "$programs/objects.cc" -std=c++20 -stdlib=libc++ -pthread && waited ./libcxx20 3 120000000; }
	check so_are_its_atomics_semaphores_and_latches libcxx_latest
fi
finish
