#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# heap.sh BUILD [TURNS] - allocations of programs that count them themselves: several threads that pass blocks
# around, a small ring, load. (tests/e2e/truth/heap.sh: against counters that the program knows nothing of.)
. "$(dirname "$0")/trace.sh"
turns=${2:-20}

builds() {
	traced exchange "$programs/exchange.c" -pthread && traced exchange-O2 "$programs/exchange.c" -pthread -O2 &&
		traced unseen "$programs/unseen.c" && traced stored "$programs/stored.c"
}
check builds builds

sums='allocs, bytes, frees, freed_bytes, failed, resized, crossed'
# exchanged PROGRAM THREADS TURNS SEED: the trace has what the program counted, and nothing odd.
exchanged() {
	rm -f trace.db*
	exits_with 0 "./$@" && complete trace.db 30 && sound trace.db && is trace.db "SELECT $sums FROM heaps WHERE kind = 0" "$(cat out)" &&
		is trace.db 'SELECT crossed > 0, lost, unknown_frees FROM heaps WHERE kind = 0' '1|0|0' && is trace.db 'SELECT * FROM heap_faults' '' &&
		is trace.db 'SELECT * FROM live_blocks' ''
}
many() {
	turn=0
	while [ $turn -lt "$turns" ]; do
		turn=$((turn + 1))
		if [ $((turn % 2)) = 0 ]; then program=exchange; else program=exchange-O2; fi
		exchanged $program 4 "$1" $turn || { echo "in turn $turn"; return 1; }
	done
}
check blocks_that_four_threads_exchange_are_counted_to_the_unit many 20000

# Threads that the drain does not know yet already free blocks of those that it knows.
generations() {
	for turn in 1 2 3; do
		exchanged exchange-O2 4 600 $((turn + 200)) 60 || return 1
	done
}
check so_are_those_of_threads_that_come_and_go generations

small_ring() {
	waited=0
	for turn in 1 2 3; do
		INSTR_OPTIONS=ring_bytes=1m:ring_max_bytes=1m exchanged exchange-O2 4 60000 $((turn + 100)) || return 1
		waited=$((waited + $(ask trace.db 'SELECT sum(waits) FROM threads')))
	done
	[ $waited -gt 0 ] || { echo "nobody has waited"; return 1; }
}
check so_are_they_when_threads_wait_for_a_small_ring small_ring

# Four busy processes for each processor: threads are stopped anywhere for many milliseconds.
loaded() {
	busy=
	for i in $(seq $((4 * $(nproc)))); do
		sh -c 'while :; do :; done' &
		busy="$busy $!"
	done
	turns=3
	many 6000
	loaded_status=$?
	kill $busy
	wait $busy 2>/dev/null
	return $loaded_status
}
check so_are_they_under_load loaded

# What libraries without hooks allocate or free: as in C++ all that libstdc++.so does with a string.
unseen() {
	rm -f trace.db*
	exits_with 0 ./unseen 40 && complete trace.db && sound trace.db &&
		is trace.db 'SELECT allocs, frees, lost, unknown_frees FROM heaps WHERE kind = 0' "$(cat out)" &&
		is trace.db 'SELECT count(*) FROM live_blocks' 0
}
check blocks_that_begin_or_end_unseen_spoil_no_others unseen
no_accusation() { is trace.db "SELECT * FROM heap_faults WHERE kind = 'freed twice'" ''; }
pending a_block_that_began_unseen_is_not_said_to_be_freed_twice \
	'the heap cannot tell it from one that was, where the address was freed before' no_accusation

# It waits for checkpoints, which nobody outside can cause.
stored() {
	rm -f trace.db*
	exits_with 0 ./stored && complete trace.db && sound trace.db &&
		is trace.db 'SELECT allocs, frees, failed, lost, unknown_frees FROM heaps WHERE kind = 0' '45|35|15|15|0' &&
		is trace.db 'SELECT count(*), sum(bytes) FROM live_blocks' '10|10000' &&
		is trace.db 'SELECT count(*) > 0 FROM heap_samples WHERE live_blocks = 30' 1
}
check blocks_whose_rows_are_in_the_file_already_end_there_too stored
finish
