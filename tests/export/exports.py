#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# exports.py - is what a format has what SQL says of the trace?
#
#     exports.py FORMAT [TRACE...] --bin DIR [--source DIR]
#
# Of the traces of tests/cli/traces, and of those given. A format's module has check(arguments, claims, name, trace), and
# skip(), a word on why it cannot be checked here, if it needs a program that not everybody has.
import argparse
import importlib
import os
import shutil
import sys
import tempfile

import common

SKIPPED = 77
MODULES = {"csv": "csv_views"}  # where Python has one of the name


def main():
    parser = argparse.ArgumentParser(description="Compares exports with SQL.")
    parser.add_argument("format")
    parser.add_argument("--bin", required=True, help="folder of the programs")
    parser.add_argument("--source", default=os.path.join(common.HERE, "..", ".."), help="the source tree")
    parser.add_argument("traces", nargs="*", metavar="TRACE")
    arguments = parser.parse_args()
    arguments.bin = os.path.abspath(arguments.bin)
    module = importlib.import_module(MODULES.get(arguments.format, arguments.format))
    why = module.skip() if hasattr(module, "skip") else None
    if why:
        print("skipped:", why)
        return SKIPPED
    claims = common.Claims()
    with tempfile.TemporaryDirectory(prefix="exports-") as folder:
        copies = []
        for path in arguments.traces:
            copies.append(shutil.copy(path, folder))
        arguments.traces = copies
        for name, trace in common.traces(arguments, folder):
            module.check(arguments, claims, name, trace)
    return claims.finish()


if __name__ == "__main__":
    sys.exit(main())
