-- SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
--
-- modules: instrumented executables and shared objects, and how much of them carries hooks.
SELECT m.module_id AS module_id, -- the image
       m.path AS path, -- where it was loaded from
       m.build_id AS build_id, -- GNU build id
       count(*) FILTER (WHERE f.instrumented) AS instrumented, -- functions with hooks
       count(*) FILTER (WHERE NOT f.instrumented) AS not_instrumented -- functions without
FROM modules m LEFT JOIN functions f USING (module_id)
GROUP BY m.module_id
ORDER BY m.module_id
LIMIT coalesce(:limit, -1);
