# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# page_queries.py - runs the SQL blocks of a page on traces and prints their answers; says which
# block answers nothing on any of them, for then its query is shown by nothing.
#
#     page_queries.py PAGE.md FILE.db...
import re
import sqlite3
import sys

page = open(sys.argv[1], encoding="utf-8").read()
for block in re.findall(r"^```sql\n(.*?)^```$", page, re.M | re.S):
    print(block, end="")
    answered = False
    for path in sys.argv[2:]:
        db = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
        rows = db.execute(block)
        names = [column[0] for column in rows.description]
        rows = rows.fetchall()
        db.close()
        answered |= bool(rows)
        print(f"  {path}: {'|'.join(names)}")
        for row in rows[:12]:
            print("   ", "|".join("NULL" if value is None else str(value) for value in row))
    print("" if answered else "  NOTHING IS SHOWN BY THIS\n")
