#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# settings.sh BUILD - what INSTR_OPTIONS and INSTR_CONFIG say is done, and what they say wrong is said
# before main, with the program running on.
. "$(dirname "$0")/trace.sh"

builds() { traced hello "$programs/hello.c" && traced counts "$programs/counts.c" -pthread; }
check builds builds
with() { rm -rf trace.db* out.db* ./*.d; options=$1; shift; INSTR_OPTIONS=$options exits_with "$@"; }

off() { with record=off 3 ./hello 3 && [ ! -s err ] && [ ! -e trace.db ] && says out 'hello, 12'; }
check record_off_writes_no_file_and_starts_no_drain off
out_file() { with out=out.db 3 ./hello 3 && calls out.db leaf 6 && [ ! -e trace.db ]; }
check out_names_the_file out_file
out_folder() { rm -rf x.d && mkdir x.d && INSTR_OPTIONS=out=x.d exits_with 0 ./hello && calls x.d/trace.db leaf 6; }
check out_may_be_a_folder out_folder
out_quoted() { rm -rf "a:b c.d" && mkdir "a:b c.d" && INSTR_OPTIONS="out='a:b c.d/x.db':verbose=0" exits_with 0 ./hello && calls "a:b c.d/x.db" leaf 6; }
check a_quoted_value_is_taken_as_it_is out_quoted
out_pid() { rm -f p.*.db && INSTR_OPTIONS=out=p.%p.db exits_with 0 ./hello && is "$(ls p.*.db)" "SELECT 'p.' || pid || '.db' FROM processes" "$(ls p.*.db)"; }
check percent_p_is_the_process_id out_pid
no_events() {
	with events=off 0 ./counts 4 100000 && sound trace.db flags events chunks && calls trace.db work 400000 &&
		is trace.db 'SELECT count(*) FROM chunks' 0 && is trace.db "SELECT value FROM settings WHERE key = 'events'" off
}
check events_off_keeps_exact_totals_alone no_events
drop() {
	with overflow=drop:ring_bytes=1m:ring_max_bytes=1m 0 ./counts 8 300000 &&
	is trace.db "SELECT sum(lost_events) > 0 FROM threads" 1 &&
	# Each event is an enter, a return, an orphan, or lost; not one is missing.
	is trace.db "SELECT (SELECT sum(lost_events) FROM threads) + (SELECT sum(calls + returns) FROM function_totals
		WHERE process_id = 0) + (SELECT sum(orphans) FROM threads) - 2 * (2400000 + 8 + 21891 + 102 + 20001 + 1)" 0 &&
	is trace.db "SELECT (SELECT sum(lost_events) FROM threads) - (SELECT sum(events) FROM losses)" 0 &&
	is trace.db "SELECT count(*) > 0 FROM losses WHERE cause = 'ring full'" 1
}
check overflow_drop_counts_what_it_drops drop
reported() { "$build/bin/instr-report" trace.db >report 2>&1 && grep -qi 'lost' report; }
check the_report_says_so reported
limited() {
	with max_db_bytes=16m 0 ./counts 8 4000000 && [ "$(stat -c %s trace.db)" -le $((16 << 20)) ] && calls trace.db work 32000000 &&
		is trace.db "PRAGMA integrity_check" ok
}
check max_db_bytes_holds_and_totals_stay_exact limited
fine() { with time_unit=1 0 ./hello && is trace.db "SELECT value FROM run WHERE key = 'time_unit_ticks'" 1 && sound trace.db; }
check time_unit_1_keeps_every_tick fine

verbose() { with verbose=1 3 ./hello 3 && says err "instr: recording to $scratch/trace.db" && says err 'ring 8192 KiB, at most 262144 KiB' && says out 'hello, 12'; }
check verbose_says_where_and_how_much verbose
help() { with help=1 3 ./hello 3 && says err 'overflow=wait|drop' && says err 'max_db_bytes=0'; }
check help_lists_the_settings help
unknown() { with ring_byte=1m 3 ./hello 3 && says err 'instr: unknown setting ring_byte' && says err 'ring_bytes' && calls trace.db leaf 6; }
check an_unknown_setting_is_named_with_the_nearest_one unknown
bad_value() { with overflow=maybe 3 ./hello 3 && says err 'overflow=maybe: expected wait|drop; the default stays' && calls trace.db leaf 6; }
check a_wrong_value_is_named_with_what_is_expected bad_value
of_the_pass() { with 'deny=std::*:tail=keep' 3 ./hello 3 && [ ! -s err ] && calls trace.db leaf 6; }
check settings_of_the_compiler_are_none_of_its_business of_the_pass
config() {
	rm -f trace.db* out.db* && printf '# where it goes\nout=config.db\nevents = off\n' >settings &&
		INSTR_CONFIG=settings INSTR_OPTIONS=out=out.db exits_with 3 ./hello 3 && [ ! -s err ] &&
		calls out.db leaf 6 && is out.db 'SELECT count(*) FROM chunks' 0 && [ ! -e config.db ]
}
check a_settings_file_is_read_and_the_environment_wins config
no_config() { INSTR_CONFIG=nowhere exits_with 3 ./hello 3 && says err 'cannot read the settings file nowhere'; }
check a_settings_file_that_is_not_there_is_named no_config
finish
