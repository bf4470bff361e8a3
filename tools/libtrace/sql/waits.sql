-- SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
--
-- waits: all waits for locks, of process :process if that is given.
SELECT coalesce(sum(l.contended), 0) AS waits, -- waits that have begun
       coalesce(sum(l.wait_ns), 0) AS wait_ns, -- how long they took, added up, ns
       count(*) AS locks, -- locks that were waited for
       coalesce(max(l.max_wait_ns), 0) AS longest_ns -- the longest that has ended, ns
FROM lock_list l
WHERE l.process_id = coalesce(:process, l.process_id) AND l.contended > 0;
