-- SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
--
-- called_places: what that :only names is called at places in the source that are recorded, by what such calls are.
SELECT kind AS kind, -- 'alloc', 'free', 'block', 'lock', 'thread'
       min(name) AS called, -- what is called, demangled
       count(*) AS places -- how many places
FROM (SELECT kind, name, name AS called FROM sites)
WHERE called || '(' GLOB :only || '(*'
GROUP BY kind
ORDER BY kind;
