#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# wrappers.sh - instr-clang and instr-clang++ as the compilers of real builds, with one clang.
#
#   wrappers.sh BUILD_TREE STUB_FOLDER CLANG SCRATCH_FOLDER
#
# The wrappers and plugins are copied to another place first, with the stub runtime in the role of
# libinstr_rt: what passes here works from an installation that was moved.
set -u
build=$1 stub=$2 clang=$3 scratch=$4

unset INSTR_OPTIONS INSTR_CONFIG CC CXX CFLAGS CXXFLAGS LDFLAGS
export INSTR_CLANG="$clang" STUB=totals
rm -rf "$scratch" && mkdir -p "$scratch/pre fix, moved/bin" "$scratch/pre fix, moved/lib" || exit 1
prefix="$scratch/pre fix, moved"
cp -a "$build/bin/instr-clang" "$build/bin/instr-clang++" "$prefix/bin/" || exit 1
mkdir "$prefix/include" && cp -r "$build/include/instr" "$prefix/include/" || exit 1
cp "$build"/lib/libinstr.so "$build"/lib/libinstr-*.so "$stub"/libinstr_rt.so "$stub"/libinstr_rt.a "$prefix/lib/" || exit 1
mkdir "$scratch/plain" && ln -s "$prefix/bin" "$scratch/plain/bin" && ln -s "$prefix/lib" "$scratch/plain/lib"
cc="$scratch/plain/bin/instr-clang" cxx="$scratch/plain/bin/instr-clang++"
cd "$scratch" || exit 1

failures=0
ok() { echo "ok $1"; }
failed() { echo "FAILED $1"; failures=$((failures + 1)); }
# check NAME COMMAND...: the command succeeds
check() { name=$1; shift; if "$@" > log 2>&1; then ok "$name"; else failed "$name: $*"; sed 's/^/    /' log | head -20; fi; }
# says NAME TEXT COMMAND...: the output holds the text
says() { name=$1 text=$2; shift 2; "$@" > log 2>&1; if grep -qF -e "$text" log; then ok "$name"; else failed "$name: no '$text' from $*"; sed 's/^/    /' log | head -20; fi; }
# silent NAME TEXT COMMAND...: it does not
silent() { name=$1 text=$2; shift 2; if "$@" > log 2>&1 && ! grep -qF -e "$text" log; then ok "$name"; else failed "$name: '$text' from $*"; sed 's/^/    /' log | head -20; fi; }
have() { command -v "$1" > /dev/null || { echo "skipped: $1 is not installed"; return 1; }; }

cat > main.c <<'END'
#include <stdio.h>
#include "part.h"
int main(void)
{
	printf("sum %d\n", part(1) + from_asm() + from_big_asm());
	return 0;
}
END
cat > part.h <<'END'
int part(int), from_asm(void), from_big_asm(void);
END
cat > part.c <<'END'
#include "part.h"
__attribute__((noinline)) int part(int x)
{
	return x + 1;
}
END
cat > small.s <<'END'
	.globl	from_asm
from_asm:
	movl	$10, %eax
	ret
	.section .note.GNU-stack,"",@progbits
END
cat > big.S <<'END'
#define VALUE 100
	.globl	from_big_asm
from_big_asm:
	movl	$VALUE, %eax
	ret
	.section .note.GNU-stack,"",@progbits
END
cat > thrower.cpp <<'END'
#include <stdexcept>
int part_cxx(int x)
{
	if (x)
		throw std::runtime_error("x");
	return x;
}
int main()
{
	try {
		part_cxx(1);
	} catch (const std::exception &) {
		return 0;
	}
	return 1;
}
END

# One command for everything ------------------------------------------------------------------
check "compile_and_link_in_one_command" "$cc" -O1 -Wall -Werror main.c part.c small.s big.S -o all
says "the_program_is_traced" "part part.c:0 flags=1 enter=1 exit=1" ./all
says "the_program_works" "sum 112" ./all
check "cxx_mode_links_the_cxx_library" "$cxx" -O0 thrower.cpp -o thrower
says "an_exception_is_seen" "_Z8part_cxxi thrower.cpp:0 flags=1 enter=1 unwind=1" ./thrower
check "the_wrapper_works_through_its_real_path" "$prefix/bin/instr-clang" main.c part.c small.s big.S -o real_path
check "a_path_with_blank_and_comma_runs" ./real_path

# Phases ---------------------------------------------------------------------------------------
silent "preprocessing_adds_nothing" "libinstr" "$cc" -### -E main.c
check "preprocess" "$cc" -E main.c -o main.i
says "a_preprocessed_source_is_compiled_with_the_plugin" "-fpass-plugin=" "$cc" -### -c main.i
silent "syntax_only_adds_nothing" "libinstr" "$cc" -### -fsyntax-only main.c
silent "dependencies_only_adds_nothing" "libinstr" "$cc" -### -M main.c
silent "assembler_input_gets_no_plugin" "libinstr" "$cc" -### -c small.s
silent "assembler_by_option_gets_no_plugin" "libinstr" "$cc" -### -c -x assembler part.c
silent "a_precompiled_header_gets_no_plugin" "libinstr" "$cc" -### -x c-header part.h -o part.pch
check "assemble" "$cc" -Werror -c small.s -o small.o
check "assemble_with_preprocessor" "$cc" -Werror --instr=deny=x -c big.S -o big.o
says "assembler_output_has_hooks" "__instr_enter" "$cc" -O1 -S part.c -o -
says "ir_output_has_hooks" "__instr_enter" "$cc" -O1 -S -emit-llvm part.c -o -
check "compile_with_dependencies" "$cc" -Werror -MMD -MP -MF part.d -c part.c -o part.o
says "dependencies_are_the_sources_only" "part.o: part.c part.h" cat part.d
check "compile_main" "$cc" -c main.c -o main.o
check "link_only" "$cc" -Werror main.o part.o small.o big.o -o linked
says "link_only_runs" "part part.c:0 flags=1 enter=1 exit=1" ./linked
silent "link_only_gets_no_plugin" "fpass-plugin" "$cc" -### main.o part.o small.o big.o -o linked
check "relocatable_link" "$cc" -r main.o part.o -o relocatable.o
check "relocatable_link_has_no_runtime" "$cc" relocatable.o small.o big.o -o from_relocatable
says "relocatable_link_runs" "sum 112" ./from_relocatable
printf '%s\n' '"main.o" part.o' "small.o 'big.o'" > inputs.rsp
check "response_file" "$cc" @inputs.rsp -o from_response
says "response_file_runs" "sum 112" ./from_response
check "end_of_options" "$cc" -o from_literal -- main.c part.c small.s big.S
says "end_of_options_runs" "sum 112" ./from_literal
check "language_option_does_not_reach_the_runtime" sh -c '"$1" -O1 -o stdin -x c - -x none part.c small.o big.o < main.c' sh "$cc"
says "standard_input_runs" "sum 112" ./stdin
check "shared_library" "$cc" -shared -fPIC part.c -o libpart.so -Wl,-z,defs
check "program_with_library" "$cc" main.c small.o big.o -L. -lpart -Wl,-rpath,"$PWD" -o with_library
says "program_with_library_runs" "part part.c:0 flags=1 enter=1 exit=1" ./with_library
for kind in -static -static-pie; do
	check "link$kind" "$cc" $kind -fPIE main.c part.c small.s big.S -o static
	says "link${kind}_runs" "part part.c:0 flags=1 enter=1 exit=1" ./static
done
says "the_runtime_is_found_beside_the_program" "ORIGIN" sh -c 'readelf -d linked || llvm-readelf -d linked'
mkdir apart && cp linked "$prefix/lib/libinstr_rt.so" apart/ && mv "$prefix/lib/libinstr_rt.so" "$prefix/lib/away"
says "a_program_moved_with_its_runtime_runs" "sum 112" apart/linked
mv "$prefix/lib/away" "$prefix/lib/libinstr_rt.so"

# Questions ------------------------------------------------------------------------------------
says "version_is_clangs" "clang version" "$cc" --version
says "own_version" "contract: 1" "$cc" --instr-version
says "own_help" "--instr=SETTINGS" "$cxx" --instr-help
check "print_file_name" "$cc" -print-file-name=libc.so

# The header -----------------------------------------------------------------------------------
cat > skipping.c <<'END'
#include <instr/instr.h>
INSTR_SKIP __attribute__((noinline)) int skipping(int x)
{
	return x + 1;
}
END
cp skipping.c skipping.cc && cp skipping.c skipping.h
check "the_header_is_found" "$cc" -Werror -Wall -O1 -S skipping.c -o skipping.s
silent "the_header_does_what_it_says" "__instr_enter" cat skipping.s
check "the_header_is_found_by_cxx" "$cxx" -Werror -Wall -c skipping.cc -o skipping.o
says "the_header_is_found_by_the_preprocessor" "int skipping" "$cc" -Werror -E skipping.c
says "the_header_is_found_by_the_preprocessor_that_reads_a_pipe" "annotate" \
	sh -c '"$1" -Werror -E - <skipping.c' sh "$cc"
says "the_header_is_found_for_dependencies" "instr/instr.h" "$cc" -Werror -M skipping.c
check "the_header_is_found_for_the_syntax_alone" "$cc" -Werror -fsyntax-only skipping.c
check "the_header_is_found_by_a_precompiled_header" "$cc" -Werror -x c-header skipping.h -o skipping.pch
for kind in i ll bc s; do
	case $kind in
	i) "$clang" -E part.c -o other.i ;;
	ll) "$clang" -S -emit-llvm part.c -o other.ll ;;
	bc) "$clang" -c -emit-llvm part.c -o other.bc ;;
	s) "$clang" -S part.c -o other.s ;;
	esac
	check "what_reads_no_header_is_not_warned_of_${kind}" "$cc" -Werror -c other.$kind -o other.o
done
mkdir -p own/instr && echo '#define INSTR_SKIP int own_header;' > own/instr/instr.h
says "the_users_header_of_that_name_goes_first" "own_header" "$cc" -isystem own -E skipping.c

# Settings -------------------------------------------------------------------------------------
says "settings_on_the_command_line" "options=unwind=on:heap=on:block=on:lock=on:thread=on:tail=call:lto=pre:deny=part" sh -c '"$1" --instr=deny=part main.c part.c small.s big.S -o set && ./set' sh "$cc"
says "settings_of_the_environment_reach_the_command_line" "-instr=deny=ns::f" env INSTR_OPTIONS=deny=ns::f:record=off "$cc" -### -c part.c
silent "settings_of_the_program_do_not" "record" env INSTR_OPTIONS=record=off "$cc" -### -c part.c
printf '# a file\ndeny=part\nring_bytes=1m\n' > settings
says "settings_of_a_file_reach_the_command_line" "-instr=deny=part" env INSTR_CONFIG=settings "$cc" -### -c part.c
says "unknown_setting" "instr-clang: --instr: unknown setting 'dney'; did you mean 'deny'?" "$cc" --instr=dney=f -c part.c
says "setting_of_the_program" "put it into INSTR_OPTIONS" "$cc" --instr=out=x.db -c part.c
says "unknown_option" "instr-clang: unknown option '--instr-foo'" "$cc" --instr-foo -c part.c
says "no_clang" "instr-clang: cannot run 'no-such-clang'" env INSTR_CLANG=no-such-clang "$cc" -c part.c
says "clang_that_is_the_wrapper" "leads back to" env INSTR_CLANG="$cc" "$cc" -c part.c
says "lto_post_needs_lld" "lto=post needs lld" "$cc" --instr=lto=post -flto part.c -o post

# ccache ---------------------------------------------------------------------------------------
if have ccache; then
	CCACHE_DIR="$scratch/cache" CCACHE_NOHASHDIR=1
	export CCACHE_DIR CCACHE_NOHASHDIR
	hits() { ccache --print-stats 2> /dev/null | awk '/^(direct|preprocessed)_cache_hit/ { n += $2 } END { print n + 0 }'; }
	# cached NAME HIT COMMAND...: whether the command is a hit
	cached() {
		name=$1 expected=$2 before=$(hits); shift 2
		"$@" > log 2>&1 || { failed "$name: $*"; sed 's/^/    /' log; return; }
		if [ $(($(hits) - before)) = "$expected" ]; then ok "$name"; else failed "$name: hits are not $expected"; fi
	}
	cached "ccache_in_front_stores" 0 ccache "$cc" -c part.c -o c.o
	cached "ccache_in_front_reuses" 1 ccache "$cc" -c part.c -o c.o
	cached "ccache_in_front_sees_settings" 0 ccache "$cc" --instr=deny=part -c part.c -o c.o
	cached "ccache_in_front_reuses_the_same_settings" 1 ccache "$cc" --instr=deny=part -c part.c -o c.o
	check "ccache_in_front_compiles_with_hidden_settings" env INSTR_OPTIONS='deny=p*' CCACHE_RECACHE=1 ccache "$cc" -S part.c -o c.s
	silent "hidden_settings_are_obeyed" "__instr_enter" cat c.s
	check "ccache_in_front_compiles_without_them" ccache "$cc" -S part.c -o c.s
	says "and_has_not_stored_them" "__instr_enter" cat c.s
	INSTR_CLANG="ccache $clang"; export INSTR_CLANG
	cached "ccache_behind_stores" 0 "$cc" -c part.c -o c.o
	cached "ccache_behind_reuses" 1 "$cc" -c part.c -o c.o
	cached "ccache_behind_sees_settings" 0 "$cc" --instr=deny=part -c part.c -o c.o
	cached "ccache_behind_sees_settings_of_the_environment" 0 env INSTR_OPTIONS='deny=p*' "$cc" -c part.c -o c.o
	for plugin in "$prefix"/lib/libinstr-*.so; do printf ' ' >> "$plugin"; done
	cached "ccache_behind_sees_a_changed_plugin" 0 "$cc" -c part.c -o c.o
	INSTR_CLANG="$clang"; export INSTR_CLANG
fi

# Build systems --------------------------------------------------------------------------------
if have make; then
	mkdir make && cp main.c part.c part.h small.s big.S make/ && cat > make/configure <<'END'
#!/bin/sh
# As autoconf's tests do it: can the compiler make programs, and does it take an option?
set -e
echo 'int main(void) { return 0; }' > conftest.c
${CC:-cc} $CFLAGS conftest.c -o conftest && ./conftest
${CC:-cc} $CFLAGS -Werror -Wunknown-warning-option -c conftest.c
echo '#include <stdio.h>' | ${CC:-cc} -E - > conftest.i
! echo 'nonsense' | ${CC:-cc} -x c -c - -o conftest.o 2> conftest.err
! echo 'int main(void) { return no_such_function(); }' | ${CC:-cc} -x c - -o conftest 2> conftest.err
sed "s|@CC@|${CC:-cc}|" > Makefile <<'EOM'
CC = @CC@
CFLAGS = -O2 -g -MMD
objects = main.o small.o big.o
program: $(objects) libpart.a
	$(CC) $(LDFLAGS) -o $@ $(objects) -L. -lpart
libpart.a: part.o
	$(AR) rc $@ part.o
-include main.d part.d
EOM
END
	check "configure" sh -c 'cd make && CC="$1" sh ./configure' sh "$cc"
	check "make" make -s -C make
	says "make_program_is_traced" "part part.c:2 flags=1 enter=1 exit=1" make/program
	sleep 1 # make compares whole seconds on some file systems
	touch make/part.h
	says "make_follows_the_dependencies" "-c -o part.o part.c" make -C make -n
fi
if have cmake; then
	mkdir cmake && cp main.c part.c part.h small.s big.S thrower.cpp cmake/ && cat > cmake/CMakeLists.txt <<'END'
cmake_minimum_required(VERSION 3.13)
project(example LANGUAGES C CXX ASM)
find_package(Threads REQUIRED)
include(CheckCCompilerFlag)
check_c_compiler_flag(-Wall HAS_WALL)
if(NOT HAS_WALL OR NOT CMAKE_C_COMPILER_ID STREQUAL "Clang")
	message(FATAL_ERROR "clang not recognised")
endif()
add_library(part SHARED part.c)
add_library(parts STATIC small.s big.S)
add_executable(program main.c)
target_link_libraries(program part parts Threads::Threads)
add_executable(thrower thrower.cpp)
END
	generator=; have ninja && generator="-G Ninja"
	check "cmake_configure" cmake -S cmake -B cmake/build $generator -DCMAKE_C_COMPILER="$cc" \
		-DCMAKE_CXX_COMPILER="$cxx" -DCMAKE_BUILD_TYPE=RelWithDebInfo -DCMAKE_C_FLAGS=--instr=deny=nothing
	check "cmake_build" cmake --build cmake/build
	says "cmake_program_is_traced" "part part.c:2 flags=1 enter=1 exit=1" cmake/build/program
	says "cmake_settings_arrive" "deny=nothing" cmake/build/program
	check "cmake_cxx_program_runs" cmake/build/thrower
fi
if have meson && have ninja; then
	mkdir meson && cp main.c part.c part.h small.s big.S thrower.cpp meson/ && cat > meson/meson.build <<'END'
project('example', 'c', 'cpp', default_options: ['buildtype=debugoptimized', 'b_ndebug=true'])
if meson.get_compiler('c').get_id() != 'clang'
  error('clang not recognised')
endif
part = shared_library('part', 'part.c')
parts = static_library('parts', 'small.s', 'big.S')
executable('program', 'main.c', link_with: [part, parts], dependencies: dependency('threads'))
executable('thrower', 'thrower.cpp')
END
	check "meson_setup" env CC="$cc" CXX="$cxx" meson setup meson/build meson -Dc_args=--instr=deny=nothing
	check "meson_compile" ninja -C meson/build
	says "meson_program_is_traced" "part part.c:2 flags=1 enter=1 exit=1" meson/build/program
	says "meson_settings_arrive" "deny=nothing" meson/build/program
fi

[ $failures = 0 ] || { echo "$failures failed"; exit 1; }
