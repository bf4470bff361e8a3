# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# What `cmake --install` adds to plugins and tools, which their folders install: the runtime, the
# public headers, the package file for find_package(instr), and instr.pc for pkg-config. All of it finds
# its neighbours relative to itself, so an installed tree can be moved.
include(CMakePackageConfigHelpers)

install(TARGETS instr_rt instr_rt_static instr_heap instr_heap_static instr-drain
	RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}"
	LIBRARY DESTINATION "${CMAKE_INSTALL_LIBDIR}"
	ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}")
install(FILES "${PROJECT_SOURCE_DIR}/include/instr/instr.h" "${PROJECT_BINARY_DIR}/include/instr/version.h"
	DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}/instr")
install(FILES "${PROJECT_SOURCE_DIR}/LICENSE" DESTINATION "${CMAKE_INSTALL_DOCDIR}")

set(package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/instr")
configure_package_config_file("${CMAKE_CURRENT_LIST_DIR}/instr-config.cmake.in"
	"${PROJECT_BINARY_DIR}/cmake/instr-config.cmake" INSTALL_DESTINATION "${package_dir}"
	PATH_VARS CMAKE_INSTALL_LIBDIR CMAKE_INSTALL_INCLUDEDIR CMAKE_INSTALL_BINDIR
	NO_CHECK_REQUIRED_COMPONENTS_MACRO)
write_basic_package_version_file("${PROJECT_BINARY_DIR}/cmake/instr-config-version.cmake"
	COMPATIBILITY SameMinorVersion)
install(FILES "${PROJECT_BINARY_DIR}/cmake/instr-config.cmake"
	"${PROJECT_BINARY_DIR}/cmake/instr-config-version.cmake" DESTINATION "${package_dir}")

# From where instr.pc lies back to the prefix.
file(RELATIVE_PATH INSTR_PC_TO_PREFIX "/prefix/${CMAKE_INSTALL_LIBDIR}/pkgconfig" "/prefix")
string(REGEX REPLACE "/$" "" INSTR_PC_TO_PREFIX "${INSTR_PC_TO_PREFIX}")
configure_file("${CMAKE_CURRENT_LIST_DIR}/instr.pc.in" "${PROJECT_BINARY_DIR}/cmake/instr.pc" @ONLY)
install(FILES "${PROJECT_BINARY_DIR}/cmake/instr.pc" DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig")
