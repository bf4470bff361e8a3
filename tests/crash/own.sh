# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# own.sh - a /dev/shm of the test's own, where that is allowed: no other run's drain sweeps what the test
# has left, what it leaves can be seen, and `instr-recover --all` finds nobody else's. Sourced first; the
# script starts again inside. $own: 1 if it has one.
# shellcheck shell=sh
own=${CRASH_OWN:-}
if [ -z "$own" ]; then
	for own_how in -m -rm; do
		if unshare $own_how mount -t tmpfs tmpfs /dev/shm 2>/dev/null; then
			CRASH_OWN=1 exec unshare $own_how sh -c 'mount -t tmpfs tmpfs /dev/shm && exec sh "$0" "$@"' "$0" "$@"
		fi
	done
	own=0
fi
