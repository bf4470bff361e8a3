#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# heap_wrap.sh BUILD - what stands in front of allocators by the linker's --wrap: heap=all in static programs, which have as much in
# their traces as others by the library, and heap=wrap.
. "$(dirname "$0")/trace.sh"

fronted=$programs/../../../../include/instr/fronted.def
as_many_as_are_named() {
	nm -D --defined-only "$build/lib/libinstr_heap.so" | awk '{ print $3 }' | sort >in_front
	nm --defined-only "$build/lib/libinstr_heap.a" | sed -n 's/.* T __wrap_//p' | sort >wrapped
	sed -n 's/^INSTR_FRONTED(\([^,]*\),.*/\1/p' "$fronted" | sort >named
	sed -n 's/^INSTR_FRONTED(\([^,]*\), MADE.*/\1/p' "$fronted" | sort >made
	[ -s made ] && comm -23 named made | diff - in_front && diff named wrapped
}
check the_list_the_library_and_the_archive_name_the_same as_many_as_are_named

# A library without hooks.
builds() {
	for level in O0 O2; do
		clang -g -$level -w -fno-builtin -c "$programs/outside.c" -o outside-$level.o && ar rcs liboutside-$level.a outside-$level.o || return 1
	done
}
check builds builds

# outside OUT LEVEL ARGUMENT...
outside() {
	outside_out=$1 level=$2
	shift 2
	traced $outside_out -fno-builtin -w -$level -DPROGRAM "$programs/outside.c" "$@" liboutside-$level.a -pthread 2>link.err || { cat link.err; return 1; }
	rm -f trace.db*
	exits_with 5 ./$outside_out && complete trace.db && sound trace.db
}
# By place; the process as a whole without what is allocated for the thread-local storage of threads, which is more where there are
# more libraries.
in_trace() {
	ask trace.db "WITH tls AS (SELECT * FROM heap_sites WHERE called = 'calloc' AND line IS NULL)
			SELECT allocs, bytes - (SELECT bytes FROM tls), frees, freed_bytes, resized, failed, lost, unknown_frees, peak_blocks,
				peak_bytes - (SELECT peak_bytes FROM tls) FROM heaps;
		SELECT kind, count(*) FROM heap_faults GROUP BY kind;
		SELECT called, line, sum(allocs), iif(line IS NULL AND called = 'calloc', 0, sum(bytes)), sum(frees), sum(resized), sum(failed), sum(released)
			FROM heap_sites GROUP BY called, line ORDER BY called, line"
}
like_the_library() {
	outside dynamic $1 --instr=heap=all && in_trace >library.text && outside static $1 --instr=heap=all $2 && in_trace >static.text &&
		diff library.text static.text && [ "$(wc -l <static.text)" -gt 20 ] && is trace.db 'SELECT allocs > 3000, lost, unknown_frees FROM heaps' '1|0|0'
}
for level in O0 O2; do
	check a_static_program_has_what_others_have_at_$level like_the_library $level -static
	check so_has_one_that_may_lie_anywhere_at_$level like_the_library $level -static-pie
	for linker in lld gold; do
		command -v ld.$linker >/dev/null || continue
		check so_has_one_linked_by_${linker}_at_$level like_the_library $level "-static -fuse-ld=$linker"
		check so_has_one_that_${linker}_optimises_at_$level like_the_library $level "-static -fuse-ld=$linker -flto"
	done
done

# heap=wrap: all that is linked in (and what main calls through a pointer), but not what libc allocates for itself, nor asprintf where it has no hooks (20 times in 5 calls).
of_code_without_hooks="SELECT called, allocs, frees FROM heap_sites WHERE line IS NULL AND allocs > 0 ORDER BY called"
wraps() {
	outside wrap O0 --instr=heap=wrap $1 && readelf -lW wrap >headers && is trace.db 'SELECT unknown_frees, lost FROM heaps' '100|0' &&
		is trace.db "SELECT group_concat(called || ' ' || allocs, ', ') FROM ($of_code_without_hooks)" \
			'aligned_alloc 100, calloc 100, getline 5, malloc 505, memalign 100, posix_memalign 100, realloc 300, strdup 100, valloc 100' &&
		[ "$(readelf -d wrap | grep -c 'NEEDED.*instr_heap')" = 0 ] || return 1
	# Not taken for a static program where the loader is called itself.
	in_trace >as_ever.text && rm -f trace.db* && exits_with 5 "$(sed -n 's/.*interpreter: \(.*\)]/\1/p' headers)" ./wrap && complete trace.db &&
		sound trace.db && in_trace | diff as_ever.text -
}
check heap_wrap_sees_what_is_linked_in wraps -fuse-ld=bfd
for linker in lld gold; do
	if command -v ld.$linker >/dev/null; then
		check so_it_does_with_$linker wraps -fuse-ld=$linker
	fi
done
both() {
	outside dynamic O0 --instr=heap=all && in_trace >library.text && outside wrap O0 --instr=heap=wrap && rm -f trace.db* &&
		exits_with 5 env LD_PRELOAD="$build/lib/libinstr_heap.so" ./wrap && complete trace.db && sound trace.db && in_trace >both.text &&
		diff library.text both.text
}
check beside_the_library_it_counts_nothing_twice both

# The allocator is the program's own: libc has none, or it would be there twice.
own_malloc() {
	clang -g -c -fno-builtin "$programs/own_malloc.c" -o own_malloc.o && traced own --instr=heap=all $1 "$programs/uses_own.c" own_malloc.o -fno-builtin &&
		rm -f trace.db* && exits_with 3 ./own && complete trace.db && sound trace.db && is trace.db 'SELECT * FROM heap_faults' '' &&
		is trace.db 'SELECT allocs, frees, resized, crossed, lost, unknown_frees FROM heaps' '300|200|100|0|0|0'
}
check a_static_program_may_bring_its_own_malloc own_malloc -static
check so_may_one_that_lld_links own_malloc '-static -fuse-ld=lld'

# A program in C that never throws loads nothing for exceptions, nor does the library in front of its allocators.
needs_nothing() {
	echo 'int main(void) { return 0; }' >nothing.c && plain plain nothing.c && traced nothing nothing.c && traced all nothing.c --instr=heap=all && traced wrap nothing.c --instr=heap=wrap &&
		for program in nothing all wrap; do
			[ "$(ldd ./$program | grep -cv instr_)" = "$(ldd ./plain | wc -l)" ] || { ldd ./$program; return 1; }
		done
}
check a_program_in_c_needs_no_unwinder needs_nothing
finish
