# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# embed.cmake - build step: SQL files as C text, for libtrace's queries.
#
#     cmake -DOUT=FILE.c -P embed.cmake FILE.sql...
#
# The license at the top of a file is left out: what remains is what --show-sql shows.

set(code "/* Made by embed.cmake from sql/. */\n#include \"libtrace/internal.h\"\n")
set(table "")
math(EXPR last "${CMAKE_ARGC} - 1")
set(behind FALSE)
foreach(i RANGE ${last})
	set(argument "${CMAKE_ARGV${i}}")
	if(behind)
		get_filename_component(name "${argument}" NAME_WE)
		file(READ "${argument}" bytes HEX)
		file(STRINGS "${argument}" first LIMIT_COUNT 1)
		string(LENGTH "${first}" skipped)
		math(EXPR skipped "(${skipped} + 1) * 2")
		string(SUBSTRING "${bytes}" ${skipped} -1 bytes)
		string(REGEX REPLACE "^2d2d0a" "" bytes "${bytes}") # an empty comment
		string(REGEX REPLACE "(..)" "0x\\1," bytes "${bytes}")
		string(REPLACE "0x0a," "0x0a,\n" bytes "${bytes}")
		string(APPEND code "\nstatic const char ${name}[] = {\n${bytes}0};\n")
		string(APPEND table "\t{\"${name}\", ${name}},\n")
	elseif(argument MATCHES "embed\\.cmake$")
		set(behind TRUE)
	endif()
endforeach()
file(WRITE "${OUT}" "${code}\nconst struct tr_embedded tr_embedded_queries[] = {\n${table}\t{0}};\n")
