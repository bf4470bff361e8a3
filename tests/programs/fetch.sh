#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# fetch.sh - the sources of whole programs that tests trace, as Debian's archive keeps them. They are
# never committed.
#
#     fetch.sh PROGRAM DEST
#
# leaves DEST/PROGRAM. What is there already is left alone. The tar files come from $INSTR_TRUTH_CACHE
# (a folder with them, for work without network) or, with apt's own downloader, from the archive that
# this machine installs its packages from; they must match the checksums below either way. The archive
# keeps a source for as long as one of its releases has it.
#
# Exit: 0 done, 2 wrong usage, 77 the archive cannot be reached or this machine has none (a test that
# ends so is skipped), 1 anything else: the source is gone, or a wrong checksum.
set -eu

if [ $# -ne 2 ]; then
	echo "usage: fetch.sh PROGRAM DEST" >&2
	exit 2
fi
program=$1
case $program in
mksh) # 59c
	file=m/mksh/mksh_59c.orig.tar.gz
	sha256=77ae1665a337f1c48c61d6b961db3e52119b38e58884d1c89684af31f87bc506
	;;
pugixml) # 1.13
	file=p/pugixml/pugixml_1.13.orig.tar.gz
	sha256=5c5ad5d7caeb791420408042a7d88c2c6180781bf218feca259fd9d840a888e1
	;;
libuv) # 1.44.2
	file=libu/libuv1/libuv1_1.44.2.orig.tar.gz
	sha256=d79b4b06ef04be85fb890bf39d55942cc64c2e15fd14eaa32dae5dce94485484
	;;
*)
	echo "fetch.sh: there is no program $program" >&2
	exit 2
	;;
esac

mkdir -p "$2"
dest=$(cd "$2" && pwd)
[ -e "$dest/$program/.complete" ] && exit 0
partial=$(mktemp -d "$dest/.partial.XXXXXX")
trap 'rm -rf "$partial"' EXIT
tar=$partial/$(basename "$file")

skip() {
	echo "SKIP: $1, so the sources of $program cannot be fetched" >&2
	exit 77
}

download() {
	helper=/usr/lib/apt/apt-helper
	[ -x "$helper" ] || skip "this machine has no apt"
	# shellcheck disable=SC2016
	archives=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Origin: Debian' \
		'Component: main' 2>/dev/null | LC_ALL=C sort -ru)
	[ -n "$archives" ] || skip "apt knows no archive of Debian (apt-get update)"
	for archive in $archives; do
		if "$helper" download-file "${archive}pool/main/$file" "$tar" "SHA256:$sha256" >"$partial/log" 2>&1; then
			return
		fi
		cat "$partial/log" >>"$partial/error"
	done
	# Only what a missing network explains is a reason to skip.
	if ! grep -Eq '404 |Hash Sum' "$partial/error" && grep -Eqi \
		'resolv|connect|timed? ?out|unreachable|network is down' "$partial/error"; then
		skip "the archive of Debian cannot be reached"
	fi
	cat "$partial/error" >&2
	exit 1
}

if [ -n "${INSTR_TRUTH_CACHE:-}" ] && [ -e "$INSTR_TRUTH_CACHE/$(basename "$file")" ]; then
	cp "$INSTR_TRUTH_CACHE/$(basename "$file")" "$tar"
else
	download
fi
if ! echo "$sha256  $tar" | sha256sum --check --status; then
	echo "fetch.sh: $(basename "$file") is not the source that was pinned (sha256 $sha256)" >&2
	exit 1
fi
mkdir "$partial/tree"
tar -xzf "$tar" -C "$partial/tree" --strip-components=1
touch "$partial/tree/.complete"
# Somebody else may have been faster; either tree is whole.
mv -T "$partial/tree" "$dest/$program" 2>/dev/null || [ -e "$dest/$program/.complete" ]
