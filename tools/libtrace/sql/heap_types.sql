-- SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
--
-- heap_types: what was allocated by its type, the first :limit rows: the view heap_types, narrowed down to
-- process :process if that is given.
WITH
places AS (
    SELECT site_id, sum(allocs) AS allocs, sum(bytes) AS bytes, sum(frees) AS frees, sum(freed_bytes) AS freed_bytes,
           sum(peak_blocks) AS peak_blocks, sum(peak_bytes) AS peak_bytes, sum(temporary) AS temporary,
           sum(crossed) AS crossed, sum(resized) AS resized, sum(failed) AS failed, total(life_ticks) AS life_ticks,
           sum(chains) AS chains, sum(grown) AS grown, sum(moved) AS moved, sum(moved_bytes) AS moved_bytes
    FROM heap_totals
    WHERE kind = CASE coalesce(:kind, 'heap') WHEN 'pools' THEN 1 WHEN 'mappings' THEN 2 ELSE 0 END AND (allocs <> 0 OR failed <> 0)
      AND (:process IS NULL OR context_id IN (SELECT context_id FROM contexts WHERE process_id = :process))
    GROUP BY site_id),
sums AS (
    SELECT coalesce(s.type, '(type not known)') AS type, count(*) AS sites, sum(h.allocs) AS allocs, sum(h.bytes) AS bytes,
           sum(h.frees) AS frees, sum(h.allocs - h.frees) AS live_blocks, sum(h.bytes - h.freed_bytes) AS live_bytes,
           sum(h.peak_blocks) AS peak_blocks, sum(h.peak_bytes) AS peak_bytes, sum(h.temporary) AS temporary,
           sum(h.crossed) AS crossed, sum(h.resized) AS resized, sum(h.failed) AS failed,
           total(h.life_ticks) AS life_ticks, sum(h.chains) AS chains, sum(h.grown) AS grown, sum(h.moved) AS moved,
           sum(h.moved_bytes) AS moved_bytes
    FROM places h LEFT JOIN sites s ON s.site_id = h.site_id
    GROUP BY s.type
    ORDER BY /*sort*/bytes/*end*/ DESC, bytes DESC, allocs DESC, type LIMIT coalesce(:limit, -1))
SELECT h.type AS type, -- the type as the source has it; "(type not known)"
       h.sites AS sites, -- places in the source that allocated it
       h.allocs AS allocs, -- blocks allocated
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
       h.chains AS chains, -- of resized: those made of a block that no realloc had made
       h.grown AS grown, -- of resized: those larger than the block before
       h.moved AS moved, -- of resized: those at another address
       h.moved_bytes AS moved_bytes -- bytes copied by that
FROM sums h
ORDER BY h./*sort*/bytes/*end*/ DESC, h.bytes DESC, h.allocs DESC, h.type;
