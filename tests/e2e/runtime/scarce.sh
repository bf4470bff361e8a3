#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# scarce.sh BUILD - few descriptors, little memory, no more processes, no /proc, other people's folders: the
# program is as ever, and records or says in one sentence why it does not.
. "$(dirname "$0")/trace.sh"

builds() {
	cat >locks.c <<-'PROGRAM'
		#include <stdio.h>
		#include <sys/mman.h>
		static int work(int n) { return n + 1; }
		int main(void)
		{
			for (int i = 0; i < 1000; i++)
				work(i);
			int r = mlockall(MCL_CURRENT | MCL_FUTURE);
			for (int i = 0; i < 1000; i++)
				work(i);
			puts(r ? "refused" : "locked");
			return 3;
		}
	PROGRAM
	cat >eats.c <<-'PROGRAM'
		#include <stdio.h>
		#include <stdlib.h>
		#include <string.h>
		static int work(int n) { return n + 1; }
		int main(void)
		{
			for (int i = 0; i < 1000; i++)
				work(i);
			puts("eating");
			fflush(stdout);
			for (;;)
				memset(malloc(1 << 20), 1, 1 << 20);
		}
	PROGRAM
	traced hello "$programs/hello.c" && traced static -static "$programs/hello.c" && traced locks locks.c && plain locks-plain locks.c && traced eats eats.c
}
check builds builds

# as_ever: prints and returns what it always does; records all, or says in one sentence why it records nothing.
as_ever() {
	exits_with 3 "$@" 3 && says out 'hello, 12' || return 1
	if [ -s err ]; then
		[ "$(wc -l <err)" -eq 1 ] && says err 'instr: ' && { ! says err 'cannot record' >/dev/null || [ ! -e trace.db ]; }
	else
		complete trace.db && calls trace.db leaf 6 && sound trace.db
	fi
}
# From none to plenty: each number between has its own place to fail.
descriptors() {
	for limit in 4 5 6 7 8 9 10 12 16 20; do
		rm -f trace.db*
		# The static one needs none for itself. (Of the lowest some are open already.)
		missing='hard limit on open files'
		[ $limit -ge 10 ] || missing='cannot record'
		as_ever prlimit --nofile=$limit ./static && says err "$missing" || { echo "with $limit descriptors"; return 1; }
		rm -f trace.db* # the drain is not held by the soft limit
		as_ever prlimit --nofile=$limit: ./static || { echo "with a soft limit of $limit descriptors"; return 1; }
	done
	[ ! -s err ] && calls trace.db leaf 6
}
check few_descriptors_disturb_nothing descriptors
# Those that the program has open already count as well.
used_up() {
	rm -f trace.db*
	exec 3</dev/null 4</dev/null 5</dev/null 6</dev/null 7</dev/null
	as_ever prlimit --nofile=3 ./static && says err 'cannot record' && [ ! -e trace.db ]
}
check no_descriptors_are_said_to_be_missing used_up

address_space() {
	for kib in 8000 20000 60000 120000 200000 400000 1000000; do
		rm -f trace.db*
		as_ever prlimit --as=$((kib * 1024)) ./static || { echo "with $kib KiB"; return 1; }
	done
	[ ! -s err ] && calls trace.db leaf 6
}
check little_address_space_disturbs_nothing address_space

# What mlockall does to the ring is in docs/limits.md: with a small one it works as before.
locks() {
	rm -f trace.db* && { ./locks-plain >plain.out; grep -q locked plain.out; } || { echo 'not allowed here'; return 0; }
	INSTR_OPTIONS=ring_bytes=1m:ring_max_bytes=1m exits_with 3 ./locks && says out locked && complete trace.db && calls trace.db work 2000
}
check a_program_that_locks_its_memory_records_with_a_small_ring locks

can_be_nobody() { [ "$(id -u)" -eq 0 ] && setpriv --reuid 65534 --regid 65534 --clear-groups true 2>/dev/null; }
nobody() { setpriv --reuid 65534 --regid 65534 --clear-groups "$@"; }
if can_be_nobody; then
	chmod 755 "$scratch"
	mkdir -p "$scratch/theirs" && chown 65534 "$scratch/theirs"
	# The limit counts all that this user runs: with 1 nothing more can be started.
	no_processes() {
		cp static theirs/ && cd theirs && rm -f trace.db*
		exits_with 3 nobody prlimit --nproc=1 ./static 3 && says out 'hello, 12' &&
			says err 'instr: no drain process could be started: events will be dropped and counted' && [ "$(wc -l <../err)" -eq 1 ] && [ ! -e trace.db ]
	}
	check a_user_who_may_start_no_process_is_told no_processes
	# One more is the drain itself, which then has no thread to watch with.
	one_process() {
		cd theirs && rm -f trace.db*
		exits_with 3 nobody prlimit --nproc=2 ./static 3 && says out 'hello, 12' || return 1
		[ -s ../err ] || { complete trace.db && calls trace.db leaf 6; }
	}
	check a_drain_without_a_thread_drains one_process
	# Where everybody may write somebody has put links in our place.
	sticky() {
		rm -rf shared && mkdir shared && chmod 1777 shared && echo mine >precious && chmod 666 precious &&
			for name in trace.db trace.db-wal trace.db-shm trace.db-journal trace.db.old; do
				ln -s "$scratch/precious" "shared/$name" && chown -h 65534 "shared/$name" || return 1
			done
		exits_with 3 env INSTR_OPTIONS=out=shared/trace.db ./hello 3 && says out 'hello, 12' && [ "$(cat precious)" = mine ] || return 1
		rm shared/trace.db
		exits_with 3 env INSTR_OPTIONS=out=shared/trace.db ./hello 3 && says out 'hello, 12'
		sleep 0.3 # its drain may be at it still
		[ "$(cat precious)" = mine ] && [ "$(stat -c %a precious)" = 666 ]
	}
	check links_in_a_shared_folder_are_not_followed sticky
	ring_links() {
		unshare -m true 2>/dev/null || return 0 # not allowed here
		rm -rf trace.db* elsewhere && mkdir elsewhere && chmod 700 elsewhere
		exits_with 3 unshare -m sh -c "mount -t tmpfs -o mode=1777 none /dev/shm && ln -s '$scratch/elsewhere' /dev/shm/instr-0 &&
			chown -h 65534 /dev/shm/instr-0 && ./hello 3" && says out 'hello, 12' && complete trace.db && calls trace.db leaf 6 &&
			[ -z "$(ls -A elsewhere)" ]
	}
	check a_link_in_place_of_the_rings_folder_is_not_followed ring_links
	no_proc() {
		unshare -m true 2>/dev/null || return 0
		rm -f trace.db*
		exits_with 3 unshare -m sh -c "umount -l /proc && ./hello 3" && says out 'hello, 12' && says err 'instr: cannot record: /proc' &&
			[ "$(wc -l <err)" -eq 1 ] && [ ! -e trace.db ]
	}
	check without_proc_the_program_runs_and_says_so no_proc
fi

# Out of memory: the kernel kills the program, or the drain, in a group of their own.
cgroup() {
	for base in /sys/fs/cgroup /sys/fs/cgroup/unified; do
		group=$base/instr-test-$$
		if grep -qw memory $base/cgroup.subtree_control 2>/dev/null && mkdir $group 2>/dev/null; then
			limit=$group/memory.max
			return 0
		fi
	done
	group=/sys/fs/cgroup/memory/instr-test-$$
	limit=$group/memory.limit_in_bytes
	mkdir $group 2>/dev/null && [ -w $limit ]
}
program_killed() {
	rm -f trace.db*
	echo 40m >"$limit" && sh -c "echo \$\$ >$group/cgroup.procs && exec ./eats" >out
	[ $? -eq 137 ] && says out eating && complete trace.db 20 && calls trace.db work 1000 &&
		is trace.db 'SELECT end_reason FROM processes' death
}
drain_killed() {
	rm -f trace.db*
	mkfifo pipe 2>/dev/null
	cat >wait.c <<-'PROGRAM'
		#include <stdio.h>
		static int work(int n) { return n + 1; }
		int main(void)
		{
			for (int i = 0; i < 1000; i++)
				work(i);
			getchar();
			for (int i = 0; i < 1000; i++)
				work(i);
			puts("done");
			return 3;
		}
	PROGRAM
	traced wait wait.c && { ./wait <pipe >out & } && exec 8>pipe && program=$! || return 1
	for turn in $(seq 200); do
		ring=$(grep -o '/[^ ]*/[0-9a-f]\{32\}/ring' /proc/$program/maps | head -n 1)
		drain=$(pgrep -f "^instr-drain --run ${ring%/ring}" | head -n 1)
		[ -n "$ring" ] && [ -n "$drain" ] && break
		sleep 0.05 # both are starting
	done
	# Not a page more: the kernel kills it at its next need.
	echo 4096 >"$limit" && echo "$drain" >$group/cgroup.procs
	echo >&8
	exec 8>&-
	wait $program
	result=$?
	kill -0 "$drain" 2>/dev/null && echo 'it did without'
	echo 40m >"$limit"
	[ $result -eq 3 ] && says out done || return 1
	# A reader completes what nobody was left to complete.
	complete trace.db 2 >/dev/null || "$build/bin/instr-recover" trace.db
	complete trace.db 20 && calls trace.db work 2000
}
if cgroup; then
	check a_program_that_the_kernel_kills_for_its_memory_leaves_a_whole_trace program_killed
	check a_drain_that_gets_no_memory_loses_nothing drain_killed
	rmdir "$group" 2>/dev/null || { sleep 1; rmdir "$group"; } # the last ones may be going
else
	echo 'ok no_groups_here: what the kernel does when memory is gone was not tested'
fi
finish
