#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# lock_order.sh BUILD - which orders of locks are dangerous: what --lock-order says of programs, beside what helgrind and
# ThreadSanitizer, where there are such, say of the same ones in the same run. docs/locks.md has the table, in words.
. "$(dirname "$0")/trace.sh"

# CASE, OURS (danger, harmless: a circle, and why it is none; none), HELGRIND, TSAN: "same" is to warn where we see danger.
# Where they differ:
#   gate write_gate alone read_and_written   a third lock lets one at a time; it was one thread: both warn, and there is no deadlock
#   tries half_tries scoped at_once   who tries does not wait: helgrind takes it for waiting
#   time_limit              who waits with a limit waits: ThreadSanitizer takes it for trying
#   readers reader_of_a_reader        readers do not wait for readers: both take them for writers
verdicts='inversion danger same same
circle danger same same
hierarchy none same same
gate harmless warns warns
half_gate danger same same
two_gates danger same same
write_gate harmless warns warns
read_gate danger same same
three_gates danger same same
three_alone danger same same
tries none warns same
half_tries none warns same
had_by_trying danger same same
time_limit danger same silent
recursive none same same
alone harmless warns warns
read_and_written harmless warns warns
readers none warns warns
writers danger same same
readers_that_write danger same same
reader_of_a_reader none warns warns
spinning danger same same
two_kinds danger same same
condition danger same same
made_anew none same same
hand_over_hand none same same
given_back_before none same same
many_in_order none same same
many_in_any_order danger same same
guards danger same same
scoped none warns same
at_once none warns same
again none same same
shared danger same same'

build_with() { # TRACED PLAIN OUT FLAG...
	c=$1 cxx=$2 out=$3
	shift 3
	$c "$out" "$programs/lock_order.c" -pthread "$@" && $cxx "$out-cxx" "$programs/lock_order.cc" -std=c++17 -pthread "$@"
}
check builds build_with traced tracedxx order

# both PROGRAM, and PROGRAM-cxx; what they say in ./said.
both() {
	"$@" 2>said >&2 && "$@-cxx" 2>>said >&2
}

program_of() { grep -q "KNOWN($1)" "$programs/lock_order.c" && echo ./order || echo ./order-cxx; }
report() {
	rm -f trace.db*
	exits_with 0 "$(program_of "$1")" "$1" && complete trace.db && sound trace.db || return 1
	shift
	exits_with 0 "$build/bin/instr-report" --lock-order "$@"
}
ours() {
	report "$1" || return 1
	cat out
	danger=$(grep -c '^Possible deadlock: ' out) harmless=$(grep -c '^No danger so far: ' out)
	case $2 in
	danger) [ "$danger" -ge 1 ] && [ "$harmless" = 0 ] ;;
	harmless) [ "$danger" = 0 ] && [ "$harmless" = 1 ] ;;
	*) [ "$danger$harmless" = 00 ] && says out 'no circle' || says out 'No lock was taken by a thread that had another one.' ;;
	esac
}
# Each row of the table, and no case without a row.
each_case() {
	grep -o 'KNOWN([a-z_]*)\|^		{"[a-z_]*\|}}, {"[a-z_]*' "$programs/lock_order.c" "$programs/lock_order.cc" | grep -o '[a-z_]*)*$' | tr -d ')' |
		grep -vx name | sort >cases
	printf '%s\n' "$verdicts" | cut -d ' ' -f 1 | sort >rows
	diff cases rows || return 1
	printf '%s\n' "$verdicts" >table
	while read -r name we _; do
		ours "$name" "$we" || { echo "$name is not: $we"; return 1; }
	done <table
}
check orders_of_locks_are_dangerous_where_threads_can_wait_in_a_circle each_case

# judged COLUMN PATTERN - where the line PATTERN is in ./said behind "== CASE", and where not, is as in the table.
judged() {
	printf '%s\n' "$verdicts" >table
	awk -v column="$1" -v pattern="$2" '
		FNR == NR { want[$1] = $column == "same" ? ($2 == "danger" ? "warns" : "silent") : $column; next }
		/^== / { name = $2; got[name] = "silent"; next }
		name != "" && $0 ~ pattern { got[name] = "warns" }
		END {
			for (name in want)
				if (got[name] != want[name] && ++wrong)
					print name ": " got[name] ", not: " want[name]
			exit wrong > 0
		}' table said
}
helgrind() {
	build_with plain plainxx plain-order -gdwarf-4 && valgrind --tool=helgrind ./plain-order >said 2>&1 &&
		valgrind --tool=helgrind ./plain-order-cxx >>said 2>&1 && judged 3 'lock order .* violated'
}
tsan() {
	build_with plain plainxx tsan-order -fsanitize=thread &&
		TSAN_OPTIONS=detect_deadlocks=1:second_deadlock_stack=1:suppress_equal_stacks=0:exitcode=0 both ./tsan-order &&
		judged 4 'lock-order-inversion'
}
# It has to see what the program means, and not that we try first.
traced_tsan() {
	rm -f trace.db*
	build_with traced tracedxx traced-tsan -fsanitize=thread &&
		TSAN_OPTIONS=detect_deadlocks=1:second_deadlock_stack=1:suppress_equal_stacks=0:exitcode=0 both ./traced-tsan &&
		judged 4 'lock-order-inversion' && complete trace.db && sound trace.db
}
if command -v valgrind >/dev/null; then
	check helgrind_says_the_same_but_of_locks_had_by_trying_gates_and_readers helgrind
else
	echo "left out: there is no valgrind"
fi
if echo 'int main(void) { return 0; }' | clang -x c -fsanitize=thread - -o "$scratch/has-tsan" 2>/dev/null; then
	check thread_sanitizer_says_the_same_but_of_time_limits_gates_and_readers tsan
	check and_the_same_when_they_are_traced traced_tsan
else
	echo "left out: this clang has no ThreadSanitizer"
fi

words() {
	report inversion && says out ' #2 are taken in both orders' && says out ' #1: 1 time, by thread 3 alone' &&
		says out 'taken in inversion_1 lock_order.c:' && says out 'taken in inversion_2 lock_order.c:' &&
		report circle && says out ' #2 and others are taken in a circle' && says out '3 orders, 1 circle' &&
		report gate && says out '#3 are taken in both orders, each time by who had lock_order.c:' && grep -q 'who had .* #1$' out &&
		report alone && says out ' are taken in both orders, by one thread alone' &&
		report readers_that_write && says out ' #1 (read), then ' && says out ' #2: 1 time'
}
check locks_places_and_reasons_are_told words
number() {
	report many_in_any_order && says out '8 more circles: --limit 0 shows all' && says out '56 orders, 28 circles' &&
		report many_in_any_order --limit 0 && [ "$(grep -c '^Possible deadlock' out)" = 28 ] &&
		is trace.db 'SELECT count(*), sum(count), min(count), max(count) FROM (SELECT sum(count) AS count FROM lock_orders GROUP BY lock_id, to_lock_id)' '56|112|2|2' &&
		is trace.db 'SELECT count(*), sum(count), sum(reverse_count), sum(one_thread) FROM lock_inversions' '28|56|56|0'
}
own() {
	cat >own.c <<-'PROGRAM'
		#include <pthread.h>
		struct lock { int taken; } a, b, c;
		int try_registry(struct lock *l) { return !__atomic_exchange_n(&l->taken, 1, __ATOMIC_SEQ_CST); }
		void registry_lock(struct lock *l) { while (!try_registry(l)); }
		void registry_unlock(struct lock *l) { __atomic_store_n(&l->taken, 0, __ATOMIC_SEQ_CST); }
		static void *one(void *x) { registry_lock(&a), registry_lock(&b), registry_unlock(&b), registry_unlock(&a); return x; }
		static void *two(void *x) { registry_lock(&b), registry_lock(&a), registry_unlock(&a), registry_unlock(&b); return x; }
		static void *three(void *x) { registry_lock(&a), try_registry(&c), registry_unlock(&c), registry_unlock(&a); return x; }
		static void *four(void *x) { registry_lock(&c), try_registry(&a), registry_unlock(&a), registry_unlock(&c); return x; }
		int main(void)
		{
			void *(*const threads[])(void *) = {one, two, three, four};
			pthread_t id;
			for (int i = 0; i < 4; i++)
				pthread_create(&id, NULL, threads[i], NULL), pthread_join(id, NULL);
			return 0;
		}
	PROGRAM
	traced own own.c -pthread '--instr=acquire=registry_lock(lock=0):try_acquire=try_registry(lock=0,success=nonzero):release=registry_unlock(lock=0)' &&
		rm -f trace.db* && exits_with 0 ./own && complete trace.db && sound trace.db && exits_with 0 "$build/bin/instr-report" --lock-order &&
		says out '2 orders, 1 circle' && says out 'Possible deadlock: a #' && is trace.db "SELECT lock, other_lock FROM lock_inversions" 'a|b'
}
check locks_of_a_programs_own_are_tried_by_what_is_declared_so own
check each_two_of_many_locks_are_a_circle_of_their_own number

random_orders() { report hierarchy && python3 "$runtime_tests/lock_circles.py" "$build/bin/instr-report" trace.db; }
check random_orders_have_the_circles_that_are_found_by_trying_all random_orders
finish
