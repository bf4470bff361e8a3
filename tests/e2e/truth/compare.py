#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# compare.py - are the calls in a trace those that independent counters saw in the same run?
#
#     compare.py --tools LLVM_BIN --program P --level source|late --counts COUNTS
#                [--profile TEXT] [--expect CLASS]... [--list FILE] CALLS
#     compare.py --tools LLVM_BIN --program P --counts COUNTS --print-late
#
# CALLS is the output of trace-calls.sql (sqlite3 -tabs), COUNTS that of count.c, TEXT that of
# llvm-profdata show --all-functions.
#
#   --level source   program compiled at -O0 with profile counters and -finstrument-functions: every
#                    function must have the count of the profile; what only the trace knows must be
#                    of a class that profile counters leave out, and have the count of cyg
#   --level late     any -O, with -finstrument-functions-after-inlining: every function must have the
#                    count of cyg
#
# In both, thunks and global initialisers, for which clang inserts neither profile counters nor
# -finstrument-functions hooks, must have the count of the late counter; and so must all the rest,
# as a third opinion. Returns must be cyg's exits.
#
# A function is known by its address in the program: all sides' names are looked up in the symbol
# table, a name that several files define (statics) with the file. Functions that even name and file
# do not tell apart (a static one in a header) are compared by their sum.
#
# --list writes the functions that only one side knows, one per line: class, calls, name, file.
# --print-late prints CALLS as a flawless trace would give them, from the late counter: the self-test
# seeds its errors there.
#
# Exit: 0 all equal, 1 a difference, 2 wrong usage, 3 a file cannot be read.
import argparse
import collections
import os
import re
import struct
import subprocess
import sys

Call = collections.namedtuple("Call", "name file reason calls returns unwound open module")


class Unreadable(Exception):
    pass


class Program:
    """Functions of an ELF program: addresses, names, files."""

    def __init__(self, path, tools):
        self.path = path
        self.tools = tools
        self.names = collections.defaultdict(list)  # address -> names
        self.addresses = collections.defaultdict(list)  # name -> [(address, file of the unit)]
        self.lines = {}
        with open(path, "rb") as file:
            data = file.read()
        if data[:6] != b"\x7fELF\x02\x01" or struct.unpack_from("<H", data, 16)[0] != 3:
            raise Unreadable(f"{path} is not a position-independent 64-bit ELF program")
        offset, = struct.unpack_from("<Q", data, 40)
        size, number = struct.unpack_from("<HH", data, 58)
        sections = [struct.unpack_from("<IIQQQQIIQQ", data, offset + i * size) for i in range(number)]
        tables = [s for s in sections if s[1] == 2]  # SHT_SYMTAB
        if not tables:
            raise Unreadable(f"{path} has no symbol table")
        strings = sections[tables[0][6]][4]
        unit = ""
        for at in range(tables[0][4], tables[0][4] + tables[0][5], 24):
            name, info, _, section, value, _ = struct.unpack_from("<IBBHQQ", data, at)
            kind, binding = info & 15, info >> 4
            text = data[strings + name:data.index(b"\0", strings + name)].decode()
            if kind == 4:  # STT_FILE: the local symbols that follow are of this file
                unit = text
            elif kind == 2 and section:  # STT_FUNC
                self.names[value].append(text)
                self.addresses[text].append((value, os.path.basename(unit) if binding == 0 else ""))

    def source(self, address):
        """File in which the function at this address is defined, from the line table."""
        if not self.lines:
            wanted = sorted(self.names)
            answer = subprocess.run([os.path.join(self.tools, "llvm-addr2line"), "-e", self.path],
                                    check=True, text=True, stdout=subprocess.PIPE,
                                    input="".join(f"{a:x}\n" for a in wanted)).stdout
            self.lines = {a: line.rsplit(":", 1)[0] for a, line in zip(wanted, answer.splitlines())}
        return self.lines[address]

    def find(self, name, file):
        """Addresses that (name, file) may mean: file is that of the definition or of the unit."""
        found = self.addresses.get(name, [])
        choices = {a for a, _ in found}
        if len(choices) > 1 and file:
            same = {a for a, _ in found if same_file(self.source(a), file)}
            choices = same or {a for a, unit in found if unit == os.path.basename(file)} or choices
        return sorted(choices)


def same_file(one, other):
    one, other = os.path.normpath(one), os.path.normpath(other)
    return one == other or one.endswith("/" + other) or other.endswith("/" + one)


def demangle(names, tools):
    """Readable names, with parameters"""
    answer = subprocess.run([os.path.join(tools, "llvm-cxxfilt")], check=True, text=True,
                            input="".join(f"{n}\n" for n in names), stdout=subprocess.PIPE).stdout
    return dict(zip(names, answer.splitlines()))


class Functions:
    """Functions told apart by address, joined where a side cannot tell them apart."""

    def __init__(self, program):
        self.program = program
        self.joined = {}

    def key(self, addresses, name, file):
        if not addresses:
            return ("no symbol", name, file)
        roots = {self.root(a) for a in addresses}
        first = min(roots)
        for other in roots:
            self.joined[other] = first
        return first

    def root(self, address):
        while self.joined.get(address, address) != address:
            address = self.joined[address]
        return address

    def settle(self, counts):
        """Sums of what has one root; to be called when all sides have been looked up."""
        sums = {}
        for key, values in counts:
            if isinstance(key, int):
                key = self.root(key)
            old = sums.get(key, (0,) * len(values))
            sums[key] = tuple(a + b for a, b in zip(old, values))
        return sums

    def name(self, key):
        if not isinstance(key, int):
            return f"{key[1]} ({key[2] or '?'})"
        return f"{'='.join(self.program.names[key])} ({self.program.source(key)})"


def read_counts(path):
    """cyg [(address, (enters, exits))] and late [(address, (enters,))]"""
    cyg, late = [], []
    lines = open(path).read().splitlines()
    if not lines or lines[-1] != "end":
        raise Unreadable(f"{path} is incomplete: the program did not end in good order")
    for line in lines[:-1]:
        kind, address, *numbers = line.split()
        side = {"cyg": cyg, "late": late}[kind]
        side.append((int(address, 16), tuple(map(int, numbers))))
    return cyg, late


def read_profile(path):
    """[(name, unit, count)]; local functions are file:name or file;name"""
    found, name = [], None
    for line in open(path):
        if re.fullmatch(r"  \S.*:\n", line):
            name = line.strip()[:-1]
        elif line.startswith("    Function count: "):
            unit, _, bare = name.replace(";", ":").rpartition(":")
            found.append((bare, unit, int(line.split(":")[1])))
    if not found:
        raise Unreadable(f"{path} holds no function counts")
    return found


def read_calls(path, program):
    """Call tuples of the program's own image"""
    found = []
    for line in open(path):
        fields = line.rstrip("\n").split("\t")
        call = Call(*fields[:3], *map(int, fields[3:7]), fields[7])
        if os.path.basename(call.module) == os.path.basename(program):
            found.append(call)
    if not found:
        raise Unreadable(f"{path} holds no function of {program}")
    return found


THUNK = re.compile(r"_ZT[hvc]")
# Their number per file: constructors of namespace-scope objects, their registration, destruction of
# arrays, initialisation of thread_local variables and the wrappers around it.
INITIALISER = re.compile(r"_GLOBAL__(sub_)?[ID]_|__cxx_global_var_init|__cxx_global_array_dtor|__tls_init$|_ZT[HW]")
CLASSES = ("constructor or destructor variant", "implicit member", "thunk", "global initialiser")


def class_of(name, readable):
    """The named class of functions that not all counters see, or None."""
    if THUNK.match(name):
        return "thunk"
    if INITIALISER.match(name):
        return "global initialiser"
    bare = None
    while bare != readable:  # without template arguments, from the innermost out
        bare, readable = readable, re.sub(r"<[^<>]*>", "", readable)
    if re.search(r"(^|::)(\w+|\{lambda[^}]*\}|\$_\d+)::~?\2\(", bare):
        return "constructor or destructor variant"
    # Besides assignment: of a closure without captures, its conversion to a function pointer and the
    # function that this points to.
    if re.search(r"::operator=\(|::__invoke\(|::operator .*\(\*\)\(", bare):
        return "implicit member"
    return None


class Report:
    def __init__(self, functions):
        self.functions = functions
        self.wrong = collections.Counter()

    def fail(self, key, text):
        self.wrong[key] += 1
        if len(self.wrong) <= 30:
            print(f"DIFFERENT: {self.functions.name(key)}: {text}")

    def equal(self, key, ours, name, theirs, what="calls"):
        if ours != theirs:
            self.fail(key, f"the trace has {ours} {what}, {name} {theirs}")
            return False
        return True


def ours_alone(name):
    """Functions that the counters or our own pass put into the program."""
    return name.startswith(("sancov.module_ctor", "__instr_", "instr.", "__sanitizer_"))


def compare(args):
    program = Program(args.program, args.tools)
    functions = Functions(program)
    cyg, late = read_counts(args.counts)
    calls = read_calls(args.calls, args.program)
    unknown = [a for a, _ in cyg + late if a not in program.names]
    if unknown:
        raise Unreadable(f"{args.counts} is not of {args.program}: no function begins at {unknown[0]:x}")

    def keyed(rows):
        return [(functions.key(program.find(name, file), name, file), values)
                for name, file, values in rows]

    trace_rows = keyed([(c.name, c.file, (c.calls, c.returns)) for c in calls if not c.reason])
    skipped_rows = keyed([(c.name, c.file, (0,)) for c in calls if c.reason])
    profile_rows = keyed([(n, u, (c,)) for n, u, c in read_profile(args.profile)] if args.profile else [])
    trace, skipped, profile, cyg, late = map(
        functions.settle, (trace_rows, skipped_rows, profile_rows, cyg, late))

    report = Report(functions)
    reference, reference_name = (profile, "the profile") if args.level == "source" else (cyg, "cyg")
    shared = [k for k in trace if k in reference]
    for key in shared:
        report.equal(key, trace[key][0], reference_name, reference[key][0])
    classes = collections.Counter()
    one_sided = []
    uncalled = 0
    alone = {k: program.names[k][0] if isinstance(k, int) else k[1]
             for k in sorted(set(trace) - set(reference), key=str)}
    readable = demangle(alone.values(), args.tools)
    for key, name in alone.items():
        count = trace[key][0]
        # cyg learns of functions by their first call. The helper ends the program.
        if count == 0 and (args.level == "late" or name == "__clang_call_terminate"):
            uncalled += 1
            one_sided.append(("never called", count, key))
            continue
        kind = class_of(name, readable[name])
        if kind is None:
            report.fail(key, f"only the trace knows it, with {count} calls")
            continue
        classes[kind] += 1
        one_sided.append((kind, count, key))
        if kind in ("thunk", "global initialiser"):
            report.equal(key, count, "the late counter", late.get(key, (0,))[0])
        elif args.level == "source":
            report.equal(key, count, "cyg", cyg.get(key, (0, 0))[0])
        else:
            report.fail(key, f"only the trace knows it, with {count} calls: a {kind} has cyg's hook")
    for key in sorted(set(reference) - set(trace), key=str):
        count = reference[key][0]
        body = late.get(key, (0,))[0]
        if args.level == "source" and body == 0 and (key in skipped or not isinstance(key, int)) \
                and (not isinstance(key, int) or cyg.get(key, (0, 0))[0] == count):
            # Its body was inlined although nothing else was: no call of it ever happened, and the
            # function itself, if it exists, carries no hook.
            classes["always_inline"] += 1
            one_sided.append(("always_inline", count, key))
            continue
        report.fail(key, f"only {reference_name} knows it, with {count} calls")

    if args.list:
        with open(args.list, "w") as file:
            for kind, count, key in one_sided:
                print(f"{kind}\t{count}\t{functions.name(key)}", file=file)

    third = returned = 0
    for key in trace:
        if key in late:
            third += report.equal(key, trace[key][0], "the late counter", late[key][0])
        if key in cyg:
            returned += report.equal(key, trace[key][1], "cyg", cyg[key][1], "returns")
    for key in set(late) - set(trace):
        if late[key][0] and not all(ours_alone(n) for n in program.names[key]):
            report.fail(key, f"only the late counter knows it, with {late[key][0]} calls")
    for key in set(cyg) - set(trace) - set(reference):
        if late.get(key, (1,))[0]:
            report.fail(key, f"only cyg knows it, with {cyg[key][0]} calls")

    total = sum(trace[k][0] for k in shared)
    print(f"{os.path.basename(args.program)}: {len(shared)} functions of trace and {reference_name}, "
          f"{sum(1 for k in shared if trace[k][0])} of them called, {total} calls; "
          f"{third} equal to the late counter, {returned} with equal returns")
    for kind in (*CLASSES, "always_inline"):
        if classes[kind]:
            side = reference_name if kind == "always_inline" else "the trace"
            print(f"  only in {side}: {classes[kind]} of class {kind}")
    if uncalled:
        print(f"  only in the trace, never called: {uncalled}")
    joined = len({functions.root(a) for a in functions.joined if functions.joined[a] != a})
    if joined:
        print(f"  compared by the sum of functions of one name, file and line: {joined}")
    if not shared:
        print("DIFFERENT: nothing to compare")
        return 1
    for kind in args.expect:
        if not classes[kind]:
            print(f"DIFFERENT: no function of class {kind} was compared")
            report.wrong[kind] += 1
    if report.wrong:
        print(f"functions that differ: {len(report.wrong)}")
    return 1 if report.wrong else 0


def print_late(args):
    program = Program(args.program, args.tools)
    cyg, late = read_counts(args.counts)
    by_cyg, late = dict(cyg), dict(late)
    # It leaves out functions whose first block cannot return.
    for address, (enters, _) in cyg:
        late.setdefault(address, (enters,))
    for address, (enters,) in late.items():
        cyg_enters, exits = by_cyg.get(address, (0, 0))
        if all(ours_alone(n) for n in program.names[address]):
            continue
        reason = "always_inline" if enters == 0 and cyg_enters else ""
        print(program.names[address][0], program.source(address), reason, enters,
              0 if reason else exits, 0, 0, args.program, sep="\t")
    for address in set(program.names) - set(late):
        print(program.names[address][0], program.source(address), "unknown", 0, 0, 0, 0, args.program,
              sep="\t")
    return 0


def main():
    parser = argparse.ArgumentParser(usage="see the head of compare.py")
    parser.add_argument("--program", required=True)
    parser.add_argument("--counts", required=True)
    parser.add_argument("--level", choices=("source", "late"))
    parser.add_argument("--profile")
    parser.add_argument("--tools", required=True, help="folder of llvm-addr2line and llvm-cxxfilt")
    parser.add_argument("--expect", action="append", default=[], help="a class that must occur")
    parser.add_argument("--list", metavar="FILE")
    parser.add_argument("--print-late", action="store_true")
    parser.add_argument("calls", nargs="?")
    args = parser.parse_args()
    if not args.print_late and (not args.calls or not args.level or
                                (args.level == "source") != bool(args.profile)):
        parser.error("CALLS and --level are needed, and --profile for --level source")
    try:
        return print_late(args) if args.print_late else compare(args)
    except (Unreadable, OSError) as error:
        print(f"compare.py: {error}", file=sys.stderr)
        return 3


if __name__ == "__main__":
    sys.exit(main())
