#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# page.sh - runs every ```sh block of a page of docs/, one after the other, in one shell, as a reader
# would; any command that fails fails the test, and so does a TEXT that none of them says.
# Usage: page.sh PAGE SOURCE_DIR BUILD_DIR SCRATCH TEXT...
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
shift 4
for text in "$@"; do
	grep -q -- "$text" "$scratch.out" || { echo "$page: no command says '$text'"; exit 1; }
done
echo "$(grep -c . "$scratch.script") lines of $page run"
