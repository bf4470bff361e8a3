-- SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
--
-- summary: one row that says what was recorded and what is missing from it.
SELECT s.*,
       (SELECT realtime_ns FROM clocks ORDER BY ticks LIMIT 1) AS start_realtime_ns, -- when the run began, ns since 1970
       (SELECT sum(lost_events) FROM threads) AS dropped_events, -- events that threads dropped
       (SELECT sum(waits) FROM threads) AS waits, -- times that a thread waited for the drain
       (SELECT count(*) FROM threads WHERE flags & 1) AS several_stacks, -- threads seen on several stacks
       (SELECT count(*) FROM threads WHERE flags & 4) AS folded_trees, -- threads whose calling contexts were folded
       (SELECT count(*) FROM threads WHERE flags & 8) AS merged_threads, -- rows that stand for several ended threads
       (SELECT count(*) FROM messages WHERE severity <> 'note') AS warnings, -- what recording had to complain about
       (SELECT value FROM run WHERE key = 'hook_cost_ticks') * (SELECT ns_per_tick FROM rate) AS hook_cost_ns, -- what an empty call measures, ns
       (SELECT value FROM settings WHERE side = 'runtime' AND key = 'events') AS events_setting -- off: totals only
FROM summary s;
