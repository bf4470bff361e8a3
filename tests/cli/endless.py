# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# endless.py - a small file with tables of 10^20 rows: a b-tree whose interior pages all point at the
# same child, nine levels deep.
#
#     endless.py FROM.db TO.db TABLE...
import sqlite3
import struct
import sys

source, target, tables = sys.argv[1], sys.argv[2], sys.argv[3:]
LEVELS, CELLS = 9, 200
db = sqlite3.connect(source)
page_bytes, = db.execute("PRAGMA page_size").fetchone()
roots = [db.execute("SELECT rootpage FROM sqlite_schema WHERE name = ?", (table,)).fetchone()[0] for table in tables]
db.close()
data = bytearray(open(source, "rb").read())
first = len(data) // page_bytes + 1


def interior(child):
    page = bytearray(page_bytes)
    cells = [struct.pack(">I", child) + bytes([i % 127 + 1]) for i in range(CELLS)]
    at = page_bytes
    for i, cell in enumerate(cells):
        at -= len(cell)
        page[at:at + len(cell)] = cell
        struct.pack_into(">H", page, 12 + 2 * i, at)
    struct.pack_into(">BHHHBI", page, 0, 5, 0, CELLS, at, 0, child)
    return page


for root in roots:
    leaf = bytes(data[(root - 1) * page_bytes:root * page_bytes])
    data += leaf
    child = len(data) // page_bytes
    for _ in range(LEVELS - 1):
        data += interior(child)
        child = len(data) // page_bytes
    data[(root - 1) * page_bytes:root * page_bytes] = interior(child)
struct.pack_into(">I", data, 28, len(data) // page_bytes)
open(target, "wb").write(data)
