-- SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
--
-- called_functions: functions that were called, for --diff and --gate: which names have several files?
SELECT name AS function, -- demangled name
       file AS file -- source file
FROM functions
WHERE function_id IN (SELECT function_id FROM contexts)
GROUP BY name, file;
-- SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
--
-- called_functions: names of the functions that were called in the run.
SELECT f.function_id AS function_id, -- the function
       f.name AS function -- demangled name
FROM function_totals t CROSS JOIN functions f ON f.function_id = t.function_id
WHERE t.process_id = 0
ORDER BY f.function_id;
