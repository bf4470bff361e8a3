-- SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
--
-- images_without: executables of processes of the run that have no hooks themselves, as libraries in them have, the first :limit rows.
SELECT p.executable AS image, -- path of the executable
       min(p.process_id) AS process_id, -- the first process of it
       count(*) AS processes -- how many
FROM processes p
WHERE p.executable != '' AND p.executable NOT IN (SELECT path FROM modules)
GROUP BY p.executable
ORDER BY min(p.process_id)
LIMIT coalesce(:limit, -1);
