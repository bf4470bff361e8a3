-- SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
--
-- locks: the first :limit locks, of process :process or with the number :lock if these are given: the view lock_list with
-- percentiles. histogram_quantile is a function of the reader.
SELECT l.*,
       CAST((SELECT histogram_quantile(waits, 0.99, 0, max_wait_ticks) FROM lock_totals t WHERE t.lock_id = l.lock_id)
            * (SELECT ns_per_tick FROM rate) AS INTEGER) AS p99_wait_ns, -- 99th percentile of waits that have ended, ns
       CAST((SELECT histogram_quantile(hold_times, 0.99, 0, max_hold_ticks) FROM lock_totals t WHERE t.lock_id = l.lock_id)
            * (SELECT ns_per_tick FROM rate) AS INTEGER) AS p99_hold_ns -- 99th percentile of holds, ns
FROM (SELECT * FROM lock_list
      WHERE process_id = coalesce(:process, process_id) AND lock_id = coalesce(:lock, lock_id)
      ORDER BY /*sort*/wait_ns/*end*/ DESC, wait_ns DESC, hold_ns DESC, acquisitions DESC, lock_id LIMIT coalesce(:limit, -1)) l
ORDER BY l./*sort*/wait_ns/*end*/ DESC, l.wait_ns DESC, l.hold_ns DESC, l.acquisitions DESC, l.lock_id;
