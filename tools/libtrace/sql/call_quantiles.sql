-- SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
--
-- call_quantiles: how long the calls took that call_histogram shows: one row. Errors of quantiles are below 3.2 %.
-- histogram_sum, histogram_count and histogram_quantile are functions of the reader.
WITH
chosen AS (
    SELECT thread_id FROM threads
    WHERE flags < 32 AND process_id = coalesce(:process, process_id)
      AND (:thread IS NULL OR thread_id = :thread) AND (:thread_name IS NULL OR name = :thread_name)),
figures AS (
    SELECT context_id, calls, self_ticks, total_ticks, min_ticks, max_ticks, histogram FROM totals WHERE thread_id IN chosen
    UNION ALL
    SELECT context_id, 0, self_ticks, total_ticks, NULL, NULL, NULL FROM open_ticks WHERE thread_id IN chosen),
own AS MATERIALIZED (
    SELECT c.function_id, sum(g.calls) AS calls, sum(g.self_ticks) AS self_ticks,
           sum(CASE WHEN c.recursive THEN 0 ELSE g.total_ticks END) AS total_ticks, histogram_sum(g.histogram) AS times,
           min(g.min_ticks) AS min_ticks, max(g.max_ticks) AS max_ticks
    FROM figures g CROSS JOIN contexts c ON c.context_id = g.context_id
    WHERE c.parent_id IS NOT NULL
      AND (:only IS NULL OR c.function_id IN (SELECT function_id FROM functions WHERE name || '(' GLOB :only || '(*'))
    GROUP BY c.function_id
    ORDER BY /*sort*/self_ticks/*end*/ DESC, calls DESC LIMIT coalesce(:limit, -1))
SELECT coalesce(sum(histogram_count(o.times, 0, NULL)), 0) AS calls, -- finished calls
       CAST(min(o.min_ticks) * r.ns_per_tick AS INTEGER) AS min_ns, -- the shortest, ns
       CAST(histogram_quantile(o.times, 0.5, o.min_ticks, o.max_ticks) * r.ns_per_tick AS INTEGER) AS p50_ns, -- the median, ns
       CAST(histogram_quantile(o.times, 0.9, o.min_ticks, o.max_ticks) * r.ns_per_tick AS INTEGER) AS p90_ns, -- 90th percentile, ns
       CAST(histogram_quantile(o.times, 0.99, o.min_ticks, o.max_ticks) * r.ns_per_tick AS INTEGER) AS p99_ns, -- 99th percentile, ns
       CAST(histogram_quantile(o.times, 0.999, o.min_ticks, o.max_ticks) * r.ns_per_tick AS INTEGER) AS p999_ns, -- 99.9th percentile, ns
       CAST(max(o.max_ticks) * r.ns_per_tick AS INTEGER) AS max_ns -- the longest, ns
FROM rate r CROSS JOIN own o
WHERE o.times IS NOT NULL;
