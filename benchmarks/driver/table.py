# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# table.py - what tables are made of (tables.py, lock_tables.py): cells, and rows of the same shape.
from dataclasses import dataclass
from typing import NamedTuple

NOTHING = "–"
MS, MIB = 1e6, 2.0**20

TWO_READS = ("clock reads", "two_reads_ns")
TWO_READS_CPU = ("clock reads", "two_reads_cpu_ns")  # for what is itself CPU time


@dataclass
class Table:
    name: str     # docs/overhead.md has it between markers of this name
    title: str
    header: list
    rows: list

    def markdown(self):
        widths = [max(len(str(row[i])) for row in [self.header] + self.rows) for i in range(len(self.header))]

        def line(cells):
            return "| " + " | ".join(str(c).ljust(w) for c, w in zip(cells, widths)) + " |"
        rule = "|" + "|".join("-" * (w + 2) for w in widths) + "|"
        return "\n".join([line(self.header), rule] + [line(row) for row in self.rows])


def number(value, count=False):
    """Three digits that count, no exponent; a count has no fraction."""
    size = abs(value)
    if count or size >= 1e4 or size == 0:
        return f"{value:,.0f}"
    for limit, digits in ((100, 0), (10, 1), (1, 2), (0, 3)):
        if size >= limit:
            return f"{value:.{digits}f}"
    return str(value)


def cell(spread, unit="", count=False):
    if not spread:
        return NOTHING
    if spread.least == spread.most:
        return number(spread.median, count) + unit
    return f"{number(spread.median, count)}{unit} [{number(spread.least, count)}–{number(spread.most, count)}]"


def scaled(results, divisor, *key):
    return results.combine(lambda value: value / divisor, key)


def cpu(key, subject):
    return (key, subject, "user_ns"), (key, subject, "system_ns")


def added(results, benchmark, subject, unit, metric="time_ns"):
    """What a pair takes more than in the untraced program, in single reads of the clock."""
    reads = TWO_READS if metric == "time_ns" else TWO_READS_CPU
    return results.combine(lambda t, p, n, r: (t - p) / n / (r / 2), (benchmark, subject, metric),
                           (benchmark, "untraced", metric), (benchmark, subject, unit), (benchmark, *reads))


def added_without_waiting(results, benchmark, subject, unit):
    """The same, less the time in which the program waited for the drain."""
    return results.combine(lambda t, s, p, n, r: (t - s - p) / n / (r / 2), (benchmark, subject, "time_ns"),
                           (benchmark, subject, "stall_ns"), (benchmark, "untraced", "time_ns"),
                           (benchmark, subject, unit), (benchmark, *TWO_READS))


PAIR_COLUMNS = ["program", "variant", "ns per pair", "added, in clock reads", "of it waiting for the drain, ns",
                "added without waiting, in clock reads", "CPU time of the program, added, in clock reads",
                "million events per s", "drain, ns per event", "events lost", "rounds"]


def pair_rows(results, programs, unit):
    """Rows of PAIR_COLUMNS: programs that make so many pairs (of calls) of what is recorded."""
    rows = []
    for key, what in programs.items():
        for subject in results.subjects(key):
            time, pairs = (key, subject, "time_ns"), (key, subject, unit)
            if subject == "clock reads" or not results.rounds(*time):
                continue
            stall, events = (key, subject, "stall_ns"), (key, subject, "events")
            is_traced = subject == "traced"
            is_plain = subject == "untraced"
            rows.append([
                what, subject,
                cell(results.combine(lambda t, n: t / n, time, pairs)),
                NOTHING if is_plain else cell(added(results, key, subject, unit)),
                cell(results.combine(lambda s, n: s / n, stall, pairs)),
                NOTHING if not is_traced else cell(added_without_waiting(results, key, subject, unit)),
                NOTHING if is_plain else cell(added(results, key, subject, unit, "cpu_ns")),
                NOTHING if not is_traced else cell(results.combine(lambda e, t: e / t * 1e3, events, time)),
                NOTHING if not is_traced else cell(results.combine(lambda d, e: d / e, (key, subject, "drain_ns"), events)),
                cell(results.spread(key, subject, "lost_events"), count=True),
                results.spread(*time).count,
            ])
    return rows


def peer_cells(results, benchmark, subject):
    """What both tables of other tools end with."""
    return [
        cell(results.combine(lambda b, o: max(b, o) / MIB, (benchmark, subject, "peak_rss_bytes"),
                             (benchmark, subject, "orphan_peak_rss_bytes"))),
        cell(results.combine(lambda w, e: (w + e) / 1e9, (benchmark, subject, "wall_ns"),
                             (benchmark, subject, "orphan_end_ns"))),
        results.spread(benchmark, subject, "wall_ns").count,
    ]


PEER_COLUMNS = ["peak RSS of its largest process, MiB", "until all of it had ended, s", "rounds"]


class Budget(NamedTuple):
    what: str
    limit: float
    spread: object
    unit: str = ""
    at_least: bool = False  # else at most

    def verdict(self):
        sign = "≥" if self.at_least else "≤"
        is_kept = self.spread.median >= self.limit if self.at_least else self.spread.median <= self.limit
        return [self.what, f"{sign} {self.limit:g}{self.unit}", cell(self.spread, self.unit), "yes" if is_kept else "**no**"]
