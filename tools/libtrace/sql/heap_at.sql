-- SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
--
-- heap_at: what was alive :to ns after the start of the run, by calling context and place in the source: the
-- first :limit rows, of process :process if that is given. In each process at its last moment that is kept and
-- not later; nothing of one that has none.
WITH
moments AS MATERIALIZED (
    SELECT process_id, time_ns, ticks, at_end
    FROM (SELECT *, row_number() OVER (PARTITION BY process_id ORDER BY at_end DESC, ticks DESC) AS back
          FROM heap_moments_list
          WHERE process_id = coalesce(:process, process_id) AND time_ns <= coalesce(:to, time_ns))
    WHERE back = 1),
alive AS (
    SELECT c.process_id, c.context_id, c.site_id, c.function, c.called, c.type, c.file, c.line, c.column, c.live_blocks, c.live_bytes,
           m.time_ns AS moment_ns,
           CASE WHEN m.at_end THEN c.live_blocks ELSE y.live_blocks END AS blocks,
           CASE WHEN m.at_end THEN c.live_bytes ELSE y.live_bytes END AS bytes
    FROM (SELECT * FROM heap_contexts WHERE kind = coalesce(:kind, 'heap')) c
    CROSS JOIN moments m ON m.process_id = c.process_id
    LEFT JOIN heap_history y ON y.context_id = c.context_id AND y.site_id = c.site_id
         AND y.ticks = (SELECT max(z.ticks) FROM heap_history z
                        WHERE z.context_id = c.context_id AND z.site_id = c.site_id AND z.ticks <= m.ticks))
SELECT h.process_id AS process_id, -- process
       h.context_id AS context_id, -- calling context that allocated it
       h.site_id AS site_id, -- place that did
       h.function AS function, -- demangled name; "(no function)": no call that has hooks was open
       h.called AS called, -- what is called at the place
       h.type AS type, -- type of what is allocated there; NULL if not known
       h.file AS file, -- source file of the place
       h.line AS line, -- its line
       h.column AS column, -- its column
       h.moment_ns AS moment_ns, -- the moment, ns since the start of the run
       h.blocks AS blocks, -- blocks alive then
       h.bytes AS bytes, -- their bytes
       h.live_blocks AS live_blocks, -- blocks alive at the end
       h.live_bytes AS live_bytes, -- their bytes
       p.path AS path -- call path, innermost function first
FROM (SELECT * FROM alive WHERE blocks <> 0 OR bytes <> 0
      ORDER BY /*sort*/bytes/*end*/ DESC, bytes DESC, blocks DESC, context_id, site_id
      LIMIT coalesce(:limit, -1)) h
JOIN context_paths p ON p.context_id = h.context_id
ORDER BY h./*sort*/bytes/*end*/ DESC, h.bytes DESC, h.blocks DESC, h.context_id, h.site_id;
