-- SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
--
-- never_called: functions with hooks that were never called, by image and place in the source, the first :limit rows; with :process
-- in that process, of the images that it had. One that several files have from one place in the source counts as called if one was.
SELECT f.name AS function, -- demangled name
       f.file AS file, -- source file
       f.line AS line, -- line of its definition
       m.path AS image -- program or library it is in
FROM functions f LEFT JOIN function_totals t ON t.process_id = coalesce(:process, 0) AND t.function_id = f.function_id
LEFT JOIN modules m ON m.module_id = f.module_id
WHERE f.module_id IS NOT NULL
  AND (:process IS NULL OR f.module_id IN (SELECT module_id FROM module_loads WHERE process_id = :process))
GROUP BY f.module_id, f.file, f.line, f.linkage_name, iif(f.file IS NULL, f.function_id, 0)
HAVING max(f.instrumented) = 1 AND max(coalesce(t.calls, 0)) <= 0
ORDER BY m.path, f.file, f.line, f.name, f.function_id
LIMIT coalesce(:limit, -1);
