#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# kinds.sh BUILD - pools and mappings are counted to the unit, apart from the heap and from each other.
. "$(dirname "$0")/trace.sh"

counted() {
	rm -f trace.db*
	exits_with 0 ./"$1" && complete trace.db && sound trace.db &&
		is trace.db 'SELECT allocs, bytes, frees, freed_bytes, failed FROM heaps WHERE kind = 1' "$(sed -n 1p out)" &&
		is trace.db 'SELECT bytes, freed_bytes, failed FROM heaps WHERE kind = 2' "$(sed -n 2p out)" &&
		is trace.db "SELECT unknown_frees, lost FROM heaps WHERE kind > 0" '0|0
0|0' && is trace.db "SELECT count(*) FROM heap_faults" 0
}
places() {
	is trace.db "SELECT function, called, file LIKE '%kinds.c', line > 0 FROM heap_contexts WHERE kind = 'pools' GROUP BY function, called" \
		'give|instr_pool_free|1|1
reset|instr_pool_reset|1|1
take|instr_pool_alloc|1|1' &&
		is trace.db "SELECT count(DISTINCT pool), count(*), sum(bytes) FROM live_list WHERE kind = 'pools'" '3|192|196608' &&
		is trace.db "SELECT group_concat(called) FROM (SELECT DISTINCT called FROM heap_sites WHERE kind = 'mappings' ORDER BY 1)" \
			'mmap,mremap,munmap,sbrk'
}
each_way() {
	for flags in '-O0 -g' '-O2 -g' '-O2 -g -flto -fuse-ld=lld' '-O1 -g --instr=heap=all' '-O1 -g --instr=heap=wrap' '-O1 -g -static --instr=heap=all'; do
		# shellcheck disable=SC2086
		traced kinds $flags "$programs/kinds.c" -pthread && counted kinds || { echo "with $flags"; return 1; }
		[ "$flags" != '-O2 -g' ] || places || return 1
	done
}
check pools_and_mappings_are_counted_to_the_unit each_way

# C++ has the same header.
cxx() {
	cat >pools.cc <<-'PROGRAM'
		#include <instr/instr.h>
		struct Pool {
			char room[1000];
			unsigned used = 0;
			void *take(unsigned n) { void *p = room + used; used += n; instr_pool_alloc(this, p, n); return p; }
			~Pool() { instr_pool_reset(this); }
		};
		int main()
		{
			for (int i = 0; i < 10; i++) {
				Pool p;
				p.take(10);
				*static_cast<char *>(p.take(20)) = 1;
			}
			struct instr_memstats stats;
			return instr_memstats(&stats);
		}
	PROGRAM
	tracedxx pools -O1 -g pools.cc && rm -f trace.db* && exits_with 0 ./pools && complete trace.db && sound trace.db &&
		is trace.db 'SELECT kind, allocs, frees, bytes, peak_bytes FROM heaps' '1|20|20|300|30'
}
check what_the_header_offers_works_in_cxx cxx

# Without the plugin, or with the heap switched off, they are calls of nothing.
nothing() {
	plain kinds_plain "-I$runtime_tests/../../../include" "$programs/kinds.c" -pthread && exits_with 0 ./kinds_plain &&
		traced kinds_off --instr=heap=off "$programs/kinds.c" -pthread && rm -f trace.db* && exits_with 0 ./kinds_off &&
		complete trace.db && is trace.db 'SELECT count(*) FROM heaps' 0 &&
		traced kinds -O1 "$programs/kinds.c" -pthread && rm -f trace.db* && INSTR_OPTIONS=heap=off exits_with 0 ./kinds &&
		complete trace.db && is trace.db 'SELECT count(*) FROM heaps' 0
}
check switched_off_they_are_nothing nothing
finish
