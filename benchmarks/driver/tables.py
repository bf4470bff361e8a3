# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# tables.py - the tables made from samples: what is printed, what results/*.md and docs/overhead.md
# hold. Each figure is a median over the rounds, with the least and the greatest beside it; ratios and
# differences are taken within a round (results.py).
import lock_tables
from table import (MIB, MS, NOTHING, PEER_COLUMNS, TWO_READS, TWO_READS_CPU, Budget, Table, added, cell, cpu, number,
                   pair_rows, peer_cells, scaled, PAIR_COLUMNS)

WORKLOADS = {"pair": "recursion", "sqlite": "SQLite", "leveldb": "LevelDB", "indexer": "indexer (the demo)"}
PROGRAMS = {key: name for key, name in WORKLOADS.items() if key != "pair"}
PEERS = ("gprof", "XRay flight recorder", "uftrace", "callgrind")
FLOOR = "two clock reads, in hooks"
HEAP_PROGRAMS = {"heap": "nothing but malloc and free", "heap used": "a program that uses its blocks"}
HEAP_PEERS = ("heaptrack", "valgrind dhat", "uftrace, library calls", "gperftools heap profiler",
              "jemalloc, every allocation", "ltrace")
OWN_ALLOCATOR = {"gperftools heap profiler": "untraced, tcmalloc", "jemalloc, every allocation": "untraced, jemalloc"}


# ---- the floor --------------------------------------------------------------------------------------


def clocks(results):
    """Two reads of each clock, over every round of every benchmark that took them."""
    names = {"two_reads_ns": "`rdtsc`", "two_reads_cpu_ns": "`rdtsc`, CPU time", "two_rdtscp_ns": "`rdtscp`",
             "two_clock_gettime_ns": "`clock_gettime(CLOCK_MONOTONIC)`"}
    rows = []
    for metric, name in names.items():
        spread = results.spread("floor", "clock reads", metric)
        if spread:
            rows.append([name, cell(spread), spread.count])
    return Table("clocks", "Two reads of a clock in a loop", ["clock", "ns for two reads", "rounds"], rows)


# ---- a bare call ------------------------------------------------------------------------------------


def per_call(results, benchmark, subject):
    return results.combine(lambda t, c: t / c, (benchmark, subject, "time_ns"), (benchmark, subject, "calls"))


def pair(results):
    rows = []
    two = ("pair", *TWO_READS)
    for subject in results.subjects("pair"):
        if subject == "clock reads":
            continue
        time, calls = ("pair", subject, "time_ns"), ("pair", subject, "calls")
        inline = ("pair", "two clock reads, inline", "time_ns")
        stall = ("pair", subject, "stall_ns")
        rows.append([
            subject,
            cell(per_call(results, "pair", subject)),
            cell(results.combine(lambda t, c, r: t / c / r, time, calls, two)),
            cell(results.combine(lambda t, f: t / f, time, inline)),
            cell(results.combine(lambda s, c: s / c, stall, calls)),
            cell(results.combine(lambda t, s, c, r: (t - s) / c / r, time, stall, calls, two)),
            cell(results.combine(lambda u, s, c: (u + s) / c, ("pair", subject, "user_ns"),
                                 ("pair", subject, "system_ns"), calls)),
            cell(results.spread("pair", subject, "lost_events"), count=True),
            results.spread("pair", subject, "time_ns").count,
        ])
    return Table("pair", "A call pair on the recursion",
                 ["variant", "ns per call pair", "÷ two clock reads in a loop", "÷ two clock reads, inline",
                  "of it stall, ns", "without stall ÷ two reads", "CPU time of the program, ns", "events lost", "rounds"], rows)


def inactive(results):
    rows = []
    for subject in results.subjects("inactive"):
        time, calls = ("inactive", subject, "time_ns"), ("inactive", subject, "calls")
        plain = ("inactive", "untraced", "time_ns")
        rows.append([subject, cell(per_call(results, "inactive", subject)),
                     NOTHING if subject == "untraced" else
                     cell(results.combine(lambda t, p, c: (t - p) / c, time, plain, calls)),
                     results.spread("inactive", subject, "time_ns").count])
    return Table("inactive", "A hook pair that records nothing",
                 ["variant", "ns per call pair", "added to the untraced call, ns", "rounds"], rows)


def peers(results):
    rows = []
    for subject in ("traced",) + PEERS:
        time, calls = ("peers", subject, "time_ns"), ("peers", subject, "calls")
        if not results.rounds(*time):
            continue
        added = (results.combine(lambda t, c, p, pc: t / c - p / pc, time, calls, ("peers", "untraced", "time_ns"),
                                 ("peers", "untraced", "calls")))
        rows.append([
            "instr" if subject == "traced" else subject,
            cell(added),
            cell(results.combine(lambda t, c, p, pc, r: (t / c - p / pc) / r, time, calls,
                                 ("peers", "untraced", "time_ns"), ("peers", "untraced", "calls"),
                                 ("peers", *TWO_READS))),
            cell(results.combine(lambda b, c: b / c, ("peers", subject, "trace_bytes"), calls)),
            cell(results.combine(lambda b, o: max(b, o) / MIB, ("peers", subject, "peak_rss_bytes"),
                                 ("peers", subject, "orphan_peak_rss_bytes"))),
            cell(results.combine(lambda w, e: (w + e) / 1e9, ("peers", subject, "wall_ns"),
                                 ("peers", subject, "orphan_end_ns"))),
            cell(results.spread("peers", subject, "calls"), count=True),
            results.spread("peers", subject, "time_ns").count,
        ])
    return Table("peers", "Other tools on the recursion",
                 ["tool", "ns added per call pair", "÷ two clock reads", "bytes written per call",
                  "peak RSS of its largest process, MiB", "until all of it had ended, s", "calls", "rounds"], rows)


FOLD_STAGES = {
    "clock_read_ns": "a clock read, ns", "walk_ns": "walk and statistics, ns per event",
    "encode_none_ns": "pack, ns per event", "encode_zstd_ns": "pack and compress, ns per event",
    "decode_zstd_ns": "decode, ns per event",
    "bytes_none": "packed, bytes per event", "bytes_zstd": "compressed, bytes per event",
    "settle_us": "totals of all contexts, µs", "contexts": "contexts",
}


def fold(results):
    streams = results.subjects("fold")
    rows = []
    for metric, what in FOLD_STAGES.items():
        cells = []
        for stream in streams:
            median = results.spread("fold", stream, metric)
            best = results.spread("fold", stream, metric + "_best")
            same = not best or best.median == median.median
            cells.append(cell(median, count=metric == "contexts") + ("" if same else f" ({cell(best)})"))
        if any(c != NOTHING for c in cells):
            rows.append([what, *cells])
    return Table("fold", "The drain's loops on their own: median (best)", ["stage", *streams], rows)


# ---- recording: what the drain does and what it leaves ------------------------------------------------


def recording(results):
    rows = []
    for key, name in WORKLOADS.items():
        events = (key, "traced", "events")
        if not results.rounds(*events):
            continue
        rows.append([
            name,
            cell(scaled(results, 1e6, *events)),
            cell(results.spread(key, "traced", "lost_events"), count=True),
            cell(scaled(results, MIB, key, "traced", "trace_bytes")),
            cell(results.combine(lambda b, e: b / e, (key, "traced", "trace_bytes"), events)),
            cell(results.combine(lambda d, e: d / e, (key, "traced", "drain_ns"), events)),
            cell(results.combine(lambda d, e, r: d / e / (r / 2), (key, "traced", "drain_ns"), events,
                                 (key, *TWO_READS_CPU))),
            cell(scaled(results, MS, key, "traced", "stall_ns")),
            cell(results.spread(key, "traced", "contexts"), count=True),
            cell(scaled(results, MIB, key, "traced", "program_pss_bytes")),
            cell(scaled(results, MIB, key, "traced", "orphan_pss_bytes")),
            cell(scaled(results, MIB, key, "traced", "ring_bytes")),
        ])
    return Table("recording", "What the drain does and leaves",
                 ["workload", "events, million", "lost", "trace.db, MiB", "bytes per event", "drain, ns per event",
                  "÷ one clock read", "stall, ms", "contexts", "PSS of the program, MiB", "PSS of the drain, MiB",
                  "ring, MiB"], rows)


# ---- the heap -------------------------------------------------------------------------------------------------


def heap(results):
    return Table("heap", "An allocation and a free", PAIR_COLUMNS, pair_rows(results, HEAP_PROGRAMS, "pairs"))


def many(results):
    rows = []
    for subject in results.subjects("heap many"):
        time, pairs = ("heap many", subject, "time_ns"), ("heap many", subject, "pairs")
        if not results.rounds(*time):
            continue
        rows.append([
            subject,
            cell(scaled(results, 1e6, *pairs)),
            cell(results.combine(lambda t, n: t / n, time, pairs)),
            cell(scaled(results, 1e9, "heap many", subject, "stall_ns")),
            cell(scaled(results, 1e9, "heap many", subject, "drain_ns")),
            cell(results.spread("heap many", subject, "lost_events"), count=True),
            cell(scaled(results, MIB, "heap many", subject, "orphan_peak_rss_bytes")) if subject == "traced" else NOTHING,
            cell(scaled(results, MIB, "heap many", subject, "trace_bytes")),
        ])
    return Table("many", "Many living blocks",
                 ["variant", "pairs, million", "ns per pair", "waiting for the drain, s", "CPU time of the drain, s",
                  "events lost", "peak RSS of the drain, MiB", "trace.db, MiB"], rows)


def containers(results):
    rows = []
    for subject in results.subjects("containers"):
        wall, plain = ("containers", subject, "wall_ns"), ("containers", "untraced", "wall_ns")
        if subject == "clock reads" or not results.rounds(*wall):
            continue
        stall = ("containers", subject, "stall_ns")
        rows.append([
            subject,
            cell(scaled(results, MS, *wall)),
            cell(results.combine(lambda w, p: w / p, wall, plain)),
            cell(scaled(results, MS, *stall)),
            cell(results.combine(lambda w, s, p: (w - s) / p, wall, stall, plain)),
            cell(results.combine(lambda u, s, pu, ps: (u + s) / (pu + ps), *cpu("containers", subject),
                                 *cpu("containers", "untraced"))),
            cell(scaled(results, MS, "containers", subject, "drain_ns")),
            cell(scaled(results, 1e6, "containers", subject, "heap_allocs")),
            cell(scaled(results, 1e6, "containers", subject, "recorded_calls")),
            cell(results.spread("containers", subject, "lost_events"), count=True),
            results.spread(*wall).count,
        ])
    return Table("containers", "A C++ program full of containers",
                 ["variant", "wall time, ms", "÷ untraced", "of it waiting for the drain, ms",
                  "without waiting ÷ untraced", "CPU time of the program ÷ untraced", "CPU time of the drain, ms",
                  "allocations, million", "calls, million", "events lost", "rounds"], rows)


def pair_bytes(results):
    """(workload, bytes of chunks per allocation and free, the key of the run) of all that know it."""
    found = []

    def add(what, key, subject, without):
        chunks, allocs = (key, subject, "chunk_bytes"), (key, subject, "heap_allocs")
        if without:
            spread = results.combine(lambda b, o, n: (b - o) / n if n else 0, chunks, (key, without, "chunk_bytes"), allocs)
        else:
            spread = results.combine(lambda b, n: b / n if n else 0, chunks, allocs)
        if spread:
            found.append((what, spread, (key, subject)))

    for key, what in HEAP_PROGRAMS.items():
        add(what, key, "traced", "traced, heap=off")
    add("1 million blocks alive", "heap many", "traced", None)
    for timed in ("", "functions timed, "):
        for subject in ("heap=on", "heap=all"):
            add(f"containers, {timed}{subject}", "containers", timed + subject, timed + "heap=off")
    for key, name in PROGRAMS.items():
        add(name, key, "traced", "traced, heap=off")
    return found


def heap_bytes(results):
    rows = []
    for what, spread, (key, subject) in pair_bytes(results):
        rows.append([what, cell(scaled(results, 1e6, key, subject, "heap_allocs")), cell(spread),
                     cell(scaled(results, MIB, key, subject, "trace_bytes")), spread.count])
    return Table("heap_bytes", "What an allocation and its free leave in the trace",
                 ["workload", "allocations, million", "bytes per allocation and free", "trace.db, MiB", "rounds"], rows)


def heap_peers(results):
    rows, key = [], "heap peers"
    for subject in ("traced",) + HEAP_PEERS:
        time, pairs = (key, subject, "time_ns"), (key, subject, "pairs")
        base = OWN_ALLOCATOR.get(subject, "untraced")
        plain = (key, base, "time_ns"), (key, base, "pairs")
        if not results.rounds(*time):
            continue
        rows.append([
            "instr" if subject == "traced" else subject,
            cell(results.combine(lambda t, n: t / n, *plain)),
            cell(results.combine(lambda t, n, p, m: t / n - p / m, time, pairs, *plain)),
            cell(results.combine(lambda t, n, p, m, r: (t / n - p / m) / (r / 2), time, pairs, *plain, (key, *TWO_READS))),
            cell(results.combine(lambda b, n: b / n, (key, subject, "trace_bytes"), pairs)),
            cell(results.spread(*pairs), count=True),
            *peer_cells(results, key, subject),
        ])
    return Table("heap_peers", "Other tools on a pair of malloc and free",
                 ["tool", "ns per pair without it", "ns added per pair", "added, in clock reads",
                  "bytes written per pair", "pairs", *PEER_COLUMNS], rows)


def container_peers(results):
    rows, key = [], "containers peers"
    for subject in ("traced",) + HEAP_PEERS:
        wall, plain = (key, subject, "wall_ns"), (key, OWN_ALLOCATOR.get(subject, "untraced"), "wall_ns")
        if not results.rounds(*wall):
            continue
        rows.append([
            "instr, heap=all" if subject == "traced" else subject,
            cell(scaled(results, MS, *plain)),
            cell(scaled(results, MS, *wall)),
            cell(results.combine(lambda w, p: w / p, wall, plain)),
            cell(results.combine(lambda b, n: b / n, (key, subject, "trace_bytes"), (key, "traced", "heap_allocs"))),
            *peer_cells(results, key, subject),
        ])
    return Table("containers_peers", "Other tools on the containers",
                 ["tool", "wall time without it, ms", "wall time, ms", "÷ without it", "bytes written per allocation",
                  *PEER_COLUMNS], rows)


# ---- whole programs -------------------------------------------------------------------------------------


def programs(results):
    rows = []
    for key, name in PROGRAMS.items():
        for subject in results.subjects(key):
            wall = (key, subject, "wall_ns")
            if subject == "clock reads" or not results.rounds(*wall):
                continue
            rows.append([
                name, subject,
                cell(scaled(results, MS, *wall)),
                cell(results.combine(lambda w, p: w / p, wall, (key, "untraced", "wall_ns"))),
                cell(results.combine(lambda w, f: w / f, wall, (key, FLOOR, "wall_ns"))),
                cell(results.combine(lambda u, s: (u + s) / MS, *cpu(key, subject))),
                cell(results.combine(lambda u, s, fu, fs: (u + s) / (fu + fs), *cpu(key, subject), *cpu(key, FLOOR))),
                cell(scaled(results, 1e6, key, subject, "recorded_calls")),
                results.spread(*wall).count,
            ])
    return Table("programs", "Whole programs at -O2 -g",
                 ["program", "variant", "wall time, ms", "÷ untraced", "÷ two clock reads, in hooks",
                  "CPU time of the program, ms", "÷ two clock reads, in hooks", "calls, million", "rounds"], rows)


def code(results):
    rows = []
    for key, name in PROGRAMS.items():
        before, after = (key, "untraced", "text_bytes"), (key, "traced", "text_bytes")
        if not results.rounds(*before):
            continue
        rows.append([
            name, cell(scaled(results, 1024, *before)), cell(scaled(results, 1024, *after)),
            cell(results.combine(lambda b, a: (a / b - 1) * 100, before, after), " %"),
            cell(scaled(results, 1024, key, "traced", "rows_bytes")),
            cell(results.combine(lambda b, a: (a / b - 1) * 100, (key, "untraced", "file_bytes"),
                                 (key, "traced", "file_bytes")), " %"),
        ])
    return Table("code", "Size of the code at -O2 -g",
                 ["program", ".text untraced, KiB", ".text traced, KiB", "growth", "descriptor rows, KiB",
                  "growth of the file, with debug information"], rows)


def compile_cpu(results):
    return results.combine(lambda u, s, pu, ps: ((u + s) / (pu + ps) - 1) * 100,
                           *cpu("compile", "instr-clang"), *cpu("compile", "clang"))


def compile_time(results):
    rows = []
    for subject in results.subjects("compile"):
        seconds = results.combine(lambda u, s: (u + s) / 1e9, *cpu("compile", subject))
        rows.append([subject, cell(seconds), cell(scaled(results, 1e9, "compile", subject, "wall_ns")),
                     cell(compile_cpu(results), " %") if subject == "instr-clang" else NOTHING, seconds.count])
    level = results.spread("compile", "clang", "level")
    return Table("compile", f"Compiling the SQLite amalgamation at -O{level.median if level else 2:.0f} -g",
                 ["compiler", "CPU time, s", "wall time, s", "added CPU time", "rounds"], rows)


def startup(results):
    rows = []
    for subject in results.subjects("startup"):
        wall, plain = ("startup", subject, "wall_ns"), ("startup", "untraced", "wall_ns")
        pss, plain_pss = ("startup", subject, "peak_pss_bytes"), ("startup", "untraced", "peak_pss_bytes")
        is_plain = subject == "untraced"
        rows.append([
            subject, cell(scaled(results, MS, *wall)),
            NOTHING if is_plain else cell(results.combine(lambda w, p: (w - p) / MS, wall, plain)),
            NOTHING if is_plain else cell(results.combine(lambda u, s: (u + s) / MS,
                                                          ("startup", subject, "orphan_user_ns"),
                                                          ("startup", subject, "orphan_system_ns"))),
            cell(scaled(results, MIB, "startup", subject, "program_pss_bytes")),
            NOTHING if is_plain else cell(scaled(results, MIB, "startup", subject, "orphan_pss_bytes")),
            NOTHING if is_plain else cell(results.combine(lambda a, b: (a - b) / MIB, pss, plain_pss)),
            NOTHING if is_plain else cell(scaled(results, MIB, "startup", subject, "ring_bytes")),
            results.spread(*wall).count,
        ])
    return Table("startup", "The shortest program, from start to end",
                 ["variant", "wall time, ms", "added, ms", "CPU time of the drain, ms", "PSS of the program, MiB",
                  "PSS of the drain, MiB", "PSS added, both, MiB", "ring, MiB", "rounds"], rows)


def reports(results):
    rows = []
    names = {f"{key} report": name for key, name in PROGRAMS.items()}
    functions = results.spread("report", "--top", "functions")
    names["report"] = f"synthetic, {functions.median:,.0f} functions" if functions else "report"
    names["heap many report"] = "1 million blocks alive"
    for key, what in names.items():
        for subject in results.subjects(key):
            rows.append([what, f"`{subject}`", cell(scaled(results, MS, key, subject, "wall_ns")),
                         cell(results.combine(lambda u, s: (u + s) / MS, *cpu(key, subject))),
                         cell(scaled(results, MIB, key, subject, "peak_rss_bytes")),
                         results.spread(key, subject, "wall_ns").count])
    return Table("reports", "Time of instr-report", ["trace", "report", "wall time, ms", "CPU time, ms", "peak RSS, MiB", "rounds"], rows)


# ---- against the budgets ----------------------------------------------------------------------------------


def budgets(results):
    """Every budget that was measured."""
    found = []

    def add(what, limit, spread, unit=""):
        if spread:
            found.append(Budget(what, limit, spread, unit))

    two = ("pair", *TWO_READS)
    add("traced call pair on the recursion ÷ two clock reads", 1.15,
        results.combine(lambda t, c, r: t / c / r, ("pair", "traced", "time_ns"), ("pair", "traced", "calls"), two))
    for key, name in WORKLOADS.items():
        add(f"events lost, {name}", 0, results.spread(key, "traced", "lost_events"))
        add(f"bytes per event, {name}", 0.35, results.combine(
            lambda b, e: b / e, (key, "traced", "trace_bytes"), (key, "traced", "events")))
    for key in ("pair", "sqlite"):
        add(f"drain per event ÷ one clock read, {WORKLOADS[key]}", 0.88, results.combine(
            lambda d, e, r: d / e / (r / 2), (key, "traced", "drain_ns"), (key, "traced", "events"),
            (key, *TWO_READS_CPU)))
    for floor in (FLOOR, "two clock reads, clang's hooks"):
        add(f"SQLite traced ÷ SQLite with {floor}", 1.15, results.combine(
            lambda w, f: w / f, ("sqlite", "traced", "wall_ns"), ("sqlite", floor, "wall_ns")))
    for key, name in PROGRAMS.items():
        add(f"text growth, {name}", 10, results.combine(
            lambda b, a: (a / b - 1) * 100, (key, "untraced", "text_bytes"), (key, "traced", "text_bytes")), " %")
    add("compile time added, SQLite", 5, compile_cpu(results), " %")
    add("inactive hook pair, out of line", 3, results.combine(
        lambda t, p, c: (t - p) / c, ("inactive", "record=off", "time_ns"), ("inactive", "untraced", "time_ns"),
        ("inactive", "untraced", "calls")), " ns")
    add("start and end of a traced hello-world, added", 10, results.combine(
        lambda w, p: (w - p) / MS, ("startup", "traced", "wall_ns"), ("startup", "untraced", "wall_ns")), " ms")
    add("memory of a traced hello-world, added, program and drain", 8, results.combine(
        lambda a, b: (a - b) / MIB, ("startup", "traced", "peak_pss_bytes"), ("startup", "untraced", "peak_pss_bytes")),
        " MiB")
    functions = results.spread("report", "--top", "functions")
    if functions:
        add(f"`instr-report --top`, {functions.median:,.0f} functions", 50,
            scaled(results, MS, "report", "--top", "wall_ns"), " ms")
    return found + heap_budgets(results) + lock_tables.budgets(results)


def heap_budgets(results):
    found = []
    for key, what in HEAP_PROGRAMS.items():
        found.append(Budget(f"an allocation and a free, added ÷ one clock read, {what}", 3.5,
                            added(results, key, "traced", "pairs")))
        found.append(Budget(f"events lost, {what}", 0, results.spread(key, "traced", "lost_events")))
    for subject in ("heap=on", "heap=all"):
        found.append(Budget(f"containers, {subject} ÷ untraced", 1.5, results.combine(
            lambda w, p: w / p, ("containers", subject, "wall_ns"), ("containers", "untraced", "wall_ns"))))
        found.append(Budget(f"events lost, containers, {subject}", 0, results.spread("containers", subject, "lost_events")))
    for what, spread, _ in pair_bytes(results):
        found.append(Budget(f"bytes per allocation and free, {what}", 6, spread))
    found.append(Budget("events lost, 1 million blocks alive", 0, results.spread("heap many", "traced", "lost_events")))
    found.append(Budget("peak RSS of the drain, 1 million blocks alive", 200,
                        scaled(results, MIB, "heap many", "traced", "orphan_peak_rss_bytes"), " MiB"))
    for mode in results.subjects("heap many report"):
        found.append(Budget(f"`instr-report {mode}`, 1 million blocks alive", 1000,
                            scaled(results, MS, "heap many report", mode, "wall_ns"), " ms"))
    return [budget for budget in found if budget.spread]


def verdicts(results):
    if results.facts.get("measured", "").startswith("quick"):
        return Table("budgets", "", [], [])  # too little work for any of them
    return Table("budgets", "Against the budgets", ["what", "budget", "measured", "kept"],
                 [budget.verdict() for budget in budgets(results)])


def machine(results):
    return Table("machine", "Where and when", ["", ""], [[k, v] for k, v in results.facts.items()])


ALL = (machine, verdicts, clocks, pair, inactive, recording, programs, heap, containers, heap_bytes, many, code,
       compile_time, startup, reports, fold, peers, heap_peers, container_peers, *lock_tables.ALL)


def tables(results):
    """Those that have rows."""
    made = (make(results) for make in ALL)
    return [table for table in made if table.rows]


def page(results):
    """All as one page of markdown."""
    parts = []
    for table in tables(results):
        parts += [f"## {table.title}", "", table.markdown(), ""]
    if results.notes:
        parts += ["## Notes", ""] + [f"- {benchmark}: {sentence}" for benchmark, sentence in results.notes] + [""]
    return "\n".join(parts)
