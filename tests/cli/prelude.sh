# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# prelude.sh - what the cases of run.py have at hand.

# Runs a command: prints it, what it says on stdout and stderr, and its status unless that is 0.
t() {
	printf '$ %s\n' "$*"
	"$@" 2>&1
	ended $?
}

# The same for a line that the shell has to read (pipes, redirections).
s() {
	printf '$ %s\n' "$1"
	(eval "$1") 2>&1
	ended $?
}

ended() {
	[ "$1" = 0 ] || printf '[exit %d]\n' "$1"
	echo
}

# A report without its header.
body() {
	instr-report "$@" | sed '1,/^$/d'
}

# Says so if the SQL that a report shows gives its rows in an SQLite that knows nothing of traces; $1 is the trace.
same() {
	instr-report "$@" --format csv >ours 2>/dev/null
	instr-report "$@" --format csv --show-sql | stock_sqlite "$1" >theirs 2>&1
	cmp ours theirs && [ "$(wc -l <ours)" -gt 1 ] && echo "same: $*"
}

# Events for a trace: a plan from stdin.
put() {
	"$PYTHON" "$TESTS/put_events.py" "$1"
}

# A word about what comes.
say() {
	printf '# %s\n' "$*"
}

# SQL from stdin on a trace, by an SQLite that knows nothing of traces; answers as CSV with names.
stock_sqlite() {
	"$PYTHON" "$TESTS/stock_sqlite.py" "$@"
}

# Changes a trace without trusting it: SQL from stdin.
change() {
	"$PYTHON" "$TESTS/stock_sqlite.py" --change "$1"
}

# Runs a command that must not be root's: root may read everything.
unprivileged() {
	if [ "$(id -u)" = 0 ]; then
		cp "$(command -v "$1")" ./unprivileged-copy
		shift
		setpriv --reuid=65534 --regid=65534 --clear-groups ./unprivileged-copy "$@"
	else
		"$@"
	fi
}
