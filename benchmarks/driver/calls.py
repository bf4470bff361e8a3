# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# calls.py - benchmarks of a bare call: what clocks cost (floor), what a traced call pair costs on a
# recursion that does nothing else (pair), what it costs when nothing is recorded (inactive), what the
# drain's loops cost on their own (fold), and what other tools make of the same recursion (peers).
import os
import re
import shutil

from bench import PEERS, Failed, Subject, bytes_below, calls_of, remove
from machine import first_line

# fib(35) has 29,860,703 calls; peers that write 16 to 32 bytes per call get fib(32), 7,049,155.
PAIR_N, PAIR_N_QUICK = 35, 24
PEER_N, PEER_N_QUICK = 32, 20
CLOCK_LOOP, CLOCK_LOOP_QUICK = 20_000_000, 200_000


def clock(bench):
    """Two bare clock reads in a loop: takes part in every run whose figures are held against it."""
    program = bench.compile("clock", ["clock.c"])
    return Subject("clock reads", [program, str(bench.size(CLOCK_LOOP, CLOCK_LOOP_QUICK))])


def floor(bench):
    bench.interleave("floor", [clock(bench)], bench.rounds(15, 3))


def check_count(bench, benchmark, subject):
    """Adds to a traced pair program: its trace holds every call that the program made."""
    def after(metrics):
        seen = calls_of(subject.trace, "fib")
        if seen != metrics["calls"] and not metrics["lost_events"]:
            bench.note(benchmark, f"WRONG: {subject.name} recorded {seen} of {metrics['calls']:.0f} calls")
        metrics["missing_calls"] = metrics["calls"] - seen
    subject.after = after
    return subject


def pair(bench):
    n = str(bench.size(PAIR_N, PAIR_N_QUICK))
    plain = bench.compile("pair", ["pair.c"])
    stamped = bench.compile("pair-clock", ["pair.c"], ["-DPAIR_CLOCK"])
    traced = bench.compile("pair-traced", ["pair.c"], compiler=bench.traced_compiler)
    clock_hooks = bench.stand_in_runtime("clock", ["-DHOOKS_CLOCK"])
    subjects = [
        Subject("untraced", [plain, n]),
        clock(bench),
        Subject("two clock reads, inline", [stamped, n]),
        Subject("two clock reads, in hooks", [traced, n], {"LD_LIBRARY_PATH": clock_hooks}),
        check_count(bench, "pair", bench.traced("traced", [traced, n])),
        check_count(bench, "pair", bench.traced("traced, events=off", [traced, n], "events=off")),
    ]
    bench.interleave("pair", subjects, bench.rounds(15))
    memory = bench.traced("traced", [traced, n])
    bench.sample_memory("pair", memory, bench.rounds(3, 1), 10)


def inactive(bench):
    n = str(bench.size(PAIR_N, PAIR_N_QUICK))
    plain = bench.compile("pair", ["pair.c"])
    traced = bench.compile("pair-traced", ["pair.c"], compiler=bench.traced_compiler)
    empty_hooks = bench.stand_in_runtime("empty")
    bench.interleave("inactive", [
        Subject("untraced", [plain, n]),
        Subject("empty hooks", [traced, n], {"LD_LIBRARY_PATH": empty_hooks}),
        Subject("record=off", [traced, n], {"INSTR_OPTIONS": "record=off"}),
    ], bench.rounds(15))


# The drain's loops alone, on made-up streams; the program takes its own rounds and prints
# "STREAM_METRIC median (best)".
FOLD_LINE = re.compile(r"^([a-z]+)_(\w+) ([0-9.]+)(?: \(([0-9.]+)\))?$", re.M)


def fold(bench):
    command = [bench.tool("tests/bench-fold"), str(bench.size(4096, 64)), str(bench.rounds(9, 3))]
    bench.say("fold: " + " ".join(command[1:]) + " (thousand events, rounds)")
    _, output = bench.run(Subject("fold", command, numbers=False))
    for stream, metric, median, best in FOLD_LINE.findall(output):
        bench.results.add("fold", stream, metric, 0, median)
        if best:
            bench.results.add("fold", stream, metric + "_best", 0, best)


# ---- other tools on the same program ------------------------------------------------------------------


def peers(bench):
    """Apart from pair: they write by the hundred megabytes, which the next in turn would feel."""
    n = str(bench.size(PEER_N, PEER_N_QUICK))
    plain = bench.compile("pair", ["pair.c"])
    traced = bench.compile("pair-traced", ["pair.c"], compiler=bench.traced_compiler)
    subjects = [Subject("untraced", [plain, n]), clock(bench),
                check_count(bench, "peers", bench.traced("traced", [traced, n]))]
    for make in (gprof, xray, uftrace, callgrind):
        try:
            subjects.append(make(bench, n))
        except Failed as failure:
            bench.note("peers", f"{make.__name__} skipped: {failure}")
    versions = [first_line(tool, "--version") for tool in ("uftrace", "valgrind") if shutil.which(tool)]
    bench.results.facts["other tools"] = ", ".join(versions + ["XRay and -pg of the compiler"])
    bench.interleave("peers", subjects, bench.rounds(5, 1))


def need(program, package):
    if not shutil.which(program):
        raise Failed(f"{program} is not installed (Debian: {package})")


def peer_built(bench, name, sources, flags):
    try:
        return bench.compile(name, sources, flags)
    except Failed as failure:
        bench.say(str(failure))
        raise Failed("it cannot be built here") from failure


def leaves(bench, path):
    """What the peer wrote is counted as bytes, then removed."""
    def before():
        remove(path)

    def after(metrics):
        metrics["trace_bytes"] = bytes_below(path) if os.path.exists(path) else 0
        remove(path)
    return {"before": before, "after": after}


def gprof(bench, n):
    program = peer_built(bench, "pair-gprof", ["pair.c"], ["-pg"])
    return Subject("gprof", [program, n], **leaves(bench, bench.path("gmon.out")))


def xray(bench, n):
    program = peer_built(bench, "pair-xray", ["pair.c", os.path.join(PEERS, "xray.c")],
                         ["-fxray-instrument", "-fxray-instruction-threshold=1", "-fxray-modes=xray-fdr"])
    folder = bench.path("xray", "log")

    def before():
        remove(os.path.dirname(folder))
        os.makedirs(os.path.dirname(folder))
    made = leaves(bench, os.path.dirname(folder))
    made["before"] = before
    return Subject("XRay flight recorder", [program, n], {"XRAY_OPTIONS": f"xray_logfile_base={folder}."}, **made)


def uftrace(bench, n):
    need("uftrace", "uftrace")
    program = peer_built(bench, "pair-pg", ["pair.c"], ["-pg"])
    folder = bench.path("uftrace.data")
    return Subject("uftrace", ["uftrace", "record", "--no-libcall", "-d", folder, program, n],
                   **leaves(bench, folder))


def callgrind(bench, n):
    need("valgrind", "valgrind")
    program = bench.compile("pair", ["pair.c"])
    file = bench.path("callgrind.out")
    return Subject("callgrind", ["valgrind", "-q", "--tool=callgrind", f"--callgrind-out-file={file}", program, n],
                   **leaves(bench, file))
