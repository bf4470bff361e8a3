#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# run.py - golden tests of the command-line tools: cases/NAME.sh beside expected/NAME.txt.
#
#     run.py --bin DIR [--source DIR] [--renew] [CASE...]
#
# A case is a shell script that runs commands through the functions of prelude.sh, which print the
# command, what it says and how it ends. It runs in a folder of its own, where the traces that its
# line "# traces: A B" names lie as A.db, B.db (made from schema.sql, views.sql and traces/A.sql; a
# single one also as trace.db). What differs from machine to machine is normalised; --renew writes what was
# said as what is expected.
import argparse
import difflib
import os
import re
import shutil
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
import empty_trace  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
CASE_SECONDS = 120


def build_trace(path, name, source):
    """A trace.db from the schema and traces/NAME.sql."""
    db = empty_trace.create(path, source)
    with open(os.path.join(HERE, "traces", name + ".sql")) as text:
        db.executescript(text.read())
    db.close()


def normalise(text):
    """What no two builds or machines agree on."""
    for pattern, replacement in (
            (rb"^(instr-\w+) [0-9.]+ \(schema", rb"\1 VERSION (schema"),
            (rb"SQLite [0-9.]+", rb"SQLite X.Y.Z"),
            (rb"^(\S+\.db): [0-9.]+ (?:[KMG]iB|bytes)(, [0-9.]+ bytes per event kept)?$", rb"\1: SIZE\2"),
            (rb", [0-9.]+ bytes per event kept$", rb", N bytes per event kept"),
            (rb"\r\n", rb"<CR>\n")):
        text = re.sub(pattern, replacement, text, flags=re.M)
    return text.decode("utf-8", errors="backslashreplace")


def run_case(name, arguments, traces):
    script = os.path.join(HERE, "cases", name + ".sh")
    head = open(script).read()
    wanted = re.search(r"^# traces:(.*)$", head, re.M)
    wanted = wanted.group(1).split() if wanted else []
    scratch = tempfile.mkdtemp(prefix="cli-")
    os.chmod(scratch, 0o755)  # some commands run as another user
    try:
        for trace in wanted:
            if trace not in traces:
                traces[trace] = os.path.join(traces["folder"], trace + ".db")
                build_trace(traces[trace], trace, arguments.source)
            shutil.copyfile(traces[trace], os.path.join(scratch, trace + ".db"))
        if len(wanted) == 1 and wanted != ["trace"]:
            shutil.copyfile(os.path.join(scratch, wanted[0] + ".db"), os.path.join(scratch, "trace.db"))
        environment = {key: value for key, value in os.environ.items()
                       if not key.startswith("INSTR_") and key not in ("PAGER", "NO_COLOR", "COLUMNS", "LESS")}
        environment.update(PATH=arguments.bin + ":" + os.environ["PATH"], LC_ALL="C.UTF-8", TZ="UTC0", TERM="xterm",
                           COLUMNS="100", TESTS=HERE, SOURCE=arguments.source, PYTHON=sys.executable)
        answer = subprocess.run(["sh", "-c", '. "$TESTS/prelude.sh"; . "$TESTS/cases/$1.sh"', "sh", name], cwd=scratch,
                                env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, timeout=CASE_SECONDS)
        text = normalise(answer.stdout.replace(scratch.encode(), b"SCRATCH"))
        return text + (f"[the case ended with {answer.returncode}]\n" if answer.returncode else "")
    except subprocess.TimeoutExpired as late:
        return normalise(late.stdout or b"") + f"[the case took more than {CASE_SECONDS} s]\n"
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def main():
    parser = argparse.ArgumentParser(description="Golden tests of the command-line tools.")
    parser.add_argument("--bin", required=True, help="folder of the programs")
    parser.add_argument("--source", default=os.path.join(HERE, "..", ".."), help="the source tree")
    parser.add_argument("--renew", action="store_true", help="write what is expected")
    parser.add_argument("cases", nargs="*", metavar="CASE")
    arguments = parser.parse_args()
    arguments.bin = os.path.abspath(arguments.bin)
    arguments.source = os.path.abspath(arguments.source)

    every = sorted(f[:-3] for f in os.listdir(os.path.join(HERE, "cases")) if f.endswith(".sh"))
    failed = 0
    with tempfile.TemporaryDirectory(prefix="cli-traces-") as folder:
        traces = {"folder": folder}
        for name in arguments.cases or every:
            if name not in every:
                parser.error(f"there is no case {name}")
            said = run_case(name, arguments, traces)
            path = os.path.join(HERE, "expected", name + ".txt")
            expected = open(path, encoding="utf-8", newline="").read() if os.path.exists(path) else ""
            if arguments.renew and said != expected:
                with open(path, "w", encoding="utf-8", newline="") as f:
                    f.write(said)
                print(f"renewed {name}")
            elif said != expected:
                failed += 1
                print(f"FAILED {name}")
                sys.stdout.writelines(difflib.unified_diff(expected.splitlines(True), said.splitlines(True),
                                                           "expected/" + name + ".txt", "said"))
            else:
                print(f"ok {name}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
