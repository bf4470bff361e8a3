#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# browser.py - does a flame graph work for who looks at it? In headless Chromium, from a file, with clicks and keys.
#
#     browser.py --bin DIR [--source DIR]
#
# A script at the end of a copy of the page goes through steps and notes what the page says of itself after each (data-* of
# its body). Skipped (77) where there is no Chromium.
import argparse
import html
import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile

import page
from page import common, report

SKIPPED = 77
EVIL = ["</script><script>document.title='evil'</script>", "<img src=x onerror=\"document.title='evil'\">", "]]><!--<script>", "quote \" and ' and \\ and \u2028",
        "\u202eright to left", "&lt;b&gt;", "__proto__", "constructor"]

DRIVER = r"""
(async () => {
	const log = [], body = document.body, canvas = document.getElementById("canvas");
	const pause = () => new Promise(done => setTimeout(done, 40));
	const send = (target, event) => target.dispatchEvent(event);
	const mouse = (name, kind) => {
		const at = flame.at(name);
		send(document.elementFromPoint(at.x, at.y) || canvas, new MouseEvent(kind, {clientX: at.x, clientY: at.y, bubbles: true}));
	};
	const acts = {
		go: async to => { location.hash = to; },
		click: async name => mouse(name, "click"),
		hover: async name => mouse(name, "mousemove"),
		history: async step => history.go(step),
		key: async key => send(document.getElementById("scroll"), new KeyboardEvent("keydown", {key, bubbles: true, cancelable: true})),
		press: async id => document.querySelector(id).click(),
		type: async text => {
			const field = document.getElementById("search");
			field.value = text;
			send(field, new Event("input", {bubbles: true}));
		},
	};
	for (const [act, what] of STEPS) {
		const changed = act === "go" && location.hash.slice(1) !== what && new Promise(done => addEventListener("hashchange", done, {once: true}));
		await acts[act](what);
		await changed;
		await pause();
		log.push({step: act + " " + what, ...body.dataset, tip: document.getElementById("tip").hidden ? "" : document.getElementById("tip").innerText,
			found: document.getElementById("found").textContent, status: document.getElementById("status").textContent, address: location.hash,
			inked: [...canvas.getContext("2d").getImageData(0, 0, canvas.width, Math.min(canvas.height, 400)).data].filter((v, i) => i % 4 === 3 && v).length,
			title: document.title, heading: document.getElementById("command").textContent, notes: document.getElementById("notes").innerText});
	}
	const said = document.createElement("pre");
	said.id = "said";
	said.textContent = JSON.stringify(log);
	body.append(said);
})().catch(error => { document.body.append(Object.assign(document.createElement("pre"), {id: "said", textContent: JSON.stringify("failed: " + error)})); });
"""


class Browser:
    def __init__(self, program, folder):
        self.program, self.folder = program, folder

    def run(self, path, *options):
        return subprocess.run(
            [self.program, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run", "--disable-dev-shm-usage", "--disable-extensions",
             "--disable-background-networking", "--window-size=1200,800", f"--user-data-dir={self.folder}/profile",
             "--virtual-time-budget=60000", *options, "file://" + path],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=120,
            env={**os.environ, "HOME": self.folder, "TZ": "UTC0"}).stdout.decode("utf-8", errors="replace")

    def walk(self, text, steps):
        """What the page says after each step."""
        path = os.path.join(self.folder, "driven.html")
        with open(path, "w", encoding="utf-8") as f:
            f.write(text.replace("</body>", "<script>" + DRIVER.replace("STEPS", json.dumps(steps).replace("<", "\\u003c")) + "</script></body>"))
        dom = self.run(path, "--dump-dom")
        said = re.search(r'<pre id="said">(.*?)</pre>', dom, re.S)
        if not said:
            raise SystemExit("the page did not get to the end of its steps: " + dom[-2000:])
        log = json.loads(html.unescape(said.group(1)))
        if isinstance(log, str):
            raise SystemExit(log)
        return log


def subtree_totals(trace):
    """By path: own and total time, from the view tree."""
    paths, own, totals = common.paths(trace), dict(common.ask(trace, "SELECT context_id, self_ns FROM tree")), {}
    for context, path in paths.items():
        path = [] if path == ["(no function)"] else path
        for end in range(len(path) + 1):
            key = tuple(path[:end])
            totals[key] = totals.get(key, 0) + own.get(context, 0)
    return {tuple(paths[context]): n for context, n in own.items()}, totals


def check_main(arguments, claims, browser, trace):
    text = report(arguments, trace, "--flame", "-")
    own, totals = subtree_totals(trace)
    worker, tokenize = "worker(Queue&)", "tokenize(char const*, unsigned long)"
    tokens, hashes = totals[worker, tokenize], totals[worker, tokenize, "hash(char const*)"]
    whole, calls = totals[()], common.ask(trace, "SELECT sum(calls) FROM tree")[0][0]
    steps = [["go", ""], ["go", "m=calls"], ["go", ""], ["click", worker], ["click", tokenize], ["press", "#back"], ["click", worker], ["key", "0"],
             ["type", "TOKEN"], ["type", "a"], ["press", "#regex"], ["type", "^(hash|visit)"], ["type", "(" ], ["key", "Escape"],
             ["hover", tokenize], ["key", "v"], ["key", "i"], ["click", tokenize], ["click", worker], ["key", "Backspace"], ["key", "i"],
             ["key", "ArrowDown"], ["key", "ArrowUp"], ["key", "ArrowUp"], ["key", "Enter"], ["key", "t"], ["key", "2"], ["key", "0"], ["history", -1], ["history", -1],
             ["key", "Backspace"], ["key", "Backspace"], ["key", "Backspace"], ["key", "Backspace"], ["go", "z=999999&m=nonsense&view=x"]]
    names = ["start", "calls", "time", "worker", "tokenize", "back", "out", "all", "token", "a", "regex", "pattern", "wrong", "escape", "hover", "flame",
             "inverted", "inverted_tokenize", "inverted_worker", "inverted_back", "forward", "first", "up", "up2", "entered", "dark", "second", "zero", "history", "history2", "b1", "b2", "b3", "b4", "nonsense"]
    at = dict(zip(names, browser.walk(text, steps)))

    claims.same("the page is ready", at["start"]["ready"], "1")
    claims.same("all is SQL's sum of time", int(at["start"]["total"]), whole)
    claims.same("all is SQL's sum of calls", int(at["calls"]["total"]), calls)
    claims.same("only what was recorded can be chosen", at["start"]["measures"], "time calls")
    claims.hold("something is drawn", int(at["start"]["inked"]) > 10000, at["start"]["inked"])
    claims.hold("the header is there", "./indexer" in at["start"]["heading"] and "nothing lost" in at["start"]["notes"] and "8.21 s" in at["start"]["notes"])
    claims.same("a click zooms", (at["worker"]["zoomName"], int(at["worker"]["zoomTotal"])), (worker, totals[worker,]))
    claims.same("own time of what is zoomed to", int(at["worker"]["zoomSelf"]), own[worker,])
    claims.same("a click zooms on", (at["tokenize"]["zoomName"], int(at["tokenize"]["zoomTotal"])), (tokenize, tokens))
    claims.same("back goes back", at["back"]["zoomName"], worker)
    claims.same("a click on what is zoomed to leads out", at["out"]["zoom"], "")
    claims.same("0 leads to everything", (at["all"]["zoom"], int(at["all"]["zoomTotal"])), ("", whole))
    claims.same("search finds text of any case", (int(at["token"]["matchedTotal"]), int(at["token"]["matchedFunctions"])), (tokens, 1))
    claims.same("the share of matches is said", at["token"]["found"], f"{100 * tokens / whole:.1f}% in 1 function")
    within = sum(n for path, n in own.items() if any("a" in name.lower() for name in path))
    claims.same("what lies within a match counts once", int(at["a"]["matchedTotal"]), within)
    claims.hold("a pattern as text finds nothing, or less", at["regex"]["found"] != "" and not at["regex"]["wrong"])
    visits = sum(n for path, n in own.items() if any(name.startswith("visit") for name in path))
    claims.same("regular expressions", int(at["pattern"]["matchedTotal"]), hashes + visits)
    claims.hold("a wrong pattern is said", "regular expression" in at["wrong"]["found"], at["wrong"]["found"])
    claims.same("Escape ends the search", at["escape"]["found"], "")
    tip = at["hover"]["tip"]
    claims.hold("the tooltip has name, place, calls and shares", all(part in tip for part in (
        tokenize, "tokenize.cpp:7", "indexer", "1,800,000 call", f"{100 * tokens / whole:.1f}%", "8.47 s")), tip)
    claims.same("v turns it over", at["flame"]["view"], "flame")
    claims.same("i inverts it", (at["inverted"]["inverted"], int(at["inverted"]["total"])), ("1", whole))
    claims.same("a function first", (at["inverted_tokenize"]["zoomName"], int(at["inverted_tokenize"]["zoomTotal"])), (tokenize, own[worker, tokenize]))
    claims.same("its callers below", (at["inverted_worker"]["zoomName"], int(at["inverted_worker"]["zoomTotal"])), (worker, own[worker, tokenize]))
    claims.same("Backspace goes back", at["inverted_back"]["zoomName"], tokenize)
    claims.same("i again", (at["forward"]["inverted"], at["forward"]["zoom"]), ("0", ""))
    claims.same("arrows begin where it is zoomed to", at["first"]["chosen"], "all")
    claims.same("up is to what is called, in a flame", at["up"]["chosen"], worker)
    claims.same("and on", at["up2"]["chosen"], tokenize)
    claims.same("Enter zooms to it", at["entered"]["zoomName"], tokenize)
    claims.same("t is the other light", (at["entered"]["dark"], at["dark"]["dark"]), ("0", "1"))
    claims.same("a number is a measure", (at["second"]["measure"], at["second"]["zoomName"]), ("calls", tokenize))
    claims.same("the browser's own back goes back", (at["zero"]["zoom"], at["history"]["zoomName"]), ("", tokenize))
    claims.same("Backspace at everything stays there", (at["b3"]["zoom"], at["b4"]["zoom"], at["b4"]["ready"]), ("", "", "1"))
    claims.same("an address of nothing shows everything", (at["nonsense"]["zoom"], at["nonsense"]["measure"], at["nonsense"]["view"]), ("", "time", "icicle"))
    claims.hold("what is shown is in the address", "m=calls" in at["second"]["address"] and "z=" in at["second"]["address"])

    old = {"time": [1000 * (i + 1) for i in range(len(page.Page(text).paths))]}
    compared = browser.walk(text.replace('"before":null', '"before":' + json.dumps(old)), [["go", "a=1"], ["go", "wide=old"], ["hover", worker]])
    claims.same("two traces: widths of the new one", int(compared[0]["total"]), whole)
    claims.same("or of the old one", int(compared[1]["total"]), sum(old["time"]))
    claims.hold("so is what is said of it", f"{whole / 1e9:.1f} s, " in compared[0]["status"] and " before (" in compared[0]["status"], compared[0]["status"])
    claims.hold("the tooltip has both", "before" in compared[2]["tip"] and "+" in compared[2]["tip"], compared[2]["tip"])

    shown = os.path.join(browser.folder, "shown.html")
    with open(shown, "w", encoding="utf-8") as f:
        f.write(text)
    pdf = os.path.join(browser.folder, "page.pdf")
    browser.run(shown, f"--print-to-pdf={pdf}")
    claims.hold("it prints", os.path.exists(pdf) and open(pdf, "rb").read(5) == b"%PDF-")


def check_measures(arguments, claims, browser, trace):
    data = page.Page(report(arguments, trace, "--flame", "-"))
    keys = [key for key in ("time", "calls", "bytes", "allocs", "blocked", "idle", "lock") if key in data.data["own"]]
    log = browser.walk(report(arguments, trace, "--flame", "-"), [["go", "m=" + key + "&x=1"] for key in keys])
    claims.hold("several measures are there", len(keys) > 3, keys)
    for key, said in zip(keys, log):
        claims.same(f"{key}: all is the sum", (said["measure"], int(said["total"])), (key, data.sum(key)))
        claims.hold(f"{key}: it is drawn", int(said["rects"]) > 1 and int(said["inked"]) > 10000)


def check_names(arguments, claims, browser, trace):
    """Functions, files and the command line called so that they would be markup or code."""
    db = sqlite3.connect(trace)
    functions = [f for f, in db.execute("SELECT function_id FROM functions WHERE function_id IN (SELECT function_id FROM contexts) AND function_id > 0")]
    for i, function in enumerate(functions):
        db.execute("UPDATE functions SET name = ?, file = ? WHERE function_id = ?", (EVIL[i % len(EVIL)] + f"{i}", EVIL[(i + 1) % len(EVIL)], function))
    db.execute("UPDATE processes SET command = ?", (EVIL[0] + EVIL[1] + "\x07\n",))
    db.commit()
    db.close()
    text = report(arguments, trace, "--flame", "-")
    wanted = page.Page(text)
    log = browser.walk(text, [["go", "m=calls"], ["type", "</script>"], ["type", "__proto__"], ["hover", EVIL[1] + "1"]])
    claims.same("such names do no harm", [(said["ready"], "evil" in said["title"].split("</")[0]) for said in log], [("1", False)] * 4)
    claims.same("all of it is there", int(log[0]["total"]), wanted.sum("calls"))
    claims.hold("the command line is text", EVIL[0] in log[0]["heading"], log[0]["heading"])
    claims.hold("names are found as they are", int(log[1]["matchedFunctions"]) >= 1 and int(log[1]["matchedTotal"]) > 0, log[1]["found"])
    claims.hold("the tooltip has them as text", EVIL[1] in log[3]["tip"], log[3]["tip"])


def check_many(arguments, claims, browser, trace, count=200000):
    """Many contexts, in a tree that is wide at first and 40 deep."""
    db = sqlite3.connect(trace)
    most, = db.execute("SELECT max(context_id) FROM contexts").fetchone()
    parent, = db.execute("SELECT context_id FROM contexts WHERE parent_id IS NULL AND context_id >= 0 ORDER BY context_id").fetchone()
    function, thread = db.execute("SELECT c.function_id, t.thread_id FROM totals t JOIN contexts c USING (context_id) LIMIT 1").fetchone()
    db.execute("CREATE TEMP TABLE new AS WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ?)"
               " SELECT i, i + ? + 1 AS id, iif(i % 40, i + ?, ?) AS parent, i % 40 + 1 AS depth, 1000 + i % 37 AS f FROM n", (count, most, most, parent))
    db.execute("INSERT INTO functions WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 36)"
               " SELECT 1000 + i, module_id, 1000 + i, 'many' || i || '(int)', 'many' || i, file, line, 1, NULL, flags FROM functions, n"
               " WHERE function_id = ?", (function,))
    db.execute("INSERT INTO contexts SELECT id, 1, parent, 100000 + i, f, depth, 0, 0 FROM new")
    db.execute("INSERT INTO totals SELECT ?, id, 3, 3, 0, 0, 1000 + i % 97, 1000 + i % 97, 1, 900, NULL FROM new", (thread,))
    db.commit()
    db.close()
    text = report(arguments, trace, "--flame", "-")
    whole = common.ask(trace, "SELECT sum(self_ns) FROM tree")[0][0]
    claims.hold("a page of 200,000 contexts has less than 5 MB", len(text) < 5e6, len(text))
    log = browser.walk(text, [["go", "m=calls"], ["go", "m=time&q=many7("], ["go", "inv=1"], ["go", "z=150000"]])
    claims.hold("many contexts are there", int(log[0]["nodes"]) > count, log[0]["nodes"])
    claims.same("their sum is SQL's", int(log[1]["total"]), whole)
    claims.hold("what is below a pixel is not drawn", all(int(said["rects"]) < 1200 * int(said["levels"]) for said in log),
                [(said["rects"], said["levels"]) for said in log])
    claims.hold("search goes through all of them", int(log[1]["matchedFunctions"]) == 1 and int(log[1]["matchedTotal"]) > 0, log[1]["found"])
    claims.same("inverted, too", int(log[2]["zoomTotal"]), whole)
    claims.same("and each can be zoomed to", log[3]["zoom"], "150000")


def main():
    parser = argparse.ArgumentParser(description="Looks at flame graphs in a browser.")
    parser.add_argument("--bin", required=True, help="folder of the programs")
    parser.add_argument("--source", default=os.path.join(page.HERE, "..", ".."), help="the source tree")
    arguments = parser.parse_args()
    arguments.bin = os.path.abspath(arguments.bin)
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if not program:
        print("skipped: there is no Chromium here (Debian's package chromium)")
        return SKIPPED
    claims = common.Claims()
    with tempfile.TemporaryDirectory(prefix="browser-") as folder:
        browser = Browser(program, folder)

        def stored(name):
            path = os.path.join(folder, name + ".db")
            common.run.build_trace(path, name, arguments.source)
            return path
        check_main(arguments, claims, browser, stored("main"))
        check_measures(arguments, claims, browser, stored("waiting"))
        check_names(arguments, claims, browser, stored("heap"))
        os.unlink(os.path.join(folder, "main.db"))
        check_many(arguments, claims, browser, stored("main"))
    return claims.finish()


if __name__ == "__main__":
    sys.exit(main())
