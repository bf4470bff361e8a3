-- SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
--
-- coverage: how many functions with hooks were called, by source file and image (with :by 'image' by image alone), those first in
-- which the most were never called, the first :limit rows; with :process in that process, of the images that it had. A function that
-- several files have from one place in the source, as from a header, is one.
WITH
each AS MATERIALIZED (
    SELECT f.module_id, f.file, max(f.instrumented) AS instrumented, max(coalesce(t.calls, 0) > 0) AS called
    FROM functions f LEFT JOIN function_totals t ON t.process_id = coalesce(:process, 0) AND t.function_id = f.function_id
    WHERE f.module_id IS NOT NULL
      AND (:process IS NULL OR f.module_id IN (SELECT module_id FROM module_loads WHERE process_id = :process))
    GROUP BY f.module_id, f.file, f.line, f.linkage_name, iif(f.file IS NULL, f.function_id, 0)),
sums AS (
    SELECT module_id, iif(:by IS 'image', NULL, file) AS file, sum(instrumented = 1) AS functions, sum(instrumented = 1 AND called) AS called,
           sum(instrumented != 1) AS not_instrumented
    FROM each GROUP BY module_id, iif(:by IS 'image', NULL, file))
SELECT m.path AS image, -- program or library
       s.file AS file, -- source file; NULL if not known, and by image
       s.functions AS functions, -- functions in it that have hooks
       s.called AS called, -- those of them that were called
       s.functions - s.called AS never_called, -- those that were not
       CAST(s.called * 100.0 / nullif(s.functions, 0) + 0.5 AS INTEGER) AS called_percent, -- share of those that were, in a hundred; NULL if none has hooks
       s.not_instrumented AS not_instrumented -- functions in it that have no hooks
FROM sums s LEFT JOIN modules m ON m.module_id = s.module_id
ORDER BY s.functions - s.called DESC, s.functions DESC, m.path, s.file, s.module_id
LIMIT coalesce(:limit, -1);
