-- SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
--
-- stacks: the calls that are open in each thread: at the last checkpoint while the run goes on, else at its end; the
-- first :limit stacks, threads with the same one together, those of most threads first, each from the innermost call
-- out. Of process :process, and of the threads that :thread or :thread_name name, where these are given. Threads that
-- run in no call have one row without one. How long: up to :now, ns since the start of the run, where that is given and
-- the thread goes on. (:at, ns since the start of the run, is for a reader that has put what was
-- open then in the place of open_frames, calls whose begin is not known without enter_ticks; at depth -1: not known.)
WITH
times AS (
    SELECT t.thread_id, t.process_id, t.name, t.flags, t.merged, t.end_ticks, coalesce(t.end_ticks, max(l.ticks, t.last_ticks)) AS until_ticks,
           CAST(s.ns + (t.start_ticks - s.ticks) * s.ns_per_tick AS INTEGER) AS start_ns,
           CAST(e.ns + (t.end_ticks - e.ticks) * e.ns_per_tick AS INTEGER) AS end_ns
    FROM run_end l CROSS JOIN threads t
    JOIN anchors s ON s.ticks = coalesce((SELECT max(ticks) FROM clocks WHERE ticks <= t.start_ticks), 0)
    JOIN anchors e ON e.ticks = coalesce((SELECT max(ticks) FROM clocks WHERE ticks <= t.end_ticks), 0)
    WHERE t.process_id = coalesce(:process, t.process_id)
      AND (:thread IS NULL OR t.thread_id = :thread) AND (:thread_name IS NULL OR t.name = :thread_name)),
innermost AS (
    SELECT t.thread_id, t.process_id, t.name, t.end_ticks, t.until_ticks, o.context_id, max(o.depth) AS depth
    FROM times t LEFT JOIN open_frames o ON o.thread_id = t.thread_id
    WHERE CASE WHEN :at IS NULL THEN t.flags < 32 AND (t.end_ticks IS NULL OR o.depth IS NOT NULL)
               ELSE t.merged = 0 AND t.start_ns <= :at AND (t.end_ns IS NULL OR t.end_ns >= :at) END
    GROUP BY t.thread_id),
shared AS (
    SELECT *, count(*) OVER same AS threads, min(thread_id) OVER same AS first_id
    FROM innermost WINDOW same AS (PARTITION BY process_id, context_id, depth)),
numbered AS (
    SELECT *, dense_rank() OVER (ORDER BY depth IS NULL OR depth < 0, threads DESC, first_id) AS stack FROM shared)
SELECT n.stack AS stack, -- the stack: threads with the same number are in the same calls
       n.threads AS threads, -- how many these are
       n.thread_id AS thread_id, -- thread
       n.process_id AS process_id, -- its process
       n.name AS name, -- the name last seen
       o.depth AS depth, -- of the call, 0 = outermost; NULL: the thread is in no call; -1: it is not known in which
       o.context_id AS context_id, -- calling context
       f.name AS function, -- demangled name
       f.file AS file, -- source file
       f.line AS line, -- line of its definition
       CAST(a.ns + (o.enter_ticks - a.ticks) * a.ns_per_tick AS INTEGER) AS start_ns, -- entered at, ns since the start of the run; NULL if not known
       CASE WHEN :at IS NOT NULL OR (:now IS NOT NULL AND n.end_ticks IS NULL)
            THEN max(0, coalesce(:at, :now) - CAST(a.ns + (o.enter_ticks - a.ticks) * a.ns_per_tick AS INTEGER))
            ELSE CAST(max(0, n.until_ticks - o.enter_ticks) * r.ns_per_tick AS INTEGER) END AS open_ns -- how long it has been open, ns; NULL if not known
FROM rate r
CROSS JOIN numbered n
LEFT JOIN open_frames o ON o.thread_id = n.thread_id
LEFT JOIN contexts x ON x.context_id = o.context_id AND o.depth >= 0
LEFT JOIN functions f ON f.function_id = x.function_id
JOIN anchors a ON a.ticks = coalesce((SELECT max(ticks) FROM clocks WHERE ticks <= o.enter_ticks), 0)
WHERE n.stack <= coalesce(:limit, 9223372036854775807)
ORDER BY n.stack, o.depth DESC, n.thread_id;
