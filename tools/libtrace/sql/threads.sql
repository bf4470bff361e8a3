-- SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
--
-- threads: the first :limit threads of the run, with what they did.
SELECT t.*,
       x.calls AS calls, -- calls entered
       x.self_ns AS self_ns -- time in instrumented calls, ns
FROM thread_list t LEFT JOIN thread_times x USING (thread_id)
ORDER BY t.thread_id < 0, t.thread_id
LIMIT coalesce(:limit, -1);
