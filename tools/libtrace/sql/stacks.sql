-- SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
--
-- stacks: the calls that are open in each thread: at the last checkpoint while the run goes on, else at its end; the
-- first :limit stacks, threads with the same one together, those of most threads first, each from the innermost call
-- out. Of process :process, and of the threads that :thread or :thread_name name, where these are given. What a thread is
-- blocked in, or which lock it waits for, is one row more, before that of the call that does so. Threads that
-- run in no call have one row without one. How long: up to :now, ns since the start of the run, where that is given and
-- the thread goes on. (:at, ns since the start of the run, is for a reader that has put what was
-- open then in the place of open_frames, open_blocks and lock_users, calls whose begin is not known without enter_ticks; at depth -1:
-- not known.)
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
innermost AS MATERIALIZED (
    SELECT t.thread_id, t.process_id, t.name, t.end_ticks, t.until_ticks, o.context_id, max(o.depth) AS depth
    FROM times t LEFT JOIN open_frames o ON o.thread_id = t.thread_id
    WHERE CASE WHEN :at IS NULL THEN t.flags < 32 AND (t.end_ticks IS NULL OR o.depth IS NOT NULL OR t.thread_id IN (SELECT thread_id FROM open_blocks))
               ELSE t.merged = 0 AND t.start_ns <= :at AND (t.end_ns IS NULL OR t.end_ns >= :at) END
    GROUP BY t.thread_id),
-- Besides calls. (A wait for a lock whose thread has come to another call since is over.)
others AS MATERIALIZED (
    SELECT b.thread_id, b.depth, 1 AS kind, b.context_id, b.site_id, NULL AS lock_id, b.start_ticks
    FROM innermost i JOIN open_blocks b ON b.thread_id = i.thread_id
    UNION ALL
    SELECT u.thread_id, coalesce(i.depth, -1), 2, u.context_id, u.site_id, u.lock_id, u.start_ticks
    FROM lock_users u JOIN contexts c ON c.context_id = u.context_id JOIN innermost i ON i.thread_id = u.thread_id
    WHERE u.depth = 0 AND CASE WHEN i.depth IS NULL THEN c.parent_id IS NULL ELSE i.context_id = u.context_id END),
places AS MATERIALIZED (
    SELECT DISTINCT thread_id, group_concat(printf('%d %d %d %d', depth, kind, site_id, lock_id)) OVER
        (PARTITION BY thread_id ORDER BY depth, kind, lock_id ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS places
    FROM others),
shared AS (
    SELECT i.*, count(*) OVER same AS threads, min(i.thread_id) OVER same AS first_id
    FROM innermost i LEFT JOIN places p ON p.thread_id = i.thread_id
    WINDOW same AS (PARTITION BY i.process_id, i.context_id, i.depth, p.places)),
numbered AS (
    SELECT *, dense_rank() OVER (ORDER BY depth IS NULL OR depth < 0, threads DESC, first_id) AS stack FROM shared),
lines AS (
    SELECT n.stack, n.threads, n.thread_id, n.process_id, n.name, n.end_ticks, n.until_ticks, 0 AS kind,
           o.depth, o.context_id, NULL AS site_id, NULL AS lock_id, o.enter_ticks AS from_ticks
    FROM numbered n LEFT JOIN open_frames o ON o.thread_id = n.thread_id
    UNION ALL
    SELECT n.stack, n.threads, n.thread_id, n.process_id, n.name, n.end_ticks, n.until_ticks, o.kind,
           nullif(o.depth, -1), o.context_id, o.site_id, o.lock_id, o.start_ticks
    FROM numbered n JOIN others o ON o.thread_id = n.thread_id)
SELECT n.stack AS stack, -- the stack: threads with the same number are in the same calls
       n.threads AS threads, -- how many these are
       n.thread_id AS thread_id, -- thread
       n.process_id AS process_id, -- its process
       n.name AS name, -- the name last seen
       n.depth AS depth, -- of the call, 0 = outermost; of what it is blocked in, of the call that did that; NULL: the thread is in no call; -1: it is not known in which
       n.context_id AS context_id, -- calling context
       f.name AS function, -- demangled name of the function that is called; that blocks or waits
       iif(n.kind, s.file, f.file) AS file, -- source file
       iif(n.kind, s.line, f.line) AS line, -- line of its definition; of the place where it blocks or waits
       CAST(a.ns + (n.from_ticks - a.ticks) * a.ns_per_tick AS INTEGER) AS start_ns, -- entered at, ns since the start of the run; NULL if not known
       CASE WHEN :at IS NOT NULL OR (:now IS NOT NULL AND n.end_ticks IS NULL)
            THEN max(0, coalesce(:at, :now) - CAST(a.ns + (n.from_ticks - a.ticks) * a.ns_per_tick AS INTEGER))
            ELSE CAST(max(0, n.until_ticks - n.from_ticks) * r.ns_per_tick AS INTEGER) END AS open_ns, -- how long it has been open, ns; NULL if not known
       CASE n.kind WHEN 0 THEN iif(n.depth >= 0, 'call', NULL) WHEN 1 THEN 'blocks' ELSE 'waits' END AS what, -- 'call'; 'blocks': in a call that may block; 'waits': for a lock; NULL: in no call, or not known
       s.name AS called, -- what is called at the place where it blocks or waits: read, pthread_mutex_lock ...
       iif(n.kind = 1, s.type, NULL) AS object, -- what it is blocked for, if that is a condition, a semaphore ... in a variable
       s.family AS class, -- what that is for: as in block_contexts; the kind of lock
       n.lock_id AS lock_id, -- the lock
       iif(n.kind = 2, s.type, NULL) AS lock -- the lock as the place calls it; NULL if it has no name there
FROM rate r
CROSS JOIN lines n
LEFT JOIN contexts x ON x.context_id = n.context_id AND n.depth >= 0
LEFT JOIN functions f ON f.function_id = x.function_id
LEFT JOIN sites s ON s.site_id = n.site_id
JOIN anchors a ON a.ticks = coalesce((SELECT max(ticks) FROM clocks WHERE ticks <= n.from_ticks), 0)
WHERE n.stack <= coalesce(:limit, 9223372036854775807)
ORDER BY n.stack, n.depth DESC, n.kind DESC, n.lock_id, n.thread_id;
