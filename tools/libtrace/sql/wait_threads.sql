-- SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
--
-- wait_threads: which thread waited for which, the first :limit rows, of process :process if that is given: the view
-- lock_thread_list.
SELECT thread_id AS thread_id, -- who waited; NULL: ended threads
       thread AS thread, -- its name
       holder_thread_id AS holder_thread_id, -- who had the lock, or had it last; NULL: not known, or ended threads
       holder AS holder, -- its name; NULL: not known
       sum(waits) AS waits, -- waits that began so
       sum(wait_ns) AS wait_ns, -- time waited so, ns
       count(DISTINCT lock_id) AS locks, -- for how many locks
       min((SELECT n.label FROM lock_names n WHERE n.lock_id = t.lock_id)) AS lock -- one of them
FROM lock_thread_list t
WHERE process_id = coalesce(:process, process_id)
GROUP BY thread_id, thread, holder_thread_id, holder
ORDER BY /*sort*/wait_ns/*end*/ DESC, wait_ns DESC, waits DESC, thread_id, holder_thread_id
LIMIT coalesce(:limit, -1);
