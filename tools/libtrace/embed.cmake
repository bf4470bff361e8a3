# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# embed.cmake - build step: SQL files as C text, for libtrace's queries.
#
#     cmake -DOUT=FILE.c -P embed.cmake FILE.sql...
#
# The license at the top of a file is left out: what remains is what --show-sql shows.
include("${CMAKE_CURRENT_LIST_DIR}/../../cmake/InstrText.cmake")

set(code "/* Made by embed.cmake from sql/. */\n#include \"libtrace/internal.h\"\n")
set(table "")
instr_script_files(files "${CMAKE_CURRENT_LIST_FILE}")
foreach(file IN LISTS files)
	get_filename_component(name "${file}" NAME_WE)
	instr_text_as_c(bytes "${file}" "2d2d0a") # an empty comment
	string(APPEND code "\nstatic const char ${name}[] = {\n${bytes}0};\n")
	string(APPEND table "\t{\"${name}\", ${name}},\n")
endforeach()
file(WRITE "${OUT}" "${code}\nconst struct tr_embedded tr_embedded_queries[] = {\n${table}\t{0}};\n")
