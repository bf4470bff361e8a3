# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# pprof.py - instr-export pprof: go tool pprof reads each profile, and what it says adds up to what the views say. Of the
# recorded run also: its commands, lines of the source, differences, its pages.
import collections
import gzip
import os
import re
import shutil
import subprocess
import time
import urllib.error
import urllib.request

import common

# Sample types, and the sums by the documented views.
PROFILES = {
    "time": (["calls/count", "wall/nanoseconds"], "SELECT sum(calls), sum(self_ns) FROM tree"),
    "heap": (["alloc_objects/count", "alloc_space/bytes", "inuse_objects/count", "inuse_space/bytes"],
             "SELECT sum(allocs), sum(bytes), sum(live_blocks), sum(live_bytes) FROM heap_contexts WHERE kind = 'heap'"),
    "block": (["contentions/count", "delay/nanoseconds"],
              "SELECT sum(n), sum(ns) FROM (SELECT contended AS n, wait_ns AS ns FROM lock_contexts UNION ALL"
              " SELECT calls, blocked_ns FROM block_contexts WHERE NOT idle)"),
    "mutex": (["contentions/count", "delay/nanoseconds"], "SELECT sum(waits), sum(wait_ns) FROM lock_wait_list"),
    "threads": (["threadcreate/count"], "SELECT sum(threads) FROM thread_creator_list"),
}
DEFAULTS = {"time": "wall", "heap": "inuse_space", "block": "delay", "mutex": "delay", "threads": "threadcreate"}


def skip():
    return None if shutil.which("go") else "go tool pprof is not here (Debian: golang-go)"


def pprof(claims, name, *words, folder):
    environment = dict(os.environ, HOME=folder, PPROF_TMPDIR=folder, NO_COLOR="1")
    answer = subprocess.run(["go", "tool", "pprof", *words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, env=environment, cwd=folder, timeout=120)
    claims.hold(f"{name}: go tool pprof {' '.join(words)}", answer.returncode == 0, answer.stderr.decode())
    return answer.stdout.decode()


class Raw:
    """What -raw says: sample types, samples as (values, frames from the innermost: name, file, line), mappings."""

    def __init__(self, text):
        self.types, self.samples, self.frames, self.mappings = [], [], {}, []
        part = None
        for line in text.splitlines():
            if line in ("Samples:", "Locations", "Mappings"):
                part = line
            elif part == "Samples:" and not self.types:
                self.types = line.split()
            elif part == "Samples:" and (match := re.match(r"([-\d ]+): ([\d ]+)$", line)):  # others are labels
                self.samples.append(tuple([int(n) for n in numbers.split()] for numbers in match.groups()))
            elif part == "Locations":
                number, rest = line.strip().split(": ", 1)
                match = re.match(r"0x0 (M=\d+ )?(.*?) (\S*):(\d+) s=(\d+)(?:\(.*\))?$", rest)
                self.frames[int(number)] = match.group(2, 3, 4) if match else (rest, "", "0")
            elif part == "Mappings":
                self.mappings.append(line)


def check_profile(arguments, claims, name, trace, profile):
    types, query = PROFILES[profile]
    path = f"{trace}.{profile}.pb.gz"
    common.export(arguments, "pprof", "--profile", profile, "-o", path, trace)
    raw = Raw(pprof(claims, name, "-raw", path, folder=os.path.dirname(trace)))
    name = f"{name} {profile}"
    claims.same(f"{name}: sample types", [t.replace("[dflt]", "") for t in raw.types], types)
    claims.same(f"{name}: the main one", [t for t in raw.types if "[dflt]" in t],
                [t + "[dflt]" for t in types if t.startswith(DEFAULTS[profile] + "/")])
    sums = [sum(values[i] for values, _ in raw.samples) for i in range(len(types))]
    claims.same(f"{name}: sums", sums, [n or 0 for n in common.ask(trace, query)[0]])
    builds = [b for b, in common.ask(trace, "SELECT build_id FROM modules WHERE build_id IS NOT NULL")]
    claims.hold(f"{name}: build ids", all(any(b in m for m in raw.mappings) for b in builds), raw.mappings)
    return raw, path


def check_paths(claims, name, trace, raw):
    """The time profile has a sample for each path, with all of its functions. (What several processes have, pprof adds up.)"""
    paths = common.paths(trace)
    if not all(common.is_plain(f) for path in paths.values() for f in path):
        return
    wanted, got = collections.Counter(), collections.Counter()
    for context, calls, ns in common.ask(trace, "SELECT context_id, calls, self_ns FROM tree"):
        wanted.update({("calls", *paths[context][::-1]): calls, ("ns", *paths[context][::-1]): ns})
    for values, ids in raw.samples:
        path = [raw.frames[i][0] for i in ids]
        got.update({("calls", *path): values[0], ("ns", *path): values[1]})
    claims.same(f"{name}: a sample for each path", +got, +wanted)
    places = {(function, file or "", str(line or 0)) for function, file, line in
              common.ask(trace, "SELECT name, file, line FROM functions")}
    claims.hold(f"{name}: frames have files and lines", set(raw.frames.values()) <= places, set(raw.frames.values()) - places)


def number(text):
    return int(float(re.sub(r"[a-zA-Z]+$", "", text)))


def check_top(claims, trace, path, folder):
    """Flat and cumulative figures of each function, of both types."""
    paths = common.paths(trace)
    for index, column, unit in (("wall", "self_ns", "nanoseconds"), ("calls", "calls", "count")):
        flat, cumulative = collections.Counter(), collections.Counter()
        for context, n in common.ask(trace, f"SELECT context_id, {column} FROM tree"):
            flat[paths[context][-1]] += n
            for function in set(paths[context]):
                cumulative[function] += n
        text = pprof(claims, "recorded", "-top", "-nodecount=0", "-nodefraction=0", "-edgefraction=0", f"-unit={unit}",
                     f"-sample_index={index}", path, folder=folder)
        rows = [re.match(r"\s*(\S+)\s+\S+%\s+\S+%\s+(\S+)\s+\S+%\s+(.*)$", line) for line in text.splitlines()]
        rows = {row.group(3): (number(row.group(1)), number(row.group(2))) for row in rows if row}
        wanted = {function: (flat[function], cumulative[function]) for function in cumulative if cumulative[function]}
        claims.same(f"recorded: -top of {index}", rows, wanted)


def check_commands(claims, trace, paths, folder):
    times, heap = paths["time"], paths["heap"]
    for words, expected in (
            (["-tree", times], "(anonymous namespace)::work(int)"),
            (["-peek", r"work\(int\)$", times], "(anonymous namespace)::work(int)"),
            (["-traces", times], "main"),
            (["-dot", times], "digraph"),
            (["-top", "-focus", "fibonacci", times], "fibonacci"),
            (["-comments", times], "./program"),
            (["-top", paths["block"]], "pthread_mutex_lock"),
            (["-top", "-sample_index=contentions", paths["mutex"]], "(anonymous namespace)::"),
            (["-top", paths["threads"]], "Total samples = 4"),
            (["-top", "-sample_index=alloc_space", heap], "main")):
        text = pprof(claims, "recorded", *words, folder=folder)
        claims.hold(f"recorded: {words} says {expected}", expected in text, text[:1500])
    # Lines of the source: of a definition, and of a call of malloc.
    text = pprof(claims, "recorded", "-list", r"^main$", "-sample_index=alloc_space", "-unit=bytes", heap, folder=folder)
    lines = [line.split() for line in text.splitlines() if "malloc(1 << 20)" in line]
    claims.hold("recorded: -list has the bytes in the line of malloc", lines and lines[0][0] == "1048576B", text[:1500])
    text = pprof(claims, "recorded", "-list", r"fibonacci\(", "-sample_index=calls", times, folder=folder)
    lines = [line.split() for line in text.splitlines() if "unsigned fibonacci(unsigned n)" in line]
    calls = common.ask(trace, "SELECT sum(calls) FROM tree WHERE function LIKE '%fibonacci%'")[0][0]
    claims.hold("recorded: -list has the calls in the line of the definition", calls and f"{calls}" in text.replace(",", "") and lines,
                text[:1500])
    for option in ("-base", "-diff_base"):  # the second keeps both sides, told apart by a label
        text = pprof(claims, "recorded", "-raw", option, times, times, folder=folder)
        claims.same(f"recorded: {option} of the same leaves nothing",
                    [sum(values[i] for values, _ in Raw(text).samples) for i in range(2)], [0, 0])


def fetch(address):
    for turn in range(600):
        try:
            with urllib.request.urlopen(address, timeout=60) as answer:
                return answer.read().decode()
        except urllib.error.URLError:
            time.sleep(0.1)  # it says where it will serve before it does
    return ""


def check_pages(claims, path, folder):
    """The pages of -http, but for those that Graphviz draws."""
    server = subprocess.Popen(["go", "tool", "pprof", "-http", "localhost:", "-no_browser", path], stdin=subprocess.DEVNULL,
                              stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, start_new_session=True,
                              env=dict(os.environ, HOME=folder, PPROF_TMPDIR=folder))
    try:
        where = next((match.group(0) for match in (re.search(r"http://\S+", line) for line in server.stderr) if match), None)
        for page in ("/ui/top", "/ui/peek?f=work", "/ui/top?si=calls", "/ui/flamegraph"):
            claims.hold(f"recorded: page {page}", "main" in fetch(where + page), page)
    finally:
        os.killpg(server.pid, 15)
        server.wait()
        server.stderr.close()


def check(arguments, claims, name, trace):
    paths, folder = {}, os.path.dirname(trace)
    for profile in PROFILES:
        raw, paths[profile] = check_profile(arguments, claims, name, trace, profile)
        if profile == "time":
            check_paths(claims, name, trace, raw)
    with gzip.open(paths["time"]) as stream:
        claims.hold(f"{name}: another reader of gzip reads it", len(stream.read()) > 50)
    if trace in arguments.traces:
        check_top(claims, trace, paths["time"], folder)
        check_commands(claims, trace, paths, folder)
        check_pages(claims, paths["time"], folder)
