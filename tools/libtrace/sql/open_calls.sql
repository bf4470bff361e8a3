-- SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
--
-- open_calls: calls that had not ended when their thread did, or have not yet; outermost first, the
-- thread that is in a call for the longest time first.
SELECT * FROM open_calls
ORDER BY first_value(start_ns) OVER (PARTITION BY thread_id ORDER BY depth), thread_id, depth
LIMIT coalesce(:limit, -1);
