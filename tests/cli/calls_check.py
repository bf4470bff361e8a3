#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# calls_check.py - makes trees of calls at random, of few functions, so that these call themselves and each other
# in every way, in two processes of three threads, with calls that are still open; and compares what instr-report says
# about calls with what a walk through the tree says.
#
#     calls_check.py SEED...    exit 1, and the difference, where there is one
import collections
import csv
import fnmatch
import io
import os
import random
import subprocess
import sys

sys.dont_write_bytecode = True
from empty_trace import create  # noqa: E402

NAMES = ["(unknown)", "main", "parse(char const*)", "ns::eval(Node&)", "ns::apply[int](Node&)", "list()", "step"]
END = 10 ** 9


class Context:
    def __init__(self, number, process, parent, function):
        self.number, self.process, self.parent, self.function = number, process, parent, function
        self.depth = parent.depth + 1 if parent else 0
        self.children, self.rows = [], {}  # rows: by thread [calls, self, total]
        if parent:
            parent.children.append(self)

    def path(self):
        """Functions from the outermost call to this one."""
        return self.parent.path() + [self.function] if self.parent else []

    def edges(self):
        """(caller, callee) likewise; the caller of the outermost is None."""
        path = self.path()
        return list(zip([None] + path[:-1], path))


def make(random_, path):
    if os.path.exists(path):
        os.remove(path)
    db = create(path)
    db.execute("INSERT INTO run VALUES ('state', 'complete')")
    db.executemany("INSERT INTO clocks VALUES (?, ?, 0, ?)", [(0, 0, 0), (END, END, END)])
    db.executemany("INSERT INTO functions VALUES (?, NULL, NULL, ?, ?, 'a.c', ?, 1, NULL, 1)",
                   [(i, name, name, i) for i, name in enumerate(NAMES) if i])
    contexts = []
    for process in (1, 2):
        db.execute("INSERT INTO processes VALUES (?, NULL, ?, 1, 'x', '/x', '/', 'start', 0, ?, 'exit', 0, NULL)", (process, process, END))
        base = (process - 1) << 21
        own = [Context(base, process, None, 0)]
        for number in range(1, random_.randrange(2, 60)):
            parent = random_.choice(own[-6:] if random_.random() < 0.7 else own)
            used = {child.function for child in parent.children}
            free = [f for f in range(1, len(NAMES)) if f not in used and (f != 1 or not parent.parent)]
            if free:
                own.append(Context(base + len(own), process, parent, random_.choice(free)))
        for thread in ((1, 2) if process == 1 else (3,)):
            db.execute("INSERT INTO threads VALUES (?, ?, ?, ?, NULL, NULL, 0, ?, ?, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0, NULL, NULL, NULL)",
                       (thread, process, thread, "odd" if thread % 2 else "even", END, END))
            for context in reversed(own[1:]):
                below = sum(child.rows[thread][2] for child in context.children if thread in child.rows)
                if below or random_.random() < 0.8:
                    self_ticks = random_.choice((0, 1, random_.randrange(100000)))
                    context.rows[thread] = [random_.randrange(1, 9), self_ticks, self_ticks + below]
        contexts += own
    db.executemany("INSERT INTO contexts VALUES (?, ?, ?, ?, ?, ?, ?, 0)",
                   [(c.number, c.process, c.parent and c.parent.number, c.parent.children.index(c) if c.parent else 0, c.function, c.depth,
                     int(bool(c.parent) and c.function in c.parent.path())) for c in contexts])
    db.executemany("INSERT INTO totals VALUES (?, ?, ?, ?, 0, 0, ?, ?, 0, ?, NULL)",
                   [(thread, c.number, calls, calls, total, own, total) for c in contexts for thread, (calls, own, total) in c.rows.items()])
    db.execute("INSERT INTO function_totals SELECT 0, function_id, sum(calls), sum(returns), 0, 0, 0, sum(total_ticks * (1 - recursive)),"
               "sum(self_ticks), 0, 0, 0, max(max_ticks) FROM totals JOIN contexts USING (context_id) GROUP BY function_id")
    db.execute("INSERT INTO function_totals SELECT process_id, function_id, sum(calls), sum(returns), 0, 0, 0, sum(total_ticks * (1 - recursive)),"
               "sum(self_ticks), 0, 0, 0, max(max_ticks) FROM totals JOIN contexts USING (context_id) GROUP BY process_id, function_id")
    db.commit()
    db.close()
    return [c for c in contexts if c.parent]


def ask(path, *arguments):
    text = subprocess.run(["instr-report", path, *arguments, "--format", "csv"], check=True, stdout=subprocess.PIPE).stdout.decode()
    return list(csv.DictReader(io.StringIO(text, newline="")))


def named(pattern):
    """Numbers of the functions that a name stands for."""
    pattern = "".join("[" + c + "]" if c in "[?" else c for c in pattern)
    return {i for i, name in enumerate(NAMES) if i and fnmatch.fnmatchcase(name + "(", pattern + "(*")}


def figures(context, threads):
    rows = [row for thread, row in context.rows.items() if thread in threads]
    return [sum(column) for column in zip(*rows)] if rows else None


def differ(what, ours, theirs):
    if ours == theirs:
        return 0
    print(what, "differs")
    for key in sorted(set(ours) | set(theirs), key=str):
        if ours.get(key) != theirs.get(key):
            print("   ", key, "walk:", ours.get(key), "report:", theirs.get(key))
    return 1


def check_pairs(path, contexts, threads, asked, name):
    """--callers and --callees: each pair of functions with its calls, total (once for calls within each other), self."""
    wanted, wrong = named(name), 0
    for mode in ("--callers", "--callees"):
        pairs = collections.defaultdict(lambda: [0, 0, 0, 0])
        itself = collections.Counter()
        for c in contexts:
            f = figures(c, threads)
            if not f:
                continue
            edges = c.edges()
            caller, callee = edges[-1]
            if callee in wanted and mode == "--callees":
                itself[callee] += f[1]
            if (callee if mode == "--callers" else caller) not in wanted:
                continue
            within = edges[-1] in edges[:-1]
            pair = pairs[NAMES[caller] if caller else "(no function)", NAMES[callee]]
            for i, value in enumerate((f[0], 0 if within else f[2], f[1], f[0] if within else 0)):
                pair[i] += value
        for function, self_ticks in itself.items():
            if any(figures(c, threads) for c in contexts if c.function == function):
                pairs[NAMES[function], "(itself)"] = [0, self_ticks, self_ticks, 0]
        said = {((row["caller"], row["function"]) if mode == "--callers" else (row["function"], row["callee"])):
                [int(row[k]) for k in ("calls", "total_ns", "self_ns", "recursive_calls")] for row in ask(path, mode, name, *asked)}
        wrong += differ(f"{mode} {name} {asked}", dict(pairs), said)
    return wrong


def check_top(path, contexts, threads, asked, name):
    """--top --only: calls, self and total (once in recursion) of each function of the name."""
    walked = {}
    for c in contexts:
        f = figures(c, threads)
        if f and c.function in named(name):
            row = walked.setdefault(NAMES[c.function], [0, 0, 0])
            for i, value in enumerate((f[0], f[1], 0 if c.function in c.parent.path() else f[2])):
                row[i] += value
    said = {row["function"]: [int(row[k]) for k in ("calls", "self_ns", "total_ns")] for row in ask(path, "--only", name, *asked)}
    return differ(f"--only {name} {asked}", walked, said)


def is_kept(context, focus, ignore):
    """--focus and --ignore: does the path go through the one, and not through the other?"""
    path = set(context.path())
    return (focus is None or bool(path & named(focus))) and not (ignore is not None and path & named(ignore))


def asked_for(asked, focus, ignore):
    return (*asked, *(("--focus", focus) if focus else ()), *(("--ignore", ignore) if ignore else ()))


def check_paths(path, contexts, threads, asked, focus, ignore):
    asked = asked_for(asked, focus, ignore)
    walked = {c.number: figures(c, threads) for c in contexts if is_kept(c, focus, ignore) and figures(c, threads)}
    said = {int(row["context_id"]): [int(row[k]) for k in ("calls", "self_ns", "total_ns")] for row in ask(path, "--paths", *asked)}
    return differ(f"--paths {asked}", walked, said)


def check_tree(path, contexts, threads, asked, focus, ignore):
    """--tree with these: what is left of the tree, with the sums of the self times that are left."""
    asked = asked_for(asked, focus, ignore)
    there = {c.number for c in contexts if figures(c, threads)}
    walked = {}
    for c in contexts:
        above, context = [], c
        while context.parent:
            above.append(context)
            context = context.parent
        if is_kept(c, focus, ignore) and all(a.number in there for a in above):
            for a in above:
                kept = is_kept(a, focus, ignore)
                calls, self_ticks, _ = figures(a, threads)
                row = walked.setdefault(a.number, [a.depth, calls, self_ticks if kept else 0, 0])
                row[3] += figures(c, threads)[1]
    rows = ask(path, "--tree", *asked)
    said = {int(row["context_id"]): [int(row[k]) for k in ("depth", "calls", "self_ns", "total_ns")] for row in rows}
    wrong = differ(f"--tree {asked}", walked, said)
    wrong += differ(f"--tree --depth 2 {asked}", {n: row for n, row in walked.items() if row[0] <= 2},
                    {int(row["context_id"]): [int(row[k]) for k in ("depth", "calls", "self_ns", "total_ns")]
                     for row in ask(path, "--tree", "--depth", "2", *asked)})
    if [row for row in rows if int(row["total_ns"])]:
        parents = {c.number: c.parent.number for c in contexts}
        open_ = []
        for row in rows:  # each behind its caller
            del open_[int(row["depth"]) - 1:]
            if open_ and parents[int(row["context_id"])] != open_[-1]:
                wrong += differ(f"--tree {asked}: order", {}, row)
            open_.append(int(row["context_id"]))
    return wrong


def check_inverted(path, contexts, threads, asked, focus, ignore, depth):
    asked = (*asked_for(asked, focus, ignore), "--depth", str(depth))
    walked = {}
    for c in contexts:
        if not is_kept(c, focus, ignore) or not figures(c, threads):
            continue
        way = [NAMES[function] for function in reversed(c.path())]
        for level in range(1, len(way) + 1 if not depth else min(len(way), depth) + 1):
            row = walked.setdefault(tuple(way[:level]), [0, 0, 0])
            for i, value in enumerate((*figures(c, threads)[:2], 1)):
                row[i] += value
    said, way = {}, []
    for row in ask(path, "--tree", "--inverted", *asked):
        way[int(row["depth"]) - 1:] = [row["function"]]
        said[tuple(way)] = [int(row[k]) for k in ("calls", "self_ns", "contexts")]
    return differ(f"--tree --inverted {asked}", walked, said)


def main():
    wrong = 0
    for seed in sys.argv[1:]:
        contexts = make(random.Random(seed), "random.db")
        called = {c.function for c in contexts if c.rows}
        scopes = (((), {1, 2, 3}), (("--process", "1"), {1, 2}), (("--thread", "2"), {2}), (("--thread", "odd"), {1, 3}))
        for name in ("main", "ns::eval", "ns::apply[int](Node&)", "ns::*", "*"):
            if not named(name) & called:
                continue
            for asked, threads in scopes:
                wrong += check_pairs("random.db", contexts, threads, asked, name)
                wrong += check_top("random.db", contexts, threads, asked, name)
        names = [name for name in ("main", "ns::*", "step", "list", "parse") if named(name) & called]
        for focus, ignore in [(None, None)] + [(a, b) for a in [None] + names for b in [None] + names if a or b]:
            asked, threads = scopes[(len(focus or "") + len(ignore or "")) % len(scopes)]
            wrong += check_paths("random.db", contexts, threads, asked, focus, ignore)
            wrong += check_inverted("random.db", contexts, threads, asked, focus, ignore, len(focus or "") % 4)
            if focus or ignore:
                wrong += check_tree("random.db", contexts, threads, asked, focus, ignore)
    print("as a walk through the tree says" if not wrong else f"{wrong} differences")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
