-- SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
--
-- heap_sites: what was allocated and freed by place in the source, the first :limit rows: the view
-- heap_sites, narrowed down to process :process if that is given.
WITH
sums AS (
    SELECT site_id, kind, count(context_id) AS contexts, sum(allocs) AS allocs, sum(bytes) AS bytes, sum(frees) AS frees,
           sum(allocs - frees) AS live_blocks, sum(bytes - freed_bytes) AS live_bytes, sum(peak_blocks) AS peak_blocks,
           sum(peak_bytes) AS peak_bytes, sum(temporary) AS temporary, sum(crossed) AS crossed, sum(resized) AS resized,
           sum(failed) AS failed, total(life_ticks) AS life_ticks, sum(released) AS released,
           sum(released_bytes) AS released_bytes, sum(chains) AS chains, sum(grown) AS grown, sum(moved) AS moved,
           sum(moved_bytes) AS moved_bytes
    FROM heap_totals
    WHERE kind = CASE coalesce(:kind, 'heap') WHEN 'pools' THEN 1 WHEN 'mappings' THEN 2 ELSE 0 END
      AND (:process IS NULL OR context_id IN (SELECT context_id FROM contexts WHERE process_id = :process))
    GROUP BY site_id, kind
    ORDER BY /*sort*/bytes/*end*/ DESC, bytes DESC, allocs DESC, site_id LIMIT coalesce(:limit, -1))
SELECT h.site_id AS site_id, -- the place
       s.name AS called, -- what is called there: malloc, operator delete ...
       s.type AS type, -- type of what is allocated there; NULL if not known
       s.file AS file, -- source file
       s.line AS line, -- line
       s.column AS column, -- column
       m.path AS module, -- program or library it is in
       CASE h.kind WHEN 0 THEN 'heap' WHEN 1 THEN 'pools' WHEN 2 THEN 'mappings' END AS kind, -- 'heap', 'pools' (what the program says of its own), 'mappings' (mmap, sbrk)
       h.contexts AS contexts, -- calling contexts in which it was reached
       h.allocs AS allocs, -- blocks allocated here
       h.bytes AS bytes, -- their bytes
       h.frees AS frees, -- those of them that were freed, wherever
       h.live_blocks AS live_blocks, -- those that were alive at the end
       h.live_bytes AS live_bytes, -- their bytes
       h.peak_blocks AS peak_blocks, -- those that were alive at the peak of their process
       h.peak_bytes AS peak_bytes, -- their bytes
       h.temporary AS temporary, -- those freed before their thread allocated again, realloc left out
       h.crossed AS crossed, -- those freed by another thread
       h.resized AS resized, -- those that realloc made of others
       h.failed AS failed, -- allocations that failed
       CAST(h.life_ticks * (SELECT ns_per_tick FROM rate) / nullif(h.frees, 0) AS INTEGER) AS mean_life_ns, -- mean lifetime of those that were freed, ns
       h.released AS released, -- blocks freed here, wherever they came from
       h.released_bytes AS released_bytes, -- their bytes
       h.chains AS chains, -- of resized: those made of a block that no realloc had made
       h.grown AS grown, -- of resized: those larger than the block before
       h.moved AS moved, -- of resized: those at another address
       h.moved_bytes AS moved_bytes -- bytes copied by that
FROM sums h
LEFT JOIN sites s ON s.site_id = h.site_id
LEFT JOIN modules m ON m.module_id = s.module_id
ORDER BY h./*sort*/bytes/*end*/ DESC, h.bytes DESC, h.allocs DESC, h.site_id;
