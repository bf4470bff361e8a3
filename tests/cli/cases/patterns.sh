# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# Regular expressions where a name of a function may stand.
# traces: main processes waiting names deep hostile overflow
t body main.db --callers '/^(hash|visit)\(/'
t body main.db --callees '/work/' --sort calls
t body main.db --only '/^[tw]/'
t body main.db --only '/::insert/' --histogram
t body main.db --tree --focus '/tok.*unsigned/' --ignore '/^visit/'
t body main.db --paths --ignore '/^(main|worker)/'
t body main.db --tree --inverted --focus '/^hash\(char const\*\)$/'
t body main.db --only '/./' --limit 2
t body waiting.db --blocks --only '/^(read|sem_wait)$/'
t body waiting.db --blocks --only '/^\(no/'
t body waiting.db --top --blocks --only '/^serve/'
say a name between slashes is one, a name with one slash is none
t instr-report main.db --callers '/hash'
t instr-report main.db --callers 'hash/'
say every answer is a query without regular expressions
same main.db --callers '/^(hash|visit)/'
same main.db --callees '/r$|r\(/' --thread worker
same main.db --only '/^[a-v]/' --sort calls
same main.db --only '/^[a-v]/' --heap
same main.db --top --only '/o/' --process 1
same main.db --tree --focus '/tok/' --ignore '/hash/'
same main.db --paths --focus '/./'
same main.db --tree --inverted --ignore '/^visit/'
same waiting.db --blocks --only '/^(read|serve)/'
same waiting.db --blocks --by site --all --only '/^(read|poll|accept)$/'
same waiting.db --blocks --by context --all --only '/./'
s "instr-report main.db --top --only '/^[tw]/' --show-sql | tail -3"
say one that matches nothing, or only what was never called, or has no hooks
t instr-report main.db --callers '/^tokenise/'
t instr-report main.db --callers '/report_/'
t instr-report main.db --tree --focus '/^(fast|another)/'
t instr-report waiting.db --blocks --only '/nothing/'
say names near to one that blocks, or makes such calls
t instr-report waiting.db --blocks --only reed
t instr-report waiting.db --blocks --only wolk
t instr-report waiting.db --blocks --only nothing_like_it
say where one is wrong
for wrong in '//' '/ab[c/' '/a(b)c(d/' '/(a(b)/' '/a(b))c/' '/x([z-a])/' '/a[[:alfa:]]b/' '/(x|y\/' '/a{3,1}/' '/(a{1/' '/*a/' '/(x|*)/'; do
	t instr-report main.db --callers "$wrong"
done
t instr-report main.db --only '/[/'
t instr-report main.db --tree --ignore '/a\/'
s "instr-report main.db --callers /$(printf '%01001d' 0)/" | grep '^instr'

say names made to do harm
for trace in hostile.db overflow.db; do
	t body $trace --only '/^(.*r?)*o(u|.)*nd$/'
done
cp main.db long.db
echo "UPDATE functions SET name = hex(zeroblob(200000)) || 'end' WHERE function_id = 1;
UPDATE functions SET name = 'a' || char(0) || 'b' WHERE function_id = 3;
UPDATE functions SET name = CAST(x'ff' AS TEXT) WHERE function_id = 4;
INSERT INTO sites VALUES (90, 1, 20, 'block', 'poll', CAST(x'00ff' AS TEXT), 'x', NULL, NULL, NULL, NULL);" | change long.db
s "instr-report long.db --only '/^0+$/' --format csv | cut -c1-20"
t instr-report long.db --only '/end$/'
s "instr-report long.db --only '/^a$/' --format csv | wc -l"
