#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# compare_check.py - makes pairs of traces at random and compares what instr-report --diff says about them with what the lists
# of calls say that they were made from: counts, splits, alignment, and the rank test, which is done here on the
# values themselves, by ranks.
#
#     compare_check.py SEED    exit 1, and the difference, where there is one
import collections
import csv
import io
import math
import random
import shutil
import sqlite3
import subprocess
import sys

sys.dont_write_bytecode = True
from empty_trace import create, varint  # noqa: E402

END = 10 ** 9
LEVEL = 0.01


def bucket(value):
    """As docs/format.md has it."""
    shift = max((value | 16).bit_length() - 5, 0)
    return (shift << 4) + (value >> shift)


def histogram(values):
    out, last = b"\x01", 0
    for number, count in sorted(collections.Counter(map(bucket, values)).items()):
        out += varint(number - last) + varint(count)
        last = number
    return out


def template(path):
    db = create(path)
    db.execute("INSERT INTO run VALUES ('state', 'complete')")
    db.commit()
    db.close()


def write(path, contexts, rate=1.0, shuffle=None):
    """contexts: {path of functions: durations in ticks, or (durations, self, allocs, bytes, acquisitions)}. A function is a name, or
    (name, file)."""
    shutil.copyfile("template.db", path)
    db = sqlite3.connect(path)
    db.execute("PRAGMA synchronous = OFF")
    db.executemany("INSERT INTO clocks VALUES (?, ?, 0, ?)", [(0, 0, 0), (END, int(END * rate), END)])
    db.execute("INSERT INTO processes VALUES (1, NULL, 1, 1, 'x', '/x', '/', 'start', 0, ?, 'exit', 0, NULL)", (END,))
    db.execute("INSERT INTO threads VALUES (1, 1, 1, 't', NULL, NULL, 0, ?, ?, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0, NULL, NULL, NULL)", (END, END))
    functions = sorted({function for path_ in contexts for function in path_}, key=str)
    paths = sorted(contexts, key=len)
    if shuffle:
        shuffle.shuffle(functions)
        paths.sort(key=lambda p: (len(p), shuffle.random()))
    ids = {function: number for number, function in enumerate(functions, 1)}
    for function, number in ids.items():
        name, file = function if isinstance(function, tuple) else (function, "a.c")
        db.execute("INSERT INTO functions VALUES (?, NULL, NULL, ?, ?, ?, ?, 1, NULL, 1)", (number, name, name, file, number))
    db.execute("INSERT INTO contexts VALUES (0, 1, NULL, 0, 0, 0, 0, 0)")
    places = {(): 0}
    for number, path_ in enumerate(paths, 1):
        places[path_] = number
        db.execute("INSERT INTO contexts VALUES (?, 1, ?, ?, ?, ?, ?, 0)",
                   (number, places[path_[:-1]], number, ids[path_[-1]], len(path_), int(path_[-1] in path_[:-1])))
        what = contexts[path_]
        values, own, allocs, size, taken = what if isinstance(what, tuple) else (what, sum(what), 0, 0, 0)
        db.execute("INSERT INTO totals VALUES (1, ?, ?, ?, 0, 0, ?, ?, ?, ?, ?)",
                   (number, len(values), len(values), sum(values), own, min(values, default=None), max(values, default=None),
                    histogram(values) if values else None))
        if allocs:
            db.execute("INSERT INTO heap_totals (context_id, site_id, kind, allocs, bytes, frees, freed_bytes, life_ticks, peak_blocks, "
                       "peak_bytes, temporary, crossed, resized, failed, max_bytes, released, released_bytes, chains, grown, moved, moved_bytes, sizes) "
                       "VALUES (?, 0, 0, ?, ?, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, x'')", (number, allocs, size))
        if taken:
            db.execute("INSERT INTO lock_totals VALUES (1, ?, 0, 1, ?, 0, 0, 0, 0, NULL, 0, 0, 0, NULL, 0, 0)", (number, taken))
    db.commit()
    db.close()


def diff(*options, old="old.db", new="new.db"):
    answer = subprocess.run(["instr-report", "--diff", old, new, "--format", "csv", *options], stdout=subprocess.PIPE, check=True)
    return list(csv.DictReader(io.StringIO(answer.stdout.decode())))


def rank_test(old, new):
    """Mann and Whitney's, by the ranks of all values: how likely a new one is longer, and p."""
    old, new = [bucket(v) for v in old], [bucket(v) for v in new]
    together = sorted(old + new)
    first, ranks = {}, collections.Counter(together)
    for at, value in enumerate(together, 1):
        first.setdefault(value, at)
    rank = {value: first[value] + (ranks[value] - 1) / 2 for value in ranks}
    n, m, all_ = len(old), len(new), len(together)
    u = sum(rank[v] for v in new) - m * (m + 1) / 2
    ties = sum(t ** 3 - t for t in ranks.values())
    deviation = math.sqrt(n * m / 12 * max((all_ + 1) - ties / (all_ * (all_ - 1)), 0)) if all_ > 1 else 0
    z = max(abs(u - n * m / 2) - 0.5, 0) / deviation if deviation > 1e-9 else 0
    return u / n / m, 2 * (1 - 0.5 * (1 + math.erf(z / math.sqrt(2))))


def adjusted(p):
    """Benjamini and Hochberg's, by the definition: the least rate at which a test is among the discoveries."""
    order = sorted(p)
    return [min([1.0] + [order[k] * len(p) / (k + 1) for k in range(len(p)) if order[k] >= value]) for value in p]


def near(a, b, tolerance=1e-9):
    return abs(a - b) <= tolerance * max(1, abs(a), abs(b))


def expect(what, said, wanted, is_same=None):
    if not (is_same(said, wanted) if is_same else said == wanted):
        sys.exit(f"{what}: {said}, not {wanted}")


def check_known():
    """The example of scipy.stats.mannwhitneyu(method='asymptotic'), whose p is in its documentation."""
    write("old.db", {("f",): [20, 11, 17, 12]})
    write("new.db", {("f",): [19, 22, 16, 29, 24]})
    row, = diff()
    expect("known p", float(row["q"]), 0.11134688653314041, near)
    expect("known U", float(row["longer"]), 17 / 20, near)


def check_ranks(rng):
    contexts = [{}, {}]
    for number in range(60):
        span = rng.choice((2, 20, 500, 10 ** 6))
        for side in contexts:
            side[("f%d" % number,)] = [rng.randrange(1, span) for _ in range(rng.choice((1, 2, 5, 40, 300)))]
    for name in ("f3", "f4"):
        contexts[1][(name,)] = [v + 1 + v // 4 for v in contexts[0][(name,)]]
    write("old.db", contexts[0])
    write("new.db", contexts[1], shuffle=rng)
    rows = {row["function"]: row for row in diff()}
    expect("functions", len(rows), 60)
    names = sorted(rows)
    results = [rank_test(contexts[0][(name,)], contexts[1][(name,)]) for name in names]
    for name, (longer, _), q in zip(names, results, adjusted([p for _, p in results])):
        expect("longer of " + name, float(rows[name]["longer"]), longer, near)
        expect("q of " + name, float(rows[name]["q"]), q, near)
        wanted = "no difference" if q > LEVEL or abs(longer - 0.5) < 0.01 else "slower" if longer > 0.5 else "faster"
        expect("verdict on " + name, rows[name]["times"], wanted)


def durations(rng, middle, width, factor=1.0, least=300):
    return [max(1, int(rng.lognormvariate(math.log(middle), width) * factor)) for _ in range(rng.randrange(least, 2 * least))]


def check_rates(rng):
    """Nothing changed: nothing is said. One function is slower by a tenth: it is found."""
    false = found = other = 0
    shapes = {("f%d" % i,): (rng.randrange(50, 100000), rng.choice((0.02, 0.1, 0.2, 0.3))) for i in range(20)}
    for _ in range(100):
        for name in ("old.db", "new.db"):
            write(name, {path: durations(rng, *shape, least=40) for path, shape in shapes.items()})
        false += any(row["times"] in ("slower", "faster") for row in diff())
    for _ in range(8):
        slow = "f%d" % rng.randrange(20)
        write("old.db", {path: durations(rng, *shape) for path, shape in shapes.items()})
        write("new.db", {path: durations(rng, *shape, 1.1 if path[0] == slow else 1.0) for path, shape in shapes.items()})
        said = {row["function"]: row["times"] for row in diff()}
        found += said.pop(slow) == "slower"
        other += sum(verdict in ("slower", "faster") for verdict in said.values())
    # One in a hundred is expected; four or more is one in fifty times of that.
    expect("pairs without a change of which one is told", false, 3, lambda a, b: a <= b)
    expect("slow functions found", found, 7, lambda a, b: a >= b)
    expect("others named beside them", other, 2, lambda a, b: a <= b)


def check_clocks(rng):
    """Machines whose ticks differ: the same times are no difference, and others are."""
    same, slow = durations(rng, 40000, 0.05), durations(rng, 40000, 0.05)
    write("old.db", {("same",): same, ("slow",): slow, ("one",): [40000] * 900}, rate=0.5)
    write("new.db", {("same",): [v * 5 // 4 for v in same], ("slow",): [int(v * 5 / 4 * 1.2) for v in slow], ("one",): [50000] * 900}, rate=0.4)
    said = {row["function"]: row for row in diff()}
    expect("same on another clock", said["same"]["times"], "no difference")
    expect("one time on another clock", said["one"]["longer"], "0.5")
    expect("slow on another clock", said["slow"]["times"], "slower")
    expect("its time", abs(int(said["same"]["new_total_ns"]) - int(said["same"]["old_total_ns"])) < len(same), True)


def random_tree(rng, names):
    paths = [()]
    for _ in range(rng.randrange(1, 40)):
        paths.append(rng.choice(paths[-8:]) + (rng.choice(names),))
    return {path: ([rng.randrange(1, 10 ** 6) for _ in range(rng.randrange(0, 5))], rng.randrange(10 ** 6), rng.randrange(3), rng.randrange(10 ** 4),
                   rng.randrange(3)) for path in paths if path}


def check_counts(rng):
    names = ["main", "parse(char const*)", ("init", "/one/x.c"), ("init", "/one/y.c"), "eval"]
    moved = {name: (name[0], name[1].replace("/one/", "/another/")) for name in names if isinstance(name, tuple)}
    trees = [random_tree(rng, names) for _ in range(2)]
    # Contexts whose file has moved, and other ids, are the same contexts.
    write("old.db", trees[0])
    write("new.db", {tuple(moved.get(f, f) for f in path): what for path, what in trees[1].items()}, shuffle=rng)
    files = [{f for path in tree for f in path if isinstance(f, tuple)} for tree in trees]
    apart = any(len(found) == 2 for found in files)  # else the one of the old trace is the one of the new

    def key(function):
        return (function[0] + " " + function[1][-3:] if apart else function[0]) if isinstance(function, tuple) else function

    def empty():
        return [0] * 6

    wanted = [collections.defaultdict(empty), collections.defaultdict(empty)], [collections.defaultdict(empty), collections.defaultdict(empty)]
    for side, tree in enumerate(trees):
        for path, (values, own, allocs, size, taken) in tree.items():
            keys = tuple(map(key, path))
            size = size if allocs else 0
            for at, sums in ((keys[-1], wanted[0][side]), (keys, wanted[1][side])):
                outer = isinstance(at, tuple) or keys[-1] not in keys[:-1]
                for i, value in enumerate((len(values), own, sum(values) if outer else 0, allocs, size, taken)):
                    sums[at][i] += value
    columns = ("calls", "self_ns", "total_ns", "allocs", "bytes", "acquisitions")
    for by, (old, new) in zip(("function", "context"), wanted):
        seen = set()
        for row in diff("--by", by):
            name = row["function"]
            at = name + (" " + row["file"][-3:] if name == "init" and apart else "")
            if by == "context":
                if any(isinstance(f, tuple) for tree in trees for path in tree for f in path) and "init" in row["path"] and apart:
                    continue  # a path has no files
                at = tuple(reversed(row["path"].split(" < ")))
            seen.add(at)
            for prefix, sums in (("old_", old), ("new_", new)):
                expect(f"{prefix} of {at}", [int(row[prefix + c]) for c in columns], sums.get(at, [0] * 6))
            expect(f"status of {at}", row["status"], "both" if at in old and at in new else "new" if at in new else "gone")
            for what in ("self", "total"):
                change = int(row[f"new_{what}_ns"]) - int(row[f"old_{what}_ns"])
                more, dearer = int(row[f"{what}_by_calls_ns"]), int(row[f"{what}_by_cost_ns"])
                expect(f"parts of {what} of {at}", more + dearer, change)
                calls = int(row["old_calls"])
                if calls:
                    expect(f"more calls of {at}", more, int(row[f"old_{what}_ns"]) * (int(row["new_calls"]) - calls) / calls, lambda a, b: abs(a - b) <= 0.5)
        if by == "function":
            expect("functions", seen, set(old) | set(new))
            check_gate(trees[1], {name: sums for name, sums in new.items() if not name.startswith("init")})


def check_gate(tree, functions):
    """Rules that say what is hold, and one that says something else does not."""
    rules = []
    for name, (calls, own, total, allocs, size, taken) in functions.items():
        below = [0, 0, 0]
        for path, (_, _, blocks, bytes_, locks) in tree.items():
            if name in path:
                for i, value in enumerate((blocks, bytes_ if blocks else 0, locks)):
                    below[i] += value
        rules += [f"calls of {name} = {calls}", f"self time of {name} <= {own} ns", f"total time of {name} >= {total / 1e9:.9f} s",
                  f"allocations in {name} = {allocs}", f"allocations under {name} = {below[0]}", f"bytes under {name} < {below[1] + 1}",
                  f"bytes in {name} > {size - 1} B" if size else f"no bytes in {name}", f"locks under {name} = {below[2]}", f"locks of {name} = {taken}"]

    def status(rules):
        return subprocess.run(["instr-report", "new.db", "--gate", "\n".join(rules)], stdout=subprocess.DEVNULL).returncode

    if rules:
        expect("rules that hold: " + "; ".join(rules), status(rules), 0)
        other = random.Random(len(rules)).randrange(len(rules))
        for sign in ("<", ">", ""):
            changed = rules[other].replace("<=", "<").replace(">=", ">").replace("no bytes", "bytes").replace("=", sign or ">")
            if changed != rules[other] and any(c in changed for c in "<>") and "- 1" not in changed and "bytes" not in changed:
                expect("a rule that does not: " + changed, status(rules[:other] + [changed] + rules[other + 1:]), 1)


def main():
    rng = random.Random(int(sys.argv[1]))
    template("template.db")
    check_known()
    for _ in range(2):
        check_ranks(rng)
    for _ in range(15):
        check_counts(rng)
    check_clocks(rng)
    check_rates(rng)
    print("as the calls have it")


main()
