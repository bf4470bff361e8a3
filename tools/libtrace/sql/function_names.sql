-- SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
--
-- function_names: functions that :only names (of all, where that is not given), those that were called first: does a report on
-- one make sense, and which one may have been meant?
SELECT f.name AS function, -- demangled name
       f.reason AS reason, -- why it carries no hooks; NULL if it does
       t.function_id IS NOT NULL AS called -- 1: it was called, in the run
FROM functions f LEFT JOIN function_totals t ON t.process_id = 0 AND t.function_id = f.function_id
WHERE :only IS NULL OR f.name || '(' GLOB :only || '(*'
ORDER BY 3 DESC, f.function_id
LIMIT coalesce(:limit, -1);
