# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# embed.cmake - build step: the pieces of the page (page.html, page.css, page.js) as C text, for flame.c.
#
#     cmake -DOUT=FILE.c -P embed.cmake FILE...
#
# The license at the top of a file is left out.

set(code "/* Made by embed.cmake from flame/. */\n#include \"report/flame.h\"\n")
math(EXPR last "${CMAKE_ARGC} - 1")
set(behind FALSE)
foreach(i RANGE ${last})
	set(argument "${CMAKE_ARGV${i}}")
	if(behind)
		get_filename_component(name "${argument}" NAME)
		string(REPLACE "." "_" name "${name}")
		file(READ "${argument}" bytes HEX)
		file(STRINGS "${argument}" first LIMIT_COUNT 1)
		string(LENGTH "${first}" skipped)
		math(EXPR skipped "(${skipped} + 1) * 2")
		string(SUBSTRING "${bytes}" ${skipped} -1 bytes)
		string(REGEX REPLACE "(..)" "0x\\1," bytes "${bytes}")
		string(REPLACE "0x0a," "0x0a,\n" bytes "${bytes}")
		string(APPEND code "\nconst char flame_${name}[] = {\n${bytes}0};\n")
	elseif(argument MATCHES "embed\\.cmake$")
		set(behind TRUE)
	endif()
endforeach()
file(WRITE "${OUT}" "${code}")
