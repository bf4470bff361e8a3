# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# page.py - pages of instr-report --flame, and what is in them.
import json
import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "export"))
import common  # noqa: E402

BEGIN, END = '<script type="application/json" id="data">\n', "\n</script>"


def report(arguments, *words, status=0):
    answer = subprocess.run([os.path.join(arguments.bin, "instr-report"), *words], stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120)
    if answer.returncode != status:
        raise SystemExit(f"instr-report {' '.join(words)} ended with {answer.returncode}: {answer.stderr.decode()}")
    return answer.stdout.decode("utf-8", errors="strict")


def data_text(page):
    start = page.index(BEGIN) + len(BEGIN)
    return page[start:page.index(END, start)]


class Page:
    """The data of a page: values by path (names from the outermost function to the innermost)."""

    def __init__(self, page):
        self.text = data_text(page)
        self.program = page.replace(self.text, "")
        self.data = json.loads(self.text)
        self.paths = []
        for node, (back, function) in enumerate(zip(self.data["parents"], self.data["functions"])):
            caller = self.paths[node - back] if node else []
            self.paths.append(caller + [] if function in self.data["none"] else caller + [self.data["names"][function]])

    def own(self, key):
        values = self.data["own"].get(key, [])
        if isinstance(values, dict):
            return dict(zip(values["i"], values["v"]))
        return {node: value for node, value in enumerate(values) if value}

    def sum(self, key):
        return sum(self.own(key).values())

    def totals(self, key):
        own = self.own(key)
        totals = [own.get(node, 0) for node in range(len(self.paths))]
        for node in range(len(totals) - 1, 0, -1):
            totals[node - self.data["parents"][node]] += totals[node]
        return totals

    def names(self):
        return {name for f, name in enumerate(self.data["names"]) if f not in self.data["none"]}


def nothing_from_elsewhere(program):
    """What of the page's own text would fetch something."""
    return re.findall(r"(?:src|href)\s*=|url\(|@import|\bimport\b|fetch\(|XMLHttpRequest|https?:", program)
