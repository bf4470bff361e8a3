# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# sites.py - the allocation sites of a module, one a line, from IR on stdin: "function.number called: type", or
# "function.number called" where no type is told.
import re
import sys

ir = sys.stdin.read()


def text_of(literal):
    return re.sub(r"\\([0-9A-Fa-f]{2})", lambda code: chr(int(code[1], 16)), literal)


strings = {name: text_of(literal) for name, literal in
           re.findall(r'^(@instr\.string[.0-9]*) = .*? c"([^"]*)\\00"', ir, re.M)}
for site, row in re.findall(r'^@"?__instr_site\.([^ "]*)"? = (.*)$', ir, re.M):
    called, mark, type_name = strings[re.search(r"@instr\.string[.0-9]*", row)[0]].partition("\x1f")
    assert "\x1f" not in type_name and bool(mark) == bool(type_name), row
    print(site, called + (": " + type_name if mark else ""))
