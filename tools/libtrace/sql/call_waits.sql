-- SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
--
-- call_waits: where the calls of single_calls waited longest, by the numbers of these; their rows come in place of the empty one.
WITH waited (number, kind, site_id, count, ticks) AS (/*sort*/SELECT NULL, NULL, NULL, NULL, NULL WHERE 0/*end*/)
SELECT w.number AS number, -- the call
       w.kind AS kind, -- 'blocks': in calls that may block; 'lock': for a lock
       s.name AS called, -- what is called there: read, pthread_mutex_lock ...
       s.type AS object, -- the lock, or what the call waits for, if it is in a variable
       s.file AS file, -- source file
       s.line AS line, -- line
       w.count AS waits, -- how often
       CAST(w.ticks * r.ns_per_tick AS INTEGER) AS wait_ns -- how long, ns
FROM rate r CROSS JOIN waited w LEFT JOIN sites s ON s.site_id = w.site_id
ORDER BY w.number, w.ticks DESC, w.kind, w.site_id;
