# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# --from, --to: calls and times of a window, from events.
# traces: main hostile
cp main.db window.db
put window.db <<END
1 10 enter 1
1 1000000 enter 5            # visit: 4 ms, in it another one of 1 ms that ends by an exception
1 3000000 enter 5
1 5000000 unwind
1 9000000 exit
1 chunk
1 10000000 enter 5           # of 7.5 ms: in another chunk it ends by a jump, after half a millisecond for the drain
1 chunk
1 12000000 wait 1000000
1 26000000 pop 1
1 chunk
1 26000100 enter 5
1 26000120 exit
2 20000000 enter 2           # worker, which ends in the last chunk
2 20000100 enter 3           # tokenize: 1 ms, 0.5 ms, 3 ms
2 22000100 exit
2 22000200 enter 3
2 22000300 enter 6
2 22000310 exit
2 23000200 exit
2 chunk
2 24000000 enter 3
2 30000000 exit
2 chunk
2 30000010 enter 4
2 30000020 exit
2 40000000 exit
3 50000000 enter 2
3 50000010 enter 3
3 50000012 exit
END
t body window.db --from 0ns
t body window.db --from 1us --to 21ms
t body window.db --from 2ms --to 5ms
t body window.db --tree --from 2ms --to 5ms
say a wait for the drain is nobody\'s time, on both sides of the end of a window
t instr-report window.db --from 5ms --to 5.8ms --format csv
t instr-report window.db --from 5.8ms --to 6ms --format csv
t body window.db --callers tokenize --to 11200us
t body window.db --callees worker --from 11ms
t body window.db --paths --from 11ms --focus tokenize
t body window.db --only tokenize --histogram --from 11200us
t body window.db --thread worker --from 12ms --to 14ms
t body window.db --tree --inverted --from 12ms --to 14ms
say nothing happens in a call that is open all the while
t body window.db --from 7ms --to 8ms
say what it does not go with, and what is not there
t instr-report window.db --from 2ms --to 1ms
t instr-report window.db --from 1ms --heap
t instr-report window.db --tree --to 1ms --blocks
t instr-report window.db --from 1ms --show-sql
t instr-report window.db --locks --from 1ms
t instr-report window.db --leaks --from 1ms
t instr-report window.db --from
t instr-report window.db --to yesterday
t instr-report window.db --from 1h
cp window.db damaged.db
echo "UPDATE chunks SET data = substr(data, 1, length(data) - 2) WHERE thread_id = 2;" | change damaged.db
t body damaged.db --from 1us
echo "DELETE FROM chunks;" | change damaged.db
t instr-report damaged.db --from 1us
t instr-report hostile.db --from 1us
