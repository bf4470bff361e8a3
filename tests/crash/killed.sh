# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# killed.sh - sourced, behind own.sh and crash.sh: a program that counts for itself is killed, its drain with it or not, and
# what is left is held against what it had counted. The test says
#
#     victim               the program: ./$victim THREADS [TURNS]; it counts in the file counters (counters.h), exit status 3
#     endless, to_its_end TURNS that it does not come to the end of, and does
#     kept THREADS         is it all there? Of each thread one call may not have been counted yet

# Two sums: of the first 32 counters, and of those behind.
counted_pair() { od -An -v -w64 -tu8 counters | awk '{ n[NR > 32] += $1 } END { printf "%d %d\n", n[0], n[1] }'; }

starts() {
	rm -f trace.db* counters
	"./$victim" "$1" $endless &
	program=$!
	until [ -s counters ] || ! kill -0 $program; do sleep 0.005; done
}

at_any_moment() {
	starts "$1"
	a_while 350
	kill -9 $program
	wait $program
	complete trace.db 20 && kept "$1"
}

# each_turn TURNS COMMAND...: the command with a number of threads, 1 to 4 in turn
each_turn() {
	turn=0 last_turn=$1
	shift
	while [ $turn -lt "$last_turn" ]; do
		turn=$((turn + 1))
		"$@" $((turn % 4 + 1)) || { echo "in turn $turn"; return 1; }
	done
}

# is_recovered drain|both THREADS: later than the first checkpoint, whose rows it then has to continue.
is_recovered() {
	starts "$2"
	sleep 0.05
	a_while 1500
	drain_of $program || return 1
	case $1 in
	drain) kill -9 "$drain"; a_while 100; kill -9 $program ;;
	both) kill -9 "$drain" $program ;;
	esac
	wait $program
	"$build/bin/instr-recover" trace.db && kept "$2"
}

# The program goes on with another drain, to its end.
is_continued() {
	rm -f trace.db* counters
	"./$victim" "$1" $to_its_end &
	program=$!
	a_while 200
	drain_of $program && kill -9 "$drain" || return 1
	wait $program
	[ $? -eq 3 ] && complete trace.db 20 && kept 0
}
