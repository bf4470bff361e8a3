#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# merge_check.py - what instr-report says about several traces together is the sum of what it says about each.
#
#     merge_check.py FILE FILE...    exit 1, and the difference, where there is one
import collections
import json
import subprocess
import sys

# Report, columns that name a row, columns that add up, columns of which the least or the most counts.
REPORTS = [
    ("--top", ("function", "file", "line"), ("calls", "self_ns", "total_ns"), {"min_ns": min, "max_ns": max}),
    ("--top --sort calls --heap", ("function", "file"), ("calls", "bytes", "total_bytes", "allocs"), {}),
    ("--tree", ("depth", "function", "file"), ("calls", "self_ns", "total_ns"), {"min_ns": min, "max_ns": max}),
    ("--paths", ("path",), ("calls", "self_ns", "total_ns"), {"max_ns": max}),
    ("--callers *", ("function", "caller"), ("calls", "self_ns", "total_ns"), {}),
    ("--threads", ("name",), ("calls", "self_ns", "cpu_ns", "ready_ns"), {}),
    ("--allocs", ("function", "file"), ("allocs", "bytes", "frees", "live_bytes", "temporary"), {}),
    ("--allocs --by site", ("called", "file", "line", "column"), ("allocs", "bytes", "contexts", "resized"), {}),
    ("--allocs --by type", ("type",), ("allocs", "bytes", "live_blocks"), {}),
    ("--leaks", ("path", "called", "line"), ("bytes", "blocks"), {}),
    ("--blocks --all", ("function",), ("calls", "bytes", "blocked_ns"), {}),
    ("--blocks --by site", ("called", "file", "line"), ("calls", "bytes"), {}),
    ("--locks", ("name",), ("acquisitions", "contended", "wait_ns", "holds", "hold_ns"), {}),
    ("--waits", ("waiter", "holder"), ("wait_ns",), {}),
    ("--lock-order --all", ("function",), ("count",), {}),
]


def rows(files, report):
    answer = subprocess.run(["instr-report", *files, *report.split(), "--format", "json", "--limit", "0"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    if answer.returncode not in (0, 2):
        sys.exit(f"{files} {report}: exit {answer.returncode}")
    return json.loads(answer.stdout or "[]")  # 2: there is no function


def main():
    files = sys.argv[1:]
    compared = 0
    for report, names, sums, others in REPORTS:
        wanted, said = [collections.defaultdict(collections.Counter) for _ in range(2)]
        best = [{}, {}]
        for group, into, extreme in ([[f] for f in files], wanted, best[0]), ([files], said, best[1]):
            for members in group:
                for row in rows(members, report):
                    key = tuple(row.get(name) for name in names)
                    into[key]["rows"] += 1
                    for column in sums:
                        into[key][column] += row.get(column) or 0
                    for column, choose in others.items():
                        if row.get(column) is not None:
                            at = key + (column,)
                            extreme[at] = choose(extreme.get(at, row[column]), row[column])
        if set(wanted) != set(said):
            sys.exit(f"{report}: {sorted(map(str, set(wanted) ^ set(said)))}")
        for key, expected in wanted.items():
            for column in sums:
                # Each row of ns was rounded down.
                if not 0 <= said[key][column] - expected[column] <= (expected["rows"] if column.endswith("_ns") else 0):
                    sys.exit(f"{report}: {key} has {said[key][column]} {column}, not {expected[column]}")
        if best[0] != best[1]:
            sys.exit(f"{report}: {best[0]}, not {best[1]}")
        compared += sum(len(row) - 1 for row in wanted.values())
    print(f"{compared} sums are those of {' and '.join(files)}")


main()
