-- SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
--
-- sound.sql - what is true of every finished trace, whatever was traced. Prints nothing, or
-- "rule: what is wrong" for each violation. The rules are in docs/format.md.

SELECT 'integrity: ' || integrity_check FROM pragma_integrity_check WHERE integrity_check <> 'ok';
SELECT 'foreign_keys: ' || "table" || ' refers to a missing row of ' || parent FROM pragma_foreign_key_check LIMIT 5;
SELECT 'application_id: ' || application_id FROM pragma_application_id WHERE application_id <> 0x696e7374;
SELECT 'user_version: ' || user_version FROM pragma_user_version WHERE user_version <> 1;
SELECT 'journal_mode: ' || journal_mode FROM pragma_journal_mode WHERE journal_mode <> 'delete';
SELECT 'strict: table ' || name || ' is not STRICT' FROM pragma_table_list
WHERE schema = 'main' AND type = 'table' AND strict = 0 AND name NOT LIKE 'sqlite_%';
SELECT 'state: ' || value FROM run WHERE key = 'state' AND value NOT IN ('complete', 'recovered');
SELECT 'lost: ' || cause || ' ' || coalesce(events, '?') FROM losses WHERE totals_kept = 0;
SELECT 'messages: ' || severity || ' ' || text FROM messages;
SELECT 'holes: thread ' || thread_id || ' position ' || position FROM holes;
SELECT 'threads: ' || thread_id || ' has ' || orphans || ' orphans' FROM threads WHERE orphans <> 0;
SELECT 'threads: ' || thread_id || ' has ' || skipped_units || ' skipped units' FROM threads WHERE skipped_units <> 0;
SELECT 'flags: thread ' || thread_id || ' has flags ' || flags FROM threads WHERE flags & ~48 <> 0;

-- Time.
SELECT 'ends: process ' || process_id FROM processes WHERE end_ticks IS NULL OR end_reason IS NULL OR end_ticks < start_ticks;
SELECT 'ends: thread ' || thread_id FROM threads WHERE end_ticks IS NULL OR end_ticks < last_ticks;
SELECT 'clocks: ' || count(*) || ' anchors' FROM clocks HAVING count(*) < 2 OR min(ticks) <> 0;
SELECT 'clocks: not ascending' FROM (SELECT monotonic_ns - lag(monotonic_ns) OVER (ORDER BY ticks) AS step FROM clocks)
WHERE step <= 0;

-- Modules.
SELECT 'loads: process ' || process_id || ' has ' || module_id || ' at ' || rows_start || ' ' || count(*) || ' times'
FROM module_loads GROUP BY process_id, module_id, rows_start, start_ticks HAVING count(*) > 1;

-- The tree.
SELECT 'contexts: ' || c.context_id || ' does not fit its parent' FROM contexts c LEFT JOIN contexts p ON p.context_id = c.parent_id
WHERE CASE WHEN c.parent_id IS NULL THEN c.depth <> 0 OR c.function_id <> 0
           ELSE p.process_id <> c.process_id OR c.depth <> p.depth + 1 OR c.context_id <= p.context_id END;
SELECT 'contexts: children of ' || parent_id || ' are not numbered from 0' FROM contexts WHERE parent_id IS NOT NULL
GROUP BY parent_id HAVING min(ordinal) <> 0 OR max(ordinal) <> count(*) - 1 OR count(DISTINCT ordinal) <> count(*);
SELECT 'contexts: ' || parent_id || ' has function ' || function_id || ' twice' FROM contexts WHERE parent_id IS NOT NULL
GROUP BY parent_id, function_id HAVING count(*) > 1;
WITH RECURSIVE above (context_id, function_id, at) AS (
    SELECT context_id, function_id, parent_id FROM contexts WHERE depth BETWEEN 1 AND 60 AND (SELECT count(*) FROM contexts) < 5000
    UNION ALL
    SELECT a.context_id, a.function_id, c.parent_id FROM above a JOIN contexts c ON c.context_id = a.at
    WHERE c.function_id <> a.function_id),
found AS (SELECT a.context_id, max(c.function_id = a.function_id AND c.depth > 0) AS again
          FROM above a JOIN contexts c ON c.context_id = a.at GROUP BY a.context_id)
SELECT 'contexts: ' || context_id || ' is recursive: ' || recursive FROM found JOIN contexts USING (context_id)
WHERE again <> recursive;

-- Totals per context and thread.
SELECT 'calls: thread ' || thread_id || ' context ' || context_id || ' calls ' || calls || ' returns ' || returns || ' unwound '
       || unwound || ' open ' || open FROM totals WHERE calls <> returns + unwound + open OR min(calls, returns, unwound, open) < 0;
SELECT 'times: thread ' || thread_id || ' context ' || context_id FROM totals
WHERE self_ticks > total_ticks OR self_ticks < 0 OR min_ticks > max_ticks OR (min_ticks IS NULL) <> (returns + unwound = 0)
   OR (max_ticks IS NULL) <> (returns + unwound = 0) OR (histogram IS NULL) <> (returns + unwound = 0)
   OR (returns + unwound > 0 AND max_ticks > total_ticks AND context_id NOT IN (SELECT context_id FROM contexts WHERE flags <> 0));
SELECT 'open: thread ' || thread_id || ' has ' || coalesce(frames, 0) || ' frames, totals say ' || coalesce(opened, 0)
FROM threads LEFT JOIN (SELECT thread_id, count(*) AS frames FROM open_frames WHERE flags & 1 = 0 GROUP BY 1) USING (thread_id)
             LEFT JOIN (SELECT thread_id, sum(open) AS opened FROM totals GROUP BY 1) USING (thread_id)
WHERE coalesce(frames, 0) <> coalesce(opened, 0);
-- Finished outermost calls are those at depth 1, and callees of calls that are still open.
SELECT 'self: thread ' || thread_id || ' self ' || self || ', outermost calls ' || outer_ticks + below_open
FROM (SELECT t.thread_id, sum(t.self_ticks) AS self, sum(CASE WHEN c.depth = 1 THEN t.total_ticks ELSE 0 END) AS outer_ticks,
             (SELECT coalesce(sum(child_ticks), 0) FROM open_frames o WHERE o.thread_id = t.thread_id) AS below_open
      FROM totals t JOIN contexts c USING (context_id) GROUP BY t.thread_id)
WHERE self <> outer_ticks + below_open;

-- Totals per function.
CREATE TEMP TABLE by_function AS
SELECT c.process_id, c.function_id, sum(t.calls) AS calls, sum(t.returns) AS returns, sum(t.unwound) AS unwound, sum(t.open) AS open,
       sum(t.self_ticks) AS self_ticks, sum(CASE WHEN c.recursive THEN 0 ELSE t.total_ticks END) AS total_ticks,
       min(t.min_ticks) AS min_ticks, max(t.max_ticks) AS max_ticks
FROM totals t JOIN contexts c USING (context_id) GROUP BY 1, 2;
INSERT INTO by_function
SELECT 0, function_id, sum(calls), sum(returns), sum(unwound), sum(open), sum(self_ticks), sum(total_ticks), min(min_ticks),
       max(max_ticks) FROM by_function GROUP BY 2;
SELECT 'functions: process ' || process_id || ' function ' || function_id || ': ' || t.calls || ' calls, its contexts say '
       || coalesce(b.calls, 0)
FROM function_totals t LEFT JOIN by_function b USING (process_id, function_id)
WHERE (t.calls, t.returns, t.unwound, t.open, t.self_ticks, t.total_ticks)
      <> (coalesce(b.calls, 0), coalesce(b.returns, 0), coalesce(b.unwound, 0), coalesce(b.open, 0), coalesce(b.self_ticks, 0),
          coalesce(b.total_ticks, 0));
SELECT 'functions: process ' || process_id || ' function ' || function_id || ' is missing'
FROM by_function b LEFT JOIN function_totals t USING (process_id, function_id) WHERE t.calls IS NULL AND b.calls > 0;
SELECT 'functions: process ' || process_id || ' function ' || function_id || ' min, max or percentiles'
FROM function_totals t JOIN by_function b USING (process_id, function_id)
WHERE t.min_ticks IS NOT b.min_ticks OR t.max_ticks IS NOT b.max_ticks OR NOT t.p50_ticks BETWEEN t.min_ticks AND t.max_ticks
   OR NOT t.p99_ticks BETWEEN t.p50_ticks AND t.max_ticks;
SELECT 'unknown: ' || sum(t.calls) || ' calls of functions without a name'
FROM function_totals t JOIN functions f USING (function_id)
WHERE t.process_id = 0 AND (f.function_id = 0 OR f.module_id IS NULL) HAVING sum(t.calls) > 0;

-- Chunks.
SELECT 'chunks: thread ' || thread_id || ' has ' || t.events || ' events, its chunks ' || coalesce(sum(c.events), 0)
FROM threads t LEFT JOIN chunks c USING (thread_id) WHERE t.flags < 16 GROUP BY thread_id HAVING t.events <> coalesce(sum(c.events), 0);
SELECT 'chunks: ' || chunk_id || ' does not begin where the one before ends'
FROM (SELECT chunk_id, first_event, start_pos, end_pos, start_ticks, end_ticks,
             lag(first_event + events, 1, 0) OVER w AS events_before, lag(end_pos, 1, 0) OVER w AS pos_before,
             lag(end_ticks, 1, 0) OVER w AS ticks_before
      FROM chunks WINDOW w AS (PARTITION BY thread_id ORDER BY start_pos))
WHERE first_event <> events_before OR start_pos < pos_before OR end_pos <= start_pos OR start_ticks < ticks_before OR end_ticks < start_ticks;
SELECT 'chunks: thread ' || thread_id || ' ends at ' || t.totals_pos || ', its chunks at ' || max(c.end_pos)
FROM threads t JOIN chunks c USING (thread_id) GROUP BY thread_id HAVING max(c.end_pos) > t.totals_pos;
SELECT 'events: thread ' || thread_id || ': totals_events is not events' FROM threads WHERE totals_events <> events AND flags < 32;
-- Where nothing but plain enters and exits occurs, each call is one event and each return another.
SELECT 'events: thread ' || t.thread_id || ' has ' || t.events || ' events, ' || sum(x.calls + x.returns) || ' calls and returns'
FROM threads t JOIN totals x USING (thread_id)
WHERE NOT EXISTS (SELECT 1 FROM chunks c WHERE c.thread_id = t.thread_id AND c.operations & ~3 & ~(1 << 10))
  AND EXISTS (SELECT 1 FROM chunks c WHERE c.thread_id = t.thread_id)
  AND NOT EXISTS (SELECT 1 FROM open_frames o WHERE o.thread_id = t.thread_id AND o.flags & 1)
  AND t.parent_thread_id IS NULL
GROUP BY t.thread_id HAVING t.events <> sum(x.calls + x.returns);

-- Ended threads that are merged: all that they were is in the row "ended threads" of their process, and the rows that
-- are left say whose the chunks are.
SELECT 'merged: thread ' || thread_id || ' does not stand for process ' || process_id || ', or for no thread'
FROM threads WHERE flags & 16 AND (thread_id <> -process_id OR merged < 1 OR flags >= 32) OR NOT flags & 16 AND (merged <> 0 OR thread_id < 1);
SELECT 'merged: process ' || process_id || ' has ' || count(*) || ' rows of merged threads, of ' || coalesce(max(s.merged), 0)
FROM threads t LEFT JOIN (SELECT process_id, merged FROM threads WHERE flags & 16) s USING (process_id) WHERE t.flags >= 32
GROUP BY process_id HAVING count(*) > coalesce(max(s.merged), 0);
SELECT 'merged: thread ' || thread_id || ' is merged and still counts'
FROM threads WHERE flags >= 32 AND (events OR lost_events OR wait_ticks OR waits OR orphans OR skipped_units OR end_ticks IS NULL
    OR thread_id IN (SELECT thread_id FROM totals) OR thread_id IN (SELECT thread_id FROM open_frames)
    OR thread_id IN (SELECT thread_id FROM losses));
SELECT 'merged: thread ' || thread_id || ' is merged and has no chunk' FROM threads t
WHERE flags >= 32 AND NOT EXISTS (SELECT 1 FROM chunks c WHERE c.thread_id = t.thread_id);
SELECT 'chunks: the merged threads of process ' || process_id || ' have ' || s.events || ' events, their chunks ' || coalesce(sum(c.events), 0)
FROM threads s LEFT JOIN (SELECT process_id, c.events FROM chunks c JOIN threads t USING (thread_id) WHERE t.flags >= 32) c USING (process_id)
WHERE s.flags & 16 GROUP BY process_id HAVING s.events <> coalesce(sum(c.events), 0);
SELECT 'merged: process ' || process_id || ' keeps ' || count(*) || ' ended threads apart' FROM threads JOIN processes p USING (process_id)
WHERE flags < 16 AND threads.end_ticks = last_ticks AND threads.end_ticks < p.end_ticks GROUP BY process_id HAVING count(*) > 1000;

-- The heap: allocated, freed and alive go with each other, and the sums of places are the process's.
SELECT 'heaps: process ' || process_id || ': ' || allocs || ' allocated, ' || frees || ' freed, ' || blocks || ' alive; bytes '
       || bytes || ', ' || freed_bytes || ', ' || alive
FROM (SELECT h.*, count(b.address) AS blocks, coalesce(sum(b.bytes), 0) AS alive
      FROM heaps h LEFT JOIN live_blocks b USING (process_id, kind) GROUP BY process_id, kind)
WHERE allocs - frees <> blocks OR bytes - freed_bytes <> alive
   OR min(allocs, bytes, frees, freed_bytes, failed, resized, temporary, crossed, lost, unknown_frees) < 0
   OR max(resized, peak_blocks) > allocs OR max(temporary, crossed, lost) > frees OR peak_bytes > bytes OR alive > peak_bytes
   OR (peak_ticks IS NULL) <> (bytes = 0);
SELECT 'heaps: process ' || p.process_id || ' has blocks and no heap' FROM (SELECT DISTINCT process_id, kind FROM live_blocks) p
LEFT JOIN heaps h USING (process_id, kind) WHERE h.process_id IS NULL;
CREATE TEMP TABLE heap_by_place AS
SELECT process_id, kind, sum(allocs) AS allocs, sum(t.bytes) AS bytes, sum(frees) AS frees, sum(freed_bytes) AS freed_bytes, sum(failed) AS failed,
       sum(resized) AS resized, sum(temporary) AS temporary, sum(crossed) AS crossed, sum(peak_blocks) AS peak_blocks,
       sum(peak_bytes) AS peak_bytes, sum(released) AS released, sum(released_bytes) AS released_bytes
FROM heap_totals t JOIN contexts c USING (context_id) GROUP BY process_id, kind;
SELECT 'heap_totals: process ' || process_id || ': ' || h.allocs || ' allocated, ' || h.frees || ' freed, places say '
       || coalesce(p.allocs, 0) || ', ' || coalesce(p.frees, 0) || '; at the peak ' || h.peak_bytes || ' bytes, places say '
       || coalesce(p.peak_bytes, 0)
FROM heaps h LEFT JOIN heap_by_place p USING (process_id, kind)
WHERE (h.allocs, h.bytes, h.frees, h.freed_bytes, h.failed, h.resized, h.temporary, h.crossed, h.peak_blocks, h.peak_bytes)
      IS NOT (p.allocs, p.bytes, p.frees, p.freed_bytes, p.failed, p.resized, p.temporary, p.crossed, p.peak_blocks, p.peak_bytes)
  AND NOT (p.process_id IS NULL AND max(h.allocs, h.bytes, h.frees, h.freed_bytes, h.failed, h.resized, h.peak_blocks, h.peak_bytes) = 0);
SELECT 'released: process ' || process_id || ': ' || h.frees || ' freed, ' || h.lost || ' of them unseen, places say ' || p.released
FROM heaps h JOIN heap_by_place p USING (process_id, kind)
WHERE h.frees <> p.released + h.lost OR h.freed_bytes < p.released_bytes OR (h.lost = 0 AND h.freed_bytes <> p.released_bytes);
SELECT 'places: context ' || context_id || ' site ' || site_id FROM heap_totals
WHERE frees > allocs OR freed_bytes > bytes OR max_bytes > bytes OR bytes - freed_bytes > max_bytes OR peak_bytes > max_bytes
   OR max(resized, peak_blocks) > allocs OR max(temporary, crossed) > frees
   OR min(allocs, bytes, frees, freed_bytes, failed, released, released_bytes, life_ticks, peak_blocks, peak_bytes) < 0
   OR max(chains, grown, moved) > resized OR min(chains, grown, moved, moved_bytes) < 0
   OR (sizes IS NULL AND allocs > 0) OR (allocs = 0 AND sizes IS NOT NULL) OR (lifetimes IS NULL) <> (frees = 0);
SELECT 'places: a free of context ' || context_id || ' site ' || site_id || ' allocates' FROM heap_totals JOIN sites s USING (site_id)
WHERE s.kind = 'free' AND (allocs OR frees OR failed OR max_bytes);
SELECT 'live_blocks: context ' || context_id || ' site ' || site_id || ' has ' || sum(blocks) || ' blocks more than are there, ' || sum(bytes) || ' bytes'
FROM (SELECT context_id, site_id, allocs - frees AS blocks, bytes - freed_bytes AS bytes FROM heap_totals
      UNION ALL SELECT context_id, site_id, -1, -bytes FROM live_blocks)
GROUP BY context_id, site_id HAVING sum(blocks) <> 0 OR sum(bytes) <> 0;
SELECT 'live_blocks: ' || b.address || ' of process ' || b.process_id || ' does not fit' FROM live_blocks b
JOIN contexts c USING (context_id) JOIN threads t USING (thread_id) JOIN sites s USING (site_id)
WHERE c.process_id <> b.process_id OR t.process_id <> b.process_id OR s.kind <> 'alloc' OR b.bytes < 0
   OR (b.resizer IS NOT NULL AND b.resizer NOT IN (SELECT thread_id FROM threads r WHERE r.process_id = b.process_id AND r.end_ticks >= b.start_ticks))
   OR s.family <> CASE b.family WHEN 1 THEN 'malloc' WHEN 2 THEN 'new' WHEN 3 THEN 'new[]' WHEN 4 THEN 'own' WHEN 5 THEN 'pool' WHEN 6 THEN 'mapping' END;
SELECT 'kinds: context ' || context_id || ' site ' || site_id FROM heap_totals h JOIN sites s USING (site_id)
WHERE h.kind <> CASE s.family WHEN 'pool' THEN 1 WHEN 'mapping' THEN 2 ELSE 0 END;
SELECT 'heap_samples: process ' || process_id || ' goes backwards' FROM (
    SELECT s.*, lag(allocs, 1, 0) OVER w AS allocs_before, lag(bytes, 1, 0) OVER w AS bytes_before FROM heap_samples s
    WINDOW w AS (PARTITION BY process_id ORDER BY ticks))
WHERE allocs < allocs_before OR bytes < bytes_before OR live_blocks NOT BETWEEN 0 AND allocs OR live_bytes NOT BETWEEN 0 AND bytes;
SELECT 'heap_samples: the last of process ' || process_id || ' is not its heap' FROM heaps h
WHERE h.kind = 0 AND (h.allocs, h.bytes, h.allocs - h.frees, h.bytes - h.freed_bytes) IS NOT
      (SELECT allocs, bytes, live_blocks, live_bytes FROM heap_samples s WHERE s.process_id = h.process_id ORDER BY ticks DESC LIMIT 1);
SELECT 'heap_faults: ' || kind || ' ' || count FROM heap_faults WHERE count < 1 OR kind NOT IN ('wrong family', 'freed twice', 'unknown', 'lost');
SELECT 'heap_pending: events of process ' || process_id || ' still wait' FROM heap_pending WHERE length(events) > 0;

-- Calls that may block.
SELECT 'block_totals: context ' || context_id || ' site ' || site_id || ' descriptor ' || descriptor FROM block_totals
WHERE calls < 1 OR failed NOT BETWEEN 0 AND calls OR bytes < 0 OR max_ticks < 0 OR max_ticks > total_ticks
   OR total_ticks > max_ticks * calls OR descriptor NOT BETWEEN 0 AND 9 OR length(times) < 3;
SELECT 'block_totals: site ' || site_id || ' is no call that may block' FROM block_totals JOIN sites s USING (site_id)
WHERE s.kind <> 'block' OR s.family NOT IN ('read', 'write', 'open', 'sync', 'connect', 'accept', 'poll', 'sleep', 'signal', 'child', 'join', 'condition', 'semaphore',
	'barrier', 'once', 'futex', 'filelock');
SELECT 'block_totals: calls of class ' || s.family || ' have moved bytes' FROM block_totals b JOIN sites s USING (site_id)
WHERE b.bytes > 0 AND s.family NOT IN ('read', 'write');
SELECT 'heap_totals: site ' || site_id || ' allocates nothing' FROM heap_totals JOIN sites s USING (site_id) WHERE s.kind = 'block';
SELECT 'open_blocks: thread ' || b.thread_id || ' depth ' || b.depth FROM open_blocks b LEFT JOIN threads t USING (thread_id)
LEFT JOIN open_frames o ON o.thread_id = b.thread_id AND o.depth = b.depth LEFT JOIN contexts c ON c.context_id = b.context_id
LEFT JOIN sites s ON s.site_id = b.site_id
WHERE t.process_id IS NOT b.process_id OR c.process_id IS NOT b.process_id OR b.start_ticks > t.last_ticks OR b.start_ticks < t.start_ticks
   OR (b.site_id <> 0 AND s.kind IS NOT 'block') OR CASE WHEN b.depth < 0 THEN c.parent_id IS NOT NULL ELSE o.context_id IS NOT b.context_id END;
-- Who has created which thread: one call each, of the same process, begun before it was seen.
SELECT 'thread_creators: thread ' || c.thread_id || ' context ' || c.context_id || ' site ' || c.site_id FROM thread_creators c
LEFT JOIN threads t ON t.thread_id = c.thread_id LEFT JOIN contexts x ON x.context_id = c.context_id LEFT JOIN sites s ON s.site_id = c.site_id
LEFT JOIN threads b ON b.thread_id = c.creator_thread_id
WHERE t.flags IS NULL OR t.flags >= 32 OR x.process_id IS NOT t.process_id OR s.kind IS NOT 'thread' OR c.threads < 1
   OR (t.merged = 0 AND (c.threads <> 1 OR c.creator_thread_id IS NULL OR c.creator_thread_id = c.thread_id OR t.parent_thread_id IS NOT NULL))
   OR (t.merged > 0 AND c.creator_thread_id IS NOT NULL) OR b.process_id <> t.process_id;
SELECT 'thread_creators: thread ' || thread_id || ' has ' || count(*) FROM thread_creators WHERE thread_id > 0 GROUP BY thread_id HAVING count(*) > 1;
SELECT 'thread_creators: more than are merged in thread ' || t.thread_id FROM threads t JOIN thread_creators c USING (thread_id)
WHERE t.merged > 0 GROUP BY t.thread_id HAVING sum(c.threads) > t.merged;
SELECT 'thread_creations: ' || number || ' of process ' || c.process_id FROM thread_creations c LEFT JOIN contexts x USING (context_id) LEFT JOIN sites s USING (site_id)
WHERE x.process_id IS NOT c.process_id OR s.kind IS NOT 'thread' OR c.end_ticks < c.start_ticks OR c.start_ticks < 0 OR c.key <= 0;
-- Locks: what waiters waited is what holders are charged with.
SELECT 'locks: waits for lock ' || lock_id || ' are ' || sum(waits) || ' more than those charged, of ' || sum(ticks) || ' ticks'
FROM (SELECT lock_id, contended AS waits, wait_ticks AS ticks FROM lock_totals UNION ALL SELECT lock_id, -waits, -ticks FROM lock_waits)
GROUP BY lock_id HAVING sum(waits) <> 0 OR sum(ticks) <> 0;
SELECT 'locks: waits for lock ' || lock_id || ' are ' || sum(waits) || ' more than those of threads, of ' || sum(ticks) || ' ticks'
FROM (SELECT lock_id, contended AS waits, wait_ticks AS ticks FROM lock_totals UNION ALL SELECT lock_id, -waits, -ticks FROM lock_threads)
GROUP BY lock_id HAVING sum(waits) <> 0 OR sum(ticks) <> 0;
SELECT 'lock_waits: ' || w.wait_id || ' does not fit' FROM lock_waits w LEFT JOIN lock_waits n ON n.wait_id = w.holder_wait_id
WHERE (w.holder_wait_id IS NOT NULL AND (n.wait_id IS NULL OR n.wait_id >= w.wait_id OR n.context_id IS NULL OR w.call_site_id IS NOT NULL))
   OR (w.call_site_id IS NULL) <> (w.call_context_id IS NULL) OR min(w.waits, w.ticks) < 0;
SELECT 'lock_orders: lock ' || lock_id || ', then ' || to_lock_id FROM lock_orders o
WHERE o.count < 1 OR o.contended NOT BETWEEN 0 AND o.count OR o.wait_ticks < 0 OR o.lock_id = o.to_lock_id OR json_array_length(o.gates) > 4
   OR EXISTS (SELECT 1 FROM json_each(o.gates) g WHERE g.value IN (o.lock_id, o.to_lock_id) OR g.value NOT IN (SELECT lock_id FROM locks));
SELECT 'lock_orders: ' || o.lock_id || ', then ' || o.to_lock_id || ' was taken ' || sum(o.count) || ' times, but that lock only ' || t.acquisitions
FROM lock_orders o JOIN lock_totals t ON t.lock_id = o.to_lock_id AND t.context_id = o.to_context_id AND t.site_id = o.to_site_id AND t.mode = o.to_mode
GROUP BY o.lock_id, o.to_lock_id, o.to_context_id, o.to_site_id, o.to_mode HAVING sum(o.count) > t.acquisitions;
SELECT 'lock_calls: lock ' || lock_id || ' site ' || call_site_id FROM lock_calls k LEFT JOIN sites s ON s.site_id = k.call_site_id
WHERE (k.call_site_id AND s.kind IS NOT 'block') OR k.calls < 1 OR k.max_ticks > k.ticks OR k.max_ticks < 0;
SELECT 'locks: lock ' || lock_id || ' context ' || context_id || ' site ' || site_id FROM lock_totals
WHERE min(acquisitions, contended, failed, wait_ticks, max_wait_ticks, holds, hold_ticks, max_hold_ticks, allocs, alloc_bytes) < 0 OR holds > acquisitions
   OR max_wait_ticks > wait_ticks OR max_hold_ticks > hold_ticks OR (hold_times IS NULL) <> (holds = 0) OR (contended = 0 AND wait_ticks > 0)
   OR (allocs > 0 AND acquisitions = 0) OR (allocs = 0 AND alloc_bytes > 0);
SELECT 'locks: ' || lock_id || ' does not fit' FROM locks l LEFT JOIN contexts c USING (context_id)
WHERE c.process_id IS NOT l.process_id OR end_ticks < start_ticks OR min(lost, unknown) < 0 OR (kind = 0) <> (address = 0);
SELECT 'locks: a site or context of lock ' || t.lock_id || ' is of another kind or process' FROM lock_totals t JOIN locks l USING (lock_id)
LEFT JOIN sites s ON s.site_id = t.site_id LEFT JOIN contexts c ON c.context_id = t.context_id
WHERE c.process_id IS NOT l.process_id OR (t.site_id <> 0 AND s.kind IS NOT 'lock');
SELECT 'locks: lock ' || lock_id || ' has ' || count(*) || ' who have it alone' FROM lock_users WHERE depth > 0 AND mode <> 3
GROUP BY lock_id HAVING count(*) > 1;
SELECT 'locks: thread ' || u.thread_id || ' has no lock ' || u.lock_id FROM lock_users u LEFT JOIN locks l USING (lock_id)
LEFT JOIN threads t USING (thread_id) WHERE l.process_id IS NOT u.process_id OR t.process_id IS NOT u.process_id OR l.end_ticks IS NOT NULL;
