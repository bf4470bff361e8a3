# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# main.py - benchmarks/run: runs benchmarks, prints their tables, keeps their samples.
import argparse
import datetime
import os
import re
import shutil
import sys

import calls
import heap
import locks
import machine
import tables
import whole
from bench import ROOT, Bench, Failed
from results import Results

BENCHMARKS = {
    "floor": (calls.floor, "two bare reads of the clock"),
    "pair": (calls.pair, "30 million calls: ns per call pair, losses, stall, bytes and drain time per event"),
    "fold": (calls.fold, "the drain's loops on their own: ns and bytes per event"),
    "inactive": (calls.inactive, "the same calls with record=off"),
    "sqlite": (whole.sqlite, "a second of SQLite; size of its code, compile time, time of the report"),
    "leveldb": (whole.leveldb, "a second of LevelDB on several threads"),
    "indexer": (whole.indexer, "the demo program"),
    "startup": (whole.startup, "time and memory that recording adds to hello, world"),
    "report": (whole.report, "instr-report on a synthetic trace with 100,000 functions"),
    "heap": (heap.heap, "10 million allocations and frees: what they cost, many living blocks, other tools"),
    "containers": (heap.containers, "a C++ program full of containers, other tools on it"),
    "locks": (locks.locks, "a lock that nobody else wants, one that 2 to 16 threads want, other tools on them"),
    "blocks": (locks.blocks, "a byte through a pipe, and 4 KiB of a file: calls that may block"),
    "peers": (calls.peers, "7 million of the same calls under gprof, XRay, uftrace and callgrind, if installed"),
}
BUSY = 0.3  # load above which figures are not worth much


def parse_arguments():
    listed = "\n".join(f"  {name:10} {what}" for name, (_, what) in BENCHMARKS.items())
    parser = argparse.ArgumentParser(
        prog="benchmarks/run", formatter_class=argparse.RawDescriptionHelpFormatter,
        description="Measures what recording costs, and writes DATE-HOST.md and .csv. Nothing else should\n"
                    "run on the machine; all of it takes about twenty minutes.",
        epilog=f"benchmarks (default: all):\n{listed}\n\n"
               "benchmarks/overhead-table then puts the newest full run into docs/overhead.md.\n"
               "exit status: 0 done, 1 something could not be measured or was wrong, 2 wrong usage")
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--quick", action="store_true",
                        help="little work and two rounds: shows that the drivers work, not what anything costs")
    parser.add_argument("--rounds", type=int, metavar="N", help="rounds of every benchmark")
    parser.add_argument("--build", default=os.path.join(ROOT, "build"), metavar="FOLDER",
                        help="the build to measure (default: build)")
    parser.add_argument("--clang", default="clang", metavar="NAME", help="the clang to measure with (default: clang)")
    parser.add_argument("--results", metavar="FOLDER",
                        help="where to write (default: benchmarks/results; with --quick or names, build/bench/results)")
    parser.add_argument("--keep", action="store_true", help="keep build/bench/scratch: programs and traces")
    arguments = parser.parse_args()
    for name in arguments.names:
        if name not in BENCHMARKS:
            parser.error(f"there is no benchmark '{name}' (there are: {', '.join(BENCHMARKS)})")
    if arguments.rounds is not None and arguments.rounds < 1:
        parser.error("--rounds takes a number from 1")
    return arguments


def write_files(results, folder):
    """The samples first: they took a while."""
    os.makedirs(folder, exist_ok=True)
    host = re.sub(r"[^A-Za-z0-9.-]+", "-", results.facts["host"])
    stem = os.path.join(folder, f"{results.facts['date'].replace(' ', '-').replace(':', '')}-{host}")
    results.write(stem + ".csv")
    with open(stem + ".md", "w") as file:
        file.write(tables.page(results))
    return stem


def main():
    arguments = parse_arguments()
    names = arguments.names or list(BENCHMARKS)
    is_full = set(names) == set(BENCHMARKS) and not arguments.quick
    build = os.path.abspath(arguments.build)
    scratch = os.path.join(build, "bench", f"scratch.{os.getpid()}")
    folder = arguments.results or (os.path.join(ROOT, "benchmarks/results") if is_full
                                   else os.path.join(build, "bench/results"))
    compiler = shutil.which(arguments.clang)
    if not compiler:
        print(f"benchmarks/run: there is no {arguments.clang}", file=sys.stderr)
        return 2

    results = Results()
    failures = 0
    try:
        os.makedirs(scratch)
        bench = Bench(build, scratch, results, arguments.quick, arguments.clang, arguments.rounds)
        report = bench.tool("bin/instr-report")
        results.facts["date"] = datetime.datetime.now().strftime("%Y-%m-%d %H:%M:%S")
        results.facts.update(machine.facts(compiler, report))
        results.facts["measured"] = "quick: these figures are worth nothing" if arguments.quick else \
            "all benchmarks" if is_full else ", ".join(names)
        results.facts["load before"] = f"{machine.load():.2f}"
        if machine.load() > BUSY:
            print(f"benchmarks/run: the load is {machine.load():.1f}: these figures will not be worth much",
                  file=sys.stderr)
            results.note("run", f"the machine was busy when it began: load {machine.load():.2f}")
        for name in names:
            try:
                BENCHMARKS[name][0](bench)
            except Failed as failure:
                bench.note(name, f"FAILED: {failure}")
                failures += 1
            except KeyboardInterrupt:
                bench.note(name, "FAILED: interrupted")
                results.facts["measured"] = "interrupted"
                failures += 1
                break
        results.facts["load after"] = f"{machine.load():.2f} (the benchmarks themselves are in it)"
    except Failed as failure:
        print(f"benchmarks/run: {failure}", file=sys.stderr)
        return 1
    finally:
        if arguments.keep:
            print(f"kept: {scratch}", file=sys.stderr)
        else:
            shutil.rmtree(scratch, ignore_errors=True)
    stem = write_files(results, folder)
    print(tables.page(results))
    print(f"samples: {stem}.csv, tables: {stem}.md", file=sys.stderr)
    wrong = [sentence for _, sentence in results.notes if "WRONG" in sentence]
    return 1 if failures or wrong else 0


sys.exit(main())
