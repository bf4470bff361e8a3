#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# faults.sh BUILD drain|calls [every] - builds the program that is run again and again, and runs the test
# (drain.c, calls.c). `every` is for long.
fault=$(cd "$(dirname "$0")" && pwd)
. "$fault/../e2e/runtime/trace.sh"
cd "$scratch" && traced faults "$fault/programs/faults.c" -pthread || exit 1
case $2 in
drain) "$build/tests/fault_drain" ./faults "$build/tests/faulty/libinstr_rt.so" ${3:-} ${4:-} ;;
calls) "$build/tests/fault_calls" ./faults ${3:-} ${4:-} ${5:-} ;;
esac
