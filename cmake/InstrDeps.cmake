# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# SQLite and zstd as static archives, for the drain and the tools: the drain's image travels
# inside the runtime to machines that may have neither.
#
#   instr_deps_sqlite, instr_deps_zstd; for the tools libdwarf and zlib: instr_deps_dwarf, instr_deps_zlib

find_package(Threads REQUIRED)

function(instr_static_dep target archive header debian_package)
	find_library(INSTR_${target}_ARCHIVE NAMES lib${archive}.a)
	find_path(INSTR_${target}_INCLUDE NAMES ${header} PATH_SUFFIXES lib${archive} lib${archive}-0)
	mark_as_advanced(INSTR_${target}_ARCHIVE INSTR_${target}_INCLUDE)
	if(NOT INSTR_${target}_ARCHIVE OR NOT INSTR_${target}_INCLUDE)
		message(FATAL_ERROR "lib${archive}.a and ${header} are needed (Debian: ${debian_package}).")
	endif()
	add_library(instr_deps_${target} STATIC IMPORTED GLOBAL)
	set_target_properties(instr_deps_${target} PROPERTIES
		IMPORTED_LOCATION "${INSTR_${target}_ARCHIVE}"
		INTERFACE_INCLUDE_DIRECTORIES "${INSTR_${target}_INCLUDE}"
		INTERFACE_LINK_LIBRARIES "${ARGN}")
endfunction()

instr_static_dep(sqlite sqlite3 sqlite3.h libsqlite3-dev Threads::Threads m ${CMAKE_DL_LIBS})
instr_static_dep(zstd zstd zstd.h libzstd-dev Threads::Threads)
instr_static_dep(zlib z zlib.h zlib1g-dev)
instr_static_dep(dwarf dwarf libdwarf.h libdwarf-dev instr_deps_zlib instr_deps_zstd)
