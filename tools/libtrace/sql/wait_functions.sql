-- SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
--
-- wait_functions: who waited for whom and what that one did meanwhile, by functions, the first :limit rows, of process
-- :process if that is given: the view lock_wait_list.
SELECT function AS function, -- who waited: demangled name of the innermost function
       lock AS lock, -- for which lock
       holder AS holder, -- who had it, or had it last; NULL: not known
       meanwhile AS meanwhile, -- what that one did: 'in fsync', 'waiting for store (db.lock), in fsync'; NULL: it ran, as far as is known
       sum(waits) AS waits, -- waits that began so
       sum(wait_ns) AS wait_ns, -- time waited so, ns
       count(DISTINCT lock_id) AS locks -- locks of that name
FROM lock_wait_list
WHERE process_id = coalesce(:process, process_id)
GROUP BY function, lock, holder, meanwhile
ORDER BY /*sort*/wait_ns/*end*/ DESC, wait_ns DESC, waits DESC, function, lock, holder, meanwhile
LIMIT coalesce(:limit, -1);
