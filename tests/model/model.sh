#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# model.sh - the protocols of shared memory, in every order that their steps can take (spin): no rule is
# broken, and each MUTATION that a model's head lists, a rule left out, is found.
. "$(dirname "$0")/../harness/check.sh"
models=$(cd "$(dirname "$0")" && pwd)

# Runs the checker of model $1 with mutation $2; leaves its words in $scratch/out.
explore() {
	# -E: a process that is dead stands still in the middle of its steps; only wake.pml asks who cannot go on.
	flags=-E
	[ "$1" = wake ] && flags=
	(cd "$scratch/$1" && MUTATION=$2 ./pan $flags -m100000 -w23) >"$scratch/out" 2>&1
	! grep -q 'max search depth too small\|out of memory\|VECTORSZ' "$scratch/out" || { cat "$scratch/out"; return 1; }
}

holds() {
	explore "$1" 0 || return 1
	grep -q 'errors: 0$' "$scratch/out" && return 0
	cat "$scratch/out"
	(cd "$scratch/$1" && MUTATION=0 ./pan -r "$1.pml.trail" | tail -100)
	return 1
}

is_found() {
	explore "$1" "$2" || return 1
	grep -q 'errors: 1$' "$scratch/out" && return 0
	echo "$1: mutation $2 breaks nothing"
	return 1
}

for model in sub wake slots lease; do
	mkdir "$scratch/$model" && cd "$scratch/$model" || exit 1
	reduction=-DREDUCTION
	grep -q provided "$models/$model.pml" && reduction=-DNOREDUCE
	spin -a "$models/$model.pml" >spin.out 2>&1 && cc -O2 -w -DSAFETY -DCOLLAPSE $reduction -DVECTORSZ=512 -o pan pan.c || cat spin.out
	check "${model}_holds_in_every_order" holds "$model"
	states=$(sed -n 's/^ *\([0-9]*\) states, stored.*/\1/p' "$scratch/out")
	echo "   $model: ${states:-no} states"
	mutations=$(sed -n 's/^ \*     \([1-9]\)  .*/\1/p' "$models/$model.pml")
	[ -n "$mutations" ] || check "${model}_has_mutations" false
	for mutation in $mutations; do
		check "${model}_without_rule_${mutation}_does_not" is_found "$model" "$mutation"
	done
done
finish
