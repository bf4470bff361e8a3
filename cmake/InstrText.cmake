# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# InstrText.cmake - text files as C, for build steps that put them into programs.

# instr_text_as_c(RESULT FILE [HEX]): the bytes of FILE between the braces of a C array, without its first line, which is the
# license, and without these bytes behind that. A NUL does not follow.
function(instr_text_as_c result file)
	file(READ "${file}" bytes HEX)
	file(STRINGS "${file}" first LIMIT_COUNT 1)
	string(LENGTH "${first}" skipped)
	math(EXPR skipped "(${skipped} + 1) * 2")
	string(SUBSTRING "${bytes}" ${skipped} -1 bytes)
	if(ARGC GREATER 2)
		string(REGEX REPLACE "^${ARGV2}" "" bytes "${bytes}")
	endif()
	string(REGEX REPLACE "(..)" "0x\\1," bytes "${bytes}")
	string(REPLACE "0x0a," "0x0a,\n" bytes "${bytes}")
	set(${result} "${bytes}" PARENT_SCOPE)
endfunction()

# The files behind -P SCRIPT on the command line.
function(instr_script_files result script)
	set(files "")
	set(behind FALSE)
	math(EXPR last "${CMAKE_ARGC} - 1")
	foreach(i RANGE ${last})
		if(behind)
			list(APPEND files "${CMAKE_ARGV${i}}")
		elseif(CMAKE_ARGV${i} STREQUAL script)
			set(behind TRUE)
		endif()
	endforeach()
	set(${result} "${files}" PARENT_SCOPE)
endfunction()
