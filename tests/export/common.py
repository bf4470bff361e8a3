# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# common.py - what the checks of exports share: traces, what SQL says of them, the tool's answer, claims.
import os
import sqlite3
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "cli"))
import run  # noqa: E402  (makes traces of tests/cli/traces)

# Stored traces that are whole, whatever else they are.
STORED = ["main", "processes", "heap", "waiting", "locks", "blocks", "creators", "names", "deep", "troubled", "empty"]

# --value of the exports by calling context, and the same by the documented views.
VALUES = {
    "time": "SELECT context_id, self_ns FROM tree",
    "calls": "SELECT context_id, calls FROM tree",
    "alloc_bytes": "SELECT context_id, sum(bytes) FROM heap_contexts WHERE kind = 'heap' GROUP BY context_id",
    "live_bytes": "SELECT context_id, sum(live_bytes) FROM heap_contexts WHERE kind = 'heap' GROUP BY context_id",
    "lock": "SELECT context_id, sum(wait_ns) FROM lock_contexts GROUP BY context_id",
    "blocked": "SELECT context_id, sum(blocked_ns) FROM block_contexts WHERE NOT idle GROUP BY context_id",
}


class Claims:
    def __init__(self):
        self.passed = self.failed = 0

    def hold(self, name, holds, why=""):
        """One claim about one trace; why is said if it does not hold."""
        if holds:
            self.passed += 1
        else:
            self.failed += 1
            print(f"FAILED {name}{': ' if why else ''}{why}")

    def same(self, name, got, wanted):
        self.hold(name, got == wanted, f"{str(got)[:1500]} is not {str(wanted)[:1500]}")

    def finish(self):
        print(f"{self.passed} passed, {self.failed} failed")
        return 0 if self.passed and not self.failed else 1


def traces(arguments, folder):
    """The stored traces, made in folder, and those given as paths: name, path."""
    for name in STORED:
        path = os.path.join(folder, name + ".db")
        run.build_trace(path, name, arguments.source)
        yield name, path
    for path in arguments.traces:
        yield os.path.basename(path), path


def ask(trace, query):
    db = sqlite3.connect(f"file:{trace}?mode=ro", uri=True)
    db.text_factory = lambda text: text.decode("utf-8", errors="replace")
    rows = db.execute(query).fetchall()
    db.close()
    return rows


def paths(trace):
    """Names of the functions of each calling context, outermost first; a context that is no call is "(no function)"."""
    found = {}
    for context, parent, name in ask(trace, "SELECT context_id, parent_id, name FROM contexts LEFT JOIN functions USING (function_id)"
                                            " ORDER BY context_id"):
        if parent is None:
            found[context] = []
        else:
            found[context] = found[parent] + [name or "(no name)"]
    return {context: path or ["(no function)"] for context, path in found.items()}


def export(arguments, *words, binary=False):
    answer = subprocess.run([os.path.join(arguments.bin, "instr-export"), *words], stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120)
    if answer.returncode:
        raise SystemExit(f"instr-export {' '.join(words)} ended with {answer.returncode}: {answer.stderr.decode()}")
    return answer.stdout if binary else answer.stdout.decode("utf-8", errors="strict")


def is_plain(name):
    """Nothing in it has to be changed to be printed."""
    return all(32 <= ord(c) < 127 for c in name)
