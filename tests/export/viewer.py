#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# viewer.py - does speedscope itself, in headless Chromium, show what SQL says of instr-export speedscope?
#
#     viewer.py --bin DIR --viewer FOLDER [--source DIR]
#
# FOLDER gets the viewer (tests/e2e/truth/fetch.sh). Skipped (77) where there is no Chromium, or no network to fetch it by.
import argparse
import base64
import html
import os
import re
import shutil
import subprocess
import sys
import tempfile

import common

SKIPPED = 77


def table(program, folder, viewer, name, exported):
    """Its table of functions, each name, total, self, the latter without their shares; and the title."""
    script = os.path.join(folder, "profile.js")
    with open(script, "w") as out:
        out.write(f'speedscope.loadFileFromBase64("{name}.json", "{base64.b64encode(exported.encode()).decode()}")')
    page = f"file://{viewer}/index.html#view=sandwich&localProfilePath={script}"
    shown = subprocess.run([program, "--headless", "--no-sandbox", "--disable-gpu", "--enable-unsafe-swiftshader", f"--user-data-dir={folder}/browser",
                            "--virtual-time-budget=20000", "--window-size=1200,4000", "--allow-file-access-from-files", "--dump-dom", page],
                           stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, timeout=120).stdout
    rows = []
    for row in re.findall(r"<tr.*?</tr>", shown, re.S):
        cells = [html.unescape(re.sub(r"<[^>]+>", "", cell)) for cell in re.findall(r"<td.*?</td>", row, re.S)]
        if len(cells) == 3:
            rows.append((cells[2], *(re.sub(r" \(.*", "", cell) for cell in cells[:2])))
    return rows, html.unescape(re.search(r"<title>([^<]*)", shown)[1])


def calls_of(rows):
    """By name: functions of one name, in several files, are rows of their own. Whole numbers are shown as they are."""
    calls = {}
    for name, *numbers in rows:
        total, own = (int(n.replace(",", "")) for n in numbers)
        calls[name] = (calls.get(name, (0, 0))[0] + total, calls.get(name, (0, 0))[1] + own)
    return calls


def wanted(trace):
    """The same by SQL: a function's total has a context once, whatever recursion it is in."""
    own, total, paths = {}, {}, common.paths(trace)
    for context, n in common.ask(trace, common.VALUES["calls"]):
        if not n:
            continue
        own[paths[context][-1]] = own.get(paths[context][-1], 0) + n
        for function in set(paths[context]):
            total[function] = total.get(function, 0) + n
    return {function: (n, own.get(function, 0)) for function, n in total.items()}


def main():
    parser = argparse.ArgumentParser(description="Looks at exports in speedscope.")
    parser.add_argument("--bin", required=True, help="folder of the programs")
    parser.add_argument("--viewer", required=True, help="where the viewer is, or will be")
    parser.add_argument("--source", default=os.path.join(common.HERE, "..", ".."), help="the source tree")
    arguments = parser.parse_args()
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if not program:
        print("skipped: there is no Chromium here (Debian's package chromium)")
        return SKIPPED
    fetched = subprocess.run(["sh", os.path.join(common.HERE, "..", "e2e", "truth", "fetch.sh"), arguments.viewer, "speedscope"])
    if fetched.returncode:
        return fetched.returncode
    viewer = os.path.join(os.path.abspath(arguments.viewer), "speedscope")
    claims = common.Claims()
    with tempfile.TemporaryDirectory(prefix="viewer-") as folder:
        for name in ("main", "processes", "heap", "waiting"):
            trace = os.path.join(folder, name + ".db")
            common.run.build_trace(trace, name, arguments.source)
            rows, title = table(program, folder, viewer, name, common.export(arguments, "speedscope", "--value", "calls", trace))
            claims.hold(f"{name}: it is read", title.endswith(" - speedscope"), title)
            claims.same(f"{name}: calls, with callees and own", calls_of(rows), wanted(trace))
        rows, _ = table(program, folder, viewer, "main", common.export(arguments, "speedscope", os.path.join(folder, "main.db")))
        claims.hold("main: times, in their units", ("worker(Queue&)", "15.85s", "850.00ms") in rows, rows)
    return claims.finish()


if __name__ == "__main__":
    sys.exit(main())
