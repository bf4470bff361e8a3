-- SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
--
-- lock_pairs: who waited for whom for lock :lock, the first :limit: the view lock_wait_list, with call paths.
SELECT w.*,
       p.path AS path, -- call path of the waiter, innermost function first
       h.path AS holder_path -- that of the holder; NULL: not known
FROM (SELECT * FROM lock_wait_list
      WHERE lock_id = :lock
      ORDER BY wait_ns DESC, waits DESC, context_id, holder_context_id LIMIT coalesce(:limit, -1)) w
JOIN context_paths p ON p.context_id = w.context_id
LEFT JOIN context_paths h ON h.context_id = w.holder_context_id
ORDER BY w.wait_ns DESC, w.waits DESC, w.context_id, w.holder_context_id;
