-- SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
--
-- run_functions: names of the functions that were called in the run.
SELECT f.function_id AS function_id, -- the function
       f.name AS function -- demangled name
FROM function_totals t CROSS JOIN functions f ON f.function_id = t.function_id
WHERE t.process_id = 0
ORDER BY f.function_id;
