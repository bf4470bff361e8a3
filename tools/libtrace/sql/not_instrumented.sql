-- SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
--
-- not_instrumented: functions that carry no hooks, the most frequent reason first, at most :limit.
SELECT reason, -- why it carries none
       count(*) OVER (PARTITION BY reason) AS functions, -- how many carry none for this reason
       function, -- demangled name
       file, -- source file
       line, -- line of its definition
       module -- program or library it is in
FROM not_instrumented
ORDER BY functions DESC, reason, function
LIMIT coalesce(:limit, -1);
