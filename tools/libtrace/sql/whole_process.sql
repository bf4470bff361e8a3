-- SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
--
-- whole_process: what the shares of a report on process :process are shares of.
SELECT count(*) AS functions, -- functions called
       coalesce(sum(t.calls), 0) AS calls, -- calls entered
       CAST((coalesce(sum(t.self_ticks), 0)
             + (SELECT coalesce(sum(o.self_ticks), 0) FROM open_ticks o JOIN threads USING (thread_id)
                WHERE process_id = :process)) * r.ns_per_tick AS INTEGER) AS self_ns -- self times added up, ns
FROM rate r LEFT JOIN function_totals t ON t.process_id = :process;
