#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# page.sh - runs every ```sh block of a page of docs/, one after the other, in one shell, as a reader
# would; any command that fails fails the test. Usage: page.sh PAGE SOURCE_DIR BUILD_DIR SCRATCH
set -eu
page=$1 source=$2 build=$3 scratch=$4
rm -rf "$scratch"
mkdir -p "$scratch"
awk '/^```sh$/ { on = 1; next } /^```$/ { on = 0; next } on' "$page" |
	sed -e "s#\$PWD/build/bin#$build/bin#" -e "s#/tmp/instr-quickstart#$scratch#" > "$scratch.script"
test -s "$scratch.script" || { echo "$page: no commands found"; exit 1; }
cd "$source"
sh -eu "$scratch.script" > "$scratch.out" 2>&1 || { cat "$scratch.out"; exit 1; }
cat "$scratch.out"
# What the page says about the output.
grep -q '1000 words' "$scratch.out"
grep -q 'compare' "$scratch.out"
grep -q 'wait_for_nothing' "$scratch.out"
grep -q '3 processes' "$scratch.out"
echo "$(grep -c . "$scratch.script") lines of $page run"
