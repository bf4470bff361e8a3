-- SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
--
-- summary: one row that says what was recorded and what is missing from it.
-- The view's own columns, but for three: count(*) over a whole table is one step to SQLite that
-- nothing interrupts, and on a damaged file it may never end; count of a column does the same work row
-- by row.
SELECT s.program, s.started, s.duration_ns, s.state, -- as in the view summary
       (SELECT count(process_id) FROM processes) AS processes, -- processes of the run
       (SELECT count(thread_id) FILTER (WHERE flags < 16) + coalesce(sum(merged), 0) FROM threads WHERE flags < 32) AS threads, -- threads that recorded something
       s.functions, s.not_instrumented, s.calls, s.self_ns, s.events, s.events_kept, s.events_deleted, s.events_lost,
       s.losses_not_counted, s.events_from_ns, s.wait_ns, -- as in the view summary
       (SELECT count(thread_id) FROM open_frames) AS open_calls, -- calls not finished
       (SELECT realtime_ns FROM clocks ORDER BY ticks LIMIT 1) AS start_realtime_ns, -- when the run began, ns since 1970
       (SELECT sum(lost_events) FROM threads WHERE flags < 32) AS dropped_events, -- events that threads dropped
       (SELECT sum(waits) FROM threads WHERE flags < 32) AS waits, -- times that a thread waited for the drain
       (SELECT count(*) FROM threads WHERE flags & 1 AND flags < 32) AS several_stacks, -- threads seen on several stacks; merged ones as one
       (SELECT count(*) FROM threads WHERE flags & 4 AND flags < 32) AS folded_trees, -- threads whose calling contexts were folded; merged ones as one
       (SELECT coalesce(sum(merged), 0) FROM threads WHERE flags < 32) AS merged_threads, -- ended threads whose totals are in rows "ended threads"
       (SELECT count(*) FROM threads WHERE flags & 8 AND flags < 32) AS partly_inherited, -- threads of fork children that began in calls which are not all known
       (SELECT count(*) FROM messages WHERE severity <> 'note') AS warnings, -- what recording had to complain about
       (SELECT value FROM run WHERE key = 'hook_cost_ticks') * (SELECT ns_per_tick FROM rate) AS hook_cost_ns, -- what an empty call measures, ns
       (SELECT value FROM settings WHERE side = 'runtime' AND key = 'events') AS events_setting -- off: totals only
FROM summary s;
