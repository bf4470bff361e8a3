-- SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
--
-- leaks: what was alive at the end, or at the last checkpoint, by calling context and place in the
-- source: the first :limit rows, of process :process if that is given, only blocks at least :age ns old.
-- The view leaks, with call paths.
WITH
old AS (
    SELECT b.process_id, b.context_id, b.site_id, b.kind, count(b.address) AS blocks, sum(b.bytes) AS bytes,
           min(b.start_ticks) AS first_ticks, max(b.start_ticks) AS last_ticks,
           coalesce(p.end_ticks, e.ticks) - min(b.start_ticks) AS age,
           coalesce(p.end_ticks, e.ticks) - max(b.start_ticks) AS least_age
    FROM rate r CROSS JOIN run_end e CROSS JOIN live_blocks b LEFT JOIN processes p ON p.process_id = b.process_id
    WHERE b.process_id = coalesce(:process, b.process_id)
      AND b.kind = CASE coalesce(:kind, 'heap') WHEN 'pools' THEN 1 WHEN 'mappings' THEN 2 ELSE 0 END
      AND (:age IS NULL OR (coalesce(p.end_ticks, e.ticks) - b.start_ticks) * r.ns_per_tick >= :age)
    GROUP BY b.process_id, b.context_id, b.site_id, b.kind
    ORDER BY /*sort*/bytes/*end*/ DESC, bytes DESC, blocks DESC, b.context_id, b.site_id LIMIT coalesce(:limit, -1))
SELECT g.process_id AS process_id, -- process
       g.context_id AS context_id, -- calling context that allocated them
       g.site_id AS site_id, -- place that did
       CASE WHEN c.context_id IS NOT NULL AND c.parent_id IS NULL THEN '(no function)' ELSE f.name END AS function, -- demangled name
       s.name AS called, -- what is called at the place
       s.type AS type, -- type of what is allocated there; NULL if not known
       s.file AS file, -- source file of the place
       s.line AS line, -- its line
       s.column AS column, -- its column
       CASE g.kind WHEN 0 THEN 'heap' WHEN 1 THEN 'pools' WHEN 2 THEN 'mappings' END AS kind, -- 'heap', 'pools' (what the program says of its own), 'mappings' (mmap, sbrk)
       g.blocks AS blocks, -- how many
       g.bytes AS bytes, -- their bytes
       CAST(o.ns + (g.first_ticks - o.ticks) * o.ns_per_tick AS INTEGER) AS oldest_start_ns, -- when the oldest was allocated, ns since the start of the run
       CAST(n.ns + (g.last_ticks - n.ticks) * n.ns_per_tick AS INTEGER) AS newest_start_ns, -- when the newest was
       CAST(g.age * r.ns_per_tick AS INTEGER) AS oldest_age_ns, -- how long the oldest had lived at the end, ns
       CAST(g.least_age * r.ns_per_tick AS INTEGER) AS newest_age_ns, -- how long the newest had, ns
       (SELECT path FROM context_paths WHERE context_id = g.context_id) AS path -- call path, innermost function first
FROM rate r CROSS JOIN old g
JOIN anchors o ON o.ticks = coalesce((SELECT max(ticks) FROM clocks WHERE ticks <= g.first_ticks), 0)
JOIN anchors n ON n.ticks = coalesce((SELECT max(ticks) FROM clocks WHERE ticks <= g.last_ticks), 0)
LEFT JOIN contexts c ON c.context_id = g.context_id
LEFT JOIN functions f ON f.function_id = c.function_id
LEFT JOIN sites s ON s.site_id = g.site_id
ORDER BY g./*sort*/bytes/*end*/ DESC, g.bytes DESC, g.blocks DESC, g.context_id, g.site_id;
