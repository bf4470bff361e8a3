-- SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
--
-- called_contexts: calling contexts, callers first. --diff takes those for the same that have the same functions on their way, of the
-- same names, and files where a name has several.
SELECT c.context_id AS context_id, -- calling context
       c.parent_id AS parent_id, -- the caller's; NULL: no call that has hooks was open
       f.name AS function, -- demangled name
       f.file AS file, -- source file
       f.line AS line, -- line of its definition
       c.recursive AS recursive, -- 1: within an outer call of the same function
       r.ns_per_tick AS ns_per_tick -- nanoseconds per tick
FROM rate r CROSS JOIN contexts c LEFT JOIN functions f ON f.function_id = c.function_id
ORDER BY c.context_id;
