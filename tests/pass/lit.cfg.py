# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# The lit suite of the pass. Substitutions:
#
#   %clang %clangxx   the compiler of this LLVM with the plugin
#   %bare %barexx     the same without
#   %ir %irxx         %clang/%clangxx that print LLVM IR
#   %opt              opt with the plugin, verifying after each pass, printing IR; -passes=instr is ours
#   %verify           the verifier: reads IR from stdin
#   %stub %stub_so    link arguments for the stub runtime, static and shared
#   %plugin           libinstr.so
#   %sites            reads IR, prints its allocation sites with what they call and the type
#   %lld              selects this LLVM's lld
#
# Features: llvm-N, "at-least-N" for each major up to it, lld, gdb, sanitizers (clang's runtimes).
import glob
import os
import shutil
import subprocess
import sys

import lit.formats

config.name = "pass-%d" % config.llvm_major
config.test_format = lit.formats.ShTest(True)
config.suffixes = [".c", ".cpp", ".ll", ".test"]
config.excludes = ["Inputs", "CMakeLists.txt"]
config.test_source_root = os.path.dirname(__file__)

for variable in ("INSTR_OPTIONS", "INSTR_CONFIG"):
    config.environment.pop(variable, None)
config.environment["PATH"] = os.pathsep.join(
    [config.llvm_bindir, config.filecheck_folder, os.environ.get("PATH", "")])

plugin = os.path.join(config.lib_folder, "libinstr-%d.so" % config.llvm_major)
load = "-fplugin=%s -fpass-plugin=%s" % (plugin, plugin)
opt = os.path.join(config.llvm_bindir, "opt")
# LLVM 14 reads "ptr" only when told to.
opaque = " -opaque-pointers" if config.llvm_major < 15 else ""

config.substitutions += [
    ("%irxx", "%s %s -S -emit-llvm -o -" % (config.clangxx, load)),
    ("%ir", "%s %s -S -emit-llvm -o -" % (config.clang, load)),
    ("%clangxx", "%s %s -I%s" % (config.clangxx, load, config.include_folder)),
    ("%clang", "%s %s -I%s" % (config.clang, load, config.include_folder)),
    ("%barexx", config.clangxx),
    ("%bare", config.clang),
    ("%opt", "%s%s -load-pass-plugin=%s -verify-each -S" % (opt, opaque, plugin)),
    ("%verify", "%s -passes=verify -disable-output" % opt),
    ("%sites", "%s %s" % (sys.executable, os.path.join(os.path.dirname(__file__), "Inputs", "sites.py"))),
    ("%stub_so", "-L%s -linstr_rt -Wl,-rpath,%s" % (config.stub_folder, config.stub_folder)),
    ("%stub", os.path.join(config.stub_folder, "libinstr_rt.a")),
    ("%plugin", os.path.join(config.lib_folder, "libinstr.so")),
    ("%libs", config.lib_folder),
    ("%include", config.include_folder),
    ("%major", str(config.llvm_major)),
    ("%lld", "-fuse-ld=" + os.path.join(config.llvm_bindir, "ld.lld")),
]

config.available_features.add("llvm-%d" % config.llvm_major)
for major in range(14, config.llvm_major + 1):
    config.available_features.add("at-least-%d" % major)
if os.path.exists(os.path.join(config.llvm_bindir, "ld.lld")):
    config.available_features.add("lld")
resources = subprocess.run([config.clang, "-print-resource-dir"], stdout=subprocess.PIPE,
                           universal_newlines=True).stdout.strip()
if glob.glob(resources + "/lib/*/libclang_rt.asan*.a"):
    config.available_features.add("sanitizers")
if shutil.which("gdb"):
    config.available_features.add("gdb")
