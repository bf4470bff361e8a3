-- SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
--
-- source_lines: what the trace knows of source lines of the functions that :only names, of all or of process :process: entries of
-- functions, and places that allocate, wait for locks, may block, or create threads. A function's lines are those up to the next function
-- that is known in its file, with :whole all of the file, and places in other lines or files that were inlined into it. Of the
-- first :limit functions, as source_functions has them.
WITH
wanted AS MATERIALIZED (
    SELECT function_id FROM functions WHERE name || '(' GLOB :only || '(*'),
heads AS MATERIALIZED (
    SELECT file, line, lead(line) OVER (PARTITION BY file ORDER BY line) - 1 AS last_line
    FROM (SELECT DISTINCT file, line FROM functions
          WHERE line IS NOT NULL AND file IN (SELECT file FROM functions WHERE function_id IN wanted))),
figures AS MATERIALIZED (
    SELECT function_id, sum(calls) AS calls, sum(self_ticks) AS self_ticks, sum(total_ticks) AS total_ticks
    FROM (SELECT function_id, calls, self_ticks, total_ticks FROM function_totals WHERE process_id = coalesce(:process, 0)
          UNION ALL
          SELECT o.function_id, 0, o.self_ticks, o.total_ticks * o.outermost FROM open_ticks o JOIN threads t USING (thread_id)
          WHERE t.process_id = coalesce(:process, t.process_id))
    GROUP BY function_id),
listed AS MATERIALIZED (
    SELECT row_number() OVER (ORDER BY sum(g.total_ticks) DESC, f.file, f.line, f.function_id) AS number, f.name, f.file, f.line,
           max(h.last_line) AS last_line, max(g.total_ticks) AS most_ticks
    FROM figures g JOIN functions f ON f.function_id = g.function_id
    LEFT JOIN heads h ON h.file = f.file AND h.line = f.line
    WHERE g.function_id IN wanted
    GROUP BY f.file, f.line, iif(f.file IS NULL OR f.line IS NULL, f.function_id, 0)
    ORDER BY number LIMIT coalesce(:limit, -1)),
own AS MATERIALIZED (
    SELECT l.number, l.file, f.function_id FROM listed l JOIN functions f ON f.file = l.file AND f.line = l.line WHERE f.function_id IN wanted),
entries AS MATERIALIZED (
    SELECT f.file, f.line, sum(g.calls) AS calls, sum(g.self_ticks) AS self_ticks, sum(g.total_ticks) AS total_ticks
    FROM functions f JOIN figures g ON g.function_id = f.function_id
    WHERE f.file IN (SELECT file FROM listed) AND f.line IS NOT NULL
    GROUP BY f.file, f.line),
done AS (
    SELECT context_id, site_id, allocs AS calls, allocs, bytes, 0 AS blocks, 0 AS block_ticks, 0 AS lock_waits, 0 AS lock_ticks, 0 AS threads
    FROM heap_totals WHERE kind = 0
    UNION ALL
    SELECT context_id, site_id, calls, 0, 0, calls, total_ticks, 0, 0, 0 FROM block_totals
    UNION ALL
    SELECT context_id, site_id, acquisitions, 0, 0, 0, 0, contended, wait_ticks, 0 FROM lock_totals
    UNION ALL
    SELECT context_id, site_id, threads, 0, 0, 0, 0, 0, 0, threads FROM thread_creators),
places AS MATERIALIZED (
    SELECT c.function_id, s.file, s.line, s.name AS called, sum(d.calls) AS calls, sum(d.allocs) AS allocs, sum(d.bytes) AS bytes,
           sum(d.blocks) AS blocks, sum(d.block_ticks) AS block_ticks, sum(d.lock_waits) AS lock_waits, sum(d.lock_ticks) AS lock_ticks,
           sum(d.threads) AS threads
    FROM done d JOIN sites s ON s.site_id = d.site_id JOIN contexts c ON c.context_id = d.context_id
    WHERE d.calls > 0 AND s.file IS NOT NULL AND s.line IS NOT NULL AND c.process_id = coalesce(:process, c.process_id)
      AND (s.file IN (SELECT file FROM listed) OR c.function_id IN (SELECT function_id FROM own))
    GROUP BY c.function_id, s.file, s.line, s.name),
facts AS (
    SELECT l.number, e.file, e.line, e.line = l.line AS own, e.calls, e.self_ticks, e.total_ticks, NULL AS called, 0 AS allocs, 0 AS bytes,
           0 AS blocks, 0 AS block_ticks, 0 AS lock_waits, 0 AS lock_ticks, 0 AS threads
    FROM listed l JOIN entries e ON e.file = l.file
    WHERE :whole OR (e.line >= l.line AND (l.last_line IS NULL OR e.line <= l.last_line))
    UNION ALL
    SELECT l.number, p.file, p.line, o.function_id IS NOT NULL, p.calls, 0, 0, p.called, p.allocs, p.bytes,
           p.blocks, p.block_ticks, p.lock_waits, p.lock_ticks, p.threads
    FROM listed l JOIN places p ON p.file = l.file LEFT JOIN own o ON o.number = l.number AND o.function_id = p.function_id
    WHERE :whole OR o.function_id IS NOT NULL OR (p.line >= l.line AND (l.last_line IS NULL OR p.line <= l.last_line))
    UNION ALL
    SELECT o.number, p.file, p.line, 1, p.calls, 0, 0, p.called, p.allocs, p.bytes, p.blocks, p.block_ticks, p.lock_waits, p.lock_ticks, p.threads
    FROM own o JOIN places p ON p.function_id = o.function_id
    WHERE p.file != o.file)
SELECT x.number AS number, -- of the function, from 1, the one with the most time first
       l.name AS function, -- its demangled name
       x.file AS file, -- source file; the function's, or one from which something was inlined into it
       x.line AS line, -- line in it
       max(x.own) AS own, -- 1: it is its definition, or happened in its calls; 0: in those of other functions alone
       sum(x.calls) AS calls, -- calls of the function that is defined in the line, and calls that are made there and recorded
       CAST(sum(x.self_ticks) * r.ns_per_tick AS INTEGER) AS self_ns, -- of the function that is defined in the line: time without instrumented callees, ns
       CAST(sum(x.total_ticks) * r.ns_per_tick AS INTEGER) AS total_ns, -- of that: time with callees, ns
       sum(x.allocs) AS allocs, -- blocks of the heap allocated there
       sum(x.bytes) AS bytes, -- their bytes
       sum(x.blocks) AS blocks, -- calls there that may block
       CAST(sum(x.block_ticks) * r.ns_per_tick AS INTEGER) AS blocked_ns, -- how long these took, ns
       sum(x.lock_waits) AS lock_waits, -- waits there for locks
       CAST(sum(x.lock_ticks) * r.ns_per_tick AS INTEGER) AS lock_ns, -- how long these took, ns
       sum(x.threads) AS threads, -- threads created there
       group_concat(DISTINCT x.called) AS called -- what is called there, of what is recorded
FROM rate r CROSS JOIN facts x JOIN listed l ON l.number = x.number
GROUP BY x.number, x.file, x.line
ORDER BY x.number, x.file != l.file, x.file, x.line;
