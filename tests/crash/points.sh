#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# points.sh BUILD [POINT[:COUNT]...] - whoever comes to a test point (runtime/base/testpoint.h) for the
# COUNTth time, 1 if not said, is stopped there; then it is killed, or everybody else is, or all are. What
# they leave, and whoever comes after, makes a trace that is whole and exact. All points that stand in the
# sources are tested; one that is in no scene's way fails.
. "$(dirname "$0")/own.sh"
. "$(dirname "$0")/crash.sh"
shift
chosen=$*
points=$build/tests/points
runtime=$crash/../../runtime
most=14 # calls of crowd.c that have begun and are not counted yet, one more of a child that was killed

listed() {
	for listed_folder in "$@"; do
		grep -rhoE 'IRT_TESTPOINT\([a-z_]+\)' "$runtime/$listed_folder" --include='*.[ch]'
	done | sed 's/.*(//; s/)//' | grep -v '^name$'
}
in_program=$(listed capture control)
in_drain=$(listed drain store)

check builds crowd_builds
each_once() { [ -z "$(printf '%s\n' "$in_program" "$in_drain" | sort | uniq -d)" ]; }
check each_point_stands_in_one_place each_once

# ---- scenes -----------------------------------------------------------------------------------------
# Each leaves $program (leader of a group of processes) running towards the point that is armed.

arm() { echo "$point $nth" >testpoint; }
run() {
	ring=
	setsid env LD_PRELOAD="$points/libinstr_rt.so" INSTR_OPTIONS=ring_bytes=1m:ring_max_bytes=2m \
		"$scratch/crowd" "$1" "$2" "$scratch/libcrowd.so" >>out 2>&1 &
	program=$!
}
family_dead() { kill -9 "-$1" "$1" 2>/dev/null; wait "$1" 2>/dev/null; }
leave_a_dead_run() {
	run threads 1000000000
	drain_of $program && until [ -s trace.db ] && [ "$(counted)" -gt 100000 ]; do sleep 0.02; done
	kill -9 "$drain"
	sleep 0.01 # there is to be something left; soon it would start another drain
	family_dead $program
	mv counters counters.dead
}
scene_all() { arm && run all 8000; }
scene_daemon() { arm && run daemon 8000; }
scene_after() { leave_a_dead_run && arm && run all 8000; }
scene_restart() {
	arm && run threads 2000000
	drain_of $program && kill -9 "$drain"
}
# The drain stands still until the ring is full.
scene_full() {
	arm && run threads 500000
	drain_of $program && kill -STOP "$drain" || return 1
	(sleep 0.5; kill -CONT "$drain" 2>/dev/null) &
}
scene_sweep() {
	mkdir left && cd left && leave_a_dead_run && cd .. || return 1
	sleep 11 # younger ones are not swept
	arm && run all 8000
}
# A program that died before its drain had any file, in the way of the sweep: nothing of it is to be had.
scene_sweep_nothing() {
	mkdir left && cd left && echo "file_started 1" >testpoint && run threads 1000000000 && hit || return 1
	kill -9 "$stopped"
	family_dead $program
	rm -f trace.db* # as if its folder had gone
	cd .. && rm -rf left && sleep 11 && arm && run all 8000
}
scene_recovery() {
	leave_a_dead_run && mv counters.dead counters && arm || return 1
	setsid "$points/crash-recover" trace.db >>out 2>&1 &
	program=$!
}

scenes_of() {
	case $1 in
	linger_* | file_reopened) echo daemon ;;
	wait_* | ext_*) echo full ;;
	recovery_*) echo recovery ;;
	sweep_unfiled) echo sweep_nothing ;;
	sweep_met) echo sweep ;;
	other_run_met | file_old_gone) echo after ;;
	restart_claimed) echo restart ;;
	file_continued) echo recovery ;;
	*) echo all ;;
	esac
}

# ---- one turn ---------------------------------------------------------------------------------------

# Somebody stands at the point: $stopped. 1: the run is over and nobody came.
hit() {
	over=0
	while [ ! -e testpoint.hit ]; do
		[ -n "$ring" ] || { found=$("$build/tests/crash_ring_of" $program) && ring=${found% *}; }
		if alive $program || [ -e "$ring/ring" ]; then over=0; else over=$((over + 1)); fi
		[ $over -lt 300 ] || return 1
		sleep 0.01
	done
	stopped=$(cat testpoint.hit)
	[ -n "$ring" ] || { found=$("$build/tests/crash_ring_of" "$stopped") && ring=${found% *}; }
	until grep -q ') [Tt]' "/proc/$stopped/stat"; do sleep 0.002; done
}

kill_drain() {
	found=$("$build/tests/crash_ring_of" "$ring" "$1") && [ "${found##* }" != 0 ] && kill -9 "${found##* }"
	return 0
}

# What is killed, seen from who stands at the point.
act() {
	case $side-$1 in
	drain-self | program-self | reader-self | reader-both) kill -9 "$stopped" ;;
	program-other) kill_drain 300; kill -CONT "$stopped" ;;
	drain-other) family_dead $program; kill -CONT "$stopped" ;;
	reader-other) # another reader comes meanwhile
		timeout 30 "$build/bin/instr-recover" trace.db >>out 2>&1 &
		another=$!
		sleep 0.1
		kill -CONT "$stopped"
		wait $another || { cat out; return 1; }
		;;
	*-both) family_dead $program; kill_drain 0; kill -9 "$stopped" 2>/dev/null ;;
	esac
	return 0
}

# What is in nobody's hands is completed by whoever comes.
complete_what_is_left() {
	[ -e "$ring" ] || return 0
	if [ -e trace.db ]; then "$build/bin/instr-recover" trace.db && "$build/bin/instr-recover" trace.db || return 1; fi
	if [ -e "$ring/ring" ] && [ -s counters ] && [ "$(counted)" -gt 0 ]; then # it has no file yet
		timeout 20 "$build/bin/instr-drain" --run "$ring" || { echo "status $? of a drain that comes late"; return 1; }
	fi
	rmdir "$ring" 2>/dev/null # of nothing but a folder it cannot be said whose it is: the sweep takes it
	return 0
}

turn() {
	action=$1
	rm -rf "$scratch/$point.$action"
	mkdir "$scratch/$point.$action" && cd "$scratch/$point.$action" && "scene_$scene" || return 1
	hit || { echo "nobody comes to it in scene $scene"; ls; return 2; }
	act "$action" && settle 1000 && complete_what_is_left || return 1
	ended=killed
	case $scene-$side-$action in
	recovery-* | daemon-*) ;;
	*-program-self) [ "$stopped" = $program ] || ended=3 ;;
	*-program-other | *-drain-self) ended=3 ;;
	esac
	[ $ended = killed ] || [ $status -eq 3 ] || { echo "the program's exit status is $status"; cat out; return 1; }
	if [ -e left ]; then # whoever sweeps it may have been killed over it
		"$build/bin/instr-recover" left/trace.db && exact left/trace.db left/counters.dead $most || return 1
	fi
	if [ "$scene" = after ]; then
		if [ ! -e trace.db.old ] && [ "$(counted)" = 0 ]; then # the later run had not begun
			exact trace.db counters.dead $most
			return
		fi
		exact trace.db.old counters.dead $most || return 1
	fi
	if [ ! -e trace.db ] && [ "$ended" = killed ] && { [ ! -s counters ] || [ "$(counted)" = 0 ]; }; then
		return 0 # it had not begun
	fi
	exact trace.db counters $most && { [ ! -e "$ring" ] || { echo "$ring is left"; return 1; }; }
}

# On a machine under load a scene may go another way than the one that leads to the point.
tries() {
	for try in 1 2 3; do
		(turn "$1")
		tried=$?
		[ $tried -eq 2 ] || return $tried
	done
	return 1
}

at_point() {
	point=${1%:*} nth=1 bad=
	case $1 in *:*) nth=${1#*:} ;; esac
	scene=$(scenes_of "$point")
	side=program
	if printf '%s\n' "$in_drain" | grep -qx "$point"; then side=drain; fi
	if [ "$scene" = recovery ]; then side=reader; fi
	for action in self other both; do
		[ $side != reader ] || [ $action != both ] || continue
		(tries $action >"$scratch/$point.$action.log" 2>&1 || echo "$action" >>"$scratch/$point.bad") &
		case $scene in sweep*) wait ;; esac # else one would sweep what another has left
	done
	wait
	[ -e "$scratch/$point.bad" ] || { rm -rf "$scratch/$point".*; return 0; }
	for action in $(cat "$scratch/$point.bad"); do
		echo "killed: $action, in scene $scene:"
		sed 's/^/  /' "$scratch/$point.$action.log"
	done
	return 1
}

# The fourth record of the names log is a child's: others have names to tell after it.
for each in ${chosen:-$in_program $in_drain log_claimed:4 log_written:4}; do
	check "killed_at_${each%:*}$(case $each in *:*) echo "_time_${each#*:}" ;; esac)" at_point "$each"
done

# All are killed before the first round: the file is there, with nothing in it, and whoever sweeps completes it.
swept() {
	point=session_open nth=1
	mkdir "$scratch/swept" && cd "$scratch/swept" && mkdir left other && cd left && arm && run threads 1000000000 && hit || return 1
	until [ "$(counted)" -gt 0 ]; do sleep 0.01; done
	kill -9 "$stopped"
	family_dead $program
	sleep 11 # younger ones are not swept
	for turn in 1 2 3; do
		(cd ../other && exec timeout 20 "$scratch/crowd" churn 1 "$scratch/libcrowd.so") || [ $? -eq 3 ] || return 1
		[ -e "$ring" ] || break
		sleep 1 # the drain goes on sweeping when the program has ended
	done
	exact trace.db counters 3
}
if [ -z "$chosen" ]; then check a_run_without_a_first_round_is_completed_by_the_sweep swept; fi

# Who sweeps has put a lease into the folder, which is no younger for it: the next one finds it old enough.
swept_by_the_next() {
	mkdir "$scratch/next" && cd "$scratch/next" && point=process_live nth=1 && arm && run threads 1000 && hit || return 1
	family_dead $program
	left=$ring
	[ -e "$left/ring" ] && [ ! -e "$left/lease" ] && sleep 11 || return 1
	rm testpoint.hit
	point=sweep_unfiled && arm && run threads 1000 && hit || return 1
	kill -9 "$stopped"
	wait $program
	[ -e "$left/lease" ] || { echo "nobody has swept"; return 1; }
	run threads 1000
	wait $program
	for turn in 1 2 3 4 5; do
		[ -e "$left" ] || return 0
		sleep 1 # the drain sweeps when the program has ended
	done
	ls -la --time-style=full-iso "$left"
	return 1
}
if [ -z "$chosen" ] && [ "$own" = 1 ]; then check what_a_sweep_leaves_that_dies_is_swept_by_the_next swept_by_the_next; fi

if [ "$own" = 1 ]; then check nothing_of_killed_runs_is_left nothing_left; fi
finish
