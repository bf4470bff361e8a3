-- SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
--
-- lock_pairs: who waited for whom for lock :lock, the first :limit: the view lock_wait_list by waiter and holder, with call paths.
SELECT w.*,
       p.path AS path, -- call path of the waiter, innermost function first
       h.path AS holder_path -- that of the holder; NULL: not known
FROM (SELECT context_id AS context_id, -- calling context of the waiter
             function AS function, -- its innermost function
             holder_context_id AS holder_context_id, -- calling context in which the holder had taken it; NULL: not known
             holder AS holder, -- its innermost function; NULL: not known
             sum(waits) AS waits, -- waits that began while this holder had it
             sum(wait_ns) AS wait_ns -- time waited for it, ns
      FROM lock_wait_list
      WHERE lock_id = :lock
      GROUP BY context_id, holder_context_id
      ORDER BY sum(wait_ns) DESC, sum(waits) DESC, context_id, holder_context_id LIMIT coalesce(:limit, -1)) w
JOIN context_paths p ON p.context_id = w.context_id
LEFT JOIN context_paths h ON h.context_id = w.holder_context_id
ORDER BY w.wait_ns DESC, w.waits DESC, w.context_id, w.holder_context_id;
