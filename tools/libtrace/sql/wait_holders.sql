-- SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
--
-- wait_holders: who was waited for, by function, the first :limit rows, of process :process if that is given. The sums are those of
-- wait_waiters.
SELECT holder AS holder, -- who was waited for: it had the lock, or had it last; NULL: not known
       sum(waits) AS waits, -- waits that began so
       sum(wait_ns) AS wait_ns, -- time waited so, ns
       count(DISTINCT lock_id) AS locks, -- for how many locks
       min(lock) AS lock -- one of them
FROM lock_wait_list
WHERE process_id = coalesce(:process, process_id)
GROUP BY holder
ORDER BY /*sort*/wait_ns/*end*/ DESC, wait_ns DESC, waits DESC, holder
LIMIT coalesce(:limit, -1);
