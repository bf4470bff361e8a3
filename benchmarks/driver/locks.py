# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# locks.py - benchmarks of recorded locks and calls that block: a lock that nobody else wants, one that threads
# want from each other, a pair of system calls, and what other tools make of the same programs. Functions are not
# timed (deny=*): this is about locks and calls alone.
import os
import shutil

from bench import PEERS, ROOT, Failed, Subject
from calls import clock, leaves, need
from heap import UNTIMED, fresh_folder, leaves_in, preloads
from machine import first_line

# A step of work is about 0.7 ns: 100 ns beside a lock; 200 ns with it, and 1 µs without.
BESIDE_STEPS, HELD_STEPS, OUTSIDE_STEPS = 150, 300, 1500
PAIR_TURNS, PAIR_TURNS_QUICK = 5_000_000, 50_000
BESIDE_TURNS, BESIDE_TURNS_QUICK = 2_000_000, 20_000
THREADS = (2, 4, 8, 16)
TEAM_TURNS, TEAM_TURNS_QUICK = 600_000, 8_000
PINGPONG_TURNS, PINGPONG_TURNS_QUICK = 30_000, 1_000
PIPE_TURNS, PIPE_TURNS_QUICK = 300_000, 5_000
PREAD_TURNS, PREAD_TURNS_QUICK = 500_000, 5_000
PEER_TURNS, PEER_TURNS_QUICK = 500_000, 10_000
PEER_THREADS = 4
TEAM_ROUNDS_LEAST = 5  # a ratio of two runs of threads needs that many

COUNTER = os.path.join(ROOT, "tests/e2e/runtime/programs/count_locks.c")


# ---- what must be true -----------------------------------------------------------------------------------


def check_locks(bench, benchmark, subject):
    """Adds to a traced program: its trace has every acquisition and every call."""
    def after(metrics):
        if metrics["lost_events"]:
            bench.note(benchmark, f"{subject.name} lost events, so its counts are not compared")
            return
        for seen, true in (("lock_acquisitions", "true_acquisitions"), ("block_calls", "true_calls")):
            if metrics[seen] != metrics[true]:
                bench.note(benchmark, f"WRONG: {subject.name} has {seen} {metrics[seen]:.0f}, not {metrics[true]:.0f}")
    subject.after = after
    return subject


class Programs:
    """locks.c, untraced and traced, with the arguments of a benchmark."""
    def __init__(self, bench):
        self.bench = bench
        self.plain = bench.compile("locks", ["locks.c"], ["-pthread"])
        self.traced = bench.compile("locks-traced", ["locks.c"], ["-pthread", UNTIMED], compiler=bench.traced_compiler)

    def untraced_subject(self, arguments, name="untraced"):
        return Subject(name, [self.plain, *arguments])

    def traced_subject(self, benchmark, arguments):
        return check_locks(self.bench, benchmark, self.bench.traced("traced", [self.traced, *arguments]))

    def off_subject(self, arguments, option):
        return self.bench.traced(f"traced, {option}", [self.traced, *arguments], option)

    def clock_subject(self, arguments):
        hooks = self.bench.stand_in_runtime("clock", ["-DHOOKS_CLOCK"])
        return Subject("two clock reads, in hooks", [self.traced, *arguments], {"LD_LIBRARY_PATH": hooks})


# ---- locks -------------------------------------------------------------------------------------------------


def locks(bench):
    programs = Programs(bench)
    for benchmark, turns, steps in (("locks", bench.size(PAIR_TURNS, PAIR_TURNS_QUICK), 0),
                                    ("locks used", bench.size(BESIDE_TURNS, BESIDE_TURNS_QUICK), BESIDE_STEPS)):
        arguments = ["pair", str(turns), str(steps)]
        bench.interleave(benchmark, [
            programs.untraced_subject(arguments),
            clock(bench),
            programs.clock_subject(arguments),
            programs.traced_subject(benchmark, arguments),
            programs.off_subject(arguments, "lock=off"),
        ], bench.rounds(7))
    teams(bench, programs)
    peers(bench, programs)


def teams(bench, programs):
    """The untraced one twice: what two runs of the same differ by is what a ratio is worth."""
    turns = str(bench.size(TEAM_TURNS, TEAM_TURNS_QUICK))
    work = [str(HELD_STEPS), str(OUTSIDE_STEPS)]
    shapes = [(f"mutex {threads}", ["mutex", str(threads), turns, *work]) for threads in THREADS]
    shapes.append(("read 4", ["read", "4", turns, *work]))
    shapes.append(("pingpong 2", ["pingpong", str(bench.size(PINGPONG_TURNS, PINGPONG_TURNS_QUICK))]))
    rounds = bench.rounds(5) if bench.quick else max(bench.rounds(5), TEAM_ROUNDS_LEAST)
    for benchmark, arguments in shapes:
        bench.interleave(benchmark, [
            programs.untraced_subject(arguments),
            programs.traced_subject(benchmark, arguments),
            programs.untraced_subject(arguments, "untraced again"),
        ], rounds)


# ---- calls that may block ----------------------------------------------------------------------------------


def blocks(bench):
    programs = Programs(bench)
    for benchmark, arguments in (
            ("pipe", ["pipe", str(bench.size(PIPE_TURNS, PIPE_TURNS_QUICK))]),
            ("pread", ["pread", str(bench.size(PREAD_TURNS, PREAD_TURNS_QUICK)), programs.plain])):
        bench.interleave(benchmark, [
            programs.untraced_subject(arguments),
            clock(bench),
            programs.clock_subject(arguments),
            programs.traced_subject(benchmark, arguments),
            programs.off_subject(arguments, "block=off"),
        ], bench.rounds(7))


# ---- other tools -------------------------------------------------------------------------------------------


def peers(bench, programs):
    """A lock that nobody else wants, and one that threads do."""
    turns = str(bench.size(PEER_TURNS, PEER_TURNS_QUICK))
    for benchmark, arguments in (
            ("lock peers", ["pair", turns, "0"]),
            ("lock team peers", ["mutex", str(PEER_THREADS), turns, str(HELD_STEPS), str(OUTSIDE_STEPS)])):
        command = [programs.plain, *arguments]
        subjects = [programs.untraced_subject(arguments), clock(bench), programs.traced_subject(benchmark, arguments)]
        for make in TOOLS:
            try:
                subjects.append(make(bench, command))
            except Failed as failure:
                bench.note(benchmark, f"{make.__name__} skipped: {failure}")
        bench.interleave(benchmark, subjects, bench.rounds(2, 1))
    versions = [first_line(tool, "--version") for tool in ("perf", "lttng", "uftrace", "mutrace") if shutil.which(tool)]
    bench.results.facts["other lock tools"] = ", ".join(v for v in versions if v) or "none"


def counter(bench, command):
    """A preloaded library that does nothing but count: the least that any such library costs."""
    library = bench.compile("count_locks.so", [COUNTER], ["-shared", "-fPIC", "-ldl"])
    file = bench.path("count_locks.out")
    made = leaves(bench, file)

    def after(metrics):
        with open(file) as counts:
            locked, _, unlocked = (int(word) for word in counts.readline().split())
        made["after"](metrics)
        if not locked == unlocked == metrics["true_acquisitions"]:
            bench.note("lock peers", f"WRONG: a preloaded library counts {locked} locks and {unlocked} unlocks of "
                                     f"{metrics['true_acquisitions']:.0f}")
    # By env: else it would count what starts the program as well, which ends later.
    return Subject("preloaded counter", ["env", f"LD_PRELOAD={library}", f"COUNT_LOCKS={file}", *command],
                   before=made["before"], after=after)


def lttng(bench, command):
    need("lttng", "lttng-tools")
    need("lttng-sessiond", "lttng-tools")
    wrapper = "liblttng-ust-pthread-wrapper.so"
    if not preloads(bench, wrapper):
        raise Failed(f"{wrapper} is not installed (Debian: liblttng-ust-dev)")
    folder = fresh_folder(bench, "lttng")
    return Subject("lttng-ust, pthread wrapper", [os.path.join(PEERS, "lttng.sh"), folder, *command], limit_s=60,
                   **leaves_in(folder))


def can_record(bench, options):
    """Whether perf can record that here; if not, says why."""
    need("perf", "linux-perf")
    file = bench.path("perf.try")
    try:
        bench.run_quietly(["perf", *options, "-o", file, "--", "true"])
    except Failed as failure:
        bench.say(str(failure))
        raise Failed(f"'perf {' '.join(options[:2])}' cannot record here (tracepoints or rights)") from failure


def perf_lock(bench, command):
    """Locks of the kernel, waits for which it sees wherever they are; it knows nothing of a mutex that is free."""
    options = ["lock", "record"]
    can_record(bench, options)
    file = bench.path("perf-lock.data")
    return Subject("perf lock record", ["perf", *options, "-o", file, "--", *command], **leaves(bench, file))


def perf_futex(bench, command):
    """Each futex call, with its stack: what of a lock of the program comes to the kernel."""
    options = ["record", "-q", "-e", "syscalls:sys_enter_futex,syscalls:sys_exit_futex", "-c", "1", "-g"]
    can_record(bench, options)
    file = bench.path("perf-futex.data")
    return Subject("perf record, futex calls", ["perf", *options, "-o", file, "--", *command], **leaves(bench, file))


def uftrace(bench, command):
    """Times all calls of libraries, of a program as it is."""
    need("uftrace", "uftrace")
    folder = bench.path("uftrace-locks.data")
    return Subject("uftrace, library calls", ["uftrace", "record", "--force", "-d", folder, *command],
                   **leaves(bench, folder))


def mutrace(bench, command):
    need("mutrace", "mutrace")
    return Subject("mutrace", ["mutrace", "--hash-size=1009", *command])


TOOLS = (counter, lttng, perf_futex, perf_lock, uftrace, mutrace)
