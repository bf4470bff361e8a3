-- SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
--
-- heap_moments: of which moments heap_at and heap_growth tell, and the sums of what was alive at them, by process;
-- of process :process if that is given. Moments are NULL where a process has none so early.
WITH
befores AS MATERIALIZED (
    SELECT process_id, time_ns, ticks, at_end
    FROM (SELECT *, row_number() OVER (PARTITION BY process_id ORDER BY at_end DESC, ticks DESC) AS back
          FROM heap_moments_list
          WHERE process_id = coalesce(:process, process_id) AND time_ns <= coalesce(:from, -1))
    WHERE back = 1),
afters AS MATERIALIZED (
    SELECT process_id, time_ns, ticks, at_end
    FROM (SELECT *, row_number() OVER (PARTITION BY process_id ORDER BY at_end DESC, ticks DESC) AS back
          FROM heap_moments_list
          WHERE process_id = coalesce(:process, process_id) AND time_ns <= coalesce(:to, time_ns))
    WHERE back = 1),
kept AS MATERIALIZED (
    SELECT process_id, min(time_ns) AS first_ns, max(time_ns) AS last_ns
    FROM heap_moments_list
    WHERE process_id = coalesce(:process, process_id)
    GROUP BY process_id),
alive AS (
    SELECT c.process_id,
           CASE WHEN b.at_end THEN c.live_blocks ELSE coalesce(x.live_blocks, 0) END AS from_blocks,
           CASE WHEN b.at_end THEN c.live_bytes ELSE coalesce(x.live_bytes, 0) END AS from_bytes,
           CASE WHEN a.at_end THEN c.live_blocks ELSE coalesce(y.live_blocks, 0) END AS to_blocks,
           CASE WHEN a.at_end THEN c.live_bytes ELSE coalesce(y.live_bytes, 0) END AS to_bytes
    FROM (SELECT * FROM heap_contexts WHERE kind = coalesce(:kind, 'heap')) c
    CROSS JOIN afters a ON a.process_id = c.process_id
    LEFT JOIN befores b ON b.process_id = c.process_id
    LEFT JOIN heap_history x ON x.context_id = c.context_id AND x.site_id = c.site_id
         AND x.ticks = (SELECT max(z.ticks) FROM heap_history z
                        WHERE z.context_id = c.context_id AND z.site_id = c.site_id AND z.ticks <= b.ticks)
    LEFT JOIN heap_history y ON y.context_id = c.context_id AND y.site_id = c.site_id
         AND y.ticks = (SELECT max(z.ticks) FROM heap_history z
                        WHERE z.context_id = c.context_id AND z.site_id = c.site_id AND z.ticks <= a.ticks)),
sums AS MATERIALIZED (
    SELECT process_id, total(from_blocks) AS from_blocks, total(from_bytes) AS from_bytes,
           total(to_blocks) AS to_blocks, total(to_bytes) AS to_bytes,
           total(CASE WHEN to_bytes > from_bytes THEN to_bytes - from_bytes END) AS grown_bytes,
           total(CASE WHEN to_blocks > from_blocks THEN to_blocks - from_blocks END) AS grown_blocks
    FROM alive
    GROUP BY process_id)
SELECT k.process_id AS process_id, -- process
       k.first_ns AS first_ns, -- the first moment that is kept, ns since the start of the run
       k.last_ns AS last_ns, -- the last one
       b.time_ns AS from_ns, -- the last one that is not later than :from; NULL: none
       b.at_end AS from_end, -- 1: that is the end
       a.time_ns AS to_ns, -- the last one that is not later than :to; NULL: none
       a.at_end AS to_end, -- 1: that is the end
       CAST(coalesce(s.from_blocks, 0) AS INTEGER) AS from_blocks, -- blocks alive at from_ns
       CAST(coalesce(s.from_bytes, 0) AS INTEGER) AS from_bytes, -- their bytes
       CAST(coalesce(s.to_blocks, 0) AS INTEGER) AS to_blocks, -- blocks alive at to_ns
       CAST(coalesce(s.to_bytes, 0) AS INTEGER) AS to_bytes, -- their bytes
       CAST(coalesce(s.grown_blocks, 0) AS INTEGER) AS grown_blocks, -- blocks more, of the rows that grew
       CAST(coalesce(s.grown_bytes, 0) AS INTEGER) AS grown_bytes -- bytes more, of the rows that grew
FROM kept k
LEFT JOIN afters a ON a.process_id = k.process_id
LEFT JOIN befores b ON b.process_id = k.process_id
LEFT JOIN sums s ON s.process_id = k.process_id
ORDER BY k.process_id;
