#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# lock_circles.py INSTR_REPORT TRACE - what --lock-order says of random orders of locks, against all circles, tried one by one.
# TRACE is any trace with locks; its tables of locks are filled anew, in a copy.
import os
import random
import shutil
import sqlite3
import subprocess
import sys
import tempfile

GRAPHS = 80
LOCK_TABLES = ("lock_totals", "lock_waits", "lock_threads", "lock_users", "lock_calls", "lock_orders", "locks")


def fill(file, rows):
    """rows: {(from, mode, to, mode): (thread or None, gates)}"""
    db = sqlite3.connect(file)
    context, site = db.execute("SELECT context_id, site_id FROM lock_totals LIMIT 1").fetchone()
    lock = list(db.execute("SELECT * FROM locks LIMIT 1").fetchone())
    for table in LOCK_TABLES:
        db.execute(f"DELETE FROM {table}")
    for number in range(1, 9):
        lock[0], lock[3] = number, 64 * number
        db.execute(f"INSERT INTO locks VALUES ({','.join('?' * len(lock))})", lock)
    for (a, mode, b, to_mode), (thread, gates) in rows.items():
        db.execute("INSERT INTO lock_orders VALUES (?,?,?,?,?,?,?,?,?,1,0,0,?)",
                   (a, context, site, mode, b, context, site, to_mode, thread, str(gates).replace(" ", "")))
    db.commit()
    db.close()


def edges_of(rows):
    """As the report tells them apart: who reads, and who has it alone."""
    found = {}
    for (a, mode, b, to_mode), row in rows.items():
        found.setdefault((a, mode == 3, b, to_mode == 3), []).append(row)
    for key, of in found.items():
        threads = {thread for thread, _ in of}
        yield key + (threads.pop() if len(threads) == 1 else None, set.intersection(*[set(gates) for _, gates in of]))


def judge(edges):
    """danger, harmless: is there such a circle?"""
    verdicts = set()

    def go_on(path):
        last = path[-1]
        if last[2] == path[0][0]:
            if not (last[3] and path[0][1]):
                alone = path[0][4] is not None and all(e[4] == path[0][4] for e in path)
                verdicts.add("harmless" if alone or set.intersection(*[e[5] for e in path]) else "danger")
            return
        for e in edges:
            if e[0] == last[2] and not (last[3] and e[1]) and e[2] not in [p[0] for p in path[1:]]:
                go_on(path + [e])

    for e in edges:
        go_on([e])
    return verdicts


def random_rows(rng):
    rows = {}
    locks = rng.randint(2, 5)
    for _ in range(rng.randint(2, 9)):
        a, b = rng.sample(range(1, locks + 1), 2)
        gates = sorted(rng.sample([6, 7, 8], rng.choice([0, 0, 1, 2])))
        rows[a, rng.choice([1, 1, 1, 2, 3]), b, rng.choice([1, 1, 1, 2, 3])] = rng.choice([None, 1, 2]), gates
    return rows


def main():
    report, trace = sys.argv[1:]
    kinds = {"danger": 0, "harmless": 0, "none": 0}
    with tempfile.TemporaryDirectory() as folder:
        file = os.path.join(folder, "trace.db")
        for seed in range(GRAPHS):
            shutil.copy(trace, file)
            rows = random_rows(random.Random(seed))
            fill(file, rows)
            want = judge(list(edges_of(rows)))
            out = subprocess.run([report, file, "--lock-order", "--limit", "0"], capture_output=True, text=True, check=True).stdout
            dangerous, harmless = "Possible deadlock: " in out, "No danger so far: " in out
            if dangerous != ("danger" in want) or (not dangerous and harmless != ("harmless" in want)):
                sys.exit(f"seed {seed}: {want or 'no circle'}, but\n{out}\nof {rows}")
            kinds["danger" if dangerous else "harmless" if harmless else "none"] += 1
    print(kinds)
    if min(kinds.values()) < 3:
        sys.exit("too few of a kind")


main()
