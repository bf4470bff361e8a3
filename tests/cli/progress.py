# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# progress.py BIN SOURCE - a report that takes longer than a second says so on a terminal, on stderr, and takes it back before
# its answer; elsewhere, and where it is quick, it says nothing.
import os
import pty
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
from run import build_trace  # noqa: E402

BIN, SOURCE = sys.argv[1:3]
ROWS = 12000
LONG = ["--sql", f"WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {ROWS})"
        " SELECT sum(length(replace(hex(zeroblob(20000 + i % 2)), '0', 'xy')) > 0) AS numbers FROM n"]
QUICK = ["--sql", f"SELECT {ROWS} AS numbers"]
folder = tempfile.TemporaryDirectory()
TRACE = os.path.join(folder.name, "trace.db")
build_trace(TRACE, "main", SOURCE)
failed = 0


def said(arguments, terminal):
    """stdout, and stderr, which is a terminal or not."""
    ours, theirs = pty.openpty() if terminal else os.pipe()
    p = subprocess.Popen([os.path.join(BIN, "instr-report"), TRACE, "--format", "csv", *arguments], stdout=subprocess.PIPE, stderr=theirs)
    os.close(theirs)
    err = b""
    while True:
        try:
            more = os.read(ours, 4096)
        except OSError:  # a terminal whose other side is closed
            break
        if not more:
            break
        err += more
    out = p.stdout.read()
    return out, err, p.wait()


def check(claim, holds, what):
    global failed
    print(("ok " if holds else "FAILED ") + claim)
    if not holds:
        print("  ", what)
        failed += 1


out, err, status = said(LONG, True)
check("who waits for long is told how long", b"\rinstr-report: reading, 1 s\x1b[K" in err and err.endswith(b"\r\x1b[K"), err)
check("the answer is what it is without", (out, status) == (b"numbers\r\n%d\r\n" % ROWS, 0), (out, status))
check("a pipe is told nothing", said(LONG, False) == (out, b"", 0), said(LONG, False))
check("a quick answer comes by itself", said(QUICK, True) == (out, b"", 0), said(QUICK, True))
sys.exit(failed != 0)
