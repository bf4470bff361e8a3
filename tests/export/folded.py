# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# folded.py - instr-export folded: each line is a calling context with what the views say of it, none is missing, and
# flamegraph.pl reads them all, if it is there.
import os
import re
import shutil
import subprocess

import common

LINE = re.compile(r"^(\S.*) (\d+)$")


def lines_of(text, claims, name):
    found = []
    for line in text.splitlines():
        match = LINE.match(line)
        claims.hold(f"{name}: a line is a path, a blank and a number", match, line)
        if match:
            found.append((match.group(1).split(";"), int(match.group(2))))
    return found


def check_value(arguments, claims, name, trace, value, query):
    by_context = {context: n for context, n in common.ask(trace, query) if n}
    paths = common.paths(trace)
    lines = lines_of(common.export(arguments, "folded", "--value", value, trace), claims, f"{name} {value}")
    claims.same(f"{name} {value}: the sum is that of the view", sum(n for _, n in lines), sum(by_context.values()))
    wanted = sorted(([f.replace(";", ":") for f in paths[context]], n) for context, n in by_context.items())
    if all(common.is_plain(f) for path in paths.values() for f in path):
        claims.same(f"{name} {value}: a line for each context", sorted(lines), wanted)
    else:
        claims.same(f"{name} {value}: a line for each context", sorted((len(path), n) for path, n in lines),
                    sorted((len(path), n) for path, n in wanted))
    return lines


def check_flame_graph(claims, name, text):
    """flamegraph.pl says how many samples a frame has; all of them are in the frame "all"."""
    program = shutil.which("flamegraph.pl") or shutil.which("flamegraph")
    if not program or not text:
        return
    svg = subprocess.run([program, "--countname", "ns"], input=text.encode(), stdout=subprocess.PIPE, timeout=120).stdout.decode()
    total = sum(int(line.rsplit(" ", 1)[1]) for line in text.splitlines())
    claims.hold(f"{name}: flamegraph.pl has it all", f"all ({total:,} ns, 100%)" in svg, svg[-300:])


def check(arguments, claims, name, trace):
    for value, query in common.VALUES.items():
        check_value(arguments, claims, name, trace, value, query)
    idle = common.VALUES["blocked"].replace("NOT idle", "1")
    lines = lines_of(common.export(arguments, "folded", "--value", "blocked", "--all", trace), claims, name)
    claims.same(f"{name}: --all has waits for work, too", sum(n for _, n in lines), sum(n for _, n in common.ask(trace, idle)))
    for process, in common.ask(trace, "SELECT DISTINCT process_id FROM threads WHERE flags < 32"):
        part = lines_of(common.export(arguments, "folded", "--process", str(process), trace), claims, name)
        claims.same(f"{name}: --process {process}", sum(n for _, n in part),
                    common.ask(trace, f"SELECT coalesce(sum(self_ns), 0) FROM tree WHERE process_id = {process}")[0][0])
    for thread, in common.ask(trace, "SELECT thread_id FROM threads WHERE flags < 16 LIMIT 3"):
        part = lines_of(common.export(arguments, "folded", "--thread", str(thread), trace), claims, name)
        claims.same(f"{name}: --thread {thread}", sum(n for _, n in part),
                    common.ask(trace, f"SELECT coalesce(sum(self_ns), 0) FROM thread_contexts WHERE thread_id = {thread}")[0][0])
    text = common.export(arguments, "folded", trace)
    check_flame_graph(claims, name, text)
    copy = trace + ".folded"
    common.export(arguments, "folded", trace, "-o", copy)
    claims.same(f"{name}: -o writes the same", open(copy, encoding="utf-8", newline="").read(), text)
    claims.same(f"{name}: and leaves nothing else", [f for f in os.listdir(os.path.dirname(copy))
                                                    if f.startswith(os.path.basename(copy) + ".")], [])
