#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# long.py - runs the fuzz targets of a build with -DINSTR_FUZZ=ON for so many minutes of the processor
# (not of the clock: the machine may be busy), one after the other, and says what came of it. Ends with
# status 1 at a finding, which lies in FOUND then.
#
#     long.py BUILD [--minutes 60] [--found FOLDER] [--keep] [TARGET...]
#
# Inputs that reach something new stay in FOUND/TARGET for the next time. --keep reduces these and
# corpus/TARGET to the fewest that reach as much, and makes them the corpus.
import argparse
import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
SLICE_SECONDS = 60
# Share of the time, and what the target wants.
TARGETS = {
    "chunk": (2, ["-max_len=4096"]),
    "walk": (2, ["-max_len=4096"]),
    "ring": (3, ["-max_len=1500", "-len_control=0"]),
    "db": (3, ["-max_len=600", "-len_control=0", "-close_fd_mask=1"]),
    "elf": (1, ["-max_len=2000"]),
    "options": (1, ["-max_len=500"]),
}
COMMON = ["-timeout=60", "-rss_limit_mb=2048", "-print_final_stats=1"]


def processor_seconds():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def run(program, options, folders, found):
    environment = dict(os.environ, UBSAN_OPTIONS="print_stacktrace=1",
                       ASAN_OPTIONS="malloc_context_size=4:quarantine_size_mb=32")
    return subprocess.run([program, *COMMON, *options, f"-artifact_prefix={found}/", *folders], env=environment,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def fuzz(name, build, found, seconds):
    program, corpus = os.path.join(build, "tests", name + "_fuzz"), os.path.join(HERE, "corpus", name)
    new = os.path.join(found, name)
    os.makedirs(new, exist_ok=True)
    start, executions, edges = processor_seconds(), 0, 0
    while processor_seconds() - start < seconds:
        ended = run(program, TARGETS[name][1] + [f"-max_total_time={SLICE_SECONDS}"], [new, corpus], found)
        said = ended.stdout.decode(errors="replace")
        executions += sum(map(int, re.findall(r"number_of_executed_units: (\d+)", said)))
        edges = max([edges, *map(int, re.findall(r" cov: (\d+) ", said))])
        if ended.returncode:
            print(said[-6000:])
            print(f"{name}_fuzz: a finding, in {found}")
            return 1
    print(f"{name}_fuzz: {processor_seconds() - start:.0f} s of the processor, {executions} executions, {edges} edges, "
          "no finding", flush=True)
    return 0


def keep(name, build, found):
    program, corpus = os.path.join(build, "tests", name + "_fuzz"), os.path.join(HERE, "corpus", name)
    with tempfile.TemporaryDirectory() as few:
        run(program, TARGETS[name][1] + ["-use_counters=0", "-set_cover_merge=1"], [few, corpus, os.path.join(found, name)], found)
        for entry in os.listdir(corpus):
            if re.fullmatch("[0-9a-f]{40}", entry):  # those that have a name once failed, and stay
                os.remove(os.path.join(corpus, entry))
        for entry in os.listdir(few):
            shutil.copy(os.path.join(few, entry), corpus)
    print(f"{name}: {len(os.listdir(corpus))} files kept")


def main():
    parser = argparse.ArgumentParser(usage="long.py BUILD [--minutes 60] [--found FOLDER] [--keep] [TARGET...]")
    parser.add_argument("build")
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--found", default="found")
    parser.add_argument("--keep", action="store_true")
    parser.add_argument("targets", nargs="*")
    asked = parser.parse_intermixed_args()
    names = asked.targets or list(TARGETS)
    if not set(names) <= set(TARGETS):
        parser.error("targets are " + ", ".join(TARGETS))
    found, shares = os.path.abspath(asked.found), sum(TARGETS[n][0] for n in names)
    for name in names:
        if fuzz(name, asked.build, found, asked.minutes * 60 * TARGETS[name][0] / shares):
            return 1
    if asked.keep:
        for name in names:
            keep(name, asked.build, found)
    return 0


if __name__ == "__main__":
    sys.exit(main())
