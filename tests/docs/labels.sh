#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# labels.sh ROOT - every acquire and release in runtime/ carries a label (R1, A1 ... or own), every label is on
# docs/memory-model.md, and every label of that page is in the code.
. "$(dirname "$0")/../harness/check.sh"
root=$1 page=$1/docs/memory-model.md

uses() { grep -rnE 'irt_[a-z]+_(acquire|release|acq_rel)\(' "$root/runtime" --include='*.[ch]' | grep -v 'base/atomic\.h:'; }

all_carry_one() {
	uses >all && [ "$(wc -l <all)" -gt 80 ] || return 1
	! grep -vE '/\* (.*[^A-Za-z0-9])?([AR][0-9]+|own)([^A-Za-z0-9]|$)' all
}
same_on_page() {
	uses | grep -oE '\b[AR][0-9]+\b' | sort -u >code
	sed -n '/^## Labels/,/^## A sub-buffer/p' "$page" | grep -oE '\b[AR][0-9]+\b' | sort -u >there
	diff code there
}
one_is_missed() {
	printf '\tirt_store_release(&x, 1);\n' >all
	grep -vqE '/\* (.*[^A-Za-z0-9])?([AR][0-9]+|own)([^A-Za-z0-9]|$)' all
}
check every_acquire_and_release_carries_a_label all_carry_one
check code_and_page_have_the_same_labels same_on_page
check a_missing_label_is_seen one_is_missed
finish
