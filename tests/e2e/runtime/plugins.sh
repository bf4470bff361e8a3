# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# plugins.sh - the three instrumented libraries of tests that load some, and what the trace says of them.
# Sourced instead of trace.sh, which it brings.
#
#     build_plugins              libalpha.so, libbeta.so, libgamma.so, of library.c: each has NAME, and inside
#     of_module FILE FUNCTION N  FUNCTION of the module FILE was called N times
#     of_each_plugin N           so were both functions of all three, which have been unloaded
# shellcheck shell=sh
. "$(dirname "$0")/trace.sh"

build_plugins() {
	for name in alpha beta gamma; do
		traced "lib$name.so" -shared -fPIC "-DNAME=$name" "$programs/library.c" || return 1
	done
}

of_module() {
	is trace.db "SELECT t.calls FROM function_totals t JOIN functions f USING (function_id) JOIN modules m USING (module_id)
		WHERE t.process_id = 0 AND f.name = '$2' AND m.path LIKE '%/$1'" "$3"
}

of_each_plugin() {
	for name in alpha beta gamma; do
		of_module "lib$name.so" "$name" "$1" && of_module "lib$name.so" inside "$1" || return 1
	done
	is trace.db 'SELECT count(*) FROM module_loads WHERE end_ticks IS NULL' 0
}
