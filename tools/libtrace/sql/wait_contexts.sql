-- SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
--
-- wait_contexts: who waited for whom and what that one did meanwhile, by calling context, the first :limit rows, of
-- process :process if that is given: the view lock_wait_list with call paths.
SELECT w.*,
       p.path AS path, -- call path of the waiter, innermost function first
       h.path AS holder_path -- that in which the holder had taken the lock; NULL: not known
FROM (SELECT * FROM lock_wait_list
      WHERE process_id = coalesce(:process, process_id)
      ORDER BY /*sort*/wait_ns/*end*/ DESC, wait_ns DESC, waits DESC, wait_id LIMIT coalesce(:limit, -1)) w
LEFT JOIN context_paths p ON p.context_id = w.context_id
LEFT JOIN context_paths h ON h.context_id = w.holder_context_id
ORDER BY w./*sort*/wait_ns/*end*/ DESC, w.wait_ns DESC, w.waits DESC, w.wait_id;
