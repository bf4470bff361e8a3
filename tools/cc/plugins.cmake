# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# Writes plugins.h: which plugins there are, and a checksum of them, so that the wrapper changes
# whenever a plugin does (a compiler cache in front of it sees only the wrapper).
#
#   cmake -DOUT=plugins.h -DFILES="a.so;b.so" -DMAJORS="14;22" -DLIB_FROM_BIN=../lib
#         -DINCLUDE_FROM_BIN=../include -P plugins.cmake
set(checksums "")
foreach(file IN LISTS FILES)
	file(SHA256 "${file}" checksum)
	string(APPEND checksums "${checksum}")
endforeach()
string(SHA256 checksum "${checksums}")
string(SUBSTRING "${checksum}" 0 16 checksum)
list(REVERSE MAJORS)
list(JOIN MAJORS ", " majors)
file(WRITE "${OUT}" "/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* plugins.h - made by plugins.cmake */
#define INSTR_PLUGINS_CHECKSUM \"${checksum}\"
#define INSTR_PLUGIN_MAJORS {${majors}}
#define INSTR_LIB_FROM_BIN \"${LIB_FROM_BIN}\"
#define INSTR_INCLUDE_FROM_BIN \"${INCLUDE_FROM_BIN}\"
")
