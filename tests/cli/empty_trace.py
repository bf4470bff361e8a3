# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# empty_trace.py - what tests that make traces share: a trace.db with all tables and views and nothing in them.
import os
import sqlite3

HERE = os.path.dirname(os.path.abspath(__file__))
SOURCE = os.environ.get("SOURCE", os.path.join(HERE, "..", ".."))
APPLICATION_ID = 0x696E7374


def create(path, source=SOURCE):
    """Of a file that is not there; the connection is the caller's."""
    db = sqlite3.connect(path)
    db.execute("PRAGMA page_size = 4096")
    db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    db.execute("PRAGMA user_version = 1")
    for name in ("schema.sql", "views.sql"):
        with open(os.path.join(source, "runtime", "store", name)) as text:
            db.executescript(text.read())
    return db


def varint(number):
    """As docs/format.md has it."""
    out = bytearray()
    while number >= 0x80:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes(out) + bytes([number])
