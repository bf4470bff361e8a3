#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# lttng.sh FOLDER COMMAND [ARGUMENT...] - runs the command with lttng-ust's wrapper of pthread preloaded and all its
# events recorded in FOLDER, by a session daemon of its own where none runs. Prints what the command does, and
# "lost_events N", as lttng says it.
set -u
folder=$1
shift
LTTNG_HOME=$folder
export LTTNG_HOME
daemon=
stop() {
	lttng destroy bench >/dev/null 2>&1
	[ -z "$daemon" ] || kill "$daemon" 2>/dev/null
}
trap stop EXIT
trap 'exit 143' TERM INT HUP
if ! lttng --no-sessiond list >/dev/null 2>&1; then
	lttng-sessiond --daemonize --no-kernel --pidfile="$folder/daemon.pid" >&2 || exit 1
	daemon=$(cat "$folder/daemon.pid") || exit 1
fi
{
	lttng create bench --output="$folder/trace" &&
		lttng enable-channel --userspace --subbuf-size=4M --num-subbuf=8 all &&
		lttng enable-event --userspace --channel=all 'lttng_ust_pthread:*' &&
		lttng start
} >"$folder/log" 2>&1 || {
	cat "$folder/log"
	exit 1
}
LD_PRELOAD=liblttng-ust-pthread-wrapper.so "$@"
status=$?
lttng stop >"$folder/log" 2>&1
lttng destroy bench >>"$folder/log" 2>&1
echo "lost_events $(sed -n 's/.* \([0-9][0-9]*\) events\{0,1\} \(were \)\{0,1\}discarded.*/\1/p' "$folder/log" | tail -n 1 | grep . || echo 0)"
exit $status
