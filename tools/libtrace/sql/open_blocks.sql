-- SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
--
-- open_blocks: calls that may block and have not returned, as of the end or the last checkpoint; of process :process if that
-- is given. How long: up to :now, ns since the start of the run, where that is given and the thread goes on.
SELECT count(*) AS calls, -- how many
       called AS called, -- what the one is that has been open longest
       max(open_ns) AS longest_ns -- for how long that has been, ns
FROM (SELECT b.called, CASE WHEN :now IS NOT NULL AND t.end_ticks IS NULL THEN max(0, :now - b.since_ns) ELSE b.age_ns END AS open_ns
      FROM open_block_list b JOIN threads t ON t.thread_id = b.thread_id
      WHERE b.process_id = coalesce(:process, b.process_id))
LIMIT coalesce(:limit, -1);
