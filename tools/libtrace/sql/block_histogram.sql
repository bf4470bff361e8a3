-- SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
--
-- block_histogram: calls that may block by how long they took, in powers of two of ticks, as they are recorded. Those of the
-- first :limit rows that have any of what they are sorted by; a row is that of block_functions, or as :by says of block_sites
-- ('site') or block_contexts ('context'); of process :process and of what :only names (what is called, or calls) if these are
-- given; with :idle waits for work too. histogram_sum and histogram_count are functions of the reader.
WITH RECURSIVE
own AS MATERIALIZED (
    SELECT CASE :by WHEN 'site' THEN '' WHEN 'context' THEN v.context_id ELSE v.function END AS row_id,
           CASE WHEN :by IN ('site', 'context') THEN v.site_id ELSE v.called END AS row_part, v.descriptor, v.calls, v.failed, v.bytes,
           v.blocked_ns, v.longest_ns, b.times
    FROM block_contexts v
    CROSS JOIN block_totals b USING (context_id, site_id, with_lock)
    LEFT JOIN descriptor_kinds k ON k.descriptor = b.descriptor
    WHERE v.process_id = coalesce(:process, v.process_id) AND (:idle OR NOT v.idle)
      AND v.descriptor IS CASE WHEN k.descriptor IS NULL THEN 'unknown' ELSE k.name END
      AND (:only IS NULL OR v.function || '(' GLOB :only || '(*' OR v.called || '(' GLOB :only || '(*')),
chosen AS (
    SELECT row_id, row_part, descriptor, sum(calls) AS calls, sum(failed) AS failed, sum(bytes) AS bytes,
           sum(blocked_ns) AS blocked_ns, max(longest_ns) AS longest_ns
    FROM own
    GROUP BY row_id, row_part, descriptor
    ORDER BY /*sort*/blocked_ns/*end*/ DESC, sum(blocked_ns) DESC, sum(calls) DESC, row_id, row_part, descriptor
    LIMIT coalesce(:limit, -1)),
merged AS MATERIALIZED (
    SELECT histogram_sum(o.times) AS times
    FROM own o JOIN chosen k ON k.row_id = o.row_id AND k.row_part = o.row_part AND k.descriptor IS o.descriptor
    WHERE k./*sort*/blocked_ns/*end*/ <> 0),
powers (low, high) AS (
    SELECT 0, 1
    UNION ALL
    SELECT high, iif(high < 1 << 62, high * 2, NULL) FROM powers WHERE high IS NOT NULL),
counts AS MATERIALIZED (
    SELECT p.low, p.high, histogram_count(m.times, p.low, p.high) AS calls FROM merged m CROSS JOIN powers p)
SELECT 'block_ns' AS histogram, -- 'block_ns': calls by how long they took
       CAST(c.low * r.ns_per_tick AS INTEGER) AS low, -- from so many ns on
       CAST(c.high * r.ns_per_tick AS INTEGER) AS high, -- to less than so many; NULL: no end
       c.calls AS calls -- how many
FROM rate r CROSS JOIN counts c
WHERE c.low BETWEEN (SELECT min(low) FROM counts WHERE calls > 0) AND (SELECT max(low) FROM counts WHERE calls > 0)
ORDER BY c.low;
