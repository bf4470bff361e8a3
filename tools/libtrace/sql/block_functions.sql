-- SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
--
-- block_functions: calls that may block by function, by what it calls and by what the descriptor is of, the first :limit
-- rows, of process :process and of what :only names (what is called, or calls) if these are given; with :idle waits for work
-- too.
SELECT function AS function, -- demangled name; "(no function)": no call that has hooks was open
       called AS called, -- what it calls: read, poll ...
       object AS object, -- what that waits for, if it is in a variable: 'queue.not_empty'
       class AS class, -- what that is for
       descriptor AS descriptor, -- what the descriptor is of; NULL: there is none, or several
       idle AS idle, -- 1: a wait for work, by the rules of idle_waits
       sum(calls) AS calls, -- calls that have returned
       sum(failed) AS failed, -- those of them that failed, were interrupted or would have blocked
       sum(bytes) AS bytes, -- bytes that the others have read or written
       sum(blocked_ns) AS blocked_ns, -- how long they took, added up, ns
       sum(blocked_ns) / nullif(sum(calls), 0) AS mean_ns, -- how long one took on average, ns
       max(longest_ns) AS longest_ns, -- how long the longest took, ns
       count(DISTINCT site_id) AS sites, -- places in the source
       count(DISTINCT context_id) AS contexts -- calling contexts
FROM block_contexts
WHERE process_id = coalesce(:process, process_id) AND (:idle OR NOT idle)
  AND (:only IS NULL OR function || '(' GLOB :only || '(*' OR called || '(' GLOB :only || '(*')
GROUP BY function, called, object, class, descriptor, idle
ORDER BY /*sort*/blocked_ns/*end*/ DESC, blocked_ns DESC, calls DESC, function, called, object, descriptor
LIMIT coalesce(:limit, -1);
