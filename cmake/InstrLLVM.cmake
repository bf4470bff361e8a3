# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# Every LLVM on this machine that a plugin can be built for: one that has both its clang and its
# headers (Debian: clang-N and llvm-N-dev).
#
#   INSTR_LLVM_MAJORS         ascending, 14 or newer; -DINSTR_LLVM_MAJORS=14;22 chooses
#   INSTR_LLVM_DEFAULT_MAJOR  the major of plain `clang`, else the newest found
#   INSTR_LLVM_N_CONFIG       llvm-config
#   INSTR_LLVM_N_CLANG, INSTR_LLVM_N_CLANGXX
#   INSTR_LLVM_N_BINDIR       opt, FileCheck, lld and others
#   INSTR_LLVM_N_INCLUDE      folder of the headers

set(INSTR_LLVM_OLDEST 14)
set(INSTR_LLVM_MAJORS "" CACHE STRING "LLVM majors to build the plugin for; empty: all that are installed")

set(candidates ${INSTR_LLVM_MAJORS})
if(NOT candidates)
	file(GLOB folders LIST_DIRECTORIES true /usr/lib/llvm-[0-9]*)
	foreach(folder IN LISTS folders)
		string(REGEX REPLACE ".*/llvm-" "" major "${folder}")
		if(major MATCHES "^[0-9]+$" AND NOT major LESS INSTR_LLVM_OLDEST)
			list(APPEND candidates ${major})
		endif()
	endforeach()
	find_program(INSTR_PLAIN_LLVM_CONFIG llvm-config)
	mark_as_advanced(INSTR_PLAIN_LLVM_CONFIG)
	if(INSTR_PLAIN_LLVM_CONFIG)
		execute_process(COMMAND "${INSTR_PLAIN_LLVM_CONFIG}" --version OUTPUT_VARIABLE version ERROR_QUIET)
		if(version MATCHES "^([0-9]+)\\." AND NOT CMAKE_MATCH_1 LESS INSTR_LLVM_OLDEST)
			list(APPEND candidates ${CMAKE_MATCH_1})
		endif()
	endif()
	list(REMOVE_DUPLICATES candidates)
	list(SORT candidates COMPARE NATURAL)
endif()

set(found "")
foreach(major IN LISTS candidates)
	find_program(INSTR_LLVM_${major}_CONFIG NAMES llvm-config-${major} llvm-config
		HINTS /usr/lib/llvm-${major}/bin)
	find_program(INSTR_LLVM_${major}_CLANG NAMES clang-${major} clang HINTS /usr/lib/llvm-${major}/bin)
	find_program(INSTR_LLVM_${major}_CLANGXX NAMES clang++-${major} clang++ HINTS /usr/lib/llvm-${major}/bin)
	mark_as_advanced(INSTR_LLVM_${major}_CONFIG INSTR_LLVM_${major}_CLANG INSTR_LLVM_${major}_CLANGXX)
	if(NOT INSTR_LLVM_${major}_CONFIG OR NOT INSTR_LLVM_${major}_CLANG OR NOT INSTR_LLVM_${major}_CLANGXX)
		continue()
	endif()
	execute_process(COMMAND "${INSTR_LLVM_${major}_CONFIG}" --version --bindir --includedir
		OUTPUT_VARIABLE answer OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
	string(REPLACE "\n" ";" answer "${answer}")
	list(LENGTH answer answers)
	if(NOT answers EQUAL 3)
		continue()
	endif()
	list(GET answer 0 version)
	list(GET answer 1 INSTR_LLVM_${major}_BINDIR)
	list(GET answer 2 INSTR_LLVM_${major}_INCLUDE)
	execute_process(COMMAND "${INSTR_LLVM_${major}_CLANG}" --version OUTPUT_VARIABLE clang_version ERROR_QUIET)
	# Plain names may belong to another major, and a runtime-only package has no headers.
	if(version MATCHES "^${major}\\." AND clang_version MATCHES "version ${major}\\."
	   AND EXISTS "${INSTR_LLVM_${major}_INCLUDE}/llvm-c/Core.h")
		list(APPEND found ${major})
	endif()
endforeach()
if(NOT found)
	message(FATAL_ERROR "No LLVM ${INSTR_LLVM_OLDEST} or newer with clang and headers was found (Debian: clang and llvm-dev).")
endif()
foreach(major IN LISTS INSTR_LLVM_MAJORS)
	if(NOT major IN_LIST found)
		message(FATAL_ERROR "LLVM ${major} was asked for, but its clang or headers are missing (Debian: clang-${major} and llvm-${major}-dev).")
	endif()
endforeach()
set(INSTR_LLVM_MAJORS ${found})

list(GET found -1 INSTR_LLVM_DEFAULT_MAJOR)
find_program(INSTR_PLAIN_CLANG clang)
mark_as_advanced(INSTR_PLAIN_CLANG)
if(INSTR_PLAIN_CLANG)
	execute_process(COMMAND "${INSTR_PLAIN_CLANG}" --version OUTPUT_VARIABLE version ERROR_QUIET)
	if(version MATCHES "version ([0-9]+)\\." AND CMAKE_MATCH_1 IN_LIST found)
		set(INSTR_LLVM_DEFAULT_MAJOR ${CMAKE_MATCH_1})
	endif()
endif()
message(STATUS "LLVM: ${INSTR_LLVM_MAJORS} (default ${INSTR_LLVM_DEFAULT_MAJOR})")
