# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# csv_views.py - instr-export csv: of every documented view and table all rows and columns, as Python's csv reads them, are what
# SQLite says of it; no other name is taken.
import csv
import io
import re
import subprocess

import common

SMALL = 5000  # rows, of which all values are compared


def text_of(value):
    if value is None:
        return ""
    if isinstance(value, bytes):
        return value.hex()
    return str(value)


def is_same(cell, value):
    if isinstance(value, float):
        return cell != "" and abs(float(cell) - value) <= 1e-9 * max(1, abs(value))
    return cell == text_of(value)


def check_view(arguments, claims, name, trace, view):
    text = common.export(arguments, "csv", view, trace, binary=True).decode(errors="replace")
    claims.hold(f"{name} {view}: lines end as RFC 4180 says", text.endswith("\r\n"), text[-20:])
    rows = list(csv.reader(io.StringIO(text, newline="")))
    columns = [row[1] for row in common.ask(trace, f"SELECT * FROM pragma_table_info('{view}')")]
    claims.same(f"{name} {view}: columns", rows[0], columns)
    wanted = common.ask(trace, f"SELECT * FROM {view}")
    claims.same(f"{name} {view}: rows", len(rows) - 1, len(wanted))
    if len(wanted) <= SMALL:
        order = lambda row: [text_of(v) for v in row]  # noqa: E731  (a view has no order)
        different = [(got, want) for got, want in zip(sorted(rows[1:]), sorted(wanted, key=order))
                     if len(got) != len(want) or not all(map(is_same, got, want))]
        plain = all(common.is_plain(v) for row in wanted for v in row if isinstance(v, str))
        claims.hold(f"{name} {view}: values", not different or not plain, str(different[:2]))


def check(arguments, claims, name, trace):
    views = [row[0] for row in common.ask(trace, "SELECT name FROM sqlite_schema WHERE type IN ('view', 'table') "
                                                 "AND name NOT LIKE 'sqlite%'")]
    claims.hold(f"{name}: there are views", len(views) > 60, str(len(views)))
    if name not in ("main.db", "main", "heap", "trace.db"):
        views = ["top", "tree", "functions", "process_list", "messages"]
    for view in views:
        check_view(arguments, claims, name, trace, view)
    for wrong in ("sqlite_schema", "top; SELECT 1", "(SELECT 1)", "", "TOP "):
        done = subprocess.run([f"{arguments.bin}/instr-export", "csv", wrong, trace], capture_output=True, text=True, timeout=60)
        claims.same(f"{name}: {wrong!r} is no view", (done.returncode, done.stdout, bool(re.search("there is no view|which view", done.stderr))),
                    (2, "", True))
