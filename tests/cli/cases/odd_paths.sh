# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# A path is a path, whatever stands in it.
# traces: main
for name in 'a b.db' 'percent%41.db' 'question?mode=rwc.db' 'hash#tag.db' '-dash.db' "quote's.db" 'ünïcode.db' 'file:x.db' ':memory:'; do
	cp main.db "./$name"
	t instr-report --limit 1 --format csv -- "$name"
done
t instr-report --limit 1 --format csv "$PWD/main.db"
mkdir -p 'sub dir'
cp main.db 'sub dir/trace.db'
s 'cd "sub dir" && instr-report --limit 1 --format csv'
t ls
