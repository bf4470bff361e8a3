# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# embed.cmake - build step: the pieces of the page (page.html, page.css, page.js) as C text, for flame.c.
#
#     cmake -DOUT=FILE.c -P embed.cmake FILE...
#
# The license at the top of a file is left out.
include("${CMAKE_CURRENT_LIST_DIR}/../../../cmake/InstrText.cmake")

set(code "/* Made by embed.cmake from flame/. */\n#include \"report/flame.h\"\n")
instr_script_files(files "${CMAKE_CURRENT_LIST_FILE}")
foreach(file IN LISTS files)
	get_filename_component(name "${file}" NAME)
	string(REPLACE "." "_" name "${name}")
	instr_text_as_c(bytes "${file}")
	string(APPEND code "\nconst char flame_${name}[] = {\n${bytes}0};\n")
endforeach()
file(WRITE "${OUT}" "${code}")
