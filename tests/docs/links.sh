#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# links.sh ROOT - every relative link of README.md, CONTRIBUTING.md and docs/*.md leads to a file of
# the tree, and a #part of a page to one of its headings.
set -eu
cd "$1"
wrong=0 count=0
list=$(mktemp)
trap 'rm -f "$list"' EXIT

# Headings as anchors: small letters, no punctuation, dashes for blanks.
anchors() {
	sed -n 's/^##* //p' "$1" | tr '[:upper:]' '[:lower:]' | sed -e 's/[^a-z0-9 _-]//g' -e 's/ /-/g'
}

for page in README.md CONTRIBUTING.md docs/*.md; do
	# Code is no link. [text](target), [text](target "title"), and [name]: target
	awk '/^ *```/ { code = !code; next } !code' "$page" | sed -e 's/`[^`]*`//g' |
		grep -oE '\]\([^)]+\)|^\[[^]]+\]: +[^ ]+' |
		sed -E -e 's/^\]\(//' -e 's/\)$//' -e 's/^\[[^]]+\]: +//' -e 's/ .*//' >"$list" || true
	while read -r target; do
		case $target in
		*://* | mailto:*) continue ;;
		esac
		count=$((count + 1))
		file=${target%%#*}
		case $file in
		"") path=$page ;;
		/*) path=.$file ;;
		*) path=$(dirname "$page")/$file ;;
		esac
		if [ ! -e "$path" ]; then
			echo "$page: there is no $target"
			wrong=1
		elif [ "$target" != "$file" ] && ! anchors "$path" | grep -qxF -- "${target#*#}"; then
			echo "$page: $path has no heading for $target"
			wrong=1
		fi
	done <"$list"
done
[ $count -gt 0 ] || { echo "no link was found"; exit 1; }
[ $wrong -eq 0 ] && echo "$count links lead somewhere"
exit $wrong
