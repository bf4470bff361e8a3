-- SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
--
-- run: facts about the run as a whole, as the drain stored them.
SELECT key AS key, -- which fact
       value AS value -- it
FROM run
ORDER BY key;
