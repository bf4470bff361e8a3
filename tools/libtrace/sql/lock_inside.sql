-- SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
--
-- lock_inside: what was done by who had lock :lock, the first :limit: calls that may block and locks that were taken (the
-- views lock_call_list, lock_order_list); and blocks that were allocated, by where the lock had been taken (lock_contexts).
SELECT what AS what, -- 'call', 'lock', 'alloc'
       called AS called, -- what was called, or which lock was taken; NULL of blocks
       function AS function, -- where; of blocks: where the lock had been taken
       place AS place, -- in the source
       count AS count, -- how often
       inside_ns AS inside_ns, -- how long the calls took, or the waits for that lock, added up, ns; NULL of blocks
       longest_ns AS longest_ns, -- the longest call, ns; NULL of locks and blocks
       bytes AS bytes -- of the blocks; NULL of calls and locks
FROM (SELECT 'call' AS what, coalesce(called, '(others)') AS called, call_function AS function, place, sum(calls) AS count,
             sum(blocked_ns) AS inside_ns, max(longest_ns) AS longest_ns, NULL AS bytes
      FROM lock_call_list WHERE lock_id = :lock GROUP BY called, call_function, place
      UNION ALL
      SELECT 'lock', coalesce(to_lock, '(others)'), to_function, to_place, sum(count), sum(wait_ns), NULL, NULL
      FROM lock_order_list WHERE lock_id = :lock GROUP BY to_lock, to_function, to_place
      UNION ALL
      SELECT 'alloc', NULL, function, file || coalesce(':' || line, ''), sum(allocs), NULL, NULL, sum(alloc_bytes)
      FROM lock_contexts WHERE lock_id = :lock AND allocs > 0 GROUP BY function, file, line)
ORDER BY inside_ns DESC, count DESC, what, called, function, place
LIMIT coalesce(:limit, -1);
