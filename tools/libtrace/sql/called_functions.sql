-- SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
--
-- called_functions: functions that were called, for --diff and --gate: which names have several files?
SELECT name AS function, -- demangled name
       file AS file -- source file
FROM functions
WHERE function_id IN (SELECT function_id FROM contexts)
GROUP BY name, file;
