#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# test.sh INDEXER - the indexer prints the same for the same files, whatever the number of threads,
# and survives what a folder can hold.
indexer=$1
. "$(dirname "$0")/../../tests/harness/check.sh"

same_with_any_threads() {
	"$indexer" --threads 1 "$@" >"$scratch/expected" || return 1
	[ -s "$scratch/expected" ] || return 1
	for threads in 1 2 3 8 64; do
		for again in 1 2 3; do
			exits_with 0 "$indexer" --threads $threads --repeat $again "$@" || return 1
			cmp "$scratch/expected" "$scratch/out" || return 1
		done
	done
}

# A thousand documents over a small vocabulary: long lists, many ties.
mkdir "$scratch/many" "$scratch/odd" "$scratch/odd/below" "$scratch/empty"
awk -v folder="$scratch/many" 'BEGIN {
	seed = 1
	for (d = 0; d < 1000; d++) {
		file = folder "/" (d * 7919 % 1000) ".txt"
		for (w = 0; w < 5 + d % 40; w++) {
			seed = (seed * 16807) % 2147483647
			r = seed / 2147483647
			printf "word%d ", int(r * r * r * 500) > file
		}
		close(file)
	}
}'
check same_output_with_1_2_3_8_and_64_threads same_with_any_threads "$scratch/many"
check same_answers_with_any_threads same_with_any_threads --query "word3 word99" --query word1 "$scratch/many"

documents_are_complete() {
	exits_with 0 "$indexer" --query word0 "$scratch/many" && says out "documents  1000 with"
}
check every_document_is_indexed documents_are_complete

# Scores worked out by hand: 2 of 3 documents hold the term, all as long as the average.
mkdir "$scratch/three"
echo "apple apple pear plum" >"$scratch/three/a"
echo "apple pear pear plum" >"$scratch/three/b"
echo "pear pear pear pear" >"$scratch/three/c"
scores_are_right() {
	exits_with 0 "$indexer" --query apples "$scratch/three" || return 1
	awk 'BEGIN { rarity = log(1 + 1.5 / 2.5); printf "%7.3f %7.3f", rarity * 2 * 2.2 / 3.2, rarity }' >"$scratch/scores"
	[ "$(awk '/^  / { printf "%s%7.3f", n++ ? " " : "", $1 }' "$scratch/out")" = "$(cat "$scratch/scores")" ] &&
		says out "apples: 2 matches"
}
check scores_are_those_of_the_formula scores_are_right

odd=$scratch/odd
head -c 100000 /dev/urandom >"$odd/binary"
printf 'zero\0zero' >"$odd/with-nul"
: >"$odd/empty"
printf 'no newline at the end' >"$odd/cut"
awk 'BEGIN { for (i = 0; i < 300000; i++) printf "longline%d ", i % 50 }' >"$odd/one-line"
awk 'BEGIN { for (i = 0; i < 1000000; i++) printf "x" }' >"$odd/one-word"
# A word cut at 47 bytes inside a character, a file that ends inside one, bytes that are not UTF-8.
awk 'BEGIN { for (i = 0; i < 46; i++) printf "y"; printf "\303\244\303\244 z\303" }' >"$odd/characters"
printf '\377\376\200\200 \342\200\223\302\267 word' >"$odd/not-utf8"
printf 'text' >"$odd/$(printf 'new\nline\033[31m')"
head -c 9000000 /dev/zero | tr '\0' 'q' >"$odd/too-large"
mkfifo "$odd/pipe"
ln -s . "$odd/loop"
ln -s ../odd "$odd/below/loop"
ln -s /dev/zero "$odd/device"
ln -s nowhere "$odd/dangling"
echo hidden >"$odd/.hidden"
echo secret >"$odd/secret"
chmod 0 "$odd/secret"
mkdir "$odd/closed" && chmod 0 "$odd/closed"
odd_files() {
	exits_with 0 "$indexer" --threads 4 --repeat 2 "$odd" || return 1
	says out "2 binary, 1 larger than 8 MiB" || return 1
	# The superuser can read both closed ones.
	[ "$(id -u)" -eq 0 ] || says out "2 unreadable" || return 1
	! grep -q "$(printf '\033')" "$scratch/out"
}
check odd_files_are_skipped_and_counted odd_files
check odd_files_give_the_same_output same_with_any_threads "$odd"

named_twice() {
	exits_with 0 "$indexer" --query word0 "$scratch/many" || return 1
	cp "$scratch/out" "$scratch/expected"
	exits_with 0 "$indexer" --query word0 "$scratch/many/" "$scratch/many" "$scratch/many/1.txt" &&
		cmp "$scratch/expected" "$scratch/out"
}
check a_path_named_twice_counts_once named_twice

check no_path_is_wrong_usage exits_with 2 "$indexer"
check zero_threads_are_wrong_usage exits_with 2 "$indexer" --threads 0 "$scratch/many"
check a_missing_number_is_wrong_usage exits_with 2 "$indexer" --repeat
check an_unknown_option_is_wrong_usage exits_with 2 "$indexer" --nothing "$scratch/many"
check a_missing_folder_is_no_input exits_with 3 "$indexer" "$scratch/nowhere"
check an_empty_folder_is_no_input exits_with 3 "$indexer" "$scratch/empty"
check a_full_disk_is_an_error sh -c "! '$indexer' '$scratch/three' >/dev/full 2>/dev/null"
check help_goes_to_stdout exits_with 0 "$indexer" --help

finish
