#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# lint.py - rules of this tree that a compiler does not know (CONTRIBUTING.md states them).
#
#     lint.py tree [--root DIR] [CHECK...]    layering, headers, words, schema, size, whitespace
#     lint.py runtime [--allow SYMBOL] FILE.. what runs inside a traced program: objects, archives
#                                             and shared libraries
#
# One line per finding, "path:line: what is wrong"; exit status 1 if there is any, 2 for wrong usage.
# selftest.py seeds one violation of each kind and expects it to be found.
import argparse
import os
import re
import subprocess
import sys

# ---- the tree ------------------------------------------------------------------------------------

C_FILES = (".c", ".h", ".cpp", ".hpp", ".cc", ".S", ".def", ".inc")
SOURCE_FILES = C_FILES + (".py", ".sh", ".cmake", ".sql", ".in", ".ll", ".js", ".css", ".html", ".cfg")
SOURCE_NAMES = {"CMakeLists.txt", "run", "lit.cfg", "check"}
# Bytes that a program wrote, or input whose bytes matter.
DATA_FOLDERS = {"expected", "golden", "corpus", "data", "results"}
SIZE_LIMIT_LINES = 700  # "about 600": what is longer wants to be two files


def files_of(root):
    """All files that are part of the tree, as paths below root, sorted."""
    try:
        listed = subprocess.run(
            ["git", "-C", root, "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            capture_output=True, check=True).stdout.decode(errors="replace").split("\0")
        top = subprocess.run(["git", "-C", root, "rev-parse", "--show-toplevel"],
                             capture_output=True, check=True).stdout.decode().strip()
        if os.path.realpath(top) == os.path.realpath(root):
            return sorted({p for p in listed if p and os.path.isfile(os.path.join(root, p))
                           and not os.path.islink(os.path.join(root, p))})
    except (OSError, subprocess.CalledProcessError):
        pass  # an unpacked archive: no git, or somebody else's
    found = []
    for folder, folders, names in os.walk(root):
        at_top = os.path.relpath(folder, root) == "."
        folders[:] = [f for f in folders if f not in (".git", "__pycache__")
                      and not (at_top and (f == "build" or f.startswith("build-")))]
        found += [os.path.relpath(os.path.join(folder, n), root) for n in names
                  if not os.path.islink(os.path.join(folder, n))]
    return sorted(found)


def is_data(path):
    return any(part in DATA_FOLDERS for part in os.path.dirname(path).split("/"))


def is_source(path):
    name = os.path.basename(path)
    if is_data(path):
        return False
    return name in SOURCE_NAMES or name.endswith(SOURCE_FILES)


class Tree:
    def __init__(self, root):
        self.root = root
        self.paths = files_of(root)
        self.known = set(self.paths)
        self.findings = []

    def text(self, path):
        with open(os.path.join(self.root, path), "rb") as f:
            return f.read()

    def lines(self, path):
        return self.text(path).decode(errors="replace").splitlines()

    def found(self, path, line, what):
        self.findings.append(f"{path}:{line}: {what}")


# ---- layering ------------------------------------------------------------------------------------

# What each folder may include besides itself and libc. Libraries stand in <>. "*" is anything.
LAYERS = {
    "include/instr": [],
    "pass": ["include/instr", "<llvm>"],
    "runtime/base": ["include/instr"],
    "runtime/ring": ["runtime/base", "include/instr"],
    "runtime/fold": ["runtime/base", "include/instr"],
    "runtime/encode": ["runtime/base", "include/instr", "runtime/fold", "<zstd>"],
    "runtime/store": ["runtime/base", "include/instr", "<sqlite>"],
    "runtime/capture": ["runtime/ring", "runtime/base", "include/instr"],
    "runtime/control": ["runtime/capture", "runtime/ring", "runtime/base", "include/instr"],
    "runtime/drain": ["runtime/ring", "runtime/fold", "runtime/encode", "runtime/store", "runtime/base",
                      "include/instr"],
    "runtime/preload": ["runtime/capture", "runtime/base", "include/instr"],
    "tools/cli": [],
    "tools/sql": ["include/instr", "runtime/fold", "runtime/encode", "<sqlite>"],
    "tools/libtrace": ["include/instr", "runtime/fold", "runtime/encode", "tools/sql", "<sqlite>", "<libdwarf>"],
    "tools/libtrace/recover.c": ["include/instr", "runtime/fold", "runtime/encode", "runtime/drain",
                                 "<sqlite>"],
    "tools/libtrace/expand.c": ["include/instr", "<zstd>"],
    "tools/libtrace/code.c": ["include/instr", "runtime/drain"],
    "tools/libtrace/code.h": ["include/instr", "runtime/drain"],
    "tools/export": ["tools/libtrace", "tools/cli", "include/instr", "<zlib>"],
    "tools/": ["tools/libtrace", "tools/cli", "include/instr"],
    "examples": ["include/instr"],
    "benchmarks": ["*"],
    "tests": ["*"],
}
LIBRARIES = [
    (re.compile(r"sqlite3(ext)?\.h$"), "<sqlite>"),
    (re.compile(r"llvm(-c)?/|clang(-c)?/"), "<llvm>"),
    (re.compile(r"(zstd\w*|zdict)\.h$"), "<zstd>"),
    (re.compile(r"zlib\.h$"), "<zlib>"),
    (re.compile(r"(libdwarf(-\d+)?/)?(libdwarf|dwarf)\.h$"), "<libdwarf>"),
]
INCLUDE = re.compile(r'\s*#\s*include(?:_next)?\s*([<"])([^>"]+)[>"]')


def layer_of(path):
    """The most particular entry of LAYERS that a path belongs to, or None."""
    best = None
    for layer in LAYERS:
        if (path == layer or path.startswith(layer if layer.endswith("/") else layer + "/")) and \
                (best is None or len(layer) > len(best)):
            best = layer
    return best


def folder_of(path):
    """The folder that an edge is named by: two levels below runtime/ and tools/, one elsewhere."""
    parts = path.split("/")
    return "/".join(parts[:2]) if parts[0] in ("runtime", "tools", "include") else parts[0]


def resolve(tree, includer, name):
    bases = [os.path.dirname(includer), "include", "runtime", "tools", "tests", "tests/harness",
             folder_of(includer), ""]
    for base in bases:
        path = os.path.normpath(os.path.join(base, name))
        if path in tree.known:
            return path
    return None


def is_generated(tree, includer, name):
    """Whether a CMakeLists.txt at or above the includer makes a file of this name."""
    folder = os.path.dirname(includer)
    while True:
        path = os.path.join(folder, "CMakeLists.txt")
        if path in tree.known and re.search(r"(?<![\w./-])(\S*/)?" + re.escape(name) + r"(?![\w.])",
                                            tree.text(path).decode(errors="replace")):
            return True
        if not folder:
            return False
        folder = os.path.dirname(folder)


def check_layering(tree):
    for path in tree.paths:
        if not path.endswith(C_FILES) or is_data(path):
            continue
        layer = layer_of(path)
        if layer is None:
            tree.found(path, 1, "lies in no folder of the layering table")
            continue
        allowed = LAYERS[layer]
        for number, line in enumerate(tree.lines(path), 1):
            match = INCLUDE.match(line)
            if not match or "*" in allowed:
                continue
            bracket, name = match.groups()
            library = next((lib for pattern, lib in LIBRARIES if pattern.match(name)), None)
            if library:
                if library not in allowed:
                    tree.found(path, number, f"{folder_of(path)} may not include {library} ({name})")
                continue
            if bracket == "<":
                continue
            target = resolve(tree, path, name)
            if target is None and is_generated(tree, path, name):
                continue
            if target is None:
                tree.found(path, number, f'"{name}" is in no folder of this tree')
                continue
            if folder_of(target) == folder_of(path):
                continue
            if folder_of(target) not in allowed:
                tree.found(path, number, f"{folder_of(path)} may not include {folder_of(target)} ({name})")


# ---- the first lines -----------------------------------------------------------------------------

SPDX = "SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception"
COMMENT = re.compile(r"^\s*(?:/\*+|\*+/?|//+|#+|--|;+|<!--|REM)?\s?(.*?)\s*(?:\*/|-->)?$")


def check_headers(tree):
    for path in tree.paths:
        if not is_source(path):
            continue
        lines = tree.lines(path)
        if not lines:
            if os.path.basename(path) != "__init__.py":
                tree.found(path, 1, "is empty")
            continue
        first = 1 if lines[0].startswith(("#!", "<!DOCTYPE", "<!doctype")) else 0
        if first >= len(lines) or SPDX not in lines[first]:
            tree.found(path, first + 1, f"the first line is not '{SPDX}'")
            continue
        # The name of a test is a claim, and says what it is for.
        name = os.path.splitext(os.path.basename(path))[0]
        if name.count("_") >= 2 and any("RUN:" in line for line in lines[:10]):
            continue
        purpose = []
        for line in lines[first + 1:first + 7]:
            if not line.strip() or not re.match(r"\s*(/\*|\*|//|#|--|;|<!--)", line):
                if purpose or line.strip():
                    break
                continue
            if re.match(r"\s*#\s*(include|define|if|ifndef|pragma)\b", line) and path.endswith(C_FILES):
                break
            text = COMMENT.match(line).group(1)
            if not re.match(r"(RUN|REQUIRES|UNSUPPORTED|XFAIL|CHECK[A-Z0-9_-]*):", text):
                purpose += re.findall(r"\w\w+", text)
        if len(purpose) < 3:
            tree.found(path, first + 2, "the first lines do not say what the file is for")


# ---- words that do not belong here ---------------------------------------------------------------

# Written so that no pattern matches this file.
WORDS = [
    (re.compile(r"(?<![\w.<>${}~/-])/(?:work|root|home/(?!me\b|you\b)\w+|Users/\w+)/[\w.]"), "a path of one machine"),
    (re.compile(r"(?<![\w.<>${}~/-])/tmp/\w[\w.-]*/"), "a path of one machine"),
    (re.compile(r"registry\.npmjs[.]org|pypi[.]org|pythonhosted[.]org|crates[.]io|proxy\.golang[.]org|"
                r"rubygems[.]org|repo\.maven[.]apache|registry\.yarnpkg[.]com"), "a package registry's host"),
    (re.compile(r"\bdeb\.debian[.]org|archive\.ubuntu[.]com|\bapt\.llvm[.]org"), "a package mirror's host"),
]


def check_words(tree):
    for path in tree.paths:
        text = tree.text(path)
        if b"\0" in text:
            continue
        for number, line in enumerate(text.decode(errors="replace").splitlines(), 1):
            for pattern, what in WORDS:
                match = pattern.search(line)
                if match:
                    tree.found(path, number, f"{what}: {match.group(0)}")


# ---- the schema ----------------------------------------------------------------------------------

CONSTRAINT = re.compile(r"(PRIMARY KEY|UNIQUE|CHECK|FOREIGN KEY|CONSTRAINT)\b", re.I)


def check_schema(tree):
    """Every table and column of schema.sql has a comment; a column that is a time, size or ratio
    has its unit in its name."""
    for path in tree.paths:
        if os.path.basename(path) != "schema.sql" or is_data(path):
            continue
        table, silent_above = None, True
        for number, line in enumerate(tree.lines(path), 1):
            code, _, comment = line.partition("--")
            code, comment = code.strip(), comment.strip()
            start = re.match(r"CREATE\s+(?:TEMP\s+)?TABLE\s+(?:IF NOT EXISTS\s+)?(\w+)", code, re.I)
            if start:
                table = start.group(1)
                if silent_above and not comment:
                    tree.found(path, number, f"table {table} has no comment above it")
            elif table and code.startswith(")"):
                table = None
            elif table and code and not CONSTRAINT.match(code):
                column = re.match(r'"?(\w+)"?', code)
                if column and len(re.findall(r"\w+", comment)) < 1 and silent_above:
                    tree.found(path, number, f"column {table}.{column.group(1)} has no comment")
                if column and re.match(r"(\w+_)?(time|duration|size|elapsed)$", column.group(1)):
                    tree.found(path, number, f"column {table}.{column.group(1)} has no unit in its name")
            silent_above = not (comment and not code)


# ---- size and whitespace -------------------------------------------------------------------------

def check_size(tree):
    for path in tree.paths:
        if is_source(path) and path.endswith(C_FILES + (".py", ".sh")):
            count = len(tree.lines(path))
            if count > SIZE_LIMIT_LINES:
                tree.found(path, count, f"{count} lines; files stay below {SIZE_LIMIT_LINES}")


def check_whitespace(tree):
    for path in tree.paths:
        if not is_source(path) or path.endswith(".ll"):
            continue
        text = tree.text(path)
        if b"\r" in text:
            tree.found(path, 1, "has carriage returns")
        if text and not text.endswith(b"\n"):
            tree.found(path, text.count(b"\n") + 1, "does not end in a newline")
        for number, line in enumerate(text.split(b"\n"), 1):
            if line.rstrip(b" \t") != line:
                tree.found(path, number, "blanks at the end of the line")


CHECKS = {
    "layering": check_layering,
    "headers": check_headers,
    "words": check_words,
    "schema": check_schema,
    "size": check_size,
    "whitespace": check_whitespace,
}

# ---- the runtime inside a traced program ---------------------------------------------------------

# The linker makes these; they are no code of anybody's.
LINKER_SYMBOLS = re.compile(r"(_GLOBAL_OFFSET_TABLE_|_DYNAMIC|__ehdr_start|__dso_handle|_end|__executable_start|"
                            r"__(start|stop)_\w+)$")
TLS_LIMIT_BYTES = 32  # what fits the static TLS surplus that dlopen may use
VECTOR = re.compile(r"%([xyz]mm\d+|mm[0-7]|k[0-7]|st\b)")


def output(*command):
    return subprocess.run(command, capture_output=True, check=True).stdout.decode(errors="replace")


def check_runtime(paths, allowed):
    """No symbol from outside, no vector register, small initial-exec TLS."""
    findings, defined, undefined = [], set(), []
    for path in paths:
        shared = ".so" in os.path.basename(path)
        for line in output("nm", "-P", *(["-D"] if shared else []), path).splitlines():
            fields = line.split()
            if len(fields) < 2 or line.endswith(":"):
                continue
            name, kind = fields[0].split("@")[0], fields[1]
            if kind in "Uwv":  # w, v: undefined and weak
                undefined.append((path, name, kind))
            else:
                defined.add(name)
    for path, name, kind in sorted(set(undefined)):
        if name not in defined and (name not in allowed or kind == "U") and not LINKER_SYMBOLS.match(name):
            findings.append(f"{path}:0: undefined symbol {name}: nothing of libc may be used inside a traced program")
    for path in paths:
        where = "?"
        seen = set()
        for line in output("objdump", "-d", "--no-show-raw-insn", path).splitlines():
            start = re.match(r"[0-9a-f]+ <(.+)>:", line)
            if start:
                where = start.group(1)
            elif VECTOR.search(line) and where not in seen and not re.search(r"\bf?xsave|\bf?xrstor", line):
                seen.add(where)
                findings.append(f"{path}:0: {where} uses a vector or x87 register: {line.split(':', 1)[1].strip()}")
        tls = 0
        for line in output("readelf", "-SW", path).splitlines():
            section = re.match(r"\s*\[\s*\d+\]\s+(\.t(?:data|bss)\S*)\s+\S+\s+\S+\s+\S+\s+([0-9a-f]+)", line)
            if section:
                tls += int(section.group(2), 16)
        if tls > TLS_LIMIT_BYTES:
            findings.append(f"{path}:0: {tls} bytes of thread-local storage; {TLS_LIMIT_BYTES} are allowed")
        # Debug information names thread-local variables by relocations of its own.
        relocations = re.split(r"(?m)^Relocation section '", output("readelf", "-rW", path))
        if any(re.search(r"R_X86_64_(TLSGD|TLSLD|DTPMOD64|DTPOFF64|GOTPC32_TLSDESC)", section)
               for section in relocations if not section.startswith(".rela.debug")):
            findings.append(f"{path}:0: thread-local storage that is not initial-exec")
    return findings


def main():
    parser = argparse.ArgumentParser(description="Checks rules of this tree that a compiler does not know.")
    modes = parser.add_subparsers(dest="mode", required=True)
    tree_mode = modes.add_parser("tree", help="the sources")
    tree_mode.add_argument("--root", default=os.path.join(os.path.dirname(os.path.abspath(__file__)), "../.."))
    tree_mode.add_argument("checks", nargs="*", metavar="CHECK", help=", ".join(CHECKS))
    runtime_mode = modes.add_parser("runtime", help="what runs inside a traced program")
    runtime_mode.add_argument("--allow", action="append", default=[], metavar="SYMBOL")
    runtime_mode.add_argument("files", nargs="+", metavar="FILE")
    arguments = parser.parse_args()

    if arguments.mode == "runtime":
        findings = check_runtime(arguments.files, set(arguments.allow))
        counted = f"{len(arguments.files)} files"
    else:
        unknown = [c for c in arguments.checks if c not in CHECKS]
        if unknown:
            parser.error(f"no such check: {', '.join(unknown)} (there are: {', '.join(CHECKS)})")
        tree = Tree(os.path.normpath(arguments.root))
        for name in arguments.checks or CHECKS:
            CHECKS[name](tree)
        findings = tree.findings
        counted = f"{len(tree.paths)} files"
        if not tree.paths:
            findings = [f"{arguments.root}:0: there are no files here"]
    for finding in findings:
        print(finding)
    print(f"{counted}, {len(findings)} findings")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
