# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# lock_tables.py - tables of locks and calls that block (locks.py), for tables.py.
from table import (MS, NOTHING, PAIR_COLUMNS, PEER_COLUMNS, TWO_READS, Budget, Table, added, added_without_waiting, cell,
                   pair_rows, peer_cells, scaled)

PAIRS = {"locks": "nothing but lock and unlock", "locks used": "100 ns of work beside them"}
CALLS = {"pipe": "a byte into a pipe and out of it", "pread": "4 KiB of a file (one call)"}
TEAMS = {"mutex 2": "a mutex, 2 threads", "mutex 4": "a mutex, 4 threads", "mutex 8": "a mutex, 8 threads",
         "mutex 16": "a mutex, 16 threads", "read 4": "a read-write lock, 4 readers",
         "pingpong 2": "condition variables, 2 threads in turns"}
# Of each tool: is every lock told, are waits timed, is the holder named, is the calling context?
KNOWS = {
    "traced": ("every one", "yes", "thread and context", "yes"),
    "preloaded counter": ("every one", "no", "no", "no"),
    "lttng-ust, pthread wrapper": ("every one", "yes", "no", "an address, if asked for"),
    "perf record, futex calls": ("those that come to the kernel", "yes", "no", "stack"),
    "perf lock record": ("the kernel's own locks only", "yes", "no", "the kernel's"),
    "uftrace, library calls": ("every one", "yes", "no", "with -pg"),
    "mutrace": ("every one", "sums", "no", "of the lock's making"),
}
NAMES = {"traced": "instr"}


def lock_pairs(results):
    return Table("locks", "A lock and an unlock, where nobody else wants it", PAIR_COLUMNS, pair_rows(results, PAIRS, "turns"))


def block_pairs(results):
    return Table("blocks", "Calls that may block", PAIR_COLUMNS, pair_rows(results, CALLS, "turns"))


def against(results, benchmark, subject):
    """Turns per second, of those of the untraced program in the same round."""
    return results.combine(lambda p, t: p / t, (benchmark, "untraced", "time_ns"), (benchmark, subject, "time_ns"))


def thousands_per_s(results, benchmark, subject):
    return results.combine(lambda n, t: n / t * 1e6, (benchmark, subject, "turns"), (benchmark, subject, "time_ns"))


def teams(results):
    rows = []
    for key, what in TEAMS.items():
        time = (key, "traced", "time_ns")
        if not results.rounds(*time):
            continue
        acquired = (key, "traced", "lock_acquisitions")
        rows.append([
            what,
            cell(results.spread(key, "untraced", "held_ns")) if key != "pingpong 2" else NOTHING,
            cell(results.spread(key, "untraced", "outside_ns")) if key != "pingpong 2" else NOTHING,
            cell(thousands_per_s(results, key, "untraced")),
            cell(thousands_per_s(results, key, "traced")),
            cell(against(results, key, "traced")),
            cell(against(results, key, "untraced again")),
            cell(results.combine(lambda t, p: t / p, (key, "traced", "cpu_ns"), (key, "untraced", "cpu_ns"))),
            cell(results.combine(lambda c, n: c / n * 100, (key, "traced", "lock_contended"), acquired), " %"),
            cell(scaled(results, MS, key, "traced", "stall_ns")),
            cell(results.combine(lambda d, e: d / e, (key, "traced", "drain_ns"), (key, "traced", "events"))),
            cell(results.spread(key, "traced", "lost_events"), count=True),
            results.spread(*time).count,
        ])
    return Table("lock_teams", "Locks that threads want from each other",
                 ["program", "held, ns", "without it, ns", "untraced, thousand turns per s", "traced",
                  "traced ÷ untraced", "untraced again ÷ untraced", "CPU time of the program, traced ÷ untraced",
                  "acquisitions after a wait",
                  "waiting for the drain, ms, all threads", "drain, ns per event", "events lost", "rounds"], rows)


def lock_peers(results):
    rows, key, team = [], "lock peers", "lock team peers"
    for subject in KNOWS:
        time, turns = (key, subject, "time_ns"), (key, subject, "turns")
        plain = (key, "untraced", "time_ns"), (key, "untraced", "turns")
        if not results.rounds(*time):
            continue
        rows.append([
            NAMES.get(subject, subject),
            cell(results.combine(lambda t, n, p, m: t / n - p / m, time, turns, *plain)),
            cell(results.combine(lambda t, n, p, m, r: (t / n - p / m) / (r / 2), time, turns, *plain, (key, *TWO_READS))),
            cell(against(results, team, subject)),
            cell(results.combine(lambda b, n: b / n, (key, subject, "trace_bytes"), turns)),
            cell(results.spread(key, subject, "lost_events"), count=True),
            *KNOWS[subject],
            *peer_cells(results, key, subject),
        ])
    return Table("lock_peers", "Other tools on locks",
                 ["tool", "ns added per pair", "added, in clock reads", "4 threads on a mutex: turns per s ÷ without it",
                  "bytes written per pair", "events lost", "acquisitions", "waits timed", "holder", "calling context",
                  *PEER_COLUMNS], rows)


def budgets(results):
    found = []
    for key, what in PAIRS.items():
        found.append(Budget(f"a lock and an unlock, added ÷ one clock read, {what}", 3, added(results, key, "traced", "turns")))
        found.append(Budget(f"the same without waiting for the drain, {what}", 3,
                            added_without_waiting(results, key, "traced", "turns")))
        found.append(Budget(f"events lost, {what}", 0, results.spread(key, "traced", "lost_events")))
    for key, what in TEAMS.items():
        found.append(Budget(f"turns per s, traced ÷ untraced, {what}", 0.8, against(results, key, "traced"), at_least=True))
        found.append(Budget(f"events lost, {what}", 0, results.spread(key, "traced", "lost_events")))
    return [budget for budget in found if budget.spread]


ALL = (lock_pairs, teams, block_pairs, lock_peers)
