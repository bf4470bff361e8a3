-- SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
--
-- trace-problems.sql - one line for everything that makes a finished trace doubtful; silent for a
-- sound one. The counts are compared elsewhere (trace-calls.sql).
SELECT 'integrity_check: ' || integrity_check FROM pragma_integrity_check WHERE integrity_check <> 'ok';
SELECT 'foreign key: a row of ' || "table" || ' refers to no row of ' || parent FROM pragma_foreign_key_check;
SELECT 'state: ' || value FROM run WHERE key = 'state' AND value <> 'complete';
SELECT 'lost: ' || coalesce(events, 'unknown number of') || ' events, ' || cause FROM losses;
SELECT 'hole: thread ' || thread_id || ' at ' || position FROM holes;
SELECT 'message: ' || text FROM messages WHERE severity <> 'note';
SELECT 'thread ' || thread_id || ': ' || lost_events || ' lost, ' || orphans || ' orphans, ' ||
       skipped_units || ' units skipped'
FROM threads WHERE lost_events OR orphans OR skipped_units;
SELECT 'process ' || process_id || ' ended by ' || coalesce(end_reason, 'nothing known')
FROM processes WHERE end_reason IS NOT 'exit';
SELECT 'totals: context ' || context_id || ' of thread ' || thread_id || ': ' || calls || ' calls, but ' ||
       returns || ' returned, ' || unwound || ' unwound, ' || open || ' open'
FROM totals WHERE calls <> returns + unwound + open;
SELECT 'function_totals: ' || f.linkage_name || ' has ' || t.calls || ' calls, its contexts ' || s.calls
FROM (SELECT function_id, sum(calls) AS calls FROM totals JOIN contexts USING (context_id)
      GROUP BY function_id) s
JOIN functions f USING (function_id)
LEFT JOIN function_totals t ON t.function_id = s.function_id AND t.process_id = 0
WHERE s.calls IS NOT t.calls;
SELECT 'open_frames: ' || (SELECT count(*) FROM open_frames) || ' frames, but ' || sum(open) || ' calls are open'
FROM function_totals WHERE process_id = 0
HAVING sum(open) <> (SELECT count(*) FROM open_frames);
