# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# chrome.py - instr-export chrome: the file is what the Trace Event Format says and viewers rely on (times that never go back in
# a thread, B and E that nest, arrows with both ends, each in a slice), calls and times are those of the views, the heap is
# that of --heap-at, and a window is the same as the whole run cut at its edges.
import collections
import json
import os
import re
import subprocess
import time

import common

TIME = re.compile(r'"ts":(\d+)\.(\d{3})[,}]')


def run(arguments, *words):
    return subprocess.run([os.path.join(arguments.bin, words[0]), *words[1:]], stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, timeout=120)


def ns(text):
    microseconds, rest = text.split(".")
    return int(microseconds) * 1000 + int(rest)


def load(claims, name, text):
    """Events with integer times in ns; numbers are kept as they are written."""
    claims.same(f"{name}: all times have three decimals", len(TIME.findall(text)), text.count('"ts":'))
    trace = json.loads(text, parse_float=lambda number: number)
    events = trace["traceEvents"]
    for event in events:
        event["ts"] = ns(event["ts"])
    claims.hold(f"{name}: phases are known", {e["ph"] for e in events} <= set("MBEsfCi"), str({e["ph"] for e in events}))
    return events


class Slice:
    def __init__(self, event):
        self.thread = (event["pid"], event["tid"])
        self.name, self.kind, self.begin, self.end = event["name"], event["cat"], event["ts"], None

    def key(self):
        return self.thread, self.begin, self.end, self.name, self.kind


def slices_of(claims, name, events):
    """What B and E say, each thread for itself; and for each function of a thread the time in its outermost calls."""
    stacks, last, found, outer = collections.defaultdict(list), {}, [], collections.Counter()
    for event in events:
        thread = event["pid"], event["tid"]
        if event["ph"] in "BEi":
            claims.hold(f"{name}: time goes on", event["ts"] >= last.get(thread, 0), str(event))
            last[thread] = event["ts"]
        if event["ph"] == "B":
            stacks[thread].append(Slice(event))
        elif event["ph"] == "E":
            if not stacks[thread]:
                claims.hold(f"{name}: an end has a beginning", False, str(event))
                continue
            done = stacks[thread].pop()
            done.end = event["ts"]
            found.append(done)
            if done.kind == "call" and not any(s.kind == "call" and s.name == done.name for s in stacks[thread]):
                outer[thread[1], done.name] += done.end - done.begin
    claims.hold(f"{name}: what begins ends", not any(stacks.values()), str([s[-1].name for s in stacks.values() if s]))
    return found, outer


def check_arrows(claims, name, events, slices):
    by_thread = collections.defaultdict(list)
    for s in slices:
        by_thread[s.thread].append(s)
    starts = {e["id"]: e for e in events if e["ph"] == "s"}
    ends = {e["id"]: e for e in events if e["ph"] == "f"}
    claims.same(f"{name}: arrows have two ends", (sorted(starts), len(ends)),
                (sorted(ends), sum(e["ph"] == "f" for e in events)))
    for number, start in starts.items():
        end = ends[number]
        claims.hold(f"{name}: an arrow leads from one thread to another, and not into the past",
                    start["tid"] != end["tid"] and start["pid"] == end["pid"] and start["ts"] <= end["ts"], str((start, end)))
        claims.hold(f"{name}: it begins with a wait for a lock, which ends when the other gives it back",
                    any(s.kind == "lock" and s.begin == start["ts"] and s.end >= end["ts"] - 3000
                        for s in by_thread[start["pid"], start["tid"]]), str(start))
        claims.hold(f"{name}: it ends in a slice", end["bp"] == "e" and
                    any(s.begin <= end["ts"] <= s.end for s in by_thread[end["pid"], end["tid"]]), str(end))
    return len(starts)


def check_whole(arguments, claims, name, trace, events, slices, outer):
    calls = collections.Counter((s.thread[1], s.name) for s in slices if s.kind == "call")
    children = {row[0] for row in common.ask(trace, "SELECT thread_id FROM threads WHERE parent_thread_id IS NOT NULL")}
    wanted, times, counts = collections.Counter(), collections.Counter(), collections.Counter()
    for thread, function, number, sum_ns in common.ask(trace, "SELECT thread_id, function, calls, outer_ns FROM thread_contexts"):
        wanted[thread, function] += number
        times[thread, function] += sum_ns
    own = {key: n for key, n in calls.items() if key[0] not in children}
    claims.same(f"{name}: calls are those of thread_contexts", own, {k: n for k, n in wanted.items() if k[0] not in children and n})
    for (thread, function), number in wanted.items():
        if thread in children and number: # its first slices are the calls that it was born in
            claims.hold(f"{name}: calls of a child", 0 <= calls[thread, function] - number <= 20, function)
    # Between two readings of the clock time has their rate, sums have that of the whole run.
    apart, = common.ask(trace, "SELECT max(abs(a.ns_per_tick / r.ns_per_tick - 1)) FROM anchors a, rate r")[0]
    paused = sum(s.end - s.begin for s in slices if s.kind == "instr")
    for key, sum_ns in times.items():
        if key[0] not in children:
            claims.hold(f"{name}: times are those of thread_contexts", abs(outer[key] - sum_ns) <= 2 * wanted[key] + paused + sum_ns * apart * 1.01,
                        f"{key}: {outer[key]} is not {sum_ns}")
    claims.same(f"{name}: waits for locks are those of lock_totals", sum(s.kind == "lock" for s in slices),
                common.ask(trace, "SELECT coalesce(sum(contended), 0) FROM lock_totals")[0][0])
    claims.same(f"{name}: calls that block are those of block_totals", sum(s.kind == "block" for s in slices),
                common.ask(trace, "SELECT (SELECT coalesce(sum(calls), 0) FROM block_totals) + (SELECT count(*) FROM open_blocks)")[0][0])
    for process, live, peak in common.ask(trace, "SELECT process_id, bytes - freed_bytes, peak_bytes FROM heaps WHERE kind = 0"):
        values = [int(e["args"]["bytes"]) for e in events if e["ph"] == "C" and e["pid"] == process]
        if process == 1 and values:
            claims.same(f"{name}: the heap ends as heaps says, and is never above its peak", (values[-1], max(values)), (live, peak))
    names = {(e["pid"], e["tid"]) for e in events if e["ph"] == "M" and e["name"] == "thread_name"}
    claims.hold(f"{name}: all threads have names", {s.thread for s in slices} <= names)


def clipped(slices, begin, end):
    return sorted((s.thread, max(s.begin, begin), min(s.end, end), s.name, s.kind) for s in slices if s.end >= begin and s.begin <= end)


def check_window(arguments, claims, name, trace, whole, begin, end):
    title = f"{name} {begin}..{end}"
    answer = run(arguments, "instr-export", "chrome", trace, "--from", f"{begin}ns", "--to", f"{end}ns")
    if not clipped(whole, begin, end):
        return
    claims.same(f"{title}: it is written", answer.returncode, 0)
    events = load(claims, title, answer.stdout)
    slices, _ = slices_of(claims, title, events)
    claims.hold(f"{title}: nothing is outside", all(begin <= e["ts"] <= end for e in events if e["ph"] in "BECi"))
    claims.same(f"{title}: it has what the whole run has then", sorted(s.key() for s in slices), clipped(whole, begin, end))
    check_arrows(claims, title, events, slices)
    last = {e["pid"]: int(e["args"]["bytes"]) for e in events if e["ph"] == "C"}
    if 1 in last:
        heap = run(arguments, "instr-report", trace, "--heap-at", f"{end}ns", "--process", "1", "--limit", "0", "--format", "json")
        claims.same(f"{title}: the heap is that of --heap-at", last[1], sum(row["bytes"] for row in json.loads(heap.stdout)))


def check_limit(arguments, claims, folder):
    """More calls than a page shows."""
    source = os.path.join(folder, "many.c")
    with open(source, "w", encoding="ascii") as file:
        file.write("__attribute__((noinline)) void leaf(void) { __asm__ volatile(\"\"); }\n"
                   "int main(void) { for (int i = 0; i < 1100000; i++) leaf(); return 0; }\n")
    subprocess.run([os.path.join(arguments.bin, "instr-clang"), "-O1", source, "-o", os.path.join(folder, "many")], check=True, timeout=60)
    trace = os.path.join(folder, "many.db")
    subprocess.run([os.path.join(folder, "many")], check=True, timeout=60, env={**os.environ, "INSTR_OPTIONS": f"out={trace}"})
    for _ in range(600): # the drain goes on behind the program's end
        if os.path.exists(trace) and common.ask(trace, "SELECT 1 FROM run WHERE key = 'state' AND value = 'complete'"):
            break
        time.sleep(0.1)
    out = os.path.join(folder, "many.json")
    answer = run(arguments, "instr-export", "chrome", trace, "-o", out)
    claims.hold("too many events are refused with a sentence, and leave no file",
                answer.returncode == 3 and "more than 2,000,000 events" in answer.stderr and "--from TIME --to TIME" in answer.stderr and
                not os.path.exists(out), answer.stderr)
    start, = common.ask(trace, "SELECT CAST(min(start_ticks) * (SELECT ns_per_tick FROM rate) AS INTEGER) FROM chunks")[0]
    answer = run(arguments, "instr-export", "chrome", trace, "-o", out, "--to", f"{start + 1000000}ns")
    claims.same("a part of them is written", (answer.returncode, os.path.exists(out)), (0, True))


def check(arguments, claims, name, trace):
    if not name.endswith(".db"): # stored ones have no events, or what is none
        answer = run(arguments, "instr-export", "chrome", trace)
        claims.same(f"{name}: without events there is a sentence, and nothing else",
                    (answer.returncode, answer.stdout, bool(re.search("no events of this time are kept|damaged: calling context", answer.stderr))),
                    (3, "", True))
        return
    events = load(claims, name, common.export(arguments, "chrome", trace))
    slices, outer = slices_of(claims, name, events)
    check_whole(arguments, claims, name, trace, events, slices, outer)
    claims.hold(f"{name}: there are arrows", check_arrows(claims, name, events, slices) > 0)
    last = max(s.end for s in slices)
    first = min(s.begin for s in slices)
    for i in range(12):
        begin = first + (last - first) * i // 13
        check_window(arguments, claims, name, trace, slices, begin, begin + (last - first) // (2 + i))
    for s in sorted(slices, key=Slice.key)[:: max(1, len(slices) // 6)]: # edges on the edges of slices
        check_window(arguments, claims, name, trace, slices, s.begin, s.end)
        check_window(arguments, claims, name, trace, slices, s.begin + 1, s.end + 1)
    for thread in {s.thread[1] for s in slices}:
        part, _ = slices_of(claims, name, load(claims, name, common.export(arguments, "chrome", "--thread", str(thread), trace)))
        claims.same(f"{name}: --thread {thread}", [s.key() for s in part], [s.key() for s in slices if s.thread[1] == thread])
    check_limit(arguments, claims, os.path.dirname(trace))
