#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# allocators.sh BUILD - allocators of a program's own, as settings or the source declare them.
. "$(dirname "$0")/trace.sh"

declared='--instr=alloc=arena_take(size=0):alloc=arena_zeros(count=0,size=1):free=arena_give(ptr=0):realloc=arena_more(size=0,ptr=1)'

# At -O2 the allocators are gone from the code, the calls of them are in the file.
records() {
	traced arena "$declared" "$@" "$programs/arena.c" && rm -f trace.db* && exits_with 0 ./arena && says out done && sound trace.db
}
sums() {
	is trace.db 'SELECT allocs, bytes, frees, freed_bytes, failed, resized, lost, unknown_frees FROM heaps WHERE kind = 0' '104|3585|62|1545|2|1|0|0' &&
		is trace.db "SELECT f.name, s.name, s.family, s.kind, t.allocs, t.bytes, t.failed, t.released FROM heap_totals t
			JOIN sites s USING (site_id) JOIN contexts c USING (context_id) JOIN functions f USING (function_id)
			WHERE s.family = 'own' ORDER BY f.name, s.line, s.column, s.name" \
'give_some|arena_give|own|free|0|0|0|60
more|arena_more|own|alloc|1|100|0|0
more|arena_zeros|own|alloc|1|80|0|0
more|arena_more|own|alloc|1|1000|0|1
more|arena_take|own|alloc|0|0|1|0
more|arena_more|own|alloc|0|0|1|0
take_all|arena_take|own|alloc|100|2400|0|0' &&
		is trace.db "SELECT count(*), sum(bytes), sum(l.family = 'own') FROM live_list l" '42|2040|42' &&
		is trace.db 'SELECT family, count(*) FROM live_blocks GROUP BY family' '4|42' &&
		is trace.db 'SELECT count(*) FROM heap_faults' 0
}
for level in -O0 -O2; do
	work() { records "$level" && sums; }
	check "calls_of_an_allocator_of_its_own_are_recorded_at_$level" work
done
work() { records -O2 -flto -fuse-ld=lld && sums; }
check with_lto_too work
work() { records -O1 -static && sums; }
check in_a_static_program_too work
work() { exits_with 0 "$build/bin/instr-report" --allocs --by site && grep -q 'arena.c:[0-9]*:.*arena_take' out || { cat out; return 1; }; }
check reports_have_them work

# heap=all: the chunk is one of the library's, once.
all() {
	records --instr=heap=all && is trace.db "SELECT s.file, t.allocs, t.bytes FROM heap_totals t JOIN sites s USING (site_id)
		WHERE t.allocs > 0 AND s.family = 'malloc' AND t.bytes = 65536" 'code without hooks|1|65536' &&
		is trace.db "SELECT sum(allocs), sum(bytes), sum(released) FROM heap_totals JOIN sites USING (site_id) WHERE family = 'own'" '103|3580|61' &&
		is trace.db 'SELECT count(*) FROM heap_faults' 0
}
check with_heap_all_its_chunks_show_as_well all

# One that hands on what malloc gives: each block is its own alone.
wrapper() {
	cat >wrapper.c <<-'PROGRAM'
		#include <stdlib.h>
		#include "instr/instr.h"
		INSTR_ALLOCATOR("alloc(size=0)") void *xmalloc(size_t n) { return malloc(n); }
		INSTR_ALLOCATOR("realloc(ptr=0,size=1)") void *xrealloc(void *p, size_t n) { return realloc(p, n); }
		INSTR_ALLOCATOR("free(ptr=0)") void xfree(void *p) { free(p); }
		int main(void)
		{
			void *p = xmalloc(10), *q = xmalloc(20);
			p = xrealloc(p, 100000);
			q = xrealloc(q, 7);
			xfree(p);
			return !q;
		}
	PROGRAM
	traced wrapper "$@" wrapper.c && rm -f trace.db* && exits_with 0 ./wrapper && sound trace.db &&
		is trace.db "SELECT sum(allocs), sum(bytes), sum(frees), sum(resized) FROM heap_totals JOIN sites USING (site_id)
			WHERE family = 'own'" '4|100037|3|2' &&
		is trace.db 'SELECT bytes, family FROM live_list' '7|own' && is trace.db 'SELECT count(*) FROM heap_faults' 0
}
check one_that_hands_on_what_malloc_gives wrapper
check and_with_heap_all wrapper --instr=heap=all

# The same in a file that knows nothing of what the others declare.
unaware() {
	cat >unaware.c <<-'PROGRAM'
		#include <stdlib.h>
		void *xmalloc(size_t n) { return malloc(n); }
		void *xrealloc(void *p, size_t n) { return realloc(p, n); }
		void xfree(void *p) { free(p); }
	PROGRAM
	"$build/bin/instr-clang" -g -O0 -c unaware.c && sed '/INSTR_ALLOCATOR/s/INSTR_ALLOCATOR("[^"]*")//; s/ {.*; }/;/' wrapper.c >aware.c &&
		traced wrapper '--instr=alloc=xmalloc(size=0):realloc=xrealloc(ptr=0,size=1):free=xfree(ptr=0)' aware.c unaware.o &&
		rm -f trace.db* && exits_with 0 ./wrapper && sound trace.db &&
		is trace.db 'SELECT allocs, bytes, frees, resized FROM heaps WHERE kind = 0' '4|100037|3|2' &&
		is trace.db 'SELECT bytes, family FROM live_list' '7|own' && is trace.db 'SELECT count(*) FROM heap_faults' 0
}
check one_that_another_file_does_not_know_of unaware

# A resizing that throws has not been.
throws() {
	cat >throws.cc <<-'PROGRAM'
		#include <cstdlib>
		static void *resize(void *p, std::size_t n)
		{
			if (n > 1000)
				throw 1;
			return std::realloc(p, n);
		}
		static void release(void *p) { std::free(p); }
		int main()
		{
			void *p = resize(nullptr, 10);
			for (int i = 0; i < 9; i++)
				try {
					p = resize(p, 2000);
				} catch (int) {
				}
			p = resize(p, 20);
			try {
				p = resize(p, 2000);
			} catch (int) {
			}
			release(p);
		}
	PROGRAM
	tracedxx throws '--instr=realloc=resize(ptr=0,size=1):free=release(ptr=0)' throws.cc && rm -f trace.db* && exits_with 0 ./throws &&
		sound trace.db && is trace.db 'SELECT allocs, bytes, frees, resized FROM heaps WHERE kind = 0' '2|30|2|1' &&
		is trace.db 'SELECT count(*) FROM live_blocks' 0 && is trace.db 'SELECT count(*) FROM heap_faults' 0
}
check a_resizing_that_throws_has_not_been throws

wrong() {
	exits_with 1 traced arena '--instr=alloc=arena_take(size=1)' "$programs/arena.c" &&
		says err 'alloc=arena_take(size=1): arena_take has 1 parameter, counted from 0, and none of number 1'
}
check a_wrong_declaration_stops_the_compiler wrong
finish
