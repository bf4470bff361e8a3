-- SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
--
-- heap_growth: how what was alive :to ns after the start of the run differs from what was :from ns after it, by
-- calling context and place in the source, what grew most first: the first :limit rows, of process :process if
-- that is given. In each process at its last moments that are kept and not later; before the first of them
-- nothing counts as alive. Without :from from the start, without :to to the end.
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
alive AS (
    SELECT c.process_id, c.context_id, c.site_id, c.function, c.called, c.type, c.file, c.line, c.column,
           b.time_ns AS from_ns, a.time_ns AS to_ns,
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
growth AS (SELECT *, to_blocks - from_blocks AS blocks, to_bytes - from_bytes AS bytes FROM alive)
SELECT h.process_id AS process_id, -- process
       h.context_id AS context_id, -- calling context that allocated it
       h.site_id AS site_id, -- place that did
       h.function AS function, -- demangled name; "(no function)": no call that has hooks was open
       h.called AS called, -- what is called at the place
       h.type AS type, -- type of what is allocated there; NULL if not known
       h.file AS file, -- source file of the place
       h.line AS line, -- its line
       h.column AS column, -- its column
       h.from_ns AS from_ns, -- the moment before, ns since the start of the run; NULL: the start of the process
       h.to_ns AS to_ns, -- the moment behind, ns since the start of the run
       h.blocks AS blocks, -- how many blocks more were alive behind than before
       h.bytes AS bytes, -- how many bytes more
       h.from_blocks AS from_blocks, -- blocks alive before
       h.from_bytes AS from_bytes, -- their bytes
       h.to_blocks AS to_blocks, -- blocks alive behind
       h.to_bytes AS to_bytes, -- their bytes
       p.path AS path -- call path, innermost function first
FROM (SELECT * FROM growth WHERE blocks <> 0 OR bytes <> 0
      ORDER BY /*sort*/bytes/*end*/ DESC, bytes DESC, blocks DESC, context_id, site_id
      LIMIT coalesce(:limit, -1)) h
JOIN context_paths p ON p.context_id = h.context_id
ORDER BY h./*sort*/bytes/*end*/ DESC, h.bytes DESC, h.blocks DESC, h.context_id, h.site_id;
