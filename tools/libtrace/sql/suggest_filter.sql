-- SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
--
-- suggest_filter: functions that the compiler plugin gave hooks and that were called, those with the shortest calls first: what
-- their hooks may have taken, and what each could tell. Functions of the same linkage name are one row, for a filter means
-- all of them.
WITH waited AS MATERIALIZED (
    SELECT coalesce((SELECT sum(total_ticks) FROM block_totals WHERE context_id & 2097151), 0)
         + coalesce((SELECT sum(wait_ticks) FROM lock_totals WHERE context_id & 2097151), 0) AS ticks)
SELECT f.linkage_name AS linkage_name, -- name as the linker sees it
       f.name AS function, -- demangled name
       f.file AS file, -- source file
       f.line AS line, -- line of its definition
       sum(t.calls) AS calls, -- calls entered
       CAST(sum(t.self_ticks) * (SELECT ns_per_tick FROM rate) AS INTEGER) AS self_ns, -- time without instrumented callees, hooks included, ns
       CAST(sum(t.calls) * 2 * (SELECT value FROM run WHERE key = 'hook_cost_ticks') * (SELECT ns_per_tick FROM rate) AS INTEGER) AS hooks_ns, -- what the hooks of its calls took, about, ns
       CAST((SELECT ticks FROM waited) * (SELECT ns_per_tick FROM rate) AS INTEGER) AS waited_ns, -- of all functions together: in calls that may block and for locks, ns
       (SELECT iif(count(*) = count(cpu_ns), sum(cpu_ns), NULL) FROM threads WHERE flags < 32) AS cpu_ns -- processor time of all threads, ns; NULL if one's is not known
FROM function_totals t CROSS JOIN functions f ON f.function_id = t.function_id
WHERE t.process_id = 0 AND t.calls > 0 AND f.row IS NOT NULL AND f.instrumented = 1
GROUP BY f.linkage_name
ORDER BY CAST(sum(t.self_ticks) AS REAL) / sum(t.calls), f.linkage_name;
