-- SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
--
-- trace-heap.sql - what a trace says of the heap of its one process, in the words and the order of
-- count_allocs.c (heap.sh names its numbers).
WITH places AS (SELECT CASE s.family WHEN 'malloc' THEN 0 WHEN 'new' THEN 1 ELSE 2 END AS of, t.*
                FROM heap_totals t JOIN sites s USING (site_id) WHERE t.kind = 0),
family (of, name) AS (VALUES (0, 'malloc'), (1, 'new'), (2, 'new[]'))
SELECT name || ' allocs ' || coalesce(sum(allocs), 0) || ', bytes ' || coalesce(sum(bytes), 0) || ', failed ' || coalesce(sum(failed), 0)
       || ', frees ' || coalesce(sum(frees), 0) || ', freed bytes ' || coalesce(sum(freed_bytes), 0)
FROM family LEFT JOIN places USING (of) GROUP BY of ORDER BY of;
SELECT 'resized ' || resized || char(10) || 'lost ' || lost || char(10) || 'unknown ' || unknown_frees FROM heaps WHERE kind = 0;
SELECT 'live ' || count(*) || ' blocks, ' || coalesce(sum(bytes), 0) || ' bytes' FROM live_blocks WHERE kind = 0;
SELECT 'peak ' || peak_blocks || ' blocks, ' || peak_bytes || ' bytes' FROM heaps WHERE kind = 0;
