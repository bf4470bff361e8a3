-- SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
--
-- run_start: when the run began.
SELECT realtime_ns AS realtime_ns -- ns since 1970
FROM clocks
ORDER BY ticks
LIMIT 1;
