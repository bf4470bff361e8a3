-- SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
--
-- export_block: every calling context with its waits for locks and its calls that may block, a row for each place in the
-- source, of process :process if that is given; with :idle waits for work too. Each comes behind its caller, as the
-- numbers of contexts are: the groups are sorted by them. The sums are those of the views lock_contexts and
-- block_contexts.
WITH
idle AS (
    SELECT i.class, k.descriptor, i.with_lock
    FROM idle_waits i LEFT JOIN descriptor_kinds k ON k.name = i.descriptor),
sums AS (
    SELECT context_id, site_id, sum(waits) AS waits, sum(lock_ns) AS lock_ns, sum(calls) AS calls, sum(blocked_ns) AS blocked_ns
    FROM (SELECT context_id, NULL AS site_id, 0 AS waits, 0 AS lock_ns, 0 AS calls, 0 AS blocked_ns FROM contexts
          UNION ALL
          SELECT context_id, site_id, contended, CAST(wait_ticks * (SELECT ns_per_tick FROM rate) AS INTEGER), 0, 0
          FROM lock_totals WHERE contended > 0 OR wait_ticks > 0
          UNION ALL
          SELECT b.context_id, b.site_id, 0, 0, b.calls, CAST(b.total_ticks * (SELECT ns_per_tick FROM rate) AS INTEGER)
          FROM block_totals b LEFT JOIN sites s ON s.site_id = b.site_id
          WHERE :idle OR NOT EXISTS (
              SELECT 1 FROM idle i
              WHERE i.class = s.family AND (i.descriptor IS NULL OR i.descriptor = b.descriptor)
                AND (i.with_lock IS NULL OR i.with_lock = b.with_lock)))
    GROUP BY context_id, site_id)
SELECT c.context_id AS context_id, -- calling context
       c.parent_id AS parent_id, -- the caller's context; NULL: none, this is no call
       c.function_id AS function_id, -- function
       f.name AS function, -- demangled name
       f.linkage_name AS linkage_name, -- name as the linker sees it
       f.file AS file, -- source file
       f.line AS line, -- line of its definition
       m.module_id AS module_id, -- the image that it is in
       m.path AS module, -- where that was loaded from
       m.build_id AS build_id, -- its GNU build id
       x.site_id AS site_id, -- the place; NULL: nothing was waited for
       s.file AS place_file, -- source file of the place
       s.line AS place_line, -- its line
       s.name AS called, -- what is called there: read, pthread_mutex_lock ...
       x.waits + x.calls AS contentions, -- waits for locks that were begun, and calls that have returned
       x.lock_ns + x.blocked_ns AS delay_ns, -- how long both took, ns
       x.lock_ns AS lock_ns, -- waits for locks, ns
       x.blocked_ns AS blocked_ns -- calls that may block, ns
FROM sums x
CROSS JOIN contexts c ON c.context_id = x.context_id
LEFT JOIN functions f ON f.function_id = c.function_id
LEFT JOIN modules m ON m.module_id = f.module_id
LEFT JOIN sites s ON s.site_id = x.site_id
WHERE c.process_id = coalesce(:process, c.process_id);
