-- SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
--
-- site_names: places where locks are taken or calls may block, and what they are called.
SELECT site_id AS site_id, -- the place
       name AS name, -- the function called there
       type AS type -- of a lock, or of what a call waits for: the variable that it is in; NULL if not known
FROM sites
WHERE kind IN ('block', 'lock')
ORDER BY site_id;
