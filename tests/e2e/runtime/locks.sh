#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# locks.sh BUILD - what is done to locks is counted exactly and timed as the program itself times it, and the program
# does not notice.
. "$(dirname "$0")/trace.sh"

builds() { traced locks "$programs/locks.c" -pthread && plain locks-plain "$programs/locks.c" -pthread; }
check builds builds

traces() { rm -f trace.db* && exits_with 0 ./locks "$@" && complete trace.db && sound trace.db; }

# Times of the program's own contain those of the calls around them. One part in a hundred, or a millisecond for each.
known() {
	traces known "$1" || return 1
	read -r waits acquisitions waited held first <out
	is trace.db 'SELECT sum(contended), sum(acquisitions), sum(failed), count(DISTINCT lock_id) FROM lock_totals' "$waits|$acquisitions|0|1" &&
		is trace.db "SELECT abs(sum(wait_ticks * ns_per_tick) - $waited) < $waited * 0.01 + 1e6 * $1,
			abs(sum(hold_ticks * ns_per_tick) - $held - $first) < ($held + $first) * 0.01 + 1e6 * $1
			FROM lock_totals, rate" '1|1' &&
		is trace.db "SELECT sum(waits), abs(sum(w.ticks * ns_per_tick) - $first * $1.0) < $first * $1 * 0.1
			FROM lock_waits w, rate JOIN contexts c ON c.context_id = w.holder_context_id
			JOIN functions f USING (function_id) WHERE f.name = 'first_holder'" "$1|1" &&
		is trace.db "SELECT name, type, count(*) FROM sites JOIN lock_totals USING (site_id) GROUP BY 1" 'pthread_mutex_lock|table.big|2'
}
each_number() { for n in 2 4 8; do known $n || { echo "with $n threads"; return 1; }; done; }
check known_waits_and_holds_are_in_the_trace each_number

counted() {
	traces counts "$1" && is trace.db "SELECT CASE mode WHEN 1 THEN 1 WHEN 2 THEN 2 WHEN 3 THEN 3 WHEN 4 THEN 4 ELSE 5 END, sum(acquisitions), sum(failed)
		FROM lock_totals GROUP BY 1" "$(cat out)" &&
		is trace.db 'SELECT sum(lost), sum(unknown), count(*), sum(end_ticks IS NOT NULL) FROM locks' '0|0|5|3' &&
		is trace.db "SELECT count(*) FROM lock_users" 0
}
each_count() { for n in 1 2 4 8; do counted $n || { echo "with $n threads"; return 1; }; done; }
check each_call_is_counted each_count

check what_calls_return_is_what_they_return_without as_plain locks codes
is_off() {
	rm -f trace.db*
	INSTR_OPTIONS=lock=off exits_with 0 ./locks counts 2 && complete trace.db && is trace.db 'SELECT count(*) FROM locks' 0 &&
		"$build/bin/instr-clang" --instr=lock=off "$programs/locks.c" -pthread -o off && ! nm off | grep __instr_lock
}
check lock_off_records_none is_off

# A program that hangs and is killed: who has what, and who waits for what.
hangs() {
	rm -f trace.db*
	./locks hangs &
	program=$!
	sleep 1.5
	kill -9 $program
	wait $program
	complete trace.db 20 && sound trace.db && is trace.db "SELECT f.name, u.depth, s.type FROM lock_users u JOIN contexts USING (context_id)
		JOIN functions f USING (function_id) JOIN sites s USING (site_id) ORDER BY 1, 2 DESC" 'left_right|1|left
left_right|0|right
right_left|1|right
right_left|0|left'
}
check a_deadlock_is_in_the_trace_of_a_program_that_was_killed hangs

waits() {
	traces waits && is trace.db "SELECT f.name, sum(acquisitions), sum(holds), sum(hold_ticks * ns_per_tick) < 1e8
		FROM lock_totals, rate JOIN contexts USING (context_id) JOIN functions f USING (function_id) GROUP BY 1" 'main|1|1|1
waits|2|2|1'
}
check who_waits_for_a_condition_has_no_lock_meanwhile waits

cxx() {
	cat >locks.cc <<-'PROGRAM'
		#include <condition_variable>
		#include <mutex>
		#include <thread>
		#include <chrono>
		static std::mutex m;
		static std::condition_variable cv;
		static bool ready;
		static void waits()
		{
			std::unique_lock<std::mutex> lock(m);
			cv.wait(lock, [] { return ready; });
		}
		int main()
		{
			std::thread t(waits);
			std::this_thread::sleep_for(std::chrono::milliseconds(200));
			{
				std::lock_guard<std::mutex> lock(m);
				ready = true;
			}
			cv.notify_one();
			t.join();
		}
	PROGRAM
	tracedxx cxx locks.cc -pthread && rm -f trace.db* && exits_with 0 ./cxx && complete trace.db && sound trace.db &&
		is trace.db 'SELECT count(*), sum(lost), sum(unknown) FROM locks' '1|0|0' &&
		is trace.db 'SELECT sum(acquisitions), sum(holds), sum(hold_ticks * ns_per_tick) < 1e8 FROM lock_totals, rate' '3|3|1'
}
check locks_of_the_standard_library_are_seen cxx

# The call stands in a header of the C++ library, whatever way clang came to it; the program has the place that asked for it.
placed() {
	cat >shelf.cc <<-'PROGRAM'
		#include <mutex>
		struct shelf { long count; std::mutex guard; };
		__attribute__((noinline)) static void put(shelf *s)
		{
			std::lock_guard<std::mutex> held(s->guard);
			s->count++;
		}
		int main()
		{
			shelf s = {};
			for (int i = 0; i < 10; i++)
				put(&s);
			return (int)s.count - 10;
		}
	PROGRAM
	"$build/bin/instr-clang++" -O2 -g -o shelf shelf.cc && rm -f trace.db* && exits_with 0 ./shelf && complete trace.db &&
		is trace.db "SELECT DISTINCT file LIKE '%/shelf.cc', line FROM sites WHERE name = 'pthread_mutex_lock'" '1|5'
}
check a_lock_of_the_standard_library_has_the_place_of_the_program_that_takes_it placed

# A real program. In the same run: what was got at once, was got by trying; what was not, by waiting for it. And without
# instr the program takes as many, whose number is that of its words.
agrees() {
	indexer=$runtime_tests/../../../examples/indexer
	clang -O2 -shared -fPIC "$programs/count_locks.c" -o count_locks.so -ldl &&
		"$build/bin/instr-clang" -O2 -g -pthread "$indexer"/*.c -lm -o indexer && clang -O2 -pthread "$indexer"/*.c -lm -o indexer-plain || return 1
	rm -f trace.db*
	LD_PRELOAD=$PWD/count_locks.so COUNT_LOCKS=counted ./indexer --threads 4 --repeat 2 "$indexer" "$programs" >out || return 1
	LD_PRELOAD=$PWD/count_locks.so COUNT_LOCKS=counted-plain ./indexer-plain --threads 4 --repeat 2 "$indexer" "$programs" >out || return 1
	complete trace.db && sound trace.db && read -r locked tried unlocked <counted && read -r plain_locked plain_tried plain_unlocked <counted-plain &&
		[ "$plain_locked $plain_tried $plain_unlocked" = "$unlocked 0 $unlocked" ] && [ "$unlocked" -gt 1000 ] &&
		is trace.db "SELECT sum(contended), sum(acquisitions) - sum(contended), sum(acquisitions) FROM lock_totals JOIN sites USING (site_id)
			WHERE name = 'pthread_mutex_lock'" "$locked|$tried|$unlocked" &&
		is trace.db 'SELECT sum(lost), sum(unknown) FROM locks' '0|0'
}
check counts_are_those_of_a_library_that_counts_by_itself agrees
finish
