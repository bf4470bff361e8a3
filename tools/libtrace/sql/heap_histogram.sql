-- SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
--
-- heap_histogram: blocks by size, and those that were freed by lifetime, in powers of two (lifetimes: of
-- ticks, as they are recorded). Those of the first :limit rows that have any of what they are sorted by;
-- a row is a function, or as :by says a 'site', a 'context' and a site, or a 'type'; of process :process if that is given.
-- histogram_sum and histogram_count are functions of the reader.
WITH RECURSIVE
own AS MATERIALIZED (
    SELECT CASE :by WHEN 'site' THEN 0 WHEN 'context' THEN h.context_id WHEN 'type' THEN coalesce(s.type, '') ELSE c.function_id END AS row_id,
           CASE WHEN :by IN ('site', 'context') THEN h.site_id WHEN :by = 'type' THEN 0 ELSE c.parent_id IS NULL END AS row_part, h.*
    FROM heap_totals h CROSS JOIN contexts c USING (context_id) LEFT JOIN sites s ON s.site_id = h.site_id
    WHERE c.process_id = coalesce(:process, c.process_id)
      AND h.kind = CASE coalesce(:kind, 'heap') WHEN 'pools' THEN 1 WHEN 'mappings' THEN 2 ELSE 0 END),
chosen AS (
    SELECT row_id, row_part, sum(allocs) AS allocs, sum(bytes) AS bytes, sum(bytes - freed_bytes) AS live_bytes,
           sum(peak_bytes) AS peak_bytes, sum(temporary) AS temporary, sum(crossed) AS crossed,
           sum(resized) AS resized, sum(failed) AS failed, sum(released_bytes) AS released_bytes,
           sum(moved_bytes) AS moved_bytes
    FROM own
    GROUP BY row_id, row_part
    ORDER BY /*sort*/bytes/*end*/ DESC, sum(bytes) DESC, sum(allocs) DESC, row_id, row_part
    LIMIT coalesce(:limit, -1)),
merged AS MATERIALIZED (
    SELECT histogram_sum(o.sizes) AS sizes, histogram_sum(o.lifetimes) AS lifetimes
    FROM own o JOIN chosen k ON k.row_id = o.row_id AND k.row_part = o.row_part
    WHERE k./*sort*/bytes/*end*/ <> 0),
powers (low, high) AS (
    SELECT 0, 1
    UNION ALL
    SELECT high, iif(high < 1 << 62, high * 2, NULL) FROM powers WHERE high IS NOT NULL),
counts AS MATERIALIZED (
    SELECT 'size_bytes' AS histogram, p.low, p.high, histogram_count(m.sizes, p.low, p.high) AS blocks
    FROM merged m CROSS JOIN powers p
    UNION ALL
    SELECT 'lifetime_ns', p.low, p.high, histogram_count(m.lifetimes, p.low, p.high)
    FROM merged m CROSS JOIN powers p),
ends AS (
    SELECT histogram, min(low) AS low, max(low) AS high FROM counts WHERE blocks > 0 GROUP BY histogram)
SELECT c.histogram AS histogram, -- 'size_bytes': blocks by size, 'lifetime_ns': freed blocks by how long they lived
       CAST(c.low * iif(c.histogram = 'lifetime_ns', r.ns_per_tick, 1) AS INTEGER) AS low, -- from so many bytes or ns on
       CAST(c.high * iif(c.histogram = 'lifetime_ns', r.ns_per_tick, 1) AS INTEGER) AS high, -- to less than so many; NULL: no end
       c.blocks AS blocks -- how many
FROM rate r CROSS JOIN counts c JOIN ends e USING (histogram)
WHERE c.low BETWEEN e.low AND e.high
ORDER BY c.histogram DESC, c.low;
