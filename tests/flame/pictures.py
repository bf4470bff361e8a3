#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# pictures.py - do flame graphs and call graphs have what SQL says of the trace?
#
#     pictures.py [TRACE...] --bin DIR [--source DIR]
#
# Of the traces of tests/cli/traces, and of those given.
import argparse
import csv
import io
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile

import page
from page import common, report

VALUES = {
    "time": common.VALUES["time"],
    "calls": common.VALUES["calls"],
    "bytes": common.VALUES["alloc_bytes"],
    "allocs": "SELECT context_id, sum(allocs) FROM heap_contexts WHERE kind = 'heap' GROUP BY context_id",
    "blocked": common.VALUES["blocked"],
    "idle": "SELECT context_id, sum(blocked_ns) FROM block_contexts WHERE idle GROUP BY context_id",
    "lock": common.VALUES["lock"],
}
# Of one place each: what is rounded to ns before it is added up. A context of the page is rounded once.
ROUNDED = {"blocked", "idle", "lock"}
BOX = re.compile(r'^f(\d+) \[label=".*?" .* tooltip="(.*?)(?:\\n[^"]*)?\\nself (.*?) \(.*?\), total (.*?) \(.*?\), ([\d,]+) calls?"\];$', re.M)
EDGE = re.compile(r'^f(\d+) -> f(\d+) \[label=" (.*?)(?:\\n ([\d,]+)\u00d7)?".*\];$', re.M)
UNITS = {"ns": 1, "µs": 1e3, "ms": 1e6, "s": 1e9, "min": 6e10, "h": 3.6e12, "d": 8.64e13}


def rows(arguments, *words):
    return list(csv.DictReader(io.StringIO(report(arguments, *words, "--format", "csv"))))


def about(text, ns):
    number, unit = text.split(" ")
    return abs(float(number) * UNITS[unit] - ns) <= 0.006 * ns + 0.6


def plain_paths(paths):
    return {context: [] if path == ["(no function)"] else path for context, path in paths.items()}


def check_page(arguments, claims, name, trace):
    seen = page.Page(report(arguments, trace, "--flame", "-"))
    paths = plain_paths(common.paths(trace))
    plain = all(common.is_plain(f) for path in paths.values() for f in path)
    for key, query in VALUES.items():
        wanted = {context: n for context, n in common.ask(trace, query) if n and context >= 0}
        slack = len(common.ask(trace, "SELECT context_id FROM block_totals UNION ALL SELECT context_id FROM lock_totals")) if key in ROUNDED else 0
        got, total = seen.own(key), sum(wanted.values())
        claims.hold(f"{name} {key}: the sum is that of the view", abs(seen.sum(key) - total) <= slack, f"{seen.sum(key)} is not {total}")
        if not plain or slack:
            continue
        claims.same(f"{name} {key}: a node for each context", sorted((seen.paths[node], n) for node, n in got.items()),
                    sorted((paths[context], n) for context, n in wanted.items()))
    claims.same(f"{name}: the page fetches nothing", page.nothing_from_elsewhere(seen.program), [])
    claims.hold(f"{name}: no data are taken for HTML", not set("<>&") & set(seen.text))
    totals = {key: seen.totals(key) for key in VALUES}
    claims.hold(f"{name}: no node has nothing", all(any(t[node] for t in totals.values()) for node in range(1, len(seen.paths))))
    return seen


def check_choices(arguments, claims, name, trace, whole):
    for process, in common.ask(trace, "SELECT DISTINCT process_id FROM threads WHERE flags < 32"):
        part = page.Page(report(arguments, trace, "--process", str(process), "--flame", "-"))
        claims.same(f"{name}: --process {process}", part.sum("time"),
                    common.ask(trace, f"SELECT coalesce(sum(self_ns), 0) FROM tree WHERE process_id = {process}")[0][0])
    for thread, in common.ask(trace, "SELECT thread_id FROM threads WHERE flags < 16 LIMIT 3"):
        part = page.Page(report(arguments, trace, "--thread", str(thread), "--flame", "-"))
        claims.same(f"{name}: --thread {thread}", part.sum("time"),
                    common.ask(trace, f"SELECT coalesce(sum(self_ns), 0) FROM thread_contexts WHERE thread_id = {thread}")[0][0])
        claims.same(f"{name}: memory and waits have no thread", set(part.data["own"]) - {"time", "calls"}, set())
    few = page.Page(report(arguments, trace, "--min", "10", "--flame", "-"))
    for key in VALUES:
        claims.same(f"{name}: --min leaves no {key} out", few.sum(key), whole.sum(key))
    shares = [[total / (totals[0] or 1) for total in totals] for totals in (few.totals(key) for key in VALUES)]
    claims.hold(f"{name}: --min 10 shows what has so much", all(
        any(share[node] >= 0.0999 for share in shares) or few.data["names"][few.data["functions"][node]] == "(smaller ones)"
        for node in range(1, len(few.paths))))
    called = {whole.paths[node][-1] for node in whole.own("calls") if whole.paths[node]}
    for f in sorted(called)[:4]:
        if not common.is_plain(f) or "*" in f or f == "(no name)":
            continue
        through = {node for node, path in enumerate(whole.paths) if f in path}
        time = whole.own("time")
        focused, others = (page.Page(report(arguments, trace, option, f, "--flame", "-")) for option in ("--focus", "--ignore"))
        wanted = sum(n for node, n in time.items() if node in through)
        if "(" not in f and any(other.startswith(f + "(") for other in whole.names()):
            continue
        claims.same(f"{name}: --focus {f}", focused.sum("time"), wanted)
        claims.same(f"{name}: --ignore {f}", others.sum("time"), whole.sum("time") - wanted)


def check_window(arguments, claims, name, trace):
    """Of a window of time there are calls and times alone; two that follow each other have all of it."""
    middle, = common.ask(trace, "SELECT (min(start_ns) + max(end_ns)) / 2 FROM chunk_list")[0]
    whole = page.Page(report(arguments, trace, "--flame", "-"))
    first, second = (page.Page(report(arguments, trace, "--flame", "-", option, f"{middle}ns")) for option in ("--to", "--from"))
    claims.hold(f"{name}: some calls began before a moment", first.sum("calls") > 0)
    claims.same(f"{name}: the others behind it", first.sum("calls") + second.sum("calls"), whole.sum("calls"))
    claims.hold(f"{name}: and so with time", abs(first.sum("time") + second.sum("time") - whole.sum("time")) <= 2 * len(whole.paths))
    claims.same(f"{name}: memory and waits are not known by time", set(first.data["own"]) - {"time", "calls"}, set())


def check_two(arguments, claims, name, trace, folder):
    """A trace beside one with other times, calls and memory: either has its own, by path; processes are added up."""
    old = os.path.join(folder, "older.db")
    shutil.copy(trace, old)
    db = sqlite3.connect(old)
    db.execute("UPDATE totals SET self_ticks = self_ticks / 2, calls = calls / 2 WHERE context_id % 2")
    db.execute("UPDATE heap_totals SET bytes = bytes / 3")
    db.commit()
    db.close()
    both = page.Page(report(arguments, "--diff", old, trace, "--flame", "-"))
    before = page.Page(report(arguments, "--diff", trace, old, "--flame", "-"))
    for side, path, first, second in (("new", trace, both.data["own"], before.data["before"]), ("old", old, both.data["before"], before.data["own"])):
        for key in ("time", "calls", "bytes", "allocs", "lock"):
            total = sum(n for context, n in common.ask(path, VALUES[key]) if context >= 0)
            for values in (first, second):
                got = values.get(key, [])
                got = sum(got["v"] if isinstance(got, dict) else got)
                claims.hold(f"{name} beside another: {key} of the {side} one", abs(got - total) <= len(both.paths), f"{got} is not {total}")
    same = page.Page(report(arguments, "--diff", trace, trace, "--flame", "-")).data
    claims.same(f"{name} beside itself: nothing differs", same["own"], same["before"] or {})


def by_function(trace):
    """Calls, own time, and time with callees (recursion once) of each function that has any, from the view tree."""
    calls, selfs, totals, below, above = {}, {}, {}, {}, {}
    contexts = common.ask(trace, "SELECT context_id, parent_id, function_id, coalesce(calls, 0), coalesce(self_ns, 0) FROM contexts"
                                 " LEFT JOIN (SELECT context_id, calls, self_ns FROM tree) USING (context_id) ORDER BY context_id")
    for context, parent, function, _, self_ns in contexts:
        above[context] = above[parent] | {function} if parent is not None else set()
        below[context] = self_ns
    for context, parent, *_ in reversed(contexts):
        if parent is not None:
            below[parent] += below[context]
    for context, parent, function, count, self_ns in contexts:
        if parent is None or not (count or below[context]):
            continue
        calls[function] = calls.get(function, 0) + count
        selfs[function] = selfs.get(function, 0) + self_ns
        totals[function] = totals.get(function, 0) + (0 if function in above[parent] else below[context])
    return calls, selfs, totals


def check_graph(arguments, claims, name, trace):
    text = report(arguments, trace, "--limit", "0", "--min", "0", "--graph", "-")
    boxes = {key: (function, self_time, total, int(calls.replace(",", ""))) for key, function, self_time, total, calls in BOX.findall(text)}
    ours = [f.split("\\n")[0].replace("&amp;", "&") for f, *_ in boxes.values()]
    calls, selfs, totals = by_function(trace)
    names = [common.ask(trace, f"SELECT coalesce(nullif(name, ''), '(no name)') FROM functions WHERE function_id = {f}")[0][0] for f in totals]
    if not all(common.is_plain(f) and "\\" not in f and '"' not in f for f in names):
        return text
    claims.same(f"{name}: a box for each function", sorted(ours), sorted(names))
    once = {function: f for f, function in zip(totals, names) if names.count(function) == 1}
    for (_, self_time, total, count), function in zip(boxes.values(), ours):
        if function not in once:
            continue
        f = once[function]
        claims.same(f"{name}: calls of {function}", count, calls[f])
        claims.hold(f"{name}: times of {function}", about(self_time, selfs[f]) and about(total, totals[f]),
                    f"{self_time}, {total}, not {selfs[f]}, {totals[f]}")
    edges = {}
    for caller, callee, total, count in EDGE.findall(text):
        edges[ours[list(boxes).index(caller)], ours[list(boxes).index(callee)]] = (total, int(count.replace(",", "") or 0))
    wanted = {}
    for function, f in once.items():
        if not calls[f] or "*" in function or "(" not in function and any(other.startswith(function + "(") for other in names):
            continue
        for row in rows(arguments, trace, "--callees", function):
            if row["callee"] != "(itself)" and row["callee"] in once:
                wanted[function, row["callee"]] = row
    claims.hold(f"{name}: an arrow for each pair", set(wanted) <= set(edges), f"{set(wanted) - set(edges)} are missing")
    for pair, row in wanted.items():
        total, count = edges.get(pair, ("0 ns", 0))
        claims.hold(f"{name}: the arrow {' -> '.join(pair)}", count == int(row["calls"]) and about(total, int(row["total_ns"])),
                    f"{total} in {count}: {row}")
    few = report(arguments, trace, "--limit", "2", "--min", "0", "--graph", "-")
    claims.same(f"{name}: at most two boxes", len(BOX.findall(few)), min(2, len(boxes)))
    return text


def check_drawn(arguments, claims, name, trace, text, folder):
    """Graphviz reads all of it, and draws each box."""
    dot = shutil.which("dot")
    if not dot:
        return
    svg = os.path.join(folder, name + ".svg")
    report(arguments, trace, "--limit", "0", "--min", "0", "--graph", svg)
    drawn = open(svg, encoding="utf-8").read()
    claims.same(f"{name}: all boxes are drawn", drawn.count('class="node"'), text.count("\nf") - text.count(" -> f") + 1)
    claims.hold(f"{name}: nothing but the picture", drawn.startswith("<?xml") and drawn.rstrip().endswith("</svg>"))
    png = os.path.join(folder, name + ".png")
    report(arguments, trace, "--graph", png)
    claims.hold(f"{name}: a PNG", open(png, "rb").read(8) == b"\x89PNG\r\n\x1a\n")
    warned = subprocess.run([dot, "-Tcanon"], input=text.encode(), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, timeout=120).stderr
    claims.same(f"{name}: Graphviz has nothing to complain about", [w for w in warned.decode().splitlines() if "Error" in w or "syntax" in w], [])


def main():
    parser = argparse.ArgumentParser(description="Compares pictures with SQL.")
    parser.add_argument("--bin", required=True, help="folder of the programs")
    parser.add_argument("--source", default=os.path.join(page.HERE, "..", ".."), help="the source tree")
    parser.add_argument("traces", nargs="*", metavar="TRACE")
    arguments = parser.parse_args()
    arguments.bin = os.path.abspath(arguments.bin)
    claims = common.Claims()
    with tempfile.TemporaryDirectory(prefix="pictures-") as folder:
        for name, trace in common.traces(arguments, folder):
            whole = check_page(arguments, claims, name, trace)
            check_choices(arguments, claims, name, trace, whole)
            text = check_graph(arguments, claims, name, trace)
            if trace in arguments.traces:  # stored ones have events that are none
                check_window(arguments, claims, name, trace)
            check_two(arguments, claims, name, trace, folder)
            check_drawn(arguments, claims, name, trace, text, folder)
    return claims.finish()


if __name__ == "__main__":
    sys.exit(main())
