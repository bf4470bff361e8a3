# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# Standards, warnings and sanitizers for every target of the tree.
#
#   INSTR_DEV       ON: warnings are errors
#   INSTR_SANITIZE  "", or a list of address, undefined, thread
#
# Sanitizers reach every target but those that run inside a traced program (the hooks must not call
# a sanitizer's runtime, and the traced program has none) and the compiler plugins (they run inside
# a clang that has none). Such a target says so itself:
#
#   set_target_properties(instr_rt PROPERTIES INSTR_UNSANITIZED ON)

option(INSTR_DEV "Treat warnings as errors" OFF)
set(INSTR_SANITIZE "" CACHE STRING "Sanitizers for code outside the traced program: address;undefined;thread")
foreach(kind IN LISTS INSTR_SANITIZE)
	if(NOT kind MATCHES "^(address|undefined|thread)$")
		message(FATAL_ERROR "INSTR_SANITIZE: '${kind}' is none of address, undefined, thread.")
	endif()
endforeach()

if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
	set(CMAKE_BUILD_TYPE RelWithDebInfo CACHE STRING "Debug, Release, RelWithDebInfo or MinSizeRel" FORCE)
endif()

set(CMAKE_C_STANDARD 11)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS ON)
set(CMAKE_CXX_STANDARD 17)
set(CMAKE_CXX_STANDARD_REQUIRED ON)

add_compile_options(-Wall -Wextra
	-Wshadow -Wvla -Wpointer-arith -Wundef -fno-strict-aliasing
	$<$<COMPILE_LANGUAGE:C>:-Wstrict-prototypes>
	$<$<COMPILE_LANGUAGE:C>:-Wmissing-prototypes>
	$<$<COMPILE_LANGUAGE:C>:-Wold-style-definition>)
if(INSTR_DEV)
	add_compile_options(-Werror)
endif()

define_property(TARGET PROPERTY INSTR_UNSANITIZED
	BRIEF_DOCS "Runs inside a program that has no sanitizer runtime")

# Adds the chosen sanitizers to all targets below a source folder, when all have been declared.
function(instr_apply_sanitizers folder)
	if(NOT INSTR_SANITIZE)
		return()
	endif()
	list(JOIN INSTR_SANITIZE "," kinds)
	get_property(targets DIRECTORY "${folder}" PROPERTY BUILDSYSTEM_TARGETS)
	foreach(target IN LISTS targets)
		get_target_property(type ${target} TYPE)
		get_target_property(without ${target} INSTR_UNSANITIZED)
		if(without OR NOT type MATCHES "EXECUTABLE|STATIC_LIBRARY|SHARED_LIBRARY|OBJECT_LIBRARY")
			continue()
		endif()
		target_compile_options(${target} PRIVATE -fsanitize=${kinds} -fno-omit-frame-pointer
			-fno-sanitize-recover=all)
		if(type MATCHES "EXECUTABLE|SHARED_LIBRARY")
			target_link_options(${target} PRIVATE -fsanitize=${kinds})
		endif()
	endforeach()
	get_property(folders DIRECTORY "${folder}" PROPERTY SUBDIRECTORIES)
	foreach(below IN LISTS folders)
		instr_apply_sanitizers("${below}")
	endforeach()
endfunction()
