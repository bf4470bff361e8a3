-- SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
--
-- export_mutex: every calling context with what others waited for locks that had been taken in it, of process :process
-- if that is given. Each comes behind its caller, as the numbers of contexts are: the groups are sorted by them; first
-- comes -1, for waits of which it is not known who had the lock. The sums are those of the view lock_wait_list.
WITH
sums AS (
    SELECT context_id, sum(waits) AS waits, sum(delay_ns) AS delay_ns
    FROM (SELECT context_id, 0 AS waits, 0 AS delay_ns FROM contexts WHERE process_id = coalesce(:process, process_id)
          UNION ALL
          SELECT w.holder_context_id, w.waits, CAST(w.ticks * (SELECT ns_per_tick FROM rate) AS INTEGER)
          FROM lock_waits w JOIN locks l ON l.lock_id = w.lock_id
          WHERE l.process_id = coalesce(:process, l.process_id))
    GROUP BY context_id)
SELECT s.context_id AS context_id, -- calling context of who had the lock, or had it last; -1: not known
       c.parent_id AS parent_id, -- the caller's context; NULL: none, this is no call
       c.function_id AS function_id, -- function
       f.name AS function, -- demangled name
       f.linkage_name AS linkage_name, -- name as the linker sees it
       f.file AS file, -- source file
       f.line AS line, -- line of its definition
       m.module_id AS module_id, -- the image that it is in
       m.path AS module, -- where that was loaded from
       m.build_id AS build_id, -- its GNU build id
       s.waits AS contentions, -- waits that began so
       s.delay_ns AS delay_ns -- time that others waited so, ns
FROM sums s
LEFT JOIN contexts c ON c.context_id = s.context_id
LEFT JOIN functions f ON f.function_id = c.function_id
LEFT JOIN modules m ON m.module_id = f.module_id;
