# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# callgrind.py - instr-export callgrind: callgrind_annotate reads it, and the times that it prints of each function, without
# callees and with them, are those of the view tree; recursion counts once.
import collections
import os
import re
import shutil
import subprocess

import common

ROW = re.compile(r"^\s*([\d,]+)\s+\(\s*[\d.]+%\)\s+(?:(.*?):)?(.*?)\s*$")


def skip():
    return None if shutil.which("callgrind_annotate") else "callgrind_annotate is not here (Debian: valgrind)"


def rows_of(claims, name, path, inclusive):
    answer = subprocess.run(["callgrind_annotate", "--threshold=100", "--show-percs=yes", "--auto=no", f"--inclusive={inclusive}", path],
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120)
    text = answer.stdout.decode()
    claims.hold(f"{name}: callgrind_annotate reads it", answer.returncode == 0, text[-500:])
    sums, total = collections.Counter(), None
    for line in text.splitlines():
        match = ROW.match(line)
        if match and match.group(3) == "PROGRAM TOTALS":
            total = int(match.group(1).replace(",", ""))
        elif match:
            sums[line.split(")", 1)[1].strip().replace("???:", "", 1)] += int(match.group(1).replace(",", ""))
    return sums, total


def check(arguments, claims, name, trace):
    path = trace + ".callgrind"
    common.export(arguments, "callgrind", trace, "-o", path)
    wanted = {"no": collections.Counter(), "yes": collections.Counter()}
    paths = common.paths(trace)
    contexts = {c: (p, f"{file}:{function}" if file else function) for c, p, file, function in common.ask(
        trace, "SELECT context_id, parent_id, file, name FROM contexts LEFT JOIN functions USING (function_id)")}
    total = 0
    for context, ns in common.ask(trace, "SELECT context_id, self_ns FROM tree"):
        wanted["no"][contexts[context][1]] += ns
        total += ns
        on_path = set()
        while contexts[context][0] is not None:
            on_path.add(contexts[context][1])
            context = contexts[context][0]
        for function in on_path:
            wanted["yes"][function] += ns
    if not total:
        return
    for inclusive in ("no", "yes"):
        rows, said = rows_of(claims, name, path, inclusive)
        claims.same(f"{name}: (all), --inclusive={inclusive}", rows.pop("(all)", 0), total if inclusive == "yes" else 0)
        claims.same(f"{name}: the total, --inclusive={inclusive}", said, total)
        if all(common.is_plain(f) for p in paths.values() for f in p):
            claims.same(f"{name}: each function, --inclusive={inclusive}", +rows, +wanted[inclusive])
