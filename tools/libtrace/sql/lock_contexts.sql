-- SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
--
-- lock_contexts: what was done to lock :lock, the first :limit contexts and places: the view lock_contexts, with what others
-- waited while it had been taken in that context, and call paths.
SELECT l.*,
       (SELECT CAST(coalesce(sum(w.ticks), 0) * (SELECT ns_per_tick FROM rate) AS INTEGER) FROM lock_waits w
        WHERE w.lock_id = l.lock_id AND w.holder_context_id = l.context_id) AS blamed_ns, -- time others waited for who had taken it in this context, ns
       p.path AS path -- call path, innermost function first
FROM (SELECT * FROM lock_contexts
      WHERE lock_id = :lock
      ORDER BY /*sort*/wait_ns/*end*/ DESC, wait_ns DESC, hold_ns DESC, acquisitions DESC, context_id, site_id LIMIT coalesce(:limit, -1)) l
JOIN context_paths p ON p.context_id = l.context_id
ORDER BY l./*sort*/wait_ns/*end*/ DESC, l.wait_ns DESC, l.hold_ns DESC, l.acquisitions DESC, l.context_id, l.site_id;
