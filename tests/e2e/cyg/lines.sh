#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# lines.sh BUILD GCC GXX - reports have file and line, and names where the program was stripped, of code that was compiled
# with -finstrument-functions: from every sort of debug information, and from no other build's.
build=$1 gcc=$2 gxx=$3
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../../harness/check.sh"
hooks="-O1 -finstrument-functions"
runtime="-L$build/lib -Wl,--no-as-needed -linstr_rt -Wl,-rpath,$build/lib"
cd "$scratch" && cp "$here/program.cpp" "$here/program.c" "$here/library.c" "$here/lines.f90" "$here/lines.adb" . || exit 1

line() { grep -n "$2" "$1" | head -n 1 | cut -d: -f1; }

# What programs in C++ and C are: function, file, line, sorted.
plus_has="long shapes::twice<long>(long)|$scratch/program.cpp|$(line program.cpp ' T twice')
main|$scratch/program.cpp|$(line program.cpp '^int main')
shapes::(anonymous namespace)::hidden(int)|$scratch/program.cpp|$(line program.cpp ' int hidden')
shapes::circle::area() const|$scratch/program.cpp|$(line program.cpp 'int area')"

report() { # of the trace: function|file|line
	"$build/bin/instr-report" --format json trace.db >rows 2>said || { cat said; return 1; }
	python3 -c '
import json
print("\n".join(sorted("%s|%s|%s" % (r["function"], r["file"] or "", r["line"] or "") for r in json.load(open("rows")))))'
}

says_rows() { # EXPECTED
	says_got=$(report) || return 1
	[ "$says_got" = "$1" ] && return 0
	printf '%s\nis not\n%s\n' "$says_got" "$1"
	cat said
	return 1
}

quiet() { [ ! -s said ] || { cat said; return 1; }; }

run_it() { rm -f trace.db* && exits_with 0 "./$1"; }

plus() { # NAME COMPILER FLAG...: its lines are those of the source
	plus_name=$1 plus_by=$2
	shift 2
	"$plus_by" $hooks "$@" program.cpp -o "$plus_name" $runtime && run_it "$plus_name" && says_rows "$plus_has" && quiet
}
check gcc_has_lines plus gcc5 "$gxx" -g
check gcc_has_lines_in_dwarf_4 plus gcc4 "$gxx" -gdwarf-4
check gcc_has_lines_in_compressed_sections plus gccz "$gxx" -g -gz=zlib
zstd() {
	"$gxx" $hooks -g program.cpp -o by_zstd $runtime && objcopy --compress-debug-sections=zstd by_zstd && run_it by_zstd && says_rows "$plus_has" && quiet
}
cp /bin/true probe && objcopy --compress-debug-sections=zstd probe 2>/dev/null && check gcc_has_lines_in_sections_by_zstd zstd
check gcc_has_lines_at_a_fixed_address plus fixed "$gxx" -g -no-pie
check gcc_has_lines_with_lto plus lto "$gxx" -g -flto=1
check gcc_has_lines_with_dwarf_5_split plus gccs5 "$gxx" -g -gsplit-dwarf
check gcc_has_lines_with_dwarf_4_split plus gccs4 "$gxx" -gdwarf-4 -gsplit-dwarf

# The line table stays in the program: a function is where its code begins, a line later if that is where its { is.
without_split() {
	rm -f gccs5-program.dwo
	report >got || return 1
	[ "$(cut -d'|' -f1,2 got)" = "$(printf '%s\n' "$plus_has" | cut -d'|' -f1,2)" ] || { cat got; return 1; }
	awk -F'|' 'NR == FNR { line[$1] = $3; next } $3 - line[$1] < 0 || $3 - line[$1] > 1 { bad = 1; print } END { exit bad }' wanted got
}
printf '%s\n' "$plus_has" >wanted
split_gone() { plus gccs5 "$gxx" -g -gsplit-dwarf && without_split; }
check lines_stay_when_what_was_split_off_is_gone split_gone

package() {
	"$gxx" $hooks -gdwarf-4 -gsplit-dwarf program.cpp -o packed $runtime && dwp -e packed -o packed.dwp && rm -f packed-program.dwo &&
		run_it packed && says_rows "$plus_has"
}
command -v dwp >/dev/null && check a_package_of_split_units_is_read package

for clang in $(ls -d /usr/lib/llvm-*/bin/clang++ 2>/dev/null | sort -V | sed -n '1p;$p' | uniq); do
	version=$(printf '%s\n' "$clang" | sed 's/.*llvm-\([0-9]*\).*/\1/')
	check "clang_${version}_has_lines" plus "clang$version" "$clang" -g
	check "clang_${version}_has_lines_in_dwarf_4" plus "clang4$version" "$clang" -gdwarf-4
	check "clang_${version}_has_lines_with_dwarf_split" plus "clangs$version" "$clang" -g -gsplit-dwarf
done

# Two files and a library: each function has its own.
in_c() {
	"$gcc" $hooks -g -fPIC -shared library.c -o libcyg.so $runtime && "$gcc" $hooks -g program.c -o two -L. -lcyg -Wl,-rpath,"$scratch" $runtime &&
		run_it two && report >got && grep -qx "library_sum|$scratch/library.c|$(line library.c ' library_sum(int n)$')" got &&
		grep -qx "middle|$scratch/program.c|$(line program.c ' middle(int x)$')" got && quiet || { cat got said; return 1; }
}
check a_library_has_lines_of_its_own in_c

# ---- debug information in a file of its own ----
names_without() { printf '%s\n' "$plus_has" | sed 's/|.*/||/'; }

none() { "$gxx" $hooks program.cpp -o none $runtime && run_it none && says_rows "$(names_without)" && quiet; }
check without_debug_information_names_are_symbols none

bare() {
	"$gxx" $hooks program.cpp -o bare $runtime && strip bare && run_it bare && report >got &&
		[ "$(grep -c '^bare+0x[0-9a-f]*||$' got)" = 4 ] && quiet || { cat got; return 1; }
}
check a_stripped_program_shows_addresses bare

separate() { # NAME: NAME.debug has what is stripped from NAME
	"$gxx" $hooks -g program.cpp -o "$1" $runtime && objcopy --only-keep-debug "$1" "$1.debug" && strip "$1" &&
		objcopy --add-gnu-debuglink="$1.debug" "$1"
}
beside() { separate linked && run_it linked && says_rows "$plus_has" && quiet; }
check a_stripped_program_has_names_and_lines_by_its_debuglink beside
in_folder() { mkdir -p .debug && mv linked.debug .debug/ && says_rows "$plus_has"; }
check a_debug_file_may_lie_in_a_folder_beside in_folder
in_tree() { # as in /usr/lib/debug
	mkdir -p "debug$scratch" && mv .debug/linked.debug "debug$scratch/" && says_rows "$(report)" && ! says_rows "$plus_has" >/dev/null &&
		INSTR_DEBUG_PATH=/nowhere:$scratch/debug says_rows "$plus_has"
}
check a_debug_file_may_lie_in_a_tree_of_them in_tree
by_id() {
	id=$(LC_ALL=C readelf -n linked | sed -n 's/.*Build ID: *//p') && rest=${id#??} &&
		mkdir -p "ids/.build-id/${id%"$rest"}" && mv "debug$scratch/linked.debug" "ids/.build-id/${id%"$rest"}/$rest.debug" &&
		INSTR_DEBUG_PATH=$scratch/ids says_rows "$plus_has"
}
check a_debug_file_is_found_by_the_build_id by_id
gone() {
	rm linked && INSTR_DEBUG_PATH=$scratch/ids says_rows "$plus_has" && report >got && [ "$(grep -c '^linked+0x' got)" = 4 ]
}
check the_build_id_is_enough_when_the_program_is_gone gone

others_debug() { # a debug file of another build, by its name
	separate mine && run_it mine && cp mine.debug kept.debug && "$gxx" $hooks -g -DOTHER program.cpp -o other $runtime -Wl,--build-id=0x1234567890abcdef &&
		objcopy --only-keep-debug other mine.debug && report >got && [ "$(grep -c '^mine+0x' got)" = 4 ] || { cat got; return 1; }
}
check a_debug_file_of_another_build_is_not_taken others_debug

rebuilt() {
	"$gxx" $hooks -g program.cpp -o changed $runtime && run_it changed && { printf '\n\n\n'; cat program.cpp; } >moved.cpp &&
		"$gxx" $hooks -g moved.cpp -o changed $runtime && says_rows "$(names_without)" &&
		grep -q "Lines of $scratch/changed are not shown: it is another build than the one that was recorded (build id [0-9a-f]*, not [0-9a-f]*)" said
}
check another_build_is_refused_with_a_sentence rebuilt

no_id() {
	rm -f noid && "$gxx" $hooks -g -Wl,--build-id=none program.cpp -o noid $runtime && sleep 1.1 && # files have dates to the second
		run_it noid && says_rows "$plus_has" && quiet && touch noid && says_rows "$(names_without)" &&
		grep -q "noid are not shown: it has no build id, and was changed since it was recorded" said
}
check without_a_build_id_the_date_decides no_id

# The trace alone, on a machine that never had the program.
elsewhere() {
	"$gxx" $hooks -g program.cpp -o away $runtime && run_it away && rm away && says_rows "$(names_without)" && quiet
}
check a_trace_without_its_program_has_its_names elsewhere

# ---- files that are not what they say ----
# Every 97th byte of the debug sections, one at a time, and all of a section at once: the trace is shown all the same.
damaged() {
	"$gcc" $hooks -g program.c library.c -o whole $runtime && cp whole victim && run_it victim && report >wanted_names || return 1
	python3 - "$build/bin/instr-report" <<'END'
import json, os, re, subprocess, sys
whole = open("whole", "rb").read()
sections = subprocess.run(["readelf", "-SW", "whole"], capture_output=True, text=True).stdout
found = [(m[1], int(m[2], 16), int(m[3], 16)) for m in
	re.finditer(r"\] (\.debug_(?:info|abbrev|line|str|aranges|rnglists|line_str))\s+PROGBITS\s+\w+ (\w+) (\w+)", sections)]
assert {"info", "abbrev", "line"} <= {n.split("_")[1] for n, _, _ in found}, sections
cases = [(n, at, size, value) for n, at, size in found for value in (0x00, 0xff)]
cases += [(n, at + i, 1, value) for n, at, size in found for i in range(1, size, max(97, size // 3)) for value in (0x00, 0x7f, 0xff)]
calls, lines = None, 0
for name, at, size, value in cases:
	open("victim", "wb").write(whole[:at] + bytes([value]) * size + whole[at + size:])
	done = subprocess.run([sys.argv[1], "--format", "json", "trace.db"], capture_output=True, text=True, timeout=60)
	assert done.returncode == 0, (name, at, value, done.returncode, done.stderr)
	assert all(line.startswith("instr-report: trace.db: Lines of ") for line in done.stderr.splitlines()), (name, at, value, done.stderr)
	rows = json.loads(done.stdout)
	lines += any(r["line"] for r in rows)
	now = sorted((r["function"], r["calls"]) for r in rows)
	calls = calls or now
	assert now == calls, (name, at, value, now)
assert 0 < lines < len(cases), (lines, len(cases)) # some harm was done, and not only harm
END
}
check damaged_debug_information_costs_lines_only damaged

# Whatever a trace says its images are: nothing is waited for, and the names are those that it has.
any_path() {
	run_it gcc5 && cp trace.db honest.db && mkfifo pipe && ln -s pipe link || return 1
	for path in /dev/zero /proc/self/mem /proc/kmsg "$scratch" "$scratch/pipe" "$scratch/link" /dev/tty gcc5 ../gcc5 "" /; do
		cp honest.db trace.db && sqlite3 trace.db "UPDATE modules SET path = '$path'" && says_rows "$(names_without)" && quiet || return 1
	done
	for address in -1 0 1 9223372036854775807; do
		cp honest.db trace.db && sqlite3 trace.db "UPDATE function_addresses SET address = $address" &&
			says_rows "$(names_without)" && quiet || return 1
	done
	cp honest.db trace.db && sqlite3 trace.db "UPDATE modules SET build_id = '../../../etc'" && says_rows "$(names_without)"
}
check whatever_a_trace_says_of_its_images_is_survived any_path

# The same with sections by zstd, which are expanded before libdwarf sees them.
damaged_zstd() {
	cp by_zstd good && python3 - "$build/bin/instr-report" <<'END'
import json, re, subprocess, sys
good = open("good", "rb").read()
sections = subprocess.run(["readelf", "-SW", "good"], capture_output=True, text=True).stdout
found = [(int(m[1], 16), int(m[2], 16)) for m in re.finditer(r"\] \.debug_\w+\s+PROGBITS\s+\w+ (\w+) (\w+) \w+\s+M?S?C", sections)]
assert len(found) > 3, sections
for at, size in found:
	for place, value in ((4, b"\xff" * 4), (8, b"\xff" * 8), (8, b"\0" * 8), (8, b"\x01" + b"\0" * 7), (24, b"\0" * 8), (size // 2, b"\x55" * 4)):
		open("by_zstd", "wb").write(good[:at + place] + value + good[at + place + len(value):])
		done = subprocess.run([sys.argv[1], "--format", "json", "trace.db"], capture_output=True, text=True, timeout=60)
		assert done.returncode == 0 and len(json.loads(done.stdout)) == 4, (at, place, done.stderr)
		assert all(line.startswith("instr-report: trace.db: Lines of ") for line in done.stderr.splitlines()), done.stderr
END
}
[ -e by_zstd ] && { cp by_zstd kept_zstd && rm -f trace.db* && ./by_zstd >/dev/null; check damaged_compression_costs_lines_only damaged_zstd; }

# ---- with the plugin's code, and other languages ----
mixed() {
	rm -f library.o && "$build/bin/instr-clang" -g -O1 -c library.c -o library.o && "$gcc" -g $hooks program.c library.o -o mixed $runtime &&
		run_it mixed && report >got && grep -qx "library_sum|$scratch/library.c|$(line library.c ' library_sum(int n)$')" got &&
		grep -qx "middle|$scratch/program.c|$(line program.c ' middle(int x)$')" got && grep -qx "leaf|$scratch/library.c|$(line library.c ' leaf(int x)')" got || { cat got; return 1; }
}
check code_of_the_plugin_and_of_gcc_in_one_program_both_have_lines mixed

fortran() {
	gfortran $hooks -g lines.f90 -o fortran $runtime && run_it fortran && report >got &&
		grep -qx "__areas_MOD_twice|$scratch/lines.f90|$(line lines.f90 'function twice')" got || { cat got; return 1; }
}
command -v gfortran >/dev/null && check fortran_has_lines fortran

ada() {
	gnatmake -q -g $hooks lines.adb -o ada -largs $runtime && run_it ada && report >got &&
		grep -q "^lines__twice[.0-9]*|$scratch/lines.adb|$(line lines.adb 'return Integer is')$" got || { cat got; return 1; }
}
command -v gnatmake >/dev/null && check ada_has_lines ada

# ---- everything that names a function ----
others() {
	run_it gcc5 && "$build/bin/instr-report" --tree trace.db >got && grep -q "program.cpp:$(line program.cpp ' int hidden')" got &&
		"$build/bin/instr-export" speedscope trace.db >got && grep -q "\"file\":\"$scratch/program.cpp\",\"line\":$(line program.cpp '^int main')" got &&
		"$build/bin/instr-report" --info trace.db >got && grep -q "$scratch/gcc5" got
}
check other_reports_and_exports_have_lines_too others
finish
