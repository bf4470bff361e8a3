#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# outputs.sh BUILD - where the trace cannot be written, a sentence before main says so, the program
# runs on, and nothing of anybody else's is touched.
. "$(dirname "$0")/trace.sh"

builds() { traced hello "$programs/hello.c" && traced counts "$programs/counts.c" -pthread; }
check builds builds

# refuses SENTENCE: the program is as ever, and says why it does not record.
refuses() { exits_with 3 ./hello 3 && says out 'hello, 12' && says err "instr: cannot record: $1" && [ "$(wc -l <err)" -eq 1 ]; }

text_file() {
	rm -f trace.db* && echo 'my notes' >trace.db && refuses "$scratch/trace.db is there and is not a trace" && [ "$(cat trace.db)" = 'my notes' ]
}
check a_text_file_is_left_alone text_file
foreign_database() {
	rm -f trace.db* && sqlite3 trace.db 'CREATE TABLE t (x); INSERT INTO t VALUES (42)' && cp trace.db before &&
		refuses "$scratch/trace.db is there and is not a trace" && cmp trace.db before
}
check a_database_that_is_not_ours_is_left_alone foreign_database
empty_file() { rm -f trace.db* && : >trace.db && refuses "$scratch/trace.db is there and is not a trace" && [ ! -s trace.db ]; }
check an_empty_file_is_left_alone empty_file
missing() { rm -f trace.db* && INSTR_OPTIONS=out=nowhere/x.db refuses "there is no folder $scratch/nowhere"; }
check a_missing_folder_is_named missing
missing_with_slash() { rm -rf trace.db* nowhere && INSTR_OPTIONS=out=nowhere/ refuses "there is no folder $scratch/nowhere" && [ ! -e nowhere ]; }
check a_name_that_ends_in_a_slash_is_a_folders missing_with_slash
# mounted FOLDER OPTIONS COMMAND...: while a file system of its own is there. Where that cannot be, nothing is tested.
mounted() {
	mounted_at=$1
	[ "$(id -u)" -eq 0 ] && mkdir -p "$1" && mount -t tmpfs -o "$2" none "$1" || { echo 'no mount here'; return 0; }
	shift 2
	"$@"
	mounted_result=$?
	umount "$mounted_at"
	return $mounted_result
}
read_only() {
	[ "$(id -u)" -eq 0 ] || { mkdir -p ro && chmod 555 ro && INSTR_OPTIONS=out=ro/x.db refuses "the folder $scratch/ro cannot be written to"; return; }
	INSTR_OPTIONS=out=ro/x.db mounted ro ro,size=1m refuses "the folder $scratch/ro is on a read-only file system"
}
check a_read_only_folder_is_named read_only
full() { INSTR_OPTIONS=out=small/x.db mounted small size=2m refuses "the file system of $scratch/small is full"; }
check a_full_disk_is_named full
# How many bytes an event takes depends on how busy the machine is: more of them, until they do not fit.
fills_up_with() {
	INSTR_OPTIONS=out=filling/x.db exits_with 0 ./counts 8 "$1" && complete filling/x.db 5 &&
		calls filling/x.db work $(($1 * 8)) && is filling/x.db 'PRAGMA integrity_check' ok
}
fills_up() {
	for each_thread in 3000000 9000000 27000000; do
		rm -f filling/x.db* && fills_up_with $each_thread || return 1
		is filling/x.db "SELECT count(*) > 0 FROM losses WHERE totals_kept = 1" 1 && return 0
	done
	return 1
}
check a_disk_that_fills_up_costs_events_not_totals mounted filling size=6m fills_up
link() { rm -f trace.db* elsewhere && echo mine >elsewhere && ln -s elsewhere trace.db && refuses "$scratch/trace.db is there and is not a trace" && [ "$(cat elsewhere)" = mine ]; }
check a_link_to_a_foreign_file_is_left_alone link
file_limit() { rm -f trace.db* && (ulimit -f 100 && exits_with 3 ./hello 3) && says out 'hello, 12' && says err 'limit on file sizes'; }
check a_limit_on_file_sizes_kills_nothing file_limit
space_limit() { rm -f trace.db* && (ulimit -v 400000 && exits_with 3 ./hello 3) && says out 'hello, 12' && calls trace.db leaf 6; }
check a_limit_on_address_space_makes_the_ring_smaller space_limit

two_runs() {
	rm -f trace.db* && exits_with 3 ./hello 3 && exits_with 0 ./hello 0 && is trace.db 'SELECT exit_code FROM processes' 0 &&
		is trace.db.old 'SELECT exit_code FROM processes' 3 && sound trace.db && sound trace.db.old
}
check the_trace_before_is_kept_as_old two_runs
at_once() {
	rm -f trace*.db* && ./counts 1 40000000 >/dev/null & other=$!
	cd "$scratch" && sleep 0.3 # until the first run has its file
	exits_with 3 ./hello 3 || return 1
	wait $other || return 1
	second=$(ls trace.*.db) && complete "$second" 5 && calls "$second" leaf 6 && complete trace.db 5 && calls trace.db work 40000000
}
check two_runs_at_once_have_a_file_each at_once
# What cannot make way stays, and the run takes a name of its own, which readers of the old one are told.
own_name() {
	[ "$(ls trace.[0-9]*.db | wc -l)" -eq 1 ] && calls trace.[0-9]*.db leaf 6 &&
		is trace.[0-9]*.db "SELECT count(*) FROM messages WHERE text LIKE '%took a name of its own%'" 1 &&
		exits_with 0 "$build/bin/instr-report" && says out 'is of a newer run'
}
foreign_old() {
	rm -f trace.* && exits_with 3 ./hello 3 && complete trace.db && echo mine >trace.db.old && exits_with 3 ./hello 3 && sleep 0.5 &&
		own_name && [ "$(cat trace.db.old)" = mine ]
}
check a_foreign_old_file_is_left_alone foreign_old
link_to_a_trace() {
	rm -f trace.* real.db && INSTR_OPTIONS=out=real.db exits_with 3 ./hello 3 && complete real.db && cp real.db before && ln -s real.db trace.db &&
		exits_with 3 ./hello 3 && sleep 0.5 && own_name && cmp real.db before && [ -L trace.db ]
}
check a_link_to_a_trace_is_not_followed link_to_a_trace
sticky() {
	[ "$(id -u)" -eq 0 ] || return 0
	mkdir -p sticky && chmod 1777 sticky && chmod 755 . && cp hello sticky && cd sticky && rm -f trace.* && exits_with 3 ./hello 3 && complete trace.db &&
		exits_with 3 setpriv --reuid 65534 --regid 65534 --clear-groups ./hello 3 && sleep 0.5 && own_name
}
check in_a_shared_folder_the_file_of_another_user_stays sticky
moves() {
	rm -rf away trace*.db* && mkdir away && cp hello "$build/lib/libinstr_rt.so" away && (cd away && exits_with 3 ./hello 3 && calls trace.db leaf 6)
}
check a_copied_program_records moves
finish
