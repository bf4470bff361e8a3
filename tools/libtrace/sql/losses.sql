-- SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
--
-- losses: what is not in the trace, by cause.
SELECT cause, -- why
       CASE WHEN count(*) = count(events) THEN sum(events) END AS lost_events, -- how many; NULL if not known
       min(start_ns) AS start_ns, -- first moment, ns; NULL if not known
       max(end_ns) AS end_ns, -- last moment, ns; NULL if not known
       count(DISTINCT thread_id) AS threads, -- threads that it is about
       totals_kept -- 1 = counts and times include them, only the events are gone
FROM loss_list
GROUP BY totals_kept, cause
ORDER BY totals_kept, lost_events DESC, cause;
