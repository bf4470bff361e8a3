-- SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
--
-- settings: what was in force while the program was compiled and while it ran.
SELECT side AS side, -- runtime, or the image whose compilation it was
       key AS key, -- the setting
       value AS value -- its value
FROM settings
ORDER BY side <> 'runtime', side, key
LIMIT coalesce(:limit, -1);
