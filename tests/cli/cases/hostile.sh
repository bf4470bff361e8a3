# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# A file made to do harm, or to take for ever, does neither.
# traces: main hostile overflow
say views, triggers, statistics, circles
for mode in --top --tree --info; do
	t instr-report hostile.db $mode
done
t instr-report hostile.db --allocs
t instr-report overflow.db --allocs
t instr-report hostile.db --blocks
for mode in '--blocks --all' '--blocks --by site' '--blocks --by context --sort calls' '--allocs --by site' '--allocs --by context' '--allocs --by type' --leaks '--leaks --age 1ns' --peak; do
	t body hostile.db $mode
	t body overflow.db $mode
	s "instr-report hostile.db $mode --format csv 2>/dev/null | sed 's/\(round < round\).*\(round < \)/\1 (more) \2/'"
done
t instr-report hostile.db --tree --format csv --min 0
t instr-report hostile.db --thread 1
t instr-report overflow.db
t instr-report overflow.db --tree
t instr-report overflow.db --info
say tables that are none
shape() {
	cp main.db shape.db
	change shape.db
	t instr-report shape.db
}
echo 'DROP TABLE messages; CREATE VIEW messages AS SELECT 1 AS message_id;' | shape
echo 'DROP TABLE messages; CREATE VIRTUAL TABLE messages USING fts5(text);' | shape
echo 'DROP TABLE messages; CREATE TABLE messages (message_id INTEGER PRIMARY KEY, ticks INTEGER, process_id INTEGER,
severity TEXT, text TEXT AS (upper(severity)));' | shape
echo 'DROP TABLE messages; CREATE TABLE messages (message_id INTEGER PRIMARY KEY, ticks INTEGER, process_id INTEGER,
severity TEXT, text BLOB);' | shape
say a b-tree whose pages share their children: endless to walk
for table in threads processes functions losses messages modules; do
	"$PYTHON" "$TESTS/endless.py" main.db endless.db $table
	say "$table"
	t instr-report endless.db --info
done
"$PYTHON" "$TESTS/endless.py" main.db endless.db contexts
t instr-report endless.db --tree
say nothing was changed
s 'for f in hostile overflow; do cp $f.db $f.copy; instr-report $f.db --info >/dev/null 2>&1; cmp $f.db $f.copy; done; ls | grep -c -e -wal -e -shm -e -journal || true'
