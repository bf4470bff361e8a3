# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# heap.py - benchmarks of recorded allocations: a pair of malloc and free with nothing beside it and in a
# program that uses its blocks, many living blocks (memory of the drain, time of the reports), a C++ program
# full of containers, and what other tools make of the same programs. Functions are not timed (deny=*) but
# where a name says so: this is about allocations alone.
import os
import shutil
import subprocess

from bench import Failed, Subject, bytes_below
from calls import clock, leaves, need
from machine import first_line
from whole import cxx_of

SLOTS, MOST_BYTES = 256, 1040
LOOP_TURNS, LOOP_TURNS_QUICK = 10_000_000, 100_000
USED_TURNS, USED_TURNS_QUICK = 5_000_000, 50_000
MANY_SLOTS, MANY_TURNS, MANY_TURNS_QUICK = 1_000_000, 100_000_000, 10_000_000
MANY_MOST_BYTES = 240  # 130 MB: the memory of the program is not the subject
PEER_TURNS, PEER_TURNS_QUICK = 1_000_000, 20_000
# Every call is a breakpoint under ltrace: two orders of magnitude slower than the next.
LTRACE_TURNS, LTRACE_TURNS_QUICK = 10_000, 500
CONTAINER_ROUNDS, CONTAINER_ROUNDS_QUICK = 25, 1
CONTAINER_PEER_ROUNDS = 2
MANY_LIMIT_S, MANY_LIMIT_S_QUICK = 150, 60

UNTIMED = "--instr=deny=*"


# ---- what must be true -----------------------------------------------------------------------------------


def check_heap(bench, benchmark, subject):
    """Adds to a traced heap program: its trace has every allocation and the exact peak."""
    def after(metrics):
        if metrics["lost_events"]:
            bench.note(benchmark, f"{subject.name} lost events, so its counts are not compared")
            return
        for seen, true in (("heap_allocs", "true_allocs"), ("heap_bytes", "true_bytes"),
                           ("heap_peak_bytes", "true_peak_bytes")):
            if metrics[seen] != metrics[true]:
                bench.note(benchmark, f"WRONG: {subject.name} has {seen} {metrics[seen]:.0f}, not {metrics[true]:.0f}")
        check_faults(bench, benchmark, subject, metrics)
    subject.after = after
    return subject


def check_faults(bench, benchmark, subject, metrics, sees_all=True):
    """None of the programs frees anything twice or with the wrong function."""
    if metrics["heap_faults"]:
        bench.note(benchmark, f"{'WRONG: ' if sees_all else ''}{subject.name} reports wrong frees, "
                              "and the program makes none")


def check_results(bench, benchmark):
    """Whatever a program ran under, it came to the same result."""
    results = {value for subject in bench.results.subjects(benchmark)
               for value in bench.results.rounds(benchmark, subject, "result").values()}
    if len(results) > 1:
        bench.note(benchmark, "WRONG: the variants do not have the same result")


# ---- a pair ------------------------------------------------------------------------------------------------


def heap(bench):
    plain = bench.compile("heap", ["heap.c"])
    traced = bench.compile("heap-traced", ["heap.c"], [UNTIMED], compiler=bench.traced_compiler)
    clock_hooks = bench.stand_in_runtime("clock", ["-DHOOKS_CLOCK"])
    for benchmark, turns, touch in (("heap", bench.size(LOOP_TURNS, LOOP_TURNS_QUICK), []),
                                    ("heap used", bench.size(USED_TURNS, USED_TURNS_QUICK), ["touch"])):
        arguments = [str(turns), str(SLOTS), str(MOST_BYTES), *touch]
        bench.interleave(benchmark, [
            Subject("untraced", [plain, *arguments]),
            clock(bench),
            Subject("two clock reads, in hooks", [traced, *arguments], {"LD_LIBRARY_PATH": clock_hooks}),
            check_heap(bench, benchmark, bench.traced("traced", [traced, *arguments])),
            bench.traced("traced, heap=off", [traced, *arguments], "heap=off"),
        ], bench.rounds(7))
        check_results(bench, benchmark)
    heap_peers(bench, plain, traced)
    many(bench, plain, traced)


def many(bench, plain, traced):
    """One round: what counts here is memory and loss. The blocks stay alive, for the reports."""
    arguments = [str(bench.size(MANY_TURNS, MANY_TURNS_QUICK)), str(MANY_SLOTS), str(MANY_MOST_BYTES)]
    limit_s = bench.size(MANY_LIMIT_S, MANY_LIMIT_S_QUICK)
    subject = check_heap(bench, "heap many", bench.traced("traced", [traced, *arguments], limit_s=limit_s))
    bench.interleave("heap many", [Subject("untraced", [plain, *arguments]), subject], bench.rounds(1, 1))
    bench.results.add("heap many", "traced", "slots", 0, MANY_SLOTS)
    if not bench.results.rounds("heap many", "traced", "events"):
        return
    report = bench.tool("bin/instr-report")
    bench.interleave("heap many report", [Subject(mode, [report, mode, subject.trace], numbers=False)
                                          for mode in ("--allocs", "--leaks", "--peak")], bench.rounds(10))


# ---- containers --------------------------------------------------------------------------------------------


def compile_cxx(bench, name, flags=(), compiler=None):
    return bench.compile(name, ["containers.cc"], ["-std=c++17", *flags], cxx_of(compiler or bench.compiler))


def containers(bench):
    def built(name, *flags):
        return compile_cxx(bench, name, flags, bench.traced_compiler)

    plain = compile_cxx(bench, "containers")
    on, every = built("containers-on", UNTIMED), built("containers-all", UNTIMED, "--instr=heap=all")
    timed, timed_every = built("containers-timed"), built("containers-timed-all", "--instr=heap=all")
    rounds = str(bench.size(CONTAINER_ROUNDS, CONTAINER_ROUNDS_QUICK))

    def traced(name, program, options=""):
        subject = bench.traced(name, [program, rounds], options)

        def after(metrics):
            check_faults(bench, "containers", subject, metrics, "heap=on" not in name)
        subject.after = after
        return subject

    bench.interleave("containers", [
        Subject("untraced", [plain, rounds]),
        clock(bench),
        traced("heap=on", on),
        traced("heap=all", every),
        traced("heap=off", every, "heap=off"),
        traced("functions timed, heap=off", timed_every, "heap=off"),
        traced("functions timed, heap=on", timed),
        traced("functions timed, heap=all", timed_every),
    ], bench.rounds(5))
    check_results(bench, "containers")
    container_peers(bench, plain, every)


# ---- other tools -------------------------------------------------------------------------------------------


def heap_peers(bench, plain, traced):
    def command(program, turns):
        return [program, str(turns), str(SLOTS), str(MOST_BYTES)]

    turns = bench.size(PEER_TURNS, PEER_TURNS_QUICK)
    run_peers(bench, "heap peers", command(plain, turns),
              [check_heap(bench, "heap peers", bench.traced("traced", command(traced, turns)))],
              [(make, command(plain, turns)) for make in PEERS] +
              [(ltrace, command(plain, bench.size(LTRACE_TURNS, LTRACE_TURNS_QUICK)))])


def container_peers(bench, plain, every):
    rounds = str(bench.size(CONTAINER_PEER_ROUNDS, 1))
    run_peers(bench, "containers peers", [plain, rounds], [bench.traced("traced", [every, rounds])],
              [(make, [plain, rounds]) for make in PEERS])


def run_peers(bench, benchmark, plain, own, makers):
    subjects = [Subject("untraced", plain), clock(bench), *own]
    for make, command in makers:
        try:
            subjects += make(bench, command)
        except Failed as failure:
            bench.note(benchmark, f"{make.__name__} skipped: {failure}")
    found = [first_line(tool, "--version") for tool in ("heaptrack", "uftrace", "valgrind", "ltrace") if shutil.which(tool)]
    found += [name for name in (TCMALLOC, JEMALLOC) if preloads(bench, name)]
    bench.results.facts["other heap tools"] = ", ".join(found) or "none"
    bench.interleave(benchmark, subjects, bench.rounds(3, 1))
    check_results(bench, benchmark)


def heaptrack(bench, command):
    """What it records only: older ones have no option for that, and without a display open no window."""
    need("heaptrack", "heaptrack")
    usage = subprocess.run(["heaptrack", "--help"], capture_output=True, text=True, check=False)
    only = ["--record-only"] if "--record-only" in usage.stdout + usage.stderr else []
    folder = fresh_folder(bench, "heaptrack")
    return [Subject("heaptrack", ["heaptrack", *only, "-o", os.path.join(folder, "record"), *command],
                    {"DISPLAY": "", "WAYLAND_DISPLAY": ""}, **leaves_in(folder))]


def dhat(bench, command):
    need("valgrind", "valgrind")
    file = bench.path("dhat.out")
    return [Subject("valgrind dhat", ["valgrind", "-q", "--tool=dhat", f"--dhat-out-file={file}", *command],
                    **leaves(bench, file))]


def uftrace(bench, command):
    """Times all calls of libraries, malloc and free among them, of a program as it is."""
    need("uftrace", "uftrace")
    folder = bench.path("uftrace-heap.data")
    return [Subject("uftrace, library calls", ["uftrace", "record", "--force", "-d", folder, *command],
                    **leaves(bench, folder))]


def ltrace(bench, command):
    need("ltrace", "ltrace")
    file = bench.path("ltrace.out")
    return [Subject("ltrace", ["ltrace", "-e", "malloc+free", "-o", file, *command], **leaves(bench, file))]


TCMALLOC, JEMALLOC = "libtcmalloc.so.4", "libjemalloc.so.2"


def preloads(bench, library, settings=None):
    """Whether the loader finds a library, and the library has nothing to say about its settings."""
    done = subprocess.run(["/bin/true"], env=bench.environment({"LD_PRELOAD": library, **(settings or {})}),
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    return done.returncode == 0 and not done.stderr


def gperftools(bench, command):
    if not preloads(bench, TCMALLOC):
        raise Failed(f"{TCMALLOC} is not installed (Debian: libgoogle-perftools4)")
    folder = fresh_folder(bench, "gperftools")
    return [Subject("untraced, tcmalloc", command, {"LD_PRELOAD": TCMALLOC}),
            Subject("gperftools heap profiler", command,
                    {"LD_PRELOAD": TCMALLOC, "HEAPPROFILE": os.path.join(folder, "profile")}, **leaves_in(folder))]


def jemalloc(bench, command):
    if not preloads(bench, JEMALLOC):
        raise Failed(f"{JEMALLOC} is not installed (Debian: libjemalloc2)")
    folder = fresh_folder(bench, "jemalloc")
    settings = {"MALLOC_CONF": f"prof:true,lg_prof_sample:0,prof_final:true,prof_prefix:{folder}/profile"}
    if not preloads(bench, JEMALLOC, settings):
        raise Failed(f"{JEMALLOC} was built without profiling")
    return [Subject("untraced, jemalloc", command, {"LD_PRELOAD": JEMALLOC}),
            Subject("jemalloc, every allocation", command, {"LD_PRELOAD": JEMALLOC, **settings}, **leaves_in(folder))]


PEERS = (heaptrack, dhat, uftrace, gperftools, jemalloc)


def fresh_folder(bench, name):
    return os.path.dirname(bench.path("peers", name, "x"))


def leaves_in(folder):
    """Like leaves, of a tool that gives its files names of its own and does not make the folder."""
    def before():
        shutil.rmtree(folder, ignore_errors=True)
        os.makedirs(folder)

    def after(metrics):
        metrics["trace_bytes"] = bytes_below(folder)
        shutil.rmtree(folder)
    return {"before": before, "after": after}
