-- SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
--
-- memory: the heap over time, a row at each checkpoint, the first :limit of them; of process :process if
-- that is given. The view heap_samples_list, with rates since the row before (the first: since the start
-- of the process).
SELECT s.process_id AS process_id, -- process
       s.time_ns AS time_ns, -- when, ns since the start of the run
       s.live_bytes AS live_bytes, -- bytes of the blocks alive then
       s.live_blocks AS live_blocks, -- blocks alive then
       s.allocs AS allocs, -- blocks allocated until then
       s.bytes AS bytes, -- their bytes
       CAST((s.allocs - lag(s.allocs, 1, 0) OVER so_far) * 1e9
            / nullif(s.time_ns - lag(s.time_ns, 1, p.start_ns) OVER so_far, 0) AS INTEGER) AS allocs_per_s, -- blocks allocated per second since the row before
       CAST((s.bytes - lag(s.bytes, 1, 0) OVER so_far) * 1e9
            / nullif(s.time_ns - lag(s.time_ns, 1, p.start_ns) OVER so_far, 0) AS INTEGER) AS bytes_per_s, -- bytes of them per second
       s.pool_bytes AS pool_bytes, -- bytes alive in pools then
       s.mapped_bytes AS mapped_bytes, -- bytes mapped then
       s.rss_bytes AS rss_bytes -- memory of the process that was resident; NULL if not known
FROM heap_samples_list s LEFT JOIN process_list p USING (process_id)
WHERE s.process_id = coalesce(:process, s.process_id)
WINDOW so_far AS (PARTITION BY s.process_id ORDER BY s.time_ns)
ORDER BY s.process_id, s.time_ns
LIMIT coalesce(:limit, -1);
