#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# places.sh BUILD - programs that are linked in every way, copied, stripped, run from elsewhere, that leave
# the folder or lose their rights: they record.
. "$(dirname "$0")/trace.sh"

program() {
	cat <<-'PROGRAM'
		#define _GNU_SOURCE
		#include <stdio.h>
		#include <stdlib.h>
		#include <sys/stat.h>
		#include <unistd.h>
		static int work(int n) { return n + 1; }
		static int leave(const char *how)
		{
			for (int i = 0; i < 1000; i++)
				work(i);
			if (*how == 'c')
				return chdir("/");
			if (*how == 'r')
				return chroot("/proc/self/fdinfo") || chdir("/");
			if (*how == 'u')
				return setgid(65534) || setuid(65534);
			if (*how == 'p')
				return getchar() != EOF;
			if (*how == 'm')
				return mkdir("gone", 0700) || chdir("gone") || rmdir("../gone");
			return 0;
		}
		int main(int argc, char **argv)
		{
			if (argc > 1 && leave(argv[1]))
				return 1;
			for (int i = 0; i < 1000; i++)
				work(i);
			puts("done");
			return 3;
		}
	PROGRAM
}
builds() {
	program >program.c && traced dynamic program.c && traced static -static program.c && traced static-pie -static-pie program.c &&
		traced no-pie -no-pie program.c && traced optimised -O2 -flto program.c && strip -o stripped dynamic &&
		traced lld -fuse-ld=lld program.c && traced gc -ffunction-sections -Wl,--gc-sections program.c
}
check builds builds

records() {
	rm -f trace.db*
	exits_with 3 "./$1" ${2:-} && says out done && [ ! -s err ] && complete trace.db 5 && sound trace.db &&
		is trace.db "SELECT calls, instrumented FROM function_totals JOIN functions USING (function_id)
			WHERE process_id = 0 AND name = 'main'" '1|1' && is trace.db 'SELECT exit_code FROM processes' 3
}
for kind in dynamic static static-pie no-pie stripped lld gc; do
	work() { records "$kind" && calls trace.db work 1000; }
	check "a_program_linked_${kind}_records" work
done
check a_program_with_lto_records records optimised

copied() {
	mkdir -p elsewhere && cp dynamic "$build/lib/libinstr_rt.so" elsewhere/ && cd elsewhere &&
		exits_with 3 env "LD_TRACE_LOADED_OBJECTS=1" true >/dev/null 2>&1
	cd "$scratch/elsewhere" && rm -f trace.db* && ldd ./dynamic | grep -q 'libinstr_rt.so' &&
		exits_with 3 ./dynamic && calls trace.db work 1000
}
check a_copied_program_records copied
# The folder that the program was built with is not there: the runtime beside the program is found.
beside() {
	rm -rf alone && mkdir alone && cp "$build/lib/libinstr_rt.so" alone/ && cp dynamic alone/ && cd alone &&
		rm -f trace.db* && unshare -m sh -c "mount -t tmpfs none '$build/lib' && ./dynamic" >out
	status=$?
	unshare -m true 2>/dev/null || return 0 # not allowed here
	[ $status -eq 3 ] && calls trace.db work 1000
}
check with_the_runtime_beside_it_a_program_needs_nothing_else beside
static_alone() {
	cp static alone/ && cd alone && rm -f trace.db* && unshare -m true 2>/dev/null || return 0
	unshare -m sh -c "mount -t tmpfs none '$build' && ./static" >out
	[ $? -eq 3 ] && calls trace.db work 1000
}
check a_static_program_needs_nothing_at_all static_alone

leaves() { records dynamic "$1" && calls trace.db work 2000; }
check a_program_that_changes_its_folder_records leaves c
check a_program_whose_folder_is_removed_records leaves m
if [ "$(id -u)" -eq 0 ]; then
	check a_program_that_changes_its_root_records leaves r
	check a_program_that_gives_up_its_rights_records leaves u
fi

# The file's mode is what the program's own files would have; the ring is its user's alone whatever that is.
modes() {
	for mask in 022:644 077:600 002:664 027:640; do
		rm -f trace.db* && (umask "${mask%:*}" && exits_with 3 ./dynamic) &&
			[ "$(stat -c '%a' trace.db)" = "${mask#*:}" ] || { stat trace.db; return 1; }
	done
	umask 0
	rm -f trace.db* && mkfifo pipe && { ./dynamic p >/dev/null <pipe & } && exec 8>pipe || return 1
	program=$! result=1
	for turn in $(seq 500); do
		ring=$(grep -o '/[^ ]*/[0-9a-f]\{32\}/ring' "/proc/$program/maps" | head -n 1)
		[ -n "$ring" ] && [ -e "${ring%ring}lease" ] && break
		sleep 0.02 # its drain makes the lease
	done
	[ "$(stat -c '%a' "$ring" "${ring%ring}lease" "${ring%/ring}" | tr '\n' ' ')" = '600 600 700 ' ] && result=0
	[ $result -eq 0 ] || stat "$ring" "${ring%ring}lease" "${ring%/ring}"
	exec 8>&-
	wait $program
	[ $? -eq 3 ] && return $result
}
check files_have_the_modes_that_the_umask_gives modes

# Names with anything in them.
odd() {
	name='odd name, 100% '"'"'quoted"'
	rm -rf "$name" && mkdir "$name" && cp dynamic "$name/$name" && cd "$name" && exits_with 3 "./$name" && calls trace.db work 1000 &&
		is trace.db 'SELECT executable = working_directory || substr(working_directory, -24) FROM processes' 1
}
check a_folder_and_a_program_may_have_any_name odd
long() {
	deep=$scratch
	for level in 1 2 3 4; do
		deep=$deep/$(printf '%0200d' $level)
	done
	# Longer than the names that the sqlite3 shell opens.
	mkdir -p "$deep" && cp dynamic "$deep" && (cd "$deep" && exits_with 3 ./dynamic && says out done && mv trace.db "$scratch/long.db") &&
		calls long.db work 1000
}
check a_path_may_be_long long

# in_namespace MOUNT COMMAND: with another file system in some place; succeeds where that is not allowed.
in_namespace() {
	unshare -m true 2>/dev/null || exit 0
	unshare -m sh -c "mount -t tmpfs $1 && exec $2" >out 2>err
}
no_shared_memory() {
	rm -f trace.db*
	in_namespace "-o $1 none /dev/shm" ./dynamic
	[ $? -eq 3 ] && says out done && [ ! -s err ] && complete trace.db 5 && calls trace.db work 1000 && sound trace.db || return 1
	for turn in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
		[ -e .instr-0 ] || return 0
		sleep 0.1 # its drain looks once more for children that have not joined yet
	done
	ls -A
	return 1
}
check without_shared_memory_the_ring_lies_beside_the_trace no_shared_memory ro
check with_too_little_of_it_too no_shared_memory size=1m

# A pid namespace without a /proc of its own: there the numbers are other processes'. (Its first process takes
# the drain with it, so that the ring may stay; but not before the file is whole.)
pid_namespace() {
	unshare -pf true 2>/dev/null || return 0
	rm -f trace.db* && exits_with 3 unshare -pf ./dynamic && says out done && calls trace.db work 1000 &&
		is trace.db 'SELECT end_reason FROM processes' exit
}
check in_a_pid_namespace_with_the_proc_of_another pid_namespace

if [ "$(id -u)" -eq 0 ]; then
	nobody() { setpriv --reuid 65534 --regid 65534 --clear-groups "$@"; }
	chmod 755 "$scratch"
	as_nobody() {
		rm -rf theirs && mkdir theirs && cp static theirs && chown 65534 theirs && cd theirs && exits_with 3 nobody ./static &&
			says out done && calls trace.db work 1000 && is trace.db "SELECT value FROM run WHERE key = 'state'" complete &&
			[ "$(stat -c '%u' trace.db)" = 65534 ]
	}
	check an_ordinary_user_records as_nobody
	no_permission() {
		rm -f trace.db* && exits_with 3 nobody ./static && says out done && says err "instr: cannot record: the folder $scratch cannot be written to" &&
			[ ! -e trace.db ]
	}
	check who_may_not_write_there_is_told no_permission
	foreign_folder() { # somebody else was there first
		rm -f trace.db*
		in_namespace '-o mode=1777 none /dev/shm' "sh -c 'mkdir -m 0777 /dev/shm/instr-0; chown 65534 /dev/shm/instr-0; ./dynamic; s=\$?; ls -A /dev/shm/instr-0; exit \$s'"
		[ $? -eq 3 ] && [ "$(cat out)" = done ] && complete trace.db 5 && calls trace.db work 1000
	}
	check shared_memory_of_somebody_else_is_not_used foreign_folder
	set_user_id() {
		rm -f trace.db* && cp static raised && chown 65534 raised && chmod 4755 raised && exits_with 3 ./raised &&
			says out done && [ ! -s err ] && [ ! -e trace.db ]
	}
	check a_set_user_id_program_records_nothing set_user_id
fi
finish
