# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# --list: the source of a function with what the trace knows of its lines.
# traces: main waiting heap processes hostile overflow
mkdir -p src/lib
cat >src/table.cpp <<'END'
// The table.
#include "table.h"

Entry &Table::insert(const std::string &word, Posting posting)
{
	const char *braces = "}}{"; /* } */ char brace = '}'; int many = 1'000;
	lock.lock(); // } is no end
	Entry &entry = grow(word);
	auto found = [&](int n) { return n; };
	fsync(log);
	lock.unlock();
	return entry;
}

int other() { return 1; }
END
printf 'int tokenize(int n) {\r\n\tif (n) {\r\n  \tread(n);\tn++;\033[2J\r\n\t}\r\n\treturn n;\r\n}\r\n' >src/tokenize.cpp
cp main.db list.db
echo "UPDATE functions SET file = replace(file, '/home/me/src', '$PWD/src');
UPDATE functions SET line = 4 WHERE function_id = 4; UPDATE functions SET line = 1 WHERE function_id = 3;
INSERT INTO functions VALUES (20, 1, 30, 'Table::insert(std::string const&, Posting)::{lambda(int)#1}::operator()(int) const', '_ZZ', '$PWD/src/table.cpp', 9, 1, NULL, 1),
(21, 1, 31, 'other()', '_Z5otherv', '$PWD/src/table.cpp', 15, 1, NULL, 1);
INSERT INTO function_totals VALUES (0, 20, 700, 700, 0, 0, 0, 2000000, 2000000, 1, 1, 1, 1), (0, 21, 5, 5, 0, 0, 0, 200, 200, 1, 1, 1, 1);
INSERT INTO sites VALUES (90, 1, 20, 'block', 'sync', 'fsync', 'fsync', '$PWD/src/table.cpp', 10, 3, NULL),
(91, 1, 21, 'lock', 'mutex', 'std::mutex::lock()', '_ZNSt5mutex4lockEv', '$PWD/src/table.cpp', 7, 2, 'table.lock'),
(92, 1, 22, 'alloc', 'new', 'operator new(unsigned long)', '_Znwm', '$PWD/src/lib/table.h', 30, 9, 'Entry'),
(93, 1, 23, 'block', 'read', 'read', 'read', '$PWD/src/tokenize.cpp', 3, 4, NULL),
(94, 1, 24, 'thread', 'thread', 'pthread_create', 'pthread_create', '$PWD/src/main.cpp', 20, 4, NULL);
INSERT INTO heap_totals VALUES (7, 92, 0, 400, 12800, 0, 0, 0, 0, 0, 0, 12800, 400, 12800, 0, NULL, NULL, 0, 0, 0, 0, 0, 0);
INSERT INTO block_totals VALUES (7, 90, 2, 0, 30, 0, 0, 60000000, 9000000, x'01'), (5, 93, 2, 0, 8, 0, 64, 800000, 100000, x'01');
INSERT INTO locks VALUES (1, 1, 1, 4096, 7, 91, 0, NULL, NULL, NULL, 0, 0);
INSERT INTO lock_totals VALUES (1, 7, 91, 1, 500200, 120, 0, 5000000, 90000, NULL, 500200, 1, 1, NULL, 0, 0);
INSERT INTO thread_creators VALUES (2, 1, 94, 1, 1), (3, 1, 94, 1, 1);" | change list.db
find src -name '*.cpp' | xargs touch -d '2020-01-01'
t instr-report list.db --list 'Table::insert'
t body list.db --list tokenize
t body list.db --list '/^(Table::insert|tok|other)/' --limit 2
say of which the source is not there
t body list.db --list main
t body list.db --list visit
say nor is what it was compiled from
t body heap.db --list main --limit 1
say found elsewhere, by less and less of its path
mkdir -p moved/deep/src other && cp src/table.cpp moved/deep/src/ && touch -d 2020-01-01 moved/deep/src/table.cpp
rm src/table.cpp
t body list.db --list 'Table::insert' --source-path other
s "instr-report list.db --list 'Table::insert' --source-path other:moved/deep | sed '1,/^\$/d' | sed -n 2,4p"
s "instr-report list.db --list 'Table::insert' --source-path moved/deep/src | sed '1,/^\$/d' | sed -n 2,4p"
say one that has changed since
touch moved/deep/src/table.cpp
s "instr-report list.db --list 'Table::insert' --source-path moved/deep | sed '1,/^\$/d' | sed -n 2,4p"
: >program && touch -d 2019-01-01 program && touch -d 2020-01-01 moved/deep/src/table.cpp
echo "UPDATE modules SET path = '$PWD/program';" | change list.db
s "instr-report list.db --list 'Table::insert' --source-path moved/deep | sed '1,/^\$/d' | sed -n 2,4p"
touch -d 2021-01-01 program
head -3 moved/deep/src/table.cpp >other/table.cpp && touch -d 2020-01-01 other/table.cpp
t body list.db --list 'Table::insert' --source-path other
say a long one, without its ends
awk 'BEGIN { print "int tokenize() {"; for (i = 2; i < 300; i++) print "\tint line" i " = {0};"; print "}" }' >other/tokenize.cpp
touch -d 2020-01-01 other/tokenize.cpp
echo "UPDATE sites SET line = 150 WHERE site_id = 93;" | change list.db
t body list.db --list tokenize --source-path other
sed -i '$d' other/tokenize.cpp && touch -d 2020-01-01 other/tokenize.cpp
s "instr-report list.db --list tokenize --source-path other | tail -2"
say rows for programs
t instr-report list.db --list 'Table::insert' --format csv
t instr-report list.db --list tokenize --format json
same list.db --list '*'
same list.db --list '/e/' --process 1
same waiting.db --list 'serve*'
same heap.db --list '*' --limit 2
say one process
t body processes.db --list main --process 2
say narrow, and ASCII
COLUMNS=60 t body list.db --list 'Table::insert' --source-path moved/deep
LC_ALL=C t body list.db --list tokenize --source-path other
say files that are none, and paths made to do harm
mkfifo fifo && mkdir folder.cpp && printf 'a\0b\n' >binary
for path in /dev/zero fifo folder.cpp binary /no/such/file.c; do
	case $path in /*) full=$path ;; *) full=$PWD/$path ;; esac
	echo "UPDATE functions SET file = '$full', line = 1 WHERE function_id = 3;" | change list.db
	s "instr-report list.db --list tokenize | sed '1,/^\$/d' | sed -n 2,4p"
done
echo "UPDATE functions SET file = char(27) || '[2J' || char(10) || '/x', line = -9223372036854775808 WHERE function_id = 3;
UPDATE functions SET file = hex(zeroblob(100000)), line = 9223372036854775807 WHERE function_id = 4;
UPDATE sites SET name = char(27) || '[2J', line = -5;" | change list.db
t body list.db --list tokenize
s "instr-report list.db --list 'Table::insert' | sed '1,/^\$/d' | cut -c1-100"
for trace in hostile overflow; do
	t body $trace.db --list round
done
say names that are none, and what does not go together
t instr-report main.db --list tokenise
t instr-report main.db --list report_all
t instr-report main.db --list ''
t instr-report main.db --list hash --thread 1
t instr-report main.db --list hash --sort self
t instr-report main.db --top --source-path src
