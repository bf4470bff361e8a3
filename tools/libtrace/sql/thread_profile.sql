-- SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
--
-- thread_profile: the first :limit threads with where their time went, those with the most processor time first; of
-- process :process, and those that :thread (its number) or :thread_name name, where these are given. Threads that are
-- merged are one row for each process, "ended threads". Threads that go on have lived until :now, ns since the start of
-- the run, where that is given: what is stored of one that only waits is as old as its wait.
SELECT t.thread_id AS thread_id, -- thread
       t.process_id AS process_id, -- its process
       t.tid AS tid, -- kernel thread id
       t.name AS name, -- the name last seen
       t.merged AS merged, -- how many threads the row stands for; 0 for a thread
       t.start_ns AS start_ns, -- first contact, ns since the start of the run
       t.end_ns AS end_ns, -- end; NULL while it runs
       CASE WHEN :now IS NOT NULL AND t.end_ns IS NULL THEN max(0, :now - t.start_ns) ELSE t.lived_ns END AS lived_ns, -- from the one to the other, or until now, ns
       t.cpu_ns AS cpu_ns, -- processor time since the thread began, ns; NULL if it was never read
       t.ready_ns AS ready_ns, -- time that it was ready to run and had no processor, ns; NULL if it was never read
       CASE WHEN :now IS NOT NULL AND t.end_ns IS NULL AND t.blocked_ns IS NOT NULL THEN max(0, :now - t.start_ns - t.cpu_ns - t.ready_ns)
            ELSE t.blocked_ns END AS blocked_ns, -- the rest until these two were read: it slept or waited, ns; NULL if not known
       coalesce(k.lock_ns, 0) AS lock_ns, -- time that it waited for locks, of that, ns
       t.cpu_read_ns AS cpu_read_ns, -- when that was, ns since the start of the run; NULL if never, and for merged ones
       coalesce(x.calls, 0) AS calls, -- calls entered
       coalesce(x.self_ns, 0) AS self_ns, -- time in instrumented calls, ns
       t.open_calls AS open_calls, -- calls not finished
       t.creator_thread_id AS creator_thread_id, -- the thread that has created it; NULL if not known, and for merged ones
       t.creator AS creator, -- its name
       t.creator_context_id AS creator_context_id, -- calling context in which it has
       t.created_by AS created_by, -- its innermost function that is not of the C++ library
       t.created_file AS created_file, -- source file of the call; of that function, where the call is in the C++ library
       t.created_line AS created_line -- line of the one or the other
FROM thread_list t LEFT JOIN thread_times x ON x.thread_id = t.thread_id LEFT JOIN thread_lock_waits k ON k.thread_id = t.thread_id
WHERE t.process_id = coalesce(:process, t.process_id)
  AND (:thread IS NULL OR t.thread_id = :thread) AND (:thread_name IS NULL OR t.name = :thread_name)
ORDER BY /*sort*/cpu_ns/*end*/ DESC NULLS LAST, t.thread_id < 0, t.thread_id
LIMIT coalesce(:limit, -1);
