-- SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
--
-- top: profile by function of the whole run, of functions that :only names if that is given, the first :limit rows.
SELECT function, -- demangled name
       file, -- source file
       line, -- line of its definition
       calls, -- calls entered
       self_ns, -- time without instrumented callees, ns
       total_ns, -- time with callees, recursion counted once, ns
       min_ns, -- shortest finished call, ns
       p50_ns, -- median of finished calls, ns
       p99_ns, -- 99th percentile of finished calls, ns
       max_ns -- longest finished call, ns
FROM /*sort*/top/*end*/
WHERE :only IS NULL OR function || '(' GLOB :only || '(*'
LIMIT coalesce(:limit, -1);
