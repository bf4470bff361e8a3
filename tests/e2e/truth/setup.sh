# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# setup.sh - what truth.sh, heap.sh and locks.sh begin with; sourced, with their arguments PART BIN LLVM_BIN OUT.
if [ $# -ne 4 ]; then
	echo "usage: ${0##*/} PART BIN LLVM_BIN OUT" >&2
	exit 2
fi
part=$1
bin=$(realpath "$2") llvm=$(realpath "$3")
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../../harness/check.sh"
rm -rf "$4"
mkdir -p "$4/tmp" "$4/run" || exit 1
out=$(cd "$4" && pwd)
# Beside OUT: the packages are fetched once for all parts.
WORKLOADS=${INSTR_TRUTH_SOURCES:-$out/../sources}
export WORKLOADS INSTR_CLANG="$llvm/clang" LDFLAGS
LDFLAGS=

sources() {
	"$here/fetch.sh" "$WORKLOADS"
	status=$?
	[ $status -eq 0 ] || exit $status
}
