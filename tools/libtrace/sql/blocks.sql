-- SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
--
-- blocks: the sums of all calls that may block, waits for work apart, of process :process and of what :only names
-- (what is called, or calls) if these are given.
SELECT idle AS idle, -- 1: waits for work, by the rules of idle_waits
       sum(calls) AS calls, -- calls that have returned
       sum(failed) AS failed, -- those of them that failed, were interrupted or would have blocked
       sum(bytes) AS bytes, -- bytes that the others have read or written
       sum(blocked_ns) AS blocked_ns, -- how long they took, added up, ns
       group_concat(DISTINCT CASE WHEN idle AND class NOT IN (SELECT class FROM idle_waits WHERE descriptor IS NULL)
                                  THEN class || ' of ' || descriptor ELSE class END) AS classes -- what they were for
FROM (SELECT * FROM block_contexts
      WHERE process_id = coalesce(:process, process_id)
        AND (:only IS NULL OR function || '(' GLOB :only || '(*' OR called || '(' GLOB :only || '(*')
      ORDER BY class)
GROUP BY idle
ORDER BY idle
LIMIT coalesce(:limit, -1);
