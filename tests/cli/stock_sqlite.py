# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# stock_sqlite.py - an SQLite program that is not ours: runs SQL from stdin on a file.
#
#     stock_sqlite.py FILE              prints the rows as CSV with a header line
#     stock_sqlite.py --change FILE     changes the file, its schema included, whatever it is
import csv
import sqlite3
import sys


def main():
    change = sys.argv[1] == "--change"
    text = sys.stdin.read()
    db = sqlite3.connect(sys.argv[2] if change else sys.argv[1], isolation_level=None)
    if change:
        db.execute("PRAGMA writable_schema = ON")
        db.executescript(text)
        db.close()
        return
    out = csv.writer(sys.stdout, lineterminator="\r\n")
    statement = ""
    for line in text.splitlines(True):
        statement += line
        if sqlite3.complete_statement(statement):
            rows = db.execute(statement)
            out.writerow([column[0] for column in rows.description])
            out.writerows(rows)
            statement = ""
    if statement.strip():
        sys.exit("not a whole statement: " + statement)


main()
