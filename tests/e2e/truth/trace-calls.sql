-- SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
--
-- trace-calls.sql - what the truth tests read of a trace: every function that it knows, called or
-- not, one per line. compare.py names the columns. This is the only place that knows the schema.
SELECT f.linkage_name, -- name as in the program's symbol table
       coalesce(f.file, ''), -- file of its definition
       CASE WHEN f.instrumented THEN '' ELSE coalesce(f.reason, 'not instrumented') END,
       coalesce(t.calls, 0),
       coalesce(t.returns, 0),
       coalesce(t.unwound, 0),
       coalesce(t.open, 0),
       m.path -- the image it belongs to
FROM functions f
JOIN modules m ON m.module_id = f.module_id
LEFT JOIN function_totals t ON t.function_id = f.function_id AND t.process_id = 0
ORDER BY f.function_id;
