# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# whole.py - benchmarks of whole programs: SQLite, LevelDB and the demo (untraced, with two clock reads
# per call, traced), what the pass adds to compile time and code, and what recording adds to the
# shortest program (startup).
import glob
import os
import shutil
import tempfile
from dataclasses import dataclass

from bench import ROOT, Failed, Skipped, Subject, remove, section_bytes
from calls import clock

TRUTH = os.path.join(ROOT, "tests/e2e/truth")


@dataclass
class Program:
    name: str
    arguments: list       # what a run takes
    build: object         # build(bench, out, compiler, link) leaves a program and returns its path
    compile_source: str = None  # what compile time is measured on


def fetched(bench):
    sources = bench.path("workloads", "sources")
    bench.run_quietly([os.path.join(TRUTH, "fetch.sh"), sources])
    return sources


def by_script(script, program):
    """Built by a script of the truth tests: script COMPILER FLAGS OUT."""
    def build(bench, out, compiler, flags, link):
        bench.run_quietly([os.path.join(TRUTH, script), compiler, flags, out],
                          {"WORKLOADS": fetched(bench), "LDFLAGS": link})
        return os.path.join(out, program)
    return build


def cxx_of(compiler):
    """clang -> clang++, clang-22 -> clang++-22, PATH/instr-clang -> PATH/instr-clang++"""
    folder, name = os.path.split(compiler)
    stem, dash, version = name.partition("clang")
    return os.path.join(folder, f"{stem}{dash}++{version}")


def build_leveldb(bench, out, compiler, flags, link):
    return by_script("build-leveldb.sh", "leveldb-workload")(bench, out, cxx_of(compiler), flags, link)


def build_indexer(bench, out, compiler, flags, link):
    os.makedirs(out, exist_ok=True)
    program = os.path.join(out, "indexer")
    sources = sorted(glob.glob(os.path.join(ROOT, "examples/indexer/*.c")))
    bench.run_quietly([compiler, *flags.split(), "-pthread", *sources, *link.split(), "-lm", "-o", program])
    return program


def programs(bench, folder):
    """What is run, with its scratch files in a folder in memory: the disk is no part of this."""
    return {
        "sqlite": Program("SQLite", (["-r", "4000"] if bench.quick else []) + [folder],
                          by_script("build-sqlite.sh", "sqlite-workload"), "sqlite/sqlite3.c"),
        "leveldb": Program("LevelDB", (["-k", "1000"] if bench.quick else []) + [folder], build_leveldb),
        "indexer": Program("indexer", ["--threads", "4", "--repeat", "2" if bench.quick else "auto",
                                       os.path.join(folder, "text")], build_indexer),
    }


def copy_text(folder):
    """What the indexer reads: this repository's sources as they are now, also if somebody edits them
    in between."""
    for name in ("include", "pass", "runtime", "tools", "examples"):
        shutil.copytree(os.path.join(ROOT, name), os.path.join(folder, "text", name))


def memory_folder():
    base = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    return tempfile.mkdtemp(prefix="bench-", dir=base)


def run_program(bench, key):
    folder = memory_folder()
    try:
        if key == "indexer":
            copy_text(folder)
        measure_program(bench, key, programs(bench, folder)[key])
    except Skipped as skipped:
        bench.note(key, f"skipped: {skipped}")
    finally:
        remove(folder)


def measure_program(bench, key, program):
    bench.say(f"{key}: building")

    def build(flavour, compiler, flags="-O2 -g", link=""):
        return program.build(bench, bench.path("workloads", f"{key}-{flavour}", "x")[:-2], compiler, flags, link)

    plain = build("plain", bench.compiler)
    traced = build("traced", bench.traced_compiler)
    hooks_object = bench.path("bin", "cyg_clock.o")
    bench.run_quietly([bench.compiler, "-O2", "-c", os.path.join(ROOT, "benchmarks/micro/cyg_clock.c"), "-o",
                       hooks_object])
    cyg = build("cyg", bench.compiler, "-O2 -g -finstrument-functions-after-inlining", hooks_object)
    clock_hooks = bench.stand_in_runtime("clock", ["-DHOOKS_CLOCK"])

    def subject(name, path, environment=None):
        return Subject(name, [path, *program.arguments], environment or {}, same_output=True, numbers=False)

    def traced_subject(name, options=""):
        return bench.traced(name, [traced, *program.arguments], options, same_output=True, numbers=False)

    recorded = traced_subject("traced")
    subjects = [
        subject("untraced", plain),
        clock(bench),
        subject("two clock reads, in hooks", traced, {"LD_LIBRARY_PATH": clock_hooks}),
        subject("two clock reads, clang's hooks", cyg),
        recorded,
        traced_subject("traced, events=off", "events=off"),
        traced_subject("traced, heap=off", "heap=off"),
        subject("record=off", traced, {"INSTR_OPTIONS": "record=off"}),
    ]
    bench.interleave(key, subjects, bench.rounds(9))
    for name, path in (("untraced", plain), ("traced", traced)):
        sections = section_bytes(path)
        bench.results.add(key, name, "text_bytes", 0, sections.get(".text", 0))
        bench.results.add(key, name, "rows_bytes", 0, sections.get("instr_sites", 0))
        bench.results.add(key, name, "file_bytes", 0, os.path.getsize(path))
    bench.sample_memory(key, traced_subject("traced"), 1, 10)
    time_reports(bench, key, recorded.trace)
    if program.compile_source:
        compile_times(bench, os.path.join(fetched(bench), program.compile_source))


def time_reports(bench, key, trace):
    report = bench.tool("bin/instr-report")
    if os.path.exists(trace):
        bench.interleave(f"{key} report", [Subject("--top", [report, "--top", trace], numbers=False)],
                         bench.rounds(20))


def sqlite(bench):
    run_program(bench, "sqlite")


def leveldb(bench):
    run_program(bench, "leveldb")


def indexer(bench):
    run_program(bench, "indexer")


def compile_times(bench, source):
    """The same compilation with and without the pass, in turns."""
    level = bench.size(2, 0)

    def subject(name, compiler):
        out = bench.path("compile", name.replace(" ", "-") + ".o")
        return Subject(name, [compiler, f"-O{level}", "-g", "-w", "-c", source, "-o", out], numbers=False)
    bench.interleave("compile", [subject("clang", bench.compiler), subject("instr-clang", bench.traced_compiler)],
                     bench.rounds(7, 1))
    bench.results.add("compile", "clang", "level", 0, level)


# ---- the shortest program -----------------------------------------------------------------------------


def startup(bench):
    plain = bench.compile("hello", ["hello.c"])
    traced = bench.compile("hello-traced", ["hello.c"], compiler=bench.traced_compiler)
    bench.interleave("startup", [
        Subject("untraced", [plain], same_output=True),
        bench.traced("traced", [traced], same_output=True),
        Subject("record=off", [traced], {"INSTR_OPTIONS": "record=off"}, same_output=True),
    ], bench.rounds(101, 5))
    # At rest: both have started, nothing has ended.
    for subject in (Subject("untraced", [plain, "400"]), bench.traced("traced", [traced, "400"])):
        bench.sample_memory("startup", subject, bench.rounds(5, 1), 20)


# ---- a large trace --------------------------------------------------------------------------------------


def report(bench):
    functions = bench.size(100_000, 10_000)
    trace = bench.path("traces", "wide.db")
    bench.run_quietly([bench.tool("tests/bench-wide-trace"), str(functions), trace])
    command = bench.tool("bin/instr-report")
    subjects = [Subject("--top", [command, "--top", trace], numbers=False),
                Subject("--top --sort total", [command, "--top", "--sort", "total", trace], numbers=False),
                Subject("--top --limit 1000 --format csv",
                        [command, "--top", "--limit", "1000", "--format", "csv", trace], numbers=False),
                Subject("--tree", [command, "--tree", trace], numbers=False)]
    bench.interleave("report", subjects, bench.rounds(20))
    bench.results.add("report", "--top", "functions", 0, functions)
    bench.results.add("report", "--top", "trace_bytes", 0, os.path.getsize(trace))
