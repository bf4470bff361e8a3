# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# Does a trace keep to rules? Exit 1 if not, 2 if a rule cannot be read.
# traces: main heap locks blocks names troubled hostile overflow
cp main.db new.db
change new.db <<'END'
UPDATE totals SET calls = calls * 2, returns = returns * 2, total_ticks = total_ticks * 13 / 10, self_ticks = self_ticks * 13 / 10, histogram = x'01cd0180897a' WHERE thread_id = 2 AND context_id = 5;
INSERT INTO functions VALUES (11, 1, 6, 'stem(char const*)', '_Z4stemPKc', '/home/me/src/stem.cpp', 8, 1, NULL, 1);
INSERT INTO contexts VALUES (8, 1, 5, 1, 11, 3, 0, 0);
INSERT INTO totals VALUES (2, 8, 700, 700, 0, 0, 70000, 70000, 90, 120, x'014ebc05');
INSERT INTO heap_totals SELECT 8, 1, 0, 700, 7000, 700, 7000, 0, 0, 0, 0, 700, 1, 10, 0, NULL, NULL, 700, 7000, 0, 0, 0, 0;
END
say rules that hold
t instr-report main.db --gate 'calls of hash = 2700000'
t instr-report main.db --gate 'p99 of tokenize <= 30 us; max of visit < 600 ms; no allocation under worker; min of hash >= 9 ns'
t instr-report new.db --diff main.db --gate 'calls of tokenize +60 %; calls of visit +0 %; calls of visit -0 %; self time of hash +0'
cat > rules.txt <<'END'
# What the newer version has to keep to.
calls of tokenize +1000000   # as many more
mean of 'tokenize(char const*, unsigned long)' +2.5 ms
total time of tokenize(char const*, unsigned long) ≤ 0.5min

bytes under w* <= 7000 bytes; bytes in stem < 6.9 KiB
no allocation in nothing if there
END
t instr-report new.db --diff main.db --gate rules.txt
say rules that do not
t instr-report main.db --gate 'calls of hash < 2700000; calls of hash > 2699999; p50 of hash <= 5 ns; p100 of visit <= 499ms'
t instr-report new.db --diff main.db --gate 'calls of tokenize +55 %; calls of stem +0 %; mean of stem +1 %; calls of visit -1 %; no allocation under worker; no slowdown of *'
t instr-report new.db --diff main.db --gate 'calls of * +0 %; self time of * -5 %' --limit 2
t instr-report heap.db --gate 'no allocation under main; bytes under main <= 1 MiB'
t instr-report locks.db --gate 'lock waits in * = 0; lock time under * <= 0; locks of * < 1'
t instr-report blocks.db --gate 'no wait under *; wait time in * < 1 ms'
COLUMNS=60 t instr-report names.db --gate 'calls of * = 0' --limit 5
say what breaks them, for programs
t instr-report new.db --diff main.db --gate 'calls of * +0 %; no slowdown of *; p50 of hash = 1 us' --format csv
t instr-report main.db --gate 'calls of hash < 1' --format json
t instr-report main.db --gate 'calls of hash > 1' --format csv
say what is missing from a trace is said
s 'instr-report troubled.db --gate "calls of main >= 1" 2>&1 | head -3'
say no such function
t instr-report main.db --gate 'calls of hsh > 1'
t instr-report main.db --gate 'calls of hash > 1; calls of report_all > 0'
t instr-report main.db --gate 'calls of fast_path > 0'
t instr-report main.db --diff new.db --gate 'calls of stem +0 %'
t instr-report main.db --diff new.db --gate 'calls of stem <= 3'
t instr-report main.db --gate 'calls of hsh > 1 if there'
say rules that cannot be read
while IFS= read -r rule; do
	t instr-report main.db --diff main.db --gate "$rule"
done <<'END'
calls
calls of
 of hash
cals of hash < 1
calls hash < 1
calls of hash
calls of hash 3
calls of hash < x
calls of hash < 3 ms
calls of hash < 3 calls
calls of hash < 5 %
calls of hash < 99999999999999999999999
calls under main < 3
p99 of hash <= 2
p99 of hash <= 2 KiB
p999 of hash <= 2 ms
p99.99 of hash <= 2 ms
bytes under main < 3 ms
bytes of 'main < 3
bytes of f(int < 3
no allocation under main < 3
no p99 of hash if not there
slowdown of hash < 3
calls of hash < 3 if here
calls of hash < 3; µs of hash < 3
no
;
END
printf 'calls of hash > 1\n\n  calls of hash ≥ ≥\n' >wrong.txt
t instr-report main.db --gate wrong.txt
t instr-report main.db --gate ''
t instr-report main.db --gate nothing.txt
t instr-report main.db --gate .
head -c 2000000 /dev/zero | tr '\0' ' ' >long.txt
t instr-report main.db --gate long.txt
say what does not go together
t instr-report main.db --gate 'calls of hash +0 %'
t instr-report main.db --gate 'no slowdown of hash'
t instr-report main.db --gate 'calls of hash > 1' --tree
t instr-report main.db --gate 'calls of hash > 1' --sort calls
t instr-report main.db --gate 'calls of hash > 1' --thread 1
t instr-report main.db --gate 'calls of hash > 1' --by function
say files made to do harm
t instr-report hostile.db --diff main.db --gate 'calls of * +0 %; self time of * <= 1 s; no allocation under *; no wait under *; no lock under *; p99 of * < 1 s'
t instr-report main.db --diff hostile.db --gate 'calls of * +0 %' --limit 1
t instr-report overflow.db --gate 'calls of * < 1'
