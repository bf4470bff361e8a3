-- SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
--
-- context_figures: what --diff and --gate know of calling contexts, in ticks: rows of a context (of called_contexts) are to be
-- added up.
SELECT context_id AS context_id, -- calling context
       calls AS calls, -- calls entered
       self_ticks AS self_ticks, -- time without instrumented callees, ticks
       total_ticks AS total_ticks, -- time with callees, ticks
       min_ticks AS min_ticks, -- shortest finished call, ticks
       max_ticks AS max_ticks, -- longest finished call, ticks
       0 AS allocs, -- blocks of the heap that were allocated in it
       0 AS bytes, -- their bytes
       0 AS acquisitions, -- locks taken in it
       0 AS lock_waits, -- waits for locks
       0 AS lock_ticks, -- their time, ticks
       0 AS waits, -- calls that may block, without waits for work
       0 AS wait_ns, -- their time, ns
       histogram AS histogram -- finished calls by duration, as in totals
FROM totals
WHERE thread_id IN (SELECT thread_id FROM threads WHERE flags < 32)
UNION ALL
SELECT context_id, 0, self_ticks, total_ticks, NULL, NULL, 0, 0, 0, 0, 0, 0, 0, NULL FROM open_ticks
UNION ALL
SELECT context_id, 0, 0, 0, NULL, NULL, allocs, bytes, 0, 0, 0, 0, 0, NULL FROM heap_totals WHERE kind = 0
UNION ALL
SELECT context_id, 0, 0, 0, NULL, NULL, 0, 0, acquisitions, contended, wait_ticks, 0, 0, NULL FROM lock_totals
UNION ALL
SELECT context_id, 0, 0, 0, NULL, NULL, 0, 0, 0, 0, 0, calls, blocked_ns, NULL FROM block_contexts WHERE NOT idle;
