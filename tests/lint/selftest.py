#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# selftest.py [CC] - every check of lint.py can fail: a small clean tree passes, and with one
# violation sown into it, the check names the file, the line and what is wrong.
import os
import shutil
import subprocess
import sys
import tempfile

LINT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "lint.py")
SPDX = "SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception"


def c_file(name, *includes):
    return f"/* {SPDX}\n *\n * {name} - a file that the self-test makes.\n */\n" + \
        "".join(f"#include {i}\n" for i in includes) + "int x;\n"


SCHEMA = f"""-- {SPDX}
--
-- schema.sql - a schema that the self-test makes.

-- One row per thing.
CREATE TABLE things (
    thing_id INTEGER PRIMARY KEY, -- ours, from 1
    -- how long it took, ticks
    self_ticks INTEGER NOT NULL,
    PRIMARY KEY (thing_id)
) STRICT;
"""

CLEAN = {
    "include/instr/record.h": c_file("record.h", "<stdint.h>"),
    "runtime/base/os.h": c_file("os.h", '"instr/record.h"', "<unistd.h>"),
    "runtime/ring/ring.h": c_file("ring.h", '"base/os.h"'),
    "runtime/ring/ring.c": c_file("ring.c", '"ring.h"', '"ring/ring.h"', '"instr/version.h"'),
    "runtime/fold/walk.h": c_file("walk.h", '"base/os.h"'),
    "runtime/encode/chunk.c": c_file("chunk.c", '"fold/walk.h"', "<zstd.h>"),
    "runtime/store/store.c": c_file("store.c", '"base/os.h"', "<sqlite3.h>"),
    "runtime/store/schema.sql": SCHEMA,
    "runtime/drain/main.c": c_file("main.c", '"ring/ring.h"', '"fold/walk.h"'),
    "runtime/drain/session.h": c_file("session.h"),
    "tools/cli/options.h": c_file("options.h", "<stdio.h>"),
    "tools/libtrace/trace.h": c_file("trace.h"),
    "tools/libtrace/trace.c": c_file("trace.c", '"trace.h"', '"fold/walk.h"', '"sqlite3.h"'),
    "tools/libtrace/recover.c": c_file("recover.c", '"drain/session.h"'),
    "tools/report/main.c": c_file("main.c", '"libtrace/trace.h"', '"cli/options.h"'),
    "pass/plugin.cpp": c_file("plugin.cpp", '"instr/record.h"', '"llvm/IR/Module.h"', "<llvm-c/Core.h>"),
    "tests/unit/ring.c": c_file("ring.c", '"ring/ring.h"', '"drain/session.h"', "<sqlite3.h>"),
    "tests/pass/one.ll": f"; {SPDX}\n; One situation of the pass.\n; RUN: opt %s\ndefine void @f() {{\n",
    "tests/pass/musttail_gets_its_exit.c": f"// {SPDX}\n//\n// RUN: %clang %s\nint x;\n",
    "tests/cli/expected/out.c": "no header, and blanks at the end: \n",
    "run": f"#!/bin/sh\n# {SPDX}\n#\n# run - a script that the self-test makes.\nmktemp -d\n",
    "CMakeLists.txt": f"# {SPDX}\n#\n# A build that the self-test makes.\nconfigure_file(version.h.in instr/version.h)\n",
    "README.md": "Put it below /usr/lib or /home/me/src or ~/work/main or $HOME/work/x.\n",
}

# what it shows: check, files that differ from CLEAN, words that the finding must have
SEEDED = {
    "ring_may_not_include_fold": ("layering", {
        "runtime/ring/ring.c": c_file("ring.c", '"ring.h"', '"fold/walk.h"')}, "runtime/ring/ring.c:6: runtime/ring may not include runtime/fold"),
    "a_relative_path_is_no_way_round": ("layering", {
        "runtime/ring/ring.c": c_file("ring.c", '"../fold/walk.h"')}, "runtime/ring/ring.c:5: runtime/ring may not include runtime/fold"),
    "blanks_in_an_include_are_no_way_round": ("layering", {
        "runtime/ring/ring.c": "/* x */\n  #  include \"fold/walk.h\"\n"}, "runtime/ring/ring.c:2: runtime/ring may not"),
    "nobody_includes_a_composition_root": ("layering", {
        "tools/report/main.c": c_file("main.c", '"drain/session.h"')}, "tools/report may not include runtime/drain"),
    "only_recover_includes_the_drain": ("layering", {
        "tools/libtrace/trace.c": c_file("trace.c", '"drain/session.h"')}, "tools/libtrace may not include runtime/drain"),
    "sqlite_stays_out_of_the_reports": ("layering", {
        "tools/report/main.c": c_file("main.c", "<sqlite3.h>")}, "tools/report may not include <sqlite>"),
    "sqlite_stays_out_of_the_ring": ("layering", {
        "runtime/ring/ring.c": c_file("ring.c", '"sqlite3.h"')}, "runtime/ring may not include <sqlite>"),
    "llvm_stays_in_the_pass": ("layering", {
        "runtime/base/os.h": c_file("os.h", "<llvm-c/Core.h>")}, "runtime/base may not include <llvm>"),
    "cli_knows_nothing_of_traces": ("layering", {
        "tools/cli/options.h": c_file("options.h", '"libtrace/trace.h"')}, "tools/cli may not include tools/libtrace"),
    "the_vocabulary_includes_nothing": ("layering", {
        "include/instr/record.h": c_file("record.h", '"base/os.h"')}, "include/instr may not include runtime/base"),
    "the_pass_does_not_see_the_runtime": ("layering", {
        "pass/plugin.cpp": c_file("plugin.cpp", '"base/os.h"')}, "pass may not include runtime/base"),
    "an_include_that_is_nowhere_is_found": ("layering", {
        "runtime/ring/ring.c": c_file("ring.c", '"nowhere.h"')}, '"nowhere.h" is in no folder'),
    "the_end_of_a_generated_name_is_not_enough": ("layering", {
        "runtime/ring/ring.c": c_file("ring.c", '"sion.h"')}, '"sion.h" is in no folder'),
    "a_folder_without_a_layer_is_found": ("layering", {
        "runtime/other/a.c": c_file("a.c")}, "runtime/other/a.c:1: lies in no folder of the layering table"),
    "a_missing_licence_line_is_found": ("headers", {
        "runtime/ring/ring.c": "/* ring.c - a file without a licence. */\nint x;\n"}, "runtime/ring/ring.c:1: the first line is not"),
    "another_licence_is_found": ("headers", {
        "run": "#!/bin/sh\n# SPDX-License-Identifier: MIT\n#\n# run - a script.\n"}, "run:2: the first line is not"),
    "a_missing_purpose_is_found": ("headers", {
        "runtime/ring/ring.c": f"/* {SPDX} */\n#include <stdio.h>\n/* what this file is for, too late */\n"}, "runtime/ring/ring.c:2: the first lines do not say"),
    "run_lines_are_no_purpose": ("headers", {
        "tests/pass/one.ll": f"; {SPDX}\n; RUN: opt -passes=instr %s | FileCheck %s\ndefine void @f() {{\n"}, "tests/pass/one.ll:2: the first lines do not say"),
    "an_empty_source_is_found": ("headers", {"runtime/ring/ring.c": ""}, "runtime/ring/ring.c:1: is empty"),
    "a_path_of_one_machine_is_found": ("words", {
        "README.md": "See " + "/wo" + "rk/main/run.\n"}, "README.md:1: a path of one machine"),
    "a_home_folder_is_found": ("words", {
        "run": CLEAN["run"] + "cd /ho" + "me/alice/src\n"}, "run:6: a path of one machine"),
    "a_scratch_folder_is_found": ("words", {
        "run": CLEAN["run"] + "cd /t" + "mp/scratch/b\n"}, "run:6: a path of one machine"),
    "a_registry_host_is_found": ("words", {
        "README.md": "From https://registry.npmjs" + ".org/x\n"}, "README.md:1: a package registry's host"),
    "a_mirror_host_is_found": ("words", {
        "README.md": "deb http://deb.debian" + ".org/debian x\n"}, "README.md:1: a package mirror's host"),
    "a_silent_column_is_found": ("schema", {
        "runtime/store/schema.sql": SCHEMA.replace(" -- ours, from 1", "")}, "runtime/store/schema.sql:7: column things.thing_id has no comment"),
    "a_silent_table_is_found": ("schema", {
        "runtime/store/schema.sql": SCHEMA.replace("-- One row per thing.\n", "\n")}, "table things has no comment"),
    "a_column_without_unit_is_found": ("schema", {
        "runtime/store/schema.sql": SCHEMA.replace("self_ticks", "self_time")}, "column things.self_time has no unit"),
    "a_long_file_is_found": ("size", {
        "runtime/ring/ring.c": c_file("ring.c") + "int y;\n" * 700}, "files stay below"),
    "blanks_at_the_end_are_found": ("whitespace", {
        "runtime/ring/ring.c": c_file("ring.c") + "int y; \n"}, "runtime/ring/ring.c:6: blanks at the end"),
    "a_missing_newline_is_found": ("whitespace", {
        "runtime/ring/ring.c": c_file("ring.c") + "int y;"}, "does not end in a newline"),
}

# what it shows: C text, compiler options, words of the finding ("" = none)
OBJECTS = {
    "a_clean_object_passes": ("int f(int a) { return a + 1; }", [], ""),
    "initial_exec_tls_passes": ('__thread long t[4] __attribute__((tls_model("initial-exec"))); long *f(void) { return t; }', [], ""),
    "a_hidden_memset_is_found": ("void f(char *p, unsigned long n) { for (unsigned long i = 0; i < n; i++) p[i] = 0; }",
                                 ["-O2"], "undefined symbol memset"),
    "a_libc_call_is_found": ("int getpid(void); int f(void) { return getpid(); }", [], "undefined symbol getpid"),
    "a_vector_register_is_found": ("double f(double a) { return a * 2; }", [], "f uses a vector or x87 register"),
    "large_tls_is_found": ('__thread long t[5] __attribute__((tls_model("initial-exec"))); long *f(void) { return t; }', [], "40 bytes of thread-local storage"),
    "dynamic_tls_is_found": ("__thread int t; int *f(void) { return &t; }", [], "thread-local storage that is not initial-exec"),
    "a_stack_protector_is_found": ("void g(char *p) { *p = 1; } void f(void) { char b[64]; void (*volatile h)(char *) = g; h(b); }",
                                   ["-fstack-protector-all"], "undefined symbol __stack_chk_fail"),
}


def lint(*arguments):
    done = subprocess.run([sys.executable, LINT, *arguments], capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


def write(root, files):
    for path, text in files.items():
        path = os.path.join(root, path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w") as f:
            f.write(text)


def tree_tests(scratch):
    root = os.path.join(scratch, "clean")
    write(root, CLEAN)
    status, said = lint("tree", "--root", root)
    yield "a_clean_tree_passes", status == 0, said
    for name, (check, files, expected) in SEEDED.items():
        root = os.path.join(scratch, name)
        write(root, {**CLEAN, **files})
        status, said = lint("tree", "--root", root)
        others = [c for c in said.splitlines()[:-1] if expected not in c]
        # The other checks run too: nothing but the seeded violation may be found.
        if check == "layering" or name in ("an_empty_source_is_found", "a_missing_licence_line_is_found"):
            others = []
        yield name, status == 1 and expected in said and not others, said
        status, said = lint("tree", "--root", root, check)
        yield name + "_by_its_own_check", status == 1 and expected in said, said
        shutil.rmtree(root)
    os.mkdir(os.path.join(scratch, "none"))
    status, said = lint("tree", "--root", os.path.join(scratch, "none"))
    yield "an_empty_tree_does_not_pass", status == 1, said
    status, said = lint("tree", "nonsense")
    yield "an_unknown_check_is_wrong_usage", status == 2, said


def object_tests(scratch, compiler):
    for name, (text, options, expected) in OBJECTS.items():
        source, made = os.path.join(scratch, name + ".c"), os.path.join(scratch, name + ".o")
        write(scratch, {name + ".c": text})
        subprocess.run([compiler, "-O1", "-fPIC", "-fno-stack-protector", *options, "-c", source,
                        "-o", made], check=True)
        status, said = lint("runtime", made)
        yield name, status == (1 if expected else 0) and expected in said, said
    both = [os.path.join(scratch, n + ".o") for n in ("a_libc_call_is_found", "defines_it")]
    write(scratch, {"defines_it.c": "int getpid(void) { return 1; }"})
    subprocess.run([compiler, "-c", os.path.join(scratch, "defines_it.c"), "-o", both[1]], check=True)
    status, said = lint("runtime", *both)
    yield "a_symbol_of_another_object_is_no_finding", status == 0, said
    status, said = lint("runtime", "--allow", "getpid", both[0])
    yield "an_allowed_symbol_that_is_not_weak_is_found", status == 1, said
    weak = os.path.join(scratch, "weak.o")
    write(scratch, {"weak.c": "__attribute__((weak)) int getpid(void); int f(void) { return getpid ? getpid() : 0; }"})
    subprocess.run([compiler, "-O1", "-fPIC", "-c", os.path.join(scratch, "weak.c"), "-o", weak], check=True)
    status, said = lint("runtime", "--allow", "getpid", weak)
    yield "an_allowed_weak_symbol_is_no_finding", status == 0, said


def main():
    compiler = sys.argv[1] if len(sys.argv) > 1 else "cc"
    passed = failed = 0
    with tempfile.TemporaryDirectory() as scratch:
        for tests in (tree_tests(scratch), object_tests(scratch, compiler)):
            for name, ok, said in tests:
                passed, failed = passed + ok, failed + (not ok)
                print(f"ok {name}" if ok else f"FAILED {name}:\n{said}")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
