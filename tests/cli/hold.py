# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# hold.py - puts a trace into the state that another program would leave it in, and runs a command.
#
#     hold.py STATE FILE COMMAND...
#
# live     a connection is open in WAL mode; its last commit is in the -wal, a transaction is open
# killed   the same, but the writer is gone: -wal and -shm lie beside
# wal      the file is in WAL mode, no -wal beside it
# lock     a connection keeps the file locked for writers and readers
import os
import shutil
import sqlite3
import subprocess
import sys

state, path, command = sys.argv[1], sys.argv[2], sys.argv[3:]
db = sqlite3.connect(path, isolation_level=None)
if state == "lock":
    db.execute("PRAGMA locking_mode = EXCLUSIVE")
    db.execute("BEGIN EXCLUSIVE")
    sys.exit(subprocess.run(command).returncode and 0)
db.execute("PRAGMA journal_mode = WAL")
if state == "wal":
    db.close()
    sys.exit(subprocess.run(command).returncode)
db.execute("UPDATE run SET value = 'recording' WHERE key = 'state'")
db.execute("UPDATE function_totals SET calls = 777 WHERE function_id = 3")
if state == "killed":
    for suffix in ("", "-wal"):
        shutil.copyfile(path + suffix, path + ".copy" + suffix)
    db.close()
    for suffix in ("", "-wal"):
        os.rename(path + ".copy" + suffix, path + suffix)
    subprocess.run(command)
    print("beside it:", *sorted(f for f in os.listdir(".") if f.startswith(path)))
    sys.exit(0)
db.execute("BEGIN IMMEDIATE")
db.execute("UPDATE function_totals SET calls = 888 WHERE function_id = 3")
subprocess.run(command)
db.execute("ROLLBACK")
db.close()
print("beside it:", *sorted(f for f in os.listdir(".") if f.startswith(path)))
