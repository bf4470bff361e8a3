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
       t.merged AS merged -- how many it stands for; 0 for a thread
FROM rate r
CROSS JOIN threads t
LEFT JOIN processes p ON p.process_id = t.process_id
JOIN anchors s ON s.ticks = coalesce((SELECT max(ticks) FROM clocks WHERE ticks <= t.start_ticks), 0)
JOIN anchors e ON e.ticks = coalesce((SELECT max(ticks) FROM clocks WHERE ticks <= t.end_ticks), 0)
WHERE t.flags < 32;

-- Time and calls of each thread. Its self times add up to the time that its outermost calls took.
CREATE VIEW thread_times AS
SELECT x.thread_id AS thread_id, -- thread
       sum(x.calls) AS calls, -- calls entered
       CAST(sum(x.self_ticks) * (SELECT ns_per_tick FROM rate) AS INTEGER) AS self_ns -- time in instrumented calls, ns
FROM (SELECT thread_id, calls, self_ticks FROM totals
      UNION ALL
      SELECT thread_id, 0, self_ticks FROM open_ticks) x
GROUP BY x.thread_id;

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
