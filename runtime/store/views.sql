-- SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
--
-- views.sql - what people query: the tables of schema.sql in nanoseconds and with names. Stored in
-- every trace.db for other tools; tools/libtrace creates the same text as TEMP views.
--
-- Durations are converted by one rate for the whole run, points in time between the two anchors
-- around them. Every call counts when it is entered. Self and total time include the time that open
-- calls have taken so far (a program that was killed has its main in the profile); the shortest, the
-- longest and the percentiles are those of finished calls.

-- One row: the run-wide rate between the counter and the monotonic clock.
CREATE VIEW rate AS
SELECT CASE WHEN max(ticks) > 0
            THEN (max(monotonic_ns) - min(monotonic_ns)) * 1.0 / max(ticks)
            ELSE 1.0 END AS ns_per_tick -- nanoseconds per tick of the timestamp counter
FROM clocks;

-- One row: the last moment that the file knows of. Calls of live threads are open until here.
CREATE VIEW run_end AS
SELECT max(coalesce((SELECT max(ticks) FROM clocks), 0),
           coalesce((SELECT max(last_ticks) FROM threads WHERE flags < 32), 0),
           coalesce((SELECT value FROM run WHERE key = 'checkpoint_ticks'), 0)) AS ticks; -- ticks since the first anchor

-- Where points in time lie: from each anchor on, ns + (ticks - anchor's ticks) * ns_per_tick.
CREATE VIEW anchors AS
SELECT c.ticks AS ticks, -- ticks of the anchor
       c.monotonic_ns - (SELECT min(monotonic_ns) FROM clocks) AS ns, -- the anchor, ns since the start of the run
       c.realtime_ns AS realtime_ns, -- the anchor, ns since 1970
       coalesce((lead(c.monotonic_ns) OVER w - c.monotonic_ns) * 1.0 / (lead(c.ticks) OVER w - c.ticks),
                (SELECT ns_per_tick FROM rate)) AS ns_per_tick -- rate until the next anchor; behind the last: of the whole run
FROM clocks c WINDOW w AS (ORDER BY c.ticks)
UNION ALL
SELECT 0, 0, NULL, 1.0 WHERE NOT EXISTS (SELECT 1 FROM clocks);

-- Calls still open, one row each, in ticks: what they add to the totals of finished calls.
CREATE VIEW open_ticks AS
SELECT o.thread_id AS thread_id, -- whose stack
       o.depth AS depth, -- 0 = outermost
       o.context_id AS context_id, -- calling context
       c.function_id AS function_id, -- function
       o.enter_ticks AS enter_ticks, -- since when
       CASE WHEN o.depth = m.depth
            THEN max(0, coalesce(t.end_ticks, max(e.ticks, t.last_ticks)) - o.enter_ticks)
            ELSE 0 END AS total_ticks, -- time so far, callees included; 0 if an outer call of the same context is open
       max(0, coalesce(n.enter_ticks, t.end_ticks, max(e.ticks, t.last_ticks)) - o.enter_ticks
              - o.child_ticks) AS self_ticks, -- time so far without instrumented callees, open or finished
       CASE WHEN o.depth = m.depth AND NOT c.recursive THEN 1 ELSE 0 END AS outermost -- 1 = no outer call of the same function is open
FROM run_end e
CROSS JOIN open_frames o
JOIN threads t ON t.thread_id = o.thread_id
JOIN contexts c ON c.context_id = o.context_id
JOIN (SELECT thread_id, context_id, min(depth) AS depth FROM open_frames GROUP BY thread_id, context_id) m
    ON m.thread_id = o.thread_id AND m.context_id = o.context_id
LEFT JOIN open_frames n ON n.thread_id = o.thread_id AND n.depth = o.depth + 1;

-- The same, summed up by function over the whole run.
CREATE VIEW open_functions AS
SELECT function_id AS function_id, -- function
       count(*) AS calls, -- calls open
       sum(total_ticks * outermost) AS total_ticks, -- time so far, callees included, recursion counted once
       sum(self_ticks) AS self_ticks -- time so far without instrumented callees
FROM open_ticks
GROUP BY function_id;

-- Profile by function over the whole run, most time of its own first: "instr-report --top".
CREATE VIEW top AS
SELECT name AS function, -- demangled name
       file AS file, -- source file
       line AS line, -- line of its definition
       calls AS calls, -- calls entered
       CAST(self_ticks * (SELECT ns_per_tick FROM rate) AS INTEGER) AS self_ns, -- time without instrumented callees, ns
       CAST(total_ticks * (SELECT ns_per_tick FROM rate) AS INTEGER) AS total_ns, -- time with callees, recursion counted once, ns
       CAST(min_ticks * (SELECT ns_per_tick FROM rate) AS INTEGER) AS min_ns, -- shortest finished call, ns
       CAST(p50_ticks * (SELECT ns_per_tick FROM rate) AS INTEGER) AS p50_ns, -- median of finished calls, ns
       CAST(p99_ticks * (SELECT ns_per_tick FROM rate) AS INTEGER) AS p99_ns, -- 99th percentile of finished calls, ns
       CAST(max_ticks * (SELECT ns_per_tick FROM rate) AS INTEGER) AS max_ns -- longest finished call, ns
FROM (SELECT f.name, f.file, f.line, t.calls, t.self_ticks, t.total_ticks, t.min_ticks, t.p50_ticks,
             t.p99_ticks, t.max_ticks
      FROM function_totals t CROSS JOIN functions f ON f.function_id = t.function_id
      WHERE t.process_id = 0 AND t.function_id NOT IN (SELECT function_id FROM open_functions)
      UNION ALL
      SELECT f.name, f.file, f.line, t.calls, t.self_ticks + o.self_ticks, t.total_ticks + o.total_ticks,
             t.min_ticks, t.p50_ticks, t.p99_ticks, t.max_ticks
      FROM open_functions o
      CROSS JOIN function_totals t ON t.process_id = 0 AND t.function_id = o.function_id
      CROSS JOIN functions f ON f.function_id = t.function_id
      ORDER BY self_ticks DESC);

-- The same, most time with callees first: "instr-report --top --sort total".
CREATE VIEW top_by_total AS
SELECT name AS function, -- demangled name
       file AS file, -- source file
       line AS line, -- line of its definition
       calls AS calls, -- calls entered
       CAST(self_ticks * (SELECT ns_per_tick FROM rate) AS INTEGER) AS self_ns, -- time without instrumented callees, ns
       CAST(total_ticks * (SELECT ns_per_tick FROM rate) AS INTEGER) AS total_ns, -- time with callees, recursion counted once, ns
       CAST(min_ticks * (SELECT ns_per_tick FROM rate) AS INTEGER) AS min_ns, -- shortest finished call, ns
       CAST(p50_ticks * (SELECT ns_per_tick FROM rate) AS INTEGER) AS p50_ns, -- median of finished calls, ns
       CAST(p99_ticks * (SELECT ns_per_tick FROM rate) AS INTEGER) AS p99_ns, -- 99th percentile of finished calls, ns
       CAST(max_ticks * (SELECT ns_per_tick FROM rate) AS INTEGER) AS max_ns -- longest finished call, ns
FROM (SELECT f.name, f.file, f.line, t.calls, t.self_ticks, t.total_ticks, t.min_ticks, t.p50_ticks,
             t.p99_ticks, t.max_ticks
      FROM function_totals t CROSS JOIN functions f ON f.function_id = t.function_id
      WHERE t.process_id = 0 AND t.function_id NOT IN (SELECT function_id FROM open_functions)
      UNION ALL
      SELECT f.name, f.file, f.line, t.calls, t.self_ticks + o.self_ticks, t.total_ticks + o.total_ticks,
             t.min_ticks, t.p50_ticks, t.p99_ticks, t.max_ticks
      FROM open_functions o
      CROSS JOIN function_totals t ON t.process_id = 0 AND t.function_id = o.function_id
      CROSS JOIN functions f ON f.function_id = t.function_id
      ORDER BY total_ticks DESC);

-- The same, most calls first: "instr-report --top --sort calls".
CREATE VIEW top_by_calls AS
SELECT name AS function, -- demangled name
       file AS file, -- source file
       line AS line, -- line of its definition
       calls AS calls, -- calls entered
       CAST(self_ticks * (SELECT ns_per_tick FROM rate) AS INTEGER) AS self_ns, -- time without instrumented callees, ns
       CAST(total_ticks * (SELECT ns_per_tick FROM rate) AS INTEGER) AS total_ns, -- time with callees, recursion counted once, ns
       CAST(min_ticks * (SELECT ns_per_tick FROM rate) AS INTEGER) AS min_ns, -- shortest finished call, ns
       CAST(p50_ticks * (SELECT ns_per_tick FROM rate) AS INTEGER) AS p50_ns, -- median of finished calls, ns
       CAST(p99_ticks * (SELECT ns_per_tick FROM rate) AS INTEGER) AS p99_ns, -- 99th percentile of finished calls, ns
       CAST(max_ticks * (SELECT ns_per_tick FROM rate) AS INTEGER) AS max_ns -- longest finished call, ns
FROM (SELECT f.name, f.file, f.line, t.calls, t.self_ticks, t.total_ticks, t.min_ticks, t.p50_ticks,
             t.p99_ticks, t.max_ticks
      FROM function_totals t CROSS JOIN functions f ON f.function_id = t.function_id
      WHERE t.process_id = 0 AND t.function_id NOT IN (SELECT function_id FROM open_functions)
      UNION ALL
      SELECT f.name, f.file, f.line, t.calls, t.self_ticks + o.self_ticks, t.total_ticks + o.total_ticks,
             t.min_ticks, t.p50_ticks, t.p99_ticks, t.max_ticks
      FROM open_functions o
      CROSS JOIN function_totals t ON t.process_id = 0 AND t.function_id = o.function_id
      CROSS JOIN functions f ON f.function_id = t.function_id
      ORDER BY calls DESC);

-- Calls still open, summed up by thread and context.
CREATE VIEW open_contexts AS
SELECT thread_id AS thread_id, -- whose stack
       context_id AS context_id, -- calling context
       sum(total_ticks) AS total_ticks, -- time so far, callees included
       sum(self_ticks) AS self_ticks -- time so far without instrumented callees
FROM open_ticks
GROUP BY thread_id, context_id;

-- Calling contexts by thread, in no order; choose a thread with WHERE thread_id = N. Sums by
-- function_id over calls, self_ns and outer_ns are the thread's profile by function.
CREATE VIEW thread_contexts AS
SELECT x.thread_id AS thread_id, -- thread
       x.context_id AS context_id, -- calling context
       c.parent_id AS parent_id, -- the caller's context
       c.depth AS depth, -- 1 = outermost calls
       c.function_id AS function_id, -- function
       f.name AS function, -- demangled name
       f.file AS file, -- source file
       f.line AS line, -- line of its definition
       x.calls AS calls, -- calls entered
       CAST(x.self_ticks * r.ns_per_tick AS INTEGER) AS self_ns, -- time without instrumented callees, ns
       CAST(x.total_ticks * r.ns_per_tick AS INTEGER) AS total_ns, -- time with callees, ns
       CASE WHEN c.recursive THEN 0 ELSE CAST(x.total_ticks * r.ns_per_tick AS INTEGER) END AS outer_ns, -- the same, 0 within an outer call of the same function
       CAST(x.min_ticks * r.ns_per_tick AS INTEGER) AS min_ns, -- shortest finished call, ns
       CAST(x.max_ticks * r.ns_per_tick AS INTEGER) AS max_ns -- longest finished call, ns
FROM (SELECT t.thread_id, t.context_id, t.calls, t.self_ticks + coalesce(o.self_ticks, 0) AS self_ticks,
             t.total_ticks + coalesce(o.total_ticks, 0) AS total_ticks, t.min_ticks, t.max_ticks
      FROM totals t
      LEFT JOIN open_contexts o ON o.thread_id = t.thread_id AND o.context_id = t.context_id
      UNION ALL
      SELECT o.thread_id, o.context_id, 0, o.self_ticks, o.total_ticks, NULL, NULL
      FROM open_contexts o
      WHERE NOT EXISTS (SELECT 1 FROM totals t WHERE t.thread_id = o.thread_id AND t.context_id = o.context_id)) x
CROSS JOIN rate r
CROSS JOIN contexts c ON c.context_id = x.context_id
CROSS JOIN functions f ON f.function_id = c.function_id;

-- Calling contexts of the whole run, threads added up, as a tree: each context comes behind its
-- caller, siblings by total time. Processes follow each other. "instr-report --tree".
CREATE VIEW tree AS
WITH RECURSIVE
    sums (context_id, calls, self_ticks, total_ticks, min_ticks, max_ticks) AS MATERIALIZED (
        SELECT context_id, sum(calls), sum(self_ticks), sum(total_ticks), min(min_ticks), max(max_ticks)
        FROM (SELECT context_id, calls, self_ticks, total_ticks, min_ticks, max_ticks FROM totals
              UNION ALL
              SELECT context_id, 0, self_ticks, total_ticks, NULL, NULL FROM open_ticks)
        GROUP BY context_id),
    walk (context_id, process_id, parent_id, function_id, depth, calls, self_ticks, total_ticks, min_ticks,
          max_ticks, flags) AS (
        SELECT context_id, process_id, NULL, function_id, 0, 0, 0, 0, NULL, NULL, 0
        FROM contexts
        WHERE parent_id IS NULL
        UNION ALL
        SELECT c.context_id, c.process_id, c.parent_id, c.function_id, w.depth + 1, coalesce(s.calls, 0),
               coalesce(s.self_ticks, 0), coalesce(s.total_ticks, 0), s.min_ticks, s.max_ticks, c.flags
        FROM walk w
        CROSS JOIN contexts c ON c.parent_id = w.context_id
        LEFT JOIN sums s ON s.context_id = c.context_id
        ORDER BY 2, 5 DESC, 8 DESC, 1 LIMIT -1) -- depth first; without a LIMIT SQLite leaves the ORDER BY out
SELECT w.process_id AS process_id, -- process
       w.context_id AS context_id, -- calling context
       w.parent_id AS parent_id, -- the caller's context
       w.depth AS depth, -- 1 = outermost calls
       f.name AS function, -- demangled name
       f.file AS file, -- source file
       f.line AS line, -- line of its definition
       w.calls AS calls, -- calls entered
       CAST(w.self_ticks * (SELECT ns_per_tick FROM rate) AS INTEGER) AS self_ns, -- time without instrumented callees, ns
       CAST(w.total_ticks * (SELECT ns_per_tick FROM rate) AS INTEGER) AS total_ns, -- time with callees, ns
       CAST(w.min_ticks * (SELECT ns_per_tick FROM rate) AS INTEGER) AS min_ns, -- shortest finished call, ns
       CAST(w.max_ticks * (SELECT ns_per_tick FROM rate) AS INTEGER) AS max_ns, -- longest finished call, ns
       w.flags AS flags -- 1 = stands for deeper calls too (recursion folded), 2 = "(other)": the tree was full
FROM walk w
CROSS JOIN functions f ON f.function_id = w.function_id
WHERE w.depth > 0;

-- Calls that had not returned: at the end of the run, or at the last checkpoint while it goes on.
CREATE VIEW open_calls AS
SELECT o.thread_id AS thread_id, -- whose stack
       t.process_id AS process_id, -- its process
       o.depth AS depth, -- 0 = outermost
       o.context_id AS context_id, -- calling context
       f.name AS function, -- demangled name
       f.file AS file, -- source file
       f.line AS line, -- line of its definition
       CAST(a.ns + (o.enter_ticks - a.ticks) * a.ns_per_tick AS INTEGER) AS start_ns, -- entered at, ns since the start of the run
       CAST(o.total_ticks * r.ns_per_tick AS INTEGER) AS total_ns, -- time so far, callees included, ns
       CAST(o.self_ticks * r.ns_per_tick AS INTEGER) AS self_ns -- time so far without instrumented callees, ns
FROM open_ticks o
CROSS JOIN rate r
CROSS JOIN threads t ON t.thread_id = o.thread_id
CROSS JOIN functions f ON f.function_id = o.function_id
JOIN anchors a ON a.ticks = coalesce((SELECT max(ticks) FROM clocks WHERE ticks <= o.enter_ticks), 0);

-- Processes with their times.
CREATE VIEW process_list AS
SELECT p.process_id AS process_id, -- ours, from 1
       p.parent_process_id AS parent_process_id, -- the one it came from
       p.pid AS pid, -- process id
       p.command AS command, -- command line
       p.executable AS executable, -- path of the executable
       p.working_directory AS working_directory, -- working directory when it joined
       p.joined_by AS joined_by, -- 'start', 'fork', 'exec'
       CAST(s.ns + (p.start_ticks - s.ticks) * s.ns_per_tick AS INTEGER) AS start_ns, -- joined at, ns since the start of the run
       CAST(e.ns + (p.end_ticks - e.ticks) * e.ns_per_tick AS INTEGER) AS end_ns, -- ended at; NULL while it runs
       p.end_reason AS end_reason, -- 'exit', 'exec', 'death'; NULL while it runs
       p.exit_code AS exit_code, -- what it returned, where known
       p.exit_signal AS exit_signal, -- the signal that ended it, where known
       (SELECT count(*) FILTER (WHERE t.flags < 16) + coalesce(sum(t.merged), 0) FROM threads t
        WHERE t.process_id = p.process_id AND t.flags < 32) AS threads -- threads that recorded something
FROM processes p
JOIN anchors s ON s.ticks = coalesce((SELECT max(ticks) FROM clocks WHERE ticks <= p.start_ticks), 0)
JOIN anchors e ON e.ticks = coalesce((SELECT max(ticks) FROM clocks WHERE ticks <= p.end_ticks), 0);

-- Where threads were created, in the program's own words: std::thread's functions are passed over.
CREATE VIEW creator_places AS
SELECT p.context_id AS context_id, -- calling context of the call
       p.site_id AS site_id, -- the call
       CASE WHEN x.context_id IS NOT NULL AND x.parent_id IS NULL THEN '(no function)' ELSE f.name END AS function, -- innermost function that is not of the C++ library
       iif(p.place_id = p.context_id, s.file, f.file) AS file, -- source file of the call, or of that function
       iif(p.place_id = p.context_id, s.line, f.line) AS line -- line of the one or the other
FROM (SELECT d.context_id, d.site_id, coalesce(
             (WITH RECURSIVE up (place_id, parent_id, linkage_name, level) AS (
                  SELECT c.context_id, c.parent_id, g.linkage_name, 0
                  FROM contexts c LEFT JOIN functions g ON g.function_id = c.function_id WHERE c.context_id = d.context_id
                  UNION ALL
                  SELECT c.context_id, c.parent_id, g.linkage_name, level + 1
                  FROM up JOIN contexts c ON c.context_id = up.parent_id LEFT JOIN functions g ON g.function_id = c.function_id
                  WHERE level < 16)
              SELECT place_id FROM up
              WHERE parent_id IS NOT NULL AND NOT coalesce(linkage_name GLOB '_ZNSt*' OR linkage_name GLOB '_ZSt*' OR linkage_name GLOB '_ZNKSt*', 0)
              ORDER BY level LIMIT 1), d.context_id) AS place_id
      FROM (SELECT DISTINCT context_id, site_id FROM thread_creators) d) p
LEFT JOIN contexts x ON x.context_id = p.place_id
LEFT JOIN functions f ON f.function_id = x.function_id
LEFT JOIN sites s ON s.site_id = p.site_id;

-- Threads with their times. Those that are merged are one row, "ended threads".
CREATE VIEW thread_list AS
SELECT t.thread_id AS thread_id, -- ours, from 1
       t.process_id AS process_id, -- its process
       p.pid AS pid, -- process id
       t.tid AS tid, -- kernel thread id
       t.name AS name, -- the name last seen
       CAST(s.ns + (t.start_ticks - s.ticks) * s.ns_per_tick AS INTEGER) AS start_ns, -- first contact, ns since the start of the run
       CAST(e.ns + (t.end_ticks - e.ticks) * e.ns_per_tick AS INTEGER) AS end_ns, -- end; NULL while it runs
       t.events AS events, -- events in its totals
       (SELECT count(*) FROM open_frames o WHERE o.thread_id = t.thread_id) AS open_calls, -- calls not finished
       t.lost_events AS lost_events, -- events it dropped
       CAST(t.wait_ticks * r.ns_per_tick AS INTEGER) AS wait_ns, -- time it waited for the drain, ns
       t.waits AS waits, -- number of such waits
       t.orphans AS orphans, -- exits whose call was not on the stack
       t.skipped_units AS skipped_units, -- units of records this version does not know
       t.flags AS flags, -- 1 several stacks seen, 2 stream has holes, 4 context tree folded, 8 not all calls that a fork child began in are known, 16 stands for merged threads
       t.merged AS merged, -- how many it stands for; 0 for a thread
       CAST(max(0, coalesce(t.end_ticks, max(l.ticks, t.last_ticks)) - t.start_ticks) * r.ns_per_tick AS INTEGER) AS lived_ns, -- from first contact to its end, or until now, ns; merged ones: from the first start to the last end
       t.cpu_ns AS cpu_ns, -- processor time since the thread began, ns; NULL if it was never read
       t.ready_ns AS ready_ns, -- time that it was ready to run and had no processor, ns; NULL if it was never read
       CASE WHEN t.merged = 0 AND t.ready_ns >= 0 AND t.cpu_ns >= 0 AND t.ready_ns <= 9223372036854775807 - t.cpu_ns
            THEN max(0, CAST(max(0, t.cpu_ticks - t.start_ticks) * r.ns_per_tick AS INTEGER) - t.cpu_ns - t.ready_ns)
            END AS blocked_ns, -- the rest of its life until these two were read: it slept or waited for something, ns; NULL if not known
       CAST(a.ns + (t.cpu_ticks - a.ticks) * a.ns_per_tick AS INTEGER) AS cpu_read_ns, -- when they were read, ns since the start of the run; NULL if never, and for merged ones
       c.creator_thread_id AS creator_thread_id, -- the thread that has created it, which may be merged by now; NULL if not known, for first threads of processes, and for merged ones, which thread_creator_list has; so all below
       b.name AS creator, -- its name
       c.context_id AS creator_context_id, -- calling context in which it has
       k.function AS created_by, -- its innermost function that is not of the C++ library
       k.file AS created_file, -- source file of the call; of that function, where the call is in the C++ library
       k.line AS created_line -- line of the one or the other
FROM rate r
CROSS JOIN run_end l
CROSS JOIN threads t
LEFT JOIN processes p ON p.process_id = t.process_id
JOIN anchors s ON s.ticks = coalesce((SELECT max(ticks) FROM clocks WHERE ticks <= t.start_ticks), 0)
JOIN anchors e ON e.ticks = coalesce((SELECT max(ticks) FROM clocks WHERE ticks <= t.end_ticks), 0)
JOIN anchors a ON a.ticks = coalesce((SELECT max(ticks) FROM clocks WHERE ticks <= t.cpu_ticks), 0)
LEFT JOIN thread_creators c ON c.thread_id = t.thread_id AND t.merged = 0
LEFT JOIN threads b ON b.thread_id = c.creator_thread_id
LEFT JOIN creator_places k ON k.context_id = c.context_id AND k.site_id = c.site_id
WHERE t.flags < 32;

-- Which calls have created threads, by calling context and place; those that created the most come first.
CREATE VIEW thread_creator_list AS
SELECT x.process_id AS process_id, -- process
       c.context_id AS context_id, -- calling context of the calls
       k.function AS function, -- its innermost function that is not of the C++ library
       s.name AS called, -- what is called there: pthread_create ...
       k.file AS file, -- source file of the call; of that function, where the call is in the C++ library
       k.line AS line, -- line of the one or the other
       sum(c.threads) AS threads, -- threads that they have created and that recorded something
       sum(iif(t.merged = 0, 0, c.threads)) AS merged, -- those of them that are merged: their times are not in the sums below
       sum(t.lived_ns) FILTER (WHERE t.merged = 0) AS lived_ns, -- how long the others lived, ns
       sum(t.cpu_ns) FILTER (WHERE t.merged = 0) AS cpu_ns, -- their processor time, ns; NULL if it was never read
       sum(t.ready_ns) FILTER (WHERE t.merged = 0) AS ready_ns, -- time that they were ready to run and had no processor, ns; NULL if it was never read
       sum(t.blocked_ns) FILTER (WHERE t.merged = 0) AS blocked_ns -- the rest of their lives, ns; NULL if not known
FROM thread_creators c
JOIN thread_list t ON t.thread_id = c.thread_id
LEFT JOIN contexts x ON x.context_id = c.context_id
LEFT JOIN creator_places k ON k.context_id = c.context_id AND k.site_id = c.site_id
LEFT JOIN sites s ON s.site_id = c.site_id
GROUP BY c.context_id, c.site_id
ORDER BY threads DESC, c.context_id, c.site_id;

-- Time and calls of each thread. Its self times add up to the time that its outermost calls took.
CREATE VIEW thread_times AS
SELECT x.thread_id AS thread_id, -- thread
       sum(x.calls) AS calls, -- calls entered
       CAST(sum(x.self_ticks) * (SELECT ns_per_tick FROM rate) AS INTEGER) AS self_ns -- time in instrumented calls, ns
FROM (SELECT thread_id, calls, self_ticks FROM totals
      UNION ALL
      SELECT thread_id, 0, self_ticks FROM open_ticks) x
GROUP BY x.thread_id;

-- Time that each thread waited for locks. Threads that are merged are one row, as in thread_list.
CREATE VIEW thread_lock_waits AS
SELECT coalesce(t.thread_id, -l.process_id) AS thread_id, -- thread
       sum(w.waits) AS waits, -- waits that it began
       CAST(sum(w.ticks) * (SELECT ns_per_tick FROM rate) AS INTEGER) AS lock_ns -- how long they took, ns
FROM lock_threads w
JOIN locks l ON l.lock_id = w.lock_id
LEFT JOIN threads t ON t.thread_id = w.thread_id AND t.flags < 32
GROUP BY coalesce(t.thread_id, -l.process_id);

-- Chunks of events with their times; events themselves are read with libinstr_sql or libtrace.
CREATE VIEW chunk_list AS
SELECT c.chunk_id AS chunk_id, -- ours
       c.thread_id AS thread_id, -- thread
       c.first_event AS first_event, -- events of the thread before it
       c.events AS events, -- events in it
       CAST(s.ns + (c.start_ticks - s.ticks) * s.ns_per_tick AS INTEGER) AS start_ns, -- first event, ns since the start of the run
       CAST(e.ns + (c.end_ticks - e.ticks) * e.ns_per_tick AS INTEGER) AS end_ns, -- last event, ns since the start of the run
       length(c.data) AS data_bytes -- size of its events
FROM chunks c
JOIN anchors s ON s.ticks = coalesce((SELECT max(ticks) FROM clocks WHERE ticks <= c.start_ticks), 0)
JOIN anchors e ON e.ticks = coalesce((SELECT max(ticks) FROM clocks WHERE ticks <= c.end_ticks), 0);

-- What is not in the trace, and why.
CREATE VIEW loss_list AS
SELECT l.cause AS cause, -- as in table losses
       l.events AS events, -- how many; NULL if not known
       l.totals_kept AS totals_kept, -- 1 = counts and times include them
       l.process_id AS process_id, -- process; NULL for the run
       l.thread_id AS thread_id, -- thread; NULL if it is not about one
       CAST(s.ns + (l.start_ticks - s.ticks) * s.ns_per_tick AS INTEGER) AS start_ns, -- first moment, ns since the start of the run
       CAST(e.ns + (l.end_ticks - e.ticks) * e.ns_per_tick AS INTEGER) AS end_ns -- last moment, ns since the start of the run
FROM losses l
JOIN anchors s ON s.ticks = coalesce((SELECT max(ticks) FROM clocks WHERE ticks <= l.start_ticks), 0)
JOIN anchors e ON e.ticks = coalesce((SELECT max(ticks) FROM clocks WHERE ticks <= l.end_ticks), 0)
ORDER BY l.loss_id;

-- Call paths as text, one row per calling context: "leaf < middle < main", at most 64 functions. Each is
-- walked when it is read: join it to the few contexts that are wanted.
CREATE VIEW context_paths AS
SELECT c.context_id AS context_id, -- calling context
       c.process_id AS process_id, -- its process
       (WITH RECURSIVE up (name, parent_id, levels) AS (
            SELECT CASE WHEN c.parent_id IS NULL THEN '(no function)' ELSE f.name END, c.parent_id, 1
            UNION ALL
            SELECT CASE WHEN u.levels < 64 THEN g.name ELSE '...' END, p.parent_id, u.levels + 1
            FROM up u
            CROSS JOIN contexts p ON p.context_id = u.parent_id
            CROSS JOIN functions g ON g.function_id = p.function_id
            WHERE p.parent_id IS NOT NULL AND u.levels <= 64)
        SELECT group_concat(name, ' < ') FROM (SELECT name FROM up ORDER BY levels)) AS path -- innermost function first; ends with "..." where there are more
FROM contexts c
CROSS JOIN functions f ON f.function_id = c.function_id;

-- The heap of each process that allocated in code with hooks. A realloc is the end of one block and the
-- beginning of another. "At the end" is, here and in all views of the heap: at the end of the process,
-- or at the last checkpoint while it goes on.
CREATE VIEW heap_list AS
SELECT h.process_id AS process_id, -- process
       p.pid AS pid, -- process id
       p.command AS command, -- command line
       CASE h.kind WHEN 0 THEN 'heap' WHEN 1 THEN 'pools' WHEN 2 THEN 'mappings' END AS kind, -- 'heap', 'pools' (what the program says of its own), 'mappings' (mmap, sbrk)
       h.allocs AS allocs, -- blocks allocated
       h.bytes AS bytes, -- their bytes, as asked for
       h.frees AS frees, -- blocks of them that were freed
       h.freed_bytes AS freed_bytes, -- their bytes
       h.allocs - h.frees AS live_blocks, -- blocks alive at the end
       h.bytes - h.freed_bytes AS live_bytes, -- their bytes
       h.peak_blocks AS peak_blocks, -- blocks alive at the peak
       h.peak_bytes AS peak_bytes, -- most bytes that were alive at one moment
       CAST(a.ns + (h.peak_ticks - a.ticks) * a.ns_per_tick AS INTEGER) AS peak_ns, -- that moment, ns since the start of the run
       h.temporary AS temporary, -- blocks freed before their thread allocated again, realloc left out
       h.crossed AS crossed, -- blocks freed by another thread
       h.resized AS resized, -- blocks that realloc made of others, among allocs
       h.failed AS failed, -- allocations that failed
       h.lost AS lost, -- blocks whose free was not seen, among frees
       h.unknown_frees AS unknown_frees -- frees of blocks whose allocation was not seen
FROM heaps h
LEFT JOIN processes p ON p.process_id = h.process_id
JOIN anchors a ON a.ticks = coalesce((SELECT max(ticks) FROM clocks WHERE ticks <= h.peak_ticks), 0);

-- What was allocated and freed, by calling context and place in the source, in no order. Its sums by
-- process_id are the figures of heap_list.
CREATE VIEW heap_contexts AS
SELECT c.process_id AS process_id, -- process
       h.context_id AS context_id, -- calling context: the innermost call that has hooks
       h.site_id AS site_id, -- the place
       CASE WHEN c.parent_id IS NULL THEN '(no function)' ELSE f.name END AS function, -- demangled name; "(no function)": no call that has hooks was open
       s.name AS called, -- what is called at the place: malloc, operator delete ...
       s.type AS type, -- type of what is allocated there; NULL if not known
       s.file AS file, -- source file of the place
       s.line AS line, -- its line
       s.column AS column, -- its column
       CASE h.kind WHEN 0 THEN 'heap' WHEN 1 THEN 'pools' WHEN 2 THEN 'mappings' END AS kind, -- 'heap', 'pools' (what the program says of its own), 'mappings' (mmap, sbrk)
       h.allocs AS allocs, -- blocks allocated here
       h.bytes AS bytes, -- their bytes
       h.frees AS frees, -- those of them that were freed, wherever
       h.allocs - h.frees AS live_blocks, -- those that were alive at the end
       h.bytes - h.freed_bytes AS live_bytes, -- their bytes
       h.peak_blocks AS peak_blocks, -- those that were alive at the peak of the process
       h.peak_bytes AS peak_bytes, -- their bytes
       h.temporary AS temporary, -- those freed before their thread allocated again, realloc left out
       h.crossed AS crossed, -- those freed by another thread
       h.resized AS resized, -- those that realloc made of others
       h.failed AS failed, -- allocations that failed
       h.max_bytes AS max_bytes, -- most bytes from here that were alive at one moment
       CAST(h.life_ticks * (SELECT ns_per_tick FROM rate) / nullif(h.frees, 0) AS INTEGER) AS mean_life_ns, -- mean lifetime of those that were freed, ns
       h.released AS released, -- blocks freed here, wherever they came from
       h.released_bytes AS released_bytes, -- their bytes
       h.chains AS chains, -- of resized: those made of a block that no realloc had made
       h.grown AS grown, -- of resized: those larger than the block before
       h.moved AS moved, -- of resized: those at another address
       h.moved_bytes AS moved_bytes -- bytes copied by that
FROM heap_totals h
CROSS JOIN contexts c ON c.context_id = h.context_id
CROSS JOIN functions f ON f.function_id = c.function_id
LEFT JOIN sites s ON s.site_id = h.site_id;

-- What was allocated of the heap in each calling context and in all below it, for contexts with something. Each is entered
-- and left once, in the order of a tree: it has what was added up from when it was entered until it was left.
CREATE VIEW heap_below AS
WITH RECURSIVE
    own AS MATERIALIZED (
        SELECT context_id, sum(allocs) AS allocs, sum(bytes) AS bytes, sum(allocs - frees) AS live_blocks,
               sum(bytes - freed_bytes) AS live_bytes, sum(peak_bytes) AS peak_bytes
        FROM heap_totals
        WHERE kind = 0
        GROUP BY context_id),
    needed (context_id) AS MATERIALIZED (
        SELECT context_id FROM own
        UNION
        SELECT c.parent_id
        FROM needed n
        CROSS JOIN contexts c ON c.context_id = n.context_id
        WHERE c.parent_id IS NOT NULL),
    steps AS MATERIALIZED (
        SELECT c.parent_id AS from_id, c.context_id AS context_id, 0 AS leaves
        FROM needed n
        CROSS JOIN contexts c ON c.context_id = n.context_id
        UNION ALL
        SELECT context_id, context_id, 1 FROM needed),
    walk (context_id, leaves, level) AS (
        SELECT context_id, 0, 0 FROM steps WHERE from_id IS NULL
        UNION ALL
        SELECT s.context_id, s.leaves, w.level + 2 - s.leaves
        FROM walk w
        JOIN steps s ON s.from_id = w.context_id
        WHERE NOT w.leaves
        ORDER BY 3 DESC LIMIT -1), -- depth first; without a LIMIT SQLite leaves the ORDER BY out
    sums AS (
        SELECT w.context_id, w.leaves, o.allocs, o.bytes, o.live_blocks, o.live_bytes, o.peak_bytes,
               sum(o.allocs) OVER so_far AS sum_allocs, sum(o.bytes) OVER so_far AS sum_bytes,
               sum(o.live_blocks) OVER so_far AS sum_live_blocks, sum(o.live_bytes) OVER so_far AS sum_live_bytes,
               sum(o.peak_bytes) OVER so_far AS sum_peak_bytes
        FROM walk w
        LEFT JOIN own o ON NOT w.leaves AND o.context_id = w.context_id
        WINDOW so_far AS (ROWS UNBOUNDED PRECEDING))
SELECT context_id AS context_id, -- calling context
       sum(iif(leaves, coalesce(sum_allocs, 0), coalesce(allocs, 0) - coalesce(sum_allocs, 0))) AS allocs, -- blocks allocated in it and below
       sum(iif(leaves, coalesce(sum_bytes, 0), coalesce(bytes, 0) - coalesce(sum_bytes, 0))) AS bytes, -- their bytes
       sum(iif(leaves, coalesce(sum_live_blocks, 0), coalesce(live_blocks, 0) - coalesce(sum_live_blocks, 0))) AS live_blocks, -- those that were alive at the end
       sum(iif(leaves, coalesce(sum_live_bytes, 0), coalesce(live_bytes, 0) - coalesce(sum_live_bytes, 0))) AS live_bytes, -- their bytes
       sum(iif(leaves, coalesce(sum_peak_bytes, 0), coalesce(peak_bytes, 0) - coalesce(sum_peak_bytes, 0))) AS peak_bytes -- bytes of them that were alive at the peak of the process
FROM sums
GROUP BY context_id;

-- The heap by function, over the whole run, most bytes first: "instr-report --allocs". A function is here
-- if it allocated or freed, or if something that it called did.
CREATE VIEW heap_functions AS
WITH
    whole AS (
        SELECT c.function_id, 0 AS root, sum(b.allocs) AS allocs, sum(b.bytes) AS bytes
        FROM heap_below b
        CROSS JOIN contexts c ON c.context_id = b.context_id
        WHERE c.parent_id IS NOT NULL AND NOT c.recursive
        GROUP BY c.function_id
        UNION ALL
        SELECT c.function_id, 1, sum(h.allocs), sum(h.bytes)
        FROM heap_totals h
        CROSS JOIN contexts c ON c.context_id = h.context_id
        WHERE c.parent_id IS NULL AND h.kind = 0
        GROUP BY c.function_id),
    own AS (
        SELECT c.function_id, c.parent_id IS NULL AS root, sum(h.allocs) AS allocs, sum(h.bytes) AS bytes,
               sum(h.frees) AS frees, sum(h.freed_bytes) AS freed_bytes, sum(h.peak_blocks) AS peak_blocks,
               sum(h.peak_bytes) AS peak_bytes, sum(h.temporary) AS temporary, sum(h.crossed) AS crossed,
               sum(h.resized) AS resized, sum(h.failed) AS failed, total(h.life_ticks) AS life_ticks,
               sum(h.released) AS released, sum(h.released_bytes) AS released_bytes, sum(h.chains) AS chains,
               sum(h.grown) AS grown, sum(h.moved) AS moved, sum(h.moved_bytes) AS moved_bytes
        FROM heap_totals h
        CROSS JOIN contexts c ON c.context_id = h.context_id
        WHERE h.kind = 0
        GROUP BY c.function_id, c.parent_id IS NULL)
SELECT CASE WHEN w.root THEN '(no function)' ELSE f.name END AS function, -- demangled name; "(no function)": no call that has hooks was open
       f.file AS file, -- source file
       f.line AS line, -- line of its definition
       coalesce(o.allocs, 0) AS allocs, -- blocks that it allocated itself, and callees without hooks for it
       coalesce(o.bytes, 0) AS bytes, -- their bytes
       w.allocs AS total_allocs, -- blocks allocated by it and all that it called, recursion counted once
       w.bytes AS total_bytes, -- their bytes
       coalesce(o.frees, 0) AS frees, -- of the blocks that it allocated itself: freed, wherever
       coalesce(o.allocs - o.frees, 0) AS live_blocks, -- alive at the end
       coalesce(o.bytes - o.freed_bytes, 0) AS live_bytes, -- their bytes
       coalesce(o.peak_blocks, 0) AS peak_blocks, -- alive at the peak of their process
       coalesce(o.peak_bytes, 0) AS peak_bytes, -- their bytes
       coalesce(o.temporary, 0) AS temporary, -- freed before their thread allocated again, realloc left out
       coalesce(o.crossed, 0) AS crossed, -- freed by another thread
       coalesce(o.resized, 0) AS resized, -- made of others by realloc
       coalesce(o.failed, 0) AS failed, -- allocations that failed
       CAST(o.life_ticks * (SELECT ns_per_tick FROM rate) / nullif(o.frees, 0) AS INTEGER) AS mean_life_ns, -- mean lifetime of those that were freed, ns
       coalesce(o.released, 0) AS released, -- blocks that it freed, wherever they came from
       coalesce(o.released_bytes, 0) AS released_bytes, -- their bytes
       coalesce(o.chains, 0) AS chains, -- of resized: those made of a block that no realloc had made
       coalesce(o.grown, 0) AS grown, -- of resized: those larger than the block before
       coalesce(o.moved, 0) AS moved, -- of resized: those at another address
       coalesce(o.moved_bytes, 0) AS moved_bytes -- bytes copied by that
FROM whole w
JOIN functions f ON f.function_id = w.function_id
LEFT JOIN own o ON o.function_id = w.function_id AND o.root = w.root
ORDER BY bytes DESC, total_bytes DESC, function;

-- What was allocated and freed by place in the source, over the whole run, most bytes first:
-- "instr-report --allocs --by site".
CREATE VIEW heap_sites AS
SELECT h.site_id AS site_id, -- the place
       s.name AS called, -- what is called there: malloc, operator delete ...
       s.type AS type, -- type of what is allocated there; NULL if not known
       s.file AS file, -- source file
       s.line AS line, -- line
       s.column AS column, -- column
       m.path AS module, -- program or library it is in
       CASE h.kind WHEN 0 THEN 'heap' WHEN 1 THEN 'pools' WHEN 2 THEN 'mappings' END AS kind, -- 'heap', 'pools' (what the program says of its own), 'mappings' (mmap, sbrk)
       h.contexts AS contexts, -- calling contexts in which it was reached
       h.allocs AS allocs, -- blocks allocated here
       h.bytes AS bytes, -- their bytes
       h.frees AS frees, -- those of them that were freed, wherever
       h.allocs - h.frees AS live_blocks, -- those that were alive at the end
       h.bytes - h.freed_bytes AS live_bytes, -- their bytes
       h.peak_blocks AS peak_blocks, -- those that were alive at the peak of their process
       h.peak_bytes AS peak_bytes, -- their bytes
       h.temporary AS temporary, -- those freed before their thread allocated again, realloc left out
       h.crossed AS crossed, -- those freed by another thread
       h.resized AS resized, -- those that realloc made of others
       h.failed AS failed, -- allocations that failed
       CAST(h.life_ticks * (SELECT ns_per_tick FROM rate) / nullif(h.frees, 0) AS INTEGER) AS mean_life_ns, -- mean lifetime of those that were freed, ns
       h.released AS released, -- blocks freed here, wherever they came from
       h.released_bytes AS released_bytes, -- their bytes
       h.chains AS chains, -- of resized: those made of a block that no realloc had made
       h.grown AS grown, -- of resized: those larger than the block before
       h.moved AS moved, -- of resized: those at another address
       h.moved_bytes AS moved_bytes -- bytes copied by that
FROM (SELECT site_id, kind, count(context_id) AS contexts, sum(allocs) AS allocs, sum(bytes) AS bytes, sum(frees) AS frees,
             sum(freed_bytes) AS freed_bytes, sum(peak_blocks) AS peak_blocks, sum(peak_bytes) AS peak_bytes,
             sum(temporary) AS temporary, sum(crossed) AS crossed, sum(resized) AS resized, sum(failed) AS failed,
             total(life_ticks) AS life_ticks, sum(released) AS released, sum(released_bytes) AS released_bytes,
             sum(chains) AS chains, sum(grown) AS grown, sum(moved) AS moved, sum(moved_bytes) AS moved_bytes
      FROM heap_totals
      GROUP BY site_id, kind) h
LEFT JOIN sites s ON s.site_id = h.site_id
LEFT JOIN modules m ON m.module_id = s.module_id
ORDER BY bytes DESC, allocs DESC, h.site_id;

-- The same by type of what was allocated, over the whole run, most bytes first: "instr-report --allocs --by type".
CREATE VIEW heap_types AS
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
FROM (SELECT coalesce(s.type, '(type not known)') AS type, count(*) AS sites, sum(h.allocs) AS allocs, sum(h.bytes) AS bytes,
             sum(h.frees) AS frees, sum(h.allocs - h.frees) AS live_blocks, sum(h.bytes - h.freed_bytes) AS live_bytes,
             sum(h.peak_blocks) AS peak_blocks, sum(h.peak_bytes) AS peak_bytes, sum(h.temporary) AS temporary,
             sum(h.crossed) AS crossed, sum(h.resized) AS resized, sum(h.failed) AS failed,
             total(h.life_ticks) AS life_ticks, sum(h.chains) AS chains, sum(h.grown) AS grown, sum(h.moved) AS moved,
             sum(h.moved_bytes) AS moved_bytes
      FROM (SELECT site_id, sum(allocs) AS allocs, sum(bytes) AS bytes, sum(frees) AS frees, sum(freed_bytes) AS freed_bytes,
                   sum(peak_blocks) AS peak_blocks, sum(peak_bytes) AS peak_bytes, sum(temporary) AS temporary,
                   sum(crossed) AS crossed, sum(resized) AS resized, sum(failed) AS failed, total(life_ticks) AS life_ticks,
                   sum(chains) AS chains, sum(grown) AS grown, sum(moved) AS moved, sum(moved_bytes) AS moved_bytes
            FROM heap_totals
            WHERE kind = 0 AND (allocs <> 0 OR failed <> 0)
            GROUP BY site_id) h
      LEFT JOIN sites s ON s.site_id = h.site_id
      GROUP BY s.type) h
ORDER BY bytes DESC, allocs DESC, type;

-- Calling contexts in which, or below which, something was allocated or freed, as a tree: each behind its
-- caller, siblings by bytes. A process begins with its root, depth 0: total is the process's, self is
-- what was allocated while no call that has hooks was open.
CREATE VIEW heap_tree AS
WITH RECURSIVE
    own AS MATERIALIZED (
        SELECT context_id, sum(allocs) AS allocs, sum(bytes) AS bytes FROM heap_totals WHERE kind = 0 GROUP BY context_id),
    nodes AS MATERIALIZED (
        SELECT c.process_id, c.parent_id, b.*
        FROM heap_below b
        CROSS JOIN contexts c ON c.context_id = b.context_id),
    walk (process_id, depth, bytes, context_id) AS (
        SELECT process_id, 0, bytes, context_id FROM nodes WHERE parent_id IS NULL
        UNION ALL
        SELECT w.process_id, w.depth + 1, n.bytes, n.context_id
        FROM walk w
        JOIN nodes n ON n.parent_id = w.context_id
        ORDER BY 1, 2 DESC, 3 DESC, 4 LIMIT -1) -- depth first; without a LIMIT SQLite leaves the ORDER BY out
SELECT w.process_id AS process_id, -- process
       w.context_id AS context_id, -- calling context
       c.parent_id AS parent_id, -- the caller's context
       w.depth AS depth, -- 1 = outermost calls
       CASE WHEN c.parent_id IS NULL THEN '(no function)' ELSE f.name END AS function, -- demangled name
       f.file AS file, -- source file
       f.line AS line, -- line of its definition
       coalesce(o.allocs, 0) AS self_allocs, -- blocks allocated in this context
       coalesce(o.bytes, 0) AS self_bytes, -- their bytes
       n.allocs AS total_allocs, -- blocks allocated in this context and all below
       n.bytes AS total_bytes, -- their bytes
       n.live_blocks AS live_blocks, -- those of the total that were alive at the end
       n.live_bytes AS live_bytes, -- their bytes
       n.peak_bytes AS peak_bytes -- bytes of the total that were alive at the peak of the process
FROM walk w
CROSS JOIN nodes n ON n.context_id = w.context_id
CROSS JOIN contexts c ON c.context_id = w.context_id
CROSS JOIN functions f ON f.function_id = c.function_id
LEFT JOIN own o ON o.context_id = w.context_id;

-- Blocks that were alive at the end, one row each.
CREATE VIEW live_list AS
SELECT b.process_id AS process_id, -- process
       CASE b.kind WHEN 0 THEN 'heap' WHEN 1 THEN 'pools' WHEN 2 THEN 'mappings' END AS kind, -- 'heap', 'pools' (what the program says of its own), 'mappings' (mmap, sbrk)
       b.address AS address, -- its address
       b.bytes AS bytes, -- its size as asked for
       b.context_id AS context_id, -- calling context that allocated it
       b.site_id AS site_id, -- place that did
       b.thread_id AS thread_id, -- thread that did
       CASE b.family WHEN 1 THEN 'malloc' WHEN 2 THEN 'new' WHEN 3 THEN 'new[]' WHEN 4 THEN 'own' WHEN 5 THEN 'pool' WHEN 6 THEN 'mapping' END AS family, -- who must free it
       b.pool AS pool, -- address of the pool it is of; NULL: none
       CAST(a.ns + (b.start_ticks - a.ticks) * a.ns_per_tick AS INTEGER) AS start_ns, -- when, ns since the start of the run
       CAST((coalesce(p.end_ticks, e.ticks) - b.start_ticks) * r.ns_per_tick AS INTEGER) AS age_ns -- how long it had lived at the end, ns
FROM rate r
CROSS JOIN run_end e
CROSS JOIN live_blocks b
LEFT JOIN processes p ON p.process_id = b.process_id
JOIN anchors a ON a.ticks = coalesce((SELECT max(ticks) FROM clocks WHERE ticks <= b.start_ticks), 0);

-- The same by calling context and place, most bytes first: "instr-report --leaks".
CREATE VIEW leaks AS
SELECT g.process_id AS process_id, -- process
       g.context_id AS context_id, -- calling context that allocated them
       g.site_id AS site_id, -- place that did
       CASE WHEN c.context_id IS NOT NULL AND c.parent_id IS NULL THEN '(no function)' ELSE f.name END AS function, -- demangled name
       s.name AS called, -- what is called at the place
       s.type AS type, -- type of what is allocated there; NULL if not known
       s.file AS file, -- source file of the place
       s.line AS line, -- its line
       s.column AS column, -- its column
       CASE g.kind WHEN 0 THEN 'heap' WHEN 1 THEN 'pools' WHEN 2 THEN 'mappings' END AS kind, -- 'heap', 'pools' (what the program says of its own), 'mappings' (mmap, sbrk)
       g.blocks AS blocks, -- how many
       g.bytes AS bytes, -- their bytes
       CAST(o.ns + (g.first_ticks - o.ticks) * o.ns_per_tick AS INTEGER) AS oldest_start_ns, -- when the oldest was allocated, ns since the start of the run
       CAST(n.ns + (g.last_ticks - n.ticks) * n.ns_per_tick AS INTEGER) AS newest_start_ns, -- when the newest was
       CAST((g.end_ticks - g.first_ticks) * (SELECT ns_per_tick FROM rate) AS INTEGER) AS oldest_age_ns, -- how long the oldest had lived at the end, ns
       CAST((g.end_ticks - g.last_ticks) * (SELECT ns_per_tick FROM rate) AS INTEGER) AS newest_age_ns -- how long the newest had, ns
FROM (SELECT b.process_id, b.context_id, b.site_id, b.kind, count(b.address) AS blocks, sum(b.bytes) AS bytes,
             min(b.start_ticks) AS first_ticks, max(b.start_ticks) AS last_ticks,
             coalesce(p.end_ticks, (SELECT ticks FROM run_end)) AS end_ticks
      FROM live_blocks b
      LEFT JOIN processes p ON p.process_id = b.process_id
      GROUP BY b.process_id, b.context_id, b.site_id, b.kind) g
JOIN anchors o ON o.ticks = coalesce((SELECT max(ticks) FROM clocks WHERE ticks <= g.first_ticks), 0)
JOIN anchors n ON n.ticks = coalesce((SELECT max(ticks) FROM clocks WHERE ticks <= g.last_ticks), 0)
LEFT JOIN contexts c ON c.context_id = g.context_id
LEFT JOIN functions f ON f.function_id = c.function_id
LEFT JOIN sites s ON s.site_id = g.site_id
ORDER BY bytes DESC, blocks DESC, g.context_id, g.site_id;

-- The heap over time, a row at each checkpoint.
CREATE VIEW heap_samples_list AS
SELECT h.process_id AS process_id, -- process
       CAST(a.ns + (h.ticks - a.ticks) * a.ns_per_tick AS INTEGER) AS time_ns, -- when, ns since the start of the run
       h.allocs AS allocs, -- blocks allocated until then
       h.bytes AS bytes, -- their bytes
       h.live_blocks AS live_blocks, -- blocks alive then
       h.live_bytes AS live_bytes, -- their bytes
       h.pool_bytes AS pool_bytes, -- bytes alive in pools then
       h.mapped_bytes AS mapped_bytes, -- bytes mapped then
       h.rss_bytes AS rss_bytes -- memory of the process that was resident; NULL if not known
FROM heap_samples h
JOIN anchors a ON a.ticks = coalesce((SELECT max(ticks) FROM clocks WHERE ticks <= h.ticks), 0)
ORDER BY h.process_id, h.ticks;

-- The moments at which it is known what was alive: those of heap_history, and of each process the end, of which
-- heap_totals tells.
CREATE VIEW heap_moments_list AS
SELECT m.process_id AS process_id, -- process
       CAST(a.ns + (m.ticks - a.ticks) * a.ns_per_tick AS INTEGER) AS time_ns, -- when, ns since the start of the run
       m.ticks AS ticks, -- the same in ticks, as in heap_history
       m.at_end AS at_end -- 1: the end of the process, or the last checkpoint
FROM (SELECT process_id, ticks, 0 AS at_end FROM heap_moments
      UNION ALL
      SELECT h.process_id, coalesce(p.end_ticks, e.ticks), 1
      FROM run_end e CROSS JOIN (SELECT DISTINCT process_id FROM heaps) h LEFT JOIN processes p ON p.process_id = h.process_id) m
JOIN anchors a ON a.ticks = coalesce((SELECT max(ticks) FROM clocks WHERE ticks <= m.ticks), 0)
ORDER BY m.process_id, m.ticks, m.at_end;

-- Frees that cannot be right, most frequent first, with two places: that of the free, and that of the
-- block's allocation. 'freed twice': instead of the second, where it was freed first; 'lost' (no free was
-- seen): instead of the first, where the block was allocated that came up at the same address.
CREATE VIEW heap_fault_list AS
SELECT h.process_id AS process_id, -- process
       h.said AS kind, -- 'wrong family', 'freed twice', 'unknown', 'lost'
       h.count AS count, -- how often
       CAST(a.ns + (h.first_ticks - a.ticks) * a.ns_per_tick AS INTEGER) AS first_ns, -- first time, ns since the start of the run
       h.address AS address, -- the block's address, the first time
       CASE WHEN c.context_id IS NOT NULL AND c.parent_id IS NULL THEN '(no function)' ELSE f.name END AS function, -- function that freed
       s.name AS called, -- by calling what
       s.file || coalesce(':' || s.line, '') || coalesce(':' || s.column, '') AS place, -- where: file, line, column
       CASE WHEN h.said = 'unknown' THEN NULL WHEN bc.context_id IS NOT NULL AND bc.parent_id IS NULL THEN '(no function)' ELSE bf.name END AS block_function, -- function that allocated the block; NULL: not known
       bs.name AS block_called, -- by calling what
       bs.file || coalesce(':' || bs.line, '') || coalesce(':' || bs.column, '') AS block_place, -- where: file, line, column
       h.context_id AS context_id, -- calling context of the free
       h.block_context_id AS block_context_id -- calling context of the allocation
FROM (SELECT f.*, CASE WHEN f.kind = 'freed twice'
                        AND (z.unknown_frees > (SELECT sum(t.count) FROM heap_faults t WHERE t.process_id = f.process_id AND t.kind = f.kind)
                             OR EXISTS (SELECT 1 FROM losses WHERE totals_kept = 0))
                   THEN 'unknown' ELSE f.kind END AS said
      FROM heap_faults f
      LEFT JOIN (SELECT process_id, sum(unknown_frees) AS unknown_frees FROM heaps GROUP BY process_id) z
           ON z.process_id = f.process_id) h
JOIN anchors a ON a.ticks = coalesce((SELECT max(ticks) FROM clocks WHERE ticks <= h.first_ticks), 0)
LEFT JOIN contexts c ON c.context_id = h.context_id
LEFT JOIN functions f ON f.function_id = c.function_id
LEFT JOIN sites s ON s.site_id = h.site_id
LEFT JOIN contexts bc ON bc.context_id = h.block_context_id AND h.said <> 'unknown'
LEFT JOIN functions bf ON bf.function_id = bc.function_id
LEFT JOIN sites bs ON bs.site_id = h.block_site_id AND h.said <> 'unknown'
ORDER BY h.count DESC, h.process_id, h.said, h.context_id, h.site_id;

-- Which calls that may block are waits for work, not for something that was asked for. Each row is a rule.
CREATE VIEW idle_waits AS
SELECT column1 AS class, -- what the call is for, as in sites.family
       column2 AS descriptor, -- what its descriptor is of, as in block_contexts; NULL: whatever it is
       column3 AS with_lock -- 0: if the thread has no lock meanwhile, which others might wait for; NULL: whether or not
FROM (VALUES ('accept', NULL, 0), ('poll', NULL, 0), ('sleep', NULL, 0), ('signal', NULL, 0), ('read', 'terminal', 0),
             ('condition', NULL, 0), ('semaphore', NULL, 0));

-- What the descriptor of a call that may block is of, by its number in block_totals; none of them: 'unknown'.
CREATE VIEW descriptor_kinds AS
SELECT column1 AS descriptor, -- as in block_totals
       column2 AS name -- as in block_contexts; NULL: there is none, or several
FROM (VALUES (0, NULL), (1, 'unknown'), (2, 'file'), (3, 'directory'), (4, 'pipe'), (5, 'socket'), (6, 'terminal'), (7, 'device'),
             (8, 'queue'), (9, 'event'));

-- Calls that may block, by calling context, place, and what the descriptor is of.
CREATE VIEW block_contexts AS
SELECT b.process_id AS process_id, -- process
       b.context_id AS context_id, -- calling context: the innermost call that has hooks
       b.site_id AS site_id, -- the place
       b.function AS function, -- demangled name; "(no function)": no call that has hooks was open
       b.called AS called, -- what is called at the place: read, poll ...
       b.object AS object, -- what it waits for, if that is a condition, a semaphore ... in a variable: 'queue.not_empty'; NULL: it is not, or that is not known
       b.class AS class, -- what it is for: 'read', 'write', 'open', 'sync', 'connect', 'accept', 'poll', 'sleep', 'signal', 'child', 'join', 'condition', 'semaphore', 'barrier', 'once', 'futex', 'filelock'
       b.descriptor AS descriptor, -- what its descriptor is of: 'file', 'directory', 'pipe', 'socket', 'terminal', 'device', 'queue', 'event', 'unknown'; NULL: it has none, or several
       b.with_lock AS with_lock, -- 1: the thread had a lock all the while, besides that of a condition that it waited for; 0: it had none
       EXISTS (SELECT 1 FROM idle_waits i
               WHERE i.class = b.class AND (i.descriptor IS NULL OR i.descriptor = b.descriptor)
                 AND (i.with_lock IS NULL OR i.with_lock = b.with_lock)) AS idle, -- 1: a wait for work, by the rules of idle_waits
       b.file AS file, -- source file of the place
       b.line AS line, -- its line
       b.column AS column, -- its column
       b.calls AS calls, -- calls that have returned
       b.failed AS failed, -- those of them that failed, were interrupted or would have blocked
       b.bytes AS bytes, -- bytes that the others have read or written
       CAST(b.total_ticks * r.ns_per_tick AS INTEGER) AS blocked_ns, -- how long they took, added up, ns
       CAST(b.total_ticks * r.ns_per_tick / nullif(b.calls, 0) AS INTEGER) AS mean_ns, -- how long one took on average, ns
       CAST(b.max_ticks * r.ns_per_tick AS INTEGER) AS longest_ns -- how long the longest took, ns
FROM (SELECT c.process_id, b.context_id, b.site_id, CASE WHEN c.parent_id IS NULL THEN '(no function)' ELSE f.name END AS function,
             s.name AS called, s.type AS object, s.family AS class,
             CASE WHEN k.descriptor IS NULL THEN 'unknown' ELSE k.name END AS descriptor,
             s.file, s.line, s.column, b.with_lock, b.calls, b.failed, b.bytes, b.total_ticks, b.max_ticks
      FROM block_totals b
      CROSS JOIN contexts c ON c.context_id = b.context_id
      CROSS JOIN functions f ON f.function_id = c.function_id
      LEFT JOIN sites s ON s.site_id = b.site_id
      LEFT JOIN descriptor_kinds k ON k.descriptor = b.descriptor) b
CROSS JOIN rate r;

-- Calls that may block and had not returned: at the end of the run, or at the last checkpoint while it goes on. Longest first.
CREATE VIEW open_block_list AS
SELECT b.process_id AS process_id, -- process
       b.thread_id AS thread_id, -- thread
       t.name AS thread, -- its name, where it is known
       b.depth AS depth, -- of the call that made it, 0 = outermost; -1: none was open
       b.context_id AS context_id, -- calling context of that
       b.site_id AS site_id, -- the place
       CASE WHEN b.depth < 0 THEN '(no function)' ELSE f.name END AS function, -- demangled name
       s.name AS called, -- what is called at the place: read, poll ...
       s.type AS object, -- what it waits for, as in block_contexts
       s.family AS class, -- what it is for: as in block_contexts
       s.file AS file, -- source file of the place
       s.line AS line, -- its line
       s.column AS column, -- its column
       CAST(a.ns + (b.start_ticks - a.ticks) * a.ns_per_tick AS INTEGER) AS since_ns, -- begun at, ns since the start of the run
       CAST(max(0, coalesce(t.end_ticks, max(e.ticks, t.last_ticks)) - b.start_ticks) * r.ns_per_tick AS INTEGER) AS age_ns -- for how long, ns
FROM rate r
CROSS JOIN run_end e
CROSS JOIN open_blocks b
JOIN threads t ON t.thread_id = b.thread_id
LEFT JOIN contexts c ON c.context_id = b.context_id
LEFT JOIN functions f ON f.function_id = c.function_id
LEFT JOIN sites s ON s.site_id = b.site_id
JOIN anchors a ON a.ticks = coalesce((SELECT max(ticks) FROM clocks WHERE ticks <= b.start_ticks), 0)
ORDER BY age_ns DESC, b.thread_id, b.depth;

-- Locks, most waited for first: "instr-report --locks". At the end, or at the last checkpoint while the process goes on.
CREATE VIEW lock_list AS
SELECT l.lock_id AS lock_id, -- the lock
       l.process_id AS process_id, -- process
       CASE l.kind WHEN 1 THEN 'mutex' WHEN 2 THEN 'rwlock' WHEN 4 THEN 'spin' WHEN 5 THEN 'mtx' WHEN 6 THEN 'own' ELSE 'others' END AS kind, -- 'mutex', 'rwlock', 'spin', 'mtx' (C11), 'own' (of the program's own); 'others': all of a process beyond the first 65536
       coalesce(s.type, t.type) AS name, -- the variable it is in, 'table.shards[].lock'; NULL if it is in none, or not known
       s.name AS called, -- what was called at its first use: pthread_mutex_lock ...
       s.file AS file, -- source file of that
       s.line AS line, -- line
       s.column AS column, -- column
       l.address & ((1 << 59) - 1) AS address, -- its address
       coalesce(t.acquisitions, 0) AS acquisitions, -- how often it was taken
       coalesce(t.contended, 0) AS contended, -- waits for it
       coalesce(t.failed, 0) AS failed, -- calls that did not get it
       CAST(coalesce(t.wait_ticks, 0) * r.ns_per_tick AS INTEGER) AS wait_ns, -- time waited for it, all threads together, ns
       CAST(coalesce(t.max_wait_ticks, 0) * r.ns_per_tick AS INTEGER) AS max_wait_ns, -- longest wait, ns
       coalesce(t.holds, 0) AS holds, -- how often it was held and given back
       CAST(coalesce(t.hold_ticks, 0) * r.ns_per_tick AS INTEGER) AS hold_ns, -- time it was held, ns
       CAST(coalesce(t.max_hold_ticks, 0) * r.ns_per_tick AS INTEGER) AS max_hold_ns, -- longest hold, ns
       coalesce(t.allocs, 0) AS allocs, -- blocks that were allocated by who had it
       coalesce(t.alloc_bytes, 0) AS alloc_bytes, -- their bytes
       (SELECT count(*) FROM lock_users u WHERE u.process_id = l.process_id AND u.lock_id = l.lock_id AND u.depth > 0) AS holders, -- threads that had it at the end
       (SELECT count(*) FROM lock_users u WHERE u.process_id = l.process_id AND u.lock_id = l.lock_id AND u.depth = 0) AS waiters, -- threads that waited for it at the end
       l.lost AS lost, -- holds whose end was not seen
       l.unknown AS unknown -- releases by a thread that was not seen to have it
FROM rate r
CROSS JOIN locks l
LEFT JOIN sites s ON s.site_id = l.site_id
LEFT JOIN (SELECT t.lock_id, min(s.type) AS type, sum(acquisitions) AS acquisitions, sum(contended) AS contended, sum(failed) AS failed,
                  sum(wait_ticks) AS wait_ticks, max(max_wait_ticks) AS max_wait_ticks, sum(holds) AS holds,
                  sum(hold_ticks) AS hold_ticks, max(max_hold_ticks) AS max_hold_ticks,
                  sum(allocs) AS allocs, sum(alloc_bytes) AS alloc_bytes
           FROM lock_totals t LEFT JOIN sites s USING (site_id) GROUP BY t.lock_id) t ON t.lock_id = l.lock_id
ORDER BY t.wait_ticks DESC, t.hold_ticks DESC, l.lock_id;

-- What was done to each lock, by calling context and place of who took it.
CREATE VIEW lock_contexts AS
SELECT t.lock_id AS lock_id, -- the lock
       t.context_id AS context_id, -- calling context that took it
       t.site_id AS site_id, -- place that did
       CASE WHEN c.context_id IS NOT NULL AND c.parent_id IS NULL THEN '(no function)' ELSE f.name END AS function, -- demangled name
       s.name AS called, -- what is called there
       s.type AS name, -- the lock as that place calls it; NULL if it has no name there
       s.file AS file, -- source file
       s.line AS line, -- line
       s.column AS column, -- column
       CASE t.mode WHEN 1 THEN 'mutex' WHEN 2 THEN 'write' WHEN 3 THEN 'read' WHEN 4 THEN 'spin' WHEN 5 THEN 'mtx' WHEN 6 THEN 'own' WHEN 7 THEN 'read' END AS mode, -- 'mutex', 'write', 'read', 'spin', 'mtx', 'own'
       t.acquisitions AS acquisitions, -- how often it was taken here
       t.contended AS contended, -- waits here
       t.failed AS failed, -- calls that did not get it
       CAST(t.wait_ticks * r.ns_per_tick AS INTEGER) AS wait_ns, -- time waited here, ns
       CAST(t.max_wait_ticks * r.ns_per_tick AS INTEGER) AS max_wait_ns, -- longest wait, ns
       t.holds AS holds, -- how often it was held from here on
       CAST(t.hold_ticks * r.ns_per_tick AS INTEGER) AS hold_ns, -- how long, ns
       CAST(t.max_hold_ticks * r.ns_per_tick AS INTEGER) AS max_hold_ns, -- longest hold, ns
       t.allocs AS allocs, -- blocks that were allocated by who had taken it here
       t.alloc_bytes AS alloc_bytes -- their bytes
FROM rate r
CROSS JOIN lock_totals t
LEFT JOIN contexts c ON c.context_id = t.context_id
LEFT JOIN functions f ON f.function_id = c.function_id
LEFT JOIN sites s ON s.site_id = t.site_id
ORDER BY t.wait_ticks DESC, t.hold_ticks DESC, t.lock_id, t.context_id, t.site_id, t.mode;

-- How locks are called.
CREATE VIEW lock_names AS
SELECT n.lock_id AS lock_id, -- the lock
       n.process_id AS process_id, -- its process
       n.name AS name, -- the variable it is in, 'table.shards[].lock'; NULL if it is in none, or not known
       coalesce(n.name, replace(n.file, rtrim(n.file, replace(n.file, '/', '')), '') || coalesce(':' || n.line, ''), n.called, '(many)') AS label -- the same, or the place that used it first, 'cache.c:31'
FROM (SELECT l.lock_id, l.process_id, s.file, s.line, s.name AS called,
             coalesce(s.type, (SELECT min(o.type) FROM lock_totals t JOIN sites o ON o.site_id = t.site_id WHERE t.lock_id = l.lock_id)) AS name
      FROM locks l LEFT JOIN sites s ON s.site_id = l.site_id) n;

-- Who waited for whom, and what that one did meanwhile, longest first.
CREATE VIEW lock_wait_list AS
SELECT w.wait_id AS wait_id, -- ours
       l.process_id AS process_id, -- process
       w.lock_id AS lock_id, -- the lock
       (SELECT n.label FROM lock_names n WHERE n.lock_id = w.lock_id) AS lock, -- its name
       w.context_id AS context_id, -- calling context of the waiter
       CASE WHEN c.context_id IS NOT NULL AND c.parent_id IS NULL THEN '(no function)' ELSE f.name END AS function, -- its innermost function
       nullif(w.holder_context_id, -1) AS holder_context_id, -- calling context in which the holder had taken it; NULL: not known
       CASE WHEN h.context_id IS NOT NULL AND h.parent_id IS NULL THEN '(no function)' ELSE g.name END AS holder, -- its innermost function; NULL: not known
       w.holder_wait_id AS holder_wait_id, -- the holder waited for a lock itself: that row; NULL: for none
       w.call_context_id AS call_context_id, -- the holder was in a call that may block: its calling context; NULL: in none
       w.call_site_id AS call_site_id, -- and place
       CASE WHEN w.call_site_id IS NOT NULL THEN 'in ' || s.name
            WHEN w.holder_wait_id IS NOT NULL THEN (
            WITH RECURSIVE chain (link, at) AS (
                SELECT 1, w.holder_wait_id
                UNION ALL
                SELECT k.link + 1, o.holder_wait_id
                FROM chain k JOIN lock_waits o ON o.wait_id = k.at
                WHERE o.holder_wait_id < o.wait_id AND k.link < 8)
            SELECT group_concat(said, ', ')
            FROM (SELECT 'waiting for ' || coalesce(i.name, '(not known)') || ' (' || coalesce(n.label, '?') || ')'
                         || coalesce(', in ' || q.name, '') AS said
                  FROM chain k
                  JOIN lock_waits o ON o.wait_id = k.at
                  LEFT JOIN contexts m ON m.context_id = o.holder_context_id
                  LEFT JOIN functions i ON i.function_id = m.function_id
                  LEFT JOIN lock_names n ON n.lock_id = o.lock_id
                  LEFT JOIN sites q ON q.site_id = o.call_site_id
                  ORDER BY k.link)) END AS meanwhile, -- what the holder did: 'in fsync', 'waiting for store (db.lock), in fsync'; NULL: it ran, as far as is known
       w.waits AS waits, -- waits that began so
       CAST(w.ticks * r.ns_per_tick AS INTEGER) AS wait_ns -- time waited so, ns
FROM rate r
CROSS JOIN lock_waits w
LEFT JOIN locks l ON l.lock_id = w.lock_id
LEFT JOIN contexts c ON c.context_id = w.context_id
LEFT JOIN functions f ON f.function_id = c.function_id
LEFT JOIN contexts h ON h.context_id = w.holder_context_id
LEFT JOIN functions g ON g.function_id = h.function_id
LEFT JOIN sites s ON s.site_id = w.call_site_id
ORDER BY w.ticks DESC, w.waits DESC, w.wait_id;

-- The chains of waits: a row for each member; of wait N first itself, then what its holder waited for, and so on. The last
-- row says what the last holder did.
CREATE VIEW lock_wait_chains AS
WITH RECURSIVE chain (wait_id, link, at) AS (
    SELECT wait_id, 0, wait_id FROM lock_waits
    UNION ALL
    SELECT c.wait_id, c.link + 1, w.holder_wait_id
    FROM chain c JOIN lock_waits w ON w.wait_id = c.at
    WHERE w.holder_wait_id < w.wait_id AND c.link < 8)
SELECT c.wait_id AS wait_id, -- whose chain it is
       c.link AS link, -- 0: that wait itself
       c.at AS member_id, -- the wait that is this member
       w.lock_id AS lock_id, -- for which lock
       w.context_id AS context_id, -- calling context of who waits there
       w.holder_context_id AS holder_context_id, -- and of whom for; -1: not known
       w.call_context_id AS call_context_id, -- who was in this call that may block; NULL: in none, or waited himself
       w.call_site_id AS call_site_id, -- its place
       w.holder_wait_id IS NULL AS is_last -- 1: the last member
FROM chain c JOIN lock_waits w ON w.wait_id = c.at;

-- Waits by thread: how long each waited for each, by lock. Threads that are merged are "ended threads".
CREATE VIEW lock_thread_list AS
SELECT t.lock_id AS lock_id, -- the lock
       l.process_id AS process_id, -- its process
       w.thread_id AS thread_id, -- who waited; NULL: one that is merged, or of those beyond 262144 rows
       coalesce(w.name, 'ended threads') AS thread, -- its name
       h.thread_id AS holder_thread_id, -- who had the lock, or had it last; NULL: not known, or as above
       CASE WHEN h.thread_id IS NOT NULL THEN h.name WHEN t.holder_thread_id THEN 'ended threads' END AS holder, -- its name; NULL: not known
       t.waits AS waits, -- waits that began so
       CAST(t.ticks * r.ns_per_tick AS INTEGER) AS wait_ns -- time waited so, ns
FROM rate r
CROSS JOIN lock_threads t
LEFT JOIN locks l ON l.lock_id = t.lock_id
LEFT JOIN threads w ON w.thread_id = t.thread_id AND w.flags < 32
LEFT JOIN threads h ON h.thread_id = t.holder_thread_id AND h.flags < 32
ORDER BY t.ticks DESC, t.waits DESC, t.lock_id, t.thread_id, t.holder_thread_id;

-- Calls that take a lock if they can and do not wait for it: told by their names, as pthread_mutex_trylock.
CREATE VIEW lock_try_sites AS
SELECT s.site_id AS site_id -- the place
FROM sites s
WHERE s.kind = 'lock' AND (' ' || s.name GLOB '*[^a-zA-Z]try*' OR s.name GLOB '*Try[A-Z_]*' OR s.name GLOB '*Try');

-- Which lock was taken by who had another one: most often first.
CREATE VIEW lock_order_list AS
SELECT o.lock_id AS lock_id, -- the lock that it had
       a.label AS lock, -- its name
       o.context_id AS context_id, -- calling context in which it had taken that
       CASE WHEN c.context_id IS NOT NULL AND c.parent_id IS NULL THEN '(no function)' ELSE f.name END AS function, -- its innermost function
       s.file || coalesce(':' || s.line, '') AS place, -- where in the source
       nullif(o.to_lock_id, 0) AS to_lock_id, -- the lock that it took; NULL: all beyond 262144 rows
       b.label AS to_lock, -- its name
       nullif(o.to_context_id, 0) AS to_context_id, -- calling context in which it took that
       CASE WHEN d.context_id IS NOT NULL AND d.parent_id IS NULL THEN '(no function)' ELSE g.name END AS to_function, -- its innermost function
       t.file || coalesce(':' || t.line, '') AS to_place, -- where in the source
       t.name AS to_called, -- what it called there
       t.site_id IN (SELECT site_id FROM lock_try_sites) AS tries, -- 1: that call does not wait
       o.mode = 3 AS reads, -- 1: it had the first one as one of several readers
       o.to_mode = 3 AS to_reads, -- 1: the second
       o.thread_id AS thread_id, -- the thread that alone has done so; NULL: several
       o.count AS count, -- how often
       o.contended AS contended, -- after a wait for it
       CAST(o.wait_ticks * r.ns_per_tick AS INTEGER) AS wait_ns, -- how long those waits took, ns
       o.gates AS gates -- locks that it had as well each time, and alone: JSON
FROM rate r
CROSS JOIN lock_orders o
LEFT JOIN lock_names a ON a.lock_id = o.lock_id
LEFT JOIN lock_names b ON b.lock_id = o.to_lock_id
LEFT JOIN contexts c ON c.context_id = o.context_id
LEFT JOIN functions f ON f.function_id = c.function_id
LEFT JOIN contexts d ON d.context_id = o.to_context_id AND o.to_lock_id
LEFT JOIN functions g ON g.function_id = d.function_id
LEFT JOIN sites s ON s.site_id = o.site_id
LEFT JOIN sites t ON t.site_id = o.to_site_id AND o.to_lock_id
ORDER BY o.count DESC, o.lock_id, o.to_lock_id, o.context_id, o.to_context_id, o.site_id, o.to_site_id;

-- Two locks that are taken in both orders. Each pair once; "instr-report --lock-order" finds longer cycles too.
CREATE VIEW lock_inversions AS
WITH pairs AS MATERIALIZED (
    SELECT lock_id, to_lock_id, sum(count) AS count,
           iif(count(thread_id) = count(*) AND count(DISTINCT thread_id) = 1, max(thread_id), NULL) AS thread_id
    FROM lock_orders WHERE to_site_id NOT IN (SELECT site_id FROM lock_try_sites) GROUP BY lock_id, to_lock_id)
SELECT a.lock_id AS lock_id, -- one lock
       x.label AS lock, -- its name
       a.to_lock_id AS other_lock_id, -- the other one
       y.label AS other_lock, -- its name
       a.count AS count, -- how often the second was taken by who had the first
       b.count AS reverse_count, -- and the other way round
       (a.thread_id = b.thread_id) IS TRUE AS one_thread -- 1: one thread alone has done both
FROM pairs a
JOIN pairs b ON b.lock_id = a.to_lock_id AND b.to_lock_id = a.lock_id
LEFT JOIN lock_names x ON x.lock_id = a.lock_id
LEFT JOIN lock_names y ON y.lock_id = a.to_lock_id
WHERE a.lock_id < a.to_lock_id
ORDER BY min(a.count, b.count) DESC, a.lock_id, a.to_lock_id;

-- Calls that may block, made by who had a lock: longest first.
CREATE VIEW lock_call_list AS
SELECT k.lock_id AS lock_id, -- the lock
       n.label AS lock, -- its name
       k.context_id AS context_id, -- calling context in which it had been taken
       CASE WHEN c.context_id IS NOT NULL AND c.parent_id IS NULL THEN '(no function)' ELSE f.name END AS function, -- its innermost function
       nullif(k.call_context_id, 0) AS call_context_id, -- calling context of the call
       CASE WHEN d.context_id IS NOT NULL AND d.parent_id IS NULL THEN '(no function)' ELSE g.name END AS call_function, -- its innermost function
       s.name AS called, -- what it called: fsync, read ...; NULL: many
       s.file || coalesce(':' || s.line, '') AS place, -- where in the source
       k.calls AS calls, -- how many
       CAST(k.ticks * r.ns_per_tick AS INTEGER) AS blocked_ns, -- how long they took, added up, ns
       CAST(k.max_ticks * r.ns_per_tick AS INTEGER) AS longest_ns -- how long the longest took, ns
FROM rate r
CROSS JOIN lock_calls k
LEFT JOIN lock_names n ON n.lock_id = k.lock_id
LEFT JOIN contexts c ON c.context_id = k.context_id
LEFT JOIN functions f ON f.function_id = c.function_id
LEFT JOIN contexts d ON d.context_id = k.call_context_id AND k.call_site_id
LEFT JOIN functions g ON g.function_id = d.function_id
LEFT JOIN sites s ON s.site_id = k.call_site_id AND k.call_site_id
ORDER BY k.ticks DESC, k.calls DESC, k.lock_id, k.context_id, k.call_context_id, k.call_site_id;

-- Who had which lock, and who waited for which, at the end or the last checkpoint.
CREATE VIEW lock_user_list AS
SELECT u.process_id AS process_id, -- process
       u.lock_id AS lock_id, -- the lock
       u.thread_id AS thread_id, -- thread
       CASE WHEN u.depth THEN 'has it' ELSE 'waits' END AS what, -- 'has it', 'waits'
       u.context_id AS context_id, -- calling context in which it has taken it, or waits
       CASE WHEN c.context_id IS NOT NULL AND c.parent_id IS NULL THEN '(no function)' ELSE f.name END AS function, -- its innermost function
       s.type AS name, -- the lock as the place calls it; NULL if it has no name there
       s.file AS file, -- source file
       s.line AS line, -- line
       CAST((coalesce(p.end_ticks, e.ticks) - u.start_ticks) * r.ns_per_tick AS INTEGER) AS age_ns -- for how long, ns
FROM rate r
CROSS JOIN run_end e
CROSS JOIN lock_users u
LEFT JOIN processes p ON p.process_id = u.process_id
LEFT JOIN contexts c ON c.context_id = u.context_id
LEFT JOIN functions f ON f.function_id = c.function_id
LEFT JOIN sites s ON s.site_id = u.site_id
ORDER BY u.process_id, u.lock_id, u.depth = 0, u.start_ticks;

-- Time that each calling context itself waited, in ticks, so that sums are exact; contexts with any call that may block, or
-- any lock that they took.
CREATE VIEW wait_ticks AS
SELECT context_id AS context_id, -- calling context: the innermost call that has hooks
       sum(blocked_ticks) AS blocked_ticks, -- in calls that may block, without waits for work
       sum(idle_ticks) AS idle_ticks, -- in waits for work, by the rules of idle_waits
       sum(lock_ticks) AS lock_ticks -- for locks
FROM (SELECT context_id, iif(idle, 0, total_ticks) AS blocked_ticks, iif(idle, total_ticks, 0) AS idle_ticks, 0 AS lock_ticks
      FROM (SELECT b.context_id, b.total_ticks,
                   EXISTS (SELECT 1 FROM idle_waits i
                           WHERE i.class = s.family AND (i.with_lock IS NULL OR i.with_lock = b.with_lock)
                             AND (i.descriptor IS NULL
                                  OR i.descriptor = CASE WHEN k.descriptor IS NULL THEN 'unknown' ELSE k.name END)) AS idle
            FROM block_totals b
            LEFT JOIN sites s ON s.site_id = b.site_id
            LEFT JOIN descriptor_kinds k ON k.descriptor = b.descriptor)
      UNION ALL
      SELECT context_id, 0, 0, wait_ticks FROM lock_totals)
GROUP BY context_id;

-- The same of each calling context and all below it, as heap_below adds it up.
CREATE VIEW wait_below AS
WITH RECURSIVE
    own AS MATERIALIZED (SELECT * FROM wait_ticks),
    needed (context_id) AS MATERIALIZED (
        SELECT context_id FROM own
        UNION
        SELECT c.parent_id
        FROM needed n
        CROSS JOIN contexts c ON c.context_id = n.context_id
        WHERE c.parent_id IS NOT NULL),
    steps AS MATERIALIZED (
        SELECT c.parent_id AS from_id, c.context_id AS context_id, 0 AS leaves
        FROM needed n
        CROSS JOIN contexts c ON c.context_id = n.context_id
        UNION ALL
        SELECT context_id, context_id, 1 FROM needed),
    walk (context_id, leaves, level) AS (
        SELECT context_id, 0, 0 FROM steps WHERE from_id IS NULL
        UNION ALL
        SELECT s.context_id, s.leaves, w.level + 2 - s.leaves
        FROM walk w
        JOIN steps s ON s.from_id = w.context_id
        WHERE NOT w.leaves
        ORDER BY 3 DESC LIMIT -1), -- depth first; without a LIMIT SQLite leaves the ORDER BY out
    sums AS (
        SELECT w.context_id, w.leaves, o.blocked_ticks, o.idle_ticks, o.lock_ticks, sum(o.blocked_ticks) OVER so_far AS sum_blocked_ticks,
               sum(o.idle_ticks) OVER so_far AS sum_idle_ticks, sum(o.lock_ticks) OVER so_far AS sum_lock_ticks
        FROM walk w
        LEFT JOIN own o ON NOT w.leaves AND o.context_id = w.context_id
        WINDOW so_far AS (ROWS UNBOUNDED PRECEDING))
SELECT context_id AS context_id, -- calling context
       sum(iif(leaves, coalesce(sum_blocked_ticks, 0), coalesce(blocked_ticks, 0) - coalesce(sum_blocked_ticks, 0))) AS blocked_ticks, -- in calls that may block, without waits for work
       sum(iif(leaves, coalesce(sum_idle_ticks, 0), coalesce(idle_ticks, 0) - coalesce(sum_idle_ticks, 0))) AS idle_ticks, -- in waits for work
       sum(iif(leaves, coalesce(sum_lock_ticks, 0), coalesce(lock_ticks, 0) - coalesce(sum_lock_ticks, 0))) AS lock_ticks -- for locks
FROM sums
GROUP BY context_id;

-- Time waited by calling context, those that waited or below which that was: "instr-report --tree --blocks" has it beside
-- calls and time. The context of depth 0 is that of a process: itself it has what was waited while no call that has hooks was
-- open.
CREATE VIEW wait_contexts AS
SELECT c.process_id AS process_id, -- process
       b.context_id AS context_id, -- calling context
       c.parent_id AS parent_id, -- the caller's context
       c.depth AS depth, -- 1 = outermost calls
       CASE WHEN c.parent_id IS NULL THEN '(no function)' ELSE f.name END AS function, -- demangled name
       f.file AS file, -- source file
       f.line AS line, -- line of its definition
       CAST(coalesce(o.blocked_ticks, 0) * r.ns_per_tick AS INTEGER) AS blocked_ns, -- in calls that may block, without waits for work, made in this context, ns
       CAST(coalesce(o.idle_ticks, 0) * r.ns_per_tick AS INTEGER) AS idle_ns, -- in waits for work, ns
       CAST(coalesce(o.lock_ticks, 0) * r.ns_per_tick AS INTEGER) AS lock_ns, -- for locks, ns
       CAST(b.blocked_ticks * r.ns_per_tick AS INTEGER) AS total_blocked_ns, -- in calls that may block, without waits for work, made in this context and all below, ns
       CAST(b.idle_ticks * r.ns_per_tick AS INTEGER) AS total_idle_ns, -- in waits for work, ns
       CAST(b.lock_ticks * r.ns_per_tick AS INTEGER) AS total_lock_ns -- for locks, ns
FROM rate r
CROSS JOIN wait_below b
CROSS JOIN contexts c ON c.context_id = b.context_id
CROSS JOIN functions f ON f.function_id = c.function_id
LEFT JOIN wait_ticks o ON o.context_id = b.context_id;

-- What recording had to say.
CREATE VIEW message_list AS
SELECT m.severity AS severity, -- 'note', 'warning', 'error'
       m.text AS text, -- a whole sentence
       m.process_id AS process_id, -- process; NULL for the run
       CAST(a.ns + (m.ticks - a.ticks) * a.ns_per_tick AS INTEGER) AS time_ns -- when, ns since the start of the run
FROM messages m
JOIN anchors a ON a.ticks = coalesce((SELECT max(ticks) FROM clocks WHERE ticks <= m.ticks), 0)
ORDER BY m.message_id;

-- Functions that carry no hooks, and why.
CREATE VIEW not_instrumented AS
SELECT f.name AS function, -- demangled name
       f.file AS file, -- source file
       f.line AS line, -- line of its definition
       f.reason AS reason, -- why it carries no hooks
       m.path AS module -- program or library it is in
FROM functions f
LEFT JOIN modules m ON m.module_id = f.module_id
WHERE f.instrumented = 0;

-- One row: what was recorded.
CREATE VIEW summary AS
SELECT (SELECT coalesce(command, executable) FROM processes ORDER BY process_id LIMIT 1) AS program, -- command line of the first process
       (SELECT strftime('%Y-%m-%d %H:%M:%S', realtime_ns / 1000000000, 'unixepoch') FROM clocks ORDER BY ticks LIMIT 1) AS started, -- date and time of the start, UTC
       CAST(e.ticks * r.ns_per_tick AS INTEGER) AS duration_ns, -- from the start to the last moment known, ns
       (SELECT value FROM run WHERE key = 'state') AS state, -- 'recording', 'complete', 'recovered'
       (SELECT count(*) FROM processes) AS processes, -- processes of the run
       (SELECT count(*) FILTER (WHERE flags < 16) + coalesce(sum(merged), 0) FROM threads WHERE flags < 32) AS threads, -- threads that recorded something
       (SELECT count(*) FROM function_totals WHERE process_id = 0 AND calls > 0) AS functions, -- functions that were called
       (SELECT count(*) FROM functions WHERE instrumented = 0) AS not_instrumented, -- functions without hooks
       (SELECT coalesce(sum(calls), 0) FROM function_totals WHERE process_id = 0) AS calls, -- calls entered
       CAST(((SELECT coalesce(sum(self_ticks), 0) FROM function_totals WHERE process_id = 0)
             + (SELECT coalesce(sum(self_ticks), 0) FROM open_ticks)) * r.ns_per_tick AS INTEGER) AS self_ns, -- time in instrumented calls, all threads added up, ns
       (SELECT coalesce(sum(events), 0) FROM threads WHERE flags < 32) AS events, -- events in the totals
       (SELECT coalesce(sum(events), 0) FROM chunks) AS events_kept, -- events that can be looked at one by one
       (SELECT coalesce(sum(events), 0) FROM losses WHERE totals_kept = 1) AS events_deleted, -- events deleted to keep the file small; totals have them
       (SELECT coalesce(sum(events), 0) FROM losses WHERE totals_kept = 0) AS events_lost, -- events that nothing has
       (SELECT count(*) FROM losses WHERE totals_kept = 0 AND events IS NULL) AS losses_not_counted, -- losses of an unknown number of events
       (SELECT CAST(a.ns + (x.value - a.ticks) * a.ns_per_tick AS INTEGER)
        FROM run x JOIN anchors a ON a.ticks = coalesce((SELECT max(ticks) FROM clocks WHERE ticks <= x.value), 0)
        WHERE x.key = 'events_from_ticks') AS events_from_ns, -- events after this are kept; NULL: all are
       (SELECT CAST(coalesce(sum(wait_ticks), 0) * r.ns_per_tick AS INTEGER) FROM threads WHERE flags < 32) AS wait_ns, -- time that threads waited for the drain, added up, ns
       (SELECT count(*) FROM open_frames) AS open_calls -- calls not finished
FROM rate r CROSS JOIN run_end e;
