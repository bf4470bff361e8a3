# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# Flame graphs and call graphs: the data of the page, the text for Graphviz, what goes with them.
# traces: main processes deep names waiting empty hostile overflow
data() { instr-report "$@" --flame - | sed -n '/id="data">$/,/^<\/script>$/p' | sed '1d;$d'; }
t data main.db
t data processes.db
t data waiting.db
t data empty.db
s "data main.db --thread 2 | tail -4"
s "data main.db --focus tokenize | tail -4"
s "data main.db --ignore 'worker(Queue&)' --min 20 | grep -v plain"
s "data main.db --inverted | head -2"
s "data deep.db | wc -c | sed 's/...\$/.../'"
say no name is taken for HTML
s "data names.db | tr -d '[:alnum:][:space:][:punct:]' | LC_ALL=C tr -d '\\200-\\377'"
s "data names.db | grep -c '[<>&]'"
say call graphs
t instr-report main.db --graph -
t instr-report main.db --graph - --limit 1
t instr-report main.db --graph - --focus visit --min 4
t instr-report processes.db --process 2 --graph -
t instr-report empty.db --graph -
s "instr-report names.db --graph - --limit 0 --min 0 | grep -c '^f[0-9]* \\['"
say files
t instr-report main.db --flame page.html
t instr-report main.db --graph graph.dot
s "instr-report main.db --flame - | cmp - page.html"
s "instr-report main.db --graph - | cmp - graph.dot"
s 'program=$(command -v instr-report); PATH=/nonexistent; "$program" main.db --graph graph.svg'
t instr-report main.db --flame no/such/folder/page.html
t instr-report main.db --flame main.db
say two traces
cp main.db old.db
change old.db <<END
UPDATE totals SET self_ticks = self_ticks / 2, calls = calls / 3 WHERE context_id = 5;
UPDATE functions SET name = 'gone(int)' WHERE name LIKE 'hash%';
INSERT INTO losses VALUES (9, NULL, NULL, 'a test', NULL, NULL, 7, 0);
END
t data main.db --diff old.db
s "instr-report --diff old.db main.db --flame diff.html --show-sql | head -1"
t instr-report --diff old.db main.db --graph diff.svg
t instr-report --diff old.db main.db --flame diff.html --focus hash
t instr-report --diff old.db main.db --flame ./old.db
t instr-report main.db old.db --graph -
t instr-report main.db old.db --flame old.db
say a window of time
t instr-report processes.db --flame window.html --from 1us
t instr-report main.db --diff old.db --flame window.html --from 1us
say what is missing is said, and in the page
s "instr-report processes.db --flame processes.html && grep -c 'Never completed' processes.html"
say every answer is a query
t instr-report main.db --flame page.html --focus visit --show-sql
s "instr-report main.db --graph graph.svg --show-sql | stock_sqlite main.db | cut -d, -f 1,5,7,8,10-"
say files made to do harm
s "instr-report hostile.db --flame hostile.html 2>&1 | tail -1"
s "instr-report overflow.db --graph overflow.svg 2>&1 | tail -1"
s "ls *.html *.svg *.dot 2>/dev/null"
say what does not go together
t instr-report main.db --flame page.html --graph graph.svg
t instr-report main.db --tree --flame page.html
t instr-report main.db --flame page.html --sort calls
t instr-report main.db --flame page.html --limit 3
t instr-report main.db --graph graph.svg --format csv
t instr-report main.db --graph graph.jpg
t instr-report main.db --graph ''
t instr-report main.db --graph graph.svg --inverted
t instr-report main.db --flame page.html --heap
t instr-report main.db --flame page.html --depth 3
