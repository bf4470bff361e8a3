-- SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
--
-- deaths: processes that ended otherwise than by exit() or exec(), the first :limit of them; those
-- that a signal killed first.
SELECT process_id AS process_id, -- the process
       pid AS pid, -- process id
       exit_signal AS exit_signal, -- the signal that ended it; NULL if not known
       exit_code AS exit_code, -- what it returned; NULL if not known
       count(exit_signal) OVER () AS killed, -- how many were killed by a signal
       count(exit_code) OVER () AS returned, -- how many returned something: by _exit(), or as another program
       count(*) OVER () AS deaths -- how many there are
FROM processes
WHERE end_reason = 'death'
ORDER BY exit_signal IS NULL, process_id
LIMIT coalesce(:limit, -1);
