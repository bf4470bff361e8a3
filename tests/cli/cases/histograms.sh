# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# How long calls that may block took, and how long locks were waited for and held. (Of the heap: memory.sh.)
# traces: waiting main locks
t instr-report waiting.db --blocks --histogram
say waits for work too, and one process
t body waiting.db --blocks --histogram --all --process 2
say of the first rows, which stand above
t body waiting.db --blocks --histogram --limit 1
t body waiting.db --blocks --histogram --by site --sort longest --limit 1
t body waiting.db --blocks --histogram --by context --sort bytes --limit 2
t body waiting.db --blocks --histogram --sort failed --limit 3
say of what is called, or calls
t instr-report waiting.db --blocks --histogram --only fsync
t body waiting.db --blocks --only serve
t body waiting.db --blocks --only 'serve(Server&)' --by site --all
t body waiting.db --blocks --only 'Store::*' --by context --limit 1
t instr-report waiting.db --blocks --only 'w*' --process 1
t instr-report waiting.db --blocks --histogram --only nanosleep
t instr-report waiting.db --blocks --only fsync --format csv
t instr-report waiting.db --blocks --only serv
t instr-report waiting.db --blocks --only ''
t instr-report main.db --blocks --only read
t instr-report main.db --blocks --histogram
say locks
t instr-report waiting.db --locks --histogram --process 2
t body waiting.db --locks --histogram --sort hold --limit 2
t body waiting.db --locks --histogram --lock 2
t body waiting.db --locks --histogram --lock 3
t body locks.db --locks --histogram
t body main.db --locks --histogram
say narrow, wide and ASCII
COLUMNS=50 t body waiting.db --locks --histogram --lock 3
COLUMNS=140 t body waiting.db --locks --histogram --lock 3
LC_ALL=C t body waiting.db --blocks --histogram --only fsync
say rows for programs
t instr-report waiting.db --blocks --histogram --format csv --only fsync
t instr-report waiting.db --locks --histogram --format csv --lock 3
t instr-report waiting.db --locks --histogram --format json --lock 2
say every call is in it once
calls() {
	instr-report waiting.db --blocks --histogram --format csv "$@" 2>/dev/null | awk -F, 'NR > 1 { calls += $4 } END { print calls }'
}
s 'calls --all; calls; calls --by site; calls --all --by context --limit 1; calls --sort failed'
s 'sqlite3 -readonly waiting.db "SELECT sum(calls), sum(calls) FILTER (WHERE NOT idle) FROM block_contexts"'
say a histogram that is damaged
cp waiting.db damaged.db
echo "UPDATE block_totals SET times = x'0105' WHERE site_id = 23; UPDATE lock_totals SET waits = x'02' WHERE lock_id = 1;" | change damaged.db
t body damaged.db --blocks --histogram --only fsync
s 'instr-report damaged.db --blocks --histogram --only recv | tail -1'
t body damaged.db --locks --histogram
say wrong usage
t instr-report waiting.db --top --blocks --histogram
t instr-report waiting.db --top --blocks --only read
t instr-report waiting.db --locks --only read
t instr-report waiting.db --locks --histogram --lock 9
