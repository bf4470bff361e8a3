# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# results.py - the samples of one run of the benchmarks: kept in memory, written as CSV (one line per
# sample, the machine's facts as comments above), read back, and asked for medians and ratios.
#
# A sample is (benchmark, subject, metric, round, value). Ratios are taken between values of the same
# round, which were measured within seconds of each other, and only then is the median taken: what
# drifts over minutes cancels out.
import csv
import statistics


class Spread:
    """Median, least and greatest of some samples."""

    def __init__(self, values):
        self.values = list(values)
        self.count = len(self.values)
        if self.values:
            self.median = statistics.median(self.values)
            self.least = min(self.values)
            self.most = max(self.values)

    def __bool__(self):
        return self.count > 0


class Results:
    def __init__(self):
        self.facts = {}    # of the machine and the run, in order
        self.notes = []    # (benchmark, sentence): what was left out, and what is wrong
        self.samples = {}  # (benchmark, subject, metric) -> {round: value}

    def add(self, benchmark, subject, metric, round_number, value):
        self.samples.setdefault((benchmark, subject, metric), {})[round_number] = float(value)

    def note(self, benchmark, sentence):
        if (benchmark, sentence) not in self.notes:
            self.notes.append((benchmark, sentence))

    def notes_of(self, benchmark):
        return [sentence for name, sentence in self.notes if name == benchmark]

    def rounds(self, benchmark, subject, metric):
        return self.samples.get((benchmark, subject, metric), {})

    def has(self, benchmark, subject=None):
        return any(b == benchmark and subject in (None, s) for b, s, _ in self.samples)

    def subjects(self, benchmark):
        """In order of their first sample."""
        return list(dict.fromkeys(s for b, s, _ in self.samples if b == benchmark))

    def spread(self, benchmark, subject, metric):
        return Spread(self.rounds(benchmark, subject, metric).values())

    def combine(self, formula, *keys):
        """The spread of formula(a, b, ...) over the rounds that have all of the given
        (benchmark, subject, metric)."""
        columns = [self.rounds(*key) for key in keys]
        common = set(columns[0]).intersection(*columns[1:]) if columns else ()
        return Spread(formula(*(column[r] for column in columns)) for r in sorted(common))

    # ---- files -----------------------------------------------------------------------------------

    def write(self, path):
        with open(path, "w", newline="") as file:
            for key, value in self.facts.items():
                file.write(f"# {key}: {value}\n")
            for benchmark, sentence in self.notes:
                file.write(f"# note {benchmark}: {sentence}\n")
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(("benchmark", "subject", "metric", "round", "value"))
            for (benchmark, subject, metric), values in self.samples.items():
                for round_number, value in sorted(values.items()):
                    writer.writerow((benchmark, subject, metric, round_number, f"{value:.12g}"))

    @classmethod
    def read(cls, path):
        results = cls()
        with open(path, newline="") as file:
            lines = file.read().splitlines()
        head = [line[2:] for line in lines if line.startswith("# ")]
        for line in head:
            key, _, value = line.partition(": ")
            if key.startswith("note "):
                results.note(key[len("note "):], value)
            else:
                results.facts[key] = value
        for row in csv.DictReader(line for line in lines if not line.startswith("# ")):
            results.add(row["benchmark"], row["subject"], row["metric"], int(row["round"]), row["value"])
        return results
