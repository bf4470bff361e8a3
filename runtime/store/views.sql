-- SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
--
-- views.sql - what people query: the tables of schema.sql in nanoseconds and with names. Stored in
-- every trace.db for other tools; tools/libtrace creates the same text as TEMP views.

-- One row: the run-wide rate between the counter and the monotonic clock.
CREATE VIEW rate AS
SELECT CASE WHEN max(ticks) > 0
            THEN (max(monotonic_ns) - min(monotonic_ns)) * 1.0 / max(ticks)
            ELSE 1.0 END AS ns_per_tick -- nanoseconds per tick of the timestamp counter
FROM clocks;

-- Profile by function over the whole run: what "instr-report --top" prints. Open calls count with
-- their calls; times are those of finished calls.
CREATE VIEW top AS
SELECT f.name AS function, -- demangled name
       f.file AS file, -- source file
       f.line AS line, -- line of its definition
       t.calls AS calls, -- calls entered
       CAST(t.self_ticks * r.ns_per_tick AS INTEGER) AS self_ns, -- time without instrumented callees, ns
       CAST(t.total_ticks * r.ns_per_tick AS INTEGER) AS total_ns, -- time with callees, recursion counted once, ns
       CAST(t.min_ticks * r.ns_per_tick AS INTEGER) AS min_ns, -- shortest finished call, ns
       CAST(t.p50_ticks * r.ns_per_tick AS INTEGER) AS p50_ns, -- median of finished calls, ns
       CAST(t.p99_ticks * r.ns_per_tick AS INTEGER) AS p99_ns, -- 99th percentile of finished calls, ns
       CAST(t.max_ticks * r.ns_per_tick AS INTEGER) AS max_ns -- longest finished call, ns
FROM rate r
CROSS JOIN function_totals t
JOIN functions f ON f.function_id = t.function_id
WHERE t.process_id = 0
ORDER BY t.self_ticks DESC;
