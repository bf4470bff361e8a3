#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# waits.sh BUILD - waiting for the drain ends when it should, not earlier and not later.
. "$(dirname "$0")/crash.sh"

builds() { traced waits "$crash/programs/waits.c" -pthread; }
check builds builds

timer() { INSTR_OPTIONS=ring_bytes=1m:ring_max_bytes=2m exits_with 5 ./waits timer && sound trace.db && calls trace.db work 6000000; }
check signals_do_not_make_a_wait_shorter timer

# Idle threads hold all that there is memory for: the others lose their events, and go on.
small() {
	rm -f trace.db*
	unshare -m true 2>/dev/null || return 0 # not allowed here
	unshare -m sh -c 'mount -t tmpfs -o size=8m tmpfs /dev/shm && exec timeout 30 ./waits idle'
	[ $? -eq 5 ] && is trace.db "SELECT (SELECT sum(calls) * 2 FROM top WHERE function = 'wait_for_all') +
		(SELECT sum(events) FROM losses) BETWEEN 800 AND 1600" 1
}
check a_pool_that_cannot_grow_holds_nobody_up small
finish
