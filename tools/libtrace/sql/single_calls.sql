-- SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
--
-- single_calls: the calls that were found in the events, the longest first; their rows come in place of the empty one.
WITH found (number, process_id, thread_id, context_id, start_ticks, ticks, drain_ticks, how, lock_waits, lock_ticks, blocks,
            block_ticks, allocs, alloc_bytes, site_id, site_ticks) AS (
    /*sort*/SELECT NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL WHERE 0/*end*/)
SELECT c.number AS number, -- from 1, the longest first
       CAST(a.ns + (c.start_ticks - a.ticks) * a.ns_per_tick AS INTEGER) AS start_ns, -- when it began, ns since the start of the run
       CAST(c.ticks * r.ns_per_tick AS INTEGER) AS total_ns, -- how long it took with callees, waits for the drain left out, ns
       c.how AS ended, -- 'returned', 'unwound' (by an exception, longjmp or the like), 'open' (it had not ended at the end or at the last checkpoint)
       f.name AS function, -- demangled name
       f.file AS file, -- source file
       f.line AS line, -- line of its definition
       c.process_id AS process_id, -- process
       c.thread_id AS thread_id, -- thread
       t.name AS thread, -- its name
       c.context_id AS context_id, -- calling context
       c.blocks AS blocks, -- calls in it that may block
       CAST(c.block_ticks * r.ns_per_tick AS INTEGER) AS blocked_ns, -- how long these took, ns
       c.lock_waits AS lock_waits, -- waits in it for locks
       CAST(c.lock_ticks * r.ns_per_tick AS INTEGER) AS lock_ns, -- how long these took, ns
       CAST(c.drain_ticks * r.ns_per_tick AS INTEGER) AS drain_ns, -- how long it waited for the drain, ns: not in total_ns
       c.allocs AS allocs, -- blocks of the heap allocated in it
       c.alloc_bytes AS alloc_bytes, -- their bytes
       s.name AS waited_in, -- where it waited longest: what is called there
       s.file AS waited_file, -- source file of that place
       s.line AS waited_line, -- line
       s.type AS waited_for, -- the lock, or what that call waits for, if it is in a variable
       CAST(c.site_ticks * r.ns_per_tick AS INTEGER) AS waited_ns, -- how long it waited there, ns
       p.path AS path -- call path, innermost function first
FROM rate r CROSS JOIN found c
LEFT JOIN contexts x ON x.context_id = c.context_id
LEFT JOIN functions f ON f.function_id = x.function_id
LEFT JOIN threads t ON t.thread_id = c.thread_id
LEFT JOIN sites s ON s.site_id = c.site_id
LEFT JOIN context_paths p ON p.context_id = c.context_id
JOIN anchors a ON a.ticks = coalesce((SELECT max(ticks) FROM clocks WHERE ticks <= c.start_ticks), 0)
ORDER BY c.number;
