-- SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
--
-- wait_waiters: who waited, by function, the first :limit rows, of process :process if that is given. The sums are those of
-- wait_holders.
SELECT function AS function, -- who waited
       sum(waits) AS waits, -- waits that began so
       sum(wait_ns) AS wait_ns, -- time waited so, ns
       count(DISTINCT lock_id) AS locks, -- for how many locks
       min(lock) AS lock -- one of them
FROM lock_wait_list
WHERE process_id = coalesce(:process, process_id)
GROUP BY function
ORDER BY /*sort*/wait_ns/*end*/ DESC, wait_ns DESC, waits DESC, function
LIMIT coalesce(:limit, -1);
