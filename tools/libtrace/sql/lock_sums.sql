-- SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
--
-- lock_sums: what was done to all locks together, of process :process if that is given.
SELECT coalesce(sum(acquisitions), 0) AS acquisitions, -- how often they were taken
       coalesce(sum(contended), 0) AS contended, -- waits for them
       CAST(coalesce(sum(wait_ticks), 0) * (SELECT ns_per_tick FROM rate) AS INTEGER) AS wait_ns -- time waited for them, ns
FROM lock_totals
WHERE :process IS NULL OR lock_id IN (SELECT lock_id FROM locks WHERE process_id = :process);
