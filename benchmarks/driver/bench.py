# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# bench.py - what every benchmark uses: building a variant, running it under measure.c, reading what
# its trace says, and running several variants in turns (A B C, B C A, ...).
import os
import shutil
import sqlite3
import subprocess
import sys
from dataclasses import dataclass, field
from typing import Callable, Optional

ROOT = os.path.normpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../.."))
MICRO = os.path.join(ROOT, "benchmarks/micro")
PEERS = os.path.join(ROOT, "benchmarks/peers")


class Failed(Exception):
    """A benchmark cannot go on; the text is a sentence."""


class Skipped(Exception):
    """Something optional is missing; the text says what."""


@dataclass
class Subject:
    """One variant of a benchmark: a command, and what belongs to it."""
    name: str
    command: list
    environment: dict = field(default_factory=dict)
    trace: Optional[str] = None        # the trace that it writes
    same_output: bool = False          # prints what the first subject that says so prints
    numbers: bool = True               # what it prints is "name value" lines, each a metric
    limit_s: int = 0                   # ended after that; 0: measure.c's own limit
    before: Optional[Callable] = None  # called before each round
    after: Optional[Callable] = None   # called with the metrics after each round, may add some


class Bench:
    def __init__(self, build, scratch, results, quick, compiler, rounds):
        self.build, self.scratch, self.results = build, scratch, results
        self.quick, self.compiler = quick, compiler
        self.fixed_rounds = rounds
        self.measure_program = self.tool("tests/bench-measure")

    def tool(self, name):
        path = os.path.join(self.build, name)
        if not os.access(path, os.X_OK):
            raise Failed(f"{path} is missing; build first (./run build)")
        return path

    def path(self, *parts):
        path = os.path.join(self.scratch, *parts)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        return path

    def rounds(self, full, quick=2):
        """How many rounds a benchmark takes."""
        return self.fixed_rounds or (quick if self.quick else full)

    def size(self, full, quick):
        """How much work one round is."""
        return quick if self.quick else full

    def say(self, text):
        print(text, file=sys.stderr, flush=True)

    def note(self, benchmark, text):
        """Says it all, and keeps the first line, without the paths of this machine."""
        self.say(f"{benchmark}: {text}")
        line = str(text).splitlines()[0]
        for path, name in ((self.scratch, "SCRATCH"), (self.build, "build"), (ROOT, ".")):
            line = line.replace(path, name)
        self.results.note(benchmark, line)

    # ---- building --------------------------------------------------------------------------------

    def environment(self, more=None):
        """The caller's, without settings of instr: a benchmark says itself what it runs with."""
        kept = {k: v for k, v in os.environ.items() if not k.startswith("INSTR_")}
        kept["INSTR_CLANG"] = self.compiler
        kept.update(more or {})
        return kept

    @property
    def traced_compiler(self):
        return self.tool("bin/instr-clang")

    def run_quietly(self, command, environment=None, cwd=None):
        done = subprocess.run(command, env=self.environment(environment), cwd=cwd or self.scratch,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True, errors="replace", check=False)
        if done.returncode == 77:
            raise Skipped(done.stdout.strip().splitlines()[-1].removeprefix("SKIP: "))
        if done.returncode != 0:
            raise Failed(f"this failed: {' '.join(command)}\n{done.stdout}")

    def compile(self, name, sources, flags=(), compiler=None):
        out = self.path("bin", name)
        sources = [s if os.path.isabs(s) else os.path.join(MICRO, s) for s in sources]
        self.run_quietly([compiler or self.compiler, "-O2", "-g", *flags, f"-I{MICRO}", *sources, "-o", out])
        return out

    def stand_in_runtime(self, name, flags=()):
        """A folder with a libinstr_rt.so made of micro/hooks.S: LD_LIBRARY_PATH=FOLDER makes a
        traced program call these hooks instead of ours."""
        out = self.path("runtime", name, "libinstr_rt.so")
        self.run_quietly([self.compiler, "-shared", "-nostdlib", "-Wl,-soname,libinstr_rt.so", "-Wl,-z,now",
                          *flags, os.path.join(MICRO, "hooks.S"), "-o", out])
        return os.path.dirname(out)

    # ---- running ---------------------------------------------------------------------------------

    def traced(self, name, command, options="", **more):
        """A subject that records into a trace of its own."""
        trace = self.path("traces", name.replace(" ", "-").replace("=", "-") + ".db")
        settings = f"out='{trace}'" + (f":{options}" if options else "")
        return Subject(name, command, {"INSTR_OPTIONS": settings}, trace=trace, **more)

    def run(self, subject, sample_ms=0):
        """Runs a subject once. Its metrics: those of measure.c, of what it prints, of its trace."""
        cost_file, output_file = self.path("cost"), self.path("output")
        for file in (cost_file, output_file, *(trace_files(subject.trace) if subject.trace else ())):
            if os.path.exists(file):
                os.unlink(file)
        if subject.before:
            subject.before()
        command = [self.measure_program, "-o", cost_file]
        if sample_ms:
            command += ["-s", str(sample_ms)]
        if subject.limit_s:
            command += ["-t", str(subject.limit_s)]
        with open(output_file, "wb") as output:
            subprocess.run(command + ["--"] + subject.command, env=self.environment(subject.environment),
                           cwd=self.scratch, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
                           check=False)
        with open(output_file, errors="replace") as file:
            output = file.read()
        with open(cost_file) as file:
            metrics = numbers_of(file.read())
        if metrics.pop("status", -1) != 0:
            raise Failed(f"{subject.name}: this failed: {' '.join(subject.command)}\n{output[-2000:]}")
        if subject.numbers:
            metrics.update(numbers_of(output))
        if subject.trace:
            metrics.update(trace_numbers(subject.trace))
            metrics["drain_ns"] = metrics["orphan_user_ns"] + metrics["orphan_system_ns"]
        if subject.after:
            subject.after(metrics)
        return metrics, output

    def interleave(self, benchmark, subjects, rounds):
        """Runs all subjects in turns and keeps their metrics. A subject that fails is left out from
        then on, with a note; the first subject may not fail."""
        expected = None
        left_out = set()
        self.say(f"{benchmark}: {rounds} rounds of {', '.join(s.name for s in subjects)}")
        for round_number in range(rounds):
            shift = round_number % len(subjects)
            for subject in subjects[shift:] + subjects[:shift]:
                if subject.name in left_out:
                    continue
                try:
                    metrics, output = self.run(subject)
                except Failed as failure:
                    if subject is subjects[0]:
                        raise
                    self.note(benchmark, f"left out: {failure}")
                    left_out.add(subject.name)
                    continue
                for metric, value in metrics.items():
                    self.results.add(benchmark, subject.name, metric, round_number, value)
                if subject.same_output:
                    expected = output if expected is None else expected
                    if output != expected:
                        self.note(benchmark, f"WRONG: {subject.name} printed something else")

    def sample_memory(self, benchmark, subject, rounds, interval_ms):
        """Runs a subject a few more times with its memory looked at."""
        for round_number in range(rounds):
            metrics, _ = self.run(subject, sample_ms=interval_ms)
            for metric in ("peak_pss_bytes", "program_pss_bytes", "orphan_pss_bytes", "ring_bytes"):
                self.results.add(benchmark, subject.name, metric, round_number, metrics[metric])


def is_number(word):
    try:
        float(word)
        return True
    except ValueError:
        return False


def numbers_of(text):
    """The "name value" lines of a text."""
    found = {}
    for line in text.splitlines():
        words = line.split()
        if len(words) == 2 and words[0].isidentifier() and is_number(words[1]):
            found[words[0]] = float(words[1])
    return found


def trace_files(trace):
    return [trace + suffix for suffix in ("", "-wal", "-shm", ".old")]


TRACE_NUMBERS = """
SELECT calls AS recorded_calls, events AS events, events_kept AS kept_events,
       max(events_lost, (SELECT coalesce(sum(lost_events), 0) FROM threads)) + losses_not_counted AS lost_events,
       wait_ns AS stall_ns, (SELECT coalesce(sum(waits), 0) FROM threads) AS stalls, threads AS threads,
       (SELECT count(*) FROM contexts) AS contexts,
       (SELECT coalesce(sum(length(data)), 0) FROM chunks) AS chunk_bytes,
       (SELECT count(*) FROM chunks) AS chunks,
       (SELECT coalesce(sum(allocs), 0) FROM heaps) AS heap_allocs,
       (SELECT coalesce(sum(bytes), 0) FROM heaps) AS heap_bytes,
       (SELECT coalesce(sum(peak_bytes), 0) FROM heaps) AS heap_peak_bytes,
       (SELECT coalesce(sum(count), 0) FROM heap_faults WHERE kind IN ('wrong family', 'freed twice')) AS heap_faults,
       (SELECT coalesce(sum(acquisitions), 0) FROM lock_totals) AS lock_acquisitions,
       (SELECT coalesce(sum(contended), 0) FROM lock_totals) AS lock_contended,
       (SELECT coalesce(sum(calls), 0) FROM block_totals) AS block_calls,
       state = 'complete' AS is_complete
FROM summary"""


def trace_numbers(trace):
    """What a trace says of itself, and its size on disk with whatever lies beside it."""
    if not os.path.exists(trace):
        raise Failed(f"no trace was written: {os.path.basename(trace)}")
    connection = sqlite3.connect(f"file:{trace}?mode=ro", uri=True)
    try:
        connection.row_factory = sqlite3.Row
        row = connection.execute(TRACE_NUMBERS).fetchone()
        found = {key: row[key] for key in row.keys()}
    except sqlite3.Error as error:
        raise Failed(f"the trace cannot be read: {error}") from error
    finally:
        connection.close()
    found["trace_bytes"] = sum(os.path.getsize(f) for f in trace_files(trace)[:2] if os.path.exists(f))
    return found


def calls_of(trace, function):
    connection = sqlite3.connect(f"file:{trace}?mode=ro", uri=True)
    try:
        row = connection.execute("SELECT calls FROM top WHERE function = ?", (function,)).fetchone()
        return row[0] if row else 0
    finally:
        connection.close()


def bytes_below(path):
    """The size of a file, or of all files in a folder."""
    if os.path.isfile(path):
        return os.path.getsize(path)
    return sum(os.path.getsize(os.path.join(folder, name))
               for folder, _, names in os.walk(path) for name in names)


def section_bytes(program):
    """Section name -> bytes of an object or program."""
    done = subprocess.run(["size", "-A", "-d", program], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Failed(f"size (Debian: binutils) cannot read {program}: {done.stderr.strip()}")
    rows = (line.split() for line in done.stdout.splitlines())
    return {row[0]: int(row[1]) for row in rows if len(row) >= 2 and row[0].startswith(".")
            or len(row) == 3 and row[1].isdigit()}


def remove(path):
    if os.path.isdir(path):
        shutil.rmtree(path)
    elif os.path.exists(path):
        os.unlink(path)
