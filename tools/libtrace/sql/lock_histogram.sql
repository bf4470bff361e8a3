-- SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
--
-- lock_histogram: waits for locks that have ended, and holds, by how long they took, in powers of two of ticks, as they are
-- recorded: of the first :limit locks, of process :process or with the number :lock if these are given, in the order of
-- locks. histogram_sum and histogram_count are functions of the reader.
WITH RECURSIVE
chosen AS (
    SELECT lock_id FROM lock_list
    WHERE process_id = coalesce(:process, process_id) AND lock_id = coalesce(:lock, lock_id)
    ORDER BY /*sort*/wait_ns/*end*/ DESC, wait_ns DESC, hold_ns DESC, acquisitions DESC, lock_id LIMIT coalesce(:limit, -1)),
merged AS MATERIALIZED (
    SELECT histogram_sum(waits) AS waits, histogram_sum(hold_times) AS holds
    FROM lock_totals WHERE lock_id IN chosen),
powers (low, high) AS (
    SELECT 0, 1
    UNION ALL
    SELECT high, iif(high < 1 << 62, high * 2, NULL) FROM powers WHERE high IS NOT NULL),
counts AS MATERIALIZED (
    SELECT 'wait_ns' AS histogram, p.low, p.high, histogram_count(m.waits, p.low, p.high) AS count
    FROM merged m CROSS JOIN powers p
    UNION ALL
    SELECT 'hold_ns', p.low, p.high, histogram_count(m.holds, p.low, p.high)
    FROM merged m CROSS JOIN powers p),
ends AS (
    SELECT histogram, min(low) AS low, max(low) AS high FROM counts WHERE count > 0 GROUP BY histogram)
SELECT c.histogram AS histogram, -- 'wait_ns': waits by how long they took, 'hold_ns': holds
       CAST(c.low * r.ns_per_tick AS INTEGER) AS low, -- from so many ns on
       CAST(c.high * r.ns_per_tick AS INTEGER) AS high, -- to less than so many; NULL: no end
       c.count AS count -- how many
FROM rate r CROSS JOIN counts c JOIN ends e USING (histogram)
WHERE c.low BETWEEN e.low AND e.high
ORDER BY c.histogram DESC, c.low;
