-- SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
--
-- export_threads: every calling context with the threads that it created, a row for each place in the source, of process
-- :process if that is given. Each comes behind its caller, as the numbers of contexts are: the groups are sorted by them.
-- The sums are those of the view thread_creator_list.
WITH
sums AS (
    SELECT context_id, site_id, sum(threads) AS threads
    FROM (SELECT context_id, NULL AS site_id, 0 AS threads FROM contexts
          UNION ALL
          SELECT context_id, site_id, threads FROM thread_creators)
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
       x.site_id AS site_id, -- the place; NULL: no thread was created
       s.file AS place_file, -- source file of the place
       s.line AS place_line, -- its line
       x.threads AS threads -- threads that it created and that recorded something
FROM sums x
CROSS JOIN contexts c ON c.context_id = x.context_id
LEFT JOIN functions f ON f.function_id = c.function_id
LEFT JOIN modules m ON m.module_id = f.module_id
LEFT JOIN sites s ON s.site_id = x.site_id
WHERE c.process_id = coalesce(:process, c.process_id);
