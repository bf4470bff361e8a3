#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# many.sh BUILD [TURNS [SEED]] - TURNS programs (60 if not said; 10000 for a night) come to a sudden end, or
# their drains, or both, or whoever recovers them, at random moments. Each time the trace is whole, nothing
# that was published is missing, nothing is there twice, and totals are the fold of the events.
#
# A turn is made from its number, SEED and following: many.sh BUILD 1 SEED makes the same one again (as
# far as chance allows). CRASH_JOBS turns run at once, 2 if not said; the traces of turns that fail are
# copied into the folder CRASH_KEEP, if that is set.
. "$(dirname "$0")/own.sh"
. "$(dirname "$0")/crash.sh"
turns=${2:-60} seed=${3:-$(date +%s)} jobs=${CRASH_JOBS:-2}

check builds crowd_builds

# Choices of this turn: what runs, who dies, and three times in ms.
choose() {
	awk -v seed="$1" 'function of(n) { return int(rand() * n) }
	BEGIN {
		srand(seed); for (i = 0; i < 5; i++) rand()
		split("threads forks loads churn", how, " ")
		split("program leader drain drain_twice both drain_first program_first reader stopped stopped_program", who, " ")
		printf "%s %s %s %.4f %.4f %.4f\n", how[1 + of(4)], who[1 + of(10)], of(4) ? "later" : "early",
			rand() * 0.3, rand() * 0.05, rand() * 0.03
	}'
}

run() {
	INSTR_OPTIONS=ring_bytes=$((1 << $1 % 3))m setsid "$scratch/crowd" "$2" "$3" "$scratch/libcrowd.so" >>out 2>&1 &
	program=$!
}
begun() {
	until [ -s counters ] && [ "$(counted)" -gt 0 ] && look $program 20; do
		alive $program || return 0
		sleep 0.005
	done
}

# 0 and "" are nobody (to kill they would be the whole group). A group may still be about to be one.
dead() {
	for dead_one in "$@"; do
		case $dead_one in
		'' | 0 | -) ;;
		-*) kill -9 "$dead_one" "${dead_one#-}" ;;
		*) kill -9 "$dead_one" ;;
		esac
	done
}

# A loaded machine may hold a drain up so long that the program goes on without it; then losses are told.
lossy() {
	is "$1" "SELECT count(*) > 0 AND min(cause) = 'ring full' AND max(cause) = 'ring full' FROM losses" 1 &&
		complete "$1" && sound "$1" lost threads flags holes unknown events && folded "$1" &&
		is "$1" "SELECT calls + lost >= $(counted) AND calls <= $(counted) + $2 FROM
			(SELECT coalesce(sum(t.calls), 0) AS calls FROM function_totals t JOIN functions f USING (function_id)
			 WHERE t.process_id = 0 AND f.name = 'work'), (SELECT sum(events) AS lost FROM losses)" 1 && touch "$scratch/lossy.$number"
}

turn() {
	number=$1 ring='' drain='' status=
	# shellcheck disable=SC2046
	set -- $(choose "$number")
	how=$1 who=$2 when=$3 first=$4 second=$5 third=$6
	echo "turn $number: $*"
	mkdir "$scratch/turn.$number" && cd "$scratch/turn.$number" || return 1
	case $who-$how in # those that are to end by themselves
	drain-threads | drain_twice-threads | stopped-threads) run "$number" threads 300000 ;;
	drain-* | drain_twice-* | stopped-*) run "$number" "$how" 60 ;;
	*) run "$number" "$how" 1000000000 ;;
	esac
	if [ $when = early ]; then sleep "$third"; look $program 20; else begun; sleep "$first"; look $program; fi
	more=14 finished=
	case $who in
	program) dead "-$program" ;;
	leader) dead $program; sleep "$second"; dead "-$program" ;;
	both) dead "-$program" "$drain" ;;
	drain | drain_twice)
		finished=1
		dead "$drain"
		if [ $who = drain_twice ]; then sleep 0.$((7 + number % 3)); if look $program; then dead "$drain"; fi; fi
		;;
	drain_first) dead "$drain"; sleep "$second"; dead "-$program" ;;
	program_first) dead "-$program"; sleep "$second"; dead "$drain" ;;
	reader) dead "-$program" "$drain" ;;
	stopped | stopped_program)
		[ "${drain:-0}" = 0 ] || kill -STOP "$drain"
		sleep "$first"
		if [ $who = stopped ]; then finished=1; else dead "-$program"; sleep "$second"; fi
		[ "${drain:-0}" = 0 ] || kill -CONT "$drain"
		;;
	esac 2>/dev/null
	settle 1500 || return 1
	for reader in 1 2 3; do
		[ "$who" = reader ] && [ -e trace.db ] || break
		"$build/bin/instr-recover" trace.db >>out 2>&1 &
		pid=$!
		sleep "$(awk -v t="$third" -v n=$reader 'BEGIN { print t / n }')"
		kill -9 $pid 2>/dev/null
		wait $pid
	done
	if [ -e trace.db ]; then
		"$build/bin/instr-recover" trace.db || return 1
	elif [ -e "$ring/ring" ] && [ -s counters ] && [ "$(counted)" -gt 0 ]; then
		timeout 30 "$build/bin/instr-drain" --run "$ring" || { echo "status $? of a drain that comes late"; return 1; }
	fi
	if [ -n "$finished" ]; then
		more=0
		[ "$status" -eq 3 ] || { echo "exit status $status"; cat out; return 1; }
	fi
	if [ ! -e trace.db ] && { [ ! -s counters ] || [ "$(counted)" = 0 ]; }; then return 0; fi # it had not begun
	[ ! -e "$ring" ] || [ -z "$ring" ] || { echo "$ring is left"; return 1; }
	exact trace.db counters $more || lossy trace.db $more
}

worker() {
	worker_number=$1
	while [ "$worker_number" -lt $((seed + turns)) ]; do
		(turn "$worker_number") >"$scratch/log.$worker_number" 2>&1
		if [ $? -ne 0 ]; then
			echo "$worker_number" >>"$scratch/bad"
			{ cat "$scratch/log.$worker_number"; echo "again: sh $0 $build 1 $worker_number"; } >>"$scratch/told"
			if [ -n "${CRASH_KEEP:-}" ]; then mkdir -p "$CRASH_KEEP" && cp -r "$scratch/turn.$worker_number" "$CRASH_KEEP/"; fi
		fi
		rm -rf "$scratch/turn.$worker_number" "$scratch/log.$worker_number"
		worker_number=$((worker_number + jobs))
	done
}

all_turns() {
	worker=0
	while [ $worker -lt "$jobs" ]; do
		worker $((seed + worker)) &
		worker=$((worker + 1))
	done
	wait
	[ ! -e "$scratch/bad" ] && return 0
	cat "$scratch/told"
	echo "$(wc -l <"$scratch/bad") of $turns turns failed"
	return 1
}
check each_of_"$turns"_turns_leaves_a_whole_and_exact_trace all_turns
echo "seeds $seed to $((seed + turns - 1)); in $(ls "$scratch" | grep -c '^lossy') of them the drain was held up and losses were told"

if [ "$own" = 1 ]; then check nothing_of_killed_runs_is_left nothing_left; fi
finish
