-- SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
--
-- lock_orders: which lock was taken by who had another one, by locks, the first :limit rows, of process :process if that is
-- given: the view lock_order_list, without calls that only try. function and place are those of the most frequent.
SELECT o.lock_id AS lock_id, -- the lock that it had
       o.lock AS lock, -- its name
       o.reads AS reads, -- 1: it had it as one of several readers
       o.to_lock_id AS to_lock_id, -- the lock that it took; NULL: all beyond 262144 rows
       o.to_lock AS to_lock, -- its name
       o.to_reads AS to_reads, -- 1: it took it as one of several readers
       sum(o.count) AS count, -- how often
       sum(o.contended) AS contended, -- after a wait for it
       sum(o.wait_ns) AS wait_ns, -- how long those waits took, ns
       iif(count(o.thread_id) = count(*) AND min(o.thread_id) = max(o.thread_id), max(o.thread_id), NULL) AS thread_id, -- the thread that alone has done so; NULL: several
       group_concat(o.gates) AS gates, -- locks that it had as well each time, and alone, by calling contexts: '[3,7],[3]'
       max(o.count) AS most, -- how often so, of that:
       o.function AS function, -- where it had taken the first one
       o.place AS place, -- in the source
       o.to_function AS to_function, -- where it took the second
       o.to_place AS to_place -- in the source
FROM lock_order_list o JOIN locks l ON l.lock_id = o.lock_id
WHERE l.process_id = coalesce(:process, l.process_id) AND o.tries IS NOT 1
GROUP BY o.lock_id, o.reads, o.to_lock_id, o.to_reads
ORDER BY count DESC, o.lock_id, o.to_lock_id, o.reads, o.to_reads
LIMIT coalesce(:limit, -1);
